"""`LightRAGIndex`: the handle. Each carries its own loop thread, pool, limits and models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Literal, Unpack

from lightrag_integrations._reembed import Reembed
from lightrag_integrations._stream import Stream
from lightrag_integrations.evaluate.questions import Questions, read_questions
from lightrag_integrations.evaluate.report import EvaluationReport
from lightrag_integrations.evaluate.settings import EvaluationFields, plan_of
from lightrag_integrations.given import checked
from lightrag_integrations.models import Answer, Chunk, Context, Hit, RetrievalResult
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import AnswerOptions, IngestOptions, QueryFields, QueryOptions, choose, merged
from lightrag_integrations.progress import observing
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.reports import IngestReport
from lightrag_integrations.retrieve.context import build_context

__all__ = ["LightRAGIndex"]


class LightRAGIndex(Reembed):
    """A named collection of documents with its knowledge graph, in PostgreSQL.

    Making one does no I/O; it opens at the first call, with `with` or `async with`, or by `open()`. Every method comes
    in two forms, blocking and asynchronous (`a…`); both may be called from any thread and any running loop, as all
    work happens on a loop thread of the handle's own. Pickled or forked handles open again by themselves.
    """

    # --- documents in ---------------------------------------------------------------------------------------------

    def ingest(
        self,
        inputs: Any,
        *,
        show_progress: bool = False,
        on_existing: Literal["replace", "upsert_chunks"] | None = None,
        on_invalid: Literal["raise", "skip"] | None = None,
        observer: Observer | None = None,
        options: IngestOptions | None = None,
    ) -> IngestReport:
        """Split, extract, embed and store documents; unchanged ones cost nothing.

        Args:
            inputs: A string, `Document`, LangChain `Document`, LlamaIndex `Document` or node, or an iterable of them,
                read in the caller's thread (`aingest`: in a thread of its own). A list is checked as a whole before
                anything is written. An iterator, such as a generator, is read and stored in portions, so that memory
                hardly grows however many come: of about 2000 documents or four million characters, each checked as a
                whole. Ids of documents are remembered: one that comes again is refused, or counted, as in a list. What
                one portion brings is stored whatever is wrong with a later one.
            show_progress: Draw progress bars on standard error.
            on_existing: See `IngestOptions.on_existing`.
            on_invalid: See `IngestOptions.on_invalid`.
            observer: Gets the events of this call, beside the handle's.
            options: In place of the handle's `options.ingest`.

        Returns:
            Counts, and the reason for each document that failed.

        Raises:
            InputError: Some inputs are bad; nothing was written of them and what they were given with.
            StorageError: PostgreSQL failed; accepted documents can be finished by `documents.retry()`.
        """
        chosen = choose(options, self.options.ingest, {"on_existing": on_existing, "on_invalid": on_invalid})
        stream = Stream(inputs, chosen)
        told = observing(self._settings.observer, observer, show_progress=show_progress, index=self.name)
        with told as seen, stream.telling():
            for documents, left in stream:
                ingest = partial(self._live.ingest, documents, left, seen, earlier=stream.earlier)
                stream.done(self._live.work(ingest))
        return stream.report()

    async def aingest(
        self,
        inputs: Any,
        *,
        show_progress: bool = False,
        on_existing: Literal["replace", "upsert_chunks"] | None = None,
        on_invalid: Literal["raise", "skip"] | None = None,
        observer: Observer | None = None,
        options: IngestOptions | None = None,
    ) -> IngestReport:
        """Like `ingest`."""
        chosen = choose(options, self.options.ingest, {"on_existing": on_existing, "on_invalid": on_invalid})
        stream = Stream(inputs, chosen)
        told = observing(self._settings.observer, observer, show_progress=show_progress, index=self.name)
        with told as seen, stream.telling():
            async with aclosing(aiter(stream)) as portions:
                async for documents, left in portions:
                    ingest = partial(self._live.ingest, documents, left, seen, earlier=stream.earlier)
                    stream.done(await self._live.awork(ingest))
        return stream.report()

    def enrich(self, chunks: Iterable[Chunk], *, extract: bool = True, embed: bool = True) -> list[Chunk]:
        """Fill `extraction` and `embedding` of chunks, storing nothing but the extraction cache.

        Args:
            chunks: What to work on; fields already filled are kept.
            extract: Fill `extraction`.
            embed: Fill `embedding`.
        """
        given = list(chunks)
        return self._live.run(lambda: self._live.enrich(given, extract=extract, embed=embed))

    async def aenrich(self, chunks: Iterable[Chunk], *, extract: bool = True, embed: bool = True) -> list[Chunk]:
        """Like `enrich`."""
        given = await asyncio.to_thread(list, chunks)
        return await self._live.arun(lambda: self._live.enrich(given, extract=extract, embed=embed))

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"] = "document") -> list[list[float]]:
        """Vectors of texts, from the handle's embedding model."""
        return self._live.run(lambda: self._live.embed(texts, kind))

    async def aembed(
        self, texts: Sequence[str], *, kind: Literal["document", "query"] = "document"
    ) -> list[list[float]]:
        """Like `embed`."""
        return await self._live.arun(lambda: self._live.embed(texts, kind))

    # --- questions ------------------------------------------------------------------------------------------------

    def retrieve(
        self, query: str, *, options: QueryOptions | None = None, **fields: Unpack[QueryFields]
    ) -> RetrievalResult:
        """Search.

        Args:
            query: The question.
            options: In place of the handle's `options.query`.
            **fields: Fields of `QueryOptions` by name: `mode`, `k`, `filter`, `rerank`, `explain`, `context`, …

        Returns:
            Hits, best first: exactly `k` where `k` visible chunks exist (`keyword`: where so many match).

        Raises:
            InputError: An option or the filter is wrong, or the query is empty.
            StorageError: PostgreSQL failed.
            ModelError: The embedding model, keyword model or reranker failed.
        """
        chosen = choose(options, self.options.query, fields)
        return self._live.run(lambda: self._live.retrieve(query, chosen))

    async def aretrieve(
        self, query: str, *, options: QueryOptions | None = None, **fields: Unpack[QueryFields]
    ) -> RetrievalResult:
        """Like `retrieve`."""
        chosen = choose(options, self.options.query, fields)
        return await self._live.arun(lambda: self._live.retrieve(query, chosen))

    def answer(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str]] = (),
        user_prompt: str = "",
        options: AnswerOptions | None = None,
        **fields: Unpack[QueryFields],
    ) -> Answer:
        """Retrieve, build the context and let the model answer with citations.

        Args:
            question: The question.
            history: Earlier turns as (role, text).
            user_prompt: Extra instructions for the answer.
            options: In place of the handle's `options.answer`.
            **fields: Fields of `QueryOptions` by name.

        Raises:
            ConfigurationError: The handle has no `llm`.
            ModelError: The model failed.
        """
        query, chosen = self._answer_options(history, user_prompt, options, fields)
        return self._live.run(lambda: self._live.answer(question, query, chosen))

    async def aanswer(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str]] = (),
        user_prompt: str = "",
        options: AnswerOptions | None = None,
        **fields: Unpack[QueryFields],
    ) -> Answer:
        """Like `answer`."""
        query, chosen = self._answer_options(history, user_prompt, options, fields)
        return await self._live.arun(lambda: self._live.answer(question, query, chosen))

    def stream_answer(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str]] = (),
        user_prompt: str = "",
        options: AnswerOptions | None = None,
        **fields: Unpack[QueryFields],
    ) -> Iterator[str]:
        """Like `answer`, yielding the text in pieces."""
        query, chosen = self._answer_options(history, user_prompt, options, fields)
        return self._live.iterate(lambda: self._live.stream(question, query, chosen))

    def astream_answer(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str]] = (),
        user_prompt: str = "",
        options: AnswerOptions | None = None,
        **fields: Unpack[QueryFields],
    ) -> AsyncIterator[str]:
        """Like `answer`, yielding the text in pieces."""
        query, chosen = self._answer_options(history, user_prompt, options, fields)
        return self._live.aiterate(lambda: self._live.stream(question, query, chosen))

    def rerank(
        self, query: str, hits: Sequence[Hit], *, top_n: int | None = None, reranker: Reranker | None = None
    ) -> list[Hit]:
        """Reorder hits.

        Args:
            query: The question.
            hits: What to reorder; not changed.
            top_n: Most hits to return; None: all.
            reranker: In place of the handle's.
        """
        return self._live.run(lambda: self._live.rerank(query, hits, top_n, reranker))

    async def arerank(
        self, query: str, hits: Sequence[Hit], *, top_n: int | None = None, reranker: Reranker | None = None
    ) -> list[Hit]:
        """Like `rerank`."""
        return await self._live.arun(lambda: self._live.rerank(query, hits, top_n, reranker))

    def context(self, result: RetrievalResult, **fields: Unpack[QueryFields]) -> Context:
        """Lay out a result for a model to read, as `retrieve(..., context=True)` does, after you changed its hits.

        Args:
            result: Hits, entities and relations.
            **fields: `entity_tokens`, `relation_tokens`, `context_tokens`.
        """
        chosen = merged(self.options.query, fields)
        return self._live.run(lambda: self._context(result, chosen))

    async def acontext(self, result: RetrievalResult, **fields: Unpack[QueryFields]) -> Context:
        """Like `context`."""
        chosen = merged(self.options.query, fields)
        return await self._live.arun(lambda: self._context(result, chosen))

    def evaluate(self, questions: Questions, **fields: Unpack[EvaluationFields]) -> EvaluationReport:
        """Measure how well questions with known answers are searched.

        Args:
            questions: A file (JSON Lines or a JSON array) or objects, each with `question` and `gold_ids`, the ids of
                the documents or chunks to be found.
            **fields: `modes` (names such as "mix" and "mix+rerank", and `Setting`s), `ks`, `options` (what a mode's
                name does not say), `baseline` (what the others are compared with), `seed`, `resamples`, `concurrency`,
                `limit`, `show_progress`; see `EvaluationFields`.

        Raises:
            InputError: A question or field is wrong, or the index lacks gold of every question.
        """
        plan = plan_of(fields)
        asked = read_questions(questions, limit=plan.limit)
        return self._live.run(lambda: self._live.evaluate(asked, plan))

    async def aevaluate(self, questions: Questions, **fields: Unpack[EvaluationFields]) -> EvaluationReport:
        """Like `evaluate`."""
        plan = plan_of(fields)
        asked = await asyncio.to_thread(read_questions, questions, limit=plan.limit)
        return await self._live.arun(lambda: self._live.evaluate(asked, plan))

    async def _context(self, result: RetrievalResult, options: QueryOptions) -> Context:
        checked(result, RetrievalResult, name="result", hint="what retrieve() returned")
        return build_context(result, (await self._live.session()).tokenizer, options)

    def _answer_options(
        self,
        history: Sequence[tuple[str, str]],
        user_prompt: str,
        options: AnswerOptions | None,
        fields: Mapping[str, Any],
    ) -> tuple[QueryOptions, AnswerOptions]:
        given = {"history": tuple(history) or None, "user_prompt": user_prompt or None}
        return merged(self.options.query, fields), choose(options, self.options.answer, given)
