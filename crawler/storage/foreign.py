"""Check records and files of another archive before they are taken. Pure; they may be damaged or hostile."""

from __future__ import annotations

import re
from dataclasses import replace

from crawler import times, urls
from crawler.exceptions import SeedFormatError
from crawler.reasons import Reason
from crawler.seedfile import SeedDocument, loads
from crawler.storage import identify, layout, leftovers, mediafile, pictures, remaking, replyfile
from crawler.storage.index import objects
from crawler.storage.index.objects import Row
from crawler.storage.logline import About, FileRecord, StateRecord
from crawler.urls import DOCUMENT_KINDS, DW, LANGUAGES, UNKNOWN_LANGUAGE

LARGEST = replyfile.MAX_BYTES + 1024 * 1024
"""Bytes of the largest file that is read into memory; media files are not."""

_ORIGIN = re.compile(r"[a-z]+(?:[-:][a-z-]+)?")
_MOST = 1_000_000  # misses and hops: far more than there can be, and far from what a line of our log cannot hold
_LONGEST = 2_000  # characters of an address, a reason or a validator


def misplaced(record: FileRecord) -> str:
    """Return why a file is not where this archive would keep it, so that it would never be found; '' if it is."""
    path, dw_id = record.path, record.about.id
    name = path.rpartition("/")[2]
    if picture := layout.picture_of(path):
        is_right = path == layout.picture_path(picture)
    elif layout.is_media(path):
        is_right = path == layout.media_path(dw_id, name.rpartition(".")[2])
    elif layout.is_revision(path):
        is_right = path == layout.revision_path(dw_id, layout.stamp_of(path), layout.end_of(path))
    else:
        is_right = name.startswith(f"{dw_id}-") or name.startswith(f"{dw_id}.")
    return "" if is_right else "not a path that an archive of this version has"


def too_large(record: FileRecord, largest_media: int) -> str:
    """Return why a file is too large to be taken, '' if it is not. largest_media: MEDIA_MAXSIZE, in bytes."""
    if layout.is_media(record.path):
        return f"larger than MEDIA_MAXSIZE, {largest_media:,} bytes" if record.bytes > largest_media else ""
    return f"larger than {LARGEST:,} bytes" if record.bytes > LARGEST else ""


def content_problem(path: str, data: bytes) -> str:
    """Return why bytes are not what their path says, '' if they are. data: the whole file; of a media file, its beginning."""
    if layout.picture_of(path):
        return pictures.problem(data, is_complete=True)
    if layout.is_media(path):
        return mediafile.problem(data, mediafile.extension(path))
    if path.endswith(".txt"):
        try:
            document = loads(data)
        except SeedFormatError as error:
            return f"not a document: {error}"
        return "" if document.id else "not a document: no id in its address"
    if path.endswith(".gz"):
        return "" if remaking.is_whole(data) else "damaged gzip"
    return "" if leftovers.is_kept_reply(path, layout.id_of(path) or 0, data) else "not what its name says"


def about_document(record: FileRecord, document: SeedDocument, known: Row | None) -> About:
    """Return what our log says of a document or revision of another archive. known: our row of the id."""
    about = about_file(record)
    if about.language is None and layout.is_document(record.path):
        about = replace(about, language=record.path.partition("/")[0])
    kind = about.kind if about.kind in DOCUMENT_KINDS else identify.kind(document, known)
    published_ms = identify.published_ms(document, known) if about.published_ms is None else about.published_ms
    return replace(about, kind=kind, url=document.url, stamp_ms=document.stamp_ms, published_ms=published_ms)


def about_file(record: FileRecord) -> About:
    """Return what our log says of a file of another archive: what its own log says, without harmful values."""
    about = record.about
    picture = layout.picture_of(record.path)
    url = DW.picture(picture) if picture else _plain(about.url)
    if layout.is_media(record.path):
        url = DW.media_address(url or "")
    return replace(
        about, kind="picture" if picture else "media" if layout.is_media(record.path) else about.kind, url=url,
        language=about.language if about.language in LANGUAGES | {UNKNOWN_LANGUAGE} else None,
        origin=about.origin if about.origin and _ORIGIN.fullmatch(about.origin) else None,
        etag=_plain(about.etag), last_modified=_plain(about.last_modified), revision_of=None, hop=_bounded(about.hop),
    )  # fmt: skip


def _plain(text: str | None) -> str | None:
    """Return a text that may stand in an HTTP header and on a terminal; None for any other."""
    return text if text and len(text) <= _LONGEST and text.isascii() and text.isprintable() else None


def _bounded(count: int | None) -> int | None:
    return None if count is None else min(count, _MOST)


def usable(record: StateRecord) -> StateRecord | None:
    """Return the record of a state as our log may have it; None if it is of no use here."""
    url, reason = record.url, record.reason
    if record.kind == "picture":
        name = urls.parse_picture(url or "")
        if name is None or name.id != record.id:
            return None
        rendition = objects.rendition_key(name.rendition, name.file_name)
        if rendition != objects.rendition_key(record.rendition or "", name.file_name):
            return None
        url = DW.picture(name)
    elif record.kind == "media":
        url = DW.media_address(url or "")
        if url is None:
            return None
    else:
        url = _plain(url)
    if reason is not None and (len(reason) > _LONGEST or not reason.isprintable()):
        reason = Reason("of another archive")
    language = record.language if record.language in LANGUAGES | {UNKNOWN_LANGUAGE} else None
    hop, misses = _bounded(record.hop), _bounded(record.misses)
    return replace(record, url=url, reason=reason, language=language, hop=hop, misses=misses)


def is_news(record: StateRecord, known: Row | None) -> bool:
    """Whether a state of another archive says more than ours. known: our row, None if there is none.

    Ours stays if both know something, except for documents that DW removed after our last check, and for what DW said later
    about a document's kind and date.
    """
    if record.state == objects.ARCHIVED:
        is_other = record.published_ms not in (None, known.published_ms) if known else False
        is_liveblog = known is not None and record.kind == "liveblog" != known.kind
        return known is not None and known.path is not None and known.state == objects.ARCHIVED and (is_other or is_liveblog)
    if known is None:
        return True
    if record.state == objects.PENDING or known.state == record.state:
        return False
    if known.path is None:
        is_untried = known.state in (objects.PENDING, objects.OUT_OF_SCOPE) and not known.misses
        return is_untried or record.state in (objects.ALIAS, objects.GONE)
    last_look_ms = max(known.checked_ms or 0, known.stamp_ms or 0)
    return record.state == objects.GONE and (times.parse_ms(record.time) or 0) > last_look_ms
