"""robots.txt: rules that are obeyed, and hosts that are excluded. The addresses and rules are invented."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from protego import Protego

from crawler.crawl.middlewares.robots import LIMIT, decoded, narrowed, unpacked
from tests.crawling import crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

pytestmark = pytest.mark.usefixtures("client")

NAME = "dw-archiver/1.0 (news archiver; Scrapy)"
FORBIDS = "User-agent: *\nDisallow: /api/\n"
TOO_LARGE = "#" * 79 + "\n"


@pytest.fixture
def site() -> Site:
    return fresh_site()


# --- one that cannot be fetched ---

NOT_HAD: dict[str, tuple[dict[str, Any], str]] = {
    "reset": ({"close": True}, "no connection: broken off"),
    "cut": ({"truncate": 10}, "cut off"),
    "timed out": ({"stall": 10}, "timeout"),
    "304": ({"status": 304, "body": ""}, "status 304"),
    "202": ({"status": 202}, "status 202"),
    "206": ({"status": 206, "body": FORBIDS}, "status 206"),
    "429": ({"status": 429}, "status 429"),
    "500": ({"status": 500}, "status 500"),
    "503": ({"status": 503, "body": "User-agent: *\nAllow: /\n"}, "status 503"),
    "a redirect to nowhere": ({"status": 302}, "status 302"),
    "a redirect out of DW": ({"redirect": "https://evil.example/robots.txt"}, "not a host of DW's"),
    "a circle of redirects": ({"redirect_loop": True}, "max redirections reached"),
    "no gzip": ({"headers": {"Content-Encoding": "gzip"}, "body": "User-agent: *\nAllow: /\n"}, "unreadable"),
    "an unknown encoding": ({"headers": {"Content-Encoding": "rot13"}}, "unreadable"),
}


@pytest.mark.parametrize("name", NOT_HAD)
def test_host_whose_robots_txt_cannot_be_fetched_gets_no_requests(name: str, site: Site, tmp_path: Path) -> None:
    fault, reason = NOT_HAD[name]
    for host in ("api", "www", "rss", "static"):
        site.fault("/robots.txt", host=host, **fault)
    seeds = f"https://rss.dw.com/rdf/rss-chi-all,https://www.dw.com/en/any/a-{dw.CHAIN[4]}"
    settings = {"RETRY_TIMES": 1, "DOWNLOAD_TIMEOUT": 0.4 if "stall" in fault else 60}
    outcome = crawl(tmp_path, seeds, "depth=0", site=site, settings=settings)
    assert not outcome.requests
    assert outcome.status == 4
    reason = f"robots.txt: {reason}"
    assert outcome.report["documents_missing"] == outcome.report["listings_missing"] == {reason: 1}
    assert outcome.state_of(dw.CHAIN[4]) == ("missing", reason)
    site.clear()
    again = crawl(tmp_path, seeds, "depth=0", site=site)
    assert again.status == 0
    assert dw.CHAIN[4] in again.documents


def test_pictures_and_media_of_an_excluded_host_are_missing_until_the_next_run(site: Site, tmp_path: Path) -> None:
    for host in ("static", "media"):
        site.fault("/robots.txt", host=host, close=True)
    seed = f"https://www.dw.com/en/any/video-{dw.VIDEO}"
    outcome = crawl(tmp_path, seed, "depth=0", "media=1", site=site, settings={"RETRY_TIMES": 0})
    assert (outcome.status, list(outcome.documents)) == (3, [dw.VIDEO])
    assert outcome.report["pictures_missing"] == {"robots.txt: no connection: broken off": 1}
    assert outcome.report["media_missing"] == {"robots.txt: no connection: broken off": 1}
    assert not outcome.asked("static") + outcome.asked("media")
    site.clear()
    again = crawl(tmp_path, "", "media=1", site=site)
    assert (again.status, again.report["pictures"]["stored"], again.report["media"]["stored"]) == (0, 1, 1)


def test_other_hosts_get_requests_if_one_is_excluded(site: Site, tmp_path: Path) -> None:
    site.fault("/robots.txt", host="api", truncate=3)
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings={"RETRY_TIMES": 0})
    assert (outcome.status, list(outcome.documents)) == (0, [dw.GERMAN])
    assert not outcome.asked("api")


def test_robots_txt_is_retried_before_a_host_is_excluded(site: Site, tmp_path: Path) -> None:
    site.fault("/robots.txt", host="api", times=2, close=True)
    outcome = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site)
    assert outcome.asked("api") == {f"/api/detail/article/{dw.CHAIN[4]}": 1}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_host_that_has_no_robots_txt_has_no_rules(status: int, site: Site, tmp_path: Path) -> None:
    site.fault("/robots.txt", status=status, body=FORBIDS)
    outcome = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site)
    assert (outcome.status, list(outcome.documents)) == (0, [dw.CHAIN[4]])


def test_robots_txt_may_be_up_to_five_redirects_away(site: Site, tmp_path: Path) -> None:
    addresses = ["/robots.txt", *(f"/moved/{hop}" for hop in range(1, 6)), "/moved/6"]
    for hop in range(5):
        site.fault(addresses[hop], host="api", redirect=addresses[hop + 1])
    site.fault("/moved/5", host="api", status=200, body=FORBIDS)
    outcome = crawl(tmp_path / "five", [dw.GERMAN], "depth=0", site=site)
    assert f"/api/detail/article/{dw.GERMAN}" not in outcome.asked("api")
    assert list(outcome.documents) == [dw.GERMAN], "from its page"
    site.clear()
    for hop in range(6):
        site.fault(addresses[hop], redirect=addresses[hop + 1])
    outcome = crawl(tmp_path / "six", [dw.GERMAN], "depth=0", site=site)
    assert outcome.state_of(dw.GERMAN) == ("missing", "robots.txt: max redirections reached")


# --- one that is too large ---


@pytest.mark.parametrize("rest", [0, 500_000], ids=["small", "larger than is read"])
def test_first_part_of_a_large_robots_txt_is_obeyed(rest: int, site: Site, tmp_path: Path) -> None:
    first_500_kib = FORBIDS + TOO_LARGE * (490 * 1024 // 80) + "Disallow: /graph-api/\n"
    site.options(robots=first_500_kib + TOO_LARGE * (rest // 80) + "Disallow: /\n" * bool(rest))
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings={"DOWNLOAD_MAXSIZE": 100_000})
    assert outcome.asked("api") == {}
    assert list(outcome.documents) == [dw.GERMAN]
    assert not [path for path in outcome.asked("www") if "/graph-api/" in path]


@pytest.mark.parametrize("packed", [False, True])
def test_endless_robots_txt_is_read_in_part(packed: bool, site: Site, tmp_path: Path) -> None:
    site.fault("/robots.txt", huge=300_000_000, gzip=packed)
    outcome = crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site)
    assert (outcome.status, list(outcome.documents)) == (0, [dw.CHAIN[4]])
    assert outcome.report["bytes_received"] < 5_000_000


def test_large_robots_txt_is_cut_after_a_whole_line() -> None:
    body = b"Disallow: /abcdef\n" * (LIMIT // 18 + 2)
    for packed, encoding in [(body, ""), (gzip.compress(body), "gzip"), (body, "Identity")]:
        read = unpacked(packed, encoding)
        assert LIMIT - 18 < len(read) <= LIMIT
        assert read.endswith(b"Disallow: /abcdef\n")
    assert unpacked(body.replace(b"\n", b"\r"), "").endswith(b"\r")
    assert unpacked(b"x" * (LIMIT + 1), "") == b""
    assert unpacked(b"Disallow: /a", "") == b"Disallow: /a"


def test_first_part_of_a_large_compressed_robots_txt_is_read() -> None:
    two = gzip.compress(b"Disallow: /a\n" * 9) + gzip.compress(b"Disallow: /b\n")
    assert unpacked(two, "gzip").endswith(b"Disallow: /a\nDisallow: /b\n")
    cut = gzip.compress(b"Disallow: /b\n" * (LIMIT // 10), 0)[: LIMIT + 1]
    assert LIMIT - 99 < len(unpacked(cut, "x-gzip")) <= LIMIT


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"plain", "gzip"), (gzip.compress(b"Disallow: /")[:-9], "gzip"), (gzip.compress(b"D" * 99)[:-8] + b"x" * 8, "gzip"),
     (b"x", "br"), (b"x", "gzip, gzip")],
    ids=["plain", "cut", "other bytes", "another", "two"],
)  # fmt: skip
def test_robots_txt_with_damaged_encoding_is_not_used(body: bytes, encoding: str) -> None:
    with pytest.raises(ValueError, match=r"gzip|br"):
        unpacked(body, encoding)


# --- odd ones ---


@pytest.mark.parametrize(
    "body",
    [
        FORBIDS.encode(), b"\xef\xbb\xbf" + FORBIDS.encode(), FORBIDS.replace("\n", "\r").encode(), FORBIDS.encode("utf-16"),
        FORBIDS.replace("\n", "\r\n").encode(), b"# caf\xe9\n" + FORBIDS.encode(), b"\0\n" + FORBIDS.encode(),
        FORBIDS.upper().replace("/API/", "/api/").encode(),
    ],
    ids=["UTF-8", "byte order mark", "CR", "UTF-16", "CRLF", "Latin-1", "NUL", "upper case"],
)  # fmt: skip
def test_a_robots_txt_in_any_encoding_and_with_any_line_ends_is_read(body: bytes) -> None:
    rules = Protego.parse(narrowed(decoded(body), NAME))
    assert not rules.can_fetch("https://api.dw.com/api/detail/article/7", NAME)
    assert rules.can_fetch("https://api.dw.com/other", NAME)


def test_web_page_in_place_of_a_robots_txt_has_no_rules(site: Site, tmp_path: Path) -> None:
    site.options(robots="<!DOCTYPE html>\n<html><body>\n<p>User-agent: * Disallow: /</p></body></html>")
    assert list(crawl(tmp_path, [dw.CHAIN[4]], "depth=0", site=site).documents) == [dw.CHAIN[4]]


GROUPS = [
    "User-agent: *\nDisallow: /a\n",
    "User-agent: dw-archiver\nDisallow: /b\n\nUser-agent: *\nDisallow: /a\n",
    "User-agent: *\nDisallow: /a\nUser-agent: news\nUser-agent: other # one\nDisallow: /b\nCrawl-delay: 5\n",
    "User-agent: DW*\nDisallow: /b\nUser-agent: archiver\nDisallow: /a\n",
    "User-agent: archiver\nDisallow: /c\nUser-agent: dw\nUser-agent: scrapy\nDisallow: /b\nUser-agent: scrapy\nDisallow: /a",
    "useragent other\nDisallow: /a\nUser agent: * # all\nDisallow: /b\nSitemap: https://www.dw.com/s.xml\n",
    "User-agent:\nDisallow: /a\nUser-agent: x\nDisallow: /b\n",
    "Disallow: /a\n",
    "User-agent: rchiver\nDisallow: /\nuser  agent : dw\nDisallow: /b\n",
    "",
]


@pytest.mark.parametrize("text", GROUPS, ids=range(len(GROUPS)))
def test_narrowing_keeps_the_rules_that_apply(text: str) -> None:
    whole, narrow = Protego.parse(text), Protego.parse(narrowed(text, NAME))
    for name in (NAME, f"{NAME} (+me@example.org)"):
        for path in ("/", "/a", "/b", "/c", "/d"):
            assert narrow.can_fetch(f"https://www.dw.com{path}", NAME) == whole.can_fetch(f"https://www.dw.com{path}", NAME)
        assert narrow.crawl_delay(NAME) == whole.crawl_delay(name)
    assert list(narrow.sitemaps) == list(whole.sitemaps)


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\n" + "Disallow: /a\n" * 40_000,
        "".join(f"User-agent: a{n}\n" for n in range(15_000)) + "".join(f"Disallow: /{n}\n" for n in range(15_000)),
        "".join(f"User-agent: {NAME[:n]}\n" for n in range(1, len(NAME))) * 100 + "Disallow: /a\n" * 20_000,
        "User-agent: *\n" + "Disallow: /" + "*a" * 200_000 + "\n",
        "user" + "- " * 250_000 + "\n",
    ],
    ids=["rules", "agents and rules", "agents like ours", "asterisks", "blanks"],
)
def test_the_cost_of_a_robots_txt_is_bounded(text: str) -> None:
    began = time.process_time()
    rules = Protego.parse(narrowed(text[:LIMIT], NAME))
    rules.can_fetch("https://www.dw.com/en/any/a-7", NAME)
    assert time.process_time() - began < 3


def test_the_robots_txt_of_a_mirror_below_a_path_is_that_of_its_host(site: Site, tmp_path: Path) -> None:
    site.options(robots="User-agent: *\nDisallow: /mirror/\n")
    mirror = {"DW_API_URL": f"{site.api}/mirror"}
    outcome = crawl(tmp_path, [dw.GERMAN], "depth=0", site=site, settings=mirror)
    assert not outcome.asked("api")
    assert list(outcome.documents) == [dw.GERMAN]
