"""Feeds and sitemaps in pieces, unpacked as far as they are whole."""

from __future__ import annotations

import gzip
import io
import random
import zlib

import pytest

from crawler.dw.lists.unpacking import chunks

WORDS = b"A line of a feed.\n" * 20_000
LETTERS = b"".join(random.Random(1).choices([b"lantern", b"harbour", b"of ", b"the "], k=9000))


def read(body: bytes, max_bytes: int = 10_000_000) -> tuple[bytes, list[str]]:
    problems: list[str] = []
    return b"".join(chunks(body, max_bytes, problems.append)), problems


IN_MEMBERS = gzip.compress(WORDS[:7]) + gzip.compress(WORDS[7:]) + b"\0" * 99


@pytest.mark.parametrize("body", [WORDS, gzip.compress(WORDS), IN_MEMBERS])
def test_a_document_is_read_whole_packed_or_not(body: bytes) -> None:
    assert read(body) == (WORDS, [])
    assert b"".join(chunks(io.BytesIO(body), 10_000_000, print)) == WORDS


def test_pieces_are_small() -> None:
    assert max(map(len, chunks(gzip.compress(bytes(5_000_000)), 10_000_000, print))) <= 600_000


@pytest.mark.parametrize("whole", range(100, 1500, 100))
def test_every_byte_before_the_damage_is_read(whole: int) -> None:
    packed = gzip.compress(LETTERS)[:whole] + b"\xff" * 1000
    body, problems = read(packed)
    assert body.startswith(zlib.decompressobj(31).decompress(packed[:whole]))
    assert problems[0].startswith("damaged gzip: ")


def test_a_missing_end_is_damage() -> None:
    body, problems = read(gzip.compress(WORDS)[:-9])
    assert WORDS.startswith(body)
    assert problems == ["damaged gzip: its end is missing"]


def test_more_than_the_limit_is_not_read() -> None:
    assert read(WORDS, 100) == (WORDS[:100], ["more than 100 bytes: the rest was not read"])
