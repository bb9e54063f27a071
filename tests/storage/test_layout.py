"""The paths of an archive. Titles are invented."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import seedfile
from crawler.storage import layout
from crawler.urls import LANGUAGES, PictureName
from tests.conftest import NOW_MS, path_id, seed_paths

ANY = st.text(max_size=120)
LANGUAGE = st.sampled_from(sorted(LANGUAGES)) | ANY


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("A plain title", "a-plain-title"),
        ("Größe: 50% mehr?", "grosse-50-mehr"),
        ("灯塔", "deng-ta"),
        ("Маяк и море", "maiak-i-more"),
        ("ሰላም", "salaame"),
        ("😀 ❤️ !?", ""),
        ("", ""),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c\x00d", "a-b-c-d"),
        ("CON", "con"),
        ("x" * 200, "x" * 80),
        ("word " * 40, "-".join(["word"] * 16)),
        ("a" * 60 + " " + "b" * 40 + " c", "a" * 60),
    ],
)
def test_slug_of_a_title(title: str, slug: str) -> None:
    assert layout.slug(title) == slug


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=30), max_size=20))
def test_slug_is_the_first_words_whole_and_in_order(words: list[str]) -> None:
    slug = layout.slug(" ".join(words))
    kept = slug.split("-") if slug else []
    assert kept == words[: len(kept)]
    assert len(slug) <= layout.SLUG_LENGTH
    assert len(kept) == len(words) or len("-".join(words[: len(kept) + 1])) > layout.SLUG_LENGTH


@pytest.mark.parametrize(
    ("language", "moment_ms", "title", "path"),
    [
        ("zh", NOW_MS, "A title", "zh/2023/11/7-a-title.txt"),
        ("zh-hant", 0, "", "zh-hant/1970/01/7.txt"),
        ("und", NOW_MS, "😀", "und/2023/11/7.txt"),
        ("xx", NOW_MS, "a", "und/2023/11/7-a.txt"),
        ("../zh", NOW_MS, "a", "und/2023/11/7-a.txt"),
        ("images", NOW_MS, "a", "und/2023/11/7-a.txt"),
        ("en", 0, "a", "en/1970/01/7-a.txt"),
        ("en", -5, "a", "en/1969/12/7-a.txt"),
        ("en", -62_135_596_800_000, "a", "en/0001/01/7-a.txt"),
        ("en", -(10**20), "a", "en/0001/01/7-a.txt"),
        ("en", 10**20, "a", "en/9999/12/7-a.txt"),
        ("en", 1_701_388_799_999, "a", "en/2023/11/7-a.txt"),
        ("en", 1_701_388_800_000, "a", "en/2023/12/7-a.txt"),
        ("en", 253_402_300_799_000, "a", "en/9999/12/7-a.txt"),
    ],
)
def test_document_path(language: str, moment_ms: int, title: str, path: str) -> None:
    assert layout.document_path(language, moment_ms, 7, title) == path


@given(LANGUAGE, st.integers(-(10**13), 253_402_300_799_000), st.integers(1, 10**15 - 1), ANY | st.just("../" * 9 + "x"))
def test_no_title_or_language_makes_a_path_outside_the_archive(language: str, moment_ms: int, dw_id: int, title: str) -> None:
    path = layout.document_path(language, moment_ms, dw_id, title)
    assert re.fullmatch(r"[a-z0-9-]+/\d{4}/\d\d/\d+(-[a-z0-9-]+)?\.txt", path)
    assert str(PurePosixPath("/root", path)) == f"/root/{path}"
    assert all(len(part.encode()) < 255 for part in (*path.split("/"), layout.reply_path(path).split("/")[-1]))
    assert layout.is_document(path)
    assert layout.is_reply(layout.reply_path(path))
    assert layout.id_of(path) == dw_id


@pytest.mark.parametrize("path", seed_paths(), ids=path_id)
def test_recorded_document_has_a_path(path: Path) -> None:
    document = seedfile.loads(path.read_bytes())
    assert document.id
    made = layout.document_path(document.language, document.stamp_ms, document.id, document.title)
    assert layout.is_document(made)
    assert layout.slug(document.title)


# path: (id, is_document, is_reply, is_revision)
PATHS = {
    "zh/2023/11/7-a-title.txt": (7, True, False, False),
    "zh/2023/11/7.txt": (7, True, False, False),
    "zh/2023/11/7-a-title.json.gz": (7, False, True, False),
    "zh/2023/11/7-a-title.html.gz": (7, False, True, False),
    "revisions/7/1700000000000.txt": (7, False, False, True),
    "revisions/7/1700000000000.json.gz": (7, False, False, True),
    "images/0/7_303.jpg": (7, False, False, False),
    "media/0/7.mp4": (7, False, False, False),
    "unreadable/7-0123456789ab.json.gz": (7, False, False, False),
    "zh/2023/11/.tmp-1-7.txt": (None, False, False, False),
    "zh/2023/11/readme.txt": (None, False, False, False),
    "zh/2023/7.txt": (None, False, False, False),
    "zh/2023/11/7-a.txt.bak": (None, False, False, False),
    "zh/2023/11/7-Ä.txt": (None, False, False, False),
    "zh/2023/11/7-a.txt\n": (None, False, False, False),
    "images/0/7_303.jpg.part": (None, False, False, False),
    "runs/20231114T221320Z.jsonl": (None, False, False, False),
    "": (None, False, False, False),
}


@pytest.mark.parametrize(("path", "facts"), PATHS.items())
def test_paths_show_their_id_and_kind(path: str, facts: tuple[int | None, bool, bool, bool]) -> None:
    found = (layout.id_of(path), layout.is_document(path), layout.is_reply(path), layout.is_revision(path))
    assert found == facts


EXTENSIONS = st.sampled_from(["jpg", "jpeg", "png", "gif", "webp"])


@given(st.integers(1, 10**15 - 1), st.from_regex(r"\A[0-9A-Za-z]{1,12}\Z"), EXTENSIONS)
def test_path_of_a_picture_is_read_back(dw_id: int, rendition: str, extension: str) -> None:
    name = PictureName(dw_id, rendition, extension)
    assert layout.picture_of(layout.picture_path(name)) == name
    assert layout.id_of(layout.picture_path(name)) == dw_id


def test_pictures_lie_a_hundred_thousand_ids_to_a_folder() -> None:
    assert layout.picture_path(PictureName(63_750_162, "303", "jpg")) == "images/637/63750162_303.jpg"
    assert layout.media_path(63_750_162, "mp4") == "media/637/63750162.mp4"
    assert layout.unreadable_path(7, "0123456789abcdef", ".json.gz") == "unreadable/7-0123456789ab.json.gz"
    assert layout.revision_path(7, NOW_MS, ".json.gz") == "revisions/7/1700000000000.json.gz"


def test_run_is_named_for_its_start() -> None:
    assert layout.run_name(NOW_MS) == "20231114T221320Z"


@pytest.mark.parametrize(("path", "stem", "end"), [
    ("zh/2023/10/7-x.txt", "zh/2023/10/7-x", ".txt"),
    ("zh/2023/10/7-x.json.gz", "zh/2023/10/7-x", ".json.gz"),
    ("revisions/7/12.html.gz", "revisions/7/12", ".html.gz"),
    ("images/0/7_303.jpg", "images/0/7_303.jpg", ""),
])  # fmt: skip
def test_document_and_reply_share_a_stem(path: str, stem: str, end: str) -> None:
    assert (layout.stem_of(path), layout.end_of(path)) == (stem, end)


def test_stamp_of_a_revision_is_in_its_name() -> None:
    assert layout.stamp_of("revisions/7/1696558622000.json.gz") == 1696558622000
    with pytest.raises(ValueError, match="no revision"):
        layout.stamp_of("zh/2023/10/7-x.txt")


def test_segments_of_a_log_lie_in_a_folder_of_the_run_and_its_epoch() -> None:
    assert layout.is_segment_folder("20261122T200000Z-12")
    assert not layout.is_segment_folder("20261122T200000Z.jsonl")
