"""The model changes while questions are asked and documents stored: every answer is of one model, nothing is lost."""

import threading

import pytest

from lightrag_integrations import Chunk, Document, EmbeddingMismatch, Event, LightRAGIndex, Observer
from tests.integration.handle.conftest import MakeIndex
from tests.integration.reembed.making import (
    BATCH,
    MODES,
    QUESTIONS,
    Held,
    NoChat,
    Words,
    answers,
    documents,
    settings,
    shown,
    stored_vectors,
)


class Counting(Observer):
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)


class Asking(threading.Thread):
    """Asks all questions in all modes, over and over."""

    def __init__(self, index: LightRAGIndex, offset: int) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[tuple[str, str], list[tuple[str, float]]]] = []
        self.errors: list[BaseException] = []
        self.enough = threading.Event()
        self._index, self._offset = index, offset

    def run(self) -> None:
        every = [(mode, asked) for mode in MODES for asked in QUESTIONS]
        turn = self._offset
        while not self.enough.is_set():
            mode, asked = every[turn % len(every)]
            turn += 1
            try:
                self.seen.append(((mode, asked), shown(self._index.retrieve(asked, mode=mode, k=4))))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to see it
                self.errors.append(error)
                return


@pytest.mark.parametrize("dimension", [96, 64])
def test_every_answer_is_of_one_model(make_index: MakeIndex, dsn: str, dimension: int) -> None:
    chat, new = NoChat(), Words("new", dimension, delay_s=0.03)
    index = make_index(**settings(Words("old", 64), concurrency=8, llm=chat))
    given = Chunk(id="given", text="Oslo was Christiania.", document_id="given", embedding=tuple([1.0] + [0.0] * 63))
    stored = [*documents(15), Document(id="given", chunks=(given,))]
    assert not index.ingest(stored).errors
    index.graph.add(relations=[{"source": "Archer", "target": "Larvik", "keywords": "born in"}])
    dump, before = index.dump(), answers(index)
    asking = [Asking(index, 7 * number) for number in range(3)]
    for thread in asking:
        thread.start()
    observer = Counting()
    report = index.reembed(new, observer=observer)
    for thread in asking:
        thread.enough.set()
        thread.join()
    after = answers(index)
    assert [error for thread in asking for error in thread.errors] == []
    seen = [one for thread in asking for one in thread.seen]
    assert len(seen) > 30
    wrong = [(key, found) for key, found in seen if found not in (before[key], after[key])]
    assert wrong == []
    told_apart = {key for key in before if before[key] != after[key]}
    assert len(told_apart) > 5
    assert chat.calls == 0
    assert index.dump() == dump and index.verify() == []
    clean = make_index(**settings(Words("new", dimension)))
    clean.ingest([*documents(15), Document(id="given", chunks=(given.model_copy(update={"embedding": None}),))])
    clean.graph.add(relations=[{"source": "Archer", "target": "Larvik", "keywords": "born in"}])
    vectors = stored_vectors(index, dsn)
    assert vectors == stored_vectors(clean, dsn) and "none" not in vectors.values()
    assert answers(clean) == after
    assert (report.model, report.chunks + report.entities + report.facts) == (new.fingerprint, len(vectors))
    assert sum(event.count for event in observer.events if event.kind == "embedded") == len(vectors)
    assert len(new.asked) <= len(vectors) and index.status().embedding == new.fingerprint
    assert index.describe()["embed_model"] == new.fingerprint
    assert index.ingest(stored).unchanged == len(stored)


def test_a_question_embedded_before_and_searched_after_the_change(make_index: MakeIndex) -> None:
    old, new = Held("old", 64), Words("new", 64)
    index = make_index(**settings(old))
    index.ingest(documents(6))
    found: list[list[tuple[str, float]]] = []
    thread = threading.Thread(target=lambda: found.append(shown(index.retrieve(QUESTIONS[0], mode="mix", k=4))))
    thread.start()
    assert old.asked_once.wait(20)
    index.reembed(new)
    old.may.set()
    thread.join()
    assert found == [shown(index.retrieve(QUESTIONS[0], mode="mix", k=4))]


def test_writers_with_the_first_model_lose_nothing_and_are_told(make_index: MakeIndex, dsn: str) -> None:
    new = Words("new", 96, delay_s=0.01)
    index = make_index(**settings(Words("old", 64), concurrency=16))
    writer = make_index(index.name, **settings(Words("old", 64)))
    index.ingest(documents(8))
    stored, refused = list(range(8)), []

    def write() -> None:
        for number in range(8, 2000):
            try:
                report = writer.ingest(documents(1, first=number))
            except EmbeddingMismatch as error:
                refused.append(error)
                return
            assert report.documents == 1
            stored.append(number)

    thread = threading.Thread(target=write)
    thread.start()
    report = index.reembed(new)
    thread.join()
    assert len(stored) > 8 and report.rounds >= 1
    (error,) = refused
    assert error.recorded == new.fingerprint and "reembed" in str(error)
    # What was in work at that moment is not lost: the new model finishes it.
    report_retry = index.documents.retry()
    assert not report_retry.errors
    stored += [int(name[1:]) for name in report_retry.document_ids]
    assert {document.id for document in index.documents.list()} == {f"d{number}" for number in stored}
    before = index.documents.list()
    with pytest.raises(EmbeddingMismatch, match=r"'new/96'.*'old/64'.*reembed"):
        writer.ingest(documents(1, first=900))
    with pytest.raises(EmbeddingMismatch):
        writer.ingest(documents(1))
    with pytest.raises(EmbeddingMismatch, match=r"'old/64'.*'new/96'"):
        writer.retrieve(QUESTIONS[0], mode="vector")
    with pytest.raises(EmbeddingMismatch):
        make_index(index.name, **settings(Words("old", 96))).open()
    with pytest.raises(EmbeddingMismatch):
        make_index(index.name, **settings(Words("old", 96))).retrieve(QUESTIONS[0], mode="mix")
    assert writer.retrieve(QUESTIONS[0], mode="keyword").hits and index.documents.list() == before
    clean = make_index(**settings(Words("new", 96)))
    clean.ingest([document for number in stored for document in documents(1, first=number)])
    assert stored_vectors(index, dsn) == stored_vectors(clean, dsn)
    assert index.dump() == clean.dump() and index.verify() == []
    assert answers(index) == answers(clean)
    assert len(new.asked) > BATCH
