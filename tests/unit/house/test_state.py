"""No state that two handles could share, and no way to swallow errors unseen."""

import ast
from pathlib import Path

import pytest

import lightrag_integrations

ROOT = Path(lightrag_integrations.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
MUTABLE_CALLS = {
    "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Queue", "Pool", "ThreadPoolExecutor",
    "WeakValueDictionary", "WeakKeyDictionary", "WeakSet", "defaultdict", "dict", "list", "set", "deque", "OrderedDict",
    "Counter", "local", "ConnectionPool", "AsyncConnectionPool", "AsyncOpenAI", "OpenAI", "AsyncClient",
    "bytearray", "count",
}  # fmt: skip
ALLOWED_NAMES = {"__all__", "__slots__", "model_config", "spec_functions"}


def mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp):
        return True
    return isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] in MUTABLE_CALLS


def violations(source: str) -> list[str]:
    tree = ast.parse(source)
    found = []
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for body in bodies:
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and mutable(node.value):
                names = [
                    ast.unparse(target) for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                ]
                if not set(names) <= ALLOWED_NAMES:
                    found.append(f"{node.lineno}: {names} is mutable")
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found.append(f"{node.lineno}: global")
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            if caught in ("", "Exception", "BaseException"):
                found.append(f"{node.lineno}: broad except {caught}")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [
                f"{node.lineno}: cached for the process"
                for d in node.decorator_list
                if "cache" in ast.unparse(d).split("(")[0].split(".") or "lru_cache" in ast.unparse(d)
            ]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_shared_state(path: Path) -> None:
    assert violations(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "CACHE = {}",
        "lock = threading.Lock()",
        "class A:\n    seen: list = []",
        "try:\n    f()\nexcept Exception:\n    pass",
        "def f():\n    global x\n    x = 1",
        "@functools.lru_cache\ndef f(): ...",
        "@cache\ndef f(): ...",
    ],
)
def test_shared_state_is_seen(source: str) -> None:
    assert violations(source)
