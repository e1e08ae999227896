"""After any history of calls the index equals a clean build of the documents it should hold.

`LIGHTRAG_TEST_HISTORIES=1000 pytest tests/properties/test_histories.py` tries so many histories.
"""

import os
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from psycopg import sql

from lightrag_integrations import Document, IndexOptions, LightRAGIndex
from lightrag_integrations.reports import IngestReport
from lightrag_integrations.storage.postgres import schema_name
from tests.properties.histories import (
    IDS,
    OPTIONS,
    CountingEmbedder,
    Model,
    Telling,
    given_chunks,
    labels,
    shifted,
    written,
)
from tests.servers import PostgresServer

HISTORIES = int(os.environ.get("LIGHTRAG_TEST_HISTORIES", "12"))
STEPS = 20
CONTENT = ("pending", "document", "chunk", "mention", "fact", "meta", "extraction", "ledger")
"""Tables that upkeep in the background leaves alone."""
inputs = st.lists(st.one_of(written(), given_chunks()), min_size=1, max_size=3, unique_by=lambda one: one.id)
hands = st.integers(0, 1)


class Histories(RuleBasedStateMachine):
    """Two handles on one index, used in turn, and a model of what it should hold."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._name = f"history-{uuid.uuid4().hex[:12]}"
        self._telling, self._embedder = Telling(), CountingEmbedder()
        self._hands = [self._opened(), self._opened()]
        self._model = Model()

    def _opened(self, name: str = "", *, telling: Telling | None = None) -> LightRAGIndex:
        return LightRAGIndex(
            name or self._name, database=self._dsn, extractor=telling or self._telling, embed_model=self._embedder,
            options=IndexOptions(ingest=OPTIONS),
        )  # fmt: skip

    @rule(hand=hands, documents=inputs, fails=st.booleans())
    def ingest(self, hand: int, documents: list[Document], fails: bool) -> None:
        self._expect_calls(fails)
        report = self._hands[hand].ingest(documents)
        self._told(self._model.ingest(documents, fails=fails))
        self._reported(report, documents)

    @rule(hand=hands, documents=st.lists(given_chunks(), min_size=1, max_size=2, unique_by=lambda one: one.id),
          fails=st.booleans())  # fmt: skip
    def upsert(self, hand: int, documents: list[Document], fails: bool) -> None:
        self._expect_calls(fails)
        report = self._hands[hand].ingest(documents, on_existing="upsert_chunks")
        self._told(self._model.upsert(documents, fails=fails))
        self._reported(report, documents)

    @precondition(lambda self: self._model.added())
    @rule(hand=hands, data=st.data(), fails=st.booleans())
    def upsert_again(self, hand: int, data: st.DataObject, fails: bool) -> None:
        """Chunks that are there already, perhaps with something else waiting to take their place."""
        document = data.draw(st.sampled_from(self._model.added()))
        chunks = data.draw(st.lists(st.sampled_from(document.chunks), min_size=1, unique_by=lambda one: one.id))
        by = data.draw(st.sampled_from((0, 0, 1, 2)))
        moved = tuple(shifted(chunk, by) if by else chunk for chunk in chunks)
        self.upsert(hand=hand, documents=[document.model_copy(update={"chunks": moved})], fails=fails)

    @precondition(lambda self: self._model.waiting)
    @rule(hand=hands, fails=st.booleans())
    def retry(self, hand: int, fails: bool) -> None:
        self._expect_calls(fails)
        waiting = [one.document for one in self._model.waiting.values()]
        report = self._hands[hand].documents.retry()
        self._told(self._model.retry(fails=fails))
        self._reported(report, waiting)

    @precondition(lambda self: self._model.settled())
    @rule(hand=hands, data=st.data())
    def again(self, hand: int, data: st.DataObject) -> None:
        """What is there already costs no call and no write."""
        documents = data.draw(
            st.lists(st.sampled_from(self._model.settled()), min_size=1, unique_by=lambda one: one.id)
        )
        before = self._rows()
        report = self._without_calls(lambda: self._hands[hand].ingest(documents))
        assert (report.unchanged, report.documents, report.failed) == (len(documents), 0, 0)
        assert self._rows() == before

    @precondition(lambda self: self._model.settled())
    @rule(hand=hands, data=st.data(), new=labels)
    def relabel(self, hand: int, data: st.DataObject, new: dict[str, Any]) -> None:
        document = data.draw(st.sampled_from(self._model.settled())).model_copy(update=new)
        report = self._without_calls(lambda: self._hands[hand].ingest(document))
        assert (report.unchanged, report.documents) == (1, 0)
        self._model.stored[document.id] = document

    @rule(hand=hands, names=st.lists(st.sampled_from(IDS), min_size=1, max_size=2, unique=True))
    def delete(self, hand: int, names: list[str]) -> None:
        count = self._without_calls(lambda: self._hands[hand].documents.delete(names))
        assert count == self._model.delete(names)

    @precondition(lambda self: self._model.chunk_ids())
    @rule(hand=hands, data=st.data())
    def delete_chunks(self, hand: int, data: st.DataObject) -> None:
        gone = data.draw(st.lists(st.sampled_from(self._model.chunk_ids()), min_size=1, max_size=3, unique=True))
        count = self._without_calls(lambda: self._hands[hand].documents.delete_chunks(gone))
        assert count == self._model.delete_chunks(set(gone))

    @rule(hand=hands, forget=st.booleans())
    def compact(self, hand: int, forget: bool) -> None:
        self._hands[hand].compact(forget=forget)
        if forget:
            self._model.forget()

    @rule(hand=hands)
    def reopen(self, hand: int) -> None:
        self._hands[hand].close()
        self._hands[hand] = self._opened()

    @rule(hand=hands)
    def check(self, hand: int) -> None:
        index = self._hands[hand]
        failed = {status.id for status in index.documents.list("failed")}
        assert failed == self._model.waiting.keys()
        assert index.status().documents == len(self._model.stored)
        assert index.verify() == []
        with self._opened(f"{self._name} clean", telling=Telling()) as clean:
            report = clean.ingest([*self._model.stored.values()])
            expected = clean.dump()
            clean.drop()
        assert (report.failed, report.documents) == (0, len(self._model.stored))
        assert index.dump() == expected

    def teardown(self) -> None:
        try:
            self.check(0)
        finally:
            self._hands[1].close()
            self._hands[0].drop()
            self._hands[0].close()

    def _expect_calls(self, fails: bool) -> None:
        self._telling.fails = fails
        self._telling.calls.clear()

    def _told(self, asked: set[str]) -> None:
        assert set(self._telling.calls) == asked

    def _reported(self, report: IngestReport, documents: Sequence[Document]) -> None:
        assert report.errors.keys() == {one.id for one in documents} & self._model.waiting.keys()
        assert report.superseded == 0

    def _without_calls(self, work: Any) -> Any:
        self._telling.calls.clear()
        before = self._embedder.calls
        outcome = work()
        assert (self._telling.calls, self._embedder.calls) == ([], before)
        return outcome

    def _rows(self) -> list[list[tuple[Any, ...]]]:
        """Version and place of every row."""
        with psycopg.connect(self._dsn) as connection:
            return [
                sorted(connection.execute(
                    sql.SQL("SELECT xmin::text, ctid::text FROM {}").format(
                        sql.Identifier(schema_name(self._name), table))
                ).fetchall())
                for table in CONTENT
            ]  # fmt: skip


@pytest.mark.timeout(max(300, 20 * HISTORIES))
def test_any_history_equals_a_clean_build(external_server: PostgresServer) -> None:
    run_state_machine_as_test(
        lambda: Histories(external_server.dsn),
        settings=settings(
            max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )  # fmt: skip
