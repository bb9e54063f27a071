"""Addresses: their targets, which ones may be requested, and those that we make. Ids and titles are invented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import urls
from crawler.urls import LANGUAGES, PictureName, Sites, Target
from tests.dwsite.shapes import permalink

LOCAL = Sites("http://127.0.0.1:8001", "http://127.0.0.1:8002/s", "http://127.0.0.1:8003", "http://127.0.0.1:8004")

TITLES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
IDS = st.integers(1, 10**15 - 1)

PAGES = [
    ("https://www.dw.com/en/some-title/a-54321", "article", 54321, "en"),
    ("https://www.dw.com/en/some-title/av-54321", "video", 54321, "en"),
    ("https://www.dw.com/en/some-title/video-54321", "video", 54321, "en"),
    ("https://www.dw.com/en/some-title/audio-54321", "audio", 54321, "en"),
    ("https://www.dw.com/en/some-title/g-54321", "gallery", 54321, "en"),
    ("https://www.dw.com/en/some-title/live-54321", "liveblog", 54321, "en"),
    ("https://www.dw.com/en/some-title/t-54321", "topic", 54321, "en"),
    ("https://www.dw.com/en/some-title/s-54321", "section", 54321, "en"),
    ("https://www.dw.com/en/some-title/program-54321", "program", 54321, "en"),
    ("https://www.dw.com/en/some-title/person-54321", "person", 54321, "en"),
    ("https://www.dw.com/en/some-title/l-54321", "list", 54321, "en"),
    ("https://www.dw.com/en/some-title/e-54321", "list", 54321, "en"),
    ("https://www.dw.com/en/a-54321", "article", 54321, "en"),
    ("https://www.dw.com/a-54321", "article", 54321, None),
    ("https://dw.com/zh-hant/x/a-54321", "article", 54321, "zh-hant"),
    ("https://amp.dw.com/pt-002/x/a-54321", "article", 54321, "pt-002"),
    ("https://m.dw.com/fa-ir/x/a-54321", "article", 54321, "fa-ir"),
    ("http://www.dw.com/de/x/a-54321", "article", 54321, "de"),
    ("https://WWW.DW.COM/de/x/a-54321", "article", 54321, "de"),
    ("  https://www.dw.com/de/x/a-54321 \n", "article", 54321, "de"),
    ("https://www.dw.com/zh/x/a-54321?maca=chi-rss-chi-all-1127-rdf", "article", 54321, "zh"),
    ("https://www.dw.com/zh/x/a-54321/?maca=a#b", "article", 54321, "zh"),
    ("https://www.dw.com/zh/x/a-54321#part-2", "article", 54321, "zh"),
    ("https://www.dw.com/en/classic/a-15959441-1", "article", 15959441, "en"),
    ("https://www.dw.com/xx/some-title/a-54321", "article", 54321, None),
    ("https://www.dw.com/zh/%E5%90%97?/a-54101498", "article", 54101498, "zh"),
    ("https://www.dw.com/zh/really?!/a-54101498", "article", 54101498, "zh"),
    ("https://www.dw.com/zh/no1#first/a-54101498", "article", 54101498, "zh"),
    ("https://www.dw.com/zh/a?b#c/a-54101498", "article", 54101498, "zh"),
    ("https://www.dw.com/zh/a?b/a-54101498?maca=x", "article", 54101498, "zh"),
    ("https://www.dw.com/en/plan-a-12/a-54321", "article", 54321, "en"),
    ("https://www.dw.com/en/a-12/a-54321", "article", 54321, "en"),
    ("https://api.dw.com/api/detail/article/54321", "article", 54321, None),
    ("https://api.dw.com/api/detail/video/54321", "video", 54321, None),
    ("https://api.dw.com/api/detail/audio/54321/", "audio", 54321, None),
    ("https://api.dw.com/api/detail/gallery/54321?x=1", "gallery", 54321, None),
    ("https://www.dw.com/api/detail/article/54321", "article", 54321, None),
    ("https://p.dw.com/p/4boRv", "article", 68117411, None),
    ("https://p.dw.com/p/41wLY/?maca=x", "article", 59567960, None),
    ("https://rss.dw.com/rdf/rss-chi-all", "feed", None, None),
    ("https://rss.dw.com/xml/rss-en-all", "feed", None, None),
    ("https://www.dw.com/sitemap.xml", "sitemap", None, None),
    ("https://www.dw.com/en/news-sitemap.xml", "sitemap", None, "en"),
    ("https://www.dw.com/en/article-sitemap.xml", "sitemap", None, "en"),
]

NOTHING = [
    "", "plain words", "https://", "https://www.dw.com", "https://www.dw.com/en", "https://www.dw.com/en/title/a-",
    "https://www.dw.com/en/title/a-0", "https://www.dw.com/en/title/a-12x", "https://www.dw.com/en/title/z-12",
    "https://www.dw.com/en/title/b-12", "https://www.dw.com/en/title-12", "https://www.dw.com/en/x/a-1234567890123456",
    "https://www.example.org/en/title/a-54321", "https://www.dw.com.example.org/en/title/a-54321",
    "https://dw.com@example.org/en/title/a-54321", "https://notdw.com/en/title/a-54321", "ftp://www.dw.com/en/x/a-54321",
    "file:///en/x/a-54321", "javascript:/en/x/a-54321", "//www.dw.com/en/x/a-54321", "www.dw.com/en/x/a-54321",
    "https://api.dw.com/api/detail/article/", "https://api.dw.com/api/detail/article/54x",
    "https://api.dw.com/api/detail/article/0", "https://www.dw.com/api/detail/article/0",
    "https://api.dw.com/api/detail/person/54321", "https://api.dw.com/api/detail/article/../54321",
    "https://p.dw.com/p/", "https://p.dw.com/p/0", "https://p.dw.com/p/ab-c", "https://p.dw.com/q/4boRv",
    "https://[www.dw.com/en/x/a-54321", "https://www.dw.com]/en/x/a-5",
]  # fmt: skip


@pytest.mark.parametrize(("url", "kind", "dw_id", "language"), PAGES)
def test_address_leads_to_this_target(url: str, kind: str, dw_id: int | None, language: str | None) -> None:
    assert urls.parse_target(url) == Target(kind, dw_id, language)


@pytest.mark.parametrize("url", NOTHING)
def test_address_that_is_not_dws_has_no_target(url: str) -> None:
    assert urls.parse_target(url) is None


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_path_is_known(language: str) -> None:
    assert urls.parse_target(f"https://www.dw.com/{language}/x/a-7") == Target("article", 7, language)


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z]{0,4}\.?dw\.com/.{0,30}"))
def test_parsing_any_text_as_an_address_never_fails(text: str) -> None:
    found = urls.parse_target(text)
    assert found is None or found.kind in urls.DOCUMENT_KINDS + urls.LIST_KINDS
    assert urls.parse_picture(text) is None or "_" in text
    assert urls.DW.allows(text) in (True, False)


@pytest.mark.parametrize(
    ("url", "dw_id"),
    [
        ("http://127.0.0.1:8001/api/detail/article/7", 7),
        ("http://127.0.0.1:8003/en/x/a-7", 7),
        ("http://127.0.0.1:8003/en/x?/a-7", 7),
        ("https://www.dw.com/en/x/a-7", 7),
        ("http://127.0.0.1:8009/en/x/a-7", None),
        ("http://127.0.0.1:80031/en/x/a-7", None),
    ],
)
def test_configured_bases_stand_in_for_dw(url: str, dw_id: int | None) -> None:
    found = urls.parse_target(url, LOCAL)
    assert (found.id if found else None) == dw_id


def test_canonical_replaces_a_configured_base_only() -> None:
    assert LOCAL.canonical("http://127.0.0.1:8003/en/x") == "https://www.dw.com/en/x"
    assert LOCAL.canonical("http://127.0.0.1:8002/s/image/1_303.jpg") == "https://static.dw.com/image/1_303.jpg"
    assert LOCAL.canonical("http://127.0.0.1:8002/image/1_303.jpg") == "http://127.0.0.1:8002/image/1_303.jpg"
    assert LOCAL.detail("video", 7) == "http://127.0.0.1:8001/api/detail/video/7"
    assert LOCAL.picture(PictureName(7, "303", "jpg")) == "http://127.0.0.1:8002/s/image/7_303.jpg"


# ---- what a document may load ---------------------------------------------------------------------------------------

MEDIA = [
    ("https://static.dw.com/downloads/1/a.mp4", "https://static.dw.com/downloads/1/a.mp4"),
    ("https://tvdownloaddw-a.akamaihd.net/a.mp4?b=1&c", "https://tvdownloaddw-a.akamaihd.net/a.mp4?b=1&c"),
    ("HTTP://radiodownloaddw-a.akamaihd.net/a.mp3", "https://radiodownloaddw-a.akamaihd.net/a.mp3"),
    (" //dw.com/a.mp4 ", "https://dw.com/a.mp4"),
    ("https://HLSVOD.dw.com:443/a.mp4#t=1", "https://HLSVOD.dw.com:443/a.mp4#t=1"),
    *((url, None) for url in (
        "https://evil.example/a.mp4", "https://evil.example/?x=.dw.com/a.mp4", "https://xdw.com/a.mp4", "https://dw.com.evil/a.mp4",
        "https://evil.akamaihd.net/a.mp4", "https://dw.com@evil.example/a.mp4", "https://u@dw.com/a.mp4", "https://dw.com:1/a.mp4",
        "https://evil.example\\@dw.com/a.mp4", "https://evil.example\\.dw.com/a.mp4", "https://evil.example#.dw.com/a.mp4",
        "https://evil.example%2f.dw.com/a", "https://evil.example／.dw.com/a.mp4", "https://dw.com./a.mp4", "https://dw。com/a.mp4",
        'https://dw.com/"onerror=x', "https://dw.com/'x", "https://dw.com/<x", "https://dw.com/a b", "https://dw.com/a\tb",
        "https://dw.com/\x00", "https://dw.com/a\nb", "https://dw.com/\u2028a", "http:dw.com/a.mp4", "https:/dw.com/a.mp4",
        "ftp://dw.com/a.mp4", "javascript:alert(1)//dw.com/a.mp4", "data:video/mp4,dw.com", "/a.mp4", "a.mp4", "", "https://",
        "https:///a.mp4", "https://[::1]/a.mp4", "blob:https://dw.com/a", "view-source:https://dw.com/a.mp4",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("url", "address"), MEDIA)
def test_media_addresses_are_on_known_hosts_over_https(url: str, address: str | None) -> None:
    assert urls.DW.media_address(url) == address


def test_setting_adds_hosts_of_media() -> None:
    sites = Sites(media_hosts=frozenset({"m.example"}))
    assert sites.media_address("http://m.example/a.mp4") == "https://m.example/a.mp4"
    assert sites.media_address("https://tvdownloaddw-a.akamaihd.net/a.mp4") is None
    assert sites.media_address("https://dw.com/a.mp4") == "https://dw.com/a.mp4"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://static.dw.com/image/63_303.jpg", "static.dw.com/image/63_303.jpg"),
        ("http://API.dw.com/image/63_303.JPG?x=1&y=\"<script>#z", "api.dw.com/image/63_303.JPG"),
        ("//static.dw.com/image/0,,63_403,00.jpg?", "static.dw.com/image/0,,63_403,00.jpg"),
        ("https://images.weserv.nl/?url=static.dw.com/image/63_303.jpg&output=svg", "static.dw.com/image/63_303.jpg"),
        ("https://u:w@static.dw.com:8443/image/63_303.jpg", "static.dw.com/image/63_303.jpg"),
        ("https://static.dw.com/image/63_303.jpg/../x", None),
        ("https://evil.example/image/63_303.jpg", None),
    ],
)
def test_picture_is_shown_by_host_and_path_alone(url: str, address: str | None) -> None:
    found = urls.shown_picture(url)
    assert (found[1] if found else None) == address


# ---- what may be requested ------------------------------------------------------------------------------------------

ALLOWED = [
    "https://api.dw.com/api/detail/article/1", "https://static.dw.com/image/1_303.jpg", "https://www.dw.com/en/x/a-1",
    "https://rss.dw.com/rdf/rss-chi-all", "https://amp.dw.com/en/x/a-1", "https://m.dw.com/x", "https://dw.com/",
    "https://www.dw.com:443/robots.txt", "https://API.DW.COM/x", "https://www.dw.com",
]  # fmt: skip

REFUSED = [
    "http://www.dw.com/en/x/a-1", "https://www.dw.com:8443/x", "https://www.dw.com:0/x", "https://www.dw.com:x/",
    "https://www.dw.com:99999/", "https://user@www.dw.com/", "https://user:word@www.dw.com/", "https://@www.dw.com/",
    "https://api.dw.com@evil.example/", "https://api.dw.com%40evil.example/", "https://api.dw.com\\@evil.example/",
    "https://www.dw.com.evil.example/", "https://evil.example/www.dw.com/", "https://evil.example#www.dw.com/",
    "https://evil.example?https://www.dw.com/", "https://wwwdw.com/", "https://xdw.com/", "https://x.dw.com/",
    "https://www.dw.com./", "https://p.dw.com/p/1", "https://images.weserv.nl/?url=static.dw.com/image/1_303.jpg",
    "file:///etc/passwd", "ftp://www.dw.com/", "data:text/html,x", "javascript:alert(1)", "//www.dw.com/", "www.dw.com", "",
    "https://127.0.0.1/", "https://10.0.0.1/", "http://169.254.169.254/latest", "https://[::1]/", "https://[::1", "https:///x",
    "https://localhost/",
]  # fmt: skip


@pytest.mark.parametrize("url", ALLOWED)
def test_address_may_be_requested(url: str) -> None:
    assert urls.DW.allows(url)


@pytest.mark.parametrize("url", REFUSED)
def test_address_may_not_be_requested(url: str) -> None:
    assert not urls.DW.allows(url)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8001", True),
        ("http://127.0.0.1:8001/api/x", True),
        ("http://127.0.0.1:80011/api/x", False),
        ("http://127.0.0.1:8001@evil.example/", False),
        ("http://127.0.0.1:8002/s/image/1_303.jpg", True),
        ("http://127.0.0.1:8002/other", False),
        ("http://127.0.0.1:8005/", False),
        ("https://www.dw.com/en/x/a-1", True),
    ],
)
def test_configured_base_may_be_requested(url: str, allowed: bool) -> None:
    assert LOCAL.allows(url) is allowed


# ---- pictures -------------------------------------------------------------------------------------------------------

PICTURES = [
    ("https://static.dw.com/image/63_303.jpg", "63_303.jpg"),
    ("http://static.dw.com/image/63_303.JPG", "63_303.jpg"),
    ("//static.dw.com/image/63_303.jpeg", "63_303.jpeg"),
    ("static.dw.com/image/63_303.png", "63_303.png"),
    ("https://api.dw.com/image/63_4.gif", "63_4.gif"),
    ("https://www.dw.com/image/63_7.webp", "63_7.webp"),
    ("https://www.dw.com/image/0,,63_303,00.jpg", "63_303.jpg"),
    ("https://images.weserv.nl/?url=static.dw.com/image/63_303.jpg", "63_303.jpg"),
    ("https://images.weserv.nl/?url=https://static.dw.com/image/63_303.jpg", "63_303.jpg"),
    ("https://images.weserv.nl/?url=https%3A%2F%2Fstatic.dw.com/image/63_303.jpg", "63_303.jpg"),
    ("https://images.weserv.nl/?url=static.dw.com/image/63_303.jpg&w=700", "63_303.jpg"),
    ("https://images.weserv.nl/?url=//api.dw.com/image/63_303.jpg", "63_303.jpg"),
    ("//images.weserv.nl/?url=api.dw.com/image/63_303.jpg", "63_303.jpg"),
    ("https://static.dw.com/image/63_303.jpg?x=1", "63_303.jpg"),
    ("https://images.weserv.nl/?url=evil.example/image/63_303.jpg", None),
    ("https://images.weserv.nl/?url=images.weserv.nl/?url=static.dw.com/image/63_303.jpg", None),
    ("https://evil.example/image/63_303.jpg", None),
    ("https://static.dw.com/image/0_303.jpg", None),
    ("https://static.dw.com/image/63.jpg", None),
    ("https://static.dw.com/image/63_303.svg", None),
    ("https://static.dw.com/image/../63_303.jpg", None),
    ("https://static.dw.com/image/63_../x.jpg", None),
    ("https://api.dw.com/i/video-1sp.gif", None),
    ("data:image/gif;base64,R0lGODlhAQ", None),
    ("", None),
]


@pytest.mark.parametrize(("url", "name"), PICTURES)
def test_picture_is_read_from_an_address(url: str, name: str | None) -> None:
    found = urls.parse_picture(url)
    assert (found.file_name if found else None) == name


def test_picture_is_read_from_an_address_of_a_configured_base() -> None:
    found = urls.parse_picture("http://127.0.0.1:8002/s/image/63_303.jpg", LOCAL)
    assert found == PictureName(63, "303", "jpg")


# ---- our own addresses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "segment"),
    [
        ("plain", "plain"),
        ("two words", "two%20words"),
        ("Wirklich? Ja!", "Wirklich%3F%20Ja!"),
        ("50% #1 a/b c\\d", "50%25%20%231%20a%2Fb%20c%5Cd"),
        ("\"<>`{}^", "%22%3C%3E%60%7B%7D%5E"),
        ("!$&'()*+,-.:;=@[]_|~", "!$&'()*+,-.:;=@[]_|~"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("\t\x7f", "%09%7F"),
        ("", ""),
    ],
)
def test_title_in_an_address_is_encoded_as_browsers_do_it_and_beyond(title: str, segment: str) -> None:
    assert urls.document_url("en", title, 7) == f"https://www.dw.com/en/{segment}/a-7"


@given(st.sampled_from([*sorted(LANGUAGES), "und"]), TITLES | st.sampled_from(["a-5", "x/a-5?", "sitemap.xml", ".."]), IDS)
def test_any_title_leaves_the_id_in_the_address(language: str, title: str, dw_id: int) -> None:
    url = urls.document_url(language, title, dw_id)
    assert urls.document_id(url) == dw_id
    assert urls.document_language(url) == language
    assert re.fullmatch(r"[!-~]+", url)


def test_id_of_a_section_gives_no_document() -> None:
    assert urls.document_id("https://www.dw.com/en/x/s-7") is None
    assert urls.document_language("https://www.dw.com/nowhere/x/a-7") == "und"


# ---- base 62 --------------------------------------------------------------------------------------------------------


def permalinks(value: object) -> list[tuple[int, str]]:
    """(id, permaLink) of every object of a reply that has both."""
    if isinstance(value, list):
        return [pair for item in value for pair in permalinks(item)]
    if not isinstance(value, dict):
        return []
    own = [(value["id"], value["permaLink"])] if "id" in value and "permaLink" in value else []
    return own + [pair for item in value.values() for pair in permalinks(item)]


def test_recorded_permalinks_hold_their_id(recorded: Path) -> None:
    pairs = {pair for path in (recorded / "api").glob("*.json") for pair in permalinks(json.loads(path.read_bytes()))}
    assert pairs
    for dw_id, address in pairs:
        assert urls.from_base62(address.removeprefix("https://p.dw.com/p/")) == dw_id
        assert urls.parse_target(address) == Target("article", dw_id)


@pytest.mark.parametrize(("text", "dw_id"), [("41wLY", 59567960), ("4boRv", 68117411), ("0", 0), ("z", 61), ("10", 62)])
def test_base_62_of_an_id(text: str, dw_id: int) -> None:
    assert urls.from_base62(text) == dw_id


@given(st.integers(1, 10**15 - 1))
def test_permalink_of_any_id_leads_to_it(dw_id: int) -> None:
    assert urls.parse_target(permalink(dw_id)) == Target("article", dw_id)


@pytest.mark.parametrize("rest", [
    "article/42", "comment/42", "video/42", "person/42", "article/0", "article/42/", "article/42?x", "article/" + "9" * 15,
    "article/" + "9" * 16, "ARTICLE/42", "article/", "gallery/007",
])  # fmt: skip
def test_plain_detail_address_is_read_as_any_other(rest: str) -> None:
    assert urls.parse_target(f"https://api.dw.com/api/detail/{rest}") == urls.parse_target(f" https://api.dw.com/api/detail/{rest}")
