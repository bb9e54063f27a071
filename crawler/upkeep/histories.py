"""Merge two histories of a document: decide which versions of another archive are taken, and what becomes of them. Pure.

A history is the current document and its revisions. Versions are ordered by stamp, those of both archives together. Versions
with the same text that follow one another are one version: the receiver's is kept. So A into B and B into A give the same
texts in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby


@dataclass(frozen=True)
class Version:
    """A version of a document in one of two archives.

    path: of its file. text: what two versions with the same text have in common (`seedfile.content_key`). sha256: of its
    file. is_current: whether it is the document, not a revision. has_reply: whether its reply is stored.
    """

    path: str
    stamp_ms: int
    text: tuple[str, str] = field(repr=False)
    sha256: str
    is_current: bool = False
    has_reply: bool = False
    is_ours: bool = False


@dataclass(frozen=True)
class Plan:
    """What to take of another archive's history.

    current: becomes the document; None if ours stays, or if neither archive has one. revisions: become revisions, oldest first.
    replies: pairs of (a version of theirs whose reply ours lacks, the version of ours with the same text).
    """

    current: Version | None = None
    revisions: tuple[Version, ...] = ()
    replies: tuple[tuple[Version, Version], ...] = ()


def merge(ours: Iterable[Version], theirs: Iterable[Version]) -> Plan:
    """Return what the receiver takes of another archive's history. Repeated, there is nothing left to take.

    ours, theirs: with at most one current version each. The current version with the newer stamp becomes the document; of two
    with the same stamp, the text decides, so that both directions give the same.
    """
    mine, others = list(ours), list(theirs)
    our_current = next((one for one in mine if one.is_current), None)
    their_current = next((one for one in others if one.is_current), None)
    twins = {one.sha256: one for one in mine}
    timeline = sorted([*_ranked(mine), *_ranked(others)], key=lambda pair: pair[0])
    taken, replies = [], _Replies()
    for group in _groups([version for _, version in timeline]):
        kept = [one for one in group if one.is_ours]
        replies.begin(kept)
        for version in (one for one in group if not one.is_ours):
            is_needed = version is their_current and our_current is None
            if is_needed or not (kept or version.sha256 in twins):
                taken.append(version)
            else:
                replies.offer(version, twins.get(version.sha256))
    current = their_current if their_current in taken and _is_newer(their_current, our_current, timeline) else None
    return Plan(current, tuple(one for one in taken if one is not current), tuple(replies.pairs))


_Rank = tuple[int, tuple[str, str]]


def _ranked(versions: Sequence[Version]) -> Iterator[tuple[_Rank, Version]]:
    """Yield versions with their place in the timeline. A document is never older than its own revisions."""
    last_ms = max((version.stamp_ms for version in versions), default=0)
    for version in versions:
        yield (last_ms if version.is_current else version.stamp_ms, version.text), version


def _groups(timeline: list[Version]) -> Iterator[list[Version]]:
    """Yield runs of versions with the same text."""
    for _, group in groupby(timeline, key=lambda version: version.text):
        yield list(group)


def _is_newer(theirs: Version | None, ours: Version | None, timeline: list[tuple[_Rank, Version]]) -> bool:
    order = [version for _, version in timeline]
    return theirs is not None and (ours is None or order.index(theirs) > order.index(ours))


class _Replies:
    """Finds versions of ours for the replies of versions that are not taken. pairs: as in Plan."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Version, Version]] = []
        self._given: set[str] = set()
        self._lacking: Iterator[Version] = iter(())

    def begin(self, kept: Sequence[Version]) -> None:
        """Begin a run of versions with the same text. kept: those of ours."""
        self._lacking = iter([one for one in kept if not one.has_reply])

    def offer(self, version: Version, twin: Version | None) -> None:
        """Offer the reply of a version to the one of ours that stands for it. twin: of ours, with the same bytes."""
        if not version.has_reply or (twin and twin.has_reply):
            return
        found = twin or next((one for one in self._lacking if one.path not in self._given), None)
        if found and found.path not in self._given:
            self._given.add(found.path)
            self.pairs.append((version, found))
