"""A tokenizer that needs no download."""

import re

_TOKENS = re.compile(r"\s*[\u4e00-\u9fff]|\s*[^\s\u4e00-\u9fff]+|\s+")


class Words:
    """A tokenizer that needs no download: a word with the space before it is a token."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def encode(self, content: str) -> list[int]:
        first = len(self.known)
        self.known += _TOKENS.findall(content)
        return list(range(first, len(self.known)))

    def decode(self, tokens: list[int]) -> str:
        return "".join(self.known[token] for token in tokens)
