"""The item that goes through the pipelines."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.dw.article import Article
from crawler.seedfile import SeedDocument


@dataclass
class Fetched:
    """A reply on its way through the pipelines, with the article made from it.

    document: what will be archived. requested: the id that was requested (an alias if the article's own differs). reply:
    the unchanged bytes. url: of the reply. stamp_ms: when it came, milliseconds UTC, whole seconds. hop: distance from the
    seeds. etag, last_modified: validators of the reply, for the next conditional request. reply_extension: `json` or `html`.
    charset: the one its HTTP header names.
    """

    article: Article
    document: SeedDocument = field(repr=False)
    requested: int
    reply: bytes = field(repr=False)
    url: str
    stamp_ms: int
    hop: int = 0
    etag: str = ""
    last_modified: str = ""
    reply_extension: str = "json"
    charset: str = ""
