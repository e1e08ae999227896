from lightrag_integrations.calls.schema import schema_of
from lightrag_integrations.models import Extraction
from lightrag_integrations.providers.strict import strict_schema


def test_the_extraction_schema_in_strict_form() -> None:
    text = {"type": "string"}
    assert strict_schema(schema_of(Extraction))["properties"] == {
        "entities": {
            "type": "array",
            "items": {
                "description": "A named thing found in one chunk.",
                "type": "object",
                "properties": {"name": text, "type": text, "description": text},
                "required": ["name", "type", "description"],
                "additionalProperties": False,
            },
        },
        "relations": {
            "type": "array",
            "items": {
                "description": "A statement about two entities, found in one chunk.",
                "type": "object",
                "properties": {
                    "source": text,
                    "target": text,
                    "keywords": {"type": "array", "items": text},
                    "description": text,
                    "weight": {"type": "number"},
                },
                "required": ["source", "target", "keywords", "description", "weight"],
                "additionalProperties": False,
            },
        },
    }


def test_choices_and_limits() -> None:
    schema = {
        "title": "T",
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}], "default": None}},
    }
    assert strict_schema(schema) == {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["a"],
        "additionalProperties": False,
    }
