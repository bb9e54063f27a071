"""Changes are shown word by word, and nothing is lost or invented."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.library import changes
from crawler.library.changes import ADDED, REMOVED, SAME, Difference
from crawler.seedfile import SeedDocument
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy

PICTURE = '<img src="https://images.weserv.nl/?url=static.dw.com/image/{}_303.jpg" width="100%">'
CAPTIONED = PICTURE + '<div><small style="color: #999;">{}</small></div>'
SLIDE = "<div>" + PICTURE + "<b>{}</b>：{}</div>"


# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The ferry, again.", ["The", " ", "ferry", ",", " ", "again", "."]),
        ("两只船过河", ["两", "只", "船", "过", "河"]),
        ("第2024年A股", ["第", "2024", "年", "A", "股"]),
        ("ひらがなカナ", ["ひ", "ら", "が", "な", "カ", "ナ"]),
        ("नमस्ते दुनिया", ["नमस्ते", " ", "दुनिया"]),  # vowel signs belong to their word
        ("سفينة صغيرة", ["سفينة", " ", "صغيرة"]),
        ("ጀልባ፣ ወንዝ", ["ጀልባ", "፣", " ", "ወንዝ"]),
        ("ko\u0308nnen", ["ko\u0308nnen"]),
        ("a \t  b", ["a", " ", "b"]),
        ("a\x1b[31mb", ["a", "[", "31mb"]),  # no control characters
        ("", []),
    ],
)
def test_text_is_split_into_tokens(text: str, tokens: list[str]) -> None:
    assert changes.tokens(text) == tokens


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("A red house", "A blue house", "A [-red-]{+blue+} house"),
        ("A house", "A very old house", "A {+very old +}house"),
        ("A very old house", "A house", "A [-very old -]house"),
        ("总理访华", "前总理访华", "{+前+}总理访华"),
        ("one two three four", "one 2 3 four", "one [-two three-]{+2 3+} four"),
        ("same", "same", "same"),
        ("", "new", "{+new+}"),
    ],
)
def test_changes_are_marked_word_by_word(before: str, after: str, shown: str) -> None:
    assert changes.plain(changes.words(before, after)) == shown


TEXTS = st.text(alphabet="ab cde 北京时\n.,", max_size=60)


@given(TEXTS, TEXTS)
def test_pieces_hold_both_texts(before: str, after: str) -> None:
    pieces = changes.words(before, after)
    assert "".join(text for sign, text in pieces if sign != ADDED) == "".join(changes.tokens(before))
    assert "".join(text for sign, text in pieces if sign != REMOVED) == "".join(changes.tokens(after))
    assert all(text for _, text in pieces)


@given(TEXTS)
def test_text_does_not_differ_from_itself(text: str) -> None:
    assert {sign for sign, _ in changes.words(text, text)} <= {SAME}


def test_huge_texts_without_common_words_are_compared_in_bounded_time() -> None:
    before = " ".join(f"a{number % 977}" for number in range(60_000))
    after = " ".join(f"a{number % 881}" for number in range(60_000, 0, -1))
    started = time.process_time()
    pieces = changes.words(before, after)
    assert time.process_time() - started < 5
    assert {sign for sign, _ in pieces} >= {REMOVED, ADDED}


# ---- documents ------------------------------------------------------------------------------------------------------


def changed(before: SeedDocument, **what: object) -> Difference:
    return changes.compare(before, dataclasses.replace(before, **what))  # type: ignore[arg-type]


BODY = "<p>The river is high.</p><p>The <b>ferry</b> waits.</p><p>Nobody crosses.</p>"


def test_same_document_has_no_difference() -> None:
    assert changes.compare(document(body=BODY), document(body=BODY, stamp_ms=NOW_MS + 1)).is_empty()


def test_title_author_date_and_body_are_compared_separately() -> None:
    before = document(title="Old title", author="A. Writer", body=BODY)
    body = BODY.replace("waits", "leaves")
    after = document(title="New title", author="B. Writer", body=body, date="2026-05-02T00:00:00.000Z")
    found = changes.compare(before, after)
    assert changes.plain(found.title) == "[-Old-]{+New+} title"
    assert changes.plain(found.author) == "[-A-]{+B+}. Writer"
    assert changes.plain(found.date) == "[-2026-05-01T10:00:00.000Z-]{+2026-05-02T00:00:00.000Z+}"
    assert [changes.plain(passage) for passage in found.body] == ["The ferry [-waits-]{+leaves+}."]
    assert found.pictures == []


def test_added_and_removed_paragraphs_are_separate_passages() -> None:
    after = BODY.replace("<p>The river is high.</p>", "") + "<p>Night falls.</p>"
    found = changes.compare(document(body=BODY), document(body=after))
    assert [changes.plain(passage) for passage in found.body] == ["[-The river is high.-]", "{+Night falls.+}"]


def test_pictures_are_not_compared_as_words() -> None:
    before = document(body=CAPTIONED.format(1, "A boat") + BODY + CAPTIONED.format(2, "The bank"))
    after = document(body=CAPTIONED.format(1, "A small boat") + BODY + CAPTIONED.format(3, "The bridge"))
    found = changes.compare(before, after)
    assert found.body == []
    assert [(one.name, one.what, changes.plain(one.caption)) for one in found.pictures] == [
        ("1_303.jpg", "caption", "A {+small +}boat"),
        ("2_303.jpg", "removed", "[-The bank-]"),
        ("3_303.jpg", "added", "{+The bridge+}"),
    ]


def test_slides_are_pictures_with_their_words() -> None:
    body = BODY + "<h3>相关图集：Boats</h3>" + SLIDE.format(1, "First", "A boat") + SLIDE.format(2, "Second", "Two")
    found = changes.compare(document(body=body), document(body=body.replace("A boat", "A ship")))
    assert found.body == []
    assert [(one.name, changes.plain(one.caption)) for one in found.pictures] == [("1_303.jpg", "First：A [-boat-]{+ship+}")]


def test_rendition_of_a_picture_makes_no_difference() -> None:
    before = CAPTIONED.format(1, "A boat")
    after = before.replace("1_303.jpg", "1_4.jpg")
    assert changes.compare(document(body=before), document(body=after)).is_empty()
    (found,) = changes.compare(document(body=before), document(body=after.replace("boat", "ship"))).pictures
    assert (found.name, found.what) == ("1_4.jpg", "caption")


def test_host_of_a_picture_makes_no_difference() -> None:
    before = CAPTIONED.format(1, "A boat")
    assert changes.compare(document(body=before), document(body=before.replace("static.dw.com", "api.dw.com"))).is_empty()


def test_links_and_players_are_compared() -> None:
    before = document(body='<p><a href="https://one.example/">A</a> word</p>')
    found = changes.compare(before, document(body='<p><a href="https://two.example/">A</a> word</p>'))
    assert (found.body, found.removed, found.added) == ([], ["https://one.example/"], ["https://two.example/"])


def test_change_of_markup_alone_is_reported_as_such() -> None:
    found = changes.compare(document(body="<p>a <b>word</b></p>"), document(body="<p>a <i>word</i></p>"))
    [line] = changes.lines(found, changes.plain)
    assert line.startswith("no word, picture or link differs")


def test_only_changes_are_coloured() -> None:
    shown = changes.coloured([(SAME, "a "), (REMOVED, "b"), (ADDED, "c\nd")])
    assert shown == "a \x1b[9;31mb\x1b[0m\x1b[32mc\x1b[0m\n\x1b[32md\x1b[0m"


def test_text_cannot_control_a_terminal() -> None:
    found = changed(document(), title="\x1b]0;x\x07", url="https://www.dw.com/en/\x1b[2J/a-1")
    assert not {"\x1b", "\x07"} & set("".join(changes.lines(found, changes.plain)))
    assert "\x1b" not in changes.plain([(ADDED, "https://one.example/\x1b[2J")])


# ---- scrapy diff ----------------------------------------------------------------------------------------------------

ONE, TWO, THREE = NOW_MS, NOW_MS + 60_000, NOW_MS + 120_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of one article in three versions, and one in one."""
    versions = [document(stamp_ms=stamp, title="The ferry", body=f"<p>It {verb}.</p>")
                for stamp, verb in ((ONE, "waits"), (TWO, "leaves"), (THREE, "sinks"))]  # fmt: skip
    return archive_of(tmp_path / "archive", *versions, document(70000002))


@pytest.mark.parametrize(
    ("stamps", "shown"),
    [
        ([], "It [-leaves-]{+sinks+}."),
        ([ONE], "It [-waits-]{+sinks+}."),
        ([ONE, TWO], "It [-waits-]{+leaves+}."),
        ([TWO, ONE], "It [-leaves-]{+waits+}."),
        ([ONE, THREE], "It [-waits-]{+sinks+}."),  # the current one by its stamp
    ],
)
def test_diff_shows_the_changes_between_revisions(root: Path, stamps: list[int], shown: str) -> None:
    ran = scrapy("diff", 70000001, *stamps, root=root)
    assert ran.status == 0
    assert shown in ran.out
    assert f"revisions: {ONE}, {TWO}\n" in ran.out
    assert "\x1b" not in ran.out


def test_diff_says_which_versions_it_compares(root: Path) -> None:
    lines = scrapy("diff", 70000001, ONE, root=root).out.splitlines()
    assert lines[0] == f"- {ONE} (2026-06-01T00:00:00Z) revisions/70000001/{ONE}.txt"
    assert lines[1] == f"+ {THREE} (2026-06-01T00:02:00Z) en/2026/05/70000001-the-ferry.txt"


def test_diff_prints_json(root: Path) -> None:
    found = scrapy("diff", 70000001, "--json", root=root).json
    assert found["revisions"] == [ONE, TWO]
    assert found["before"] == {"stamp_ms": TWO, "path": f"revisions/70000001/{TWO}.txt"}
    assert found["body"] == [[[SAME, "It "], [REMOVED, "leaves"], [ADDED, "sinks"], [SAME, "."]]]
    assert found["title"] == []


def test_diff_reports_a_document_without_revisions(root: Path) -> None:
    ran = scrapy("diff", 70000002, root=root)
    assert ran.status == 0
    assert ran.out == "70000002 has no revisions: en/2026/05/70000002-a-title.txt has not changed since it was archived\n"
    assert scrapy("diff", 70000002, "--json", root=root).json == {"id": 70000002, "revisions": []}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([79999999], "document 79999999 is not in the archive"),
        ([10**20], "document 100000000000000000000 is not in the archive"),
        ([70000001, 5], f"no revision 5; the revisions are: {ONE}, {TWO}"),
        ([], "name a document by its id"),
        (["x"], "name a document by its id"),
        ([1, 2, 3, 4], "name a document by its id"),
    ],
)
def test_diff_reports_a_missing_document_or_revision(root: Path, arguments: list[object], said: str) -> None:
    ran = scrapy("diff", *arguments, root=root)
    assert ran.status == 1
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "unit", ["<a ", "<p ", "<img ", '<img src="x" ', '<img src=""><div><small>', '<img src=""><b>', "</b>：", "<div><i><br>"]
)
def test_comparing_hostile_documents_takes_time_in_proportion_to_their_length(unit: str) -> None:
    body = '<img src="x"><b>' + unit * (100_000 // len(unit))
    one, other = document(body=body), document(body=body + "x")
    start = time.process_time()
    changes.compare(one, other)
    assert time.process_time() - start < 10  # a fifth of a second; it was minutes


def test_damaged_revision_is_named(root: Path) -> None:
    (root / f"revisions/70000001/{TWO}.txt").write_text("cut")
    ran = scrapy("diff", 70000001, root=root)
    assert ran.status == 1
    assert f"revisions/70000001/{TWO}.txt is lost or damaged" in ran.err
