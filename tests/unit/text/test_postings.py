"""The postings codec: what goes in comes out, terms are grouped, long lists are cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.text.postings import (
    BLOCK,
    invert_terms,
    merge_postings,
    pack_ints,
    pack_postings,
    unpack_ints,
    unpack_postings,
)

CHUNKS = st.dictionaries(
    st.integers(1, 2**31 - 1),
    st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.integers(1, 100_000), max_size=6),
    max_size=12,
)


def expanded(packed: list) -> dict[int, list[tuple[int, int, int]]]:
    found: dict[int, list[tuple[int, int, int]]] = {}
    for one in packed:
        columns = (column.tolist() for column in unpack_postings(one.chunks, one.tfs, one.lengths))
        found.setdefault(one.term, []).extend(zip(*columns, strict=True))
    return found


@given(CHUNKS)
def test_inverting_keeps_every_posting(chunks: dict[int, dict[int, int]]) -> None:
    lengths = {chunk: sum(terms.values()) for chunk, terms in chunks.items()}
    expected: dict[int, list[tuple[int, int, int]]] = {}
    for chunk, terms in sorted(chunks.items()):
        for term, count in terms.items():
            expected.setdefault(term, []).append((chunk, min(count, 65535), lengths[chunk]))
    packed = list(invert_terms(list(chunks), list(chunks.values()), list(lengths.values())))
    assert expanded(packed) == expected
    assert [one.term for one in packed] == sorted(expected)


@given(CHUNKS, st.sets(st.integers(1, 2**31 - 1), max_size=4), st.integers(0, 11))
def test_merging_is_inverting_what_is_left(chunks: dict[int, dict[int, int]], others: set[int], some: int) -> None:
    dead = others | set(list(chunks)[:some])
    rows = []
    for chunk, terms in chunks.items():
        rows += [(one.term, one.chunks, one.tfs, one.lengths) for one in invert_terms([chunk], [terms], [7])]
    left = {chunk: terms for chunk, terms in chunks.items() if chunk not in dead}
    merged = merge_postings(rows, np.array(sorted(dead), np.int64))
    assert expanded(merged) == expanded(invert_terms(list(left), list(left.values()), [7] * len(left)))


def test_long_lists_are_cut_into_blocks() -> None:
    ids = list(range(1, BLOCK + 3))
    packed = list(invert_terms(ids, [{5: 1}] * len(ids), [1] * len(ids)))
    assert [(one.term, one.block, one.count) for one in packed] == [(5, 0, BLOCK), (5, 1, 2)]
    assert [row[0] for row in expanded(packed)[5]] == ids


def test_the_bytes_are_little_endian_whatever_the_machine() -> None:
    assert pack_ints([1, -2]) == b"\x01\0\0\0\xfe\xff\xff\xff"
    assert pack_postings([1], [70_000], [3]) == (b"\x01\0\0\0", b"\xff\xff", b"\x03\0\0\0")
    assert unpack_ints(b"").tolist() == []
