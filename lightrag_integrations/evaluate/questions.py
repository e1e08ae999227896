"""Questions with the ids of what answers them: from a file or from objects, with errors that say where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Frozen

__all__ = ["EvaluationQuestion", "Questions", "read_questions"]

_EXPECTED = '{"id": "q1", "question": "Who …?", "gold_ids": ["document or chunk id", …]}'
_SHOWN = 60
_LISTED = 20


class EvaluationQuestion(Frozen):
    """A question and what has to be found for it."""

    id: str
    question: str
    gold_ids: tuple[str, ...]
    """Ids of documents or chunks, all of them needed."""


Questions = str | Path | Iterable[Mapping[str, Any] | EvaluationQuestion]


def read_questions(source: Questions, *, limit: int | None = None) -> tuple[EvaluationQuestion, ...]:
    """Read questions.

    Args:
        source: A file of JSON Lines or with one JSON array, or objects. Each has `question` and `gold_ids`; `id` may
            be left out and is its number then; other fields are ignored.
        limit: Take so many from the start; None: all.

    Raises:
        InputError: The file can't be read, or a question is wrong; `problems` has a line for each.
    """
    name, rows = _file(Path(source)) if isinstance(source, str | Path) else ("questions", _objects(source))
    questions, problems = [], []
    for number, (place, row) in enumerate(rows, start=1):
        made = _question(row, number)
        if isinstance(made, str):
            problems.append(f"{name}, {place}: {made}")
        else:
            questions.append(made)
    twice = [question_id for question_id, count in Counter(q.id for q in questions).items() if count > 1]
    problems += [f"{name}: got id {question_id!r} more than once; expected each id once" for question_id in twice]
    if problems:
        more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}", tuple(problems[:_LISTED]))
    if not questions:
        raise InputError(f"{name}: got no question; expected at least one such as {_EXPECTED}")
    return tuple(questions[:limit])


def _file(path: Path) -> tuple[str, Iterator[tuple[str, Any]]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); expected a file of questions") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from error
    return str(path), iter(_array(path, text) if text.lstrip().startswith("[") else _lines(path, text))


def _array(path: Path, text: str) -> list[tuple[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: got broken JSON ({error}); expected an array of {_EXPECTED}") from error
    return [(f"item {number}", row) for number, row in enumerate(rows, start=1)]


def _lines(path: Path, text: str) -> list[tuple[str, Any]]:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                rows.append((f"line {number}", json.loads(line)))
            except ValueError as error:
                raise InputError(
                    f"{path}, line {number}: got {_shown(line)}, which is no JSON ({error}); expected one object on "
                    f"each line, such as {_EXPECTED}, or one JSON array"
                ) from error
    return rows


def _objects(source: Iterable[Mapping[str, Any] | EvaluationQuestion]) -> Iterator[tuple[str, Any]]:
    if not isinstance(source, Iterable) or isinstance(source, bytes | Mapping):
        raise InputError(f"questions: got {type(source).__name__}; expected a path, or a list of {_EXPECTED}")
    for number, row in enumerate(source, start=1):
        yield f"item {number}", row


def _question(row: Any, number: int) -> EvaluationQuestion | str:
    """The question, or what is wrong with it."""
    if isinstance(row, EvaluationQuestion):
        return row
    if not isinstance(row, Mapping):
        return f"got {_shown(row)}; expected {_EXPECTED}"
    question_id, text, gold = row.get("id", str(number)), row.get("question"), row.get("gold_ids")
    if not isinstance(question_id, str):
        return f"id: got {_shown(question_id)}; expected text"
    if not isinstance(text, str) or not text.strip() or not _clean(text):
        return f"question: got {_shown(text)}; expected a question as text, without NUL or lone surrogates"
    if isinstance(gold, str) or not isinstance(gold, Iterable):
        return f"gold_ids: got {_shown(gold)}; expected a list of document or chunk ids"
    ids = list(gold)
    if not ids or not all(isinstance(gold_id, str) and gold_id for gold_id in ids):
        return f"gold_ids: got {_shown(ids)}; expected at least one id, each as text"
    return EvaluationQuestion(id=question_id, question=text.strip(), gold_ids=tuple(dict.fromkeys(ids)))


def _clean(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
