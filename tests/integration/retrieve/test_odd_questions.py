"""Questions and indexes as users really have them: ties, odd characters, vectors of their own, other models' graphs."""

import itertools
import random
from collections.abc import Sequence

import pytest

from lightrag_integrations import (
    Chunk,
    Document,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
    HashEmbedder,
    InputError,
    LightRAGIndex,
    OpenAIChatModel,
    RetrievalResult,
    SchemaError,
)
from tests.doubles.words import names, sentences, vector

MODES = ("keyword", "vector", "naive", "local", "global", "hybrid", "graph", "mix")
GRAPH = ("local", "global", "hybrid", "graph", "mix")
PEOPLE = ("Ada", "Otto", "Edda", "Colin", "Roald", "Maria", "Ida")
PLACES = ("Larvik", "Brenn", "Hobart", "Dundee")


class Vectors:
    """Not called lexical: every mode uses them."""

    fingerprint = "words/32"

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        return [vector(text, 32) for text in texts]


class Triples:
    """As a model would: entities with types, statements that are no sentences of the text."""

    fingerprint = "triples"

    async def extract(self, chunk: Chunk) -> Extraction:
        found = [names(sentence) for sentence in sentences(chunk.text)]
        return Extraction(
            entities=[ExtractedEntity(name=name, type="thing", description=f"{name}: {chunk.text}")
                      for name in dict.fromkeys(itertools.chain(*found))],
            relations=[ExtractedRelation(source=a, target=b, keywords="met, knew", description=f"{a} met {b}")
                       for group in found for a, b in itertools.pairwise(group) if a != b],
        )  # fmt: skip


def corpus(seed: int, size: int = 40) -> list[Document]:
    """Few names and two lengths of text: nearly everything ties with something."""
    draw = random.Random(seed)
    return [
        Document(
            id=f"d{number:02}",
            title=draw.choice((*PEOPLE, "")),
            text=" ".join(
                f"{draw.choice(PEOPLE)} met {draw.choice(PEOPLE)} in {draw.choice(PLACES)}."
                for _ in range(draw.randint(1, 2))
            ),
            metadata={"even": number % 2 == 0},
        )
        for number in range(size)
    ]


def shown(result: RetrievalResult) -> str:
    return result.model_dump_json()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("embedder", [Vectors, HashEmbedder])
def test_ties_fall_the_same_way_after_any_history(make_index, seed: int, embedder: type) -> None:
    documents = corpus(seed)
    straight, crooked = (make_index(embed_model=embedder(), extractor=Triples()) for _ in range(2))
    straight.ingest(documents)
    shuffled = random.Random(seed).sample(documents, len(documents))
    crooked.ingest(Document(id=document.id, text="Larvik met Ada in Ida.") for document in shuffled[:15])
    crooked.ingest(Document(id=f"gone-{n}", text="Ada met Otto in Larvik.") for n in range(9))
    crooked.documents.delete([f"gone-{n}" for n in range(9)] + [shuffled[3].id])
    crooked.compact()
    for document in shuffled:
        crooked.ingest(document)
    assert crooked.dump() == straight.dump()
    for mode, question, k in itertools.product(MODES, ("Whom did Ada meet in Larvik?", "met", "nothing"), (3, 10)):
        for seen in (None, {"even": True}):
            options = {"mode": mode, "k": k, "explain": True, "context": True, "filter": seen, "seeds": 7}
            assert shown(crooked.retrieve(question, **options)) == shown(straight.retrieve(question, **options)), mode


def test_keyword_orders_ties_by_document(make_index) -> None:
    index = make_index()
    order = random.Random(1).sample(range(30), 30)
    index.ingest(Document(id=f"d{n:02}", text=f"pilot number{n:02}") for n in order)
    hits = index.retrieve("pilot", mode="keyword", k=12).hits
    assert [hit.document_id for hit in hits] == [f"d{n:02}" for n in range(12)]
    assert len({hit.score for hit in hits}) == 1


@pytest.fixture
def index(make_index) -> LightRAGIndex:
    made = make_index(embed_model=Vectors(), extractor=Triples())
    made.ingest(corpus(5))
    return made


@pytest.mark.parametrize("mode", MODES)
def test_characters_that_cannot_be_stored(index: LightRAGIndex, mode: str) -> None:
    plain = index.retrieve("Whom did Ada  meet?", mode=mode, k=5)
    odd = index.retrieve("Whom did\x00Ada \x00meet?\x00", mode=mode, k=5)
    assert len(odd.hits) == len(plain.hits) == 5
    assert len(index.retrieve("Ada \ud800 meets \U0001f980 %s {x} '; \\ $1", mode=mode, k=5).hits) == 5


@pytest.mark.parametrize("question", ["", "   ", "\x00"])
def test_no_question(index: LightRAGIndex, question: str) -> None:
    with pytest.raises(InputError, match="expected a question"):
        index.retrieve(question)
    assert len(index.retrieve(question, mode="vector", k=3, query_embedding=vector("Ada", 32)).hits) == 3


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "keyword"])
def test_a_vector_of_the_caller(index: LightRAGIndex, mode: str) -> None:
    question = "Whom did Ada meet?"
    given = index.retrieve(question, mode=mode, query_embedding=vector(question, 32), explain=True)
    assert shown(given) == shown(index.retrieve(question, mode=mode, explain=True))


def test_a_vector_of_another_size(index: LightRAGIndex) -> None:
    with pytest.raises(SchemaError, match="dimension 3"):
        index.retrieve("Ada", query_embedding=[1.0, 0.0, 0.0])
    assert len(index.retrieve("Ada", query_embedding=[0.0] * 32, k=4).hits) == 4


@pytest.mark.parametrize("mode", GRAPH)
def test_paths_lead_from_a_seed_to_the_chunk(index: LightRAGIndex, mode: str) -> None:
    result = index.retrieve("Whom did Ada meet in Larvik?", mode=mode, k=12, explain=True)
    chunk_ids = {chunk.chunk_id for chunk in index.retrieve("Ada", mode="vector", k=40).hits}
    for hit in result.hits:
        if hit.evidence.parts.keys() == {"fill"}:
            assert hit.evidence.path == ()
            continue
        path = hit.evidence.path
        assert path[-1] == hit.chunk_id
        assert all(step in chunk_ids or step in (*PEOPLE, *PLACES) for step in path)
        assert hit.evidence.facts
        assert hit.evidence.entities


@pytest.mark.parametrize("mode", GRAPH)
def test_relations_are_bounded_and_whole(index: LightRAGIndex, mode: str) -> None:
    for seeds in (1, 4, 40):
        result = index.retrieve("Whom did Ada meet in Larvik?", mode=mode, k=10, seeds=seeds)
        pairs = [frozenset((relation.source, relation.target)) for relation in result.relations]
        assert 1 <= len(pairs) <= seeds
        assert len(set(pairs)) == len(pairs)
        for relation in result.relations:
            assert relation.weight == sum(fact.weight for fact in relation.facts)
            assert {relation.source, relation.target} == {relation.facts[0].source, relation.facts[0].target}
    if mode in ("graph", "mix"):
        told = {fact.chunk_id for relation in result.relations for fact in relation.facts}
        assert {hit.chunk_id for hit in result.hits[:3]} <= told


async def test_answers_from_a_loop(make_index, openai_server) -> None:
    index = make_index(llm=OpenAIChatModel("double", base_url=openai_server.url, api_key="k"), embed_model=Vectors())
    await index.aingest(corpus(6, 8))
    whole = await index.aanswer("Whom did Ada meet?", k=2, mode="hybrid")
    assert whole.citations
    assert {citation.number for citation in whole.citations} <= {1, 2}
    openai_server.script("Whom did Ada meet?", "Otto [2], surely [7]. " + "[1]" * 3)
    scripted = await index.aanswer("Whom did Ada meet?", k=2)
    assert [citation.number for citation in scripted.citations] == [2, 1]
    assert [citation.chunk_id for citation in scripted.citations] == [
        scripted.retrieval.hits[1].chunk_id, scripted.retrieval.hits[0].chunk_id,
    ]  # fmt: skip
    odd = await index.aanswer("Whom did Ada meet?", history=[("user", "a\x00b\ud800")], user_prompt="\ud800")
    assert odd.text == scripted.text
