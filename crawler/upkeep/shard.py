"""Divide an archive's files into shards, so that several processes or machines can share a long command."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from crawler.exceptions import ArgumentError

_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Shard:
    """One of several shards, counted from 1. Every path or id, as text, belongs to exactly one of them.

    >>> [Shard(number, 3).has("images/710/71000001_303.jpg") for number in (1, 2, 3)].count(True)
    1
    """

    number: int = 1
    of: int = 1

    def has(self, path: str) -> bool:
        """Whether a path belongs to this shard."""
        return self.of == 1 or zlib.crc32(path.encode("utf-8", "surrogateescape")) % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE = Shard()


def parse(text: str) -> Shard:
    """Return the shard that `I/N` names. Raises ArgumentError."""
    found = _WRITTEN.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ArgumentError(f"--shard takes I/N, such as 1/8, with I from 1 to N, not {text!r}")
    return Shard(int(found[1]), int(found[2]))
