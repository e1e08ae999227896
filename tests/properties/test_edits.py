"""After any history of documents and edits, what is shown is the edits applied to a clean build of the documents.

`LIGHTRAG_TEST_EDITS=500 pytest tests/properties/test_edits.py` tries so many histories.
"""

import os
import uuid

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from lightrag_integrations import Document, InputError, LightRAGIndex
from tests.properties.edits import NAMES, Wanted, applied, graphs, shown
from tests.properties.histories import CountingEmbedder
from tests.servers import PostgresServer

HISTORIES = int(os.environ.get("LIGHTRAG_TEST_EDITS", "3"))
STEPS = 14
names = st.sampled_from(NAMES)
said = st.sampled_from((None, "", "corrected", "otherwise"))


class EditHistories(RuleBasedStateMachine):
    """One index, the documents it should hold, and the edits."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._embedder = CountingEmbedder()
        self._name = f"edits-{uuid.uuid4().hex[:12]}"
        self._index = self._opened(self._name)
        self._documents: dict[str, Document] = {}
        self._added: list[dict[str, str]] = []
        self._wanted = Wanted()
        self._named: dict[str, str] = {}
        """As what each overridden entity was last spoken of."""

    def _opened(self, name: str) -> LightRAGIndex:
        return LightRAGIndex(name, database=self._dsn, embed_model=self._embedder)

    @rule(document=graphs())
    def ingest(self, document: Document) -> None:
        self._index.ingest(document)
        self._documents[document.id] = document

    @rule(document=graphs())
    def ingest_more(self, document: Document) -> None:
        self._index.ingest(document, on_existing="upsert_chunks")
        there = self._documents.get(document.id)
        chunks = {chunk.id: chunk for one in (there, document) if one is not None for chunk in one.chunks or ()}
        self._documents[document.id] = document.model_copy(update={"chunks": tuple(chunks.values())})

    @rule(first=names, second=names, words=st.sampled_from(("likes", "knows")))
    def add_by_hand(self, first: str, second: str, words: str) -> None:
        if first != second:
            self._added.append({"source": first, "target": second, "description": f"{first} {words} {second}"})
            self._index.graph.add(relations=[self._added[-1]])

    @precondition(lambda self: self._documents)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(sorted(self._documents)))
        self._index.documents.delete([gone])
        del self._documents[gone]

    @precondition(lambda self: any(len(one.chunks or ()) > 1 for one in self._documents.values()))
    @rule(data=st.data())
    def delete_chunk(self, data: st.DataObject) -> None:
        document = data.draw(st.sampled_from([one for one in self._documents.values() if len(one.chunks or ()) > 1]))
        *left, gone = document.chunks or ()
        self._index.documents.delete_chunks([gone.id])
        self._documents[document.id] = document.model_copy(update={"chunks": tuple(left)})

    @rule(name=names, into=names)
    def merge(self, name: str, into: str) -> None:
        wanted, key, target = self._wanted, name.lower(), into.lower()
        if wanted.aliases.get(key) == target and key != target:
            assert self._index.graph.merge(name, into=into) == []
        elif (
            key == target or key in wanted.aliases or wanted.root(target) == key
            or wanted.hides([wanted.root(key)]) or wanted.hides([wanted.root(target)])
        ):  # fmt: skip
            with pytest.raises(InputError, match=r"same name|already|unmerge it first|unhide it first"):
                self._index.graph.merge(name, into=into)
        else:
            assert len(self._index.graph.merge(name, into=into, reason="seen")) == 1
            wanted.aliases[key] = target

    @rule(name=names)
    def unmerge(self, name: str) -> None:
        there = self._wanted.aliases.pop(name.lower(), None)
        assert len(self._index.graph.unmerge(name)) == (there is not None)

    @rule(pair=st.lists(names, min_size=1, max_size=2, unique=True))
    def hide(self, pair: list[str]) -> None:
        self._index.graph.hide(pair if len(pair) == 1 else (), [] if len(pair) == 1 else [(pair[0], pair[1])])
        self._wanted.hidden.add(frozenset(name.lower() for name in pair))

    @precondition(lambda self: self._wanted.hidden)
    @rule(data=st.data())
    def unhide(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(sorted(map(sorted, self._wanted.hidden))))
        roots = sorted(self._wanted.root(key) for key in one)
        self._index.graph.unhide(one if len(one) == 1 else (), [] if len(one) == 1 else [(one[0], one[1])])
        self._wanted.hidden = {
            left for left in self._wanted.hidden
            if len(left) != len(one) or sorted(self._wanted.root(key) for key in left) != roots
        }  # fmt: skip

    @rule(name=names, kind=said, words=said)
    def override(self, name: str, kind: str | None, words: str | None) -> None:
        if (kind, words) == (None, None):
            with pytest.raises(InputError, match="neither type nor description"):
                self._index.graph.override(name)
            return
        self._index.graph.override(name, type=kind, description=words)
        root = self._wanted.root(name.lower())
        before = self._wanted.overrides.get(root, (None, None))
        self._named[root] = name
        self._wanted.overrides[root] = (before[0] if kind is None else kind, before[1] if words is None else words)

    @rule(name=names)
    def restore(self, name: str) -> None:
        root = self._wanted.root(name.lower())
        gone = [key for key in self._wanted.overrides if self._wanted.root(key) == root or self._named[key] == name]
        assert len(self._index.graph.restore(name)) == len(gone)
        for key in gone:
            del self._wanted.overrides[key]

    @rule()
    def compact(self) -> None:
        self._index.compact()

    @rule()
    def check(self) -> None:
        assert self._index.verify() == []
        with self._opened(f"{self._name} clean") as clean:
            clean.ingest([*self._documents.values()])
            clean.graph.add(relations=self._added)
            plain, (mentions, facts, by_hand) = clean.dump(), shown(self._dsn, clean.name)
            expected = applied(mentions, facts, self._wanted, by_hand)
            assert shown(self._dsn, self._name)[:2] == expected
            edits = self._index._live.run(self._edits)
            clean._live.run(lambda: self._edit(clean, edits))
            assert shown(self._dsn, clean.name)[:2] == expected
            assert clean.dump() == self._index.dump()
            assert clean.graph.export().text == self._index.graph.export().text
            # All taken back is as if nothing had ever been edited; all given again as before.
            self._index._live.run(lambda: self._edit(self._index, type(edits)()))
            assert (self._index.dump(), shown(self._dsn, self._name)[:2]) == (plain, (mentions, facts))
            assert self._index.verify() == []
            self._index._live.run(lambda: self._edit(self._index, edits))
            assert shown(self._dsn, self._name)[:2] == expected
            clean.drop()

    async def _edits(self):
        return await (await self._index._live.store()).edits()

    async def _edit(self, index: LightRAGIndex, edits):
        return await (await index._live.store()).edit(lambda _: edits)

    def teardown(self) -> None:
        try:
            self.check()
        finally:
            self._index.drop()
            self._index.close()


@pytest.mark.timeout(max(300, 20 * HISTORIES))
def test_any_history_of_edits_equals_edits_of_a_clean_build(external_server: PostgresServer) -> None:
    run_state_machine_as_test(
        lambda: EditHistories(external_server.dsn),
        settings=settings(
            max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )  # fmt: skip
