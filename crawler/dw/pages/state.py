"""Parse the state inside pages of www.dw.com, and replies of its graph API: the same entities, joined in two ways.

Until 2023 `window.__APOLLO_STATE__` held entities by key (`Article:1`) that refer to each other by `__ref`; from 2024
`window.__APP_STATE__` holds replies of `/graph-api/...` by address, each whole. Source: section 6 of our notes on DW's
data, the page recorded in 2023-06, and what public clients read; keys that only clients show are optional here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler import normalise, sanitise, times, urls
from crawler.dw import decoding, liveblog
from crawler.dw.article import CAPTION_KEPT, Article, Block, Gallery, Picture, Slide, Video
from crawler.dw.pages import addresses
from crawler.dw.pages.body import Body, escape
from crawler.dw.renditions import Shown
from crawler.dw.values import Json, author, json_object, number, objects, text
from crawler.exceptions import UnreadableReply
from crawler.sanitise import Markup
from crawler.urls import DW, Sites

_KINDS = {"article": "article", "liveblog": "liveblog", "video": "video", "audio": "audio", "imagegallery": "gallery",
          "gallery": "gallery"}  # fmt: skip
_KNOWN_KEYS = frozenset(
    "__typename id namedUrl classicUrl subdomain subdomainUrl isRtl isEuropeanLang isAsianOrAfricanLang isChineseLang isLive "
    "language canonicalUrl ampUrl title name podcast twitterAccount sharingDescription localizedContentDate teaser shortTeaser "
    "mainContentImageLink persons firstPersonArray firstPublicationDate lastPublicationDate lastModifiedDate contentDate "
    "topStoriesNavigation topStoriesNavigations hasMinTextLength isLiveVideo priority localizedContentDateSr modelType "
    "localizedFirstPublicationDate localizedFirstPublicationDateSr contentDateMode contentAssociations legacyAuthor kicker "
    "thematicFocusCategory regions isOpinion genre opinionSeries text contentLinks videos audios imageGalleries posts "
    "contactType navigations feedbackTypes permaLinkUrl socialMediaConfig livestreams externalLinks relatedAutoTopics "
    "unifiedPrograms dossierContents footer showLiveWelcomeLayer betaInfo welcomeInfo imageSharingMetadata trackingId "
    "trackingLanguageCode trackingContentType trackingCategories trackingDate trackingPageSID profileTopicContent subjects "
    "categories departments extendedGalleryImages posterImageUrl hlsVideoSrc mp3Src duration formattedDuration "
    "formattedDurationInMinutes subtitles roadTeaserKicker widgets mainContentImage longTeaser openGraphMetadata "
    "durationIso8601 validUntilDate trackingRegionsCommaJoined trackingTopicsCommaJoined mp4Src".split()
)
_REPLY_ADDRESS = re.compile(r"/graph-api/(?P<language>[\w-]+)/content/(?P<kind>[\w-]+)/(?P<id>[0-9]{1,15})(?![0-9])")
_ENTITY_KEY = re.compile(r'\w+:(?:\{"id":"?)?([0-9]{1,15})"?\}?')
_TRIES = 5


def inline_state(html: str, variable: str) -> Json:
    """Return the object a page assigns to a global variable.

    Raises UnreadableReply if there is none, or it is not a JSON object.
    """
    problem, position = "absent", 0
    for _ in range(_TRIES):
        position = html.find(variable, position)
        if position == -1:
            break
        position += len(variable)
        start = html.find("{", position)
        if start == -1 or html[position:start].strip(" \t\r\n=\"']") or "=" not in html[position:start]:
            continue
        try:
            state, _end = decoding.json_at(html, start)
        except ValueError as error:
            problem = f"not JSON: {type(error).__name__} {str(error)[:80]}"
            continue
        if state:
            return json_object(state)
        problem = "empty"
    raise UnreadableReply(f"{variable}: {problem}")


def from_app_state(state: Json, wanted: int, sites: Sites = DW) -> Article:
    """Return the article of a page of 2024 or later. Raises UnreadableReply if no reply in the state is one."""
    found: list[tuple[bool, Json, str, str | None]] = []
    for address, reply in state.items():
        content = json_object(json_object(json_object(reply).get("data")).get("content"))
        if content:
            named = _REPLY_ADDRESS.search(address)
            kind, language = (named["kind"], named["language"]) if named else ("", None)
            if not _kind(content, kind):
                continue
            same = wanted in (number(content.get("id")), named and int(named["id"]))
            found.append((same, content, kind, language))
    if not found:
        raise UnreadableReply("__APP_STATE__: no content of a kind we know")
    _, content, kind, language = max(found, key=lambda candidate: candidate[0])
    return _Entity(content, {}).article(wanted, sites, kind, language)


def from_apollo(state: Json, wanted: int, sites: Sites = DW) -> Article:
    """Return the article of a page of 2023. Raises UnreadableReply if no entity of the state is one."""
    found = [entity for entity in _apollo_contents(state, wanted) if _kind(entity, "")]
    if not found:
        raise UnreadableReply("__APOLLO_STATE__: no entity of a kind we know")
    return _Entity(found[0], state).article(wanted, sites)


def _apollo_contents(state: Json, wanted: int) -> Iterator[Json]:
    """Yield the entity that the page's query names, then the one with the wanted id, then all that have a text."""
    query = json_object(state.get("ROOT_QUERY"))
    for name, value in query.items():
        if name.split("(")[0] == "content":
            yield _resolve(value, state)
    with_text = []
    for key, value in state.items():
        entity = json_object(value)
        named = _ENTITY_KEY.fullmatch(key)
        if _kind(entity, "") and named and wanted in (int(named[1]), number(entity.get("id"))):
            yield entity
        elif text(entity.get("text")):
            with_text.append(entity)
    yield from with_text


def from_reply(reply: Json, wanted: int, kind: str, language: str | None, sites: Sites = DW) -> Article:
    """Return the article of a reply of the graph API. Raises UnreadableReply if it holds none."""
    content = json_object(json_object(reply.get("data")).get("content"))
    if not content:
        errors = [text(error.get("message"))[:80] for error in objects(reply.get("errors"))]
        raise UnreadableReply(f"{kind} {wanted}: no data.content in the graph API's reply {errors or ''}".rstrip())
    return _Entity(content, {}).article(wanted, sites, kind, language)


def _resolve(value: object, state: Json) -> Json:
    """Return the entity that a value is or refers to; an empty one if the reference leads nowhere."""
    entity = json_object(value)
    return json_object(state.get(text(entity.get("__ref")))) if "__ref" in entity else entity


def _kind(entity: Json, default: str) -> str | None:
    """Return the kind of document an entity is, by its type, its address, or the request; None for anything else."""
    for name in ("__typename", "modelType"):
        if own := re.sub(r"[^a-z]", "", text(entity.get(name)).lower()):
            return _KINDS.get(own)
    target = urls.parse_target(addresses.absolute(text(entity.get("namedUrl"))) or "")
    if target:
        return target.kind if target.kind in urls.DOCUMENT_KINDS else None
    return _KINDS.get(default.replace("-", ""))


class _Entity:
    """An entity with the state that resolves its references; names may carry arguments: `persons({"amount":1})`."""

    def __init__(self, entity: Json, state: Json) -> None:
        self.entity, self.state = entity, state

    def get(self, name: str) -> object:
        """Return a field's value: the one without arguments, else the first with arguments that is not empty."""
        if value := self.entity.get(name):
            return value
        return next((value for key, value in self.entity.items() if value and key.startswith(f"{name}(")), None)

    def text(self, *names: str) -> str:
        """Return the first of some fields that is a string and not blank; empty if there is none."""
        return next((value for name in names if (value := text(self.get(name))).strip()), "")

    def one(self, name: str) -> _Entity:
        return _Entity(_resolve(self.get(name), self.state), self.state)

    def all(self, name: str) -> list[_Entity]:
        """Return the objects of a list field, or of all its variants with arguments if there is none without."""
        keys = [name] if self.entity.get(name) else [key for key in self.entity if key.startswith(f"{name}(")]
        found = [_resolve(item, self.state) for key in keys for item in objects(self.entity[key])]
        return [_Entity(entity, self.state) for entity in found if entity]

    def article(self, wanted: int, sites: Sites, default_kind: str = "article", language: str | None = None) -> Article:
        kind = _kind(self.entity, default_kind)
        if kind is None:
            raise UnreadableReply(f"{wanted}: a {self.text('__typename', 'modelType') or 'thing'}, no document"[:200])
        target = urls.parse_target(addresses.absolute(self.text("canonicalUrl", "namedUrl", "classicUrl")) or "")
        body = Body(sites, self._captions(), self._galleries(sites), sites.picture_width)
        main = self._picture("mainContentImageLink", body) or self._picture("mainContentImage", body)
        body.main_picture = main.name.id if main else None
        article = Article(
            id=number(self.get("id")) or (target.id if target else None) or wanted,
            kind=kind,
            title=normalise.title(self.text("title", "name")),
            language=(target.language if target else None) or (language if language in urls.LANGUAGES else None),
            author=self._author(),
            display_date=times.canonical(self.text("contentDate")) or times.canonical(self.text("firstPublicationDate")),
            teaser=sanitise.safe_markup(self.text("teaser", "longTeaser", "shortTeaser")),
            unknown_keys=tuple(sorted({key.split("(")[0][:80] for key in self.entity} - _KNOWN_KEYS)),
        )
        if kind in ("video", "audio"):
            article.video = self._media(kind, body)
            article.preview = main or self._poster(body)
        elif kind == "gallery":
            article.slides = self._slides(body)
        else:
            article.main_picture = main
            article.blocks, article.galleries = self._read_text(body)
        article.skipped, article.refused = tuple(body.skipped), tuple(dict.fromkeys(body.refused))
        return article

    def _author(self) -> Markup:
        for field in ("persons", "firstPersonArray"):
            names = (
                person.text("fullName", "name") or f"{person.text('firstName')} {person.text('lastName')}"
                for person in self.all(field)
            )
            if found := author(*names):
                return found
        return author(self.text("legacyAuthor"))

    def _read_text(self, body: Body) -> tuple[tuple[Block, ...], tuple[Gallery, ...]]:
        body.read_html(self.text("text"))
        posts = self.all("posts")
        for n, above in liveblog.newest_first([post._head() for post in posts]):
            body.captions.update(posts[n]._captions())
            body.blocks += above
            body.read_html(posts[n].text("text"))
        in_text = {number(link.get("targetId")) for link in self.all("contentLinks") if link.get("isInText") is True}
        for dw_id, gallery in body.known_galleries.items():
            if dw_id in in_text and gallery not in body.galleries:
                body.galleries.append(gallery)
        return tuple(body.blocks), tuple(body.galleries)

    def _head(self) -> liveblog.PostHead:
        """Return the head of a liveblog's post."""
        time = times.canonical(self.text("contentDate")) or times.canonical(self.text("firstPublicationDate"))
        return liveblog.PostHead(time, sanitise.safe_markup(escape(self.text("title", "name")).strip()), self._author())

    def _captions(self) -> dict[int, str]:
        """Return the captions of the pictures in the text, by picture id."""
        links = ((number(link.get("targetId")), link.text("description")) for link in self.all("contentLinks"))
        return {dw_id: description for dw_id, description in links if dw_id and description}

    def _picture(self, name: str, body: Body) -> Picture | None:
        link = self.one(name)
        found = link._shown(body)
        caption = sanitise.safe_markup(link.text("description"))
        return Picture(found.name, found.address, caption, found.others) if found else None

    def _shown(self, body: Body) -> Shown | None:
        """Return the picture a content link, a slide or an image shows; an id alone is enough."""
        image = next((found for name in ("target", "assignedImage") if (found := self.one(name)).entity), self)
        if url := image.text("staticUrl"):
            return addresses.picture(url, body.refused, body.width)
        dw_id = number(self.get("targetId")) or number(image.get("id"))
        return addresses.picture_of_id(dw_id, body.sites.picture_width) if dw_id else None

    def _galleries(self, sites: Sites) -> dict[int, Gallery]:
        linked = [link.one("target") for link in self.all("contentLinks")]
        galleries = {}
        for entity in [*self.all("imageGalleries"), *linked]:
            dw_id = number(entity.get("id"))
            if dw_id and dw_id not in galleries and (slides := entity._slides(Body(sites, width=sites.picture_width))):
                galleries[dw_id] = Gallery(sanitise.safe_markup(normalise.title(entity.text("name", "title"))), slides)
        return galleries

    def _slides(self, body: Body) -> tuple[Slide, ...]:
        """Return the slides of a gallery. Of one without a picture the words are kept, and the picture counts as skipped."""
        slides = []
        for image in self.all("extendedGalleryImages"):
            name, address, others = image._shown(body) or (None, None, ())
            title, description = (sanitise.safe_markup(image.text(field)) for field in ("name", "description"))
            if address or normalise.text_of(description):
                slides.append(Slide(name, address, title, description, others))
                body.skipped += [] if address else [CAPTION_KEPT]
        return tuple(slides)

    def _media(self, kind: str, body: Body) -> Video | None:
        names = ("mp3Src", "mp4Src") if kind == "audio" else ("mp4Src", "hlsVideoSrc")
        shared = self.one("openGraphMetadata").text("url")  # of a video its mp4, of anything else its page
        source = addresses.media_file([*map(self.text, names), shared], body.sites, body.refused)
        return Video(source) if source else None

    def _poster(self, body: Body) -> Picture | None:
        url = self.text("posterImageUrl")
        found = addresses.picture(url, body.refused, body.width) if url else None
        return Picture(found.name, found.address, others=found.others) if found else None
