import logging
import pickle
import sys
import threading
from pathlib import Path

import pytest

from lightrag_integrations.errors import ConfigurationError, MissingDependency, ModelError
from lightrag_integrations.models import Hit
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.rerank.cross_encoder import CrossEncoderReranker
from tests.unit.rerank.conftest import ids


class SharedWords:
    """Scores pairs by the words they share: the interface of sentence-transformers."""

    def __init__(self) -> None:
        self.threads: set[str] = set()

    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        self.threads.add(threading.current_thread().name)
        return [float(len(set(question.lower().split()) & set(text.lower().split()))) for question, text in pairs]


class Scorer:
    """The interface of LangChain's cross-encoders."""

    def score(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float(len(text)) for _, text in pairs]


class Broken:
    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        raise RuntimeError("out of memory")


class Short:
    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [1.0]


async def test_an_object_that_predicts(hits: list[Hit]) -> None:
    model = SharedWords()
    reranker = CrossEncoderReranker(model)
    assert isinstance(reranker, Reranker)
    assert ids(await reranker.rerank("the capital of france", hits, top_n=2)) == ["c1", "c2"]
    assert threading.current_thread().name not in model.threads


async def test_an_object_that_scores(hits: list[Hit]) -> None:
    assert ids(await CrossEncoderReranker(Scorer(), top_n=1).rerank("q", hits)) == ["c1"]
    assert list(await CrossEncoderReranker(Scorer()).rerank("q", [])) == []


@pytest.mark.parametrize(("model", "message"), [(Broken(), "out of memory"), (Short(), "1 scores for 4 pairs")])
async def test_failure_follows_the_policy(
    model: object, message: str, hits: list[Hit], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ModelError, match=message):
        await CrossEncoderReranker(model).rerank("q", hits)
    with caplog.at_level(logging.WARNING, logger="lightrag_integrations.rerank"):
        assert list(await CrossEncoderReranker(model, on_failure="keep_order").rerank("q", hits, top_n=2)) == hits[:2]
    assert message in caplog.text


async def test_a_missing_package_is_named(hits: list[Hit], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingDependency, match="lightrag-integrations\\[sentence-transformers\\]"):
        await CrossEncoderReranker(tmp_path, on_failure="keep_order").rerank("q", hits)


def test_other_objects_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="predict"):
        CrossEncoderReranker(object())


def test_it_can_be_pickled() -> None:
    reranker = pickle.loads(pickle.dumps(CrossEncoderReranker("folder/model", top_n=3, on_failure="keep_order")))
    assert (reranker.model, reranker.top_n, reranker.on_failure) == ("folder/model", 3, "keep_order")
