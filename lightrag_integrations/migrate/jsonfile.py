"""JSON files read value by value: a file of gigabytes takes the memory of its largest value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightrag_integrations.errors import InputError

__all__ = ["items", "members", "unreadable"]

_PIECE = 1 << 16
_DECODER = json.JSONDecoder()


def members(path: Path, *, lists: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The members of the object that a file holds, in order.

    Args:
        path: The file.
        lists: Members that are lists whose items come one by one, each with the member's name.

    Raises:
        InputError: The file can't be read, is cut short, or holds something else.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = _Text(path, file)
            text.expect("{")
            while not text.skip("}"):
                name = text.value()
                text.expect(":")
                if name in lists:
                    yield from ((name, item) for item in text.items())
                else:
                    yield str(name), text.value()
                if not text.skip(","):
                    text.expect("}", keep=True)
            text.end()
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error


def items(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The members of a file whose members are all objects.

    Args:
        path: The file.

    Raises:
        InputError: The file can't be read, or a member is something else.
    """
    for name, value in members(path):
        if not isinstance(value, dict):
            raise InputError(f"{path}: {name!r:.80} is {type(value).__name__}; expected an object, as LightRAG writes")
        yield name, value


def unreadable(path: Path, error: Exception) -> InputError:
    """The usual words for a file that can't be read."""
    return InputError(f"can't read {path} ({getattr(error, 'strerror', None) or error}); nothing was written")


class _Text:
    """A file's text, of which a part is held."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        self._file = file
        self._held = ""
        self._at = 0
        self._before = 0
        self._more = True

    def skip(self, character: str) -> bool:
        """Whether this comes next; then it is behind us."""
        self._space()
        found = self._held.startswith(character, self._at)
        self._at += found
        return found

    def expect(self, character: str, *, keep: bool = False) -> None:
        """This must come next."""
        if not self.skip(character):
            raise self._broken(f"expected {character!r}")
        self._at -= keep

    def value(self) -> Any:
        """The next value, whole."""
        self._space()
        size = _PIECE
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except (ValueError, RecursionError) as error:
                if not self._more or isinstance(error, RecursionError):
                    raise self._unread(error) from error
            else:
                if end < len(self._held) or not self._more:
                    self._at = end
                    return value
            self._read(size)
            size *= 2

    def items(self) -> Iterator[Any]:
        """The items of the list that comes next."""
        self.expect("[")
        while not self.skip("]"):
            yield self.value()
            if not self.skip(","):
                self.expect("]", keep=True)

    def end(self) -> None:
        """Nothing may come any more."""
        self._space()
        if self._at < len(self._held):
            raise self._broken("expected the end")

    def _space(self) -> None:
        while True:
            while self._at < len(self._held) and self._held[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._held) or not self._more:
                return
            self._read(_PIECE)

    def _read(self, size: int) -> None:
        piece = self._file.read(size)
        self._more = bool(piece)
        self._before += self._at
        self._held = self._held[self._at :] + piece
        self._at = 0

    def _unread(self, error: ValueError | RecursionError) -> InputError:
        if not isinstance(error, json.JSONDecodeError):
            return self._broken(str(error).split(":")[0])
        return self._broken(
            error.msg.removesuffix(" at"), at=error.pos, ended=error.msg.startswith("Unterminated string")
        )

    def _broken(self, reason: str, *, at: int | None = None, ended: bool = False) -> InputError:
        at = self._at if at is None else at
        cut = "; the file ends there: it was cut short" if ended or at >= len(self._held.rstrip()) else ""
        return InputError(
            f"{self._path} holds no JSON that can be read: {reason} at character {self._before + at}{cut}; "
            "nothing was written"
        )
