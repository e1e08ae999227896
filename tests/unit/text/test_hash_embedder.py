import subprocess
import sys

import numpy as np
import pytest

from lightrag_integrations.errors import InputError
from lightrag_integrations.protocols import Embedder
from lightrag_integrations.providers.offline import HashEmbedder

TEXTS = (
    "Paris is the capital of France",
    "the capital city of France is Paris",
    "Stock markets crashed in May",
    "中文",
)


async def test_it_is_a_lexical_embedder() -> None:
    embedder = HashEmbedder()
    assert isinstance(embedder, Embedder)
    assert embedder.lexical
    vectors = await embedder.embed(TEXTS, kind="document")
    assert vectors == await embedder.embed(TEXTS, kind="query")
    assert [len(vector) for vector in vectors] == [1024] * len(TEXTS)
    assert isinstance(vectors[0][0], float)


def test_vectors_have_unit_length_and_only_wordless_texts_are_zero() -> None:
    lengths = np.linalg.norm(HashEmbedder(64).vectors((*TEXTS, "the", "\ud800a", "", "?!")), axis=1)
    assert lengths[:-2] == pytest.approx(1.0, abs=1e-6)
    assert lengths[-2:].tolist() == [0.0, 0.0]


def test_alike_texts_are_near() -> None:
    vectors = HashEmbedder().vectors((*TEXTS, "Paris is the capitol of Frances"))
    near, far, misspelt = vectors[0] @ vectors[1], vectors[0] @ vectors[2], vectors[0] @ vectors[4]
    assert near > 0.4 > 0.1 > abs(far)
    assert misspelt > 0.3


def test_word_order_counts() -> None:
    vectors = HashEmbedder().vectors(("dog bites man today", "man bites dog today", "dog bites man today"))
    assert vectors[0] @ vectors[2] == pytest.approx(1.0, abs=1e-6)
    assert vectors[0] @ vectors[1] < 0.95


def test_a_vector_does_not_depend_on_its_batch() -> None:
    embedder = HashEmbedder(256)
    many = embedder.vectors([*TEXTS, "filler words " * 5000] * 30)
    assert all(np.array_equal(many[index], embedder.vectors([text])[0]) for index, text in enumerate(TEXTS))
    assert embedder.vectors([]).shape == (0, 256)


def test_every_process_gives_the_same_vector() -> None:
    program = (
        "from lightrag_integrations.providers.offline import HashEmbedder\n"
        "print(HashEmbedder(64).vectors(['Paris is the capital of France'])[0].tobytes().hex())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert runs == {HashEmbedder(64).vectors(TEXTS[:1])[0].tobytes().hex()}


def test_the_fingerprint_names_version_and_dimension() -> None:
    assert HashEmbedder(64).fingerprint != HashEmbedder(128).fingerprint == HashEmbedder(128).fingerprint


def test_a_tiny_dimension_is_refused() -> None:
    with pytest.raises(InputError, match="16"):
        HashEmbedder(8)
