"""Fit: have the vectors that callers give the dimension of the index, or of the model that it is to be of?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightrag_integrations.errors import InputError, ModelError
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions

__all__ = ["Fit", "check_fit", "expected_fit", "fit_of"]

_ANY_TEXT = "dimension"
_ADVICE = "Give the handle the model that the vectors come from, LightRAGIndex(embed_model=…), or leave the vectors out"


@dataclass(frozen=True, slots=True)
class Fit:
    """The dimension that given vectors must have, and why."""

    dimension: int
    why: str
    advice: str

    def problem(self, length: int) -> str:
        """What is wrong with a vector of this length."""
        return f"the embedding has {length} values; expected {self.dimension}, {self.why}"

    def problem_of(self, document: Document) -> str:
        """What is wrong with the first vector of a document that doesn't fit; empty: nothing."""
        given = (chunk for chunk in document.chunks or () if chunk.embedding is not None)
        bad = (
            (chunk.id, len(chunk.embedding or ())) for chunk in given if len(chunk.embedding or ()) != self.dimension
        )
        return next((f"chunk {name!r:.80}: {self.problem(length)}" for name, length in bad), "")


async def expected_fit(documents: Sequence[object], tools: IngestTools, options: IngestOptions) -> Fit | None:
    """What vectors given with a call's documents must be like; None: there are none, or it can't be known.

    Args:
        documents: As given, perhaps bad ones among them.
        tools: Store and model.
        options: Tell whether the model is going to be asked.
    """
    given, bare = await tools.run_cpu(lambda: _given(documents))
    return await fit_of(tools, asking=options.embed and (bare or options.extract)) if given else None


async def fit_of(tools: IngestTools, *, asking: bool) -> Fit | None:
    """What given vectors must be like.

    Args:
        tools: Store and model.
        asking: The model is asked in any case. Then one word shows its dimension where nothing else does: vectors
            that don't agree with its own are to be refused before either is stored.
    """
    model = tools.embedder.fingerprint
    recorded = await tools.store.settings()
    if "embedding" in recorded:
        if recorded["embedding"] != model:
            return None  # the handle is told so, whatever is given
        advice = "Give vectors of that model, or change the index's with index.reembed(model)"
        return Fit(int(recorded["dimension"]), f"as the index holds vectors of {model!r}", advice)
    own: int | None = getattr(tools.embedder, "dimension", None)
    if own is None and asking:
        own = await _shown(tools)
    return None if own is None else Fit(own, f"as this handle's embed_model {model!r} makes", _ADVICE)


async def check_fit(lengths: Iterable[int], tools: IngestTools, *, asking: bool = True) -> None:
    """Refuse vectors that are to be stored with others of the handle's model.

    Args:
        lengths: Of the vectors.
        tools: Store and model.
        asking: See `fit_of`.

    Raises:
        InputError: They don't fit; nothing was written.
    """
    given = set(lengths)
    fit = await fit_of(tools, asking=asking) if given else None
    for length in sorted(given):
        if fit is not None and length != fit.dimension:
            raise InputError(f"{fit.problem(length)}; nothing was written. {fit.advice}")


async def _shown(tools: IngestTools) -> int | None:
    """A model that doesn't answer fails its documents one by one, which can be retried then."""
    try:
        return len((await tools.embedder.embed([_ANY_TEXT], kind="document"))[0])
    except ModelError:
        return None


def _given(documents: Sequence[object]) -> tuple[bool, bool]:
    """Whether some chunk comes with a vector, and whether something else is left to be embedded."""
    known = [one for one in documents if isinstance(one, Document)]
    chunks = [chunk for one in known for chunk in one.chunks or () if isinstance(chunk, Chunk)]
    bare = any(one.chunks is None for one in known)
    return (
        any(chunk.embedding for chunk in chunks),
        bare or any(chunk.embedding is None or chunk.graph is not None for chunk in chunks),
    )
