"""Turning the body of a document into the content of a page."""

from __future__ import annotations

import re

import pytest

from crawler.reader.body import Surroundings, body, page_path
from crawler.reader.pages import TEMPLATES
from crawler.seedfile import SeedDocument
from tests import hostile
from tests.payloads import PAYLOADS
from tests.reader.samples import OUTSIDE, YOUTUBE, picture, reference, slide

AROUND = Surroundings(
    "../../../", {5: "en/2026/05/5-five.txt"},
    {(1, "303.png"): ("images/0/1_303.png", ""), (2, "303.png"): ("", "404"), (9, "media"): ("media/0/9.mp4", "")},
)  # fmt: skip
HEAD = "<div><i>Somebody<br>2026-05-01T10:00:00.000Z</i></div>"


def made(markup: str, dw_id: int = 9, around: Surroundings = AROUND) -> str:
    return body(SeedDocument(0, "A title", f"https://www.dw.com/en/A%20title/a-{dw_id}", markup), around)


def test_author_and_date_are_not_part_of_the_body() -> None:
    assert made(f"{HEAD}<p>Words.</p>") == "<p>Words.</p>"


def test_footer_of_the_older_tool_is_left_out() -> None:
    assert made(f"{HEAD}<p>Words.</p><br><hr><div>获取更多RSS：<p>x</p></div>") == "<p>Words.</p>"


def test_picture_is_local_and_has_its_caption() -> None:
    assert made(picture(1, "A <i>quay</i>")) == (
        '<figure><img src="../../../images/0/1_303.png" alt="A quay"><figcaption>A <i>quay</i></figcaption></figure>'
    )


def test_picture_without_a_caption_has_none() -> None:
    assert made(picture(1)) == '<figure><img src="../../../images/0/1_303.png" alt=""></figure>'


@pytest.mark.parametrize("after_image", ["", "<br>"])
def test_slide_is_a_picture_with_title_and_text(after_image: str) -> None:
    assert made(slide(1, "Slate", "It <i>rains</i>.", after_image)) == (
        '<figure><img src="../../../images/0/1_303.png" alt="Slate It rains.">'
        "<figcaption><strong>Slate</strong> It <i>rains</i>.</figcaption></figure>"
    )


def test_missing_picture_is_named_in_its_place_with_the_reason() -> None:
    found = made(picture(2, "A bell"))
    assert "Picture missing (404): 2_303.png" in found
    assert "<figcaption>A bell</figcaption>" in found
    assert "<img" not in found


def test_picture_from_elsewhere_is_named_and_not_loaded() -> None:
    assert "Picture missing (not one of DW's): evil.example" in made('<img src="https://evil.example/x.png">')


def test_empty_picture_is_left_out_and_its_caption_is_text() -> None:
    assert made('<p>a</p><img src="" width="100%"><p>b</p>') == "<p>a</p><p>b</p>"
    assert made('<img src=""><div><small>A caption</small></div>') == "<div><p>A caption</p></div>"


def test_text_around_pictures_stays() -> None:
    found = made('one <img src=""> two <img src="https://evil.example/x.png"> three <iframe></iframe> four')
    assert [word for word in ("one", "two", "three", "four") if word not in found] == []


@pytest.mark.parametrize("link", [
    reference(5, "five"), '<a href="https://www.dw.com/en/any/a-5">five</a>', '<a href="/en/any/a-5">five</a>',
    '<a href="https://p.dw.com/p/5">five</a>', '<span data-id="5" data-type="ARTICLE">five</span>',
    '<a rel="CommentRef" href="https://api.dw.com/api/detail/article/5">five</a>',
])  # fmt: skip
def test_link_to_an_archived_document_leads_to_its_page(link: str) -> None:
    assert made(f"<p>{link}</p>") == '<p><a href="../../../en/2026/05/5-five.html">five</a></p>'


def test_link_to_another_article_leads_to_its_page_at_dw_and_is_marked() -> None:
    found = made(f"<p>{reference(OUTSIDE, 'six')}</p>")
    assert f'href="https://www.dw.com/en/a-{OUTSIDE}" class="out"' in found
    assert "Not in this archive" in found


def test_link_elsewhere_is_marked() -> None:
    found = made('<p><a href="https://rivers.example/?a=1&amp;b=2">tables</a></p>')
    assert 'href="https://rivers.example/?a=1&amp;b=2" class="out" rel="noopener noreferrer"' in found


@pytest.mark.parametrize("href", ["javascript:alert(1)", "x.html", "../../../../etc/passwd", "file:///etc/passwd", "#top", ""])
def test_link_that_cannot_be_opened_becomes_text(href: str) -> None:
    assert made(f'<p><a href="{href}">words</a></p>') == "<p><span>words</span></p>"


def test_youtube_is_a_link_with_a_warning() -> None:
    found = made(YOUTUBE)
    assert 'href="https://www.youtube.com/watch?v=aB3_x-9"' in found
    assert "YouTube learns" in found
    assert "<iframe" not in found


def test_stored_media_file_is_played_and_others_are_links() -> None:
    video = '<p>A teaser</small></p><video src="https://tv.example/x.mp4" controls style="width:100%"></video>'
    assert '<video src="../../../media/0/9.mp4" controls="" preload="metadata"></video>' in made(video)
    found = made(video, around=Surroundings())
    assert '<a href="https://tv.example/x.mp4" class="out"' in found
    assert "tv.example learns" in found


def test_bold_paragraph_is_a_heading_and_a_gallery_has_its_name() -> None:
    assert made("<p><strong>Why?</strong></p>") == "<h2><strong>Why?</strong></h2>"
    assert made("<p><strong>Why?</strong> Because.</p>") == "<p><strong>Why?</strong> Because.</p>"
    assert made("<h3>相关图集：Doors</h3>") == '<h2 class="gallery">Doors</h2>'
    assert made("<p>a</p><p>&nbsp;</p><p> </p>") == "<p>a</p>"


def test_page_has_the_path_of_its_document() -> None:
    assert page_path("zh/2024/01/5-a.txt") == "zh/2024/01/5-a.html"


# --- hostile ---


def test_only_a_cleaned_body_goes_into_a_page_as_markup() -> None:
    marked = {path.name: re.findall(r"\{\{([^}]*)\|\s*safe", path.read_text("utf-8")) for path in TEMPLATES.iterdir()}
    assert {name: found for name, found in marked.items() if found} == {"macros.html.j2": [" body "]}
    assert not [name for name in marked if "autoescape false" in (TEMPLATES / name).read_text("utf-8")]

LOADS = re.compile(r"""\b(?:src|srcset|poster|data|background|action|formaction|xlink:href)\s*=\s*["']?(?!\.\./\.\./\.\./)""")
RUNS = re.compile(
    r"<(?:script|iframe|object|embed|form|input|meta|base|link|style|svg|math|template)\b|<[^>]*\s(?:on\w+|style)\s*="
)


def problems(markup: str) -> list[str]:
    """Return everything in tags that runs or loads something; such words in text are escaped."""
    tags = re.findall(r"<[^<>]*>", markup)
    without_words = [re.sub(r'(?<=\s)(?:alt|title)="[^"]*"', "", tag) for tag in tags]
    return [tag for tag in without_words if RUNS.search(tag) or LOADS.search(tag)]


@pytest.mark.parametrize("place", ["<p>{}</p>", '<img src="{}">', "<h3>相关图集：{}</h3>", '<a href="{}">x</a>',
                                   '<iframe src="{}"></iframe>', '<video src="{}"></video>', "{}"])  # fmt: skip
def test_hostile_markup_neither_runs_nor_loads(place: str) -> None:
    assert {payload: found for payload in PAYLOADS if (found := problems(made(place.replace("{}", payload))))} == {}


def test_documents_of_hostile_replies_neither_run_nor_load() -> None:
    found = {name: problems(made(markup)) for name, markup in hostile.documents(PAYLOADS[::7])}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("markup", [
    "<div>" * 100_000, "<b>" * 40_000, "<a href=x>" * 30_000, "<img src=x>" * 3_000, "<" * 200_000,
    "<p " + "a " * 100_000 + ">x", "<table>" * 20_000, "<ul><li>" * 8_000,
])  # fmt: skip
def test_endless_markup_takes_bounded_time(markup: str) -> None:
    assert problems(made(markup)) == []
