"""The paths of an archive: all of them are made and recognised here.

Paths are relative to the archive's folder and use `/`. archive/README.md documents the layout for users.
"""

from __future__ import annotations

import re

from crawler import times
from crawler.urls import LANGUAGES, UNKNOWN_LANGUAGE, PictureName

INDEX = "index.sqlite"
INDEX_SEAL = "index.sqlite.sha256"  # of the index as it was closed; missing while the index is open
INDEX_NEW = "index.sqlite.new"  # an index that is being rebuilt; it replaces the other when it is complete
LOCK = ".lock"
RUNS = "runs"
DAMAGED = "damaged"
SLUG_LENGTH = 80  # characters; slugs are ASCII, so file names stay far below the 255 bytes of common file systems

REPLY_ENDS = (".json.gz", ".html.gz")

_LANGUAGES = LANGUAGES | {UNKNOWN_LANGUAGE}
FOLDERS = _LANGUAGES | {"images", "media", "revisions", "unreadable"}
"""Folders at the top that hold documents, replies, pictures and media files."""
SQLITE_ENDS = ("", "-wal", "-shm", "-journal")  # of the files SQLite keeps; a journal only while a new index is made
INDEX_FILES = tuple(index + end for index in (INDEX, INDEX_NEW) for end in SQLITE_ENDS)
VERIFIED = "verify.json"  # what the last verify found
SEARCH, SEARCH_SEAL = "search.sqlite", "search.sqlite.seal"  # a cache of `library.search`
TOP = FOLDERS | {RUNS, DAMAGED, *INDEX_FILES, INDEX_SEAL, LOCK, SEARCH, f"{SEARCH}-journal", SEARCH_SEAL, VERIFIED}
"""Every name at the top. Other names, and names that begin with a dot, are not part of the archive."""


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


_END = r"(?P<end>\.txt|\.(?:json|html)\.gz)"
_LANGUAGE = f"(?P<language>{'|'.join(sorted(_LANGUAGES))})"
_DOCUMENT = _pattern(_LANGUAGE + r"/\d{4}/\d\d/(?P<id>\d{1,15})(?:-[a-z0-9-]+)?" + _END)
_PICTURE = _pattern(r"images/\d+/(?P<id>\d{1,15})_(?P<rendition>[0-9A-Za-z]{1,12})\.(?P<extension>jpg|jpeg|png|gif|webp)")
_MEDIA = _pattern(r"media/\d+/(?P<id>\d{1,15})\.(?:mp4|mp3)")
_PARTIAL = _pattern(_MEDIA.pattern + r"\.part(?:\.json)?")
_REVISION = _pattern(r"revisions/(?P<id>\d{1,15})/(?P<stamp>\d{1,17})" + _END)
_UNREADABLE = _pattern(r"unreadable/(?P<id>\d{1,15})-[0-9a-f]{1,12}\.(?:reply|json|(?:json|html)\.gz)")
_FOLDER = _pattern(_LANGUAGE + r"(?:/\d{4}(?:/\d\d)?)?|(?:images|media)(?:/\d+)?|revisions(?:/\d{1,15})?|unreadable")
_RUN_FILE = _pattern(r"\d{8}T\d{6}Z\.(?P<what>jsonl|states\.ndjson|report\.json)")
_SEGMENTS = _pattern(r"\d{8}T\d{6}Z-\d+")
_FOLDED = _pattern(r"(?P<month>\d{4}-\d\d)\.reports\.ndjson")
_TEMPORARY = _pattern(r"\.tmp-\d+-.+")


def slug(title: str) -> str:
    """Return a title for a file name: ASCII, whole words in order, at most 80 characters; '' if it has only signs or emoji."""
    from slugify import slugify  # late: most commands make no names

    return slugify(title, max_length=SLUG_LENGTH, word_boundary=True, save_order=True)


def document_path(language: str, moment_ms: int, dw_id: int, title: str) -> str:
    """Return the path of a document. moment_ms: displayDate, else the stamp, milliseconds UTC; it names the folder."""
    moment = times.moment(moment_ms)
    folder = language if language in LANGUAGES else UNKNOWN_LANGUAGE
    name = "-".join(filter(None, (str(dw_id), slug(title))))
    return f"{folder}/{moment.year:04}/{moment.month:02}/{name}.txt"


def reply_ends(origin: str) -> tuple[str, ...]:
    """Return the endings that the reply of a document may have, its own first.

    origin: of the document. An older reply from another place may still lie beside it, if the document was stored from a page
    later.
    """
    return REPLY_ENDS[::-1] if origin.startswith("page") else REPLY_ENDS


def reply_path(document: str, extension: str = "json") -> str:
    """Return the path of the reply that a document was made of, beside it. extension: json, or html for a page."""
    return f"{document.removesuffix('.txt')}.{extension}.gz"


def picture_path(name: PictureName) -> str:
    return f"images/{name.id // 100000}/{name.file_name}"


def media_path(dw_id: int, extension: str) -> str:
    """Return the path of the media file of a video or audio."""
    return f"media/{dw_id // 100000}/{dw_id}.{extension}"


def partial_path(media: str) -> str:
    """Return the path of a media file while it is downloaded, beside its final path."""
    return f"{media}.part"


def note_path(partial: str) -> str:
    """Return the path of the note of a partial file, beside it."""
    return f"{partial}.json"


def revision_path(dw_id: int, stamp_ms: int, end: str = ".txt") -> str:
    return f"revisions/{dw_id}/{stamp_ms}{end}"


def unreadable_path(dw_id: int, digest: str, end: str) -> str:
    """Return the path of an unreadable reply. digest: its hexadecimal sha256, so that equal replies are kept once."""
    return f"unreadable/{dw_id}-{digest[:12]}{end}"


def is_document(path: str) -> bool:
    """Whether a path is a current document, and neither a revision nor a reply."""
    found = _DOCUMENT.fullmatch(path)
    return found is not None and found["end"] == ".txt"


def is_reply(path: str) -> bool:
    found = _DOCUMENT.fullmatch(path)
    return found is not None and found["end"] != ".txt"


def is_revision(path: str) -> bool:
    return _REVISION.fullmatch(path) is not None


def is_media(path: str) -> bool:
    return _MEDIA.fullmatch(path) is not None


def is_partial(path: str) -> bool:
    """Whether a path is a partial media file, or its note. These belong to the archive, although no run log names them."""
    return _PARTIAL.fullmatch(path) is not None


def is_folder(path: str) -> bool:
    """Whether a path is a folder in which an archive keeps documents, replies, pictures or media files."""
    return _FOLDER.fullmatch(path) is not None


def is_run_file(name: str) -> bool:
    """Whether a name under `runs/` is that of a log or a report."""
    return _RUN_FILE.fullmatch(name) is not None


def is_run_log(name: str) -> bool:
    found = _RUN_FILE.fullmatch(name)
    return found is not None and found["what"] != "report.json"


def is_segment_folder(name: str) -> bool:
    """Whether a name under `runs/` is that of a folder with segments of a run's log, which later versions write."""
    return _SEGMENTS.fullmatch(name) is not None


def folded_reports(month: str) -> str:
    """Return the name of the file under `runs/` with the reports of a month, such as "2026-05"."""
    return f"{month}.reports.ndjson"


def month_of(name: str) -> str:
    """Return the month of a file under `runs/`, such as "2026-05": of a run's file, or of folded reports."""
    found = _FOLDED.fullmatch(name)
    return found["month"] if found else f"{name[:4]}-{name[4:6]}"


def is_folded_reports(name: str) -> bool:
    """Whether a name under `runs/` is that of folded reports."""
    return _FOLDED.fullmatch(name) is not None


def is_report(name: str) -> bool:
    """Whether a file among the runs is a report, by the end of its name."""
    return name.endswith(".report.json") and not name.startswith(".")


def is_temporary(path: str) -> bool:
    """Whether a path is a file that is being written (`disk.write_temporary`)."""
    return _TEMPORARY.fullmatch(path.rpartition("/")[2]) is not None


def id_of(path: str) -> int | None:
    """DW's id in the path of an archive's file; None for every other path, and for partial files."""
    for pattern in (_DOCUMENT, _PICTURE, _REVISION, _MEDIA, _UNREADABLE):
        if found := pattern.fullmatch(path):
            return int(found["id"])
    return None


def stamp_of(revision: str) -> int:
    """Return the number in the name of a revision or of its reply: a stamp, or the next free number. Else raises ValueError."""
    found = _REVISION.fullmatch(revision)
    if found is None:
        raise ValueError(f"no revision: {revision}")
    return int(found["stamp"])


def stem_of(path: str) -> str:
    """Return the path of a document, revision or reply without its ending; a document and its reply share it."""
    return path.removesuffix(end_of(path))


def end_of(path: str) -> str:
    """Return the ending of a document, revision or reply: `.txt`, `.json.gz` or `.html.gz`; '' of other files."""
    return next((end for end in (".txt", *REPLY_ENDS) if path.endswith(end)), "")


def picture_of(path: str) -> PictureName | None:
    found = _PICTURE.fullmatch(path)
    return PictureName(int(found["id"]), found["rendition"], found["extension"]) if found else None


def run_name(start_ms: int) -> str:
    """Return the name of a run: its start in UTC, for example 20261122T200000Z."""
    return f"{times.moment(start_ms):%Y%m%dT%H%M%SZ}"
