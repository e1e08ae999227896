"""Which store is of which make: told by its methods, so that no framework has to be there."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Literal

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.stores import Stores

__all__ = ["Make", "check_stores", "make_of"]

Make = Literal["own", "llama_index", "langchain", "llama_index_kv", "llama_index_documents"]
_MAKES = MappingProxyType[str, tuple[tuple[Make, tuple[str, ...]], ...]](
    {
        "vectors": (
            ("langchain", ("similarity_search_by_vector", "add_documents", "delete")),
            ("llama_index", ("add", "query", "delete", "stores_text")),
        ),
        "graph": (("llama_index", ("upsert_nodes", "upsert_relations", "upsert_llama_nodes", "delete", "get")),),
        "documents": (
            ("langchain", ("mset", "mget", "mdelete", "yield_keys")),
            ("llama_index_documents", ("add_documents", "get_document", "delete_document", "docs")),
            ("llama_index_kv", ("put", "get", "delete", "get_all")),
        ),
    }
)
_TARGET = ("put", "remove", "held", "ids")
_OWN = MappingProxyType[str, tuple[str, ...]](
    {
        "vectors": (*_TARGET, "nearest"),
        "graph": (*_TARGET[1:], "put_entities", "put_relations", "put_nodes", "unrelate", "related"),
        "documents": _TARGET,
    }
)
_EXPECTED = MappingProxyType(
    {
        "vectors": "a LlamaIndex vector store, a LangChain VectorStore or a VectorTarget",
        "graph": "a LlamaIndex PropertyGraphStore or a GraphTarget",
        "documents": "a LangChain BaseStore, a LlamaIndex BaseKVStore or BaseDocumentStore, or a DocumentTarget",
    }
)


def make_of(role: str, store: Any) -> Make:
    """Of which make a store is.

    Args:
        role: vectors, graph or documents.
        store: As the user gave it.

    Raises:
        ConfigurationError: It is none that can have this role.
    """
    if not isinstance(store, type):
        for make, methods in _known(role):
            if all(hasattr(store, method) for method in methods):
                return make
    shown = f"the class {store.__name__}" if isinstance(store, type) else type(store).__name__
    raise ConfigurationError(f"Stores({role}=...): got {shown}; expected {_EXPECTED[role]}")


def _known(role: str) -> tuple[tuple[Make, tuple[str, ...]], ...]:
    return (("own", _OWN[role]), *_MAKES[role])


def check_stores(stores: object) -> None:
    """Refuse what can't be kept as stores.

    Raises:
        ConfigurationError: It is no `Stores`, or one of the stores in it can't have its role.
    """
    if stores is None:
        return
    if not isinstance(stores, Stores):
        raise ConfigurationError(f"stores: got {type(stores).__name__}; expected Stores(vectors=..., ...) or None")
    for role in _MAKES:
        if getattr(stores, role) is not None:
            make_of(role, getattr(stores, role))
