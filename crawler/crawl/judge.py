"""Judge a reply to a request for a document. Pure: takes a reply and the row of its document, and returns a verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from crawler import reasons
from crawler.crawl.pipelines.item import Fetched
from crawler.crawl.replies import Reply
from crawler.dw import places
from crawler.exceptions import UnreadableReply
from crawler.reasons import Reason
from crawler.storage.index.objects import Row
from crawler.urls import Sites, Target


@dataclass(frozen=True)
class Found:
    """The reply holds an article of a wanted kind."""

    item: Fetched


@dataclass(frozen=True)
class Unchanged:
    """The document is as it was."""


@dataclass(frozen=True)
class Alias:
    """The document's id leads to another document."""

    target: Target


@dataclass(frozen=True)
class Unwanted:
    """The reply holds an article of a kind that is not wanted."""

    kind: str


@dataclass(frozen=True)
class Missing:
    """The place does not give the document. reason: by its status."""

    reason: Reason


@dataclass(frozen=True)
class Unreadable:
    """The reply cannot be read. problem: what was found instead of an article."""

    problem: str

    @property
    def reason(self) -> Reason:
        """Why the document could not be fetched."""
        return reasons.unreadable(self.problem)


Verdict = Found | Unchanged | Alias | Unwanted | Missing | Unreadable


def judge(
    reply: Reply, row: Row, kinds: Collection[str], sites: Sites, now_ms: int, language_of: Callable[[int], str | None]
) -> Verdict:
    """Return what a reply means.

    row: the index's row of the requested document. kinds: those that are wanted. sites: whose media an article may
    name. now_ms: when the reply came, milliseconds UTC. language_of: the language that is known of an article, by its id.
    """
    if reply.target:  # whatever its status
        return Alias(reply.target)
    if reply.is_unchanged:
        return Unchanged()
    if reply.fault:
        return Missing(reply.fault)
    try:
        item = read(reply, row, sites, now_ms, language_of)
    except UnreadableReply as error:
        return Unreadable(str(error))
    return Found(item) if item.article.kind in kinds else Unwanted(item.article.kind)


def read(reply: Reply, row: Row, sites: Sites, now_ms: int, language_of: Callable[[int], str | None]) -> Fetched:
    """Return the article of a reply and its document. The arguments are those of `judge`. Raises UnreadableReply."""
    article = places.read(reply.place, reply.body, row.id, row.kind, row.language, sites, reply.charset)
    document = places.document(article, now_ms, row.language or language_of(article.id))
    return Fetched(
        article, document, row.id, reply.body, reply.url, now_ms, row.hop, reply.etag, reply.last_modified,
        places.reply_extension(reply.place), reply.charset,
    )  # fmt: skip
