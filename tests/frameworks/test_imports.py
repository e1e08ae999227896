"""Each adapter imports its own framework only; without it, the error names the extra."""

import subprocess
import sys

import pytest


def modules_after(code: str) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys\n{code}\nprint(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in out.stdout.split()}


def test_the_langchain_adapter_does_not_import_llama_index() -> None:
    found = modules_after("import lightrag_integrations.langchain")
    assert "langchain_core" in found
    assert not found & {"llama_index", "langchain", "langchain_classic", "langchain_community", "psycopg", "openai"}


def test_the_llama_index_adapter_does_not_import_langchain() -> None:
    found = modules_after("import lightrag_integrations.llama_index")
    assert "llama_index" in found
    assert not found & {"langchain_core", "langchain", "langchain_classic", "psycopg"}


@pytest.mark.parametrize(
    ("adapter", "framework", "extra"),
    [("langchain", "langchain_core", "langchain"), ("llama_index", "llama_index", "llama-index")],
)
def test_without_its_framework_an_adapter_names_the_extra(adapter: str, framework: str, extra: str) -> None:
    code = f"""
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {framework!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
try:
    import lightrag_integrations.{adapter}
except ImportError as error:
    from lightrag_integrations import MissingDependency
    assert isinstance(error, MissingDependency), type(error)
    assert "lightrag-integrations[{extra}]" in str(error), error
else:
    raise AssertionError("imported without its framework")
"""
    assert not modules_after(code) & {framework}


@pytest.mark.parametrize("adapter", ["langchain", "llama_index"])
def test_exports_are_complete_and_documented(adapter: str) -> None:
    names = {
        "langchain": {
            "LightRAGRetriever", "LightRAGIngestor", "LightRAGReranker", "LightRAGVectorStore", "LightRAGTool",
            "LightRAGRecordManager", "LightRAGTranslator", "StoredEmbeddings",
        },
        "llama_index": {
            "LightRAGTransform", "LightRAGRetriever", "LightRAGRerank", "LightRAGVectorStore", "LightRAGToolSpec",
            "LightRAGQueryEngine", "LightRAGSynthesizer", "LightRAGPropertyGraphIndex",
            "LightRAGPropertyGraphStore", "LightRAGContextRetriever",
        },
    }  # fmt: skip
    module = __import__(f"lightrag_integrations.{adapter}", fromlist=["__all__"])
    assert set(module.__all__) == names[adapter]
    for name in module.__all__:
        assert getattr(module, name).__doc__, name
