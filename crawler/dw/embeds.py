"""Keep what is possible of embeds of other services: their words, their id, and the address they lead to.

Source: class names and attributes in section 6 of our notes on DW's data, and those of the services' own embed codes.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from crawler import normalise, sanitise, urls
from crawler.dw.article import Paragraph

CLASSES = {
    "tweet": "X", "twitter-tweet": "X", "instagram": "Instagram", "instagram-media": "Instagram", "facebook": "Facebook",
    "fb-post": "Facebook", "fb-video": "Facebook", "tiktok": "TikTok", "tiktok-embed": "TikTok", "dw-widget": "DW widget",
}  # fmt: skip
"""The name of the service that a class of an embed stands for."""

_HOSTS = {"twitter.com": "X", "x.com": "X", "instagram.com": "Instagram", "facebook.com": "Facebook", "tiktok.com": "TikTok"}
_BY_ID = {"X": ("[0-9]{1,25}", "https://x.com/i/status/{}"), "Instagram": ("[A-Za-z0-9_-]{5,40}", "https://www.instagram.com/p/{}/")}
_ID = re.compile(r"[\w-]{1,40}", re.ASCII)
_LONGEST = 2_000  # characters of an address


def service_of(address: str) -> str:
    """Return the name of the service at an address: its host, if it has no other; empty if the address has none."""
    try:
        host = (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:  # for example a `[` in the place of the host
        return ""
    return _HOSTS.get(host.removeprefix("m.").removeprefix("mobile."), host)


def paragraph(words: str, address: str = "", embed_id: str = "", service: str = "") -> Paragraph | None:
    """Return what can be kept of an embed: its words, then a link that names the service and the id.

    words: inline markup. address: of the embed, empty if unknown; for some services the id gives one. service: its name, if the
    address does not tell. Returns None if there are no words, no address and no id.
    """
    embed_id = embed_id if _ID.fullmatch(embed_id) else ""
    is_whole = address.startswith(("https://", "http://")) and len(address) <= _LONGEST
    service = service or (service_of(address) if is_whole else "")
    if not is_whole:
        pattern, known = _BY_ID.get(service, ("", ""))
        address = known.format(embed_id) if known and re.fullmatch(pattern, embed_id) else ""
    has_words = bool(normalise.text_of(words))
    if not (has_words or address or embed_id):
        return None
    label = html.escape(f"{service} {embed_id}".strip(), quote=False)
    rel = "" if urls.is_of_dw(urlsplit(address).hostname or "") else ' rel="ExternalRef"'
    link = f'<a href="{html.escape(address)}"{rel}>{label}</a>' if address else label
    return Paragraph(sanitise.safe_markup(" ".join(filter(None, (words if has_words else "", link)))))
