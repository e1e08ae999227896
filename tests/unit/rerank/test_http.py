import asyncio
import logging
import pickle
import threading

import pytest
from pydantic import SecretStr

from lightrag_integrations.errors import ConfigurationError, InputError, ModelError
from lightrag_integrations.models import Hit
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.rerank.http import HTTPReranker
from tests.unit.rerank.conftest import Endpoint, ids

RESULTS = {
    "results": [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "…"}},
        {"index": 2, "relevance_score": 0.4},
        {"index": 0, "relevance_score": 0.1},
    ],
    "meta": {},
}


async def test_results_become_hits(endpoint: Endpoint, hits: list[Hit]) -> None:
    endpoint.answers = [(200, RESULTS)]
    reranker = HTTPReranker(f"{endpoint.url}/v1/", "m", api_key="secret-key")
    assert isinstance(reranker, Reranker)
    before = [hit.model_copy(deep=True) for hit in hits]
    found = await reranker.rerank("capital of France?", hits)
    assert [(hit.chunk_id, hit.score) for hit in found] == [("c1", 0.9), ("c2", 0.4), ("c0", 0.1)]
    assert [hit.evidence.parts for hit in found] == [{"rerank": hit.score} for hit in found]
    assert found[0].evidence.facts == hits[1].evidence.facts and found[0].metadata == {"n": 1}
    assert hits == before
    assert endpoint.paths == ["/v1/rerank"]
    assert endpoint.bodies == [{"query": "capital of France?", "documents": [f"Notes\n{hit.text}" for hit in hits],
                                "top_n": 4, "model": "m"}]  # fmt: skip
    assert endpoint.seen[0]["authorization"] == "Bearer secret-key"


async def test_a_bare_list_of_scores_is_read(endpoint: Endpoint, hits: list[Hit]) -> None:
    endpoint.answers = [(200, [{"index": 0, "score": -3.5}, {"index": 3, "score": 2.0}])]
    assert ids(await HTTPReranker(endpoint.url).rerank("q", hits)) == ["c3", "c0"]


async def test_an_endpoint_that_wants_texts_is_asked_again(endpoint: Endpoint, hits: list[Hit]) -> None:
    endpoint.answers = [
        (422, "Failed to deserialize the JSON body: missing field `texts`"),
        (200, [{"index": 2, "score": 1}]),
    ]
    assert ids(await HTTPReranker(endpoint.url).rerank("q", hits)) == ["c2"]
    assert endpoint.bodies[1]["texts"] == endpoint.bodies[0]["documents"]


async def test_top_n_is_strict(endpoint: Endpoint, hits: list[Hit]) -> None:
    endpoint.answers = [(200, RESULTS)]
    reranker = HTTPReranker(endpoint.url, top_n=2)
    assert ids(await reranker.rerank("q", hits)) == ["c1", "c2"]
    assert ids(await reranker.rerank("q", hits, top_n=1)) == ["c1"]
    assert [body["top_n"] for body in endpoint.bodies] == [2, 1]
    assert list(await reranker.rerank("q", hits, top_n=0)) == []
    assert list(await reranker.rerank("q", [])) == []
    assert len(endpoint.bodies) == 2
    with pytest.raises(InputError, match="top_n"):
        await reranker.rerank("q", hits, top_n=-1)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, "bad key"), "401"),
        ((200, "not json"), "something else than a list"),
        ((200, {"results": [{"index": 0}]}), "something else than a list"),
        ((200, {"nothing": 1}), "something else than a list"),
        ((200, 7), "something else than a list"),
        ((200, [{"index": 9, "score": 1.0}]), "index 9 for 4 hits"),
        ((200, [{"index": -1, "score": 1.0}]), "index -1"),
        ((200, '[{"index": 0, "score": NaN}]'), "score nan"),
    ],
)
async def test_bad_answers_are_model_errors(
    endpoint: Endpoint, hits: list[Hit], answer: tuple[int, object], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(ModelError, match=message):
        await HTTPReranker(endpoint.url).rerank("q", hits)
    with caplog.at_level(logging.WARNING, logger="lightrag_integrations.rerank"):
        kept = await HTTPReranker(endpoint.url, on_failure="keep_order").rerank("q", hits, top_n=3)
    assert list(kept) == hits[:3]
    assert message in caplog.text


async def test_passing_trouble_is_tried_again(endpoint: Endpoint, hits: list[Hit]) -> None:
    endpoint.headers = {"Retry-After": "0"}
    endpoint.answers = [(429, "slow down"), (503, "busy"), (200, RESULTS)]
    assert ids(await HTTPReranker(endpoint.url).rerank("q", hits)) == ["c1", "c2", "c0"]
    assert len(endpoint.bodies) == 3


async def test_no_server_is_a_model_error_without_the_key(hits: list[Hit]) -> None:
    reranker = HTTPReranker("http://127.0.0.1:9/rerank", api_key=SecretStr("secret-key"), attempts=1)
    with pytest.raises(ModelError, match=r"no answer from http://127\.0\.0\.1:9/rerank") as caught:
        await reranker.rerank("q", hits)
    assert caught.value.__cause__ is not None
    assert "secret-key" not in f"{caught.value!r} {reranker!r} {reranker.__dict__!r}"


def test_one_object_serves_several_loops(endpoint: Endpoint, hits: list[Hit]) -> None:
    endpoint.answers = [(200, RESULTS)]
    reranker = pickle.loads(pickle.dumps(HTTPReranker(endpoint.url)))
    found: list[list[str]] = []

    async def work() -> None:
        for done in await asyncio.gather(*(reranker.rerank("q", hits) for _ in range(5))):
            found.append(ids(done))

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["c1", "c2", "c0"]] * 15


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        HTTPReranker("api.example.com")
    with pytest.raises(ConfigurationError, match="on_failure"):
        HTTPReranker("http://x", on_failure="ignore")  # type: ignore[arg-type]


async def test_what_an_endpoint_quotes_is_not_logged(
    endpoint: Endpoint, hits: list[Hit], caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answers = [(400, f"cannot rank {hits[0].text!r}")]
    with pytest.raises(ModelError, match="400") as caught:
        await HTTPReranker(endpoint.url).rerank("q", hits)
    assert hits[0].text in caught.value.__notes__[0]
    await HTTPReranker(endpoint.url, on_failure="keep_order").rerank("q", hits)
    assert "400" in caplog.text and hits[0].text not in caplog.text
