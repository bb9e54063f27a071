"""A choice of documents in an archive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """A choice of documents; the default chooses all of them.

    languages: language paths, empty for all. kinds: empty for all. since_ms, until_ms: published at or after the one and
    before the other, milliseconds UTC; for documents without a time of publication their stamp counts. since_run: stored by
    this run (its name) or a later one.
    """

    languages: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    since_run: str = ""
