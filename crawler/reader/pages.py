"""Make the pages of a site from its memory and the documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crawler import normalise, times
from crawler.library import changes
from crawler.library.search.search import Hit
from crawler.library.search.snippet import whole
from crawler.reader import names
from crawler.reader.body import Surroundings, body, page_path
from crawler.reader.facts import UNTITLED, title_of
from crawler.reader.memory import CURRENT, Document, Memory, Shown
from crawler.reader.names import Language
from crawler.reader.plan import read_document
from crawler.reader.results import Results
from crawler.seedfile import SeedDocument
from crawler.storage import layout
from crawler.storage.index.objects import GONE
from crawler.urls import DOCUMENT_KINDS, LANGUAGES

TEMPLATES = Path(__file__).parent / "templates"
STYLE = "style.css"
SCRIPTS = "words.js", "find.js", "snippet.js", "search.js"
"""The scripts of the search page, in the order to run them."""

LATEST = 60
"""The number of documents on the home page, on a language's first page, and on the page of pictures."""

A_PAGE = 250
"""The number of titles on a page of a month, about 100 KB."""

_MOST_REFERRING = 200
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Page:
    """A file of the site. path: relative to its folder. id: of the document it belongs to, None for other pages."""

    path: str
    data: bytes
    id: int | None = None


@dataclass(frozen=True)
class Item:
    """A document in a list. path: of its page. picture: path of its first picture, or empty."""

    path: str
    title: str
    language: Language
    kind: str
    published_ms: int
    picture: str = ""


@dataclass(frozen=True)
class Version:
    """A version of a document. path: of its page."""

    path: str
    stamp_ms: int
    sha256: str
    document: SeedDocument


@dataclass(frozen=True)
class Seen:
    """The links and pictures of a version. links: id in a link to the path of the document, for those in the site."""

    links: Mapping[int, str]
    shown: Sequence[Shown]


class Pages:
    """Makes pages. memory: of the site. archive: the archive's folder. is_served: by our own server, not from files."""

    def __init__(self, memory: Memory, archive: Path, *, is_served: bool = False) -> None:
        self._memory = memory
        self._archive = archive
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, keep_trailing_newline=True, auto_reload=False,
        )  # fmt: skip
        self._templates.filters |= {"day": names.day, "minute": names.minute, "iso": times.iso, "number": "{:,}".format}
        self._templates.globals |= {"kind_of": names.kind, "language_of": names.language, "month_name": names.month_name,
                                    "is_served": is_served}  # fmt: skip

    # --- documents ---

    def document(self, dw_id: int) -> list[Page] | None:
        """Return the pages of a document: its own, and one for each earlier version. None if a file is not as planned."""
        row = self._memory.document(dw_id)
        if row is None:
            return []
        stamps = [stamp_ms for stamp_ms, _ in self._memory.revisions(row.id)]
        versions = [version for stamp_ms in (*stamps, CURRENT) if (version := self.version(row, stamp_ms))]
        if len(versions) <= len(stamps):
            return None
        return [self.current(row, versions[-1], self.seen(row.id)),
                *(self.earlier(row, version, following) for version, following in pairwise(versions))]  # fmt: skip

    def version(self, row: Document, stamp_ms: int = CURRENT) -> Version | None:
        """Return a version of a document; None if its file is missing or has changed since the plan."""
        sha256, path = row.sha256, row.path
        if stamp_ms != CURRENT:
            sha256, path = dict(self._memory.revisions(row.id)).get(stamp_ms, ""), layout.revision_path(row.id, stamp_ms)
        document = read_document(self._archive, path, sha256)
        return Version(page_path(path), stamp_ms or row.stamp_ms, sha256, document) if document else None

    def seen(self, dw_id: int, stamp_ms: int = CURRENT) -> Seen:
        """Return the links and pictures of a version, as planned."""
        return Seen(self._memory.links(dw_id, stamp_ms), self._memory.shown(dw_id, stamp_ms))

    def current(self, row: Document, version: Version, seen: Seen) -> Page:
        """Return the page of the current version of a document."""
        referring = self._memory.referring(row.id, _MOST_REFERRING + 1)
        earlier = [(page_path(layout.revision_path(row.id, stamp_ms)), stamp_ms)
                   for stamp_ms, _ in reversed(self._memory.revisions(row.id))]  # fmt: skip
        return self._page(
            "article.html", version.path, row.id, **self._shown(row, version, seen), earlier=earlier,
            referring=[self._item(one) for one in referring[:_MOST_REFERRING]], has_more=len(referring) > _MOST_REFERRING,
        )  # fmt: skip

    def earlier(self, row: Document, version: Version, following: Version) -> Page:
        """Return the page of an earlier version. following: the version after it."""
        current = page_path(row.path)
        return self._page(
            "revision.html", version.path, row.id, **self._shown(row, version, self.seen(row.id, version.stamp_ms)),
            following=following, current=current, is_last=following.path == current, SAME=changes.SAME, REMOVED=changes.REMOVED,
            difference=changes.compare(version.document, following.document),
        )  # fmt: skip

    def _shown(self, row: Document, version: Version, seen: Seen) -> dict[str, Any]:
        """Return the template values that the pages of all versions share."""
        around = Surroundings(
            _root(version.path), seen.links, {(one.object, one.rendition): (one.path, one.reason) for one in seen.shown}
        )
        document = version.document
        date_ms = times.parse_ms(document.display_date)
        year = names.day(row.published_ms).rpartition(" ")[2]
        return {
            "row": row, "version": version, "title": title_of(document), "language": names.language(row.language),
            "author": normalise.author(normalise.text_of(document.author)), "body": body(document, around),
            "published_ms": row.published_ms if date_ms is None else date_ms, "year": year, "is_gone": row.state == GONE,
            "missing": [one for one in seen.shown if not one.path],
            "original": f"https://www.dw.com/{row.language}/a-{row.id}" if row.language != "und" else document.url,
        }  # fmt: skip

    # --- lists ---

    def month(self, folder: str) -> list[Page]:
        """Return the pages that list the documents of a folder (`en/2026/06`), newest first; [] if it has none."""
        last = (self._in_folder(folder) + A_PAGE - 1) // A_PAGE
        return [page for place in range(last) if (page := self.month_page(folder, place))]

    def month_page(self, folder: str, place: int) -> Page | None:
        """Return one of the pages of `month`. place: counted from 0. None if there is no such page."""
        count = self._in_folder(folder)
        paths = [f"{folder}/index{f'-{page + 1}' if page else ''}.html" for page in range((count + A_PAGE - 1) // A_PAGE)]
        if not 0 <= place < len(paths):
            return None
        language, year, month = folder.split("/")
        documents = self._memory.documents(
            "WHERE folder = ? ORDER BY published_ms DESC, id DESC LIMIT ? OFFSET ?", [folder, A_PAGE, place * A_PAGE])
        return self._page("month.html", paths[place], language=names.language(language), month=names.month(year, month),
                          days=_days(map(self._item, documents)), count=count, paths=paths, place=place)  # fmt: skip

    def _in_folder(self, folder: str) -> int:
        return int(self._memory.value("SELECT count(*) FROM documents WHERE folder = ?", [folder]))

    def languages(self) -> list[tuple[Language, int]]:
        """Return the languages of the site with their number of documents, the largest first."""
        sql = "SELECT language, count(*) FROM documents GROUP BY 1 ORDER BY 2 DESC, 1"
        return [(names.language(path), count) for path, count in self._memory.rows(sql)]

    def language(self, language: Language) -> Page:
        """Return the first page of a language: its latest documents, and all its months."""
        # by the index over `folder` alone; "0" follows "/"
        sql = "SELECT folder, count(*) FROM documents WHERE folder >= ? AND folder < ? GROUP BY 1 ORDER BY 1 DESC"
        ends = [f"{language.path}/", f"{language.path}0"]
        months = [(*folder.split("/")[1:], count) for folder, count in self._memory.rows(sql, ends)]
        years = [(year, list(group)[::-1]) for year, group in groupby(months, key=lambda month: month[0])]
        documents = self._memory.documents(
            "WHERE language = ? ORDER BY published_ms DESC, id DESC LIMIT ?", [language.path, LATEST])
        return self._page("language.html", f"{language.path}/index.html", language=language, years=years,
                          days=_days(self._pictured(documents)))  # fmt: skip

    def home(self) -> Page:
        documents = self._memory.documents("ORDER BY published_ms DESC, id DESC LIMIT ?", [LATEST])
        return self._page("home.html", "index.html", languages=self.languages(), days=_days(self._pictured(documents)))

    def pictures(self) -> Page:
        documents = self._memory.documents(
            "WHERE EXISTS (SELECT 1 FROM shown WHERE id = documents.id AND shown.stamp_ms = 0 AND path LIKE 'images/%')"
            " ORDER BY published_ms DESC, id DESC LIMIT ?", [LATEST])  # fmt: skip
        return self._page("pictures.html", "pictures.html", items=list(self._pictured(documents)))

    def search(self) -> Page:
        """The page that searches the shards of the site, which is the only one that runs scripts."""
        kinds = [kind for (kind,) in self._memory.rows("SELECT DISTINCT kind FROM documents ORDER BY 1")]
        return self._page("static_search.html", "search.html", languages=self.languages(), kinds=kinds,
                          scripts=SCRIPTS)  # fmt: skip

    def about(self) -> Page:
        return self._page("about.html", "about.html", about=json.loads(self._memory.meta("about")), languages=self.languages())

    # --- of the server ---

    def results(self, results: Results) -> Page:
        """The search page. Languages and kinds to choose from are those that are known."""
        languages = sorted(map(names.language, LANGUAGES), key=lambda language: language.english)
        hits = [(self._item_of(hit), hit, whole(hit.title or UNTITLED, results.terms, hit.language)) for hit in results.hits]
        return self._page("results.html", "search.html", results=results, form=results.form, hits=hits, languages=languages,
                          kinds=DOCUMENT_KINDS)  # fmt: skip

    def refusal(self, status: int, sentence: str) -> Page:
        """Return the page that is shown if there is no page at an address."""
        return self._page("refusal.html", "", root="/", status=status, sentence=sentence)

    def _item_of(self, hit: Hit) -> Item:
        return Item(page_path(hit.path), hit.title or UNTITLED, names.language(hit.language), hit.kind, hit.published_ms)

    def _pictured(self, documents: Sequence[Document]) -> Iterator[Item]:
        return (self._item(one, self._memory.first_picture(one.id)) for one in documents)

    def _item(self, row: Document, picture: str = "") -> Item:
        return Item(page_path(row.path), row.title, names.language(row.language), row.kind, row.published_ms, picture)

    def _page(self, template: str, path: str, dw_id: int | None = None, **values: Any) -> Page:
        text = self._templates.get_template(f"{template}.j2").render({"root": _root(path), "here": path, **values})
        return Page(path, text.encode("utf-8", "replace"), dw_id)


def _root(path: str) -> str:
    """Return the relative path from a page to the site's folder."""
    return "../" * path.count("/")


def _days(items: Iterator[Item]) -> list[tuple[int, list[Item]]]:
    """Group items by day of publication, UTC. Returns (a moment of that day, its items), in the order given."""
    return [(day * _DAY_MS, list(group)) for day, group in groupby(items, key=lambda item: item.published_ms // _DAY_MS)]
