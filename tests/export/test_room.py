"""The free space that a ZIM export needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.exceptions import DiskError
from crawler.export.room import RESERVE, Room
from crawler.storage import disk

MEGABYTE = 2**20


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Room on a disk with five megabytes above the reserve."""
    monkeypatch.setattr(disk, "free_bytes", lambda path: RESERVE + 5 * MEGABYTE)
    return Room(tmp_path / "workshop")


def test_what_fits_above_the_reserve_is_taken(room: Room) -> None:
    room.require()
    room.require(5 * MEGABYTE)


def test_what_does_not_fit_is_said_in_megabytes_rounded_up(room: Room, tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=rf"^{tmp_path}: too little free space .* 1 MB more"):
        room.require(5 * MEGABYTE + 1)


def test_the_index_of_a_text_needs_room_too(room: Room) -> None:
    room.add_text("é" * (MEGABYTE // 2))
    room.require(MEGABYTE)
    room.add_text("x" * MEGABYTE)
    with pytest.raises(DiskError):
        room.require()
