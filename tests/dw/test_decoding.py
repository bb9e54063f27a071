"""Decoding bytes to text and JSON, whatever is wrong with them."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dw.decoding import charset_of, codec_of, decode, json_at, json_reply, page, sound

TEXT = "Grüße aus 北京 und Київ 😀"
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ud83d\ude00", "😀"),
        ("\ud83d\ude00\ude00\ud83d", "😀\ufffd\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("&#xD83D;&#xDE00;", "😀"),
        ("&#xd83d;&#xde00;", "😀"),
        ("&#X00D83D;&#56832;", "😀"),
        ("&#55357;&#56832;", "😀"),
        ("&#55357&#56832", "😀"),
        ("&#xD83D; &#xDE00;", "\ufffd \ufffd"),
        ("&#xD83D;x", "\ufffdx"),
        ("&#x110000;&#1114112;&#" + "9" * 6_000 + ";&#x" + "f" * 6_000 + ";", "\ufffd\ufffd\ufffd\ufffd"),
        ("&#8211; &#x1F600; &#128512; &amp;#xD83D; &#; &#x; &#1;", "&#8211; &#x1F600; &#128512; &amp;#xD83D; &#; &#x; &#1;"),
        ("&#xD7FF;&#xE000;&#57344;\ufffe\uffff", "&#xD7FF;&#xE000;&#57344;\ufffe\uffff"),
        ("&#00000000000000000000000055357;&#56832;", "😀"),
    ],
)
def test_surrogate_pairs_become_their_character_and_halves_ufffd(text: str, expected: str) -> None:
    assert sound(text) == expected


@given(st.text(st.characters(exclude_categories=[])))
def test_sound_text_can_be_written_and_is_left_alone(text: str) -> None:
    once = sound(text)
    once.encode()
    assert sound(once) == once


@given(st.text())
def test_good_text_keeps_every_character(text: str) -> None:
    assert sound(text) == text or "&#" in text
    assert decode(text.encode()) == text.lstrip("\ufeff") or "&#" in text or "\0" in text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\xed\xa0\xbd\xed\xb8\x80b", "a😀b"),
        (b"a\xed\xa0\xbdb", "a\ufffdb"),
        (b"a\xed\xb8\x80\xed\xa0\xbdb", "a\ufffd\ufffdb"),
        (b"a\xed\xa0", "a\ufffd\ufffd"),
        (b"\xc0\x80\xc1\xbf", "\ufffd" * 4),  # overlong
        (b"\xf4\x90\x80\x80", "\ufffd" * 4),  # beyond Unicode
        (b"Noch h\xfflt", "Noch h\ufffdlt"),
        (codecs.BOM_UTF8 * 2 + b"a", "a"),
        ("a\ud83db".encode("utf-16", "surrogatepass"), "a\ufffdb"),
        ("a\ud83db".encode("utf-32", "surrogatepass"), "a\ufffdb"),
    ],
)
def test_broken_bytes_lose_only_their_own_character(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("encoding", [*UNICODE, "gb18030"])
@pytest.mark.parametrize("claimed", ["", "gb18030", "utf-8", "iso-8859-1", "utf-16", "klingon"])
def test_unicode_is_recognised_with_any_declared_charset(encoding: str, claimed: str) -> None:
    text = f"<p>{TEXT}</p>"
    if encoding != "gb18030":
        assert decode(text.encode(encoding), claimed) == text
    elif claimed == "gb18030":
        assert decode(text.encode(encoding), "utf-8", claimed) == text


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("gbk", "北京"), ("GB2312", "北京"), ("x-gbk", "北京"), ("big5", "臺北"), ("windows-1251", "Київ"),
        ("x-cp1251", "Київ"), ("koi8-r", "Москва"), ("ISO-8859-1", "Grüße"),
        ("latin1", "Grüße"), ("us-ascii", "Grüße"), ("windows-1252", "„Grüße“"),
        ("iso-8859-1", "„Grüße“"), ("windows-1256", "مرحبا"), ("windows-1254", "İstanbul"), ("iso-8859-9", "İstanbul"),
        ("euc-kr", "서울"), ("shift_jis", "東京"), ("x-sjis", "東京"), ("utf8", "Grüße"),
    ],
)  # fmt: skip
def test_labels_are_those_of_the_whatwg(label: str, text: str) -> None:
    assert decode(text.encode(codec_of(label)), label) == text


@pytest.mark.parametrize("label", ["", "klingon", "utf-7", "idna", "rot13", "hz", "unicode_escape", "utf-16", "a\0b", "x-"])
def test_encodings_that_no_page_uses_are_ignored(label: str) -> None:
    assert codec_of(label) == ""


def test_the_header_wins_over_the_page_and_the_bytes_over_both() -> None:
    html = '<html><head><meta charset="{}"></head><body>Привет, Київ</body></html>'
    for said in ("utf-8", "koi8-r", "gbk", "windows-1251"):
        assert "Привет, Київ" in page(html.format(said).encode("windows-1251"), "windows-1251")
        assert "Привет, Київ" in page(html.format(said).encode(), "windows-1251")
    assert "Привет, Київ" in page(html.format("windows-1251").encode("windows-1251"))
    assert "Привет, Київ" in page(html.format("windows-1251").encode("windows-1251"), "utf-8")  # the header lies
    assert "Привет, Київ" in page(html.format("windows-1251").encode("windows-1251"), "klingon")


def test_one_broken_character_does_not_change_the_encoding() -> None:
    good = "Привет, Київ! Слава письменникам. "
    assert page(good.encode() * 3 + b"\xff", "windows-1251") == good * 3 + "\ufffd"
    assert page(good.encode("windows-1251") * 3 + b"\x98", "windows-1251") == good * 3 + "\ufffd"


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [("text/html; charset=gbk", "gbk"), ('text/html;charset="GBK"', "GBK"), ("text/html; Charset = 'x-sjis'", "x-sjis"),
     ("text/html", ""), ("", ""), ("application/json; version=1; charset=utf-8", "utf-8"), ("charset=", "")],
)  # fmt: skip
def test_charset_is_read_from_a_header(content_type: str, charset: str) -> None:
    assert charset_of(content_type) == charset


# --- JSON ---

REPLY = {"имя": [TEXT, {"k\u00e9": None, "n": -12.5, "t": True}], "id": 67013665, "big": 10**17}


@pytest.mark.parametrize("encoding", [*UNICODE, "gb18030"])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_is_read_in_every_encoding(encoding: str, is_ascii: bool) -> None:
    body = json.dumps(REPLY, ensure_ascii=is_ascii).encode(encoding)
    assert json_reply(body, "gbk" if encoding == "gb18030" else "") == REPLY


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"a\ud83d": "\ud83d", "b": ["\ude00\ud83d"]}', {"a\ufffd": "\ufffd", "b": ["\ufffd\ufffd"]}),
        (rb'{"\ud83d\ude00": "\ud83d\ude00"}', {"😀": "😀"}),
        (b'{"a\xed\xa0\xbd\xed\xb8\x80": "\xed\xa0\xbd"}', {"a😀": "\ufffd"}),
        (b'{"a": "\xed\xa0\xbd\\ude00"}', {"a": "😀"}),
        (rb'["\\ud83d"]', [r"\ud83d"]),
        (rb'["\u0026#xD83D;&#xDE00;"]', ["😀"]),
        (b'["one\ntwo\x01"]', ["one\ntwo\x01"]),
        (b'["a\0b\\u0000"]', ["ab"]),
        (b'\xef\xbb\xbf\xef\xbb\xbf \n["a"]\0\0\n', ["a"]),
        (b'["\xff"]', ["\ufffd"]),
        (b"[NaN, Infinity, -Infinity]", [None, None, None]),
        (b"[" + b"9" * 5_000 + b", -" + b"9" * 30 + b", 7]", [None, None, 7]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_strings_and_keys_of_json_can_be_written(body: bytes, value: object) -> None:
    assert json_reply(body) == value
    assert json.dumps(json_reply(body), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[" * 100_000, "nested too deep"), (b'{"a":' * 100_000, "nested too deep"),
        (b'[{"a":' * 2_000 + b"1" + b"}]" * 2_000, "nested too deep"),
        (b"", "Expecting value"), (b"<html>", "Expecting value"), (b"[] []", "more than one value"),
    ],
)  # fmt: skip
def test_invalid_json_raises_value_error(body: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        json_reply(body)


@given(st.binary(max_size=40), st.text(max_size=10))
def test_only_value_error_is_raised(body: bytes, charset: str) -> None:
    decode(body, charset)
    page(body, charset)
    for data in (body, b'{"a":"' + body + b'"}'):
        try:
            assert json.dumps(json_reply(data, charset), ensure_ascii=False).encode()
        except UnicodeError:
            pytest.fail("bytes that cannot be decoded")
        except ValueError:
            continue


def test_a_value_in_the_middle_of_a_text_ends_where_it_ends() -> None:
    assert json_at('x = {"a": 1};', 4) == ({"a": 1}, 12)
