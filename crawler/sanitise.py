"""Markup that cannot harm its reader. Every function is idempotent."""

from __future__ import annotations

import html
import re

import nh3

# A paragraph is kept to the byte when it is made of nothing but harmless tags written so plainly that every HTML
# parser reads them alike; anything else goes through nh3 (ammonia), which rewrites it. The plain form is what makes
# this safe: the list of elements is one of inert elements, not of dangerous ones. Names with `-` or `:` (o:p) are inert
# by the HTML standard.

_TAGS = frozenset(
    "a abbr acronym address article b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn "
    "div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li main mark ol p pre q rp rt ruby "
    "s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
_ATTRIBUTES = frozenset(
    "abbr align alt aria-hidden aria-label class clear color colspan datetime dir headers height href hreflang id "
    "itemprop lang name rel role rowspan scope size span start target title type valign width".split()
)
_LINKS = frozenset({"href", "cite"})
_LOADING = frozenset("action background data dynsrc formaction lowsrc manifest ping poster src srcdoc srcset".split())
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_LINE_BREAKS = re.compile(r"[\r\n]+")
# HTML's white space and no other: a no-break space before a quote makes the quote part of an unquoted value, and what
# stands inside the "quotes" attributes of their own.
_ATTRIBUTE = re.compile(r"""([a-zA-Z][-\w:.]*)(?:[ \t\f]*=[ \t\f]*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'=<>`]+)))?""")
_TAG = re.compile(rf"</?([a-zA-Z][a-zA-Z0-9:-]*)((?:[ \t\f]+{_ATTRIBUTE.pattern})*)[ \t\f]*/?>")


def safe_markup(text: str) -> str:
    """Inline markup without what could run or load something in a reader's browser.

    Harmless markup keeps every byte. Elements that load (img, iframe, video, style, svg ...), handlers, and addresses
    that are neither http(s), mailto, tel nor relative are taken out. Line breaks become spaces: a body is one line.
    """
    text = _LINE_BREAKS.sub(" ", text)
    if "<" not in text or _is_plainly_harmless(text):
        return text
    clean = nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "iframe", "object", "noscript", "template", "svg", "math"},
        attributes={"*": set(_ATTRIBUTES) - {"rel"}, "a": {"rel"}},
        generic_attribute_prefixes={"data-"},
        url_schemes=set(_SCHEMES),
        link_rel=None,
        strip_comments=True,
    )
    return _LINE_BREAKS.sub(" ", clean)  # those that stood there as entities


def _is_plainly_harmless(text: str) -> bool:
    position = 0
    while (start := text.find("<", position)) != -1:
        found = _TAG.match(text, start)
        if found is None:
            if text[start + 1 : start + 2].isalpha() or text[start + 1 : start + 2] in ("/", "!", "?"):
                return False
            position = start + 1
            continue
        if not _is_inert(found[1].lower()) or not all(map(_is_harmless_attribute, _ATTRIBUTE.finditer(found[2]))):
            return False
        position = found.end()
    return True


def _is_inert(tag: str) -> bool:
    return tag in _TAGS or ":" in tag or "-" in tag


def _is_harmless_attribute(found: re.Match[str]) -> bool:
    name, value = found[1].lower(), found[2] or found[3] or found[4] or ""
    if name == "style":  # no brackets, no backslashes: no url(), no expression(), no escapes
        return re.fullmatch(r"[\w\s:;#%.,!-]*", value) is not None
    if name in _LINKS or name.endswith(":href"):
        return is_safe_link(value)
    return not name.startswith("on") and name not in _LOADING


def is_safe_link(url: str) -> bool:
    """Whether an address in an attribute opens a page and runs nothing, seen through entities and control characters."""
    url = re.sub(r"[\x00-\x20]", "", html.unescape(url))
    scheme = re.match(r"([^/?#:]*):", url)
    return scheme is None or scheme[1].lower() in _SCHEMES
