"""Reading what a model wrote: JSON out of any text, and whole, valid records out of any JSON."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar, get_args, get_origin

import json_repair
from pydantic import AliasChoices, BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

__all__ = ["is_whole", "parse_json", "read", "salvage", "whole_records"]

T = TypeVar("T", bound=BaseModel)

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
_CLOSING = {"{": "}", "[": "]"}.items()


def read(model: type[T], text: str, *, truncated: bool = False) -> tuple[T, int]:
    """Parse an answer and keep every record that is whole and valid.

    Args:
        model: What is expected.
        text: The answer, with or without prose and code fences around its JSON.
        truncated: The model stopped at its length limit.

    Returns:
        The result, and how many records were refused.

    Raises:
        ValueError: Nothing usable; the message says what was got instead.
    """
    return salvage(model, parse_json(text, truncated=truncated))


def is_whole(text: str) -> bool:
    """True when the JSON in an answer stands there complete and well formed, so that reading it mends nothing."""
    try:
        json.JSONDecoder().raw_decode(_body(text))
    except (ValueError, RecursionError):
        return False
    return True


def parse_json(text: str, *, truncated: bool = False) -> Any:
    """The first JSON object or list in a text; mended where it is malformed, cut to whole records where it breaks off.

    Raises:
        ValueError: There is none.
    """
    body = _body(text)
    if not body:
        raise ValueError(f"expected JSON, got {_shown(text)}")
    try:
        value, end = json.JSONDecoder().raw_decode(body)
        return _chained(value, body[end:]) if isinstance(value, list) else value
    except (ValueError, RecursionError):
        pass
    whole, broken_off = whole_records(body)
    if truncated or broken_off or not body.endswith(("}", "]")):
        try:
            return json.loads(whole)
        except (ValueError, RecursionError):
            # An answer that was not cut has prose behind it, or a quote too few.
            body = "" if truncated else body[: max(body.rfind("}"), body.rfind("]")) + 1]
    return _mended(body, text)


def _chained(values: list[Any], rest: str) -> list[Any]:
    """Further lists behind a first one, as in `[2] > [3] > [1]`: how some models write a ranking."""
    while rest.lstrip().startswith((">", ",", "[")) and "[" in rest:
        try:
            more, end = json.JSONDecoder().raw_decode(rest[rest.index("[") :])
        except ValueError:
            break
        values, rest = values + more, rest[rest.index("[") + end :]
    return values


def _mended(body: str, text: str) -> Any:
    try:
        value = json_repair.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON, got {_shown(text)}") from error
    if not isinstance(value, dict | list):
        raise ValueError(f"expected JSON, got {_shown(text)}")
    return value


def whole_records(body: str) -> tuple[str, bool]:
    """Cut JSON that breaks off after the last whole item of an outermost list, and close what is open.

    Returns:
        JSON that does not break off any more, empty when there is no whole item; and whether brackets, but no string,
        were open at the end.
    """
    closing = dict(_CLOSING)
    open_brackets: list[str] = []
    in_string = escaped = False
    best = ""
    for position, char in enumerate(body):
        if in_string:
            in_string, escaped = (char != '"' or escaped), (char == "\\" and not escaped)
        elif char == '"':
            in_string = True
        elif char in closing:
            open_brackets.append(closing[char])
        elif char in "}]" and open_brackets:
            open_brackets.pop()
        # An item is whole behind its closing brace, a plain value only with the comma behind it.
        if not in_string and char in "},":
            best = _closed(body, position, open_brackets) or best
    return best, bool(open_brackets) and not in_string


def _closed(body: str, position: int, open_brackets: list[str]) -> str:
    if open_brackets[-1:] != ["]"] or open_brackets.count("]") > 1:
        return ""
    return body[: position + (body[position] == "}")] + "".join(reversed(open_brackets))


def salvage(model: type[T], data: Any) -> tuple[T, int]:
    """Validate record by record: a bad one in a list is left out and does not spoil the rest.

    Returns:
        The result, and how many records were left out.

    Raises:
        ValueError: `data` holds none of the model's fields, or every record given is bad.
    """
    as_asked = _as_asked(model, data)
    if as_asked is not None:
        return as_asked, 0
    known = {_plain_key(key): name for name, field in model.model_fields.items() for key in _keys(name, field)}
    values = {known[key]: value for key, value in _object(model, data, known).items() if key in known}
    if not values:
        raise ValueError(f"expected an object with {', '.join(model.model_fields)}, got {_shown(json.dumps(data))}")
    given = dropped = 0
    for name, value in values.items():
        item_type = _item_type(model.model_fields[name])
        if item_type is not None:
            records = value if isinstance(value, list) else _single(value)
            values[name] = _records(item_type, records)
            given += len(records)
            dropped += len(records) - len(values[name])
    if given and given == dropped:
        raise ValueError(f"none of {given} records is valid: {_shown(json.dumps(data))}")
    result = _validated(model, values)
    if result is None:
        raise ValueError(f"expected a valid {model.__name__}, got {_shown(json.dumps(data))}")
    return result, dropped


def _body(text: str) -> str:
    text = _THOUGHTS.sub("", text).strip()
    fenced = _FENCE.search(text)
    if fenced and ("{" in fenced[1] or "[" in fenced[1]):
        text = fenced[1].strip()
    brace, records = text.find("{"), _LIST_OF_OBJECTS.search(text)
    if records and records.end() - 1 == brace:
        return text[records.start() :]
    return text[brace:] if brace >= 0 else text[text.find("[") :] if "[" in text else ""


def _as_asked(model: type[T], data: Any) -> T | None:
    """The result, when the answer is just what was asked for, as most are: all in one step."""
    # Models that pass over unknown fields would pass over those that are only spelt otherwise.
    if not isinstance(data, dict) or not data or model.model_config.get("extra") != "forbid":
        return None
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def _object(model: type[BaseModel], data: Any, known: dict[str, str]) -> dict[str, Any]:
    """The dictionary that carries the model's fields: `data`, the one wrapped in it, or one made of a bare list."""
    if isinstance(data, list):
        objects = [item for item in data if isinstance(item, dict)]
        carrier = next((item for item in objects if any(_plain_key(key) in known for key in item)), None)
        lists = [name for name, field in model.model_fields.items() if _item_type(field) is not None]
        if carrier is not None and not (len(lists) == 1 and len(objects) > 1):
            data = carrier
        elif lists and data:
            return {_plain_key(lists[0]): data}
    if not isinstance(data, dict):
        return {}
    plain = {_plain_key(str(key)): value for key, value in data.items()}
    if not any(key in known for key in plain):
        inner = next((value for value in data.values() if isinstance(value, dict)), {})
        plain = {_plain_key(str(key)): value for key, value in inner.items()}
    return plain


def _records(item_type: Any, records: list[Any]) -> list[Any]:
    if isinstance(item_type, type) and issubclass(item_type, BaseModel):
        made = (_record(item_type, record) for record in records)
        return [record for record in made if record is not None]
    adapter: TypeAdapter[Any] = TypeAdapter(item_type)
    good = []
    for record in records:
        try:
            good.append(adapter.validate_python(_text_if_number(item_type, record)))
        except ValidationError:
            continue
    return good


def _record(item: type[BaseModel], value: Any) -> BaseModel | None:
    required = [name for name, field in item.model_fields.items() if field.is_required()]
    if isinstance(value, str) and len(required) == 1:
        value = {required[0]: value}
    if not isinstance(value, dict):
        return None
    known = {_plain_key(key): name for name, field in item.model_fields.items() for key in _keys(name, field)}
    named = ((known.get(_plain_key(str(key))), content) for key, content in value.items())
    fields = {name: content for name, content in named if name is not None}
    return _validated(
        item, {name: _text_if_number(item.model_fields[name].annotation, content) for name, content in fields.items()}
    )


def _validated(model: type[T], values: dict[str, Any]) -> T | None:
    """The model, if need be without those optional fields that are not valid."""
    inputs = {_keys(name, model.model_fields[name])[-1]: value for name, value in values.items()}
    required = {key for name, field in model.model_fields.items() if field.is_required() for key in _keys(name, field)}
    try:
        return model.model_validate(inputs)
    except ValidationError as error:
        bad = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    if bad & required:
        return None
    try:
        return model.model_validate({key: value for key, value in inputs.items() if key not in bad})
    except ValidationError:
        return None


def _item_type(field: FieldInfo) -> Any:
    if get_origin(field.annotation) in (list, tuple):
        return next(iter(get_args(field.annotation)), None)
    return None


def _keys(name: str, field: FieldInfo) -> list[str]:
    """The keys a field goes by; pydantic takes it under the last."""
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [name, *(choice for choice in reversed(choices) if isinstance(choice, str))]


def _plain_key(key: str) -> str:
    return re.sub(r"[\W_]+", "_", key).strip("_").lower()


def _single(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [] if value is None else [value]


def _text_if_number(annotation: Any, value: Any) -> Any:
    return str(value) if annotation is str and isinstance(value, int | float) else value


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 80 else flat[:77] + "…") if flat else "nothing"
