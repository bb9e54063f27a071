"""Documents that a stored reply may give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler import seedfile
from crawler.seedfile import SeedDocument
from crawler.storage import remaking, replyfile
from crawler.urls import DW

REPLY = {"id": 7, "type": "Article", "name": "A name", "languageId": 14, "body": [{"type": "Paragraph", "text": "Words."}]}
PACKED = replyfile.pack(json.dumps(REPLY).encode(), "")
PATH = "zh/2026/05/7-a.json.gz"


def documents(data: bytes, path: str = PATH, kind: str = "article") -> list[SeedDocument]:
    return list(remaking.documents(Path("no archive"), path, data, 7, kind, 5000, "zh", DW))


def test_a_reply_gives_its_document_first() -> None:
    found = documents(PACKED)[0]
    assert (found.id, found.title, found.stamp_ms) == (7, "A name", 5000)
    assert "Words." in found.html


def test_a_reply_gives_the_same_document_each_time() -> None:
    assert [seedfile.dumps(one) for one in documents(PACKED)] == [seedfile.dumps(one) for one in documents(PACKED)]


@pytest.mark.parametrize("data", [b"", b"no gzip", PACKED[:-5], replyfile.pack(b"no json", "")])
def test_a_damaged_or_unreadable_reply_gives_none(data: bytes) -> None:
    assert documents(data) == []


def test_json_is_not_read_as_a_page() -> None:
    assert documents(PACKED, "zh/2026/05/7-a.html.gz") == []


@pytest.mark.parametrize(("data", "is_whole"), [(PACKED, True), (PACKED[:-1], False), (b"", False), (b"no gzip", False)])
def test_gzip_is_whole_by_its_checksum(data: bytes, is_whole: bool) -> None:
    assert remaking.is_whole(data) == is_whole
