"""Find out which rendition of a picture an archive has, by the files on its disk."""

from __future__ import annotations

from pathlib import Path

from crawler.dw.renditions import standing_in
from crawler.files import is_file
from crawler.storage import layout
from crawler.urls import PictureName


def stored(root: Path, wanted: PictureName) -> PictureName | None:
    """Return the rendition of a picture that an archive has: the wanted one, else the one that stands in for it; None if it has
    none. root: the archive's folder."""
    path = root / layout.picture_path(wanted)
    if is_file(path):
        return wanted
    others = (found.relative_to(root).as_posix() for found in path.parent.glob(f"{wanted.id}_*") if is_file(found))
    return standing_in(wanted, filter(None, map(layout.picture_of, others)))
