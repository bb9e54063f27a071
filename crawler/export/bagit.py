"""BagIt (RFC 8493): the archive's files in a folder that can be moved, and checked after the move.

The manifest has the sha256 of the run logs; each file is compared with it while it is copied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from crawler import times
from crawler.export.output import writing
from crawler.export.source import Source
from crawler.files import is_file, pieces, sha256_of
from crawler.library import Document
from crawler.library.selection import Selection
from crawler.storage import layout
from crawler.storage.runlog import run_logs

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_TAG_FILES = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")


def write(source: Source, folder: Path) -> None:
    """Make a bag. Without a selection it has every file that the archive has stored, and the run logs: `data` is itself an
    archive. With one it has the selected documents, with replies, pictures and media files.

    A file with other bytes than were stored is left out, and noted in `Library.damaged`.
    """
    root, count, size = source.library.path, 0, 0
    with writing(folder / "manifest-sha256.txt") as manifest:
        for path in _everything(source) if source.selection == Selection() else _selected(source, folder):
            found = _copy(source, path, folder / "data" / path)
            if found is not None:
                manifest.write(f"{found[0]}  data/{path}\n".encode())
                count, size = count + 1, size + found[1]
    (folder / "data").mkdir(exist_ok=True)
    info = [f"Payload-Oxum: {size}.{count}", "Source-Organization: Deutsche Welle", "Bag-Software-Agent: dw-archiver"]
    if logs := run_logs(root):  # the archive's own clock: the same archive makes the same bag
        info.append(f"Bagging-Date: {times.iso(times.parse_ms(logs[-1].name.partition('.')[0]) or 0)[:10]}")
    _write(folder / "bag-info.txt", "".join(f"{line}\n" for line in sorted(info)))
    _write(folder / "bagit.txt", _DECLARATION)
    tags = (f"{sha256_of(folder / name)[0]}  {name}\n" for name in _TAG_FILES)
    _write(folder / "tagmanifest-sha256.txt", "".join(tags))


def is_ours(folder: Path) -> bool:
    """Whether a folder is a bag."""
    return is_file(folder / "bagit.txt") and (folder / "data").is_dir()


def _everything(source: Source) -> Iterator[str]:
    """Yield the paths of all stored files, then of the run logs. Counts the documents of the source."""
    for place, path in enumerate(source.library.files(), 1):
        source.advance(place, None)
        if layout.is_document(path):
            source.documents += 1
        elif layout.is_revision(path) and path.endswith(".txt"):
            source.revisions += 1
        yield path
    for log in run_logs(source.library.path):
        yield f"{layout.RUNS}/{log.name}"


def _selected(source: Source, folder: Path) -> Iterator[str]:
    for document in source.all():
        for path in _files_of(document, source.library.path):
            if not (folder / "data" / path).exists():  # documents share pictures
                yield path


def _files_of(document: Document, root: Path) -> Iterator[str]:
    yield document.path
    if document.reply_path:
        yield document.reply_path
    yield from (picture.path for picture in document.pictures if picture.path)
    if document.kind in ("video", "audio"):
        media = (layout.media_path(document.id, end) for end in ("mp4", "mp3"))
        yield from (path for path in media if is_file(root / path))


def _copy(source: Source, path: str, to: Path) -> tuple[str, int] | None:
    """Copy a file. Returns (sha256, size), sha256 hexadecimal; None if the file is missing or damaged."""
    library, digest, size = source.library, hashlib.sha256(), 0
    try:
        with writing(to) as file:
            for piece in _read(library.path / path):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
    except _Unreadable as error:
        library.damaged[path] = str(error)
    else:
        if library.sha256(path) in (digest.hexdigest(), None):
            return digest.hexdigest(), size
        library.damaged[path] = "other bytes than were stored"
    to.unlink()
    return None


class _Unreadable(Exception):
    """A file of the archive cannot be read. Errors of the export's own disk are raised as they are."""


def _read(path: Path) -> Iterator[bytes]:
    try:
        yield from pieces(path)
    except OSError as error:
        raise _Unreadable(error.strerror or str(error)) from error


def _write(path: Path, text: str) -> None:
    with writing(path) as file:
        file.write(text.encode())
