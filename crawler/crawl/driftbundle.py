"""Make a bundle of the unreadable replies of an archive, to attach to a bug report."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crawler.files import read_file
from crawler.storage import layout, tree

MOST_BYTES = 50_000_000  # of replies, unpacked; a limit because bug trackers refuse large files
_FOLDER = "unreadable/"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of ZIP, so that the same replies give the same bundle
_TOLD = ("kind", "id", "url", "time", "reason", "status", "content_type")  # of a reply


def write(root: Path, file: Path, runs: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Write the bundle of an archive: a ZIP with each unreadable reply, the note about it, and `drift.json`.

    file: an open file to write. runs: the figures of the last runs, see `drift.figures`. Returns how many replies are in it,
    and how many were left out because they are lost or beyond MOST_BYTES. No seed, path, address or setting of the person who
    crawls is in it. Raises OSError.
    """
    written = left_out = size = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        _add(bundle, "drift.json", json.dumps(list(runs), ensure_ascii=False, indent=1).encode())
        for path in tree.walk(root):
            if not path.startswith(_FOLDER) or not path.endswith(".reply") or layout.id_of(path) is None:
                continue
            try:
                reply, told = read_file(root / path), _told(root / path.replace(".reply", ".json"))
            except OSError:
                left_out += 1
                continue
            if size + len(reply) > MOST_BYTES:
                left_out += 1
                continue
            size += len(reply)
            written += 1
            _add(bundle, path, reply)
            _add(bundle, path.replace(".reply", ".json"), told)
    return written, left_out


def _told(path: Path) -> bytes:
    """Return the note about a reply, without keys that we did not write. Raises OSError."""
    try:
        about = json.loads(read_file(path))
    except (ValueError, RecursionError):
        about = {}
    known = {key: about[key] for key in _TOLD if key in about} if isinstance(about, dict) else {}
    return json.dumps(known, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def _add(bundle: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    bundle.writestr(info, data)
