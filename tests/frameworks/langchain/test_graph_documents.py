"""Graph documents of other packages in, and out in their classes."""

import json
from datetime import date
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.load.serializable import Serializable

from lightrag_integrations import Document as OurDocument
from lightrag_integrations import InputError, LightRAGIndex
from lightrag_integrations.langchain import LightRAGIngestor, LightRAGRetriever, LightRAGVectorStore
from lightrag_integrations.langchain.graph_documents import (
    GraphDocument,
    Node,
    Relationship,
    one_chunk_for_each_source,
)
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat


class TheirNode(Serializable):
    """As in langchain-neo4j and langchain-community."""

    id: str | int
    type: str = "Node"
    properties: dict = {}  # noqa: RUF012 - pydantic copies it


class TheirRelationship(Serializable):
    source: TheirNode
    target: TheirNode
    type: str
    properties: dict = {}  # noqa: RUF012


class TheirGraphDocument(Serializable):
    nodes: list[TheirNode]
    relationships: list[TheirRelationship]
    source: Document | None = None


THEIRS = (TheirGraphDocument, TheirNode, TheirRelationship)
OURS = (GraphDocument, Node, Relationship)


def made(classes: Any = THEIRS) -> list[Any]:
    document, node, relationship = classes
    mira = node(id="Mira Halden", type="Person", properties={"description": "An engineer.", "born": 1931})
    bridge, seven = node(id="Corvane Bridge"), node(id=7, type="Pier")
    designed = relationship(source=mira, target=bridge, type="DESIGNED_BY_HAND", properties={"weight": 2.5})
    stands = relationship(source=bridge, target=seven, type="ON", properties={"description": "It stands on pier 7."})
    itself = relationship(source=mira, target=mira, type="KNOWS")
    first = Document("She drew it.", id="c1", metadata={"source": "a.txt", "tenant": "north"})
    second = Document("It has piers.", metadata={"source": "b.txt", "tenant": "south"})
    return [
        document(nodes=[mira, bridge], relationships=[designed, itself], source=first),
        document(nodes=[], relationships=[stands], source=second),
        document(nodes=[node(id="Otto Varga", type="Person")], relationships=[], source=first),
    ]


@pytest.mark.parametrize("classes", [THEIRS, OURS])
async def test_what_a_graph_document_says_is_said_by_its_source(make_index: MakeIndex, classes: Any) -> None:
    chat = WordChat()
    store = LightRAGVectorStore(index=make_index(llm=chat))
    given = made(classes)
    ids = store.add_graph_documents(given)
    assert ids[0] == ids[2] == "c1" and len(set(ids)) == 2 and chat.kinds == []
    assert given == made(classes)
    assert store.get_by_ids(["c1"]) == [given[0].source]
    graph = store.index.graph
    mira, relation = graph.entity("Mira Halden"), graph.relation("Mira Halden", "Corvane Bridge")
    assert mira is not None and (mira.type, mira.description) == ("Person", "An engineer.")
    assert graph.nodes(["Mira Halden"])[0].properties == {"description": "An engineer.", "born": 1931}
    assert relation is not None and relation.facts[0].chunk_id == "c1"
    assert (relation.keywords, relation.weight, relation.description) == (
        ("designed by hand",), 2.5, "Mira Halden designed by hand Corvane Bridge",
    )  # fmt: skip
    stands = graph.relation("Corvane Bridge", "7")
    assert stands is not None and stands.description == "It stands on pier 7."
    assert graph.entity("Otto Varga") is not None and graph.entity("Corvane Bridge", filter={"tenant": "south"})
    found = LightRAGRetriever(index=store.index, mode="graph", k=1).invoke("Who designed what stands on pier 7?")
    assert found[0].id in ids

    before = store.index.dump()
    assert await store.aadd_graph_documents(given) == ids
    assert store.index.dump() == before
    store.delete(["c1"])
    assert graph.entity("Mira Halden") is None and graph.entity("Corvane Bridge") is not None
    assert store.index.verify() == []


async def test_what_goes_out_comes_in_again(make_index: MakeIndex) -> None:
    first = LightRAGVectorStore(index=make_index(llm=WordChat()), build_graph=True)
    texts = ["Mira Halden designed the Corvane Bridge.", "Mira Halden studied with Edda Quill.", "nothing to tell"]
    first.add_texts(texts, [{"n": n} for n in range(3)], ids=["a", "b", "c"])
    out = first.get_graph_documents()
    assert [one.source for one in out] == first.get_by_ids(["a", "b", "c"])
    assert out[2].nodes == out[2].relationships == []
    assert all(link.type and link.properties["keywords"] for one in out for link in one.relationships)

    second = LightRAGVectorStore(index=make_index())
    second.add_graph_documents(first.get_graph_documents(classes=THEIRS))
    assert second.get_graph_documents() == out

    def graph(store: LightRAGVectorStore) -> Any:
        export = json.loads(store.index.graph.export().text)
        for relation in export["relations"]:
            for fact in relation["facts"]:
                for name in ("start", "end", "label", "properties"):
                    fact.pop(name, None)
        return export["entities"], export["relations"]

    assert graph(second) == graph(first)
    theirs = await second.aget_graph_documents(["b", "x", "a", "b"], filter={"n": {"$lt": 5}}, classes=THEIRS)
    assert [type(one) for one in theirs] == [TheirGraphDocument] * 2
    assert [one.source.id for one in theirs] == ["b", "a"]
    assert second.get_graph_documents(["a"], filter={"n": 1}) == second.get_graph_documents([]) == []


def test_properties_come_back_as_they_were_given(index: LightRAGIndex) -> None:
    crew = {"length_m": 14, "crew": ["Otto Varga", None], "launched": date(1931, 5, 2), "title": True, "weight": "9 t"}
    boat, varga = Node("Tern", "Boat", crew), Node("Otto Varga", "Person")
    sails = Relationship(varga, boat, "Sails-on", {"since": 1931, "weight": 2, "keywords": "crew, sea"})
    likes = Relationship(varga, boat, "LIKES")
    source = Document("Otto Varga sails.", id="c1", metadata={"title": "TERN"})
    LightRAGVectorStore(index=index).add_graph_documents([GraphDocument([boat, varga], [sails, likes], source)])
    (found,) = LightRAGVectorStore(index=index).get_graph_documents()
    boat.properties["launched"] = "1931-05-02"
    assert sorted(found.nodes, key=lambda node: node.id) == [varga, boat]
    assert (found.relationships, found.source) == ([sails, likes], source)
    tern = index.graph.entity("Tern")
    assert tern is not None and tern.description == ""
    labels = {one.label: one.properties for one in index.graph.triples(["Tern"])}
    assert labels == {"Sails-on": sails.properties, "LIKES": {}}

    LightRAGVectorStore(index=index).add_graph_documents([GraphDocument([boat], [likes])], include_source=False)
    (said,) = [hit.text for hit in index.documents.chunks() if hit.chunk_id != "c1"]
    assert "\nTern: Boat; length_m: 14; crew: " in said and said.endswith("; weight: 9 t\nOtto Varga likes Tern")


def test_what_names_alone_tell_has_no_flags_among_its_properties(index: LightRAGIndex) -> None:
    index.ingest(OurDocument(text="Mira Halden drew the Corvane Bridge.", title="Corvane Bridge"))
    (found,) = LightRAGVectorStore(index=index).get_graph_documents()
    assert {node.id: node.properties for node in found.nodes} == {"Corvane Bridge": {}, "Mira Halden": {}}
    (link,) = found.relationships
    assert link.properties == {"description": "Mira Halden drew the Corvane Bridge.", "weight": 1.0}


def test_without_the_sources_texts(index: LightRAGIndex) -> None:
    store = LightRAGVectorStore(index=index)
    bare = [one.model_copy(update={"source": None}) for one in made()[:2]]
    with pytest.raises(InputError, match=r"graph_documents\[0\]: has no source"):
        store.add_graph_documents(bare)
    nothing = GraphDocument(nodes=[], relationships=[])
    ids = store.add_graph_documents([*made(), nothing, *bare], include_source=False)
    assert ids[0] == ids[2] == "graph:c1" and len(set(ids)) == 4 and len(ids) == 5
    (told,) = store.get_by_ids(["graph:c1"])
    assert told.page_content.startswith("Mira Halden: An engineer.") and "She drew it" not in told.page_content
    assert told.metadata == {"source": "a.txt", "tenant": "north"}
    mira = index.graph.entity("Mira Halden")
    assert mira is not None and mira.mentions == 2


async def test_the_ingestor_takes_them_among_documents(make_index: MakeIndex) -> None:
    chat = WordChat()
    index = make_index(llm=chat)
    document = Document("Edda Quill founded the Tarn Institute.", id="d")
    report = await LightRAGIngestor(index=index).ainvoke([made()[0], document, made()[1]])
    assert (report.documents, report.chunks, chat.kinds) == (3, 3, ["extract"])
    assert LightRAGIngestor(index=index).invoke(made()[0]).unchanged == 1  # type: ignore[arg-type]
    mixed = [*made()[:1], document]
    assert await LightRAGIngestor(index=index).atransform_documents(mixed) == mixed
    assert index.graph.relation("Mira Halden", "Corvane Bridge") is not None
    assert index.graph.entity("Edda Quill") is not None


def test_what_is_no_graph_document_is_refused(index: LightRAGIndex) -> None:
    store = LightRAGVectorStore(index=index)
    with pytest.raises(InputError, match=r"graph_documents\[1\]: got Document; expected nodes"):
        store.add_graph_documents([*made()[:1], Document("text")])
    with pytest.raises(InputError, match="got 'a'; expected a list"):
        store.get_graph_documents("a")
    assert index.status().documents == 0


def test_keywords_are_words() -> None:
    def keywords(kind: str, **properties: Any) -> list[str]:
        link = Relationship(Node("Mira Halden"), Node("Corvane Bridge"), kind, properties)
        _, (document,) = one_chunk_for_each_source([GraphDocument([], [link])], include_source=False)
        graph = (document.chunks or ())[0].graph
        assert graph is not None
        return list(graph.relations[0].keywords)

    assert keywords("DREW_UP", keywords="a,, b ,") == ["a", "b"]
    assert keywords("DREW_UP", keywords=["", "a", None, 3]) == ["a", "3"]
    assert keywords("DREW_UP", keywords=[" ", None]) == keywords("DREW_UP") == ["drew up"]
    assert keywords("RELATED_TO", keywords=[""]) == []
