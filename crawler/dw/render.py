"""Render an Article as a seed document: the HTML of each kind and of each block.

Source: the tables of section 1 of our notes on DW's data.
"""

from __future__ import annotations

from crawler import urls
from crawler.dw.article import Article, Block, Gallery, Paragraph, Picture, Slide, Video, YouTube
from crawler.sanitise import NOTHING, Markup, attribute, fill, joined, without_tags, words
from crawler.seedfile import SeedDocument
from crawler.urls import DwAddress


def document_of(article: Article, stamp_ms: int, language: str) -> SeedDocument:
    """Return the seed document of an article.

    stamp_ms: when its reply came, milliseconds since 1970-01-01 UTC. language: the language path of the document's address if
    the article names none. The title is plain text, but somebody may open the whole file as HTML: so no tag begins in the
    title.
    """
    title = without_tags(article.title)
    url = urls.document_url(article.language or language, title, article.id)
    return SeedDocument(stamp_ms, title, url, _body(article))


def _body(article: Article) -> Markup:
    if article.kind in ("video", "audio"):
        # The stray </small> stands in every recorded video document.
        return fill("<p>{}</small></p>{}", article.teaser, _media(article.video, article.kind) if article.video else NOTHING)
    if article.kind == "gallery" and article.slides:
        return joined("", (_slide(slide, fill("<br>")) for slide in article.slides))
    parts = [fill("<div><i>{}<br>{}</i></div>", article.author, words(article.display_date))]
    if article.main_picture:
        parts.append(_picture(article.main_picture))
    parts.extend(_block(block) for block in article.blocks)
    parts.extend(_gallery(gallery) for gallery in article.galleries)
    return joined("", parts)


def _block(block: Block) -> Markup:
    match block:
        case Paragraph():
            return fill("<p>{}</p>", block.html)
        case Picture():
            return _picture(block)
        case Video():
            return _media(block, "video")
        case YouTube():
            return fill(
                '<iframe width="100%" height="259" src="https://www.youtube.com/embed/{}?wmode=transparent" '
                'frameborder="0" allowfullscreen=""> </iframe>',
                attribute(block.key),
            )
        case Gallery():
            return _gallery(block)


def _picture(picture: Picture) -> Markup:
    return fill('{}<div><small style="color: #999;">{}</small></div>', _image(picture.address), picture.caption)


def _image(address: DwAddress) -> Markup:
    return fill('<img src="https://images.weserv.nl/?url={}" width="100%">', attribute(address))


def _slide(slide: Slide, after_image: Markup = NOTHING) -> Markup:
    image = joined("", (_image(slide.address), after_image)) if slide.address else NOTHING
    return fill("<div>{}<b>{}</b>：{}</div>", image, slide.title, slide.text)


def _gallery(gallery: Gallery) -> Markup:
    return fill("<h3>相关图集：{}</h3>{}", gallery.title, joined("", map(_slide, gallery.slides)))


def _media(video: Video, tag: str) -> Markup:
    return fill('<{0} src="{1}" controls style="width:100%"></{0}>', attribute(tag), attribute(video.source))
