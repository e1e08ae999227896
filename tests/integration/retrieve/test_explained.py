"""`explain=True` in every mode: parts that add up, seeds, and steps that can be checked against the documents."""

from itertools import pairwise, product

import pytest

from lightrag_integrations import Document, LightRAGIndex, QueryOptions, RetrievalResult, WalkOptions
from lightrag_integrations.text.keys import normalise_name
from tests.doubles.words import vector
from tests.integration.retrieve.test_odd_questions import MODES, Triples, Vectors, corpus

ADDED = {"guard", "fill"}
QUESTION = "Whom did Ada meet in Larvik?"


@pytest.fixture
def documents() -> list[Document]:
    return corpus(3)


@pytest.fixture(params=["vectors", "words"])
def index(request: pytest.FixtureRequest, make_index, documents: list[Document]) -> LightRAGIndex:
    settings = {"embed_model": Vectors(), "extractor": Triples()} if request.param == "vectors" else {}
    made = make_index(**settings)
    made.ingest(documents)
    return made


def check_score(result: RetrievalResult) -> None:
    for hit in result.hits:
        parts = hit.evidence.parts
        assert parts
        assert abs(sum(parts.values()) - hit.score) < 1e-9
        assert sum(hit.evidence.shares.values()) == pytest.approx(1) or not any(parts.values())
        if parts.keys() - ADDED:
            assert 0 < sum(seed.part for seed in hit.evidence.seeds) <= 1 + 1e-6
            assert len(hit.evidence.seeds) == 10 or sum(seed.part for seed in hit.evidence.seeds) > 1 - 1e-6
        else:
            assert not hit.evidence.seeds and not hit.evidence.steps


def check_steps(result: RetrievalResult, texts: dict[str, str]) -> None:
    for hit in (hit for hit in result.hits if hit.evidence.steps):
        first = hit.evidence.steps[0]
        assert (first.kind, first.source) == ("seed", "")
        assert first.signal in hit.evidence.parts or "rerank" in hit.evidence.parts or "bridge" in hit.evidence.parts
        assert hit.evidence.steps[-1].target == hit.chunk_id
        assert hit.evidence.path == tuple(step.target for step in hit.evidence.steps)
        assert all(one.target == other.source for one, other in pairwise(hit.evidence.steps))
        for before, step in pairwise(hit.evidence.steps):
            text = texts[step.document_id][step.start : step.end]
            assert text
            if step.kind == "fact":
                assert {step.source, step.target} == {step.facts[0].source, step.facts[0].target}
                assert step.quote == text
            else:
                entity = step.source if before.target_kind == "entity" else step.target
                assert normalise_name(text) == normalise_name(entity) or step.kind == "title"


@pytest.mark.parametrize("mode", MODES)
def test_every_hit_is_explained(index: LightRAGIndex, documents: list[Document], mode: str) -> None:
    texts = {document.id: document.text for document in documents}
    walks = (WalkOptions(), WalkOptions(guard=0, chunk_restart=0.9), WalkOptions(guard=5, rounds=1, nodes_per_round=2))
    for k, seen, walk in product((4, 40), (None, {"even": True}), walks if mode == "mix" else walks[:1]):
        options = QueryOptions(mode=mode, k=k, filter=seen, walk=walk, explain=True)  # type: ignore[arg-type]
        result = index.retrieve(QUESTION, options=options)
        assert result.hits
        check_score(result)
        check_steps(result, texts)
        again = index.retrieve(QUESTION, options=options.model_copy(update={"explain": False}))
        assert [(hit.chunk_id, hit.score, hit.evidence.parts) for hit in again.hits] == [
            (hit.chunk_id, hit.score, hit.evidence.parts) for hit in result.hits
        ]
        assert not any(hit.evidence.steps or hit.evidence.seeds or hit.evidence.path for hit in again.hits)


@pytest.mark.parametrize("mode", MODES)
def test_reranked_hits_keep_their_path(index: LightRAGIndex, documents: list[Document], mode: str) -> None:
    result = index.retrieve(QUESTION, mode=mode, k=6, rerank=True, explain=True)
    assert all(hit.evidence.parts == {"rerank": hit.score} for hit in result.hits)
    assert any(hit.evidence.steps and hit.evidence.seeds for hit in result.hits)
    check_steps(result, {document.id: document.text for document in documents})
    assert "rerank 100%" in result.to_html().replace("<b>", "").replace("</b>", "")


@pytest.mark.parametrize("mode", MODES)
def test_a_question_of_the_caller_s_own_vector(make_index, mode: str) -> None:
    made = make_index(embed_model=Vectors(), extractor=Triples())
    made.ingest(corpus(4, 6))
    check_score(made.retrieve("met", mode=mode, k=6, explain=True, query_embedding=vector("Ada", 32)))
