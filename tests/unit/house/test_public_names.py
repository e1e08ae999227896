"""What a user may import: complete, documented, and light."""

import subprocess
import sys

import lightrag_integrations as package


def test_every_public_name_resolves_and_is_documented() -> None:
    for name in package.__all__:
        value = getattr(package, name)
        assert value.__doc__, name
    assert list(package.__all__) == sorted(package.__all__)
    assert dir(package) == sorted(package.__all__)


def test_lazy_names_and_all_agree() -> None:
    lazy = {name for names in package._HOME.values() for name in names.split()}
    assert lazy == set(package.__all__)


def test_unknown_names_are_attribute_errors() -> None:
    assert not hasattr(package, "NoSuchThing")


def test_importing_the_package_is_light() -> None:
    heavy = ["numpy", "scipy", "openai", "psycopg", "langchain_core", "llama_index", "tqdm", "rank_bm25", "httpx"]
    heavy += ["opentelemetry"]
    code = (
        "import sys, lightrag_integrations as p; p.Document; p.LightRAGIndex; p.IngestOptions; "
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]", out.stdout
