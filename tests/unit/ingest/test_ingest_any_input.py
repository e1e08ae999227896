"""Whatever an extractor says, what comes out can be stored; whatever a caller gives is refused in words or fits."""

import json
import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.accept import validate_documents
from lightrag_integrations.ingest.check import plain_json, same_json
from lightrag_integrations.ingest.contribute import from_extraction
from lightrag_integrations.ingest.split import prepare_chunk
from lightrag_integrations.ingest.validate import storable
from lightrag_integrations.models import Chunk, Document, ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.options import IngestOptions

names = st.sampled_from(["Ada", "ADA", "the Ada", " ", "!", "\x00", "東京", "x" * 300]) | st.text(max_size=12)
lines = st.text(max_size=30)
entities = st.builds(ExtractedEntity, name=names, type=lines, description=lines)
relations = st.builds(
    ExtractedRelation,
    source=names,
    target=names,
    description=lines,
    weight=st.floats(),
    keywords=st.lists(lines, max_size=3),
)
extractions = st.builds(Extraction, entities=st.lists(entities, max_size=6), relations=st.lists(relations, max_size=6))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


@given(extractions, st.booleans(), st.text(max_size=60))
def test_contributions_can_always_be_stored(extraction: Extraction, grounded: bool, text: str) -> None:
    options = IngestOptions(max_entities=4, max_relations=3)
    chunk = prepare_chunk(Chunk(id="c", document_id="d", text=f"Ada {text}", title="T"), Document(id="d"))
    made, dropped = from_extraction(chunk, extraction, options, grounded=grounded)
    keys = [mention.key for mention in made.mentions]
    assert len(set(keys)) == len(keys)
    assert sum(mention.is_title for mention in made.mentions) == 1
    for mention in made.mentions:
        assert mention.key
        assert len(mention.surface) <= options.max_name_chars
        assert "\x00" not in mention.key + mention.surface + mention.type + mention.description
    for fact in made.facts:
        assert fact.source_key != fact.target_key
        assert {fact.source_key, fact.target_key} <= set(keys)
        assert 0 < fact.weight < math.inf
        assert "\x00" not in fact.description + "".join(fact.keywords)
    assert len(made.facts) <= options.max_relations
    assert 0 <= dropped <= len(extraction.entities) + len(extraction.relations)


@given(extractions)
def test_the_cache_gives_back_what_was_put_in(extraction: Extraction) -> None:
    clean = storable(extraction)
    assert Extraction.model_validate_json(clean.model_dump_json()) == clean
    assert storable(clean) == clean


@given(st.dictionaries(st.text(max_size=4), values, max_size=4))
def test_metadata_is_json_or_refused(metadata: dict[str, object]) -> None:
    try:
        (document,) = validate_documents([Document(id="d", text="x", metadata=metadata)], IngestOptions()).documents
    except InputError as error:
        assert error.problems
        return
    encoded = json.dumps(document.metadata, allow_nan=False)
    assert "\\u0000" not in encoded
    assert same_json(digits(encoded), digits(json.dumps(metadata, allow_nan=False)))
    assert same_json(plain_json(document.metadata), document.metadata)


def digits(encoded: str) -> object:
    """JSON whose numbers are what is written, as PostgreSQL reads them."""
    return json.loads(encoded, parse_float=Decimal, parse_int=Decimal)
