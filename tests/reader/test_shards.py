"""The files of the search: their content, their size, and that no text can break out of them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from crawler.reader import segments
from crawler.reader.memory import Document
from crawler.reader.pages import TEMPLATES
from crawler.reader.plan import Selection
from crawler.reader.segments import MOST, halved, key
from crawler.reader.shards import LARGEST_DISTANCE, LONGEST_TOKEN, File, Segment, encoded, folding, script
from crawler.reader.site import build
from tests.helpers_commands import NOW_MS, archive_of
from tests.payloads import PAYLOADS
from tests.reader import samples

LARGEST = 500_000  # bytes of a file that a page loads


def value(file: File) -> Any:
    """Return what a script gives to the page."""
    text = file.data.decode()
    found = re.fullmatch(r'dw\("([^"]*)",(.*)\);\n', text)
    assert found, text[:200]
    assert found[1] == file.path
    return json.loads(found[2])


def segment_of(*bodies: str, title: str = "A title", language: str = "en") -> list[File]:
    made = Segment("name")
    files: list[File] = []
    for place, body in enumerate(bodies):
        dw_id = 70_000_000 + len(bodies) - place
        document = samples.document(dw_id, language, title, body, days=place)
        row = Document(dw_id, f"{language}/2026/05/{dw_id}-a.txt", "", language, "", "article", "archived", 0, 0, "", title)
        files += made.add(row, document)
    return [*files, *made.finish()]


def texts(files: list[File]) -> dict[int, list[str]]:
    """Title and passages by number of the document, as `find.js` puts them together."""
    found: dict[int, list[str]] = {}
    for file in files:
        if "/texts-" in file.path:
            for number, goes_on, lines, *_ in value(file):
                mine = found.setdefault(number, [])
                if goes_on:
                    mine[-1] += lines[0]
                mine += lines[1:] if goes_on else lines
    return found


@pytest.mark.parametrize("payload", [
    *PAYLOADS, "</script><script>alert(1)</script>", '");alert(1);("', "\u2028\u2029", "\\", "\\u003c", "<!--", "]]>",
    "`${alert(1)}`", "\ud800",
])  # fmt: skip
def test_value_of_a_script_ends_neither_string_nor_script(payload: str) -> None:
    file = script("search/x.js", {payload: [payload]})
    assert value(file) == {payload.replace("\ud800", "?"): [payload.replace("\ud800", "?")]}
    assert not re.search("[<>&\u2028\u2029]", file.data.decode())
    assert file.data.count(b"\n") == 1


def test_numbers_are_written_as_distances() -> None:
    chance = random.Random(3)
    for count in (1, 2, 50, MOST):
        numbers = sorted(chance.sample(range(MOST), count))
        assert decoded(encoded(numbers)) == numbers
    assert LARGEST_DISTANCE >= MOST - 1
    assert decoded(encoded([LARGEST_DISTANCE])) == [LARGEST_DISTANCE]


def decoded(text: str) -> list[int]:
    tables = value(folding())
    digits, short = tables["digits"], tables["short"]
    assert not set(digits) & set(" \"'<>&\\")
    numbers, last, signs = [], -1, iter(text)
    for sign in signs:
        distance = digits.index(sign)
        if distance >= short:
            distance = short + (distance - short) * len(digits) + digits.index(next(signs))
        last += distance + 1
        numbers.append(last)
    return numbers


def test_segments_have_few_documents_and_depend_on_the_documents_alone() -> None:
    chance = random.Random(5)
    moments = [chance.choice([0, 1_700_000_000_000]) + chance.randrange(10 ** chance.randrange(1, 12)) for _ in range(3000)]
    keys = sorted(key(moment, n) for n, moment in enumerate(moments))
    counts = list(halved(keys, 50))
    assert sum(counts) == 3000
    assert max(counts) <= 50
    one_more = list(halved([*keys, keys[-1] + 1], 50))
    assert one_more[: len(counts) - 1] == counts[:-1]


def test_documents_of_the_same_time_are_divided_by_id() -> None:
    assert max(halved([key(1_700_000_000_000, 70_000_000 + n) for n in range(500)], 50)) <= 50


@pytest.mark.parametrize("bodies", [
    ["<p>word</p>"] * 2048, [f"<p>{'long ' * 300_000}</p>"], [f"<p>{'x' * 1_000_000}</p>"],
    [f"<p>{'&lt;' * 500_000}</p>", "<p>y</p>"], ["".join(f"<p>{n} 一二三四</p>" for n in range(40_000))],
    [f"<p>{' '.join(f'w{n}x' for n in range(90_000))}</p>"], [],
])  # fmt: skip
def test_no_file_is_large_and_no_text_is_cut(bodies: list[str]) -> None:
    files = segment_of(*bodies)
    assert max(len(file.data) for file in files) < LARGEST
    found = texts(files)
    assert len(found) == len(bodies)
    for number, body in enumerate(bodies):
        plain = re.sub(r"<[^<>]*>", "\n", body).replace("&lt;", "<").split("\n")
        assert found[number] == ["A title", *(line.strip() for line in plain if line)]


def test_long_title_fits() -> None:
    files = segment_of("<p>x</p>", title="t" * 900_000)
    assert max(len(file.data) for file in files) < LARGEST
    assert texts(files)[0][0] == "t" * 900_000


def test_long_token_is_indexed_by_its_beginning() -> None:
    (tokens,) = (value(file) for file in segment_of(f"<p>{'a' * 500}</p>") if "/tokens-" in file.path)
    assert "a" * LONGEST_TOKEN in tokens.split(" ")
    assert "a" * (LONGEST_TOKEN + 1) not in tokens


def test_scripts_never_run_their_data() -> None:
    """Hits go into the page as text."""
    for path in TEMPLATES.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute",
                             path.read_text("utf-8")), path.name  # fmt: skip


def test_segments_of_an_update_are_those_that_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MOST", 4)
    samples.archive(tmp_path / "archive")
    build(tmp_path / "archive", tmp_path / "site", Selection())
    before = {path.name for path in (tmp_path / "site/search").iterdir() if path.is_dir()}
    assert len(before) >= 4
    archive_of(tmp_path / "archive", samples.document(72000001, "en", "New", "<p>x</p>"), now_ms=NOW_MS + 10**8)
    build(tmp_path / "archive", tmp_path / "site", Selection())
    after = {path.name for path in (tmp_path / "site/search").iterdir() if path.is_dir()}
    assert len(before - after) <= 1
