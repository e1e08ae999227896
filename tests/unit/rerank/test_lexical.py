import math

import pytest
from rank_bm25 import BM25Okapi

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Hit
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.rerank.lexical import LexicalReranker
from lightrag_integrations.text.terms import terms
from tests.unit.rerank.conftest import ids


async def test_words_decide(hits: list[Hit]) -> None:
    reranker = LexicalReranker()
    assert isinstance(reranker, Reranker)
    before = [hit.model_copy(deep=True) for hit in hits]
    found = await reranker.rerank("What is the capital of France?", hits)
    assert ids(found) == ["c1", "c2", "c0", "c3"]
    assert found[0].score > found[1].score > found[2].score == found[3].score == 0.0
    assert found[0].evidence.parts == {"rerank": found[0].score}
    assert found[0].evidence.path == hits[1].evidence.path
    assert hits == before


async def test_scores_are_okapis_but_for_the_idf(hits: list[Hit]) -> None:
    corpus = [terms(f"{hit.title}\n{hit.text}") for hit in hits]
    reference = BM25Okapi(corpus)
    counts = {term: sum(term in words for words in corpus) for words in corpus for term in words}
    reference.idf = {term: math.log(1 + (4 - count + 0.5) / (count + 0.5)) for term, count in counts.items()}
    expected = reference.get_scores(terms("notes on France and bananas"))
    found = await LexicalReranker().rerank("notes on France and bananas", hits)
    assert {hit.chunk_id: hit.score for hit in found} == pytest.approx(dict(zip(ids(hits), expected, strict=True)))


async def test_a_term_in_every_hit_still_counts(hits: list[Hit]) -> None:
    assert all(hit.score > 0 for hit in await LexicalReranker().rerank("notes", hits))


async def test_top_n_is_strict(hits: list[Hit]) -> None:
    assert ids(await LexicalReranker().rerank("France", hits, top_n=1)) in (["c1"], ["c2"])
    assert list(await LexicalReranker().rerank("France", hits, top_n=0)) == []
    assert len(await LexicalReranker().rerank("France", hits, top_n=99)) == 4
    with pytest.raises(InputError):
        await LexicalReranker().rerank("France", hits, top_n=-1)


async def test_nothing_to_go_by_keeps_the_order(hits: list[Hit]) -> None:
    assert list(await LexicalReranker().rerank("q", [])) == []
    assert ids(await LexicalReranker().rerank("", hits)) == ids(hits)
    blank = [hit.model_copy(update={"text": "?!", "title": ""}) for hit in hits]
    assert ids(await LexicalReranker().rerank("France", blank)) == ids(hits)


async def test_chinese(hits: list[Hit]) -> None:
    chinese = [
        hits[0].model_copy(update={"text": "香蕉是黄色的。"}),
        hits[1].model_copy(update={"text": "巴黎是法国首都。"}),
    ]
    assert ids(await LexicalReranker().rerank("法国的首都", chinese, top_n=1)) == ["c1"]
