"""Feeds, sitemaps, lists. Recordings are used if they lie beside the checkout; everything else is invented."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.dw import lists
from crawler.dw.lists import Listed, Problem, iter_sitemap, parse_feed, parse_mediacenter, parse_search, parse_section
from crawler.dw.lists.listpage import followable
from crawler.exceptions import ArchiverError
from crawler.urls import DW, LANGUAGE_IDS, LANGUAGES, Sites

CHECKOUT = Path(__file__).parents[2]
RECORDED = CHECKOUT.parent / "shared" / "dw" / "recorded"
STAND_IN = Sites(api="http://127.0.0.1:1", static="http://127.0.0.1:2", www="http://127.0.0.1:3", rss="http://127.0.0.1:4")


def recorded(name: str) -> bytes:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"no recording beside the checkout: {path}")
    return path.read_bytes()


def rss(*items: str, language: str = "zh", head: str = "") -> bytes:
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f"{head}<rss version='2.0'><channel><language>{language}</language>{listed}</channel></rss>".encode()


def item(dw_id: int, title: str = "t") -> str:
    return f"<guid>{dw_id}</guid><title>{title}</title><link>https://www.dw.com/zh/t/a-{dw_id}?maca=x</link>"


def urlset(*urls: str) -> bytes:
    entries = "".join(f"<url>{url}</url>" for url in urls)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        f'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">{entries}</urlset>'
    ).encode()


def loc(dw_id: int) -> str:
    return f"<loc>https://www.dw.com/zh/t/a-{dw_id}</loc>"


def ids(contents: lists.ListPage) -> list[int]:
    return [listed.id for listed in contents.items]


def sorted_out(body: bytes) -> tuple[list[Listed], list[str], list[str]]:
    """The documents, further sitemaps and problems of a sitemap."""
    found = list(iter_sitemap(body))
    return (
        [each for each in found if isinstance(each, Listed)],
        [each for each in found if isinstance(each, str)],
        [each.text for each in found if isinstance(each, Problem)],
    )


# --- feeds -----------------------------------------------------------------------------------------------------------


def test_recorded_rdf_gives_id_kind_language_and_address() -> None:
    contents = parse_feed(recorded("feeds/rss-bos-all_2020-07-08.rdf"), "text/xml;charset=UTF-8")
    assert contents.problems == []
    [listed] = contents.items
    assert (listed.id, listed.kind, listed.language) == (54087065, "article", "bs")
    assert listed.modified_ms is None
    assert listed.url
    assert listed.url.endswith("/a-54087065?maca=bos-rss-bos-all-1475-rdf")


def test_recorded_rss_2_gives_id_and_language_and_survives_its_unbound_prefix() -> None:
    contents = parse_feed(recorded("feeds/rss-ru-news_2022-04-19.xml"))
    assert contents.problems == []
    assert [(i.id, i.kind, i.language) for i in contents.items] == [
        (61509255, "article", "ru"),
        (61507240, "article", "ru"),
    ]


def test_recorded_feeds_cut_anywhere_give_only_their_own_ids_and_a_problem() -> None:
    for name in ("rss-bos-all_2020-07-08.rdf", "rss-ru-news_2022-04-19.xml"):
        body = recorded(f"feeds/{name}").rstrip()
        whole = ids(parse_feed(body))
        for length in range(len(body)):
            contents = parse_feed(body[:length])
            assert ids(contents) == whole[: len(contents.items)]
            assert contents.problems


@pytest.mark.parametrize(
    ("fields", "dw_id", "kind"),
    [
        ("<contentID>5</contentID><guid>6</guid><link>https://www.dw.com/zh/t/a-7</link>", 5, "article"),
        ("<contentID>five</contentID><guid>6</guid><link>https://www.dw.com/zh/t/a-7</link>", 6, "article"),
        ("<guid>https://www.dw.com/zh/t/a-6</guid>", 6, "article"),
        ("<guid>https://p.dw.com/p/41wLY</guid>", 59567960, "article"),
        ("<guid>tag:7</guid><link>\nhttps://www.dw.com/zh/t/live-7?maca=x\n</link>", 7, "liveblog"),
        ("<guid>7</guid><link>https://www.dw.com/zh/t/g-7</link>", 7, "gallery"),
        ("<link><![CDATA[https://www.dw.com/zh/t & < t?/a-7]]></link>", 7, "article"),
    ],
)
def test_id_is_content_id_else_guid_else_link(fields: str, dw_id: int, kind: str) -> None:
    contents = parse_feed(rss(fields))
    assert [(i.id, i.kind) for i in contents.items] == [(dw_id, kind)]
    assert contents.problems == []


@pytest.mark.parametrize(
    "fields",
    ["", "<guid>0</guid>", "<guid>-5</guid>", "<guid>1.5</guid>", "<guid>٣</guid>", "<guid>1e9</guid>",
     "<guid>9999999999999999</guid>", "<guid>12<b/>34</guid>", "<link>https://example.org/zh/t/a-7</link>",
     "<link>https://www.dw.com/zh/t/s-7</link>"],
)  # fmt: skip
def test_item_without_a_usable_id_is_counted(fields: str) -> None:
    contents = parse_feed(rss(fields, item(8)))
    assert ids(contents) == [8]
    assert contents.problems
    assert "items that name nothing of DW's: 1" in contents.problems[-1]


@pytest.mark.parametrize(
    ("declared", "addressed", "language"),
    [("zh", "zh", "zh"), ("zh", "zh-hant", "zh-hant"), ("pt", "pt-br", "pt-br"), ("PT_BR", "zh", "pt-br"),
     ("klingon", "en", "en"), ("", "nowhere", None)],
)  # fmt: skip
def test_language_is_declared_else_addressed(declared: str, addressed: str, language: str | None) -> None:
    [listed] = parse_feed(rss(f"<link>https://www.dw.com/{addressed}/t/a-7</link>", language=declared)).items
    assert listed.language == language


def feed_of(form: str, entries: list[tuple[int, str, str]]) -> bytes:
    """A feed of invented entries in one of three forms. entries: (id, address, language)."""
    if form == "atom":
        told = "".join(
            f'<entry><title>T {dw_id}</title><link rel="self" href="https://rss.dw.com/x/{dw_id}"/>'
            f'<link rel="alternate" type="text/html" href="{escape(url)}"/><id>{escape(url)}</id>'
            f"<source><id>https://www.dw.com/en/other/a-1</id><link href='https://www.dw.com/en/other/a-1'/></source>"
            f'<updated>2026-09-10T08:09:00Z</updated><content xml:lang="{language}">words</content></entry>'
            for dw_id, url, language in entries
        )
        own = '<link rel="self" href="https://rss.dw.com/atom/rss-en-all"/><id>https://www.dw.com/en/top/a-2</id>'
        return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{entries[0][2]}">{own}{told}</feed>'.encode()
    if form == "rss":
        told = "".join(f"<item><link>{escape(url)}</link><guid>{dw_id}</guid></item>" for dw_id, url, _ in entries)
        return f'<rss version="2.0"><channel><language>{entries[0][2]}</language>{told}</channel></rss>'.encode()
    told = "".join(
        f'<item rdf:about="{escape(url)}"><link>{escape(url)}</link><dc:language>{language}</dc:language>'
        f"<dwsyn:contentID>{dw_id}</dwsyn:contentID></item>"
        for dw_id, url, language in entries
    )
    return f"<rdf:RDF>{told}</rdf:RDF>".encode()


ENTRIES = [
    (79000000 + count, f"https://www.dw.com/en/google-€13-billíon-中文-&-more-{count}/"
     f"{'live' if count % 9 == 0 else 'a'}-{79000000 + count}?maca=en-rss-en-all-1573-{count}", "en")
    for count in range(145)
]  # fmt: skip


def test_rss_rdf_and_atom_give_the_same_list_for_the_same_entries() -> None:
    rdf, rss_2, atom = (parse_feed(feed_of(form, ENTRIES)) for form in ("rdf", "rss", "atom"))
    assert rdf == rss_2 == atom
    assert [(i.id, i.url, i.language) for i in atom.items] == ENTRIES
    assert {i.kind for i in atom.items} == {"article", "liveblog"}
    assert atom.problems == []


def test_recorded_entries_of_2026_are_the_same_in_every_form() -> None:
    listed = parse_feed(recorded("feeds/rdf-en-all_2026-09-10.transcribed-fragment.xml"))
    assert listed.problems == []
    assert [(i.id, i.kind, i.language) for i in listed.items] == [
        (79209321, "article", "en"), (79209302, "liveblog", "en"), (79208034, "article", "en"),
    ]  # fmt: skip
    entries = [(i.id, i.url or "", i.language or "") for i in listed.items]
    assert parse_feed(feed_of("atom", entries)) == parse_feed(feed_of("rss", entries)) == listed


@pytest.mark.parametrize(
    ("entry", "dw_id"),
    [
        ('<id>tag:dw.com,2026:7</id><link href="https://www.dw.com/en/t/a-8"/>', 8),
        ("<id>9</id><link href='https://www.dw.com/en/t/a-8'/>", 9),
        ('<dwsyn:contentID>7</dwsyn:contentID><id>9</id><link href="https://www.dw.com/en/t/a-8"/>', 7),
        ('<id>x</id><link rel="enclosure" href="https://www.dw.com/en/t/a-5"/><link href="https://www.dw.com/en/t/a-8"/>', 8),
        ('<id>x</id><link rel="alternate">https://www.dw.com/en/t/a-8</link>', 8),
    ],
)
def test_atom_entry_is_known_by_content_id_else_id_else_link(entry: str, dw_id: int) -> None:
    assert ids(parse_feed(f"<feed><entry>{entry}</entry></feed>".encode())) == [dw_id]


def test_atom_feed_cut_anywhere_gives_only_its_own_ids_and_a_problem() -> None:
    body = feed_of("atom", ENTRIES[:3])
    for length in range(len(body)):
        contents = parse_feed(body[:length])
        assert ids(contents) == [dw_id for dw_id, *_ in ENTRIES[:3]][: len(contents.items)]
        assert contents.problems


def test_item_named_twice_is_listed_once() -> None:
    assert ids(parse_feed(rss(item(7), item(8), item(7)))) == [7, 8]


def test_link_to_a_configured_host_is_read() -> None:
    assert ids(parse_feed(rss("<link>http://127.0.0.1:3/zh/t/a-7</link>"), sites=STAND_IN)) == [7]


@pytest.mark.parametrize(
    "title",
    ["a & b", "a < b", "5<6", "a&nbsp;b", "a &amp b", "<b>x", "x<br>y", "<a href=x>y</a>", "\x0b", "&#0;", "<b><i>x</b></i>"],
)
def test_broken_title_loses_no_item(title: str) -> None:
    contents = parse_feed(rss(item(1, title), item(2), item(3)))
    assert ids(contents) == [1, 2, 3]
    assert len(contents.problems) == 1
    assert contents.problems[0].startswith("broken XML, first in line 1: ")


@pytest.mark.parametrize("end", ["</item>", "</channel>", "<!--", "<![CDATA[", '<a b="'])
def test_broken_structure_keeps_the_entries_before_it(end: str) -> None:
    contents = parse_feed(rss(item(1), item(2, end), item(3)))
    assert ids(contents)[:2] == [1, 2]
    assert "broken XML" in contents.problems[0]


def test_item_without_end_tag_does_not_swallow_the_next() -> None:
    assert ids(parse_feed(rss(item(1) + "<item>" + item(2)))) == [1, 2]


BOMB = (
    '<!DOCTYPE r [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    + ']>'
)  # fmt: skip


def test_entity_bomb_is_not_expanded_and_the_feed_is_read() -> None:
    started = time.process_time()
    contents = parse_feed(rss(item(1, "&a11;"), "<guid>2&a0;</guid>", item(3), head='<?xml version="1.0"?>\n' + BOMB))
    assert time.process_time() - started < 1
    assert ids(contents) == [1, 3]
    assert "a DOCTYPE with declarations" in contents.problems[0]
    assert "broken XML" in contents.problems[1]


def test_external_entity_is_not_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("77")
    head = (
        f'<!DOCTYPE r SYSTEM "{secret.as_uri()}" [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p; <!ENTITY x SYSTEM "{secret}">]>'
    )
    contents = parse_feed(rss("<guid>&x;</guid>", item(3), head=head))
    assert ids(contents) == [3]
    assert "77" not in repr(contents)


@pytest.mark.parametrize("before", ["<!--" + "x" * 70_000 + "-->", "<!DOCTYPE u>", "<?x y?><!-- ' -->"])
def test_doctype_cannot_hide_behind_something_else(before: str) -> None:
    body = before.encode() + b'<!DOCTYPE u [<!ENTITY i "a-77">]>' + urlset("<loc>https://www.dw.com/zh/t/&i;</loc>")[39:]
    assert sorted_out(body)[0] == []


@pytest.mark.parametrize(
    ("encoding", "declared", "header", "problem"),
    [
        ("utf-8", "UTF-8", "", ""),
        ("utf-8", "iso-8859-1", "", "it claims to be iso-8859-1, but is UTF-8"),
        ("utf-8", "UTF-16", "", "it claims to be UTF-16, but is UTF-8"),
        ("utf-8", "klingon", "", "it claims to be klingon, but is UTF-8"),
        ("utf-8", "UTF-8", "text/xml; charset=ISO-8859-1", "it claims to be ISO-8859-1, but is UTF-8"),
        ("gb18030", "gb18030", "", ""),
        ("gb18030", "UTF-8", "text/xml; charset=gb18030", ""),
        ("gb18030", "UTF-8", "", "its bytes are not UTF-8: characters were lost"),
        ("gb18030", "idna", "", "its bytes are not idna or UTF-8: characters were lost"),
        ("utf-16", "UTF-16", "", ""),
        ("utf-16", "UTF-8", "", ""),
        ("utf-16-be", "UTF-8", "", ""),
        ("utf-8-sig", "UTF-8", "", ""),
    ],
)
def test_wrong_encoding_loses_no_item_and_is_reported(encoding: str, declared: str, header: str, problem: str) -> None:
    text = rss(
        "<link>https://www.dw.com/zh/欧洲/a-1</link>", item(2), head=f'<?xml version="1.0" encoding="{declared}"?>'
    ).decode()
    contents = parse_feed(text.encode(encoding), header)
    assert ids(contents) == [1, 2]
    assert contents.problems == ([problem] if problem else [])
    if "lost" not in problem:
        assert contents.items[0].url == "https://www.dw.com/zh/欧洲/a-1"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no XML in it"),
        (b"  \n", "no XML in it"),
        (b"\0\0\0\0", "no XML in it"),
        (b'{"items": []}', "no XML in it"),
        (b"<!DOCTYPE html><html><body><p>Not found</p></body></html>", "not a feed: its root element is html"),
        (b"<a>" * 100_000, "elements nested more than 1000 deep: the rest was not read"),
    ],
)
def test_reply_that_is_not_a_feed_is_named(body: bytes, problem: str) -> None:
    contents = parse_feed(body)
    assert contents.items == []
    assert problem in contents.problems


# --- sitemaps --------------------------------------------------------------------------------------------------------


def test_sitemap_entry_gives_everything_it_says() -> None:
    news = (
        "<news:news><news:publication><news:name>DW</news:name><news:language>zh</news:language></news:publication>"
        "<news:publication_date>2023-10-06T01:48:46.5Z</news:publication_date></news:news>"
    )
    image = "<image:image><image:loc>https://static.dw.com/image/9_303.jpg</image:loc></image:image>"
    entry = f"{image}{loc(5)}<lastmod>2023-10-06T03:48:46+02:00</lastmod>{news}"
    assert sorted_out(urlset(entry)) == (
        [Listed(5, "article", "zh", 1696556926000, "https://www.dw.com/zh/t/a-5")],
        [],
        [],
    )


@pytest.mark.parametrize(
    ("lastmod", "modified_ms"),
    [("1970-01-02", 2 * 86_400_000 - 1), ("1970-01-01T00:01Z", 119_999), ("1970-01-01T00:01:05Z", 65_000), ("soon", None),
     ("1970", None), ("", None)],
)  # fmt: skip
def test_lastmod_is_the_latest_moment_it_can_mean(lastmod: str, modified_ms: int | None) -> None:
    [listed], _, problems = sorted_out(urlset(f"{loc(5)}<lastmod>{lastmod}</lastmod>"))
    assert (listed.modified_ms, problems) == (modified_ms, [])


def test_addresses_that_are_not_documents_are_counted() -> None:
    entries = [loc(5), "<loc>https://example.org/zh/t/a-6</loc>", "<loc>file:///etc/passwd</loc>", "",
               "<loc>https://www.dw.com/zh/t/s-9058</loc>"]  # fmt: skip
    listed, further, problems = sorted_out(urlset(*entries))
    assert ([i.id for i in listed], further) == ([5], [])
    assert problems == [
        "addresses that are not DW's: 3, the first: https://example.org/zh/t/a-6",
        "pages of DW's that become no document: 1, the first: https://www.dw.com/zh/t/s-9058",
    ]


INDEX = b"""<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://www.dw.com/sitemap.xml</loc></sitemap>
<sitemap><loc>http://www.dw.com/zh/news-sitemap.xml</loc><lastmod>2023-10-06</lastmod></sitemap>
<sitemap><loc>https://www.dw.com/sitemaps/2.xml.gz</loc></sitemap>
<sitemap><loc>https://example.org/sitemap.xml</loc></sitemap>
<sitemap><loc>https://user@www.dw.com/sitemap.xml</loc></sitemap>
<sitemap><loc>https://[www.dw.com/sitemap.xml</loc></sitemap>
</sitemapindex>"""


def test_index_gives_all_addresses_even_its_own() -> None:
    listed, further, problems = sorted_out(INDEX)
    assert listed == []
    assert further == [
        "https://www.dw.com/sitemap.xml",
        "https://www.dw.com/zh/news-sitemap.xml",
        "https://www.dw.com/sitemaps/2.xml.gz",
    ]
    assert problems == ["addresses that are not DW's: 3, the first: https://example.org/sitemap.xml"]


def test_index_that_contains_itself_ends_if_the_caller_remembers_addresses() -> None:
    waiting, followed = ["https://www.dw.com/sitemap.xml"], set()
    while waiting:
        address = waiting.pop()
        if address not in followed:
            followed.add(address)
            waiting += [each for each in iter_sitemap(INDEX) if isinstance(each, str)]
    assert len(followed) == 3


def test_addresses_of_an_index_are_moved_to_the_configured_hosts() -> None:
    further = [each for each in iter_sitemap(INDEX, STAND_IN) if isinstance(each, str)]
    assert further[0] == "http://127.0.0.1:3/sitemap.xml"


@pytest.mark.parametrize("host", ["www.dw.com", "dw.com", "m.dw.com", "amp.dw.com", "www.dw.de", "DW.com"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_section_of_every_host_is_read_on_the_configured_one(scheme: str, host: str) -> None:
    assert followable(f"{scheme}://{host}/zh/any/s-9058", STAND_IN) == "http://127.0.0.1:3/zh/any/s-9058"


def large_sitemap(entries: int) -> bytes:
    return urlset(*(f"{loc(60_000_000 + n)}<lastmod>2023-10-06T01:48:46Z</lastmod>" for n in range(entries)))


@pytest.mark.parametrize("entries", [6_000, pytest.param(50_000, marks=pytest.mark.torture)])
def test_sitemap_of_many_entries_needs_constant_memory(entries: int, tmp_path: Path) -> None:
    path = tmp_path / "sitemap.xml.gz"
    body = large_sitemap(entries)
    path.write_bytes(gzip.compress(body, 1))
    size = len(body)
    del body
    with path.open("rb") as file:
        tracemalloc.start()
        try:
            count = sum(1 for each in iter_sitemap(file) if isinstance(each, Listed))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count == entries
    assert size > 90 * entries
    assert peak < 1_000_000


def gzip_of(start: bytes, filling: bytes, times: int) -> io.BytesIO:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(start)
        for _ in range(times):
            file.write(filling)
    packed.seek(0)
    return packed


def test_gzip_bomb_is_read_up_to_the_limit() -> None:
    bomb = gzip_of(urlset(loc(5)).removesuffix(b"</urlset>"), b"<x>" + b" " * 100_000 + b"</x>", 500)
    assert len(bomb.getvalue()) < 1_000_000
    tracemalloc.start()
    try:
        found = list(iter_sitemap(bomb, max_bytes=10_000_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found[0], Listed)
    assert Problem("more than 10000000 bytes: the rest was not read") in found
    assert peak < 3_000_000


@pytest.mark.parametrize("filling", [b" ", b"x", b"&", b"<", b"<!-- ", b'x=">" ', b"<![CDATA[ > ", b"\0", b"]]>"])
def test_reading_of_endless_input_stops_early(filling: bytes) -> None:
    started = time.process_time()
    found = list(iter_sitemap(gzip_of(urlset(loc(5)).removesuffix(b"</urlset>") + b"<a", filling * 10_000, 1_000)))
    assert time.process_time() - started < 5
    assert isinstance(found[0], Listed)
    assert any(isinstance(each, Problem) and "1000000 characters without a tag" in each.text for each in found)


def test_gzip_in_several_members_is_read_whole() -> None:
    body = urlset(loc(5), loc(6))
    assert len(sorted_out(gzip.compress(body[:10]) + gzip.compress(body[10:]))[0]) == 2


@pytest.mark.parametrize("damage", [lambda b: b[:-30], lambda b: b[:12] + b"\xff" * 20 + b[32:], lambda b: b + b"junk"])
def test_damaged_gzip_gives_the_data_before_the_damage(damage: object) -> None:
    assert callable(damage)
    _, _, problems = sorted_out(damage(gzip.compress(large_sitemap(2_000), 1)))
    assert any(problem.startswith("damaged gzip: ") for problem in problems)


def test_cut_off_id_is_not_used() -> None:
    body = urlset(loc(5), loc(54087065))
    cut = body[: body.index(b"87065</loc>")]
    listed, _, problems = sorted_out(cut)
    assert [i.id for i in listed] == [5]
    assert problems


def test_page_instead_of_a_sitemap_is_named() -> None:
    assert "not a sitemap: its root element is html" in sorted_out(b"<html><body>Not found</body></html>")[2]
    assert sorted_out(b"") == ([], [], ["no XML in it"])


# --- search and media lists ------------------------------------------------------------------------------------------


def test_recorded_search_page_gives_its_seven_articles() -> None:
    contents = parse_search(recorded("api/search_global_ha_2022-09-06.json"))
    assert len(contents.items) == contents.total == 7
    assert contents.items[0] == Listed(63026167, "article", "ha")
    assert (contents.more, contents.problems, contents.pages) == ([], [], 1)


def test_recorded_media_pages_give_kinds_next_page_and_end() -> None:
    contents = parse_mediacenter(recorded("api/list_mediacenter_page177.json"))
    assert [(i.id, i.kind, i.language) for i in contents.items] == [
        (59567960, "video", "de"), (59567962, "video", "de"), (59565006, "audio", "de"),
    ]  # fmt: skip
    assert contents.more == ["https://api.dw.com/api/list/mediacenter/1?pageIndex=178"]
    assert (contents.total, contents.pages, contents.problems) == (5320, 178, [])
    last = parse_mediacenter(recorded("api/list_mediacenter_last_page.json"))
    assert [(i.id, i.kind) for i in last.items] == [(58936613, "gallery"), (59600182, "video")]
    assert (last.more, last.pages) == ([], 178)


def reply(*references: object, language: object = 4, **pagination: object) -> bytes:
    items = [each if each == {} else {"type": "BasicTeaser", "reference": each} for each in references]
    return json.dumps({"languageId": language, "items": items, "paginationInfo": pagination}).encode()


def reference(dw_id: object, kind: str = "ArticleRef", **more: object) -> dict[str, object]:
    return {"id": dw_id, "type": kind, **more}


@pytest.mark.parametrize("name", ["search_global_ha_2022-09-06", "list_mediacenter_page177", "list_mediacenter_last_page"])
def test_every_key_of_recorded_lists_is_known(name: str) -> None:
    assert parse_search(recorded(f"api/{name}.json")).unknown_keys == ()


def test_keys_never_met_before_are_named() -> None:
    page = json.loads(reply(reference(5, mood="calm"), {}, totalMoods=3))
    page.update(moods=[], filterParameters={"inside": 1})
    page["items"][0]["weather"] = "fair"
    assert parse_mediacenter(json.dumps(page).encode()).unknown_keys == ("mood", "moods", "totalMoods", "weather")


def test_empty_items_and_search_references_are_not_problems() -> None:
    contents = parse_search(
        reply({}, reference(5), {"type": "SearchRef", "name": "x"}, {}, reference(6, "VideoRef"), reference(5))
    )
    assert [(i.id, i.kind) for i in contents.items] == [(5, "article"), (6, "video")]
    assert contents.problems == []


@pytest.mark.parametrize("dw_id", [None, "", "abc", True, 1.5, -5, 0, [], {}, 10**20, "9" * 20, "٣"])
def test_invalid_id_is_counted(dw_id: object) -> None:
    contents = parse_search(reply(reference(dw_id), reference("6")))
    assert ids(contents) == [6]
    assert contents.problems[0].startswith("items that name nothing readable: 1, the first: ArticleRef")


@pytest.mark.parametrize(
    "item",
    [
        {"type": "BasicTeaser", "reference": reference(7, "CommentRef", url="https://api.dw.com/api/detail/comment/7")},
        {"type": "BasicTeaser", "reference": reference(7, "CommentRef", url="https://www.dw.com/en/opinion/a-7")},
        {"type": "BasicTeaser", "reference": {"type": "CommentRef", "url": "https://api.dw.com/api/detail/comment/7"}},
        {"type": "BasicTeaser", "reference": reference(7, "CommentRef")},
        {"type": "BasicTeaser", "reference": reference(7, "Comment")},
        {"type": "CommentRef", "id": 7, "name": "Opinion"},
        {"type": "CommentTeaser", "id": 7, "name": "Opinion"},
        {"type": "CommentTeaser", "reference": {"id": 7}},
        {"type": "COMMENT", "id": "7"},
        {"type": "Comment", "id": "7", "name": "Opinion", "url": "https://api.dw.com/api/detail/comment/7"},
    ],
)
def test_commentary_is_listed_as_the_article_it_is(item: object) -> None:
    found = parse_search(json.dumps({"languageId": 4, "items": [item], "paginationInfo": {}}).encode())
    assert ([(i.id, i.kind) for i in found.items], found.problems) == ([(7, "article")], [])


@pytest.mark.parametrize(
    ("parameters", "types"),
    [
        ({"contentTypes": ["Article"]}, {"Article"}),
        ({"contentTypes": ["Article"], "availableContentTypes": ["Article", "Comment", 5]}, {"Article", "Comment"}),
        ({"contentTypes": "Article"}, set()),
        ([], set()),
    ],
)
def test_search_page_says_which_types_of_documents_there_are(parameters: object, types: set[str]) -> None:
    assert parse_search(json.dumps({"items": [], "filterParameters": parameters}).encode()).content_types == types


def test_reference_of_unknown_type_is_read_from_its_address() -> None:
    url = "https://api.dw.com/api/detail/gallery/7"
    assert [(i.id, i.kind) for i in parse_search(reply(reference(7, "NewRef", url=url))).items] == [(7, "gallery")]
    assert parse_search(reply(reference(7, "NewRef"))).problems


NEXT = "https://api.dw.com/api/search/global?terms=*&pageIndex="


@pytest.mark.parametrize(
    ("pagination", "more", "problem"),
    [
        ({"currentPage": 1, "availablePages": 2}, [], ""),
        ({"currentPage": 1, "availablePages": 2, "nextPageUrl": NEXT + "2"}, [NEXT + "2"], ""),
        ({"nextPageUrl": NEXT + "2"}, [NEXT + "2"], ""),
        ({"currentPage": 2, "availablePages": 2, "nextPageUrl": NEXT + "3"}, [], "page 2 of 2 names a next page: not followed"),
        ({"currentPage": 5, "nextPageUrl": NEXT + "5"}, [], "page 5 names page 5 as its next: not followed"),
        ({"currentPage": 5, "nextPageUrl": NEXT + "1"}, [], "page 5 names page 1 as its next: not followed"),
        ({"nextPageUrl": "https://example.org/?pageIndex=2"}, [], "its next page is not on DW's hosts: not followed"),
        ({"nextPageUrl": "https://[/"}, [], "its next page is not on DW's hosts: not followed"),
        ({"currentPage": "x", "availablePages": [], "nextPageUrl": 7}, [], ""),
    ],
)
def test_next_page_leads_on_or_is_a_problem(pagination: dict[str, object], more: list[str], problem: str) -> None:
    contents = parse_search(reply(reference(5), **pagination))
    assert (contents.more, contents.problems) == (more, [problem] if problem else [])


def test_next_page_is_moved_to_the_configured_host() -> None:
    contents = parse_search(reply(nextPageUrl=NEXT + "2"), STAND_IN)
    assert contents.more == ["http://127.0.0.1:1/api/search/global?terms=*&pageIndex=2"]


@pytest.mark.parametrize(
    ("available", "total"), [(0, 0), (7, 7), ("7", 7), (-1, None), (None, None), ("many", None), (True, None)]
)
def test_total_is_a_number_or_absent(available: object, total: int | None) -> None:
    assert parse_search(reply(availableItems=available)).total == total


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON: "),
        (b"<html>", "not JSON: "),
        (b"\xff\xfe\x00", "not JSON: "),
        (b"[" * 100_000, "not JSON: "),
        (b'{"a": ' + b"9" * 5_000 + b"}", "no list of items"),
        (b"[]", "JSON, but not an object: list"),
        (b"{}", "no list of items"),
        (b'{"items": 7}', "no list of items"),
        (b'{"items": [7, null, "x", {"reference": 7}]}', "items that name nothing readable: 4"),
    ],
)
def test_reply_that_is_not_a_list_is_named(body: bytes, problem: str) -> None:
    contents = parse_search(body)
    assert contents.items == []
    assert contents.problems[0].startswith(problem)


# --- sections --------------------------------------------------------------------------------------------------------


def test_recorded_react_page_gives_links_first_and_then_what_only_its_state_names() -> None:
    contents = parse_section(recorded("pages/apollo_2023-06-13.html"))
    found = {i.id: i.kind for i in contents.items}
    assert contents.problems == []
    assert len(found) == len(contents.items) == 27
    assert (found[65899827], found[65819534], found[65887595]) == ("gallery", "video", "article")
    linked = b'href="/de/ukraine-klima-als-weiteres-opfer-des-krieges/a-65851729"'
    assert linked in recorded("pages/apollo_2023-06-13.html")
    assert 62993152 in found, "the state alone names this video"
    assert {i.language for i in contents.items} == {"de"}


def test_recorded_classic_page_gives_its_articles() -> None:
    contents = parse_section(recorded("pages/classic_2023-03-14.html"), language="de")
    assert {64976342, 64960576} <= set(ids(contents))
    assert {i.language for i in contents.items} == {"de"}


PAGE = """<!DOCTYPE html><html><body>
<a href="/zh/欧洲/a-1">one</a> <a href='//www.dw.com/en/two/g-2'>two</a> <A HREF=/a-3?maca=x#c>three</A>
<a href="https://m.dw.com/zh/five/video-5">five</a> <a href="/zh/one-again/a-1">one</a>
<a href="/zh/themen/s-9077">section</a> <a href="https://learngerman.dw.com/de/x/a-66">elsewhere</a>
<a href="https://[broken">broken</a> <a href="javascript:alert(1)">no</a> <a>no</a> <!-- <a href="/zh/x/a-99">no</a> -->
<script>window.__APP_STATE__ = {"/graph-api/zh/content/navigation/9058": {"data": {"content": {"contents": [
 {"namedUrl": "/zh/six/a-6", "title": "} </a> {"}, {"namedUrl": null}, {"canonicalUrl": "https://www.dw.com/zh/seven/live-7"},
 {"namedUrl": "/zh/one/a-1", "url": "/zh/other-key/a-98"}]}}}};window.other = {"namedUrl": "/zh/x/a-97"};</script>
</body></html>"""


def test_section_lists_links_in_order_and_then_the_state() -> None:
    contents = parse_section(PAGE.encode(), DW, "zh")
    assert [(i.id, i.kind, i.language) for i in contents.items] == [
        (1, "article", "zh"), (2, "gallery", "en"), (3, "article", "zh"), (5, "video", "zh"),
        (6, "article", "zh"), (7, "liveblog", "zh"),
    ]  # fmt: skip
    assert contents.items[0].url == "https://www.dw.com/zh/欧洲/a-1"
    assert contents.problems == []


def test_links_of_a_section_on_the_configured_host_are_read() -> None:
    assert ids(parse_section(PAGE.encode(), STAND_IN)) == [1, 2, 3, 5, 6, 7]


@pytest.mark.parametrize("state", ["{", '{"a": }', '{"a":[' * 10_000])
def test_unreadable_state_is_reported_and_loses_no_link(state: str) -> None:
    contents = parse_section(f'<a href="/zh/t/a-1">x</a><script>window.__APOLLO_STATE__={state}</script>'.encode())
    assert ids(contents) == [1]
    assert contents.problems[0].startswith("__APOLLO_STATE__ is not JSON: ")


@pytest.mark.parametrize("body", [b"", b"\0", b"plain", b"<p>nothing</p>", b"\xff\xfe"])
def test_page_without_links_is_named(body: bytes) -> None:
    contents = parse_section(body)
    assert (contents.items, contents.problems) == ([], ["no link to a document on the page"])


# --- starting points -------------------------------------------------------------------------------------------------


def test_window_has_its_days_oldest_first() -> None:
    window = lists.parse_window("search:zh:2024-02-28..2024-03-01")
    assert window == lists.Window(4, "zh", date(2024, 2, 28), date(2024, 3, 1))
    assert [str(day) for day in window.days()] == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_window_accepts_any_number_for_the_language() -> None:
    assert lists.parse_window("search:4:2023-10-01..2023-10-01") == lists.parse_window("search:zh:2023-10-01..2023-10-01")
    window = lists.parse_window(" search:23:2023-10-01..2023-10-01\n")
    assert (window.language_id, window.language) == (23, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("search:zh", "not of the form"),
        ("search:zh:2023-10-01", "not of the form"),
        ("search:zh:2023-10-01...2023-10-07", "not of the form"),
        ("search:zh:20231001..20231007", "not of the form"),
        ("search:zh:٢٠٢٣-10-01..2023-10-07", "not of the form"),
        ("edition:zh", "not of the form"),
        ("search:zh:2023-02-29..2023-03-01", "no such day: 2023-02-29"),
        ("search:zh:2023-10-07..2023-10-01", "the last day comes before the first"),
        ("search:zh:0203-10-01..2023-10-01", "DW published nothing then"),
        ("search:zh:2023-10-01..9999-12-31", "DW published nothing then"),
        ("search:hi:2023-10-01..2023-10-07", "the languageId of hi is not known"),
        ("search:xx:2023-10-01..2023-10-07", "not an edition of DW: 'xx'"),
        ("search:0:2023-10-01..2023-10-07", "not an edition of DW: '0'"),
    ],
)
def test_invalid_window_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(lists.UnreadableSeed, match=problem) as raised:
        lists.parse_window(text)
    assert isinstance(raised.value, ArchiverError)
    assert isinstance(raised.value, ValueError)


def test_search_address_is_that_of_the_recordings() -> None:
    assert lists.search_url(DW, 4, date(2023, 10, 5), 1) == (
        "https://api.dw.com/api/search/global?terms=*&contentTypes=Article&languageId=4&sortByDate=true"
        "&startDate=2023-10-05&endDate=2023-10-06&pageIndex=1"
    )
    assert "&contentTypes=Article,ImageGallery&" in lists.search_url(
        DW, 4, date(2023, 10, 5), 2, ("article", "gallery", "liveblog")
    )
    with pytest.raises(ValueError, match="liveblog"):
        lists.search_url(DW, 4, date(2023, 10, 5), 1, ("liveblog",))


def test_mediacenter_has_a_page_number_in_its_address() -> None:
    assert (
        lists.mediacenter_url(STAND_IN, lists.language_id("zh"), 2) == "http://127.0.0.1:1/api/list/mediacenter/4?pageIndex=2"
    )


def test_edition_is_its_feed_and_its_news_sitemap() -> None:
    assert lists.edition_urls(DW, "zh") == ["https://rss.dw.com/rdf/rss-chi-all", "https://www.dw.com/zh/news-sitemap.xml"]
    assert lists.edition_urls(DW, "hi") == ["https://www.dw.com/hi/news-sitemap.xml"]
    with pytest.raises(lists.UnreadableSeed):
        lists.edition_urls(DW, "../etc")


def test_every_channel_and_language_id_belongs_to_an_edition() -> None:
    assert set(lists.CHANNELS) <= LANGUAGES
    assert {lists.language_id(language) for language in LANGUAGE_IDS.values()} == set(LANGUAGE_IDS)


# --- seed lists ------------------------------------------------------------------------------------------------------


def seed_lines(name: str) -> Iterator[tuple[bool, str]]:
    """The starting points of a list, switched on or not."""
    for line in (CHECKOUT / "seeds" / name).read_text(encoding="utf-8").splitlines():
        word = line.removeprefix("#")
        if word and " " not in word:
            yield word == line, word


def test_seed_list_of_editions_covers_each_once_with_one_switched_on() -> None:
    lines = list(seed_lines("editions.txt"))
    assert sorted(word for _, word in lines) == sorted(f"edition:{language}" for language in LANGUAGES)
    assert [word for is_on, word in lines if is_on] == ["edition:zh"]


def test_other_seeds_are_readable_and_switched_off() -> None:
    lines = list(seed_lines("more.txt"))
    assert not any(is_on for is_on, _ in lines)
    windows = [lists.parse_window(word) for _, word in lines if word.startswith("search:")]
    assert len(set(windows)) == 1
    assert {word.split(":")[0] for _, word in lines} == {"https", "search", "mediacenter"}


# --- no parser raises --------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(b"<rss> <channel> <item> </item> <guid> 12 </guid> <url> <loc> </loc> </url>".split()),
        *(b"<sitemapindex> <sitemap> ]> &b;".split()),
        *(b"& < > <![CDATA[ ]]> <!-- --> \xff\xfe \x1f\x8b\x08 { } ] https://[ https://www.dw.com/zh/t/a-5".split()),
        *(b"<!DOCTYPE a [", b"<!ENTITY b 'c'>", b"<?xml version='1.0' encoding='utf-7'?>", b"\0"),
        *(b'"items":[', b'{"reference":{"id":5,"type":"ArticleRef"}}'),
        *(b"<a href='/zh/a-7'>", b"<script>__APP_STATE__ = {"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join), st.text(max_size=20))
def test_no_parser_raises_for_any_input(body: bytes, text: str) -> None:
    parse_feed(body, "text/xml; charset=" + text)
    parse_search(body)
    parse_mediacenter(body)
    parse_section(body)
    list(iter_sitemap(body))
    list(iter_sitemap(gzip.compress(body)[: len(body) + 15]))


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["items", "reference", "id", "type", "url", "paginationInfo", "nextPageUrl", "currentPage", "displayDate"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["items", "paginationInfo", "languageId"]), Json))
def test_no_shape_of_json_raises(shape: dict[str, object]) -> None:
    parse_search(json.dumps(shape).encode())


@given(st.text(max_size=40))
def test_any_word_raises_only_unreadable_seed(text: str) -> None:
    for read in (lists.parse_window, lists.language_id, lambda word: lists.edition_urls(DW, word)):
        try:
            read(text)
        except lists.UnreadableSeed:
            continue
