"""Section and topic pages of www.dw.com (`/zh/.../s-9058`, `/t-...`): the documents they link to.

Source: section 6 of our notes on DW's data; the links and the inline state of two recorded article pages, whose
forms section pages are assumed to share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urljoin

from lxml import etree  # type: ignore[import-untyped]

from crawler.dw import decoding
from crawler.dw.lists.listpage import Listed, ListPage, document
from crawler.urls import DW, Sites

_STATES = ("__APP_STATE__", "__APOLLO_STATE__")
_ADDRESS_KEYS = ("namedUrl", "canonicalUrl")


def parse_section(body: bytes, sites: Sites = DW, language: str | None = None, charset: str = "") -> ListPage:
    """Return the documents a page links to: first its `<a href>` in reading order, then those only its inline state names.

    body: HTML. charset: that of the HTTP header, as in `decoding.page`. language: that of the section, for addresses that
    name none; links into other editions are listed with their own language.
    """
    problems: list[str] = []
    page = _read(decoding.page(body, charset))
    items: dict[int, Listed] = {}
    for address in (*page.addresses, *_addresses_of_states(page.scripts, problems)):
        try:
            url = urljoin(sites.www + "/", address.strip())
        except ValueError:
            continue
        target = document(url, sites)
        if target and target.id:
            items.setdefault(target.id, Listed(target.id, target.kind, target.language or language, url=url))
    if not items:
        problems.append("no link to a document on the page")
    return ListPage(list(items.values()), problems=problems)


class _Page:
    """Parser target: lxml calls it for every tag and piece of text, and builds no tree."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self._script: list[str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "a" and (address := attributes.get("href")):
            self.addresses.append(address)
        elif tag == "script":
            self._script = []

    def data(self, text: str) -> None:
        if self._script is not None:
            self._script.append(text)

    def end(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            script, self._script = "".join(self._script), None
            if any(state in script for state in _STATES):
                self.scripts.append(script)

    def close(self) -> None:
        """End without a result, since no tree was built."""


def _read(html: str) -> _Page:
    page = _Page()
    parser = etree.HTMLParser(target=page, no_network=True, huge_tree=False)
    try:
        parser.feed(html)
        parser.close()
    except etree.LxmlError:
        pass  # an empty page, or one that no parser can read; that nothing was found is a problem already
    return page


def _addresses_of_states(scripts: list[str], problems: list[str]) -> Iterator[str]:
    for script in scripts:
        for name in _STATES:
            if (start := script.find("{", script.find(name))) < 0 or name not in script:
                continue
            try:
                state, _ = decoding.json_at(script, start)
            except ValueError as error:
                problems.append(f"{name} is not JSON: {str(error)[:120]}")
                continue
            yield from _addresses(state)


def _addresses(state: object) -> Iterator[str]:
    """Yield the strings under the keys that hold a page's address, in order, at any depth."""
    waiting = [state]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (value[key] for key in _ADDRESS_KEYS if isinstance(value.get(key), str))
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))
