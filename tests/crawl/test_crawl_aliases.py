"""Ids that lead to other ids: once, in circles, and back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.storage import layout
from tests.crawling import Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

FIRST, SECOND, THIRD = dw.CHAIN[:3]
CIRCLE = "redirects in a circle"


@pytest.fixture
def site() -> Site:
    """The stand-in without www.dw.com, so that only api.dw.com answers."""
    site = fresh_site()
    site.options(layout="none", graph_api=False)
    return site


def detail(dw_id: int) -> str:
    return f"/api/detail/article/{dw_id}"


def lead(site: Site, *ids: int, times: int | None = None) -> None:
    """Make each id redirect to the next, and the last to the first."""
    for dw_id, target in zip(ids, [*ids[1:], ids[0]], strict=True):
        site.fault(detail(dw_id), redirect=detail(target), times=times)


def target_of(outcome: Outcome, dw_id: int) -> int | None:
    """Return the id that an id is an alias of, by the index."""
    with closing(sqlite3.connect(outcome.root / layout.INDEX)) as db:
        found = db.execute("SELECT target FROM objects WHERE id = ? AND state = 'alias'", [dw_id]).fetchone()
    return found[0] if found else None


def lines_of(outcome: Outcome, dw_id: int) -> list[dict[str, object]]:
    return [line for line in outcome.states if line.get("id") == dw_id]


# --- circles ---


@pytest.mark.parametrize("ids", [(FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND, THIRD), (THIRD, FIRST, SECOND)])
def test_ids_that_redirect_in_a_circle_once_are_missing_and_retried(
    ids: tuple[int, ...], site: Site, tmp_path: Path
) -> None:
    lead(site, *ids, times=1)
    outcome = crawl(tmp_path, ids, "depth=0", site=site)
    assert outcome.status == 3
    assert not outcome.documents
    assert {outcome.state_of(dw_id) for dw_id in ids} == {("missing", CIRCLE)}
    assert outcome.report["documents_missing"] == {CIRCLE: len(ids)}
    assert outcome.asked("api") == {detail(dw_id): 1 for dw_id in ids}
    (tmp_path / "index.sqlite").unlink()
    again = crawl(tmp_path, "", "depth=0", site=site)
    assert (again.status, set(again.documents)) == (0, set(ids))


def test_circle_that_opens_later_leaves_an_alias(site: Site, tmp_path: Path) -> None:
    lead(site, FIRST, SECOND)
    for _ in range(2):
        outcome = crawl(tmp_path, [FIRST, SECOND], "depth=0", site=site)
        assert (outcome.status, outcome.state_of(FIRST), outcome.state_of(SECOND)) == (3, *[("missing", CIRCLE)] * 2)
    site.clear()
    site.fault(detail(SECOND), redirect=detail(FIRST))
    opened = crawl(tmp_path, "", "depth=0", site=site)
    assert (opened.status, list(opened.documents), target_of(opened, SECOND)) == (0, [FIRST], FIRST)


def test_circle_that_closes_in_a_later_run_is_recognised(site: Site, tmp_path: Path) -> None:
    site.fault(detail(FIRST), redirect=detail(SECOND))
    site.fault(detail(SECOND), status=500)
    no_retry = {"RETRY_TIMES": 0}
    assert target_of(crawl(tmp_path, [FIRST], "depth=0", site=site, settings=no_retry), FIRST) == SECOND
    site.clear()
    lead(site, FIRST, SECOND)
    closed = crawl(tmp_path, "", "depth=0", site=site)
    assert {closed.state_of(dw_id) for dw_id in (FIRST, SECOND)} == {("missing", CIRCLE)}
    site.clear()
    again = crawl(tmp_path, "", "depth=0", site=site)
    assert (again.status, set(again.documents)) == (0, {FIRST, SECOND})


def test_archived_articles_that_redirect_in_a_circle_once_are_missed_and_checked_again(site: Site, tmp_path: Path) -> None:
    first = crawl(tmp_path, [FIRST, SECOND], "depth=0", site=site)
    lead(site, FIRST, SECOND, times=1)
    outcome = crawl(tmp_path, [FIRST, SECOND], "depth=0", "refresh=all", site=site)
    assert (outcome.status, outcome.report["documents_missing"]) == (3, {CIRCLE: 2})
    assert outcome.files == first.files
    again = crawl(tmp_path, "", "depth=0", site=site)
    assert (again.status, again.report["documents"]) == (0, {"unchanged": 2})


def test_document_is_taken_from_www_if_the_api_redirects_in_a_circle(tmp_path: Path) -> None:
    site = fresh_site()
    lead(site, FIRST, SECOND)
    outcome = crawl(tmp_path, [FIRST, SECOND], "depth=0", site=site)
    assert len(outcome.documents) == 1
    again = crawl(tmp_path, [], "depth=0", site=site)
    assert {again.state_of(dw_id)[0] for dw_id in (FIRST, SECOND)} == {"archived", "alias"}
    assert again.status == 0


def test_circle_of_aliases_does_not_affect_other_documents(site: Site, tmp_path: Path) -> None:
    lead(site, FIRST, SECOND)
    site.fault(detail(THIRD), redirect=detail(FIRST))
    outcome = crawl(tmp_path, [FIRST, SECOND, THIRD], "depth=0", site=site)
    assert outcome.status == 3
    site.clear()
    again = crawl(tmp_path, [], "depth=0", site=site)
    assert (again.status, set(again.documents)) == (0, {FIRST, SECOND})
    assert target_of(again, THIRD) == FIRST


# --- an alias that gives the article of the id that redirects to it ---


def test_id_that_redirects_to_its_own_alias_gets_the_article_of_the_alias(site: Site, tmp_path: Path) -> None:
    """FIRST leads to SECOND, whose reply says that it is FIRST."""
    reply = json.loads(site.get(site.api + detail(FIRST))[2])
    site.fault(detail(FIRST), redirect=detail(SECOND))
    site.fault(detail(SECOND), body=json.dumps(reply), times=2)
    outcome = crawl(tmp_path, [FIRST], "depth=0", site=site)
    assert (outcome.status, list(outcome.documents), target_of(outcome, SECOND)) == (0, [FIRST], FIRST)
    again = crawl(tmp_path, [FIRST], "depth=0", "refresh=all", site=site)
    assert (again.status, again.report["documents"]) == (0, {"unchanged": 1})
    site.clear()
    lead(site, FIRST, SECOND)
    closed = crawl(tmp_path, [FIRST], "depth=0", "refresh=all", site=site)
    assert (closed.status, closed.report["documents_missing"]) == (4, {CIRCLE: 1})
    assert closed.state_of(FIRST) == ("archived", CIRCLE)
    assert target_of(closed, SECOND) == FIRST
    assert sum(closed.asked("api").values()) == 2


# --- what the log keeps ---


def test_an_alias_points_at_its_target_and_not_at_itself(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [dw.ALIAS_REDIRECT], "depth=0", site=site)
    (line,) = (line for line in lines_of(outcome, dw.ALIAS_REDIRECT) if line["state"] == "alias")
    assert (line["state"], line["target"]) == ("alias", dw.ALIAS_REDIRECT_TO)
    assert target_of(outcome, dw.ALIAS_REDIRECT) == dw.ALIAS_REDIRECT_TO
    (tmp_path / "index.sqlite").unlink()
    assert target_of(crawl(tmp_path, "", site=site), dw.ALIAS_REDIRECT) == dw.ALIAS_REDIRECT_TO


def test_log_line_of_the_target_of_an_alias_keeps_the_hop(site: Site, tmp_path: Path) -> None:
    link = f'<a href="https://api.dw.com/api/detail/article/{dw.ALIAS_REDIRECT}" rel="ArticleRef">elsewhere</a>'
    site.edit(THIRD, add_paragraph=f"The story goes on {link}.")
    site.fault(detail(dw.ALIAS_REDIRECT_TO), status=500)
    outcome = crawl(tmp_path, [SECOND], "depth=2", site=site, settings={"RETRY_TIMES": 0})
    assert [line["hop"] for line in lines_of(outcome, dw.ALIAS_REDIRECT_TO)] == [2, 2], "heard of, missed"
    (tmp_path / "index.sqlite").unlink()
    site.clear()
    assert dw.ALIAS_REDIRECT_TO not in crawl(tmp_path, "", "depth=1", site=site).documents


@pytest.mark.parametrize("validators", [False, True])
def test_a_document_that_comes_back_from_missing_is_logged(validators: bool, site: Site, tmp_path: Path) -> None:
    """validators: DW answers with 304."""
    site.validators(validators)
    crawl(tmp_path, [FIRST], "depth=0", site=site)
    site.edit(FIRST, delete=404)
    crawl(tmp_path, "", "depth=0", "refresh=all", site=site)
    site.edit(FIRST, restore=True)
    back = crawl(tmp_path, "", "depth=0", site=site)
    assert [request["status"] for request in back.requests] == [304 if validators else 200]
    assert [line["state"] for line in lines_of(back, FIRST)] == ["archived"]
    assert not lines_of(crawl(tmp_path, "", "depth=0", "refresh=all", site=site), FIRST)
    (tmp_path / "index.sqlite").unlink()
    assert crawl(tmp_path, "", "depth=0", site=site).state_of(FIRST) == ("archived", "")
