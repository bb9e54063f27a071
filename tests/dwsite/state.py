"""The state of the stand-in, which a test can change: faults, edits, hosts that are down; and the list of requests."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tests.dwsite.articles import CONTENTS, UNREADABLE_REPLY
from tests.dwsite.ids import UNREADABLE
from tests.dwsite.shapes import Content, Json, image, p, reply
from tests.dwsite.synthetic import Synthetic

HOSTS = ("api", "static", "www", "rss", "media")


@dataclass
class Fault:
    """A fault for requests whose path (with or without query) is `path`, or matches it as a whole as a pattern.

    times: the number of requests that fail; None: all until it is cleared. after: the number of requests that pass before. The
    first fault that fits and is not used up is used.
    The other fields: README.md here.
    """

    path: str
    host: str | None = None
    times: int | None = None
    after: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    content_type: str | None = None
    delay_s: float = 0
    truncate: int | None = None
    stall: int | None = None
    huge: int | None = None
    gzip: bool = False
    redirect: str | None = None
    redirect_loop: bool = False
    malformed_json: bool = False
    close: bool = False

    def fits(self, host: str, path: str) -> bool:
        """Whether this request fails."""
        if self.times == 0 or self.host not in (None, host):
            return False
        both = (path, path.partition("?")[0])
        if self.path in both:
            return True
        with contextlib.suppress(re.error):  # an exact path that is no pattern
            return any(re.fullmatch(self.path, each) for each in both)
        return False


@dataclass
class Options:
    """Options that a test may choose. Counts of synthetic articles can be changed while running."""

    articles: int = 0
    pictures_per_article: int = 3
    references: int = 0
    media: int = 0  # generated videos, audios and galleries
    picture_bytes: int = 3000
    media_bytes: int = 20_000  # of each video's and audio's file, exactly
    ranges: bool = True  # whether the media host knows ranges
    media_validators: bool = True  # whether it gives ETag and Last-Modified
    delays: bool = True  # the one-off delays of `delay_s` faults; False: none
    robots: str | None = None  # the text of robots.txt on all hosts; None: the usual
    layout: str = "app_state"  # of www pages: app_state, apollo, classic, json_ld, none (404)
    graph_api: bool = True
    gzip_sitemaps: bool = False
    sitemap_entries: int = 0  # generated entries that follow the true ones in each article-sitemap
    sitemap_loop: bool = False  # the index names itself, and a second index that names the first
    endless_search: bool = False
    endless_mediacenter: bool = False
    search_end_inclusive: bool = False
    empty_items: int = 1  # `{}` at the end of the first page of lists, counted nowhere
    feed_trick: str = ""  # bomb, broken, lying


@dataclass
class Down:
    """A host that does not answer. how: 503 or close; after: the number of requests that it answers first."""

    how: str
    after: int


class State:
    """Faults, options, edits and requests in one place; `reset` restores the start."""

    def __init__(self, options: Options) -> None:
        self._start = options
        self.options = replace(options)
        self.faults: list[Fault] = []
        self.edits: dict[int, Json] = {}
        self.edit_versions: dict[int, int] = {}
        self.picture_versions: dict[int, int] = {}
        self.media_versions: dict[int, int] = {}
        self.down: dict[str, Down] = {}
        self.validators: dict[str, bool] = {"etag": False, "last_modified": False}
        self.requests: list[Json] = []
        self.stamps: dict[str, tuple[str, int]] = {}  # by path: entity tag, last change in seconds since 1970
        self.version = 0

    def reset(self) -> None:
        """Reset everything to the start, with an empty list of requests."""
        self.__init__(self._start)  # type: ignore[misc]

    @property
    def synthetic(self) -> Synthetic:
        """The generated articles that exist at present."""
        return Synthetic(self.options.articles, self.options.pictures_per_article, self.options.references, self.options.media)

    def note(self, host: str, method: str, path: str, headers: dict[str, str]) -> Json:
        """Add an entry to the list of requests; its status is filled in when the reply is sent."""
        entry: Json = {
            "host": host,
            "method": method,
            "path": path,
            "status": None,
            "headers": headers,
            "time": time.time(),
            "end": None,
        }
        self.requests.append(entry)
        return entry

    def take_fault(self, host: str, path: str) -> Fault | None:
        """Return the fault for this request, None if there is none. The fault is counted down."""
        for fault in self.faults:
            if fault.fits(host, path):
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def take_down(self, host: str) -> str | None:
        """Return how the host fails this request ("503" or "close"), or None if it is up."""
        down = self.down.get(host)
        if down is None:
            return None
        if down.after > 0:
            down.after -= 1
            return None
        return down.how

    def content(self, dw_id: int) -> Content | None:
        """Return the content of an id after edits; None if it does not exist, or was deleted."""
        content = CONTENTS.get(dw_id)
        if content is None and dw_id in self.synthetic:
            content = self.synthetic.content(dw_id)
        edit = self.edits.get(dw_id)
        return edited(content, edit) if content and edit else content

    def deleted(self, dw_id: int) -> int | None:
        """The status that stands for a deleted content, or None."""
        status = self.edits.get(dw_id, {}).get("delete")
        return int(status) if status else None

    def edit(self, change: Json) -> None:
        """Take a change to a content or a picture; later ones add to the earlier ones."""
        self.version += 1
        dw_id = int(change["id"])
        self.edit_versions[dw_id] = self.version
        change = {key: value for key, value in change.items() if key != "id"}
        if change.pop("restore", False):
            self.edits.pop(dw_id, None)
            self.picture_versions.pop(dw_id, None)
            self.media_versions.pop(dw_id, None)
        if "picture_version" in change:
            self.picture_versions[dw_id] = int(change.pop("picture_version"))
        if "media_version" in change:
            self.media_versions[dw_id] = int(change.pop("media_version"))
        if change:
            before = self.edits.setdefault(dw_id, {})
            for several in ("add_paragraph", "add_post"):
                if several in change:
                    change[several] = [*before.get(several, []), change[several]]
            before.update(change)

    def set_options(self, changes: Json) -> None:
        """Take other options; an unknown name raises ValueError."""
        names = {each.name for each in fields(Options)}
        if unknown := set(changes) - names:
            raise ValueError(f"no such option: {', '.join(sorted(unknown))}")
        self.options = replace(self.options, **changes)
        self.version += 1


def detail_reply(state: State, content: Content) -> Json:
    """The reply for a content, with what an edit sets verbatim."""
    answer = reply(content)
    answer.update(state.edits.get(content.id, {}).get("keys", {}))
    return answer


def special_reply(dw_id: int) -> Json | None:
    """A reply that is made of no content."""
    return UNREADABLE_REPLY if dw_id == UNREADABLE else None


def edited(content: Content, edit: Json) -> Content:
    """The content after a change. See README.md here for what a change may hold."""
    body = list(content.body)
    changes: dict[str, Any] = {}
    if "title" in edit:
        changes["name"] = edit["title"]
    if "teaser" in edit:
        changes["teaser"] = edit["teaser"]
    if "displayDate" in edit:
        changes["display_date"] = edit["displayDate"]
    if "paragraphs" in edit:
        body = [part for part in body if part.get("type") != "Paragraph"] + [p(text) for text in edit["paragraphs"]]
    body += [p(text) for text in edit.get("add_paragraph", [])]
    if "picture" in edit:
        changes["main"] = image(int(edit["picture"]), edit.get("caption", "Another picture"))
    if edit.get("whitespace_only"):
        changes["name"] = f" {changes.get('name', content.name)}  "
        body = [_more_space(part) for part in body]
    if "add_post" in edit:
        changes["posts"] = (*reversed(edit["add_post"]), *content.posts)
    return replace(content, body=tuple(body), **changes)


def _more_space(part: Json) -> Json:
    return {**part, "text": f" {part['text'].replace('. ', '.  ')} "} if part.get("text") else part
