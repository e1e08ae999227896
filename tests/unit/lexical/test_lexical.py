import pytest

from lightrag_integrations.ingest.lexical import (
    LexicalExtractor,
    lexical_contributions,
    lexical_mentions,
)
from lightrag_integrations.models import Chunk
from lightrag_integrations.protocols import Extractor
from lightrag_integrations.text.keys import normalise_name

TEXT = "Hank Snow was born in Brooklyn, Canada. He recorded “Hello Love” in Nashville. It was a hit."


def chunk(text: str = TEXT, title: str = "Hank Snow", start: int = 0) -> Chunk:
    return Chunk(id="c", document_id="d", text=text, title=title, start=start, end=start + len(text))


def test_names_are_mentions_and_the_title_is_first() -> None:
    mentions, _ = lexical_contributions(chunk())
    assert [mention.surface for mention in mentions] == ["Hank Snow", "Brooklyn", "Canada", "Hello Love", "Nashville"]
    assert [mention.is_title for mention in mentions] == [True, False, False, False, False]
    assert all(mention.key == normalise_name(mention.surface) for mention in mentions)


def test_facts_are_sentences_with_their_spans() -> None:
    document = "# Heading\n\n" + TEXT
    _, facts = lexical_contributions(chunk(start=11))
    assert {(fact.source_key, fact.target_key) for fact in facts} == {
        ("hank snow", "brooklyn"), ("hank snow", "canada"), ("brooklyn", "canada"),
        ("hank snow", "hello love"), ("hank snow", "nashville"), ("hello love", "nashville"),
    }  # fmt: skip
    assert all(document[fact.start : fact.end] == fact.description for fact in facts)
    assert all(fact.cooccurrence and fact.weight == 1.0 for fact in facts)


def test_both_ends_of_a_fact_are_mentioned() -> None:
    mentions, facts = lexical_contributions(chunk(title="Country music > Stars of the 1950s > Nova Scotia"))
    keys = [mention.key for mention in mentions]
    assert len(keys) == len(set(keys))
    assert {key for fact in facts for key in (fact.source_key, fact.target_key)} <= set(keys)


def test_a_section_counts_as_its_documents_title_and_its_names_as_mentions() -> None:
    found = chunk("It was cold there.", title="Paris > The Reign of Napoleon")
    assert [(mention.surface, mention.is_title) for mention in lexical_mentions(found)] == [
        ("Paris", True), ("Reign of Napoleon", False),
    ]  # fmt: skip


def test_without_a_title_the_first_name_stands_for_it() -> None:
    mentions, facts = lexical_contributions(chunk(title=""))
    assert (mentions[0].surface, mentions[0].is_title) == ("Hank Snow", True)
    assert ("hank snow", "hello love") in {(fact.source_key, fact.target_key) for fact in facts}


@pytest.mark.parametrize("text", ["", "nothing named here", "   "])
def test_without_names_there_is_nothing(text: str) -> None:
    assert lexical_contributions(chunk(text, title="")) == ([], [])
    assert lexical_mentions(chunk(text, title=" ")) == []


def test_crowded_sentences_do_not_grow_with_the_square() -> None:
    text = "They met " + ", ".join(f"Name{n} Surname{n}" for n in range(100)) + "."
    mentions, facts = lexical_contributions(chunk(text, title="Party"))
    assert len(mentions) > 80
    assert len(facts) < 3 * len(mentions)


def test_mentions_alone_are_the_same() -> None:
    assert lexical_mentions(chunk()) == lexical_contributions(chunk())[0]


async def test_the_extractor_says_the_same_in_the_public_model() -> None:
    extractor = LexicalExtractor()
    assert isinstance(extractor, Extractor)
    assert extractor.cacheable is False
    extraction = await extractor.extract(chunk())
    assert extraction == await LexicalExtractor().extract(chunk())
    mentions, facts = lexical_contributions(chunk())
    assert [entity.name for entity in extraction.entities] == [mention.surface for mention in mentions]
    assert len(extraction.relations) == len(facts)
    assert extraction.relations[0].source == "Hank Snow"
    assert extraction.relations[0].description == "Hank Snow was born in Brooklyn, Canada."


async def test_chinese_text() -> None:
    extraction = await LexicalExtractor().extract(chunk("《霸王别姬》由陈凯歌执导。张国荣主演该片。", title="霸王别姬"))
    assert {"霸王别姬", "陈凯歌", "张国荣"} <= {entity.name for entity in extraction.entities}
    assert ("霸王别姬", "陈凯歌") in {(relation.source, relation.target) for relation in extraction.relations}
