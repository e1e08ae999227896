"""An environment for each peer, made by uv from PyPI, and what it weighs."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.matrix.uv import Failed, uv

ROOT = Path(__file__).parents[3]
KEPT = "LIGHTRAG_PEERS"
"""An environment variable: the folder in which environments are kept from run to run."""
OURS = f"{ROOT}[langchain]"
REQUIREMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ours": (OURS,),
        "langchain": ("langchain-postgres==0.0.19", "langchain-core==1.7.2"),
        "llama_index": (
            "llama-index-vector-stores-postgres==0.9.0",
            "llama-index-core==0.14.25",
            "psycopg2-binary==2.9.13",
            "asyncpg==0.32.0",
        ),
        # The last four are what its PostgreSQL stores and its OpenAI client need, and a tokenizer without a download.
        "lightrag": ("lightrag-hku==1.5.7", "asyncpg==0.32.0", "pgvector==0.5.1", "openai==3.54.0", "bpe-openai"),
    }
)
"""The first one is the peer."""
_IMPORTS: Mapping[str, str] = MappingProxyType(
    {
        "ours": "import lightrag_integrations.langchain",
        "langchain": "import langchain_postgres",
        "llama_index": "import llama_index.vector_stores.postgres",
        "lightrag": "import lightrag, lightrag.kg.postgres_impl, lightrag.kg.pgtable_impl, lightrag.llm.openai",
    }
)
_TIMED = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


@dataclass(frozen=True)
class Weight:
    """What comes with a peer."""

    distributions: int
    megabytes: float
    import_s: float


def environment(peer: str, scratch: Path) -> Path:
    """Its Python; made now if it is not there yet."""
    home = Path(os.environ.get(KEPT) or scratch / "environments") / peer
    home.mkdir(parents=True, exist_ok=True)
    python, log, done = home / "venv" / "bin" / "python", home / "log.txt", home / "done.txt"
    wanted = "\n".join(REQUIREMENTS[peer])
    if peer == "ours" or not done.exists() or done.read_text("utf-8") != wanted:
        try:
            uv(log, "venv", "--clear", f"--python={sys.executable}", str(home / "venv"))
            uv(log, "pip", "install", f"--python={python}", *REQUIREMENTS[peer])
        except Failed as error:
            raise RuntimeError(f"{named(peer)}: {error}\n{log.read_text('utf-8')[-4000:]}") from None
        done.write_text(wanted, "utf-8")
    return python


def named(peer: str) -> str:
    """For people."""
    return "this package" if peer == "ours" else re.sub("==", " ", REQUIREMENTS[peer][0])


def weigh(peer: str, python: Path) -> Weight:
    """Distributions and megabytes without compiled files, and the best of three imports in a fresh process."""
    (packages,) = python.parents[1].glob("lib/python*/site-packages")
    files = (path for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
    told = [python, "-c", _TIMED.format(_IMPORTS[peer])]
    seconds = [
        float(subprocess.run(told, cwd=packages, check=True, capture_output=True, text=True).stdout.split()[-1])
        for _ in range(4)  # the first one compiles
    ]
    return Weight(len([*packages.glob("*.dist-info")]), sum(path.stat().st_size for path in files) / 1e6, min(seconds))
