"""Judge the files that a killed run left without a log line.

A file is adopted if its own reply gives it byte for byte, or if it is new and whole by its own format. A file that the logs
name with other bytes is damaged unless its reply proves it. This module only reads files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from crawler import seedfile, times
from crawler.exceptions import SeedFormatError
from crawler.files import is_file, open_file, read_file, sha256_of
from crawler.seedfile import SeedDocument
from crawler.storage import identify, layout, mediafile, pictures, remaking
from crawler.storage.archive import Archive
from crawler.storage.logline import About
from crawler.urls import DW

LEFT = "left"
DAMAGED = "damaged"


def judge(archive: Archive, path: str, unlogged: Collection[str]) -> About | str:
    """Return what the log says of a file to adopt, DAMAGED if it is to be set aside, or LEFT if it stays as it is.

    LEFT: it is new and not whole, or a reply without its document; the run that fetches the document replaces it.
    path: one of `unlogged`, the paths of all files that are new or differ from the logs. Raises OSError.
    """
    known = archive.index.file(path)
    refused = DAMAGED if known else LEFT
    if known is None and _is_copy(archive, path):
        return LEFT
    about = about_file(archive, path)
    if about is None:
        return refused
    if layout.is_document(path):
        return about if _is_proved(archive, path, known[0] if known else None, unlogged) else DAMAGED
    if layout.is_reply(path):
        return _judge_reply(archive, path, refused, unlogged) or about
    # other files are never replaced, except the JSON note about an unreadable reply
    return about if known is None or path.endswith(".json") else DAMAGED


def _is_copy(archive: Archive, path: str) -> bool:
    """Whether a document or reply is a copy: its id is archived under another path, and a path never changes."""
    if not (layout.is_document(path) or layout.is_reply(path)):
        return False
    row = archive.index.get(layout.id_of(path) or 0)
    if row is None or row.path is None:
        return False
    return row.path != _document_beside(path) and is_file(archive.root / row.path)


def _document_beside(path: str) -> str:
    """Return the path of the document that a reply belongs to; a document's path is returned as it is."""
    return next((path.removesuffix(end) + ".txt" for end in layout.REPLY_ENDS if path.endswith(end)), path)


def _is_proved(archive: Archive, path: str, known: str | None, unlogged: Collection[str]) -> bool:
    """Whether a document may be adopted. known: its sha256 in the logs, None if they do not name it."""
    document, dw_id = archive.read(path), layout.id_of(path)
    assert document
    assert dw_id
    replies = replies_of(archive.root, path)
    if any(_gives(archive, reply, dw_id, document) for reply in replies):
        return True
    if any(reply in unlogged for reply in replies):
        return False  # this reply was stored together with the document, but gives another one
    # the document came as a file; a version that it replaced was older and is among the revisions
    row = archive.index.get(dw_id)
    is_newer = row is not None and document.stamp_ms > (row.stamp_ms or 0)
    return known is None or (is_newer and _is_among_revisions(archive.root, dw_id, known))


def _judge_reply(archive: Archive, path: str, refused: str, unlogged: Collection[str]) -> str:
    """Return LEFT or DAMAGED; '' if the reply, which is whole, may be adopted. refused: the verdict if it proves nothing."""
    beside = _document_beside(path)
    document, dw_id = archive.read(beside), layout.id_of(path)
    if document is None or dw_id is None:
        return refused
    if beside in unlogged:
        if _gives(archive, path, dw_id, document):
            return ""
        others = [reply for reply in replies_of(archive.root, beside) if reply != path]
        return refused if any(_gives(archive, reply, dw_id, document) for reply in others) else DAMAGED
    # the document is as logged, so the reply must be as logged too; only a lost reply may have been fetched again
    if archive.index.file(path) is None:
        made = _remade(archive, path, dw_id, document)
        return "" if any(seedfile.says_the_same(one, document) for one in made) else LEFT
    logged = archive.index.file(beside)
    is_on_its_way = logged is not None and _is_among_revisions(archive.root, dw_id, logged[0])
    return LEFT if is_on_its_way and _remade(archive, path, dw_id, document) else DAMAGED


def replies_of(root: Path, path: str) -> list[str]:
    """Return the paths of the replies beside a document."""
    stem = path.removesuffix(".txt")
    return [stem + end for end in layout.REPLY_ENDS if (root / (stem + end)).exists()]


def _gives(archive: Archive, reply: str, dw_id: int, document: SeedDocument) -> bool:
    """Whether a reply, read again, gives a document byte for byte, under the document's own stamp."""
    text = seedfile.dumps(document)
    return any(seedfile.dumps(one) == text for one in _remade(archive, reply, dw_id, document))


def _remade(archive: Archive, reply: str, dw_id: int, document: SeedDocument) -> list[SeedDocument]:
    """Return the documents that a reply may give, under the stamp of `document`; [] if it cannot be read."""
    kind = identify.kind(document, archive.index.get(dw_id))
    try:
        data = read_file(archive.root / reply)
    except OSError:
        return []
    return list(remaking.documents(archive.root, reply, data, dw_id, kind, document.stamp_ms, document.language, archive.sites))


def _document(archive: Archive, dw_id: int, data: bytes) -> SeedDocument | None:
    """Return a document if it is whole and has the id it is filed under, or an alias of it; else None."""
    try:
        document = seedfile.loads(data)
    except SeedFormatError:
        return None
    row = archive.index.resolve(document.id) if document.id else None
    return document if dw_id in (document.id, row.id if row else None) else None


def _is_among_revisions(root: Path, dw_id: int, sha256: str) -> bool:
    """Whether the revisions of a document hold a version with this sha256."""
    folder = (root / layout.revision_path(dw_id, 0)).parent
    return any(sha256_of(path)[0] == sha256 for path in folder.glob("*.txt"))


def is_kept_reply(path: str, dw_id: int, data: bytes) -> bool:
    """Whether a file under `unreadable/` is whole: a reply has its sha256 in its name, and the note about it is JSON."""
    if path.endswith(".reply"):
        return path == layout.unreadable_path(dw_id, hashlib.sha256(data).hexdigest(), ".reply")
    try:
        about = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(about, dict) and about.get("id") == dw_id


def about_file(archive: Archive, path: str) -> About | None:
    """Return what the log says of a file that is whole by its own format; None if it is not whole, or not the archive's.

    Raises OSError.
    """
    dw_id = layout.id_of(path)
    if dw_id is None:
        return None
    row = archive.index.get(dw_id)
    time = times.iso(int((archive.root / path).stat().st_mtime) * 1000)
    about = About(row.kind if row else "article", dw_id, row.url if row else None, time, adopted=True)
    if layout.is_media(path):
        with open_file(archive.root / path) as file:
            if mediafile.problem(file.read(mediafile.FIRST_PIECE), mediafile.extension(path)):
                return None
        document = archive.read(row.path) if row and row.path else None
        return replace(about, kind="media", url=document.media if document else None)
    data = read_file(archive.root / path)
    if name := layout.picture_of(path):
        return None if pictures.problem(data) else replace(about, kind="picture", url=DW.picture(name))
    if path.endswith(".txt"):
        document = _document(archive, dw_id, data)
        if document is None:
            return None
        if layout.is_revision(path):
            return replace(about, revision_of=row.path if row else None, stamp_ms=document.stamp_ms)
        return replace(
            about, kind=identify.kind(document, row), url=document.url, time=times.iso(document.stamp_ms),
            language=path.split("/")[0], hop=row.hop if row else 0, origin=row.origin if row and row.origin else "adopted",
            published_ms=identify.published_ms(document, row), stamp_ms=document.stamp_ms,
        )  # fmt: skip
    is_whole = remaking.is_whole(data) if path.endswith(".gz") else is_kept_reply(path, dw_id, data)
    return about if is_whole else None
