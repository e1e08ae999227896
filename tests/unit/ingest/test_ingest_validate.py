import math

from lightrag_integrations.contributions import Mention, PreparedChunk
from lightrag_integrations.ingest.split import prepare_chunk
from lightrag_integrations.ingest.validate import contributions, merged_mentions, storable
from lightrag_integrations.models import Chunk, Document, ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.options import IngestOptions

OPTIONS = IngestOptions()


def prepared(text: str, title: str = "") -> PreparedChunk:
    return prepare_chunk(Chunk(id="c", document_id="d", text=text, title=title), Document(id="d"))


def entity(name: str, kind: str = "", description: str = "") -> ExtractedEntity:
    return ExtractedEntity(name=name, type=kind, description=description)


def relation(source: str, target: str, description: str = "", **fields: object) -> ExtractedRelation:
    return ExtractedRelation(source=source, target=target, description=description, **fields)


def test_one_key_is_one_mention_with_all_that_is_said_of_it() -> None:
    found = contributions(
        Extraction(
            entities=[entity("Ada Lovelace", "", "wrote"), entity("ADA LOVELACE", "person", "sang"), entity("  ")]
        ),
        prepared("Ada Lovelace wrote and sang."),
        OPTIONS,
        grounded=True,
    )
    (mention,) = found.mentions.values()
    assert mention == Mention("ada lovelace", "Ada Lovelace", "person", "wrote\nsang")
    assert found.dropped == 1


def test_ends_of_relations_become_mentions() -> None:
    found = contributions(
        Extraction(relations=[relation("Ada", "Charles", "Ada knew Charles", keywords="knows, met, knows")]),
        prepared("Ada knew Charles."),
        OPTIONS,
        grounded=True,
    )
    assert list(found.mentions) == ["ada", "charles"]
    (fact,) = found.facts.values()
    assert fact.keywords == ("knows", "met")


def test_what_is_no_contribution_is_dropped_and_counted() -> None:
    found = contributions(
        Extraction(
            entities=[entity("!!!"), entity("x" * 201), entity("\x00")],
            relations=[relation("Ada", "ada"), relation("Ada", ""), relation("?", "Ada")],
        ),
        prepared("Ada"),
        OPTIONS,
        grounded=False,
    )
    assert (found.mentions, found.facts, found.dropped) == ({}, {}, 6)


def test_grounding_keeps_names_of_which_a_word_occurs_title_included() -> None:
    extraction = Extraction(
        entities=[entity("Ada King"), entity("Zeus"), entity("東京"), entity("Analytical")],
        relations=[relation("Ada King", "Zeus")],
    )
    chunk = prepared("Ada lived near 東京都.", title="Analytical Engine")
    found = contributions(extraction, chunk, OPTIONS, grounded=True)
    assert list(found.mentions) == ["ada king", "東京", "analytical"]
    assert found.dropped == 2
    assert len(contributions(extraction, chunk, OPTIONS, grounded=False).mentions) == 4


def test_weights_are_finite_and_positive_and_equal_statements_are_one() -> None:
    for given, kept in ((math.nan, 1.0), (math.inf, 1.0), (-3.0, 0.001), (0.0, 0.001), (1e9, 1000.0), (0.5, 0.5)):
        found = contributions(
            Extraction(relations=[relation("A", "B", "same", weight=given)]), prepared("A B"), OPTIONS, grounded=True
        )
        assert [fact.weight for fact in found.facts.values()] == [kept]
    twice = Extraction(
        relations=[relation("A", "B", "same", weight=0.5), relation("A", "B", "same"), relation("B", "A")]
    )
    facts = contributions(twice, prepared("A B"), OPTIONS, grounded=True).facts
    assert [(fact.source_key, fact.weight) for fact in facts.values()] == [("a", 1.0), ("b", 1.0)]


def test_limits_on_number_and_length() -> None:
    options = IngestOptions(max_entities=2, max_relations=1, max_description_chars=5)
    names = [f"N{number}" for number in range(5)]
    found = contributions(
        Extraction(
            entities=[entity(name, description="long description") for name in names],
            relations=[relation("N0", "N4", "x" * 50), relation("N1", "N2")],
        ),
        prepared(" ".join(names)),
        options,
        grounded=True,
    )
    assert list(found.mentions) == ["n0", "n1", "n4"]
    assert found.mentions["n0"].description == "long"
    assert [len(fact.description) for fact in found.facts.values()] == [5]
    assert found.dropped == 4


def test_merged_mentions_keep_the_title_mark() -> None:
    (mention,) = merged_mentions([Mention("a", "A", "person"), Mention("a", "a!", "x", is_title=True)]).values()
    assert (mention.surface, mention.type, mention.is_title) == ("A", "person", True)


def test_storable_removes_what_json_and_postgres_cannot_hold() -> None:
    dirty = Extraction(
        entities=[entity("A\x00da")],
        relations=[relation("A\x00", "B", "x\x00y", weight=math.inf, keywords=["k\x00"])],
    )
    clean = storable(dirty)
    assert clean == Extraction(entities=[entity("Ada")], relations=[relation("A", "B", "xy", keywords=["k"])])
    assert Extraction.model_validate_json(clean.model_dump_json()) == clean
