"""Accept: check a whole call's documents, give each its id, refuse or set aside the bad ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.check import document_problems, plain_json
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.text.keys import content_hash

__all__ = ["Checked", "Earlier", "derived_id", "refusal", "validate_documents"]

_SHOWN_PROBLEMS = 5


@dataclass
class Checked:
    """A call's documents after checking."""

    documents: list[Document] = field(default_factory=list)
    """The good ones, each with its id, in the order given."""
    refused: dict[str, str] = field(default_factory=dict)
    """Reason by id (or by place in the call) of those set aside."""
    repeated: int = 0
    """Documents without id that repeat text, title and source of an earlier one of the call: one is kept."""


@dataclass
class Earlier:
    """What came in earlier portions of a call: it is the same call, however its documents are handed over."""

    places: int = 0
    """Documents looked at."""
    ids: set[str] = field(default_factory=set)
    """Given with documents."""
    derived: set[str] = field(default_factory=set)
    """Of documents that had none."""
    refused: set[str] = field(default_factory=set)
    """Names under which reasons are told."""


def validate_documents(
    documents: Sequence[Document],
    options: IngestOptions,
    *,
    any_dimension: bool = False,
    earlier: Earlier | None = None,
) -> Checked:
    """Check all documents of a call together.

    Args:
        documents: As given.
        options: `on_invalid` says whether bad ones refuse the call or are set aside.
        any_dimension: Let given vectors differ in dimension: it is known what they must be like, and looked at next.
        earlier: What came before these in the same call; they are added to it.

    Returns:
        The good documents and the reasons for the others.

    Raises:
        InputError: Something is wrong and `on_invalid` is "raise"; every bad item is named in `problems`.
    """
    earlier = Earlier() if earlier is None else earlier
    checked, check = Checked(), _Call(earlier, any_dimension=any_dimension)
    problems: list[str] = []
    for place, document in enumerate(documents, earlier.places):
        settled, reasons = check.settle(document)
        if settled is not None and not reasons:
            checked.documents.append(settled)
        elif not reasons:
            checked.repeated += 1
        else:
            label = _label(document, place)
            problems.extend(f"{label}: {reason}" for reason in reasons)
            name = _usable_name(document)
            told = label if not name or check.knows(name) or name in earlier.refused else name
            checked.refused[told] = "; ".join(reasons)
            earlier.refused.add(told)
    earlier.places += len(documents)
    if problems and options.on_invalid == "raise":
        raise InputError(refusal(problems), tuple(problems))
    return checked


class _Call:
    """What must not occur twice in one call."""

    def __init__(self, earlier: Earlier, *, any_dimension: bool) -> None:
        """Nothing seen yet but what came earlier."""
        self._earlier = earlier
        self._any_dimension = any_dimension
        self._chunk_ids: set[str] = set()
        self._dimension: int | None = None

    def settle(self, document: Document) -> tuple[Document | None, list[str]]:
        """The document with id and plain metadata, and what is wrong with it; (None, []) when it is a repetition."""
        if not isinstance(document, Document):
            return None, [f"got {type(document).__name__}; expected a Document"]
        reasons = list(document_problems(document))
        if reasons:
            return document, reasons
        settled = _with_id(document)
        if settled.id in self._earlier.derived and not document.id:
            return None, []
        if self.knows(settled.id):
            reasons.append(f"the id {settled.id!r:.80} occurs twice in this call")
        reasons.extend(self._chunk_reasons(settled))
        if not reasons:
            self._remember(settled, derived=not document.id)
        return settled, reasons

    def knows(self, document_id: str) -> bool:
        """A good document of the call has this id."""
        return document_id in self._earlier.ids or document_id in self._earlier.derived

    def _chunk_reasons(self, document: Document) -> Iterator[str]:
        seen: set[str] = set()
        dimension = self._dimension
        for chunk in document.chunks or ():
            if chunk.id and (chunk.id in self._chunk_ids or chunk.id in seen):
                yield f"the chunk id {chunk.id!r:.80} occurs twice in this call"
            seen.add(chunk.id)
            if chunk.embedding is not None and not self._any_dimension:
                dimension = dimension or len(chunk.embedding)
                if len(chunk.embedding) != dimension:
                    yield (
                        f"chunk {chunk.id!r:.80}: the embedding has {len(chunk.embedding)} values, "
                        f"others of this call have {dimension}"
                    )

    def _remember(self, document: Document, *, derived: bool) -> None:
        (self._earlier.derived if derived else self._earlier.ids).add(document.id)
        for chunk in document.chunks or ():
            self._chunk_ids.add(chunk.id)
            if chunk.embedding is not None and self._dimension is None:
                self._dimension = len(chunk.embedding)


def derived_id(document: Document) -> str:
    """The id of a document that has none: equal text, title and source, equal id. Other metadata don't count.

    The same text from two files is two documents, as filters and citations go by the source; loaders write dates and
    the like into metadata, which must not make a new document at each run. Chunks that all name one document give its
    id; else the content does.
    """
    named = {chunk.document_id for chunk in document.chunks or ()}
    if len(named) == 1 and named != {""}:
        return named.pop()
    texts = (document.text,) if document.chunks is None else tuple(chunk.content for chunk in document.chunks)
    told = ("source", document.source) if document.source else ()
    return f"doc-{content_hash(*told, document.title, *texts)[:32]}"


def _with_id(document: Document) -> Document:
    document_id = document.id or derived_id(document)
    update: dict[str, object] = {"id": document_id, "metadata": plain_json(document.metadata)}
    if document.chunks is not None:
        update["chunks"] = tuple(_with_document(chunk, document_id) for chunk in document.chunks)
    return document.model_copy(update=update)


def _with_document(chunk: Chunk, document_id: str) -> Chunk:
    chunk_id = chunk.id or f"{document_id}-{content_hash(chunk.content)[:16]}-{chunk.position}"
    return chunk.model_copy(update={"id": chunk_id, "document_id": document_id, "metadata": plain_json(chunk.metadata)})


def _usable_name(document: object) -> str:
    name = getattr(document, "id", "")
    return name if isinstance(name, str) else ""


def _label(document: object, place: int) -> str:
    name = _usable_name(document)
    return f"document {place} ({name!r:.80})" if name else f"document {place}"


def refusal(problems: Sequence[str], advice: str = "Correct them") -> str:
    """The words in which a whole call is refused.

    Args:
        problems: A line for each.
        advice: What to do.
    """
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    more = len(problems) - _SHOWN_PROBLEMS
    tail = f"; and {more} more (see .problems)" if more > 0 else ""
    return (
        f"{len(problems)} problem(s) in the documents given, nothing was written: {shown}{tail}. "
        f"{advice}, or pass on_invalid='skip' to leave them out"
    )
