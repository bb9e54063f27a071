"""Text that a browser may read as HTML, and the only place that makes it.

A field or a parameter of the type Markup refuses a plain string: mypy names the line. `safe_markup` makes Markup of foreign
HTML, `words` of foreign plain text, `fill` and `joined` of our own templates. Nothing else calls the types.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from typing import NewType

import nh3

from crawler.normalise import unescape

Markup = NewType("Markup", str)
"""HTML for the inside of an element: nothing in it runs, loads, or stays open as half a tag."""

Attribute = NewType("Attribute", str)
"""Text for the inside of a quoted attribute. Where an address in it leads is checked elsewhere."""

NOTHING = Markup("")


# A paragraph keeps every byte if all its tags are harmless and written so plainly that every HTML parser reads them alike;
# anything else goes through nh3 (ammonia), which rewrites it. This is safe because the lists name harmless elements, attributes
# and styles, not dangerous ones. Names with `-` or `:` (o:p) are inert by the HTML standard.

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
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# No brackets, quotes or backslashes: no url(), no expression(), no escapes. No lengths: nothing moves or covers, not even
# the line of a text-decoration.
_DECLARATION = re.compile(
    r"\s*(?:color\s*:\s*(?:#[0-9a-f]{3,8}|[a-z]+)|font-weight\s*:\s*(?:[a-z]+|[1-9]00)"
    r"|(?:font-style|font-variant|text-align|text-decoration|text-transform|vertical-align|white-space|direction)"
    r"\s*:\s*[a-z]+(?:[ -][a-z]+)*)\s*(?:!\s*important\s*)?",
    re.IGNORECASE | re.ASCII,
)
_MOST_TAGS = 2_000  # of markup that nh3 rewrites: its time grows with the square of their depth
_LINE_BREAKS = re.compile(r"[\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TAG_LIKE = re.compile(r"<\s*[a-zA-Z/!?]")
_TAG_BEGIN = re.compile(r"<(?=[a-zA-Z/!?])")
# Only HTML's white space: a no-break space before a quote makes the quote part of an unquoted value, and the words inside
# the "quotes" attributes of their own.
_ATTRIBUTE = re.compile(r"""([a-zA-Z][-\w:.]*)(?:[ \t\f]*=[ \t\f]*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'=<>`]+)))?""")
_TAG = re.compile(rf"</?([a-zA-Z][a-zA-Z0-9:-]*)((?:[ \t\f]+{_ATTRIBUTE.pattern})*)[ \t\f]*/?>")

# What a page of the site holds: no landmarks, which are the page's own, no colours, which dark mode would hide, and no styles,
# which its policy refuses.
_PAGE_TAGS = (_TAGS | {"audio", "img", "video"}) - set(
    "acronym address article big center font footer h1 header main section strike tt".split()
)
_PAGE_ATTRIBUTES = {
    "*": {"class", "dir", "lang"},
    "a": {"href", "rel", "title"},
    "abbr": {"title"},
    "audio": {"controls", "preload", "src"},
    "img": {"alt", "src"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"controls", "preload", "src"},
}
_ABSOLUTE = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)


def safe_markup(text: str) -> Markup:
    """Return inline markup without anything that could run or load something in a reader's browser.

    Harmless markup keeps every byte. Removed are elements that load (img, iframe, video, style, svg ...), attributes not known
    to be harmless, event handlers among them, styles that do more than change how words look, and addresses that are not
    http(s), mailto, tel or relative. Line breaks become spaces, because a body is one line. Control characters are removed:
    HTML may not hold them, and a tool that drops them later must not join the halves of a tag. Harmful markup with more than
    2,000 tags becomes plain words.
    """
    text = _LINE_BREAKS.sub(" ", text)
    if "<" not in text or _is_plainly_harmless(text):
        return Markup(_one_line(text))
    if text.count("<") > _MOST_TAGS:
        return words(re.sub(r"<[^<>]*>", " ", text))
    clean = nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "iframe", "object", "noscript", "template", "svg", "math"},
        attributes={"*": set(_ATTRIBUTES) - {"rel"} | {"style"}, "a": {"rel"}},
        attribute_filter=lambda _tag, name, value: _harmless_style(value) if name == "style" else value,
        generic_attribute_prefixes={"data-"},
        url_schemes=set(_SCHEMES),
        link_rel=None,
        strip_comments=True,
    )
    return Markup(_one_line(clean))  # again: entities have become characters


def page_markup(text: str, is_own: Callable[[str, str], bool]) -> Markup:
    """Return markup for the inside of a page, as html5ever reads and writes it.

    is_own: told the attribute (`href` or `src`) and a relative address, says whether the page may name it. Only such files are
    loaded; links may lead anywhere over http(s), mailto and tel.
    """

    def filtered(_tag: str, name: str, value: str) -> str | None:
        if name not in ("href", "src"):
            return value
        is_good = is_own(name, value) or (name == "href" and _ABSOLUTE.match(value) is not None)
        return value if is_good else None

    clean = nh3.clean(
        text,
        tags=set(_PAGE_TAGS),
        clean_content_tags={"script", "style", "iframe", "object", "noscript", "template", "svg", "math"},
        attributes=_PAGE_ATTRIBUTES,
        attribute_filter=filtered,
        url_schemes=set(_SCHEMES),
        link_rel=None,
        strip_comments=True,
    )
    return Markup(clean)


def words(text: str) -> Markup:
    """Return plain text as markup of one line: unchanged if every HTML parser reads it as text, else escaped.

    >>> words("AT&T: 1 < 2"), words("<b>")
    ('AT&T: 1 < 2', '&lt;b&gt;')
    """
    text = _one_line(text)
    return Markup(html.escape(text, quote=False) if _TAG_LIKE.search(text) else text)


def without_tags(text: str) -> str:
    """Return plain text in which nothing begins a tag or a comment: a space follows each `<` that would. It remains plain text.

    >>> without_tags("1 <2: <b>")
    '1 <2: < b>'
    """
    return _TAG_BEGIN.sub("< ", text)


def attribute(text: str) -> Attribute:
    """Return plain text as the value of a quoted attribute."""
    return Attribute(html.escape(_one_line(text)))


def fill(template: str, *parts: Markup | Attribute) -> Markup:
    """Return our own markup with parts filled in. template: a constant with `{}` for each part, in quotes for an Attribute."""
    return Markup(template.format(*parts))


def joined(separator: str, parts: Iterable[Markup]) -> Markup:
    """Return pieces of markup in a row. separator: a constant."""
    return Markup(separator.join(parts))


def _one_line(text: str) -> str:
    text = _CONTROLS.sub("", _LINE_BREAKS.sub(" ", text))
    return f"{text[:-1]}&lt;" if text.endswith("<") else text  # the next piece could make it a tag


def _is_plainly_harmless(text: str) -> bool:
    if _CONTROLS.search(text):
        return False
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
    if name == "style":
        return (_harmless_style(value) or "") == value
    if name in _LINKS:
        return is_safe_link(value)
    return name in _ATTRIBUTES or name.startswith("data-")


def _harmless_style(style: str) -> str | None:
    """Return the declarations of a style attribute that only change how words look; None if there are none."""
    declarations = style.split(";")
    kept = [one for one in declarations if not one.strip() or _DECLARATION.fullmatch(one)]
    return style if len(kept) == len(declarations) else ";".join(kept).strip("; ") or None


def is_safe_link(url: str) -> bool:
    """Whether an address in an attribute opens a page and runs nothing, also behind entities and control characters."""
    url = re.sub(r"[\x00-\x20]", "", unescape(url))
    scheme = re.match(r"([^/?#:]*):", url)
    return scheme is None or scheme[1].lower() in _SCHEMES
