import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core.schema import Document as LlamaDocument
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Document
from lightrag_integrations.providers.adopt import adopt_document, adopt_documents


def node(number: int, document: str | None, **fields: object) -> TextNode:
    made = TextNode(id_=f"n{number}", text=f"text {number}", **fields)
    if document is not None:
        made.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=document)
    return made


def test_text_and_ours() -> None:
    ours = Document(id="d", text="t")
    assert adopt_document("some text") == Document(text="some text")
    assert adopt_document(ours) is ours


def test_langchain() -> None:
    theirs = LangChainDocument("body", id="7", metadata={"title": "T", "source": "a.txt", "tags": ["x"]})
    document = adopt_document(theirs)
    assert document == Document(
        text="body", id="7", title="T", source="a.txt", metadata={"title": "T", "source": "a.txt", "tags": ["x"]}
    )
    document.metadata["tags"].append("y")
    assert theirs.metadata["tags"] == ["x"]
    assert adopt_document(LangChainDocument("body", metadata={"title": 3})) == Document(
        text="body", metadata={"title": 3}
    )


def test_llama_index_document() -> None:
    theirs = LlamaDocument(text="body", id_="d1", metadata={"file_path": "/a/b.txt", "year": 2020})
    assert adopt_document(theirs) == Document(
        text="body", id="d1", source="/a/b.txt", metadata={"file_path": "/a/b.txt", "year": 2020}
    )


def test_a_llama_index_node_is_a_chunk_of_its_document() -> None:
    theirs = node(1, "d1", metadata={"title": "T", "page": 2}, start_char_idx=5, end_char_idx=11, embedding=[0.5, 1.0])
    document = adopt_document(theirs)
    [chunk] = document.chunks
    assert (document.id, document.text, document.title, document.metadata) == ("d1", "", "T", {})
    assert (chunk.id, chunk.document_id, chunk.text, chunk.title) == ("n1", "d1", "text 1", "T")
    assert (chunk.start, chunk.end, chunk.embedding) == (5, 11, (0.5, 1.0))
    assert chunk.metadata == {"title": "T", "page": 2}


def test_a_node_of_no_document_is_one() -> None:
    document = adopt_document(node(1, None))
    assert (document.id, document.chunks[0].id, document.chunks[0].document_id) == ("n1", "n1", "n1")


def test_nodes_of_one_document_come_together_in_order() -> None:
    inputs = (thing for thing in [node(1, "a"), "plain", node(2, "b"), NodeWithScore(node=node(3, "a"), score=0.5)])
    documents = adopt_documents(inputs)
    assert [document.id for document in documents] == ["a", "", "b"]
    assert [(chunk.id, chunk.position) for chunk in documents[0].chunks] == [("n1", 0), ("n3", 1)]


def test_one_thing_or_many_or_none() -> None:
    assert adopt_documents("text") == [Document(text="text")]
    assert adopt_documents(["text", LangChainDocument("body")]) == [Document(text="text"), Document(text="body")]
    assert adopt_documents([]) == []
    assert [document.id for document in adopt_documents([Document(id="x"), Document(id="x")])] == ["x", "x"]


@pytest.mark.parametrize("thing", [None, 7, object(), {"text": "x"}, Document, LangChainDocument])
def test_what_is_no_document(thing: object) -> None:
    with pytest.raises(InputError, match=r"^got .*expected text, a Document"):
        adopt_document(thing)
    with pytest.raises(InputError, match=r"^got .*expected text, a Document"):
        adopt_documents(thing)


def test_every_bad_item_is_named() -> None:
    with pytest.raises(
        InputError, match=r"2 unusable inputs: item 1: got bytes \(decode it first\); item 3: got int"
    ) as caught:
        adopt_documents(["fine", b"raw", "fine", 7])
    assert len(caught.value.problems) == 2
    with pytest.raises(InputError, match="decode it first"):
        adopt_documents(b"raw")
