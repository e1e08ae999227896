"""A vector of a text, always the same: hashed words."""

import hashlib
import math
import re

DIMENSION = 16


def vector(text: str) -> list[float]:
    values = [0.0] * DIMENSION
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        values[digest[0] % DIMENSION] += 1.0 if digest[1] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]
