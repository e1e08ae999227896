"""What is printed can be shown: by a terminal, whatever documents hold, and in any encoding."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

__all__ = ["printing", "utf8_output", "warning"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BUT_BARS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\\[A)")
"""Progress bars go back to the line's begin, and a line up."""


class _Terminal(io.TextIOBase):
    """A terminal's stream: control characters are written as their codes, so that no text can command it."""

    def __init__(self, stream: TextIO, control: re.Pattern[str]) -> None:
        self._stream = stream
        self._control = control

    def write(self, text: str) -> int:
        self._stream.write(self._control.sub(lambda found: f"\\x{ord(found[0]):02x}", text))
        return len(text)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # bars ask for it
        return self._stream.encoding

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


@contextmanager
def printing() -> Iterator[None]:
    """Within, `print` fails at no character, and terminals are shown no control characters but line breaks and tabs."""
    with ExitStack() as stack:
        out, err = (sys.stdout, redirect_stdout, _CONTROL), (sys.stderr, redirect_stderr, _BUT_BARS)
        for stream, redirect, control in (out, err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
            if stream.isatty():
                stack.enter_context(redirect(_Terminal(stream, control)))
        yield


@contextmanager
def warning() -> Iterator[None]:
    """Within, warnings of the package are shown on standard error; a library's log is silent by itself."""
    log, handler = logging.getLogger("lightrag_integrations"), logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def utf8_output() -> None:
    """From now on what is printed is UTF-8, as JSON and XML have to be."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
