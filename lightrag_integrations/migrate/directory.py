"""A working directory of LightRAG, laid out in the spool."""

from __future__ import annotations

import base64
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.migrate.graphml import elements
from lightrag_integrations.migrate.jsonfile import items, members
from lightrag_integrations.migrate.names import FIELD_SEPARATOR, fields, listed
from lightrag_integrations.migrate.sources import LightRAGDirectory
from lightrag_integrations.migrate.spool import Spool

__all__ = ["fill_from_directory", "fill_from_graphml", "home_of", "is_directory"]

_CHUNKS = "kv_store_text_chunks.json"
_GRAPH = "graph_chunk_entity_relation.graphml"
_VECTORS = "vdb_chunks.json"


def is_directory(path: Path) -> bool:
    """Whether LightRAG wrote its stores there."""
    return (path / _CHUNKS).is_file()


def home_of(source: LightRAGDirectory) -> Path:
    """The directory of the workspace.

    Raises:
        InputError: There is no directory, or there are no stores in it; says which workspaces there are.
    """
    path = source.path.expanduser()
    home = path / source.workspace
    if is_directory(home):
        return home
    if not path.is_dir():
        problem = "is not a directory" if path.exists() else "is not there"
        raise InputError(f"{path} {problem}; expected a working directory of LightRAG")
    inside = home if home.is_dir() else path
    below = sorted(one.parent.name for one in inside.glob(f"*/{_CHUNKS}"))
    told = f"; there are workspaces {', '.join(map(repr, below[:8]))}: name one" if below else ""
    if inside is not home:
        raise InputError(f"{path} has no workspace {source.workspace!r}{told}")
    raise InputError(f"{home} has no {_CHUNKS}; expected a working directory of LightRAG{told}")


def fill_from_directory(source: LightRAGDirectory, spool: Spool, *, vectors: bool) -> None:
    """Read every store; a file that is broken is found here, before anything is written.

    Args:
        source: The directory.
        spool: Where to.
        vectors: Also those of chunks.

    Raises:
        InputError: A file can't be read, or an important one is missing.
    """
    home = home_of(source)
    for document_id, row in _items(home / "kv_store_full_docs.json"):
        spool.document(document_id, text=row.get("content"), source=row.get("file_path"))
    for document_id, row in _items(home / "kv_store_doc_status.json"):
        spool.state(
            document_id, state=str(row.get("status", "")), reason=row.get("error_msg"), source=row.get("file_path")
        )
    for chunk_id, row in _items(home / _CHUNKS):
        spool.chunk(
            chunk_id, document=row.get("full_doc_id"), position=row.get("chunk_order_index"), text=row.get("content"),
            tokens=row.get("tokens"), heading=_heading(row.get("heading")), source=row.get("file_path"),
            answers=listed(row.get("llm_cache_list")),
        )  # fmt: skip
    for key, told in _answers(home / "kv_store_llm_response_cache.json"):
        if told.get("cache_type") == "extract":
            spool.answer(key, chunk=told.get("chunk_id"), time=told.get("create_time"), text=told.get("return"))
        elif told.get("cache_type") == "summary":
            spool.summary(told.get("return"))
    _fill_graph(home, spool)
    if vectors and (home / _VECTORS).is_file():
        for chunk_id, values in _vectors(home / _VECTORS):
            spool.vector(chunk_id, values)


def fill_from_graphml(path: Path, spool: Spool) -> None:
    """The graph that NetworkX keeps.

    Raises:
        InputError: The file can't be read, or is no GraphML.
    """
    for kind, ends, data in elements(path):
        told = {name: data.get(name, "") for name in ("description", "keywords")}
        sources = fields(data.get("source_id"))
        if kind == "node":
            spool.thing(*ends, type=data.get("entity_type", ""), description=told["description"], chunks=sources)
        else:
            spool.thing(*ends, **told, weight=data.get("weight", ""), chunks=sources)


def _fill_graph(home: Path, spool: Spool) -> None:
    if (home / _GRAPH).is_file():
        fill_from_graphml(home / _GRAPH, spool)
    elif (home / "vdb_entities.json").is_file():
        _fill_from_vectors(home, spool)
    else:
        raise InputError(f"{home} has neither {_GRAPH} nor vdb_entities.json, so no graph; nothing was written")
    for name, row in _items(home / "kv_store_entity_chunks.json"):
        spool.spoken_of_in(name, "", listed(row.get("chunk_ids")))
    for name, row in _items(home / "kv_store_relation_chunks.json"):
        first, _, second = name.partition(FIELD_SEPARATOR)
        spool.spoken_of_in(first, second, listed(row.get("chunk_ids")))


def _fill_from_vectors(home: Path, spool: Spool) -> None:
    """The graph is kept elsewhere; what is embedded of it says all but types and weights."""
    for row in _data(home / "vdb_entities.json"):
        spool.embedded_thing(row.get("entity_name"), content=row.get("content"), chunks=fields(row.get("source_id")))
    for row in _data(home / "vdb_relationships.json"):
        chunks = fields(row.get("source_id"))
        spool.embedded_thing(row.get("src_id"), row.get("tgt_id"), content=row.get("content"), chunks=chunks)


def _items(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The members of a store; stores that older versions don't write are empty."""
    return items(path) if path.is_file() else iter(())


def _answers(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Cached answers; older versions keep them by mode."""
    for key, row in _items(path):
        if "return" in row:
            yield key, row
        else:
            yield from ((name, one) for name, one in row.items() if isinstance(one, dict))


def _data(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.is_file():
        for name, row in members(path, lists=("data",)):
            if name == "data" and isinstance(row, dict):
                yield row


def _heading(value: object) -> str:
    """The heading of a chunk's section."""
    return str(value.get("heading") or "") if isinstance(value, dict) else ""


def _vectors(path: Path) -> Iterator[tuple[str, Sequence[float]]]:
    """Chunk ids and vectors; those of the matrix at the file's end where the rows have none of their own."""
    dimension, waiting = 0, list[str]()
    for name, value in members(path, lists=("data",)):
        if name == "embedding_dim" and isinstance(value, int):
            dimension = value
        elif name == "data" and isinstance(value, dict):
            own, chunk_id = value.get("vector"), str(value.get("__id__"))
            waiting.append(chunk_id)
            if isinstance(own, str):
                yield chunk_id, _half_floats(path, own)
        elif name == "matrix" and isinstance(value, str):
            yield from _matrix(path, value, waiting, dimension)


def _half_floats(path: Path, text: str) -> Sequence[float]:
    try:
        data = zlib.decompress(base64.b64decode(text))
        return struct.unpack(f"<{len(data) // 2}e", data)
    except (zlib.error, ValueError, struct.error) as error:
        raise InputError(f"{path} holds a vector that can't be read: {error}; nothing was written") from error


def _matrix(path: Path, text: str, ids: Sequence[str], dimension: int) -> Iterator[tuple[str, Sequence[float]]]:
    """The rows; they are exacter than what stands beside the texts."""
    try:
        data = base64.b64decode(text)
    except ValueError as error:
        raise InputError(f"{path} holds a matrix that can't be read: {error}; nothing was written") from error
    if len(data) != 4 * dimension * len(ids):
        raise InputError(
            f"{path}: the matrix has {len(data)} bytes; expected {len(ids)} vectors of {dimension} numbers; "
            "nothing was written"
        )
    for place, chunk_id in enumerate(ids):
        yield chunk_id, array("f", data[4 * dimension * place : 4 * dimension * (place + 1)])
