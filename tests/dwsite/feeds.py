"""Feeds of the rss host, RSS 1.0 and RSS 2.0, and hostile feeds. Source: a recorded feed of each form."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from urllib.parse import unquote
from xml.sax.saxutils import escape

from tests.dwsite.lists import newest
from tests.dwsite.shapes import WWW, Content, page_path
from tests.dwsite.state import State

# The word in rss-{word}-all, by language path; those after zh-hant are inventions of the stand-in.
CHANNELS = {
    "chi": "zh", "en": "en", "de": "de", "ru": "ru", "sp": "es", "fre": "fr", "ar": "ar", "tur": "tr", "ukr": "uk",
    "pol": "pl", "br": "pt-br", "ind": "id", "per": "fa-ir", "dar": "fa-af", "pas": "ps", "alb": "sq", "bos": "bs",
    "rom": "ro", "amh": "am", "hin": "hi", "ben": "bn",
}  # fmt: skip

# Hostile channels: rss-bomb-all and so on. Options.feed_trick makes all channels hostile in the same way.
TRICKS = ("bomb", "xxe", "broken", "lying", "lyingheader")
FEED_ITEMS = 80

_BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">\n' for i in range(1, 10))
_DOCTYPES = {
    "bomb": f'<!DOCTYPE bomb [\n<!ENTITY e0 "duck ">\n{_BOMB}]>\n',
    "xxe": '<!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>\n',
}


def feed(state: State, form: str, channel: str) -> tuple[bytes, str] | None:
    """A feed's bytes and content type; None for an unknown one.

    form: rdf or xml. channel: e.g. rss-chi-all.
    """
    word = channel.removeprefix("rss-").rpartition("-")[0] or channel
    trick = word if word in TRICKS else state.options.feed_trick
    language = "zh" if word in TRICKS else CHANNELS.get(word)
    if language is None or form not in ("rdf", "xml") or not channel.startswith("rss-"):
        return None
    contents = [c for c in map(state.content, newest(state, language, ("article",))[:FEED_ITEMS]) if c]
    make = _rss_1 if form == "rdf" else _rss_2
    text = make(contents, language, channel)
    content_type = "text/xml;charset=UTF-8"
    if doctype := _DOCTYPES.get(trick):
        start = text.index("<rdf:RDF" if form == "rdf" else "<rss")
        text = text[:start] + doctype + text[start:].replace("</description>", "&e9;</description>")
    if trick == "broken":
        text = text.replace("</title>", " & <b></titel>", 3)[: len(text) * 2 // 3]
    if trick == "lying":
        return text.encode("gb18030"), content_type
    if trick == "lyingheader":
        content_type = "text/xml;charset=ISO-8859-1"
    return text.encode(), content_type


def _link(content: Content, channel: str, form: str) -> str:
    mark = f"{channel.split('-')[1]}-{channel}-1127-{form}"
    return escape(f"{WWW}{unquote(page_path(content))}?maca={mark}")


def _when(content: Content) -> datetime:
    """In whole minutes, as DW's feeds have it."""
    return datetime.fromisoformat(content.display_date or "2026-01-01T00:00:00+00:00").replace(second=0, microsecond=0)


def _rss_1(contents: list[Content], language: str, channel: str) -> str:
    links = "".join(f'        <rdf:li rdf:resource="{_link(c, channel, "rdf")}" />\n' for c in contents)
    items = "".join(
        f"""  <item rdf:about="{_link(c, channel, "rdf")}">
    <title>{escape(c.name)}</title>
    <link>{_link(c, channel, "rdf")}</link>
    <description>{escape(c.teaser)}</description>
    <dc:date>{_when(c):%Y-%m-%dT%H:%M:%SZ}</dc:date>
    <dc:subject>{escape(c.category or "News")}</dc:subject>
    <dc:language>{language}</dc:language>
    <dwsyn:contentID>{c.id}</dwsyn:contentID>
  </item>
"""
        for c in contents
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/modules/syndication/" \
xmlns:dwsyn="http://rss.dw.com/syndication/dwsyn/">
  <channel rdf:about="https://rss.dw.com/syndication/feeds/{channel}.1127.rdf">
    <description>An invented feed</description>
    <link>{WWW}/s-9058?maca={channel}-1127-rdf</link>
    <title>Invented {channel}</title>
    <sy:updatePeriod>hourly</sy:updatePeriod>
    <dc:date>2026-03-01T00:00:00Z</dc:date>
    <items>
      <rdf:Seq>
{links}      </rdf:Seq>
    </items>
  </channel>
{items}</rdf:RDF>
"""


def _rss_2(contents: list[Content], language: str, channel: str) -> str:
    items = "".join(
        f"""<item>
<guid isPermaLink="false">{c.id}</guid>
<pubDate>{format_datetime(_when(c), usegmt=True)}</pubDate>
<title>{escape(c.name)}</title>
<link>
{_link(c, channel, "xml-mrss")}
</link>
<description>
{escape(c.teaser)}
</description>
<category>{escape(c.category or "News")}</category>
</item>
"""
        for c in contents
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title><![CDATA[Invented {channel}]]></title>
<link>
{WWW}/s-9058?maca={channel}-1127-xml-mrss
</link>
<description>An invented feed</description>
<language>{language}</language>
<pubDate>Sun, 01 Mar 2026 00:00:00 GMT</pubDate>
<atom:link href="https://rss.dw.com/xml/{channel}" rel="self"/>
<ttl>10</ttl>
{items}</channel>
</rss>
"""
