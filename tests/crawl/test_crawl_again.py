"""Second runs: which documents are checked again and when, revisions of changed ones, and gone ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import seedfile
from crawler.upkeep.verify import verify
from tests.crawling import DAY_MS, NOW_MS, Outcome, at_ms, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

HOUR_MS = DAY_MS // 24
FRESH = dw.CHAIN[4]
PUBLISHED_MS = at_ms("2026-01-14T07:00:00+00:00")
"""displayDate of FRESH, the youngest of dw.CHAIN; each of the others is a day older than the next."""
FIRST_MS = PUBLISHED_MS + HOUR_MS
FRESH_PICTURE = 71000024


@pytest.fixture
def site() -> Site:
    return fresh_site()


def reply_of(path: str) -> str:
    return path.replace(".txt", ".json.gz")


# --- nothing new ---


def test_a_second_run_changes_no_file_and_requests_only_what_was_missing(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, dw.SEEDS, "depth=-1", site=site)
    later_ms = NOW_MS + 100 * DAY_MS
    second = crawl(tmp_path, dw.SEEDS, "depth=-1", site=site, now_ms=later_ms)
    assert second.status == 0
    assert second.files == first.files
    assert f"{len(first.documents)} archived, 0 pending, 3 to check again" in second.stderr
    assert second.articles_asked() == {dw.MISSING: 1, dw.GONE: 1}
    assert set(second.asked().values()) == {1}
    assert second.asked("static") == {f"/image/{dw.LOST_PICTURE}_{rendition}.jpg": 1 for rendition in ("303", "4", "7")}
    assert not second.log
    third = crawl(tmp_path, dw.SEEDS, "depth=-1", site=site, now_ms=later_ms)
    assert not third.requests
    assert third.status == 0
    assert third.files == first.files


def test_rebuilt_index_causes_no_further_requests(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, [dw.ENGLISH, dw.ALIAS_REDIRECT], "depth=1", site=site)
    (tmp_path / "index.sqlite").unlink()
    second = crawl(tmp_path, [dw.ENGLISH, dw.ALIAS_REDIRECT], "depth=1", site=site)
    assert "was missing" in second.stderr
    assert not second.requests
    assert second.files == first.files


@pytest.mark.parametrize(("seed", "depth", "failing"), [(1, 0, 1), (1, 1, 2), (dw.ALIAS_REDIRECT, 0, dw.GERMAN)])
def test_rebuilt_index_keeps_shorter_distances(seed: int, depth: int, failing: int, site: Site, tmp_path: Path) -> None:
    """A reference beyond the hop limit that becomes a seed, one of an archived document that does, the target of an alias."""
    far, seed, failing = (dw.SEED_ZH, seed, failing) if seed > 1 else (dw.CHAIN[0], dw.CHAIN[seed], dw.CHAIN[failing])
    limit = f"depth={depth}"
    assert failing not in crawl(tmp_path, [far], limit, site=site).documents
    site.fault(f"/.*{failing}", status=500)
    missed = crawl(tmp_path, [seed], limit, site=site, settings={"RETRY_TIMES": 0})
    assert missed.state_of(failing) == ("missing", "status 500")
    site.clear()
    (tmp_path / "index.sqlite").unlink()
    assert failing in crawl(tmp_path, "", limit, site=site).documents


# --- checking again ---


def test_older_articles_are_checked_less_often(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS)
    for days, is_asked in [
        (0.1, True),
        (1, True),  # until 2 days old in every run
        (10, True),
        (10.5, False),  # then daily
        (40, True),
        (43, False),  # then weekly
        (59, True),
        (90, False),  # then never
    ]:
        again = crawl(tmp_path, [FRESH], site=site, now_ms=PUBLISHED_MS + int(days * DAY_MS))
        assert again.articles_asked() == ({FRESH: 1} if is_asked else {}), days
        assert not again.asked("static")
        assert again.files == first.files
        assert again.report["documents"] == ({"unchanged": 1} if is_asked else {})


def test_setting_decides_when_articles_are_checked_again(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, dw.CHAIN, site=site, now_ms=FIRST_MS)
    rules = {"ARCHIVE_REFRESH": "[[2.5, 0]]"}
    again = crawl(tmp_path, dw.CHAIN, site=site, now_ms=FIRST_MS + HOUR_MS, settings=rules)
    assert set(again.articles_asked()) == set(dw.CHAIN[2:])


@pytest.mark.parametrize(
    ("refresh", "asked"),
    [("all", set(dw.CHAIN)), ("none", set()), (f"{dw.CHAIN[0]},{dw.CHAIN[2]}", {dw.CHAIN[0], dw.CHAIN[2]})],
)
def test_argument_refresh_overrides_the_rules(refresh: str, asked: set[int], site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, dw.CHAIN, site=site, now_ms=FIRST_MS)
    again = crawl(tmp_path, dw.CHAIN, f"refresh={refresh}", site=site, now_ms=FIRST_MS + HOUR_MS)
    assert set(again.articles_asked()) == asked
    assert again.status == 0


def test_archived_documents_are_checked_again_at_any_depth(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.CHAIN[2]], "depth=2", site=site, now_ms=FIRST_MS)
    again = crawl(tmp_path, [dw.CHAIN[2]], "depth=0", "refresh=all", site=site, now_ms=FIRST_MS + HOUR_MS)
    assert set(again.articles_asked()) == set(dw.CHAIN[2:])


@pytest.mark.parametrize(
    ("validators", "headers"),
    [
        ({}, {"if-none-match", "if-modified-since"}),
        ({"last_modified": False}, {"if-none-match"}),
        ({"etag": False}, {"if-modified-since"}),
        (None, set()),
    ],
    ids=["both", "etag", "last-modified", "none"],
)
def test_requests_are_conditional_if_dw_gave_a_validator(
    validators: dict[str, bool] | None, headers: set[str], site: Site, tmp_path: Path
) -> None:
    if validators is not None:
        site.validators(**validators)
    first = crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS)
    again = crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS + HOUR_MS)
    (request,) = again.requests
    assert {name for name in request["headers"] if name.startswith("if-")} == headers
    assert request["status"] == (304 if headers else 200)
    assert again.report["documents"] == {"unchanged": 1}
    assert again.files == first.files
    site.edit(FRESH, title="The last letter, found again")
    changed = crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS + 2 * HOUR_MS)
    assert changed.report["documents"]["revised"] == 1
    assert len(changed.revisions) == 2


# --- revisions ---


def test_only_changed_articles_get_a_revision(site: Site, tmp_path: Path) -> None:
    ids = [*dw.CHAIN, *dw.CYCLE, dw.ENGLISH]
    title, body, picture, author, date, unchanged, space, other = *dw.CHAIN, *dw.CYCLE
    first = crawl(tmp_path, ids, "depth=0", site=site)
    site.edit(title, title="Five letters, in a new envelope")
    site.edit(body, add_paragraph="A postscript was found.")
    site.edit(picture, picture=71009001, caption="Envelope number 3")
    site.edit(author, keys={"author": "A. Keeper"})
    site.edit(date, displayDate="2026-05-30T07:00:00.000Z")
    site.edit(space, whitespace_only=True)
    site.edit(other, teaser="Another teaser, which no document shows.")
    changed = {title, body, picture, author, date}
    second = crawl(tmp_path, ids, "depth=0", "refresh=all", site=site, now_ms=NOW_MS + 5000)
    assert second.status == 0
    assert second.report["documents"]["revised"] == len(changed)
    assert second.report["documents"]["unchanged"] == len(ids) - len(changed)
    assert second.revisions == sorted(f"revisions/{n}/{NOW_MS}{end}" for n in changed for end in (".txt", ".json.gz"))
    for dw_id, path in first.documents.items():
        assert second.documents[dw_id] == path
        old = f"revisions/{dw_id}/{NOW_MS}"
        if dw_id in changed:
            assert second.files[f"{old}.txt"] == first.files[path]
            assert second.files[f"{old}.json.gz"] == first.files[reply_of(path)]
            assert second.document(dw_id).stamp_ms == NOW_MS + 5000
            assert second.reply(dw_id) == site.get(f"{site.api}/api/detail/article/{dw_id}")[2]
        else:
            assert second.files[path] == first.files[path]
            assert second.files[reply_of(path)] == first.files[reply_of(path)]
    assert second.document(title).title == "Five letters, in a new envelope"
    assert set(second.pictures) == {*first.pictures, "71009001_303.jpg"}
    assert sorted(line["path"] for line in second.log) == sorted(
        [*second.revisions, *(p for n in changed for p in (second.documents[n], reply_of(second.documents[n]))),
         *(path for path in second.files if path.endswith("71009001_303.jpg"))]
    )  # fmt: skip
    assert unchanged not in changed


def test_altered_reply_is_replaced_if_dw_sends_the_same_article(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, [FRESH], "depth=0", site=site)
    reply = reply_of(first.documents[FRESH])
    (tmp_path / reply).write_bytes(b"altered")
    second = crawl(tmp_path, [FRESH], "depth=0", "refresh=all", site=site)
    assert second.files[reply] == first.files[reply]
    assert verify(tmp_path).damages == []


def test_every_version_is_kept(site: Site, tmp_path: Path) -> None:
    titles = ["First thought", "Second thought", "First thought", "Last thought"]
    for place, title in enumerate(titles):
        site.edit(FRESH, title=title)
        outcome = crawl(tmp_path, [FRESH], "refresh=all", site=site, now_ms=NOW_MS + place * 1000)
    kept = [seedfile.loads(outcome.files[path]).title for path in outcome.revisions if path.endswith(".txt")]
    assert kept == titles[:3]
    assert outcome.document(FRESH).title == "Last thought"
    assert outcome.documents[FRESH].endswith("-first-thought.txt")


def test_references_of_a_new_version_are_followed(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [FRESH], site=site)
    link = f'<a href="https://api.dw.com/api/detail/article/{dw.TURKISH}" rel="ArticleRef">elsewhere</a>'
    site.edit(FRESH, add_paragraph=f"The story goes on {link}.")
    again = crawl(tmp_path, [FRESH], "refresh=all", site=site, now_ms=NOW_MS + 1000)
    assert set(again.documents) == {FRESH, dw.TURKISH}


def test_clock_set_back_does_not_bring_an_old_version_back(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [FRESH], site=site)
    site.edit(FRESH, title="Told again")
    again = crawl(tmp_path, [FRESH], "refresh=all", site=site, now_ms=NOW_MS - HOUR_MS)
    assert again.report["documents"]["revised"] == 1
    assert verify(tmp_path).is_sound
    (tmp_path / "index.sqlite").unlink()
    made_again = crawl(tmp_path, [FRESH], site=site, now_ms=NOW_MS - HOUR_MS)
    assert (made_again.status, made_again.files) == (0, again.files)
    assert verify(tmp_path).is_sound


def test_check_dated_in_the_future_does_not_count(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS)
    crawl(tmp_path, [FRESH], "refresh=all", site=site, now_ms=FIRST_MS + 1000 * DAY_MS)
    again = crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS + HOUR_MS)
    assert again.articles_asked() == {FRESH: 1}


def test_miss_dated_in_the_future_does_not_delay_the_next_try(site: Site, tmp_path: Path) -> None:
    for days in (0, 1000, 1001):
        crawl(tmp_path, [dw.MISSING], "depth=0", site=site, now_ms=NOW_MS + days * DAY_MS)
    again = crawl(tmp_path, [dw.MISSING], "depth=0", site=site, now_ms=NOW_MS + DAY_MS)
    assert again.articles_asked() == {dw.MISSING: 1}


# --- missing, gone, back ---


def look(root: Path, site: Site, days: float) -> Outcome:
    return crawl(root, [FRESH], site=site, now_ms=FIRST_MS + int(days * DAY_MS))


@pytest.mark.parametrize("status", [404, 410])
def test_deleted_article_is_kept_then_marked_gone_until_it_returns(status: int, site: Site, tmp_path: Path) -> None:
    first = look(tmp_path, site, 0)
    site.edit(FRESH, delete=status)
    for days in (1, 3):
        missed = look(tmp_path, site, days)
        assert missed.status == 0
        assert missed.report["documents_missing"] == {f"status {status}": 1}
        assert missed.state_of(FRESH)[0] == "archived"
    (tmp_path / "index.sqlite").unlink()
    gone = look(tmp_path, site, 16)
    assert gone.state_of(FRESH) == ("gone", f"status {status}")
    assert gone.files == first.files
    (line,) = [state for state in gone.states if state["id"] == FRESH]
    assert (line["state"], line["time"]) == ("gone", "2026-01-30T08:00:00Z")
    site.edit(FRESH, restore=True)
    assert not look(tmp_path, site, 16.5).requests
    back = look(tmp_path, site, 20)
    assert back.state_of(FRESH) == ("archived", "")
    assert back.files == first.files
    (tmp_path / "index.sqlite").unlink()
    assert look(tmp_path, site, 20.1).state_of(FRESH) == ("archived", "")


def test_failures_of_dw_mark_nothing_as_gone(site: Site, tmp_path: Path) -> None:
    first = look(tmp_path, site, 0)
    site.fault("/api/.*", status=500)
    for days in (1, 5, 25):
        missed = crawl(tmp_path, [FRESH], site=site, now_ms=FIRST_MS + days * DAY_MS, settings={"RETRY_TIMES": 0})
        assert missed.status == 4
        assert missed.state_of(FRESH)[0] == "archived"
        assert missed.files == first.files


@pytest.mark.parametrize(
    ("path", "seed"),
    [(f"/image/{FRESH_PICTURE}_.*", FRESH), (f"/.*{dw.CHAIN[3]}", dw.CHAIN[3])],
    ids=["picture", "article"],
)
def test_missing_objects_are_retried_at_growing_intervals(path: str, seed: int, site: Site, tmp_path: Path) -> None:
    site.fault(path, status=404)
    asked = []
    for days in (100, 100.1, 100.2, 101.2, 102.2, 103.3, 106, 107.5):
        outcome = crawl(tmp_path, [seed], "depth=0", site=site, now_ms=FIRST_MS + int(days * DAY_MS))
        asked.append(bool(outcome.requests))
        assert outcome.status == 0
    assert asked == [True, True, False, True, False, True, False, True]
    site.clear()
    found = crawl(tmp_path, [seed], "depth=0", site=site, now_ms=FIRST_MS + 130 * DAY_MS)
    assert found.requests
    assert len(found.pictures) == len(found.documents) == 1


def test_article_that_robots_txt_forbids_for_a_while_stays_archived_and_is_checked_again(site: Site, tmp_path: Path) -> None:
    look(tmp_path, site, 0)
    site.options(robots="User-agent: *\nDisallow: /\n")
    for hours in (1, 2, 3):
        refused = look(tmp_path, site, hours / 24)
        assert refused.state_of(FRESH) == ("archived", "robots.txt")
    site.options(robots="User-agent: *\nDisallow:\n")
    assert look(tmp_path, site, 4 / 24).articles_asked() == {FRESH: 1}


def test_archived_article_whose_kind_changes_stays_and_is_not_requested_in_every_run(
    site: Site, tmp_path: Path
) -> None:
    first = look(tmp_path, site, 0)
    site.edit(FRESH, keys={"type": "Audio"})
    other = crawl(tmp_path, [FRESH], "refresh=all", site=site, now_ms=FIRST_MS + 100 * DAY_MS)
    assert other.report["documents_missing"] == {}
    assert other.state_of(FRESH) == ("archived", "")
    later = look(tmp_path, site, 101)
    assert (later.requests, later.files) == ([], first.files)


def test_a_gone_article_comes_back_at_any_depth(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.CHAIN[3]], "depth=1", site=site, now_ms=FIRST_MS)
    site.edit(FRESH, delete=404)
    for days in (1, 3, 16):
        gone = crawl(tmp_path, [dw.CHAIN[3]], "depth=1", site=site, now_ms=FIRST_MS + days * DAY_MS)
    assert gone.state_of(FRESH)[0] == "gone"
    site.edit(FRESH, restore=True)
    back = crawl(tmp_path, [dw.CHAIN[3]], "depth=0", site=site, now_ms=FIRST_MS + 100 * DAY_MS)
    assert back.state_of(FRESH) == ("archived", "")


def test_refusals_do_not_count_as_misses_of_a_gone_article(site: Site, tmp_path: Path) -> None:
    look(tmp_path, site, 0)
    site.fault(f"/.*{FRESH}", status=403)
    for days in (1, 3):
        assert look(tmp_path, site, days).report["documents_missing"] == {"status 403": 1}
    site.clear()
    site.edit(FRESH, delete=404)
    states = [look(tmp_path, site, days).state_of(FRESH)[0] for days in (20, 25, 40)]
    assert states == ["archived", "archived", "gone"]
