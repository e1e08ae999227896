import math
from enum import Enum

import pytest

from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.accept import derived_id, validate_documents
from lightrag_integrations.ingest.check import plain_json, same_json
from lightrag_integrations.models import Chunk, Document, ExtractedEntity, Extraction
from lightrag_integrations.options import IngestOptions

RAISE = IngestOptions()
SKIP = IngestOptions(on_invalid="skip")


def chunk(chunk_id: str = "c", text: str = "text", **fields: object) -> Chunk:
    return Chunk(id=chunk_id, document_id="", text=text, **fields)


BAD = [
    (Document(id="b"), "text is empty"),
    (Document(id="b", text=" \n\t"), "text is empty"),
    (Document(id="b", text="a\x00b"), "NUL character at 1"),
    (Document(id="b\x00", text="a"), "id holds a NUL"),
    (Document(id="b", text="a", title="\x00"), "title holds"),
    (Document(id="b", text="a", source="\x00"), "source holds"),
    (Document.model_construct(id="b", text="\ud800", title="", source="", metadata={}, chunks=None), "lone surrogate"),
    (Document.model_construct(id="b", text=7, title="", source="", metadata={}, chunks=None), "text is int"),
    (Document.model_construct(id="b", text="a", title="", source="", metadata=[], chunks=None), "metadata is list"),
    (Document(id="b" * 1025, text="a"), "at most 1024 bytes"),
    (Document(id="ü" * 600, text="a"), "at most 1024 bytes"),
    (Document(id="b", text="a", metadata={"x": math.nan}), "metadata['x'] is nan"),
    (Document(id="b", text="a", metadata={"x": [1, {"y": math.inf}]}), "metadata['x'][1]['y'] is inf"),
    (Document.model_construct(id="b", text="a", title="", source="", metadata={1: 2}, chunks=None), "the key 1"),
    (Document(id="b", text="a", metadata={"x": {1, 2}}), "is set, which is no JSON value"),
    (Document(id="b", text="a", metadata={"x": object()}), "is object, which is no JSON value"),
    (Document(id="b", text="a", metadata={"x": "\x00"}), "metadata['x'] holds a NUL"),
    (Document(id="b", text="a", metadata={"\x00": 1}), "a key of metadata holds"),
    (Document(id="b", text="a", metadata={"x": "\udc00"}), "lone surrogate"),
    (Document(id="b", text="a", metadata={"x": 1 << 2000}), "2001 bits"),
    (Document(id="b", chunks=()), "chunks is empty"),
    (Document(id="b", chunks=(chunk(text=" "),)), "chunk 0: text is empty"),
    (Document(id="b", chunks=(chunk(), chunk(text="other"))), "the chunk id 'c' occurs twice"),
    (Document(id="b", chunks=(Chunk(id="c", document_id="other", text="a"),)), "document_id is 'other'"),
    (Document(id="b", chunks=(chunk(position=2**31),)), "position is 2147483648; expected a whole number from 0"),
    (Document(id="b", chunks=(chunk(start=-1),)), "start is -1"),
    (Document(id="b", chunks=(chunk(end=2**31),)), "end is"),
    (Document(id="b", chunks=(chunk(token_count=2**40),)), "token_count is"),
    (Document(id="b", chunks=(chunk(embedding=(1.0, math.nan)),)), "embedding holds NaN"),
    (Document(id="b", chunks=(chunk(embedding=()),)), "embedding has no values"),
    (Document(id="b", chunks=(chunk(embedding=(1.0,)), chunk("d", embedding=(1.0, 2.0)))), "2 values"),
    (Document(id="b", chunks=(chunk(metadata={"x": math.nan}),)), "metadata['x'] is nan"),
    (
        Document(id="b", chunks=(chunk(extraction=Extraction(entities=[ExtractedEntity(name="\x00")])),)),
        "an entity's text holds a NUL",
    ),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_document_refuses_the_whole_call_with_its_reason(bad: Document, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        validate_documents([Document(id="good", text="fine"), bad], RAISE)
    assert len(caught.value.problems) == 1
    assert reason in caught.value.problems[0]
    assert caught.value.problems[0].startswith("document 1")


def test_every_bad_item_is_named() -> None:
    bad = [document for document, _ in BAD]
    with pytest.raises(InputError) as caught:
        validate_documents(bad, RAISE)
    assert {problem.split(":")[0].split(" (")[0] for problem in caught.value.problems} == {
        f"document {place}" for place in range(len(bad))
    }


def test_skip_keeps_the_good_ones_and_reports_the_others() -> None:
    documents = [Document(id="a", text="one"), Document(id="bad", text=" "), Document(id="a", text="two"), "text"]
    checked = validate_documents(documents, SKIP)  # type: ignore[list-item]
    assert [document.text for document in checked.documents] == ["one"]
    assert set(checked.refused) == {"bad", "document 2 ('a')", "document 3"}


def test_equal_texts_without_id_are_one_document() -> None:
    given = [Document(text="same"), Document(text="same", metadata={"page": 2}), Document(text="o")]
    checked = validate_documents(given, RAISE)
    assert [document.text for document in checked.documents] == ["same", "o"]
    assert checked.repeated == 1
    # From another file it is another document: nobody who filters by source should miss it.
    given = [Document(text="same", source=source) for source in ("", "x", "y", "x")]
    checked = validate_documents(given, RAISE)
    assert [document.source for document in checked.documents] == ["", "x", "y"]
    assert (len({document.id for document in checked.documents}), checked.repeated) == (3, 1)


def test_derived_ids_depend_on_content_and_source_only() -> None:
    assert derived_id(Document(text="a")) == derived_id(Document(text="a", metadata={"y": 1}))
    assert derived_id(Document(text="a", source="x")) == derived_id(Document(text="a", source="x", metadata={"y": 1}))
    assert derived_id(Document(text="a", source="x")) != derived_id(Document(text="a"))
    assert derived_id(Document(text="a")) != derived_id(Document(text="a", title="t"))
    named = Document(chunks=(Chunk(id="c", document_id="d7", text="x"), Chunk(id="e", document_id="d7", text="y")))
    assert derived_id(named) == "d7"


def test_chunks_get_their_documents_id_and_plain_metadata() -> None:
    given = Document(id="d", metadata={"t": (1, 2)}, chunks=(chunk("", "one"), chunk("", "two")))
    (document,) = validate_documents([given], RAISE).documents
    assert document.metadata == {"t": [1, 2]}
    assert {piece.document_id for piece in document.chunks or ()} == {"d"}
    assert len({piece.id for piece in document.chunks or ()}) == 2


def test_one_given_dimension_per_call() -> None:
    first = Document(id="a", chunks=(chunk("a1", embedding=(1.0, 2.0)),))
    second = Document(id="b", chunks=(chunk("b1", embedding=(1.0, 2.0, 3.0)),))
    with pytest.raises(InputError, match="3 values"):
        validate_documents([first, second], RAISE)


def test_json_equality_tells_true_from_one() -> None:
    assert same_json({"a": [1, 2.0]}, {"a": (1.0, 2)})
    assert not same_json({"a": True}, {"a": 1})
    assert not same_json([1], [1, 2])
    assert plain_json({"a": (1, (True, None))}) == {"a": [1, [True, None]]}


def test_plain_values_are_those_that_come_back() -> None:
    class Colour(str, Enum):  # noqa: UP042 - with a __str__ of its own
        RED = "red"

    given = {
        Colour.RED: Colour.RED,
        "t": 1763715000123456789.0,
        "x": 1e23,
        "y": -1e16,
        "z": 9007199254740994.0,
        "w": 5.0,
    }
    plain = plain_json(given)
    assert plain == {
        "red": "red", "t": 1763715000123456800, "x": 10**23, "y": -(10**16), "z": 9007199254740994, "w": 5,
    }  # fmt: skip
    assert [type(value) for value in plain.values()] == [str, int, int, int, float, float]
    assert all(type(key) is str for key in plain)
