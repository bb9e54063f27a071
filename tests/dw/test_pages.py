"""Pages of www.dw.com. The words are invented; the layouts are those of recorded pages, or [assumed] where a test says so."""

from __future__ import annotations

import contextlib
import html
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import normalise, seedfile
from crawler.dw import pages, render
from crawler.dw.article import Article, Gallery, Paragraph, Picture, Slide, Video, YouTube
from crawler.dw.pages import addresses
from crawler.exceptions import UnreadableReply
from crawler.sanitise import Markup
from crawler.urls import DwAddress, PictureName

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "dw" / "recorded" / "pages"
RECORDED_APOLLO = "apollo_2023-06-13.html"
RECORDED_CLASSIC = "classic_2023-03-14.html"


def recorded(name: str) -> bytes:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"no recording {name} beside this checkout")
    return path.read_bytes()


def texts(article: Article) -> list[str]:
    return [block.html for block in article.blocks if isinstance(block, Paragraph)]


def shape(article: Article) -> str:
    """Return the blocks in order, one letter for each; s is a sub-heading."""
    letters = {Picture: "i", Video: "v", YouTube: "y", Gallery: "g"}
    return "".join(
        ("s" if block.html.startswith("<strong>") else "p") if isinstance(block, Paragraph) else letters[type(block)]
        for block in article.blocks
    )


def shown(picture: Picture | None) -> tuple[str, str] | None:
    return (picture.address, picture.caption) if picture else None


# --- texts that the layouts share --------------------------------------------------------------------------------------

TEXT = """<p>Der <a class="internal-link" href="/de/alter-deich/a-59080161">alte Deich</a> hält&nbsp;noch, sagt
<a rel="noopener nofollow" target="_blank" class="external-link" href="https://deich.example/?a=1&amp;b=2"
title="Externer Link — das Amt">das <em>Amt</em><svg viewBox="0 0 20 20"><path d="M1 1"/></svg></a>.</p>

<h2>Was jetzt?</h2>
<p>&nbsp;</p>
<figure class="placeholder-image"><img data-id="61000001"
data-url="https://static.dw.com/image/61000001_${formatId}.jpg" src="data:image/gif;base64,AAAA" alt="Deich"/>
<figcaption class="img-caption">Ein Deich &amp; ein <b>Schaf</b>
<small class="copyright">Bild: A. Mann</small></figcaption></figure>
<ul><li>Sand</li><li>Lehm aus <a href="/de/lehm/t-17000000">Lehmgruben</a></li></ul><span class="rich-text-ad"></span>
<div class="embed"><iframe data-src="https://www.youtube-nocookie.com/embed/abcdefghijk?rel=0" src="about:blank"></iframe></div>
<p>Ende.<br>Wirklich.</p>"""

BLOCKS = (
    Paragraph(
        Markup(
            'Der <a href="https://api.dw.com/api/detail/article/59080161" rel="ArticleRef">alte Deich</a> hält&nbsp;noch, sagt '
            '<a href="https://deich.example/?a=1&amp;b=2" rel="ExternalRef">das <em>Amt</em></a>.'
        )
    ),
    Paragraph(Markup("<strong>Was jetzt?</strong>")),
    Picture(
        PictureName(61000001, "303", "jpg"), DwAddress("static.dw.com/image/61000001_303.jpg"),
        Markup("Ein Deich &amp; ein <b>Schaf</b>"),
    ),
    Paragraph(Markup('<ul><li>Sand</li><li>Lehm aus <a href="https://www.dw.com/de/lehm/t-17000000">Lehmgruben</a></li></ul>')),
    YouTube("abcdefghijk"),
    Paragraph(Markup("Ende.<br>Wirklich.")),
)

MAIN_PICTURE = Picture(
    PictureName(61000002, "303", "jpg"), DwAddress("static.dw.com/image/61000002_303.jpg"), Markup("Ein Schaf am Deich")
)


def image_entity(dw_id: int) -> dict[str, Any]:
    return {"__typename": "Image", "id": dw_id, "staticUrl": f"https://static.dw.com/image/{dw_id}_${{formatId}}.jpg"}


def content(**changes: Any) -> dict[str, Any]:
    return {
        "__typename": "Article",
        "id": 61000000,
        "title": "Der Deich hält ",
        "name": "Der Deich hält ",
        "namedUrl": "/de/der-deich-hält/a-61000000",
        "canonicalUrl": "https://www.dw.com/de/der-deich-hält/a-61000000",
        "language": "GERMAN",
        "teaser": "Noch hält er.",
        "text": TEXT,
        "contentDate": "2024-01-30T10:11:12.131Z",
        "firstPublicationDate": "2024-01-29T10:11:12.131Z",
        "legacyAuthor": "",
        "persons": [{"fullName": "Ada Deichgraf"}, {"fullName": "null Bert Lehm"}],
        "mainContentImageLink": {
            "targetId": 61000002,
            "description": "Ein Schaf am Deich",
            "target": image_entity(61000002),
        },
        "contentLinks": [],
    } | changes


def script(variable: str, state: object) -> str:
    return f"<script> window.{variable}={json.dumps(state)};</script>".replace("</p>", "\\u003c/p>")


def page(inside: str, head: str = "", language: str = "de") -> bytes:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">{head}</head><body>{inside}</body></html>'
    ).encode()


def app_page(*contents: dict[str, Any], extra: str = "") -> bytes:
    state = {f"/graph-api/de/content/article/{found['id']}": {"data": {"content": found}} for found in contents}
    return page(script("__APP_STATE__", {"/graph-api/de/navigation": {"data": {}}} | state) + extra)


def read_content(**changes: Any) -> Article:
    return pages.parse_graph(json.dumps({"data": {"content": content(**changes)}}).encode(), 61000000, "de")


# --- the graph API and __APP_STATE__ ----------------------------------------------------------------------------------


def test_graph_reply_gives_every_field() -> None:
    article = read_content()
    assert article == Article(
        id=61000000,
        kind="article",
        title="Der Deich hält",
        language="de",
        author=Markup("Ada Deichgraf, Bert Lehm"),
        display_date="2024-01-30T10:11:12.131Z",
        teaser=Markup("Noch hält er."),
        main_picture=MAIN_PICTURE,
        blocks=BLOCKS,
        origin="graph-api",
    )


def test_app_state_gives_the_same_as_the_graph_reply() -> None:
    article = pages.parse(app_page(content()), 61000000)
    assert article.origin == "page:app-state"
    article.origin = "graph-api"
    assert article == read_content()


def test_document_made_of_a_page_holds_its_references() -> None:
    document = render.document_of(read_content(), 0, "de")
    assert document.references == [59080161]
    assert [picture.id for picture in document.pictures] == [61000002, 61000001]


def test_app_state_takes_the_content_that_was_requested() -> None:
    other = content(id=5, title="Anderes", canonicalUrl="/de/anderes/a-5", namedUrl="/de/anderes/a-5")
    assert pages.parse(app_page(other, content()), 61000000).title == "Der Deich hält"
    assert pages.parse(app_page(other, content()), 5).title == "Anderes"


def test_id_of_the_page_wins_over_the_one_asked_for() -> None:
    assert pages.parse(app_page(content()), 7).id == 61000000


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"persons": []}, ""),
        ({"persons": None, "legacyAuthor": "Cora Sand (mit dpa)"}, "Cora Sand (mit dpa)"),
        ({"persons": [], "firstPersonArray": [{"fullName": "Ada"}]}, "Ada"),
        ({"persons": None, 'persons({"amount":1})': [{"fullName": "Ada"}]}, "Ada"),
        ({"persons": [{"firstName": None, "lastName": "Lehm"}, "nobody", 7]}, "Lehm"),
        ({"persons": [{"fullName": "<img src=x onerror=run()>"}]}, "&lt;img src=x onerror=run()&gt;"),
    ],
)
def test_authors_of_an_entity_are_joined(changes: dict[str, Any], expected: str) -> None:
    assert read_content(**changes).author == expected


def test_first_publication_replaces_a_missing_content_date() -> None:
    assert read_content(contentDate=None).display_date == "2024-01-29T10:11:12.131Z"


def test_caption_of_the_content_link_wins_over_the_markup() -> None:
    links = [{"targetId": 61000001, "targetType": "IMAGE", "description": "Von der Redaktion"}]
    for name in ("contentLinks", 'contentLinks({"targetTypes":["IMAGE"]})'):
        article = read_content(**{"contentLinks": [], name: links})
        assert [block.caption for block in article.blocks if isinstance(block, Picture)] == ["Von der Redaktion"]


CONTENT_OF_2026: dict[str, Any] = {  # the keys that a client of 2026 reads; the words are invented
    "id": 61000000, "modelType": "ARTICLE", "namedUrl": "/zh-hant/deich/a-61000000", "title": "Der Deich hält",
    "text": "<p>Noch.</p>", "longTeaser": "Noch hält er.", "contentDate": "2026-06-14T19:00:01.536Z",
    "firstPersonArray": [{"fullName": "Ada Deichgraf"}], "contentLinks": [],
    "mainContentImageLink": {"targetId": 61000002, "description": "Ein Schaf", "target": {"licenserSupplement": "Amt"}},
    "openGraphMetadata": {"url": "https://www.dw.com/zh-hant/deich/a-61000000"}, "trackingCategories": "Umwelt",
    "durationIso8601": None, "validUntilDate": None, "trackingRegionsCommaJoined": "Husum",
    "trackingTopicsCommaJoined": "Deich",
}  # fmt: skip


def graph(changes: dict[str, Any] | None = None, kind: str = "article") -> Article:
    body = json.dumps({"data": {"content": CONTENT_OF_2026 | (changes or {})}}).encode()
    return pages.parse_graph(body, 7, "zh-hant", kind)


def test_graph_reply_of_2026_gives_every_field() -> None:
    article = graph()
    assert (article.id, article.kind, article.language, article.author) == (61000000, "article", "zh-hant", "Ada Deichgraf")
    assert (article.teaser, article.display_date) == ("Noch hält er.", "2026-06-14T19:00:01.536Z")
    assert shown(article.main_picture) == ("static.dw.com/image/61000002_303.jpg", "Ein Schaf")
    assert (article.unknown_keys, article.refused, article.skipped) == ((), (), ())


@pytest.mark.parametrize("key", CONTENT_OF_2026)
def test_any_key_of_2026_but_title_and_text_may_be_absent_or_odd(key: str) -> None:
    odds: list[Any] = [None, 5, [], [{}], {"x": 1}, "x"]
    for odd in odds:
        if key in ("title", "text", "modelType"):
            with contextlib.suppress(UnreadableReply):
                graph({key: odd})
        else:
            assert graph({key: odd}).title == "Der Deich hält"


def test_address_for_sharing_is_the_file_of_a_video_that_names_no_other() -> None:
    file = {"openGraphMetadata": {"url": "https://tvdownloaddw-a.akamaihd.net/x/deich_avc.mp4"}}
    article = graph({"modelType": "VIDEO", "namedUrl": "/de/deich/video-61000000", "posterImageUrl": None} | file, "video")
    assert article.video == Video(DwAddress("https://tvdownloaddw-a.akamaihd.net/x/deich_avc.mp4"))
    named = graph({"modelType": "VIDEO", "mp4Src": "https://tvdownloaddw-a.akamaihd.net/x/other.mp4"} | file, "video")
    assert named.video == Video(DwAddress("https://tvdownloaddw-a.akamaihd.net/x/other.mp4"))
    heard = graph({"modelType": "AUDIO", "mp3Src": "https://radiodownloaddw-a.akamaihd.net/a.mp3"}, "audio")
    assert heard.video == Video(DwAddress("https://radiodownloaddw-a.akamaihd.net/a.mp3"))


def test_slides_of_2026_keep_their_words_without_a_picture() -> None:
    first = {"staticUrl": "https://static.dw.com/image/63_${formatId}.jpg"}
    images = [{"name": "Erster", "description": "Hier", "assignedImage": first},
              {"name": "Zweiter", "description": "Dort", "assignedImage": {}}, {"name": "Dritter"}]  # fmt: skip
    article = graph({"modelType": "IMAGE_GALLERY", "namedUrl": None, "extendedGalleryImages": images}, "gallery")
    assert [(slide.address, str(slide.title), str(slide.text)) for slide in article.slides] == [
        ("static.dw.com/image/63_303.jpg", "Erster", "Hier"), (None, "Zweiter", "Dort"),
    ]  # fmt: skip
    assert article.skipped == ("picture without an address",)


def test_picture_of_a_card_replaces_a_missing_main_picture() -> None:
    card = {"mainContentImageLink": None, "mainContentImage": {"staticUrl": "https://static.dw.com/image/63_${formatId}.jpg"}}
    assert shown(graph(card).main_picture) == ("static.dw.com/image/63_303.jpg", "")


def test_main_picture_is_not_shown_again() -> None:
    text = TEXT + '<figure><img data-id="61000002" data-url="https://static.dw.com/image/61000002_${formatId}.jpg"></figure>'
    assert read_content(text=text).blocks == BLOCKS


def test_main_picture_is_known_by_its_id_alone() -> None:
    link = {"targetId": 61000002, "description": "Ein Schaf am Deich", "target": None}
    assert read_content(mainContentImageLink=link).main_picture == MAIN_PICTURE


def test_foreign_pictures_are_refused_and_named() -> None:
    article = read_content(text='<p>a</p><img src="https://evil.example/1.jpg"><img src="/images/icons/x.png">')
    assert (shape(article), article.refused, article.skipped) == ("p", ("https://evil.example/1.jpg",), ("image", "image"))


def test_embedded_video_is_its_mp4() -> None:
    wrapper = '<div class="vjs-wrapper embed big"><h2>Titel</h2><video data-id="6">{}<p>no script</p></video></div>'
    stream = '<source src="https://hlsvod.dw.com/i/dwtv_video/flv/x/x_,sd_sor,sd_avc,.mp4.csmil/master.m3u8">'
    file = '<source src="https://static.dw.com/x_sd_avc.mp4" type="video/mp4">'
    assert read_content(text=wrapper.format(stream + file)).blocks == (Video(DwAddress("https://static.dw.com/x_sd_avc.mp4")),)
    assert read_content(text=wrapper.format(stream)).blocks == (
        Video(DwAddress("https://tvdownloaddw-a.akamaihd.net/dwtv_video/flv/x/x_sd_avc.mp4")),
    )


@pytest.mark.parametrize(("names", "best"), [
    ("sd_sor,sd_avc", "sd_avc"), ("sd_avc,sd_sor", "sd_avc"), ("sd_sor", "sd_sor"),
    ("AVC_480x270,AVC_1920x1080", "AVC_1920x1080"), ("hd", "hd"),
])  # fmt: skip
def test_best_file_of_a_stream_is_the_last_that_is_not_sor(names: str, best: str) -> None:
    url = f"https://hlsvod.dw.com/i/a/b_,{names},.mp4.csmil/master.m3u8"
    video = read_content(__typename="Video", namedUrl="/de/x/video-61000000", text=None, hlsVideoSrc=url)
    assert video.video == Video(DwAddress(f"https://tvdownloaddw-a.akamaihd.net/a/b_{best}.mp4"))


@pytest.mark.parametrize(
    ("embed", "name"),
    [
        ('<div class="vjs-wrapper"><video></video></div>', "video"),
        ('<div class="image-gallery embed"></div>', "gallery"),
        ('<p><object data="x"></object></p>', "object"),
        ('<iframe src="javascript:alert(1)"></iframe>', "iframe"),
        ('<div class="tweet embed"></div>', "tweet"),
        ('<div class="embed"></div>', "embed"),
        ('<twitter-widget data-tweet-id="5"> </twitter-widget>', "twitter-widget"),
    ],
)
def test_unreadable_element_is_counted_by_its_type(embed: str, name: str) -> None:
    article = read_content(text=f"<p>vorher</p>{embed}<p>nachher</p>")
    assert (texts(article), article.skipped) == (["vorher", "nachher"], (name,))


def outside(address: str, label: str) -> str:
    return f'<a href="{address}" rel="ExternalRef">{label}</a>'


@pytest.mark.parametrize(
    ("embed", "kept"),
    [
        ('<blockquote class="tweet embed" data-id="55"></blockquote>', outside("https://x.com/i/status/55", "X 55")),
        ('<blockquote class="tweet embed" data-id="55"><p>Ein <b>Ruf</b></p></blockquote>',
         f"Ein <b>Ruf</b> {outside('https://x.com/i/status/55', 'X 55')}"),
        ('<blockquote class="twitter-tweet"><p>Ein Ruf</p><a href="https://twitter.com/ada/status/55">Juni</a></blockquote>',
         f"Ein Ruf {outside('https://twitter.com/ada/status/55', 'Juni')} {outside('https://twitter.com/ada/status/55', 'X')}"),
        ('<p><span class="tweet embed"><b>Anzeigen?</b></span></p>', "<b>Anzeigen?</b> X"),
        ('<div class="embed dw-widget" data-id="5"><p>Bestellen Sie jetzt</p></div>', "Bestellen Sie jetzt DW widget 5"),
        ('<div class="embed dw-widget" data-id="5"></div>', "DW widget 5"),
        ('<blockquote class="instagram-media" data-instgrm-permalink="https://www.instagram.com/p/Ab_c/?x=1&amp;y">Bild</blockquote>',
         f"Bild {outside('https://www.instagram.com/p/Ab_c/?x=1&amp;y', 'Instagram')}"),
        ('<div class="embed instagram" data-id="Ab_c-1"></div>',
         outside("https://www.instagram.com/p/Ab_c-1/", "Instagram Ab_c-1")),
        ('<div class="fb-post" data-href="https://www.facebook.com/dw/posts/7"></div>',
         outside("https://www.facebook.com/dw/posts/7", "Facebook")),
        ('<blockquote class="tiktok-embed" cite="https://www.tiktok.com/@dw/video/7" data-video-id="7">Film</blockquote>',
         f"Film {outside('https://www.tiktok.com/@dw/video/7', 'TikTok 7')}"),
        ('<audio><source src="https://radiodownloaddw-a.akamaihd.net/a.mp3"></audio>',
         outside("https://radiodownloaddw-a.akamaihd.net/a.mp3", "Audio")),
        ('<iframe src="https://maps.example/embed"></iframe>', outside("https://maps.example/embed", "maps.example")),
        ('<div class="embed"><p>Stimmen Sie zu</p><iframe data-src="https://maps.example/"></iframe></div>',
         f"Stimmen Sie zu {outside('https://maps.example/', 'maps.example')}"),
        ('<div class="embed big"><p>Stimmen Sie zu</p></div>', "Stimmen Sie zu"),
        ('<div class="tweet embed" data-id="5&quot;><script>alert(1)</script>"><p>Ruf</p></div>', "Ruf X"),
    ],
)  # fmt: skip
def test_embed_loses_no_words_and_names_its_service(embed: str, kept: str) -> None:
    article = read_content(text=f"<p>vorher</p>{embed}<p>nachher</p>")
    assert (texts(article), article.skipped) == (["vorher", kept, "nachher"], ())


@pytest.mark.parametrize("inside", ["", "<p>Deiche der Welt</p>"])
def test_gallery_known_by_its_id_alone_is_a_reference(inside: str) -> None:
    article = read_content(text=f'<p>vorher</p><div class="embed image-gallery" data-id="404">{inside}</div>')
    label = "Deiche der Welt" if inside else "Gallery 404"
    assert texts(article)[1:] == [f'<a href="https://api.dw.com/api/detail/gallery/404" rel="ArticleRef">{label}</a>']
    assert article.skipped == ()
    assert render.document_of(article, 0, "de").references == [404]


def test_caption_of_a_picture_without_an_address_is_kept_as_text_and_counted() -> None:
    caption = "<figcaption>Was es zeigte <small>Bild: X</small></figcaption>"
    figure = f'<figure><img src="data:image/gif;base64,R0=" alt="">{caption}</figure>'
    article = read_content(text=f"<p>vorher</p>{figure}<p>nachher</p>")
    assert (texts(article), article.skipped) == (["vorher", "Was es zeigte", "nachher"], ("picture without an address",))


GALLERY = {
    "__typename": "ImageGallery",
    "id": 61000003,
    "name": "Deiche der Welt",
    "extendedGalleryImages": [
        {"name": "Erster", "description": "Der <b>erste</b> Deich", "assignedImage": image_entity(61000004)},
        {"name": "Zweiter", "description": None, "assignedImage": None},
        {"name": "Dritter", "description": "", "assignedImage": image_entity(61000005)},
    ],
}
SLIDES = (
    Slide(
        PictureName(61000004, "303", "jpg"), DwAddress("static.dw.com/image/61000004_303.jpg"),
        Markup("Erster"), Markup("Der <b>erste</b> Deich"),
    ),
    Slide(PictureName(61000005, "303", "jpg"), DwAddress("static.dw.com/image/61000005_303.jpg"), Markup("Dritter")),
)


def test_gallery_in_the_text_is_shown_below_it_once() -> None:
    link = {"targetId": 61000003, "targetType": "IMAGE_GALLERY", "isInText": True, "target": GALLERY}
    article = read_content(
        text='<p>a</p><div class="image-gallery embed" data-id="61000003"></div><p>b</p>',
        imageGalleries=[GALLERY],
        contentLinks=[link],
    )
    assert article.galleries == (Gallery(Markup("Deiche der Welt"), SLIDES),)
    assert (texts(article), article.skipped) == (["a", "b"], ())


@pytest.mark.parametrize(
    ("title", "markup"),
    [
        ("Deiche & Schafe, 1 < 2", "Deiche & Schafe, 1 < 2"),
        ("Deiche <script>alert(1)</script>", "Deiche"),
        ("<img src=x onerror=alert(1)>Deiche", "Deiche"),
        ("<i>Deiche</i>", "<i>Deiche</i>"),
    ],
)
def test_title_of_a_gallery_is_safe_markup_wherever_it_comes_from(title: str, markup: str) -> None:
    found = content(
        text='<p>a</p><div class="image-gallery embed" data-id="61000003"></div>', imageGalleries=[{**GALLERY, "name": title}]
    )
    apollo = page(script("__APOLLO_STATE__", {"Article:61000000": found}))
    graph = pages.parse_graph(json.dumps({"data": {"content": found}}).encode(), 61000000, "de")
    for article in (graph, pages.parse(app_page(found), 61000000), pages.parse(apollo, 61000000)):
        assert [normalise.fold(gallery.title) for gallery in article.galleries] == [markup]


def test_title_of_a_classic_gallery_is_plain_text() -> None:
    title = html.escape('Deiche & "Schafe" <script>alert(1)</script>')
    text = CLASSIC_TEXT.replace('data-title="Deiche der Welt"', f'data-title="{title}"')
    article = pages.parse(classic_page(f'<div class="longText">{text}</div>'), 7)
    assert article.galleries[0].title == 'Deiche &amp; "Schafe" &lt;script&gt;alert(1)&lt;/script&gt;'
    text = CLASSIC_TEXT.replace(' data-title="Deiche der Welt"', "")
    text = text.replace("<h4>Deiche der Welt", "<h4>&lt;img src=x onerror=alert(1)&gt;")
    article = pages.parse(classic_page(f'<div class="longText">{text}</div>'), 7)
    assert article.galleries[0].title == "&lt;img src=x onerror=alert(1)&gt;"


def test_gallery_beside_the_text_is_not_part_of_the_article() -> None:
    assert read_content(imageGalleries=[GALLERY]).galleries == ()


def test_kinds_come_from_the_entity() -> None:
    url = "https://hlsvod.dw.com/i/a/b_,one,two,.mp4.csmil/master.m3u8"
    video = read_content(__typename="Video", namedUrl="/de/x/video-61000000", text=None, hlsVideoSrc=url)
    assert (video.kind, video.video) == ("video", Video(DwAddress("https://tvdownloaddw-a.akamaihd.net/a/b_two.mp4")))
    assert video.preview == MAIN_PICTURE
    audio = read_content(__typename="Audio", text=None, mp3Src="https://radiodownloaddw-a.akamaihd.net/a.mp3")
    assert (audio.kind, audio.video) == ("audio", Video(DwAddress("https://radiodownloaddw-a.akamaihd.net/a.mp3")))
    gallery = read_content(**{"text": None} | GALLERY)
    assert (gallery.kind, gallery.slides) == ("gallery", SLIDES)


def test_posts_of_a_liveblog_follow_its_text() -> None:
    posts = [{"title": "Später", "text": "<p>zwei</p>"}, None, {"name": "Früher", "text": "<p>eins</p>"}]
    article = read_content(__typename="Liveblog", text="<p>Worum es geht</p>", posts=posts)
    assert article.kind == "liveblog"
    assert texts(article) == ["Worum es geht", "<strong>Später</strong>", "zwei", "<strong>Früher</strong>", "eins"]


def test_keys_never_met_before_are_named_without_arguments() -> None:
    article = read_content(**{"quiz": 1, 'regions({"amount":1})': [], 'newThing({"a":1})': [], 'newThing({"a":2})': []})
    assert article.unknown_keys == ("newThing", "quiz")


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        (b"<html>", "JSONDecodeError"),
        (b"[]", "no data.content"),
        (b'{"data":{"content":null},"errors":[{"message":"gone"}]}', "gone"),
        (b'{"data":{"content":{"__typename":"Navigation"}}}', "Navigation"),
        (b'{"data":{"content":{"text":"<p>a</p>"}}}', "title"),
        (b'{"data":{"content":{"title":"a","text":"<p> </p>"}}}', "body"),
        (b'{"a":' * 100_000, "nested too deep"),
    ],
)
def test_graph_reply_without_an_article_says_what_is_missing(reply: bytes, missing: str) -> None:
    with pytest.raises(UnreadableReply, match=missing):
        pages.parse_graph(reply, 1)


# --- __APOLLO_STATE__ -------------------------------------------------------------------------------------------------


def apollo_state(key: str = "Article:61000000") -> dict[str, Any]:
    image_key, person_key = "Image:61000002", "Person:1"
    return {
        "ROOT_QUERY": {"__typename": "Query", 'content({"id":61000000,"lang":"GERMAN"})': {"__ref": key}},
        "Article:5": {"__typename": "Article", "id": 5, "title": "Anderes"},
        image_key: image_entity(61000002),
        'ContentLink:{"targetId":61000002}': {"description": "Ein Schaf am Deich", "target": {"__ref": image_key}},
        person_key: {"fullName": "Ada Deichgraf"},
        key: content(
            mainContentImageLink={"__ref": 'ContentLink:{"targetId":61000002}'},
            persons=[{"__ref": person_key}, {"__ref": "Person:gone"}],
        ),
    }


@pytest.mark.parametrize("key", ["Article:61000000", 'Article:{"id":61000000}', 'Article:{"id":"61000000"}'])
@pytest.mark.parametrize("with_query", [True, False])
def test_apollo_entities_are_joined_with_any_keys(key: str, with_query: bool) -> None:
    state = apollo_state(key)
    if not with_query:
        del state["ROOT_QUERY"]
    article = pages.parse(page(script("__APOLLO_STATE__", state)), 61000000)
    assert (article.origin, article.author, article.main_picture) == ("page:apollo", "Ada Deichgraf", MAIN_PICTURE)
    assert article.blocks == BLOCKS


def test_entity_with_a_text_is_found_without_query_and_id() -> None:
    state = {"x": content(id=None), "y": {"__typename": "Article", "title": "kein Text"}}
    assert pages.parse(page(script("__APOLLO_STATE__", state)), 61000000).title == "Der Deich hält"


def test_references_in_a_circle_end() -> None:
    state = {"Article:1": content(id=1, mainContentImageLink={"__ref": "Article:1"}, persons=[{"__ref": "Article:1"}])}
    assert pages.parse(page(script("__APOLLO_STATE__", state)), 1).blocks == BLOCKS


@pytest.mark.parametrize("broken", ['{"a":', "{}", "null", "{]", "undefined", '{"a":' * 100_000])
def test_broken_app_state_leaves_the_apollo_state(broken: str) -> None:
    body = page(f"<script>window.__APP_STATE__ = {broken};</script>" + script("__APOLLO_STATE__", apollo_state()))
    assert pages.parse(body, 61000000).origin == "page:apollo"


def test_assignment_after_a_mention_is_read() -> None:
    mention = "<script>if (window.__APP_STATE__) { go(); } window.__APP_STATE__ = {};</script>"
    assert pages.parse(page(mention + app_page(content()).decode()), 61000000).origin == "page:app-state"


# --- JSON-LD ----------------------------------------------------------------------------------------------------------


def json_ld(**changes: Any) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": "https://www.dw.com/de/der-deich-hält/a-61000000"},
        "author": [{"@type": "Person", "name": "Ada Deichgraf"}],
        "headline": "Der Deich hält ",
        "image": ["https://static.dw.com/image/61000002_804.jpg", "https://static.dw.com/image/61000002_604.jpg"],
        "datePublished": "2023-06-13T12:15:32.158Z",
    } | changes


def ld_script(described: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(described)}</script>'


LD_FORMS: dict[str, Callable[[dict[str, Any]], object]] = {
    "alone": lambda found: found,
    "in a list": lambda found: [{"@type": "WebSite", "name": "DW"}, found],
    "in a graph": lambda found: {"@context": "https://schema.org", "@graph": [{"@type": "BreadcrumbList"}, found]},
    "of two types": lambda found: found | {"@type": ["Thing", "NewsArticle"]},
    "of a page": lambda found: {"@type": "WebPage", "mainEntity": found},
}


def test_json_ld_of_a_liveblog_without_an_address_is_a_liveblog() -> None:
    update = {"headline": "Das Wasser fällt", "articleBody": "Langsam.", "datePublished": "2026-06-14T19:00:00Z"}
    found = {"@type": "LiveBlogPosting", "headline": "Der Deich", "liveBlogUpdate": [update]}
    article = pages.parse(page("", ld_script(found)), 7)
    assert (article.kind, article.origin) == ("liveblog", "page:json-ld")


@pytest.mark.parametrize("form", LD_FORMS)
def test_json_ld_alone_gives_the_head(form: str) -> None:
    head = '<meta name="description" content="Noch hält er."><script type="application/ld+json">{broken</script>'
    article = pages.parse(page("", head + ld_script(LD_FORMS[form](json_ld()))), 7)
    assert (article.origin, article.id, article.title) == ("page:json-ld", 61000000, "Der Deich hält")
    assert (article.author, article.display_date, article.language) == ("Ada Deichgraf", "2023-06-13T12:15:32.158Z", "de")
    assert shown(article.main_picture) == ("static.dw.com/image/61000002_303.jpg", "")
    assert (article.teaser, article.blocks) == ("Noch hält er.", (Paragraph(Markup("Noch hält er.")),))
    assert article.origin in pages.WEAK_ORIGINS


VIDEO_OBJECT = {
    "@type": "VideoObject", "name": "Der Deich im Film", "description": "Noch hält er.", "uploadDate": "2026-06-14T19:00:01Z",
    "contentUrl": "https://tvdownloaddw-a.akamaihd.net/x/deich_avc.mp4",
    "thumbnailUrl": ["https://static.dw.com/image/61000009_604.jpg"], "url": "https://www.dw.com/de/x/video-61000008",
}  # fmt: skip


def test_page_that_is_only_a_video_object_is_a_video() -> None:
    """[client code: contentUrl, uploadDate, thumbnailUrl]"""
    article = pages.parse(page("", ld_script(VIDEO_OBJECT)), 7)
    assert (article.id, article.kind, article.title) == (61000008, "video", "Der Deich im Film")
    assert (article.teaser, article.display_date) == ("Noch hält er.", "2026-06-14T19:00:01Z")
    assert article.video == Video(DwAddress("https://tvdownloaddw-a.akamaihd.net/x/deich_avc.mp4"))
    assert shown(article.preview) == ("static.dw.com/image/61000009_303.jpg", "")
    assert article.main_picture is None


@pytest.mark.parametrize("key", VIDEO_OBJECT)
def test_any_key_of_a_video_object_but_its_type_and_name_may_be_absent(key: str) -> None:
    body = page("", ld_script({name: value for name, value in VIDEO_OBJECT.items() if name != key}))
    if key in ("@type", "name"):
        with pytest.raises(UnreadableReply):
            pages.parse(body, 7)
    else:
        assert pages.parse(body, 7).kind == "video"


def test_file_of_a_video_object_elsewhere_is_refused() -> None:
    article = pages.parse(page("", ld_script(VIDEO_OBJECT | {"contentUrl": "https://evil.example/x.mp4"})), 7)
    assert (article.video, article.refused) == (None, ("https://evil.example/x.mp4",))


def test_article_wins_over_the_video_beside_it() -> None:
    article = pages.parse(page("", ld_script(VIDEO_OBJECT) + ld_script(json_ld(articleBody="eins"))), 7)
    assert (article.kind, article.title, article.video) == ("article", "Der Deich hält", None)


def test_only_articles_from_json_ld_alone_are_weak() -> None:
    assert set(pages.WEAK_ORIGINS) == {"page:json-ld"}


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Ada", "Ada"),
        ({"name": "Ada"}, "Ada"),
        (["Ada", {"name": "Bert"}, {"name": None}, 3], "Ada, Bert"),
        ({"@type": "Organization", "name": "Deutsche Welle"}, ""),
        (None, ""),
    ],
)
def test_author_of_json_ld_has_many_forms(author: object, expected: str) -> None:
    assert pages.parse(page("", ld_script(json_ld(author=author))), 7).author == expected


@pytest.mark.parametrize(
    "image",
    [
        "https://static.dw.com/image/61000002_804.jpg",
        {"@type": "ImageObject", "url": "https://static.dw.com/image/61000002_6.jpg"},
        [{"contentUrl": "https://evil.example/x.jpg"}, {"url": "https://static.dw.com/image/61000002_6.jpg"}],
    ],
)
def test_image_of_json_ld_has_many_forms(image: object) -> None:
    picture = pages.parse(page("", ld_script(json_ld(image=image))), 7).main_picture
    assert picture
    assert picture.name.id == 61000002


def test_article_body_of_json_ld_becomes_paragraphs() -> None:
    article = pages.parse(page("", ld_script(json_ld(articleBody="eins\n\nzwei <b>"))), 7)
    assert texts(article) == ["eins", "zwei &lt;b&gt;"]


def test_json_ld_fills_gaps_of_the_state() -> None:
    bare = content(persons=[], contentDate=None, firstPublicationDate=None, mainContentImageLink=None)
    article = pages.parse(app_page(bare, extra=ld_script(json_ld())), 61000000)
    assert (article.origin, article.author) == ("page:app-state", "Ada Deichgraf")
    assert article.display_date == "2023-06-13T12:15:32.158Z"
    assert shown(article.main_picture) == ("static.dw.com/image/61000002_303.jpg", "")


# --- the React layout's own markup ------------------------------------------------------------------------------------


def react_page(text: str = TEXT) -> bytes:
    return page(
        f"""<div id="root"><article class="sc-a"><header><div class="kicker"><span>Umwelt</span></div><h1>Der Deich hält </h1>
<div class="sc-b author-details"><span><span class="sc-c author">Ada Deichgraf</span></span><span><span>|</span>
<span class="author">Bert Lehm</span></span></div><p class="sc-d teaser-text">Noch hält er.</p></header>
<figure><picture><source srcset="https://static.dw.com/image/61000002_800.jpg 50w"/><img src=""
srcset="https://static.dw.com/image/61000002_600.jpg 78w, https://static.dw.com/image/61000002_601.jpg 201w"/></picture>
<figcaption>Ein Schaf am Deich<small class="copyright">Bild:<!-- --> Amt</small></figcaption></figure>
<div class="sc-e rich-text has-italic">{text}</div><footer><p>Ihr Feedback</p></footer></article>
<section><h2>Mehr zum Thema</h2><p>Anderes</p></section></div>""",
        '<link rel="canonical" href="https://www.dw.com/de/der-deich-hält/a-61000000">' + ld_script(json_ld()),
    )


def test_react_markup_gives_the_same_as_the_state() -> None:
    article, expected = pages.parse(react_page(), 7), read_content()
    assert (article.origin, article.display_date) == ("page:react", "2023-06-13T12:15:32.158Z")
    article.origin, article.display_date = expected.origin, expected.display_date
    assert article == expected


def page_of_2026(date: str = "2026-06-14T19:00:01.536Z", head: str = "") -> bytes:
    """Return a page like those recorded in 2026-06, without scripts and without a day in the title. The words are invented."""
    return page(
        f"""<main><article><header><span class="kicker">Umwelt</span><h1>Der Deich hält</h1>
<p class="sc-d teaser-text">Noch hält er.</p><div class="sc-b author-details"><span class="author">
<a class="author-link" href="/de/ada/person-1">Ada Deichgraf</a> <span class="extra-info">in Husum</span></span>
<a class="author-link" href="/de/bert/person-2">Bert Lehm <span class="extra-info">Kiel</span></a></div></header>
<figure><img src="https://static.dw.com/image/61000002_604.jpg"><figcaption>Ein Schaf am Deich</figcaption></figure>
<div class="sc-e rich-text">{TEXT}</div></article><article><h3>Anderes</h3></article></main>""",
        f'<meta name="date" content="{date}"><link rel="canonical" href="https://www.dw.com/de/der-deich/a-61000000">{head}',
    )


def test_page_of_2026_gives_the_same_as_its_state() -> None:
    article, expected = pages.parse(page_of_2026(), 7), read_content()
    assert (article.origin, article.display_date) == ("page:react", "2026-06-14T19:00:01.536Z")
    article.origin, article.display_date = expected.origin, expected.display_date
    assert article == expected


def test_time_of_the_page_is_used_only_if_nothing_else_names_one() -> None:
    described = ld_script(json_ld())
    assert pages.parse(page_of_2026(head=described), 7).display_date == "2023-06-13T12:15:32.158Z"
    with_state = app_page(content(), extra='<meta name="date" content="2026-06-14T19:00:01.536Z">')
    assert pages.parse(with_state, 61000000).display_date == read_content().display_date
    for odd in ("", "soon", "2026-99-14T19:00:01.536Z"):
        assert pages.parse(page_of_2026(odd), 7).display_date == ""


def test_case_of_the_name_of_a_time_makes_no_difference() -> None:
    body = page_of_2026().replace(b'name="date"', b'NAME="Date"')
    assert pages.parse(body, 7).display_date == "2026-06-14T19:00:01.536Z"


def test_exact_time_of_the_page_wins_over_the_day_in_its_title() -> None:
    body = page_of_2026(head="<title>Der Deich hält – DW – 14.06.2026</title>")
    assert pages.parse(body, 7).display_date == "2026-06-14T19:00:01.536Z"


def test_react_author_with_a_page_and_teaser_without_a_class_are_read() -> None:
    """[assumed: public clients read `.author-link > span` and `header > p`]"""
    names = '<a class="sc-c author-link" href="/de/ada/person-1"><span>Ada Deichgraf</span></a>'
    body = re.sub(rb'<div class="sc-b author-details">.*?</div>', f"<div>{names}</div>".encode(), react_page(), flags=re.DOTALL)
    body = body.replace(b'"sc-d teaser-text"', b'"sc-d"').replace(b'Ada Deichgraf"}', b'Nobody"}')
    article = pages.parse(body, 7)
    assert (article.origin, article.author, article.teaser) == ("page:react", "Ada Deichgraf", "Noch h\u00e4lt er.")


def test_react_teaser_is_the_one_with_the_class_if_there_is_one() -> None:
    assert pages.parse(react_page().replace(b"<h1>", b"<p>Heute</p><h1>"), 7).teaser == "Noch hält er."


# --- the classic layout -----------------------------------------------------------------------------------------------

CLASSIC_TEXT = """<p> Der <a href="/de/alter-deich/a-59080161-1">alte Deich</a> hält.</p> <p> <strong>Frage</strong></p>
<div class="picBox medium
rechts
"> <a class="overlayLink" href="#" link="/overlay/image/article/1/61000001" rel="nofollow">
<img itemprop="image" src="/image/61000001_404.jpg" title="T" alt="A"></a> <p>Ein Deich</p> </div>
<h2>Was jetzt?</h2>
<div class="longText"> <!-- PictureGallery --> <div class="gallery col3"> <div class="imgTeaserL slideshow noDim"
data-id="61000003" data-title="Deiche der Welt"> <ul class="slides"> <li class="first"> <div class="teaserImg">
<img src="/image/61000004_303.jpg"></div> <div class="teaserContentWrap"> <div class="tools"></div> <h4>Deiche der Welt</h4>
<h2>Erster</h2> <p>Der erste Deich</p> </div> </li> <li class="hideBeforeLoad"> <div class="teaserImg">
<img src="/image/61000005_303.jpg"></div> <div class="teaserContentWrap"><h4>Deiche der Welt</h4> <h2>Zweiter</h2>
<p>Der zweite</p> <p class="author"> Autor: X </p> </div> </li> </ul> </div> </div> </div>
<div class="col3 right"> <div class="group"> <div class="standaloneWrap"> <div class="imgTeaserL video" data-media-id="9">
<div class="mediaItem"> <input type="hidden" name="file_name" value="https://static.dw.com/v_sd_avc.mp4">
<input type="hidden" name="preview_image" value="/image/61000006_302.jpg"> <div class="teaserContentWrap"> <h4>Share</h4>
<p>Teilen</p> </div> </div> </div> </div> </div> </div>
<div class="linkList intern"><a href="/de/anderes/a-5"><h2>Anderes</h2></a></div>
<p>Ende (<a href="http://www.dw.de/altes/a-15959441">2012</a>,
<a href="http://www.dw-world.de/dw/article/0,,14951861,00.html">2011</a>, <a href="javascript:run()">nie</a>).</p>"""


def classic_page(
    text: str = f'<div class="longText">{CLASSIC_TEXT}</div>',
    facts: str = "<li><strong>Datum</strong>\n06.02.2012\n</li><li><strong>Autorin/Autor</strong>\nAda Deichgraf\n</li>",
    picture: str = '<img itemprop="image" src="/image/0,,61000002_403,00.jpg" />',
    address: str = "http://www.dw.de/der-deich-h%C3%A4lt/a-61000000",
    language: str = "de",
) -> bytes:
    return page(
        f"""<div id="navPath"><a href="/de/themen/s-9077">THEMEN</a></div><div id="bodyContent"><div class="col3">
<h4 class="artikel">Umwelt</h4><h1>Der Deich
hält</h1><p class="intro">Noch hält er.</p>
<div id="sharing-bar"><p>Teilen</p></div>
<div class="picBox full"><a class="overlayLink" href="#">{picture}</a><p>Ein Schaf am Deich</p></div>
<div class="group">{text}</div>
<h4>Die Redaktion empfiehlt</h4>
<div class="group"><div class="linkList intern"><a href="/de/x/a-6"><h2>X</h2><p>Y</p></a></div></div>
<div class="group"><ul class="smallList">{facts}
<li><strong>Themenseiten</strong> <a href="/de/deich/t-1">Deich</a></li>
<li><strong>Permalink</strong> https://p.dw.com/p/4OdJW</li></ul></div></div>
<div class="col1 dim"><div class="group"><ul class="smallList">{facts}</ul></div></div></div>""",
        f'<link rel="canonical" href="{address}">',
        language,
    )


def test_classic_page_gives_every_field() -> None:
    article = pages.parse(classic_page(), 7)
    assert (article.origin, article.id, article.kind, article.language) == ("page:classic", 61000000, "article", "de")
    assert (article.title, article.teaser) == ("Der Deich hält", "Noch hält er.")
    assert (article.author, article.display_date) == ("Ada Deichgraf", "2012-02-06T00:00:00.000Z")
    assert shown(article.main_picture) == ("static.dw.com/image/61000002_403.jpg", "Ein Schaf am Deich")
    assert shape(article) == "psisvp"
    assert texts(article) == [
        'Der <a href="https://api.dw.com/api/detail/article/59080161" rel="ArticleRef">alte Deich</a> hält.',
        "<strong>Frage</strong>",
        "<strong>Was jetzt?</strong>",
        'Ende (<a href="https://api.dw.com/api/detail/article/15959441" rel="ArticleRef">2012</a>, '
        '<a href="https://api.dw.com/api/detail/article/14951861" rel="ArticleRef">2011</a>, nie).',
    ]
    pictures = [shown(block) for block in article.blocks if isinstance(block, Picture)]
    assert pictures == [("static.dw.com/image/61000001_404.jpg", "Ein Deich")]
    assert [block for block in article.blocks if isinstance(block, Video)] == [Video(DwAddress("https://static.dw.com/v_sd_avc.mp4"))]
    assert [(gallery.title, len(gallery.slides)) for gallery in article.galleries] == [("Deiche der Welt", 2)]
    assert [(slide.title, slide.text) for slide in article.galleries[0].slides] == [
        ("Erster", "Der erste Deich"),
        ("Zweiter", "Der zweite"),
    ]
    assert (article.skipped, article.refused) == (("teaser",), ())


@pytest.mark.parametrize(
    ("facts", "day", "author"),
    [
        ("<li><strong>Date</strong> 06.02.2012 </li><li><strong>Author</strong> Ada </li>", "2012-02-06", "Ada"),
        ("<li><strong>Date</strong> 6.2.2012</li>", "2012-02-06", ""),
        ("<li><strong>Дата</strong>: 06.02.2012</li><li><strong>Автор</strong>: Ада</li>", "2012-02-06", "Ада"),
        ("<li><strong>日期</strong> 06.02.2012</li><li><strong>XX</strong> 李澄</li>", "2012-02-06", "李澄"),
        (
            '<li><strong>Date</strong> 06.02.2012</li><li><strong>Author</strong> <a href="/en/p/person-1">Ada</a>, Bert</li>',
            "2012-02-06",
            "Ada, Bert",
        ),
        ('<li><strong>Date</strong> 06.02.2012</li><li><strong>Topics</strong> <a href="/t-1">x</a></li>', "2012-02-06", ""),
    ],
)
def test_facts_below_a_classic_text_are_read_in_any_language(facts: str, day: str, author: str) -> None:
    article = pages.parse(classic_page(facts=facts), 7)
    assert (article.display_date, article.author) == (f"{day}T00:00:00.000Z", author)


@pytest.mark.parametrize(
    ("lines", "author"),
    [
        ("<p>Autor: Ada Deichgraf</p><p>Redaktion: Bert Lehm</p>", "Ada Deichgraf"),
        ("<p>Autorin: Ada Deichgraf (mit dpa)<br/>Redaktion: Bert Lehm</p>", "Ada Deichgraf (mit dpa)"),
        ("<p><i>Author: Ada Dike / Editor: Bert Clay</i></p>", "Ada Dike"),
        ("<p>Auteur : Ada Digue </p> <p>Edition : B. Argile</p>", "Ada Digue"),
        ("Schluss.<br><br>Autor: Ada<br>Redaktion: Bert", "Ada"),
        ("<p>Autoren: Ada, Bert</p>", "Ada, Bert"),
        ("<p>Autoritäten: keine</p>", ""),
        ("<p>Autor: so heißt, wer am Deich steht und alles, was er sieht, in ein Heft schreibt, bis es voll ist.</p>", ""),
        ("<p>Autor: Ada</p><p>a</p><p>b</p><p>c</p><p>d</p>", ""),
    ],
)
def test_author_may_stand_below_the_text_alone(lines: str, author: str) -> None:
    text = f'<div class="longText"><p>Der Deich.</p>{lines}</div>'
    assert pages.parse(classic_page(text, "<li><strong>Datum</strong> 06.02.2012</li>"), 7).author == author
    assert pages.parse(classic_page(text), 7).author == "Ada Deichgraf"  # as the facts say


def test_impossible_day_is_not_a_date() -> None:
    assert pages.parse(classic_page(facts="<li><strong>Date</strong> 31.02.2012</li>"), 7).display_date == ""


def test_hour_comes_from_json_ld_if_the_classic_layout_has_only_a_day() -> None:
    body = classic_page().replace(b"</head>", ld_script(json_ld(author=[])).encode() + b"</head>")
    assert pages.parse(body, 7).display_date == "2023-06-13T12:15:32.158Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>eins</p><p>zwei</p>", ["eins", "zwei"]),
        ('<div class="longText">eins <b>x</b><br/><br/>zwei<h3>Drei</h3>vier</div>', ["eins <b>x</b>", "zwei", "", "vier"]),
        ('<div class="longText"><p>eins</p></div><div class="longText"><p>zwei</p></div>', ["eins", "zwei"]),
        ('<div class="longText"><div><section><p>eins</p></section></div></div>', ["eins"]),
        ('<div class="longText"><p>eins<img src="/image/61000001_4.jpg">zwei</p></div>', ["einszwei"]),
    ],
    ids=["no longText [assumed]", "loose text", "two longTexts", "nested", "picture in a paragraph"],
)
def test_older_classic_texts_are_read(text: str, expected: list[str]) -> None:
    found = texts(pages.parse(classic_page(text), 7))
    assert [part for part in found if not part.startswith("<strong>")] == [part for part in expected if part]


def test_page_without_longtext_and_date_is_not_an_article() -> None:
    with pytest.raises(UnreadableReply, match="no usable body"):
        pages.parse(classic_page("<p>Diese Seite gibt es nicht.</p>", facts=""), 7)


@pytest.mark.parametrize(
    ("address", "declared", "asked", "expected"),
    [
        ("https://www.dw.com/en/x/a-1", "de", "ru", "en"),
        ("http://www.dw.de/x/a-1", "en", "ru", "en"),
        ("http://www.dw.de/x/a-1", "pt-BR", "ru", "pt-br"),
        ("http://www.dw.de/x/a-1", "de_DE", "ru", "de"),
        ("http://www.dw.de/x/a-1", "xx", "ru", "ru"),
    ],
)
def test_language_is_that_of_the_address_else_the_markup_else_the_request(
    address: str, declared: str, asked: str, expected: str
) -> None:
    assert pages.parse(classic_page(address=address, language=declared), 1, asked).language == expected


def test_classic_video_page_is_a_video() -> None:
    player = '<input name="file_name" value="https://dw.com/v.mp4"><input name="preview_image" value="/image/9_302.jpg">'
    article = pages.parse(classic_page(player, address="https://www.dw.com/de/x/av-61000000"), 7)
    assert (article.kind, article.video) == ("video", Video(DwAddress("https://dw.com/v.mp4")))
    assert shown(article.preview) == ("static.dw.com/image/9_302.jpg", "")


def test_classic_gallery_page_is_a_gallery() -> None:
    article = pages.parse(classic_page(address="https://www.dw.com/de/x/g-61000000"), 7)
    assert (article.kind, [slide.title for slide in article.slides]) == ("gallery", ["Erster", "Zweiter"])
    assert article.author == "Ada Deichgraf"


def test_author_of_a_gallery_may_stand_below_its_last_slide() -> None:
    article = pages.parse(classic_page(facts="", address="https://www.dw.com/de/x/g-61000000"), 7)
    assert (article.kind, article.author) == ("gallery", "X")
    assert pages.parse(classic_page(facts=""), 7).author == ""  # an article's is not that of a gallery in it


def test_still_of_a_video_replaces_a_missing_picture() -> None:
    still = '<input type="hidden" name="preview_image" value="/image/61000006_302.jpg">'
    assert shown(pages.parse(classic_page(picture=still), 7).main_picture) == ("static.dw.com/image/61000006_302.jpg", "")


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/de/x/a-5", '<a href="https://api.dw.com/api/detail/article/5" rel="ArticleRef">w</a>'),
        ("https://www.dw.com/de/x/a-5?maca=de-rss", '<a href="https://api.dw.com/api/detail/article/5" rel="ArticleRef">w</a>'),
        ("/de/x/av-5", '<a href="https://api.dw.com/api/detail/video/5" rel="ArticleRef">w</a>'),
        ("/de/x/g-5", '<a href="https://api.dw.com/api/detail/gallery/5" rel="ArticleRef">w</a>'),
        ("https://p.dw.com/p/4boRv", '<a href="https://api.dw.com/api/detail/article/68117411" rel="ArticleRef">w</a>'),
        ("http://dw.de/p/4boRv", '<a href="https://api.dw.com/api/detail/article/68117411" rel="ArticleRef">w</a>'),
        ("http://www.dw.com/p/4boRv?x", '<a href="https://api.dw.com/api/detail/article/68117411" rel="ArticleRef">w</a>'),
        ("https://api.dw.com/api/detail/article/5", '<a href="https://api.dw.com/api/detail/article/5" rel="ArticleRef">w</a>'),
        ("/de/x/t-5", '<a href="https://www.dw.com/de/x/t-5">w</a>'),
        ("https://learngerman.dw.com/de", '<a href="https://learngerman.dw.com/de">w</a>'),
        ("https://notdw.com/a-5", '<a href="https://notdw.com/a-5" rel="ExternalRef">w</a>'),
        (' https://x.example/a b"c ', '<a href="https://x.example/a%20b&quot;c" rel="ExternalRef">w</a>'),
        ("mailto:a@x.example", '<a href="mailto:a@x.example" rel="ExternalRef">w</a>'),
        ("java\nscript:run()", "w"),
        ("#", "w"),
        ("", "w"),
        ("http://[", "w"),
    ],
)
def test_links_are_written_like_those_of_the_api(href: str, expected: str) -> None:
    assert addresses.link(href, "w") == expected


# --- hostile and broken pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe",
        b"<!-- nothing -->",
        b"<div>" * 100_000,
        b"window.__APP_STATE__={" + b'"a":{' * 100_000,
        b'<div id="bodyContent"><div class="col3"><h1>x</h1><div class="longText">' + b"<span>" * 100_000,
        b"<script>window.__APP_STATE__={}</script>" * 1000,
    ],
)
def test_page_without_an_article_says_what_is_missing(body: bytes) -> None:
    with pytest.raises(UnreadableReply, match=r"page of 7: .*__APP_STATE__.*__APOLLO_STATE__.*React.*(classic|usable)"):
        pages.parse(body, 7)


def test_page_with_too_many_tags_is_not_read() -> None:
    with pytest.raises(UnreadableReply):
        pages.parse(classic_page('<div class="longText"><p>a</p>' + "<p>b</p>" * 30_000), 7)


def test_tag_with_hundreds_of_attributes_is_left_out() -> None:
    flood = " ".join(f'a{number}=">"' for number in range(100_000))
    article = pages.parse(classic_page(f'<div class="longText"><p>a</p><i {flood}></i><p>b</p></div>'), 7)
    assert texts(article) == ["a", "b"]


POSTS = [{"text": "b", "contentLinks": [{"targetId": dw_id, "description": "c"}]} for dw_id in range(1, 20_000)]
HOSTILE = {
    "texts in texts": classic_page(150 * '<div class="longText"><p>a</p>' + 20_000 * "<div class=longText></div>"),
    "rich texts in rich texts": react_page("<p>a</p>" + 150 * "<div class=rich-text>" + 20_000 * "<div class=rich-text></div>"),
    "figures far down": react_page("<p>a</p>" + 150 * "<div>" + 20_000 * "<figure></figure>"),
    "lines around blocks": classic_page('<div class="longText">' + 150 * "<span>" + 20_000 * "<p>a</p>"),
    "lists in lists": classic_page(facts=150 * "<ul class=smallList>" + 5_000 * "<li><strong>A</strong> b</li>"),
    "groups in groups": classic_page("<p>a</p>" + 150 * "<div class=group>" + 10_000 * "<div class=group><p>a</p></div>"),
    "lines of JSON-LD": page("", ld_script(json_ld(articleBody=1_000_000 * "a\n"))),
    "posts": app_page(content(posts=POSTS)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_takes_no_more_than_seconds(name: str) -> None:
    before = time.process_time()
    with contextlib.suppress(UnreadableReply):
        pages.parse(HOSTILE[name], 7)
    assert time.process_time() - before < 5  # less than 1, unless every ancestor of every element is checked


def test_encoding_is_the_declared_one_else_utf8_with_replacement() -> None:
    latin = classic_page().decode().replace("utf-8", "iso-8859-1").encode("latin-1")
    assert pages.parse(latin, 7).title == "Der Deich hält"
    undeclared = classic_page().replace(b'<meta charset="utf-8">', b"").replace(b"hlt", b"")
    assert pages.parse(undeclared.replace("Noch hält".encode(), b"Noch h\xfflt"), 7).teaser == "Noch h\ufffdlt er."


def test_half_surrogates_do_not_reach_a_document() -> None:
    article = read_content(title="a\ud800b", text="<p>c\udfffd</p>")
    assert (article.title, texts(article)) == ("a\ufffdb", ["c\ufffdd"])


def test_markup_that_runs_or_loads_is_removed() -> None:
    article = read_content(
        text='<p onclick="run()">a<script>run()</script><img src=x onerror=run()> <span style="x" onclick="run()">b</span></p>',
        teaser="<b onclick=run()>t</b>",
        title="<script>",
    )
    assert texts(article) == ["a <span>b</span>"]
    assert article.teaser == "<b>t</b>"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just({"__ref": "Article:1"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(content())), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*sorted(content()), "posts", "imageGalleries", "__ref"]), JSON_VALUES))
def test_state_of_any_shape_is_read_or_unreadable(changes: dict[str, Any]) -> None:
    entity = content() | changes
    for variable, state in (
        ("__APP_STATE__", {"/graph-api/de/content/article/1": {"data": {"content": entity}}}),
        ("__APOLLO_STATE__", {"Article:1": entity, "ROOT_QUERY": changes}),
    ):
        try:
            article = pages.parse(page(script(variable, state) + ld_script([changes, json_ld() | changes])), 1)
        except UnreadableReply:
            continue
        assert seedfile.loads(seedfile.dumps(render.document_of(article, 0, "de")).encode())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*CLASSIC_TEXT.split(">"), *TEXT.split("<"), "<h1>x", '<div id="bodyContent">']) | st.text(max_size=5),
        max_size=25,
    ),
    st.sampled_from([">", "<", ""]),
)
def test_markup_of_any_shape_is_read_or_unreadable(parts: list[str], glue: str) -> None:
    soup = glue.join(parts)
    for body in (soup.encode("utf-8", "replace"), classic_page(f'<div class="longText">{soup}</div>'), react_page(soup)):
        try:
            article = pages.parse(body, 1)
        except UnreadableReply:
            continue
        assert seedfile.loads(seedfile.dumps(render.document_of(article, 0, "de")).encode())


# --- recorded pages ---------------------------------------------------------------------------------------------------


def test_recorded_apollo_page_gives_every_field() -> None:
    article = pages.parse(recorded(RECORDED_APOLLO), 1)
    state = json.loads(recorded("apollo_2023-06-13.state.json"))
    entity = state["Article:65897191"]
    assert (article.origin, article.id, article.kind, article.language) == ("page:apollo", 65897191, "article", "de")
    assert article.title == entity["title"].strip()
    assert article.teaser == entity["teaser"]
    assert article.author == ", ".join(state[person["__ref"]]["fullName"] for person in entity["persons"])
    assert article.display_date == entity["contentDate"]
    link = state[entity["mainContentImageLink"]["__ref"]]
    assert shown(article.main_picture) == ("static.dw.com/image/65897427_303.jpg", link["description"])
    assert shape(article) == "ppsppppvpppspppppppvppsppppvpppp"
    assert (article.galleries, article.skipped, article.refused, article.unknown_keys) == ((), (), (), ())


def test_recorded_apollo_text_is_whole() -> None:
    article = pages.parse(recorded(RECORDED_APOLLO), 1)
    text = json.loads(recorded("apollo_2023-06-13.state.json"))["Article:65897191"]["text"]
    joined = "".join(texts(article))
    assert len(texts(article)) == text.count("<p>") + text.count("<h2>")
    assert shape(article).count("s") == text.count("<h2>")
    assert shape(article).count("v") == text.count("<video ")
    assert joined.count("<a ") == text.count("<a ") - text.count("videojs.com")
    assert joined.count('rel="ExternalRef"') == text.count('class="external-link"')
    assert joined.count("<a ") - joined.count('rel="ExternalRef"') == text.count('class="internal-link"')


def test_recorded_react_markup_gives_the_same_as_its_state() -> None:
    body = recorded(RECORDED_APOLLO)
    from_state, from_markup = pages.parse(body, 1), pages.parse(body.replace(b"__APOLLO_STATE__", b"__GONE__"), 1)
    assert from_markup.origin == "page:react"
    from_markup.origin = from_state.origin
    from_markup.teaser, from_state.teaser = Markup(from_markup.teaser.strip()), Markup(from_state.teaser.strip())
    assert from_markup == from_state


def test_recorded_page_with_json_ld_alone_gives_its_head() -> None:
    whole, head = pages.parse(body := recorded(RECORDED_APOLLO), 1), pages.parse(body[: body.index(b"<body")], 1)
    assert head.origin == "page:json-ld"
    for name in ("id", "kind", "title", "language", "author", "display_date"):
        assert getattr(head, name) == getattr(whole, name), name
    assert head.teaser.strip() == whole.teaser.strip()
    assert head.main_picture
    assert whole.main_picture
    assert head.main_picture.address == whole.main_picture.address


def test_recorded_classic_page_gives_every_field() -> None:
    body = recorded(RECORDED_CLASSIC)
    article = pages.parse(body, 1)
    expected = json.loads(recorded("classic_2023-03-14.expected.json"))
    assert {name: getattr(article, name) for name in expected} == expected
    assert (article.origin, article.id, article.kind, article.language) == ("page:classic", 64976342, "article", "de")
    assert (article.display_date, article.author) == ("2023-03-14T00:00:00.000Z", "")
    assert (len(article.teaser), shape(article)) == (214, "ppisppispppispp")
    assert article.main_picture
    assert (article.main_picture.address, len(article.main_picture.caption)) == ("static.dw.com/image/64562407_303.jpg", 74)
    assert [block.name.id for block in article.blocks if isinstance(block, Picture)] == [64976407, 64976383, 64277952]
    assert all(block.caption for block in article.blocks if isinstance(block, Picture))
    assert "".join(texts(article)).count("<a ") == 6
    assert "".join(texts(article)).count("ArticleRef") == 1
    assert (article.galleries, article.skipped, article.refused) == ((), (), ())
