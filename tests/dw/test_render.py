"""The document an article becomes. Words are invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler import seedfile
from crawler.dw import render
from crawler.dw.article import Article, Gallery, Paragraph, Picture, Slide, Video, YouTube
from crawler.sanitise import Markup
from crawler.urls import DwAddress, PictureName

IMG = '<img src="https://images.weserv.nl/?url=static.dw.com/image/63_303.jpg" width="100%">'
SMALL = '<div><small style="color: #999;">{}</small></div>'
HEAD = "<div><i>{}<br>2023-10-06T01:48:46.923Z</i></div>"

NAME = PictureName(63, "303", "jpg")
ADDRESS = DwAddress("static.dw.com/image/63_303.jpg")
GALLERY = Gallery(Markup("More"), (Slide(NAME, ADDRESS, Markup("t"), Markup("x")), Slide(NAME, ADDRESS)))
TUBE = (
    '<iframe width="100%" height="259" src="https://www.youtube.com/embed/abcdefghijk?wmode=transparent" '
    'frameborder="0" allowfullscreen=""> </iframe>'
)

BODIES: list[tuple[Article, str]] = [
    (Article(7, "article", "t"), "<div><i><br></i></div>"),
    (
        Article(7, "article", "t", author=Markup("Ann"), display_date="2023-10-06T01:48:46.923Z",
                main_picture=Picture(NAME, ADDRESS, Markup("c")),
                blocks=(Paragraph(Markup("<b>p</b>")), Picture(NAME, ADDRESS), YouTube("abcdefghijk"), Video(DwAddress("https://x/1.mp4?a=1&b"))),
                galleries=(GALLERY,)),
        HEAD.format("Ann") + IMG + SMALL.format("c") + "<p><b>p</b></p>" + IMG + SMALL.format("") + TUBE
        + '<video src="https://x/1.mp4?a=1&amp;b" controls style="width:100%"></video>'
        + f"<h3>相关图集：More</h3><div>{IMG}<b>t</b>：x</div><div>{IMG}<b></b>：</div>",
    ),
    (Article(7, "video", "t", teaser=Markup("x"), video=Video(DwAddress("https://x/1.mp4"))),
     '<p>x</small></p><video src="https://x/1.mp4" controls style="width:100%"></video>'),
    (Article(7, "video", "t", teaser=Markup("x")), "<p>x</small></p>"),
    (Article(7, "audio", "t", video=Video(DwAddress("https://x/1.mp3"))),
     '<p></small></p><audio src="https://x/1.mp3" controls style="width:100%"></audio>'),
    (Article(7, "gallery", "t", slides=GALLERY.slides),
     f"<div>{IMG}<br><b>t</b>：x</div><div>{IMG}<br><b></b>：</div>"),
]  # fmt: skip


@pytest.mark.parametrize(("article", "body"), BODIES)
def test_article_is_written_as_the_format_says(article: Article, body: str) -> None:
    made = render.document_of(article, 1_700_000_000_000, "zh")
    assert made.html == body
    assert made.url == "https://www.dw.com/zh/t/a-7"
    assert made.kind in (article.kind, "article")


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("<script>alert(1)</script>", "< script>alert(1)< /script>"), ("<!-- x", "< !-- x"), ("<?x", "< ?x"), ("<<b", "<< b"),
        ("1 < 2 <3 <= x <", "1 < 2 <3 <= x <"), ("AT&T &lt;b&gt; <ü", "AT&T &lt;b&gt; <ü"), ("< b", "< b"),
    ],
)  # fmt: skip
def test_no_tag_begins_in_a_title(title: str, written: str) -> None:
    made = render.document_of(Article(7, "article", title), 0, "en")
    assert made.title == written
    assert seedfile.loads(seedfile.dumps(made)) == made
    assert seedfile.says_the_same(replace(made, title=title), made) == (title == written)  # else `scrapy reread` passes it over


def test_language_of_the_article_overrides_the_argument() -> None:
    assert render.document_of(Article(7, "article", "t", language="am"), 0, "zh").language == "am"
