"""Broken feeds, sitemaps and lists: each is read as far as possible, and the problems are named."""

from __future__ import annotations

import codecs
import gzip
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dw.lists import Listed, Problem, iter_sitemap, parse_feed, parse_mediacenter, parse_search, parse_section
from crawler.dw.lists.scanner import Scanner, Tag
from tests.dw.test_lists import ids, item, loc, rss, urlset

XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'
FIVE = XML + rss(*(item(n) for n in range(1, 6)))
URLS = urlset(*(loc(n) for n in range(1, 6)))
PHP = b"<br />\n<b>Notice</b>:  Undefined index: x in <b>/srv/feed.php</b> on line <b>3</b><br />\n"


def in_titles(text: str) -> bytes:
    """Return a feed of five items with a text in its second title, even if that breaks the XML."""
    return XML + rss(item(1), item(2, text), *(item(n) for n in (3, 4, 5)))


# --- faults that lose nothing ---


@pytest.mark.parametrize(
    "title",
    [
        "<![CDATA[a\0b]]>",
        "a\0b",
        "a\x01\x1b\ufffe\uffffb",
        "&#0;&#1;&#xFFFE;",
        "&#xD83D;&#xDE00;",
        "&#55357;&#56832;",
        "&#xD83D;",
        "&#x110000;",
        "&#" + "9" * 6_000 + ";",
        "a & b",
        "a && b",
        "R&D",
        "?a=1&copy=2",
        "a < b",
        "a <3",
        "&nbsp;&eacute;",
        "&unknown;",
        "&",
        "&#;",
        "&#x;",
        "<b>x",
        "</b>",
        "x</i></b>",
        "<br>",
        "<p>x<p>y",
        "<a href=x>y</a>",
        '<a href="x>y</a>',
        "<img src='x' alt=a<b>",
        "<dc:x>y</dc:x>",
        "<x:y:z/>",
        "]]>",
        "<!-- -- -->",
        "<!>",
        "<? ?>",
        "<!ELEMENT x>",
        "</>",
        "< b>",
    ],
)
def test_no_text_in_a_title_loses_an_item(title: str) -> None:
    contents = parse_feed(in_titles(title))
    assert ids(contents) == [1, 2, 3, 4, 5]
    assert not contents.is_cut


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b" \r\n\t",
        codecs.BOM_UTF8,
        codecs.BOM_UTF8 * 2,
        b"\n" + codecs.BOM_UTF8,
        b"\0\0",
        PHP,
        b"Warning: x\n",
        b"<!-- cached -->",
        b"<br>",
        b"Deprecated: a < b & c\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"<p>one<p>two",
        b"<?php x ?>",
        b"\xff",
    ],
)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_text_before_the_xml_loses_no_entry(before: bytes, is_gzip: bool) -> None:
    feed, sitemap = before + FIVE, before + URLS
    if is_gzip:
        feed, sitemap = gzip.compress(feed), gzip.compress(sitemap)
    assert ids(parse_feed(feed)) == [1, 2, 3, 4, 5]
    found = list(iter_sitemap(sitemap))
    assert [each.id for each in found if isinstance(each, Listed)] == [1, 2, 3, 4, 5]
    assert not any(each.is_cut for each in found if isinstance(each, Problem))


def test_text_before_the_xml_is_reported() -> None:
    [problem] = parse_feed(PHP.replace(b"<br />", b"") + FIVE).problems
    assert problem == "text before the XML was skipped: Notice: Undefined index: x in /srv/feed.php on line 3"


@pytest.mark.parametrize("behind", [b"\0\0", b"\n<!-- cached -->", PHP, b"<script>x</script>", b"]]>", b"&", b"<"])
def test_text_behind_the_xml_loses_no_entry(behind: bytes) -> None:
    contents = parse_feed(FIVE + behind)
    assert ids(contents) == [1, 2, 3, 4, 5]
    assert not contents.is_cut


@pytest.mark.parametrize(
    "body",
    [
        FIVE.replace(b"item>", b"Item>").replace(b"<rss", b"<RSS").replace(b"</rss", b"</Rss").replace(b"guid>", b"GUID>"),
        FIVE.replace(b"<item>", b"<rss:item>").replace(b"</item>", b"</rss:item>").replace(b"guid>", b"unknown:guid>"),
        FIVE.replace(b"<rss version='2.0'>", b"<rss version=2.0 version='2' a b=c>"),
        FIVE.replace(b"<item>", b"<item >\n").replace(b"</item>", b"</item\n>"),
        FIVE.replace(b"</title>", b"</titel>"),
        FIVE.replace(b"</item>", b""),
        FIVE.replace(b"<title>", b"<![CDATA[<title>]]>"),
        FIVE.replace(b"</channel>", b""),
    ],
)
def test_malformed_tags_lose_no_item(body: bytes) -> None:
    assert ids(parse_feed(body)) == [1, 2, 3, 4, 5]


def test_nested_entries_are_all_read() -> None:
    body = rss(f"<title>outer</title><item>{item(2)}</item>{item(1)}", item(3))
    assert ids(parse_feed(body)) == [2, 1, 3]


# --- encodings ---


@pytest.mark.parametrize("declared", ["utf-8", "utf-16", "windows-1252", "klingon", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize(
    "header", ["", "text/xml; charset=utf-8", "application/xml; charset=windows-1252", "text/xml; charset=utf-16"]
)
def test_no_wrong_encoding_costs_an_item(declared: str, encoding: str, header: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(*(item(n, "Grüße für Köln") for n in (1, 2, 3)), head=head).decode().encode(encoding)
    assert ids(parse_feed(body, header)) == [1, 2, 3]
    body = body.decode(encoding).replace("<rss version='2.0'>", "<urlset>").replace("</rss>", "</urlset>").encode(encoding)
    assert not any(each.is_cut for each in iter_sitemap(body, content_type=header) if isinstance(each, Problem))


def test_the_charset_of_the_header_comes_before_the_declared_one() -> None:
    head = '<?xml version="1.0" encoding="koi8-r"?>'
    body = rss("<link>https://www.dw.com/ru/Привет/a-1</link>", head=head).decode().encode("windows-1251")
    [listed] = parse_feed(body, "application/xml; charset=windows-1251").items
    assert listed.url == "https://www.dw.com/ru/Привет/a-1"
    sitemap = urlset("<loc>https://www.dw.com/ru/Привет/a-1</loc>").decode().encode("windows-1251")
    found, *_ = iter_sitemap(sitemap, content_type="application/xml; charset=windows-1251")
    assert isinstance(found, Listed)
    assert found.url == "https://www.dw.com/ru/Привет/a-1"


def test_sections_and_lists_are_read_in_the_charset_of_the_header() -> None:
    html = '<meta charset="koi8-r"><a href="/ru/Привет/a-1">x</a>'.encode("windows-1251")
    assert parse_section(html, charset="windows-1251").items[0].url == "https://www.dw.com/ru/Привет/a-1"
    teaser = {"reference": {"id": 1, "type": "ArticleRef"}, "Привет": 0}
    body = json.dumps({"items": [teaser]}, ensure_ascii=False).encode("windows-1251")
    for parse in (parse_search, parse_mediacenter):
        assert parse(body, charset="windows-1251").unknown_keys == ("Привет",)


def test_an_emoji_in_two_halves_is_one_character_wherever_the_bytes_are_cut() -> None:
    link = "<link>https://www.dw.com/zh/{}/a-1</link>"
    for halves in (b"\xed\xa0\xbd\xed\xb8\x80", b"&#xD83D;&#xDE00;", b"&#55357;&#56832;"):
        for filling in range(65_500, 65_560):  # pieces are of 64 KiB
            body = rss(item(2, "x" * filling), link, item(3)).replace(b"{}", halves)
            assert parse_feed(body).items[1].url == "https://www.dw.com/zh/😀/a-1"


# --- faults that lose something ---


@pytest.mark.parametrize("body", [FIVE, FIVE.replace(b"t</title>", b"<![CDATA[t]]></title><!-- x -->")])
def test_cut_off_feed_is_reported_and_its_entries_are_kept(body: bytes) -> None:
    for length in range(body.index(b"<rss") + 4, len(body) - 1):
        contents = parse_feed(body[:length])
        assert ids(contents) == [1, 2, 3, 4, 5][: len(contents.items)]
        assert contents.is_cut
        assert contents.problems
    assert len(contents.items) == 5


@pytest.mark.parametrize("damage", [b"<!--", b"<![CDATA[", b"<?", b'<a b="', b"<a b='<c>", b"<!DOCTYPE x [", b"<title", b"</"])
def test_unclosed_construct_hides_nothing_behind_it(damage: bytes) -> None:
    contents = parse_feed(FIVE.replace(b"<guid>3", damage + b"<guid>3"))
    assert {1, 2, 4, 5} <= set(ids(contents))
    assert contents.problems
    twice = FIVE.replace(b"<item><guid>2", damage + b"<item><guid>2").replace(b"<item><guid>4", damage + b"<item><guid>4")
    assert {1, 3, 5} <= set(ids(parse_feed(twice)))
    assert damage not in (b"<!--", b"<![CDATA[", b"<?") or len(ids(parse_feed(twice))) == 5


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_every_byte_before_the_damage_of_a_gzip_is_read(keep: float) -> None:
    body = urlset(*(loc(10_000 + n * 7919 % 50_000) for n in range(3_000)))
    packed = gzip.compress(body)
    at = int(len(packed) * keep)
    for damaged in (packed[:at], packed[:at] + b"\xff" * 40 + packed[at + 40 :], packed[:-8] + b"\0" * 8, packed + b"junk"):
        found = list(iter_sitemap(damaged))
        listed = [each for each in found if isinstance(each, Listed)]
        assert len(listed) >= 3_000 * keep * 0.9 - 100
        problems = [each for each in found if isinstance(each, Problem)]
        assert any(each.text.startswith("damaged gzip: ") and each.is_damaged for each in problems)
        assert any(each.is_cut for each in problems) or len(listed) == 3_000


def test_a_feed_may_be_gzip_too() -> None:
    assert parse_feed(gzip.compress(FIVE)) == parse_feed(FIVE)
    assert ids(parse_feed(gzip.compress(FIVE)[:-10])) == [1, 2, 3, 4, 5]


# --- lists in JSON ---


def page(count: int, **more: object) -> bytes:
    items = [{"reference": {"id": n, "type": "ArticleRef", "name": f"\ud83d {n}"}} for n in range(1, count + 1)]
    info = {"availableItems": count, "currentPage": 1, "availablePages": 3, "nextPageUrl": "https://api.dw.com/x?pageIndex=2"}
    return json.dumps({"languageId": 4, **more, "items": items, "paginationInfo": info}).encode()


def test_cut_off_list_gives_the_items_before_the_cut() -> None:
    whole = page(5)
    for parse in (parse_search, parse_mediacenter):
        for length in range(1, len(whole)):
            contents = parse(whole[:length])
            assert ids(contents) == [1, 2, 3, 4, 5][: len(contents.items)]
            assert contents.problems
            assert contents.is_cut or not contents.items
            assert {each.language for each in contents.items} <= {"zh"}
    assert len(contents.items) == 5


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (PHP, b""),
        (b"", PHP),
        (b"\xef\xbb\xbf" * 2, b"\0\0"),
        (b" \n", b"\n \0"),
        (b")]}',\n", b""),
        (b"", b";"),
        (b"Notice: {x}\n", b""),
    ],
)
def test_text_around_a_list_loses_nothing(before: bytes, behind: bytes) -> None:
    contents = parse_search(before + page(5) + behind)
    assert ids(contents) == [1, 2, 3, 4, 5]
    assert contents.total == 5


def test_text_around_a_list_does_not_count_as_cut_off() -> None:
    contents = parse_search(page(5) + PHP)
    assert not contents.is_cut
    assert contents.more
    assert contents.problems[0].startswith("broken JSON: more than one value")


def test_broken_unicode_in_keys_and_titles_loses_no_item() -> None:
    body = page(2, x=1).replace(b'"x"', b'"x\\ud83d\xed\xa0\xbd\xff\0"')
    contents = parse_search(body)
    assert ids(contents) == [1, 2]
    assert contents.problems == []
    assert contents.unknown_keys == ("x\ufffd\ufffd\ufffd",)


# --- the scanner ---


def scanned(text: str, size: int) -> list[Tag | str]:
    """Return what the scanner finds in a text that comes in pieces; parts of one text are joined."""
    scanner = Scanner()
    found: list[Tag | str] = []
    for piece in [*(text[at : at + size] for at in range(0, len(text), size)), None]:
        for each in scanner.read(piece or "", is_last=piece is None):
            if isinstance(each, str) and found and isinstance(found[-1], str):
                found[-1] += each
            else:
                found.append(each)
    return found


SOUP = st.lists(
    st.sampled_from(
        [
            "<a>",
            "</a>",
            "<b:c/>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?",
            "?>",
            "&amp;",
            "&#60;",
            "&x;",
            "&",
            "<",
            ">",
            '<d e="f">',
            '<d e="',
            "'",
            "\n",
            "x",
            " ",
            "\0",
            "<!DOCTYPE a [",
            "<!DOCTYPE a>",
            "\ud83d",
            "&#xD83D;",
        ]
    ),
    max_size=25,
).map("".join)


@given(SOUP, st.integers(1, 9))
def test_the_size_of_pieces_makes_no_difference(text: str, size: int) -> None:
    assert scanned(text, size) == scanned(text, 1_000_000)


@given(SOUP)
def test_everything_found_can_be_written_to_a_file(text: str) -> None:
    contents = parse_feed(text.encode("utf-8", "surrogatepass"))
    assert json.dumps(contents.problems, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "soup",
    [
        "<a ",
        "</a>",
        "<a",
        "&",
        "&a;",
        "<",
        "<!--",
        "<![CDATA[",
        "<!DOCTYPE ",
        "<?",
        "]]>",
        "<a b='",
        "<item>",
        "\0",
        "</item>",
        "<!DOCTYPE [>",
    ],
)
def test_hostile_lists_take_no_longer_than_others(soup: str) -> None:
    started = time.process_time()
    parse_feed(b"<rss>" + soup.encode() * (900_000 // len(soup)))
    assert time.process_time() - started < 5
