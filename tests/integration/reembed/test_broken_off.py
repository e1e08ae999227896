"""A change of the model that is broken off - cancelled, killed, refused by the model - goes on where it was."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lightrag_integrations import LightRAGIndex, ModelError, StorageError
from lightrag_integrations.contributions import Usage
from tests.integration.cli.running import clean_environment
from tests.integration.handle.conftest import MakeIndex
from tests.integration.reembed.making import BATCH, Words, answers, documents, lines, settings, stored_vectors

_WORKER = """
import json, sys
from pathlib import Path
from lightrag_integrations import LightRAGIndex
from tests.integration.reembed.making import Words, settings

name, dsn, told = sys.argv[1:]
def tell(texts):
    with Path(told).open("a") as file:
        file.write(json.dumps(list(texts)) + "\\n")
new = Words("new", 96, delay_s=0.05)
new.before = tell
LightRAGIndex(name, database=dsn, **settings(Words("old", 64))).reembed(new)
"""


def missing(index: LightRAGIndex) -> int:
    state = index.status().reembedding
    assert state is not None
    return state.of - state.done


async def ledger(index: LightRAGIndex) -> Sequence[Usage]:
    return await (await index._live.store()).ledger()


def test_a_killed_process_leaves_its_vectors(make_index: MakeIndex, dsn: str, tmp_path: Path) -> None:
    index = make_index(**settings(Words("old", 64)))
    index.ingest(documents(10))
    before, told = answers(index), tmp_path / "told"
    arguments = [sys.executable, "-c", _WORKER, index.name, dsn, str(told)]
    with subprocess.Popen(arguments, env=clean_environment()) as worker:
        deadline = time.monotonic() + 60
        while len(lines(told)) < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)
    paid = [text for batch in lines(told) for text in batch]
    assert answers(index) == before and index.verify() == []
    state = index.status().reembedding
    assert state is not None and (state.model, state.dimension) == ("new/96", 96) and 0 < state.done < state.of
    new = Words("new", 96)
    report = index.reembed(new)
    vectors = stored_vectors(index, dsn)
    assert report.chunks + report.entities + report.facts == len(vectors) - state.done
    # One call was in flight; a text of several facts may stand on both sides of the break.
    distinct = len({*paid, *new.asked})
    assert len(paid) + len(new.asked) <= distinct + 2 * BATCH
    assert index.status().reembedding is None and index.verify() == []
    clean = make_index(**settings(Words("new", 96)))
    clean.ingest(documents(10))
    assert vectors == stored_vectors(clean, dsn)


async def test_cancelled_refused_and_with_other_models(make_index: MakeIndex, dsn: str) -> None:
    old = Words("old", 64)
    index = make_index(**settings(old))
    await index.aingest(documents(6))
    before = await asyncio.to_thread(answers, index)
    new = Words("new", 96, delay_s=0.01)
    started = asyncio.create_task(index.areembed(new))
    while len(new.asked) < 4 * BATCH:
        await asyncio.sleep(0.005)
    started.cancel()
    with pytest.raises(asyncio.CancelledError):
        await started
    assert await asyncio.to_thread(answers, index) == before

    def away(texts: Sequence[str]) -> None:
        raise ModelError("the endpoint is on holiday", retryable=True)

    new.before = away
    left = await asyncio.to_thread(missing, index)
    with pytest.raises(ModelError, match=r"stopped at .* on holiday.*go on from here"):
        await index.areembed(new)

    def picky(texts: Sequence[str]) -> None:
        if any(text.startswith("Nansen 0\n") for text in texts):
            raise ModelError("that is no text for me")

    other = Words("other", 32)
    other.before = picky
    with pytest.raises(ModelError, match=r"refuses 1 texts \(chunk 'Nansen 0', …\): that is no text for me"):
        await index.areembed(other)
    # Another model begins anew; all but the one text is there.
    state = (await index.astatus()).reembedding
    assert state is not None and state.model == "other/32" and state.of - state.done == 1 < left
    assert await asyncio.to_thread(answers, index) == before and await index.averify() == []
    assert (await index.areembed(old)).rounds == 0
    assert (await index.astatus()).reembedding is None
    new.before, asked = None, len(new.asked)
    report = await index.areembed(new)
    assert report.chunks + report.entities + report.facts == len(stored_vectors(index, dsn)) >= len(new.asked) - asked
    assert (await index.areembed(new)).rounds == 0 and (await index.areembed()).rounds == 0
    usages = [one for one in await index._live.arun(lambda: ledger(index)) if one.model == "new/96"]
    assert sum(usage.calls for usage in usages) >= report.embedding_calls > 0


def test_another_call_with_another_model_ends_this_one(make_index: MakeIndex) -> None:
    index = make_index(**settings(Words("old", 64)))
    index.ingest(documents(4))
    rival = make_index(index.name, **settings(Words("old", 64)))
    new, other = Words("new", 96), Words("other", 64)

    def overtaken(texts: Sequence[str]) -> None:
        if len(new.asked) > 2 * BATCH and not other.asked:
            other.before = lambda texts: None if len(other.asked) <= 2 * BATCH else interrupted()
            with pytest.raises(ModelError):
                rival.reembed(other)

    def interrupted() -> None:
        raise ModelError("away", retryable=True)

    new.before = overtaken
    with pytest.raises(StorageError, match="'new/96' was given up: another call began with 'other/64'"):
        index.reembed(new)
    assert index.describe()["embed_model"] == "old/64" and index.verify() == []
