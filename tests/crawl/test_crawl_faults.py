"""Faulty and hostile replies: nothing is lost, nothing is trusted, everything is bounded."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path

import pytest

from tests.crawling import crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

pytestmark = pytest.mark.usefixtures("client")

KILOBYTE, MEGABYTE = 1000, 1_000_000


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.fixture
def no_pages(site: Site) -> Site:
    """The stand-in without www.dw.com, so that only api.dw.com answers."""
    site.options(layout="none", graph_api=False)
    return site


def detail(dw_id: int) -> str:
    return f"/api/detail/article/{dw_id}"


# --- size ---


@pytest.mark.parametrize("packed", [False, True])
def test_the_size_of_replies_is_limited(packed: bool, no_pages: Site, tmp_path: Path) -> None:
    """packed: a gzip bomb, a thousandth of its size on the wire."""
    no_pages.fault(detail(dw.CHAIN[4]), huge=40 * MEGABYTE, gzip=packed)
    no_pages.fault("/image/71000023_303.jpg", huge=40 * MEGABYTE, gzip=packed)
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages, settings={"DOWNLOAD_MAXSIZE": 200 * KILOBYTE})
    assert outcome.status == 3
    assert list(outcome.documents) == [dw.CHAIN[3]]
    assert set(outcome.asked("api").values()) == set(outcome.asked("static").values()) == {1}
    assert outcome.report["documents_missing"] == outcome.report["pictures_missing"] == {"too large": 1}
    assert outcome.report["bytes_received"] < MEGABYTE
    assert set(outcome.files) == {line["path"] for line in outcome.log}


def test_an_ordinary_packed_reply_is_kept_unpacked(site: Site, tmp_path: Path) -> None:
    site.fault(detail(dw.CHAIN[4]), huge=KILOBYTE, gzip=True)
    site.options(layout="none", graph_api=False)
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site)
    kept = [data for path, data in outcome.files.items() if path.endswith(".reply")]
    assert kept == [b"{" + b" " * (KILOBYTE - 1)]


# --- redirects ---


def test_redirects_that_go_in_circles_end(no_pages: Site, tmp_path: Path) -> None:
    no_pages.fault(detail(dw.CHAIN[4]), redirect_loop=True)
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages, settings={"REDIRECT_MAX_TIMES": 5})
    assert list(outcome.documents) == [dw.CHAIN[3]]
    assert outcome.asked("api")[detail(dw.CHAIN[4])] == 6
    assert outcome.report["documents_missing"] == {"max redirections reached": 1}
    assert outcome.status == 3


def test_aliases_that_go_in_circles_end(no_pages: Site, tmp_path: Path) -> None:
    no_pages.fault(detail(dw.CHAIN[0]), redirect=detail(dw.CHAIN[1]))
    no_pages.fault(detail(dw.CHAIN[1]), redirect=detail(dw.CHAIN[0]))
    outcome = crawl(tmp_path, dw.CHAIN[:3], "depth=0", site=no_pages)
    assert list(outcome.documents) == [dw.CHAIN[2]]
    assert outcome.asked("api") == {detail(dw_id): 1 for dw_id in dw.CHAIN[:3]}


def test_redirects_out_of_dw_are_not_followed(no_pages: Site, tmp_path: Path) -> None:
    ways_out = ["https://evil.example/", "http://10.0.0.1/x", "file:///etc/hostname", "http://[bad", "https://u:p@api.dw.com/x"]
    for dw_id, url in zip(dw.CHAIN, ways_out, strict=True):
        no_pages.fault(detail(dw_id), redirect=url)
    outcome = crawl(tmp_path, [*dw.CHAIN, dw.CYCLE[0]], "depth=0", site=no_pages)
    assert list(outcome.documents) == [dw.CYCLE[0]]
    assert outcome.asked("api") == {detail(dw_id): 1 for dw_id in (*dw.CHAIN, dw.CYCLE[0])}
    assert outcome.report["refused_requests"] >= 2
    assert "Refused to request https://evil.example/" in outcome.stderr
    assert not [path for path in outcome.files if path.startswith("unreadable/")]


# --- hostile replies ---


@pytest.mark.parametrize(
    "keys",
    [
        {"id": "../../etc/passwd"},
        {"id": -5},
        {"id": True},
        {"languageId": "../.."},
        {"displayDate": "../../2026"},
        {"displayDate": "99999-01-01T00:00:00Z"},
        {"name": "../../../up and ../away"},
        {"type": ["Article"]},
        {"persons": [[["deep"]]], "mainContent": "none", "referenceGroups": 7},
    ],
    ids=str,
)
def test_odd_values_write_nothing_outside_the_archive_and_stop_no_run(
    keys: dict[str, object], no_pages: Site, tmp_path: Path
) -> None:
    no_pages.edit(dw.CHAIN[4], keys=keys)
    outcome = crawl(tmp_path / "in" / "archive", dw.CHAIN[3:], "depth=0", site=no_pages)
    assert outcome.status == 0
    assert set(outcome.documents) == set(dw.CHAIN[3:])
    assert re.fullmatch(r"en/2026/0[16]/\d+-[a-z0-9-]+\.txt", outcome.documents[dw.CHAIN[4]])
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["archive"]


def test_an_error_in_one_article_is_counted_and_harms_no_other(no_pages: Site, tmp_path: Path) -> None:
    no_pages.fault(detail(dw.CHAIN[4]), body="[" * 100_000)
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=no_pages)
    assert list(outcome.documents) == [dw.CHAIN[3]]
    assert outcome.status == 3
    assert outcome.report["documents"]["unreadable"] == 1


# --- nothing there ---


def test_unreachable_dw_is_reported_in_one_sentence(site: Site, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = {f"DW_{host}_URL": f"http://127.0.0.1:{port}" for host in ("API", "STATIC", "WWW", "RSS")}
    outcome = crawl(tmp_path, dw.CHAIN[:2], "depth=0", site=site, settings=nowhere)
    assert outcome.status == outcome.report["exit_status"] == 4
    assert outcome.stderr.count("Nothing could be reached") == 1
    assert "Traceback" not in outcome.stderr
    assert not outcome.files
    again = crawl(tmp_path, dw.CHAIN[:2], "depth=0", site=site)
    assert again.status == 0
    assert set(again.documents) == set(dw.CHAIN[:2])


@pytest.mark.torture
@pytest.mark.parametrize("how", ["refused", "silent", "swallowed"])
def test_run_without_a_network_ends_within_20_seconds(how: str, site: Site, tmp_path: Path) -> None:
    """silent: connections are accepted and never answered. swallowed: no connection is made.

    The run waits for less than 20 seconds; a busy machine needs longer for the rest.
    """
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(socket.socket())
        port.bind(("127.0.0.1", 0))
        if how != "refused":
            port.listen(0 if how == "swallowed" else 100)
        if how == "swallowed":  # the queue of a listener is full, and the kernel drops what comes
            for _ in range(8):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(port.getsockname())
        nowhere = {f"DW_{host}_URL": f"http://127.0.0.{number}:{port.getsockname()[1]}" if how == "refused"
                   else f"http://127.0.0.1:{port.getsockname()[1]}"
                   for number, host in enumerate(("API", "STATIC", "WWW", "RSS"), 2)}  # fmt: skip
        began = time.monotonic()
        seeds = f"edition:zh,https://www.dw.com/en/any/a-{dw.CHAIN[0]}"
        outcome = crawl(tmp_path, seeds, site=site, settings={**nowhere, "RETRY_BACKOFF": 2})
    assert time.monotonic() - began < 90  # patience as for other hosts takes five minutes and more
    assert outcome.status == 4
    assert outcome.stderr.count("Nothing could be reached") == 1


def test_run_stops_if_dw_never_answers(site: Site, tmp_path: Path) -> None:
    ids = range(dw.FIRST_SYNTHETIC, dw.FIRST_SYNTHETIC + 30)
    for host in ("api", "www"):
        site.down(host)
    outcome = crawl(tmp_path, ids, "depth=0", site=site)
    assert outcome.status == 4
    assert 5 <= sum(outcome.report["documents_missing"].values()) < 10
    assert outcome.report["pending"] > 20


def test_run_stops_if_dw_no_longer_answers_and_the_next_resumes(site: Site, tmp_path: Path) -> None:
    ids = range(dw.FIRST_SYNTHETIC, dw.FIRST_SYNTHETIC + 60)
    site.options(articles=60)
    site.down("api", after=10)
    site.down("www")
    broken = crawl(tmp_path, ids, "depth=0", site=site, settings={"RETRY_TIMES": 0})
    assert (broken.status, broken.report["reason"]) == (3, "unreachable")
    assert 5 < len(broken.documents) < 12
    assert 20 <= sum(broken.report["documents_missing"].values()) < 35
    assert broken.report["pending"] > 10
    site.up("api")
    whole = crawl(tmp_path, ids, "depth=0", site=site)
    assert (whole.status, set(whole.documents)) == (0, set(ids))


@pytest.mark.parametrize("how", ["503", "close"])
def test_run_without_any_usable_reply_ends_as_unreachable(how: str, site: Site, tmp_path: Path) -> None:
    for host in ("api", "www", "static"):
        site.fault("/robots.txt", host=host, status=404)
        site.fault(".*", host=host, **({"close": True} if how == "close" else {"status": 503}))
    outcome = crawl(tmp_path, dw.CHAIN[:2], "depth=0", site=site, settings={"RETRY_TIMES": 1})
    assert outcome.status == 4
    assert not outcome.files


def test_run_whose_documents_are_all_gone_does_not_fail(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [dw.MISSING, dw.GONE], "depth=0", site=site)
    assert outcome.status == 0
    assert outcome.report["documents_missing"] == {"status 404": 1, "status 410": 1}
    assert f"missing: article {dw.GONE}: status 410" in outcome.stderr


# --- the log ---


def test_bodies_never_appear_in_the_log(site: Site, tmp_path: Path) -> None:
    site.fault(detail(dw.CHAIN[0]), malformed_json=True)
    outcome = crawl(tmp_path, [*dw.SEEDS, dw.CHAIN[0]], "depth=-1", site=site, settings={"LOG_LEVEL": "DEBUG", "STATS_DUMP": 1})
    assert "DEBUG" in outcome.stderr
    sentences = {
        sentence
        for content in dw.CONTENTS.values()
        for part in (*content.body, {"text": content.teaser})
        for sentence in re.split(r"[.。!?？]|<[^>]*>", str(part.get("text", "")))
        if len(sentence) > 12
    }
    assert len(sentences) > 200
    assert [sentence for sentence in sentences if sentence in outcome.stderr + outcome.stdout] == []
