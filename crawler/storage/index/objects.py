"""Define the index: its tables, and the row of an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from crawler.storage import layout
from crawler.storage.states import ALIAS as ALIAS
from crawler.storage.states import ARCHIVED as ARCHIVED
from crawler.storage.states import GONE as GONE
from crawler.storage.states import MISSING as MISSING
from crawler.storage.states import OUT_OF_SCOPE as OUT_OF_SCOPE
from crawler.storage.states import PENDING as PENDING
from crawler.storage.states import REFUSED as REFUSED
from crawler.storage.states import REMOVED as REMOVED
from crawler.storage.states import SCOPE as SCOPE
from crawler.storage.states import STATES as STATES
from crawler.storage.states import UNREADABLE as UNREADABLE
from crawler.urls import DOCUMENT_KINDS, PictureName

SCHEMA_VERSION = 4

# SQLite uses the index `unfinished` only if a query repeats the condition of that index literally.
OPEN = "state <> 'archived' AND"

NO_LIMIT = 2**31
MEDIA = "media"  # the kind and the `rendition` of a media file's row

SCHEMA = """
CREATE TABLE objects (
    id INTEGER NOT NULL,             -- DW's id
    rendition TEXT NOT NULL,         -- `rendition_key` of a picture; 'media' of a media file; '' of a document
    kind TEXT NOT NULL,              -- article, gallery, video, audio, liveblog, picture, media
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    language TEXT,
    hop INTEGER NOT NULL DEFAULT 0,
    path TEXT,                       -- where it lies; NULL while it is not archived
    home TEXT,                       -- where it lay before it was set aside as damaged, and is to lie again
    url TEXT,
    published_ms INTEGER,            -- displayDate, else the stamp
    stamp_ms INTEGER,                -- of the archived document
    checked_ms INTEGER,              -- last look at DW; 0: a seed document not yet compared with DW
    missed_ms INTEGER,               -- first miss of the current row of misses
    misses INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER,                 -- not before this; for what is missing, gone, unreadable or refused
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT '', -- how the document came into the archive
    target INTEGER,                  -- of an alias
    due INTEGER NOT NULL DEFAULT 0,  -- 1: to be requested in this run
    PRIMARY KEY (id, rendition)
) WITHOUT ROWID;
CREATE INDEX due_documents ON objects (hop, id DESC) WHERE due = 1 AND rendition = '';
CREATE INDEX due_pictures ON objects (id) WHERE due = 1 AND rendition <> '';
CREATE INDEX unfinished ON objects (state) WHERE state <> 'archived';
CREATE INDEX published ON objects (published_ms) WHERE rendition = '' AND state = 'archived';
CREATE INDEX kinds ON objects (kind, state);
CREATE INDEX missed ON objects (next_ms) WHERE misses > 0;
CREATE INDEX unchecked ON objects (checked_ms) WHERE checked_ms = 0;
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    run TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE lists (
    name TEXT PRIMARY KEY,           -- an address, or a day of a search window
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    page INTEGER NOT NULL DEFAULT 0, -- the last one read
    total INTEGER,                   -- how many DW says there are
    done INTEGER NOT NULL DEFAULT 0  -- 1: read to its end, and it can grow no more
) WITHOUT ROWID;
CREATE TABLE listed (name TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (name, id)) WITHOUT ROWID;
CREATE TABLE logs (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def rendition_key(rendition: str, address: str) -> str:
    """Return the key of a picture's row: its rendition, with the ending of its address or path if that is not jpg.

    So no two files of an id share a row, and no picture shares the row of the media file.

    >>> rendition_key("303", "images/0/63_303.jpg"), rendition_key("303", "images/0/63_303.webp")
    ('303', '303.webp')
    >>> rendition_key("media", "images/0/63_media.jpg")
    'media.jpg'
    """
    ending = address.rpartition(".")[2]
    is_plain = ending == "jpg" and rendition != MEDIA
    return rendition if is_plain or "." in rendition or not ending.isalpha() else f"{rendition}.{ending}"


@dataclass(frozen=True)
class Scope:
    """The documents that a run wants: of some kinds, up to `depth` references away from the seeds (negative: no limit)."""

    depth: int = -1
    kinds: frozenset[str] = frozenset(DOCUMENT_KINDS)

    @property
    def farthest(self) -> int:
        """The largest hop that is wanted."""
        return NO_LIMIT if self.depth < 0 else self.depth


EVERYTHING = Scope()


class Row(NamedTuple):
    """A row of the table `objects`; the schema above explains the columns."""

    id: int
    rendition: str
    kind: str
    state: str
    reason: str = ""
    language: str | None = None
    hop: int = 0
    path: str | None = None
    home: str | None = None
    url: str | None = None
    published_ms: int | None = None
    stamp_ms: int | None = None
    checked_ms: int | None = None
    missed_ms: int | None = None
    misses: int = 0
    next_ms: int | None = None
    etag: str = ""
    last_modified: str = ""
    origin: str = ""
    target: int | None = None
    due: int = 0

    @property
    def picture(self) -> PictureName:
        """The id and rendition of a picture. Raises ValueError for other objects."""
        name = layout.picture_of(self.path) if self.path else None
        if name is None and self.url:
            stem, _, extension = self.url.rpartition("/")[2].rpartition(".")
            dw_id, _, rendition = stem.partition("_")
            name = PictureName(int(dw_id), rendition, extension)
        if name is None:
            raise ValueError(f"{self.kind} {self.id} is not a picture")
        return name
