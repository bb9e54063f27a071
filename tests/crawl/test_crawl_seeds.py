"""Seeds of a crawl: lists, folders, addresses, standard input, and documents, which are archived themselves."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from crawler import seedfile
from crawler.seedfile import SeedDocument
from tests.crawling import NOW_MS, Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.dwsite.shapes import permalink, ref

MAY = "2026-05-20T10:00:00.000Z"
OLD_MS = NOW_MS - 1_000_000_000
FOOTER = '<br><hr><div>获取更多RSS：<a href="https://feeds.example.org" target="_blank">feeds.example.org</a></div>'


@pytest.fixture
def site() -> Site:
    return fresh_site()


def document(dw_id: int, title: str = "Kept in a drawer", *paragraphs: str, date: str = MAY) -> SeedDocument:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs or ("Only the drawer knows.",))
    url = f"https://www.dw.com/en/any/a-{dw_id}"
    return SeedDocument(OLD_MS, title, url, f"<div><i>Ada Marsh<br>{date}</i></div>{body}")


def write(path: Path, document: SeedDocument) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(seedfile.dumps(document), encoding="utf-8")
    return path


def has_reply(outcome: Outcome, dw_id: int) -> bool:
    return outcome.documents[dw_id].replace(".txt", ".json.gz") in outcome.files


# --- documents as seeds ---


def test_a_seed_document_whose_article_is_lost_is_the_only_copy(site: Site, tmp_path: Path) -> None:
    shown = '<img src="https://images.weserv.nl/?url=static.dw.com/image/71000005_303.jpg" width="100%">'
    drawer = document(dw.MISSING, "Kept in a drawer", "Whoever closed it lost the key.", shown)
    seed = write(tmp_path / "seeds" / "anything.md", drawer)
    outcome = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert outcome.status == 0
    assert outcome.documents == {dw.MISSING: f"en/2026/05/{dw.MISSING}-kept-in-a-drawer.txt"}
    assert outcome.files[outcome.documents[dw.MISSING]] == seed.read_bytes()
    assert not has_reply(outcome, dw.MISSING)
    assert outcome.report["documents_missing"] == {"status 404": 1}
    assert list(outcome.pictures) == ["71000005_303.jpg"]
    again = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert again.files == outcome.files


def test_references_in_a_seed_document_are_seeds_too(site: Site, tmp_path: Path) -> None:
    seed = write(tmp_path / "seed", document(dw.GONE, "Letters", f"See {ref(dw.CHAIN[0], 'the first letter')}."))
    outcome = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert set(outcome.documents) == {dw.GONE, dw.CHAIN[0]}
    assert outcome.state_of(dw.CHAIN[1]) == ("out of scope", "hop limit")
    deeper = crawl(tmp_path / "archive", seed, "depth=1", site=site)
    assert set(deeper.documents) == {dw.GONE, dw.CHAIN[0], dw.CHAIN[1]}


def test_seed_document_that_agrees_with_dw_stays_and_gets_the_reply(site: Site, tmp_path: Path) -> None:
    fetched = crawl(tmp_path / "other", [dw.GERMAN], "depth=0", site=site)
    told = fetched.document(dw.GERMAN)
    careless = told.html.replace("Änne Groß", "null Änne  Groß").replace("?url=static.", "?url=api.") + FOOTER
    old = dataclasses.replace(told, stamp_ms=OLD_MS, html=careless)
    seed = write(tmp_path / "seeds" / "000.txt", old)
    outcome = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert outcome.files[outcome.documents[dw.GERMAN]] == seed.read_bytes()
    assert outcome.reply(dw.GERMAN) == fetched.reply(dw.GERMAN)
    assert not outcome.revisions
    assert outcome.pictures.items() >= fetched.pictures.items()
    assert outcome.report["documents"]["unchanged"] == 1
    again = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert not again.requests
    assert again.files == outcome.files


def test_seed_document_that_differs_from_dw_becomes_a_revision(site: Site, tmp_path: Path) -> None:
    seed = write(tmp_path / "seed.txt", document(dw.GERMAN, date="2026-02-04T10:00:00.500Z"))
    outcome = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert outcome.document(dw.GERMAN).stamp_ms == NOW_MS
    assert outcome.revisions == [f"revisions/{dw.GERMAN}/{OLD_MS}.txt"]
    assert outcome.files[outcome.revisions[0]] == seed.read_bytes()
    assert has_reply(outcome, dw.GERMAN)
    again = crawl(tmp_path / "archive", seed, "depth=0", site=site)
    assert not again.requests
    assert again.files == outcome.files


def test_two_versions_of_one_article_become_two_revisions_in_order_of_stamp(site: Site, tmp_path: Path) -> None:
    older, newer = document(dw.MISSING, "First words"), document(dw.MISSING, "Second thoughts")
    write(tmp_path / "seeds" / "1", dataclasses.replace(newer, stamp_ms=OLD_MS + 5000))
    write(tmp_path / "seeds" / "2", older)
    outcome = crawl(tmp_path / "archive", tmp_path / "seeds", site=site)
    assert outcome.document(dw.MISSING).title == "Second thoughts"
    assert outcome.revisions == [f"revisions/{dw.MISSING}/{OLD_MS}.txt"]
    assert outcome.documents[dw.MISSING].endswith("-second-thoughts.txt")


# --- forms of seeds ---


def test_every_form_of_seeds_leads_to_its_articles(site: Site, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    write(seeds / "deep" / "down" / "no-ending", document(dw.MISSING))
    (seeds / "list.txt").write_text(
        "# a list\n\n"
        f"https://www.dw.com/de/irgendwas/a-{dw.GERMAN}?maca=chi-rss-chi-all-1127-rdf  # with a mark\n"
        f"https://amp.dw.com/ar/any/a-{dw.ARABIC}\r\n"
        f"  https://www.dw.com/zh/%E5%90%97?/a-{dw.TRADITIONAL}\n"
        f"{permalink(dw.RUSSIAN)}\n"
        f"https://api.dw.com/api/detail/video/{dw.VIDEO}\n"
        f"https://www.dw.com/en/any/g-{dw.GALLERY}\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "one").write_text(f"https://www.dw.com/a-{dw.CHAIN[4]}")
    argument = f"{seeds}, {tmp_path / 'one'},https://m.dw.com/tr/any/a-{dw.TURKISH},-"
    stdin = f"{site.www}/es/any/a-{dw.SPANISH}\n".encode()
    outcome = crawl(tmp_path / "archive", argument, "depth=0", site=site, stdin=stdin)
    assert outcome.status == 0
    assert set(outcome.documents) == {
        dw.MISSING, dw.GERMAN, dw.ARABIC, dw.TRADITIONAL, dw.RUSSIAN, dw.VIDEO, dw.GALLERY, dw.CHAIN[4], dw.TURKISH, dw.SPANISH,
    }  # fmt: skip
    assert outcome.report["seeds_read"] == {"address": 9, "document": 1}
    assert outcome.documents[dw.TURKISH].startswith("tr/")  # its languageId is unknown, its address is not


def test_invalid_seeds_are_named_counted_and_skipped(site: Site, tmp_path: Path) -> None:
    whole = seedfile.dumps(document(dw.MISSING))
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "cut.txt").write_text(whole[:-30])
    (seeds / "stamp.txt").write_text(whole.replace("<!--1", "<!--x"))
    (seeds / "bytes").write_bytes(b"# one\n\xff\xfe")
    (seeds / "list").write_text(f"https://example.org/a-5\nhttps://www.dw.com/en/any/a-{dw.CHAIN[4]}\nftp://www.dw.com/a-9\n")
    outcome = crawl(tmp_path / "archive", f"{seeds},{tmp_path / 'nowhere'}", "depth=0", site=site)
    assert outcome.status == 0
    assert list(outcome.documents) == [dw.CHAIN[4]]
    assert outcome.report["seeds_read"] == {"unusable": 6, "address": 1}
    for place in ("cut.txt:5: ", "stamp.txt:1: ", "bytes:2: ", "list:1: ", "list:3: "):
        assert f"Seed {seeds}/{place}" in outcome.stderr
    assert f"Seed {tmp_path / 'nowhere'}: cannot be read" in outcome.stderr


@pytest.mark.parametrize("content", ["", "# only a comment\n", "https://example.org/\n"])
def test_seeds_that_hold_nothing_usable_are_an_error(content: str, site: Site, tmp_path: Path) -> None:
    seed = tmp_path / "seeds.txt"
    seed.write_text(content)
    outcome = crawl(tmp_path / "archive", seed, site=site)
    assert outcome.status == outcome.report["exit_status"] == 1
    assert f"the seeds hold nothing usable: {seed}" in outcome.stderr
    assert not outcome.requests


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("depth=far", "depth is not a whole number: 'far'"),
        ("max_articles=1.5", "max_articles is not a whole number"),
        ("refresh=some", "refresh must be all, none or ids separated by commas, not 'some'"),
        (f"refresh={10**20}", f"refresh must be all, none or ids separated by commas, not '{10**20}'"),
        ("refresh=-5", "refresh must be all, none or ids separated by commas, not '-5'"),
        ("dept=1", "there is no argument dept; did you mean depth?"),
        ("dry_run=perhaps", "dry_run must be 1 or 0 or json, not 'perhaps'"),
        ("media=mp4", "media must be 1 or 0, not 'mp4'"),
    ],
)
def test_invalid_argument_prevents_a_run(argument: str, told: str, site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path / "archive", [dw.GERMAN], argument, site=site)
    assert outcome.status == 1
    assert told in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not outcome.requests


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("ARCHIVE_REFRESH", "[(2, 0)]", "ARCHIVE_REFRESH is not a list: '[(2, 0)]'"),
        ("ARCHIVE_REFRESH", "[[2]]", "ARCHIVE_REFRESH is not a list of pairs like [[2, 0], [14, 1]]"),
        ("ARCHIVE_MIN_FREE", "500 MiB", "ARCHIVE_MIN_FREE is not a number: '500 MiB'"),
        ("ARCHIVE_ALERT_SHARE", "25%", "ARCHIVE_ALERT_SHARE is not a number: '25%'"),
        ("ARCHIVE_PICTURE_WIDTH", "0", "ARCHIVE_PICTURE_WIDTH must be at least 1 pixel"),
        ("ARCHIVE_PICTURE_WIDTH", "700px", "ARCHIVE_PICTURE_WIDTH is not a number: '700px'"),
        ("ARCHIVE_KINDS", "article, articles", "ARCHIVE_KINDS holds unknown kinds: articles"),
    ],
)
def test_invalid_setting_prevents_a_run(
    setting: str, value: str, told: str, site: Site, tmp_path: Path
) -> None:
    outcome = crawl(tmp_path, [dw.GERMAN], site=site, settings={setting: value})
    assert outcome.status == 1
    assert f"scrapy crawl: {told}" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not outcome.requests
