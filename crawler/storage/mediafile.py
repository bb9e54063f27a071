"""Download a media file in pieces: the state of a partial file, and the meaning of a reply to a range request. Pure."""

from __future__ import annotations

import enum
import json
import re
from dataclasses import asdict, dataclass, fields
from urllib.parse import urlsplit

from crawler import reasons
from crawler.reasons import Reason

FIRST_PIECE = 64 * 1024
"""Bytes of the first request: enough to recognise the type and, from Content-Range, the size."""
PIECE = 4 * 1024 * 1024

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")


@dataclass
class Partial:
    """The state of a partial media file.

    url: its address, as DW gives it. size: the bytes on disk that are valid. total: the bytes of the whole file, 0 while
    unknown. etag, last_modified: of the version that the bytes belong to.
    """

    url: str
    size: int = 0
    total: int = 0
    etag: str = ""
    last_modified: str = ""

    @property
    def validator(self) -> str:
        """The value for If-Range: a strong entity tag, else the time of the last change (RFC 9110, 13.1.5); may be empty."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    @property
    def is_whole(self) -> bool:
        return 0 < self.total == self.size

    def next_range(self) -> str:
        """Return the Range header for the next piece."""
        end = self.size + (PIECE if self.size else FIRST_PIECE)
        return f"bytes={self.size}-{(min(end, self.total) if self.total else end) - 1}"

    def note(self) -> bytes:
        """Return the note of the partial file, to be read by `read_note`."""
        return json.dumps(asdict(self), indent=1).encode() + b"\n"


def read_note(note: bytes, url: str, on_disk: int) -> Partial:
    """Return the state of a partial file from its note; an empty one if the download must start again.

    url: the address of the file now. on_disk: the size of the partial file; bytes beyond the note's size do not count.
    The download also starts again if there is no validator, because the rest might belong to another version.
    """
    try:
        known = json.loads(note)
        partial = Partial(**{field.name: known[field.name] for field in fields(Partial)})
        is_usable = partial.url == url and bool(partial.validator) and 0 < partial.size <= min(on_disk, partial.total)
    except (ValueError, TypeError, KeyError, AttributeError):
        is_usable = False
    return partial if is_usable else Partial(url)


@dataclass(frozen=True)
class Reply:
    """The parts of a reply that matter here. size: bytes of its body."""

    status: int
    size: int
    content_range: str = ""
    etag: str = ""
    last_modified: str = ""


class Step(enum.Enum):
    """What to do with a usable reply."""

    TAKE = "its body is the next piece"
    BEGIN = "its body is the whole file"
    ANEW = "the bytes on disk belong to another version: request the file again from the start"


TAKE, BEGIN, ANEW = Step


def meaning(reply: Reply, partial: Partial) -> tuple[Step | Reason, int]:
    """Return (step, total): what to do with the reply to a range request, or the reason why it cannot be used; and the size of
    the whole file in bytes, 0 if unknown."""
    if reply.status in (200, 203):
        return BEGIN, reply.size
    if reply.status == 416 and partial.size:
        return ANEW, 0
    if reply.status != 206:
        return reasons.status(reply.status), 0
    found = _CONTENT_RANGE.fullmatch(reply.content_range.strip())
    if found is None:
        return reasons.status(206, "without a usable Content-Range"), 0
    first, last, total = map(int, found.groups())
    if first != partial.size or last >= total:
        return reasons.status(206, "with another range"), 0
    if reply.size != last + 1 - first:
        return reasons.cut_off("shorter than Content-Range"), 0
    if partial.size and not _same_version(reply, total, partial):
        return ANEW, 0
    return TAKE, total


def _same_version(reply: Reply, total: int, partial: Partial) -> bool:
    """Whether a partial reply belongs to the version on disk. A missing validator does not count (RFC 9110, 15.3.7)."""
    same_tag = not reply.etag or not partial.etag or reply.etag == partial.etag
    same_time = not reply.last_modified or not partial.last_modified or reply.last_modified == partial.last_modified
    return total == partial.total and same_tag and (same_time or bool(reply.etag and partial.etag))


def extension(url: str) -> str:
    """Return `mp3` or `mp4` by the address of a file. DW was never seen to serve other types."""
    return "mp3" if urlsplit(url).path.lower().endswith(".mp3") else "mp4"


def problem(start: bytes, kind: str) -> Reason:
    """Return why bytes are not the start of a media file of a kind (`extension`); empty if they are."""
    if not start:
        return reasons.EMPTY
    is_mp4 = start[4:8] == b"ftyp"
    is_mp3 = start.startswith(b"ID3") or (start[0] == 0xFF and start[1:2] >= b"\xe0")  # a tag, or the first frame
    is_right = is_mp4 if kind == "mp4" else is_mp3
    return reasons.NONE if is_right else reasons.not_a_media_file(f"wrong first bytes for {kind}")
