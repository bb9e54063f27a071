"""Remember what the last `scrapy verify` found, in a small file beside the index. It proves nothing and may be deleted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from crawler.files import read_file
from crawler.storage import disk, layout


@dataclass(frozen=True)
class LastVerify:
    """time: when it began, UTC. damaged: how much was damaged, in things that `scrapy verify` names. files, bytes: read."""

    time: str
    damaged: int
    files: int
    bytes: int


def write(root: Path, found: LastVerify) -> None:
    """Replace what is known of the last verify. The caller holds the archive's lock. Raises OSError."""
    for unfinished in root.glob(f"{disk.TEMPORARY_PREFIX}*{layout.VERIFIED}"):
        disk.remove(unfinished)  # of a verify that was killed here
    disk.replace_file(root / layout.VERIFIED, json.dumps(asdict(found)).encode() + b"\n")


def read(root: Path) -> LastVerify | None:
    """Return what the last verify found; None if there was none, or if the file is damaged."""
    try:
        found = LastVerify(**json.loads(read_file(root / layout.VERIFIED)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    counts = (found.damaged, found.files, found.bytes)
    return found if isinstance(found.time, str) and all(type(count) is int for count in counts) else None
