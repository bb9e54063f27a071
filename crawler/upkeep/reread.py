"""Parse all stored replies again with the current code, so that better parsers improve old documents without a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from crawler import seedfile, times
from crawler.dw import decoding, places
from crawler.dw.article import Article
from crawler.exceptions import UnreadableReply
from crawler.files import read_file
from crawler.seedfile import SeedDocument
from crawler.storage import layout, renditions, replyfile
from crawler.storage.archive import Archive
from crawler.storage.index.objects import Row
from crawler.storage.logline import About
from crawler.storage.writer import NewFile, NewReply
from crawler.urls import Sites

_SAME_LOOK_MS = 3_600_000  # the most time between an answer of api.dw.com and that of the page that replaced it


@dataclass(frozen=True)
class Reread:
    """What became of one reply.

    outcome: same, changed, new or unreadable. before, after: the documents. files: the files to write. reason: why the reply
    is still unreadable.
    """

    id: int
    path: str
    outcome: str
    before: SeedDocument | None = field(default=None, repr=False)
    after: SeedDocument | None = field(default=None, repr=False)
    files: list[NewFile] = field(default_factory=list, repr=False)
    reason: str = ""


def place_of(url: str, origin: str) -> str:
    """Return the place a stored reply came from (see `places`), by the document's origin, else by the reply's address."""
    if origin == "graph-api" or "/graph-api/" in url:
        return places.GRAPH
    if origin.startswith("page:") or "/api/detail/" not in url:
        return places.PAGE
    return "api:" + url.partition("/api/detail/")[2].partition("/")[0]


def archived(archive: Archive, now_ms: int) -> Iterator[Reread]:
    """Read the reply of every archived document that has one, in order of id."""
    for row in archive.index.documents():
        assert row.path
        reply = archive.reply_of(row.path, row.origin)
        before = archive.read(row.path)
        if reply and before:
            yield _reread(archive, row, reply, before, now_ms)


def _reread(archive: Archive, row: Row, reply: str, before: SeedDocument, now_ms: int) -> Reread:
    try:
        body, charset = replyfile.unpack(read_file(archive.root / reply))
        article = _read_beside(body, charset, reply, row, archive.sites)
        after = _with_stored_renditions(archive, places.document(article, before.stamp_ms, row.language), before)
    except (UnreadableReply, OSError) as error:
        return Reread(row.id, reply, "unreadable", before, reason=str(error))
    if article.id != row.id or seedfile.says_the_same(before, after):
        return Reread(row.id, row.path or "", "same")
    about = replace(_about(article, after, now_ms, row.hop), etag=row.etag, last_modified=row.last_modified)
    return Reread(row.id, row.path or "", "changed", before, after, archive.document_files(after, about))


def _read_beside(body: bytes, charset: str, reply: str, row: Row, sites: Sites) -> Article:
    """Return the article in a reply beside a document. If the API that the index names does not explain the JSON, the other
    API is tried.

    Raises UnreadableReply.
    """
    if reply.endswith(".html.gz"):
        return places.read(places.PAGE, body, row.id, row.kind, row.language, sites, charset)
    first, second = places.first(row.kind), places.GRAPH
    if row.origin == "graph-api":
        first, second = second, first
    try:
        return places.read(first, body, row.id, row.kind, row.language, sites, charset)
    except UnreadableReply as error:
        try:
            return places.read(second, body, row.id, row.kind, row.language, sites, charset)
        except UnreadableReply:
            raise error from None


def _with_stored_renditions(archive: Archive, document: SeedDocument, before: SeedDocument | None) -> SeedDocument:
    """Return a document with the renditions that the version before it shows, and of other pictures those that are stored."""
    shown = {name.id: name for name in reversed(before.pictures)} if before else {}
    return seedfile.with_renditions(
        document, lambda name: shown.get(name.id) or renditions.stored(archive.root, name) or name
    )


class _Kept(NamedTuple):
    """A reply under `unreadable/`. stamp_ms: when it was fetched. name: its path. charset: from its HTTP header."""

    stamp_ms: int
    name: str
    id: int
    url: str
    kind: str
    charset: str


def unreadable(archive: Archive, now_ms: int) -> Iterator[Reread]:
    """Read every reply under `unreadable/` that says more than what is archived, newest first."""
    kept = []
    for path in sorted((archive.root / "unreadable").glob("*.json")):
        name = path.with_suffix(".reply").relative_to(archive.root).as_posix()
        try:
            about = json.loads(read_file(path))
            charset = decoding.charset_of(str(about["content_type"]) if "content_type" in about else "")
            kept.append(_Kept(_time_ms(about), name, int(about["id"]), str(about["url"]), str(about["kind"]), charset))
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield Reread(layout.id_of(name) or 0, name, "unreadable", reason=f"{path.name}: {error}")
    for reply in sorted(kept, reverse=True):
        try:
            found = _reread_kept(archive, reply, now_ms)
        except (UnreadableReply, OSError) as error:
            found = Reread(reply.id, reply.name, "unreadable", reason=str(error))
        if found:
            yield found


def _reread_kept(archive: Archive, kept: _Kept, now_ms: int) -> Reread | None:
    """Return what a kept reply gives; None if the archived document is newer or better.

    Raises UnreadableReply and OSError.
    """
    stamp_ms, name, dw_id, url, kind, charset = kept
    row, place = archive.index.resolve(dw_id), place_of(url, "")
    if row and row.path and not _says_more(row, place, stamp_ms):
        return None
    body = read_file(archive.root / name)
    article = places.read(place, body, dw_id, kind, row.language if row else None, archive.sites, charset)
    row = archive.index.resolve(article.id)
    if row and row.path and (article.id != dw_id or article.origin in places.WEAK):
        return None
    before = archive.read(row.path) if row and row.path else None
    made = places.document(article, max(stamp_ms, before.stamp_ms if before else 0), row.language if row else None)
    after = _with_stored_renditions(archive, made, before)
    if before and seedfile.says_the_same(before, after):
        return Reread(dw_id, name, "same")
    about = _about(article, after, now_ms, row.hop if row else 0)
    if article.id != dw_id:
        about = replace(about, requested=dw_id)
    reply = NewReply(places.reply_extension(place), body, replace(about, url=url, time=times.iso(stamp_ms)), charset)
    files = archive.document_files(after, about, reply)
    return Reread(dw_id, name, "changed" if before else "new", before, after, files)


def _says_more(row: Row, place: str, stamp_ms: int) -> bool:
    """Whether a reply is newer than an archived document, or came from api.dw.com while the document came from a page."""
    is_better = place.startswith("api:") and (row.origin == "graph-api" or row.origin.startswith("page:"))
    return stamp_ms + is_better * _SAME_LOOK_MS > (row.stamp_ms or 0)


def store(archive: Archive, found: Reread) -> None:
    """Store what a reply gives now, and register its references and pictures. Raises DiskError."""
    assert found.after is not None
    archive.store_now(found.files)
    row = archive.index.resolve(found.id)
    archive.register_document(found.after, row.origin if row else "", row.hop if row else 0)


def _about(article: Article, document: SeedDocument, now_ms: int, hop: int) -> About:
    return About(article.kind, article.id, document.url, times.iso(now_ms),
                 language=article.language, hop=hop, origin=article.origin, reread=True)  # fmt: skip


def _time_ms(about: dict[str, object]) -> int:
    """Return when a kept reply was fetched, milliseconds UTC. Raises ValueError."""
    found = times.parse_ms(str(about["time"]))
    if found is None:
        raise ValueError(f"no time: {about['time']!r}")
    return found
