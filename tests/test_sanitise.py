"""Safe markup. Words are invented; the recordings are read if they exist."""

from __future__ import annotations

import html
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import sanitise
from crawler.dw.article import Article, Gallery, Paragraph, Picture, Video
from crawler.urls import PictureName
from tests.conftest import path_id, seed_paths

HARMLESS = [
    "Plain text, 1 < 2 & 3 > 2, a<3",
    "&nbsp;",
    "<strong>Heading</strong>",
    '<a href="https://api.dw.com/api/detail/article/7" rel="ArticleRef">link</a>',
    "<a href='http://cms.dw.com/x' rel=ExternalRef>link</a>",
    '<a href="mailto:desk@example.org">m</a><a href="tel:+49">t</a><a href="/en/x/a-7">r</a><a href="#top">#</a>',
    '<span class="editable placeholder" data-id="7" data-type="ARTICLE" data-external-url="">x</span>',
    '<small style="color: #999;">grey</small>',
    "<b style='font-weight:700;text-decoration: underline;; TEXT-ALIGN : center !important'>x</b>",
    '<i style=color:red>y</i><i style="">z</i>',
    "<p>wrong <b>nesting</p></b> and <i>unclosed",
    "<br/><br /><BR>",
    "<o:p></o:p>",
    '<a\thref = "https://example.org/?a=1&amp;b=javascript:2">spaces</a>',
    '<a href="/a:b">colon after a slash</a>',
    '<ruby>漢<rt lang="zh">han</rt></ruby>',
]

STYLES = [
    "position:fixed", "position:absolute;inset:0", "z-index:9", "top:0", "left:-9px", "bottom:0", "right:0", "float:left",
    "inset-inline:0", "width:9999px", "height:100vh", "min-height:200vh", "margin:-500px", "margin-top:-190px", "padding:99em",
    "transform:scale(99)", "translate:-90px", "scale:99", "rotate:9deg", "zoom:50", "background:url(//evil.example/x)",
    "background:red", "background-image:url(//evil.example/x)", "background-color:#fff", "content:url(//evil.example/x)",
    "list-style:url(//evil.example/x)", "list-style-image:url(//evil.example/x)", "border-image:url(//evil.example/x) 1",
    "border:9999px solid red", "outline:9999px solid red", "box-shadow:0 0 0 9999px red", "text-shadow:0 0 999px red",
    "cursor:url(//evil.example/x),auto", "filter:url(//evil.example/x)", "filter:blur(9px)", "backdrop-filter:blur(9px)",
    "mask:url(//evil.example/x)", "clip-path:url(//evil.example/x)", "shape-outside:url(//evil.example/x)",
    "offset-path:url(//evil.example/x)", "animation:x 1s", "transition:all 1s", "behavior:url(//evil.example/x)",
    "-moz-binding:url(//evil.example/x)", "opacity:0", "visibility:hidden", "display:none", "display:block",
    "font:999px serif", "font-size:999px", "font-family:x", "line-height:99", "letter-spacing:99em", "word-spacing:99em",
    "text-indent:-999px", "vertical-align:999px", "text-decoration:underline 9999px red", "text-underline-offset:999px",
    "color:url(//evil.example/x)", "color:image-set('//evil.example/x')", "color:var(--x)", "color:expression(alert(1))",
    "color:red\\;position:fixed", "color:red/**/;/**/position:fixed", "--x:url(//evil.example/x)", "all:unset", "red",
    "width:100%", "src:url(//evil.example/x)", "color:red}*{position:fixed", "@import '//evil.example/x'", "columns:9",
    "pos\\69tion:fixed", "posi/**/tion:fixed", "pointer-events:none", "resize:both", "overflow:visible", "writing-mode:tb",
]  # fmt: skip

# nh3 decides what is left of each; we check that nothing in it can run or load (see `Danger`).
ATTACKS = [
    "<script>alert(1)</script>", "<SCRIPT SRC=//evil.example/x.js>", "<scr<script>ipt>alert(1)</script>",
    "<script/x>alert(1)</script>", "<b onclick=alert(1)>x</b>", '<b ONMOUSEOVER = "alert(1)">x</b>', "<b/onclick=alert(1)>x",
    '<a href="x"onclick=alert(1)>x</a>', "<b title='>' onclick=alert(1)>x", '<b title="a\n" onclick="alert(1)">x',
    '<b title=\u00a0"a onclick=alert(1) b">x</b>', '<b title=\u3000"a onclick=alert(1) b">x</b>', "<b\x0bonclick=alert(1)>x",
    '<b title=\x1c"a onclick=alert(1) b">x</b>',
    "<b\x0conclick=alert(1)>x", "<b a=b'onclick=alert(1)'>x", "<b a='b' 'onclick=x>",
    '<a href="javascript:alert(1)">x</a>', "<a href=javascript:alert(1)>x</a>", '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>', '<a href="java\tscript:alert(1)">x</a>', '<a href="java\nscript:alert(1)">x</a>',
    '<a href="java&#9;script:alert(1)">x</a>', '<a href="java&Tab;script:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>', '<a href="&#x6A;avascript:alert(1)">x</a>',
    '<a href="&#0000106avascript:alert(1)">x</a>', '<a href="javascript&colon;alert(1)">x</a>',
    '<a href="javascript&#58;alert(1)">x</a>', '<a href="\x01javascript:alert(1)">x</a>', '<a href="java\x00script:x">x</a>',
    '<a href="vbscript:x">x</a>', '<a href="data:text/html,<script>alert(1)</script>">x</a>', '<a href="blob:x">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>', '<a href="file:///etc/passwd">x</a>', '<a href=x: href="x">x</a>',
    '<a xlink:href="javascript:alert(1)">x</a>', '<q cite="javascript:alert(1)">x</q>',
    '<a href="https://x" ping="//evil">x</a>',
    "<iframe src=//evil.example></iframe>", '<iframe srcdoc="<script>x</script>"></iframe>', "<img src=x onerror=alert(1)>",
    '<img src="https://tracker.example/1.gif">', "<image src=x>", "<video poster=//evil src=x></video>", "<audio src=x>",
    "<embed src=x>", "<object data=x></object>", "<applet code=x>", "<link rel=stylesheet href=//evil>", "<base href=//evil>",
    '<meta http-equiv="refresh" content="0;url=//evil">', "<style>@import url(//evil)</style>", "<style>b{}</style>",
    '<b style="background:url(//evil)">x</b>', '<b style="width:expression(alert(1))">x</b>', '<b style="a:\\75rl(x)">x</b>',
    "<b style=\"background:image-set('//evil')\">x</b>", '<b style="a:b;&#117;rl(x)">x</b>', '<table background="//evil">',
    "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg><a xlink:href=javascript:alert(1)>x</a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>", "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>', "<math href=javascript:x>x</math>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">', '<template><img src=x onerror=alert(1)></template>',
    '<textarea><img title="</textarea><img src=x onerror=alert(1)>">', '<title><a id="</title><img src=x onerror=alert(1)>">',
    "<xmp><p id='</xmp><img src=x onerror=alert(1)>'>", "<plaintext><b onclick=x>", "<noembed><img src=x></noembed>",
    "<!--><script>alert(1)</script>", "<!--<img src=x onerror=alert(1)>--!><img src=x onerror=alert(1)>", "<!-- a comment -->",
    "<![CDATA[<script>alert(1)</script>]]>", "<?xml-stylesheet href=//evil?>", "<!DOCTYPE html [<!ENTITY x 'y'>]>",
    "<input autofocus onfocus=alert(1)>", "<button formaction=javascript:x>", "<form action=javascript:x><input type=submit>",
    "<select><script>x</script>", "<details open ontoggle=alert(1)>", "<marquee onstart=alert(1)>", "<frameset onload=x>",
    "<body onload=alert(1)>", "<html manifest=x>", "<isindex action=javascript:x type=image>", "<x onclick=alert(1)>x</x>",
    "<x-y onclick=alert(1)>x</x-y>", "<b", "<a href='", '<a href="x', "x<img src=x onerror=alert(1) ", "</script", "<script",
    '<b <script>alert(1)//', "<b title=`<img src=x onerror=alert(1)>`>", "<img src=x onerror=alert(1)//", "<//img src=x>",
]  # fmt: skip

_LOADING_TAGS = frozenset(
    "script style iframe img image video audio embed object applet link base meta svg math form input button body html "
    "frameset template noscript textarea title xmp plaintext noembed".split()
)
_LOADING_ATTRIBUTES = frozenset("src srcset poster background ping action formaction manifest".split())


class Danger(HTMLParser):
    """Finds what in a piece of markup could run or load, with another parser than the tested one."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LOADING_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            # parsers disagree on names with quotes or odd white space before them, so any `on` counts
            if re.search(r"\bon\w+$", name) or name in _LOADING_ATTRIBUTES:
                self.found.append(name)
            # browsers ignore controls and spaces before an address, and tabs and line breaks anywhere in it
            plain = re.sub(r"^[\x00-\x20]+|[\t\r\n\x00]", "", html.unescape(value or "")).lower()
            if re.match(r"(javascript|vbscript|data|file|blob|x):", plain) or (name == "style" and "(" in plain):
                self.found.append(f"{name}={value}")

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.found.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.found.append("instruction")

    def unknown_decl(self, data: str) -> None:
        self.found.append("declaration")


@pytest.mark.parametrize("markup", HARMLESS)
def test_harmless_markup_keeps_every_byte(markup: str) -> None:
    assert sanitise.safe_markup(markup) == markup


@pytest.mark.parametrize("markup", ATTACKS)
def test_safe_markup_runs_and_loads_nothing(markup: str) -> None:
    for text in (markup, f"before {markup} after", f"<b>{markup}</b>"):
        safe = sanitise.safe_markup(text)
        assert Danger(safe).found == []
        assert not re.search(r"[\s\"'/]on\w+\s*=(?![^<]*&gt;)[^<]*>", safe)
        assert sanitise.safe_markup(safe) == safe


@pytest.mark.parametrize(
    ("markup", "safe"),
    [
        ("a<script>x</script>b", "ab"),
        ('<b onclick="x">bold</b>', "<b>bold</b>"),
        ('<a href="javascript:x">link</a>', "<a>link</a>"),
        ('<a href="https://x" rel="ArticleRef" onclick="x">l</a>', '<a href="https://x" rel="ArticleRef">l</a>'),
        ('<span data-id="7" data-type="ARTICLE" onclick="x">l</span>', '<span data-id="7" data-type="ARTICLE">l</span>'),
        ("a<!-- c -->b", "ab"),
        ("<p>text<iframe>inside</iframe></p>", "<p>text</p>"),
        ("two\nlines\r\nhere", "two lines here"),
        ("<b onclick=x>a&#13;b&#10;c</b>", "<b>a b c</b>"),
        ('<a href="https://x" attributionsrc="//evil" ping="//evil" download>l</a>', '<a href="https://x">l</a>'),
        ("<b popover autofocus contenteditable tabindex=1 itemref=x slot=y is=z>x</b>", "<b>x</b>"),
        ('<b style="color:red; position:fixed">x</b>', '<b style="color:red">x</b>'),
    ],
)
def test_words_are_kept(markup: str, safe: str) -> None:
    assert sanitise.safe_markup(markup) == safe


@pytest.mark.parametrize("style", STYLES)
def test_style_keeps_nothing_that_positions_covers_or_loads(style: str) -> None:
    for text, tag in (
        (f'<b style="{html.escape(style)}">x</b>', "<b>"),
        (f'<b style="color:blue;{html.escape(style)}">x</b>', '<b style="color:blue">'),
        (f'<b style="{html.escape(style)};color:blue">x</b>', '<b style="color:blue">'),
        (f"<b style='{style.replace(chr(39), chr(34))}' onclick=x>x</b>", "<b>"),
    ):
        safe = sanitise.safe_markup(text)
        assert sanitise.safe_markup(safe) == safe
        assert safe == f"{tag}x</b>"


PIECES = st.lists(
    st.sampled_from([*HARMLESS, *ATTACKS, *"<>/='\" \t&;!-", "&#13;", "&lt;", "\u00a0", "a", "</p>", "<table>", "<a href="])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    max_size=6,
).map("".join)


@given(PIECES)
def test_safe_markup_is_safe_one_line_and_stays_as_it_is(markup: str) -> None:
    safe = sanitise.safe_markup(markup)
    assert sanitise.safe_markup(safe) == safe
    assert "\n" not in safe
    assert "\r" not in safe
    assert Danger(safe).found == []


@given(PIECES, PIECES)
def test_safe_markup_in_a_row_is_safe(first: str, second: str) -> None:
    for one in (sanitise.safe_markup(first), sanitise.words(first)):
        assert Danger(sanitise.joined("", (one, sanitise.safe_markup(second)))).found == []
        assert Danger(sanitise.fill("<p>{}{}</p>", one, sanitise.words(second))).found == []


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("AT&T \"quoted\" it's 1 < 2 > 0 <3", "AT&T \"quoted\" it's 1 < 2 > 0 <3"),
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("< script>", "&lt; script&gt;"),
        ("</p>", "&lt;/p&gt;"),
        ("<!--", "&lt;!--"),
        ("<?x", "&lt;?x"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("ends with <", "ends with &lt;"),
        ("<\x00b>", "&lt;b&gt;"),
        ("two\nlines", "two lines"),
    ],
)
def test_words_are_kept_or_escaped(text: str, markup: str) -> None:
    assert sanitise.words(text) == markup
    assert sanitise.words(markup) == markup


@given(PIECES)
def test_words_are_harmless_and_stay_as_they_are(text: str) -> None:
    found = sanitise.words(text)
    assert "<" not in text or Danger(found).found == []
    assert sanitise.words(found) == found


def test_attribute_stays_between_its_quotes() -> None:
    assert sanitise.attribute("a\"b'c<d>&e\nf") == "a&quot;b&#x27;c&lt;d&gt;&amp;e f"


def test_control_characters_are_removed() -> None:
    assert sanitise.safe_markup("a\x00b\x08c\x7f") == "abc"
    assert sanitise.safe_markup("<b>a\x1fb</b>") == "<b>ab</b>"
    assert "<script" not in sanitise.safe_markup("<scr\x00ipt>alert(1)</scr\x00ipt><\x00img src=x>")


def test_type_checker_refuses_a_plain_string() -> None:
    """mypy proves this, not pytest: an unneeded `ignore` is an error in `make test`."""
    plain = "<script>alert(1)</script>"
    Paragraph(plain)  # type: ignore[arg-type]
    Gallery(plain, ())  # type: ignore[arg-type]
    Article(7, "article", plain, author=plain)  # type: ignore[arg-type]
    Article(7, "article", plain, teaser=plain)  # type: ignore[arg-type]
    Picture(PictureName(63, "303", "jpg"), plain)  # type: ignore[arg-type]
    Video(plain)  # type: ignore[arg-type]
    sanitise.fill("<p>{}</p>", plain)  # type: ignore[arg-type]
    sanitise.fill("<p>{}</p>", sanitise.words(plain).upper())  # type: ignore[arg-type]
    sanitise.joined(" ", [plain])  # type: ignore[list-item]


@pytest.mark.parametrize("path", seed_paths(), ids=path_id)
def test_recorded_paragraphs_keep_every_byte(path: Path) -> None:
    body = path.read_text("utf-8").split("\n")[4]
    for paragraph in re.findall(r"<p>(.*?)</p>", body):
        # the stray end tag of video documents belongs to the format, not to DW's text
        assert sanitise.safe_markup(paragraph) == paragraph


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://x", True), ("HTTP://x", True), ("mailto:x", True), ("/a", True), ("a?b:c", True), ("#a:b", True), ("", True),
        ("javascript:x", False), (" java\nscript:x", False), ("&#106;avascript:x", False), ("data:,", False),
        ("ftp://x", False),
    ],
)  # fmt: skip
def test_safe_links_are_recognised(url: str, safe: bool) -> None:
    assert sanitise.is_safe_link(url) is safe


@pytest.mark.parametrize("tag", ["<ul>", "<div>", "<b ", "<div><i>", "<figure>", "</small></p><video ", "<svg><g>", "<x-y>"])
def test_endless_markup_costs_little_and_keeps_its_words(tag: str) -> None:
    text = f"first {tag * 100_000}> last<img src=x onerror=alert(1)>"
    start = time.process_time()
    clean = sanitise.safe_markup(text)
    assert time.process_time() - start < 10  # under a second; it was minutes
    assert clean.startswith("first")
    assert "last" in clean
    assert "onerror" not in clean


def test_markup_with_a_usual_number_of_tags_is_cleaned() -> None:
    assert sanitise.safe_markup("<p>words" * 300 + "<img src=x>").count("<p>") == 300
