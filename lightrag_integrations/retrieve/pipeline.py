"""The path of a question, in order: steps, keywords, vectors, ranking, finish, evidence; then rerank, context."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from lightrag_integrations.errors import ConfigurationError, ConnectionLost, EmbeddingMismatch
from lightrag_integrations.filters import Filter, parse_filter
from lightrag_integrations.models import RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.ahead import ahead_of, candidates_of
from lightrag_integrations.retrieve.context import build_context
from lightrag_integrations.retrieve.decompose import Step, find_steps, texts_of
from lightrag_integrations.retrieve.evidence import describe
from lightrag_integrations.retrieve.finish import finish
from lightrag_integrations.retrieve.keywords import find_keywords
from lightrag_integrations.retrieve.local_global import rank_global, rank_hybrid, rank_local
from lightrag_integrations.retrieve.plain import rank_by_keyword, rank_by_vector
from lightrag_integrations.retrieve.question import Keywords, Question, prepare, scrub
from lightrag_integrations.retrieve.steps import rank_steps
from lightrag_integrations.retrieve.tools import RetrievalTools
from lightrag_integrations.retrieve.walk import rank_by_walk
from lightrag_integrations.watch import Watch

__all__ = ["RetrievalTools", "run_retrieve"]

_RANK = MappingProxyType(
    {
        "keyword": rank_by_keyword,
        "vector": rank_by_vector,
        "local": rank_local,
        "global": rank_global,
        "hybrid": rank_hybrid,
        "graph": rank_by_walk,
        "mix": rank_by_walk,
    }
)


async def run_retrieve(query: str, tools: RetrievalTools, options: QueryOptions) -> RetrievalResult:
    """Search.

    Args:
        query: The question.
        tools: Store and models.
        options: Mode, k, filter and the rest.

    Raises:
        InputError: The query is empty, or the filter is wrong.
        StorageError: PostgreSQL failed.
        ModelError: A model failed.
    """
    with tools.watch.retrieval(options) as work:
        result = await _retrieved(query, tools, options)
        work.found(result)
        return result


async def _retrieved(query: str, tools: RetrievalTools, options: QueryOptions) -> RetrievalResult:
    by_vector = options.mode in ("vector", "naive") and options.query_embedding is not None
    text = scrub(query, optional=by_vector and not options.rerank)
    where = parse_filter(options.filter)
    if options.mode == "naive":
        options = options.model_copy(update={"mode": "vector"})
    if options.mode == "bypass":
        return RetrievalResult(query=text, mode="bypass")
    reranker = _reranker(tools, options)
    steps = await find_steps(text, options, tools.decompose_chat, tools.rungs)
    keywords = await find_keywords(text, options, tools.keywords_chat, tools.rungs)
    result = await _answered(text, keywords, steps, where, tools=tools, options=options)
    if reranker is not None:
        with tools.watch.step("rerank") as span:
            span.tell({"lightrag.candidates": len(result.hits), "lightrag.reranker": type(reranker).__name__})
            hits = await reranker.rerank(text, result.hits, top_n=options.k)
        result = result.model_copy(update={"hits": tuple(hits)})
    if options.context:
        result = result.model_copy(update={"context": build_context(result, tools.tokenizer, options)})
    return result


async def _answered(
    text: str,
    keywords: Keywords,
    steps: Sequence[Step],
    where: Filter | None,
    *,
    tools: RetrievalTools,
    options: QueryOptions,
) -> RetrievalResult:
    """Embed the question and search; anew where the index's model was changed in between."""
    embedder = tools.embedder
    while True:
        with tools.watch.step("embed_query"):
            question = await prepare(text, keywords, embedder, options, others=texts_of(steps))
        try:
            try:
                return await _search(question, steps, tools, where, options=options)
            except ConnectionLost:  # nothing was written: the next snapshot does as well
                return await _search(question, steps, tools, where, options=options)
        except EmbeddingMismatch as error:
            other = tools.embedder_of(error.recorded) if tools.embedder_of is not None else None
            # A vector given by the caller can't be made anew.
            if other is None or other.fingerprint == question.model or options.query_embedding is not None:
                raise
            embedder = other


async def _search(
    question: Question, steps: Sequence[Step], tools: RetrievalTools, where: Filter | None, *, options: QueryOptions
) -> RetrievalResult:
    with tools.watch.step("search"):
        ahead = None if steps else ahead_of(question, options, near=tools.outside is None)
        async with tools.store.snapshot(
            where, model=question.model, ahead=ahead, ef_search=candidates_of(options)
        ) as reader:
            seen = reader if tools.outside is None else tools.outside.over(reader)
            return await _found(question, steps, seen, options, watch=tools.watch)


async def _found(
    question: Question, steps: Sequence[Step], reader: Reader, options: QueryOptions, *, watch: Watch
) -> RetrievalResult:
    rank = _RANK[options.mode]
    texts: tuple[str, ...] = ()
    with watch.step("walk" if rank is rank_by_walk else "rank"):
        if steps:
            ranking, texts = await rank_steps(question, steps, rank, reader, options)
        else:
            ranking = await rank(question, reader, options)
    with watch.step("describe"):
        chosen = await finish(ranking, question, reader, options)
        result = await describe(chosen, ranking, reader, options)
    return result.model_copy(update={"query": question.text, "sub_questions": texts})


def _reranker(tools: RetrievalTools, options: QueryOptions) -> Reranker | None:
    """What reranks, made before anything is asked: a model that is missing is told at once."""
    if not options.rerank:
        return None
    if options.rerank != "llm":
        return tools.reranker()
    if tools.llm_reranker is None:
        raise ConfigurationError('rerank="llm" needs a model; give the handle llm= (or options.models.rerank)')
    return tools.llm_reranker(options.rerank_prompt)
