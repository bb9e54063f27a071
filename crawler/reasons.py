"""Represent why an object could not be fetched: the words of the reason, and its sort.

A Reason is made where it arises. Its words are kept in logs, the index and reports; `parse` reads them back.

>>> status(503).may_pass, status(404).says_gone, robots_unavailable(status(404)).says_gone
(True, True, False)
>>> parse("no connection: refused") == no_connection("refused")
True
"""

from __future__ import annotations

import enum
import re


class Sort(enum.Enum):
    """The sort of a reason. Misses add up only within one sort."""

    PASSING = "it may pass at any time"
    GONE = "DW says that it does not have it"
    LASTING = "it is refused or unusable, which does not mean that it is gone"


class Reason(str):
    """Why an object could not be fetched: words for logs, stats and reports, with their sort. An empty one means no reason.

    It is a str, so that it can be stored and counted as it is; it compares by its words. sort: what it says about the thing.
    """

    __slots__ = ("sort",)
    sort: Sort

    def __new__(cls, words: str, sort: Sort = Sort.LASTING) -> Reason:
        made = super().__new__(cls, words)
        made.sort = sort
        return made

    @property
    def may_pass(self) -> bool:
        """Whether the reason may pass, so that the object may be available at any time."""
        return self.sort is Sort.PASSING

    @property
    def says_gone(self) -> bool:
        """Whether the reason is DW's own word that it does not have the thing."""
        return self.sort is Sort.GONE

    @property
    def is_unreadable(self) -> bool:
        """Whether a reply came that holds no article we can make out."""
        return self == UNREADABLE or self.startswith(f"{UNREADABLE}: ")


NONE = Reason("")

# These may pass; some name a cause after a colon.
_NO_CONNECTION, _NOT_A_PICTURE, _NOT_MEDIA = "no connection", "not a picture", "not a media file"
TIMEOUT = Reason("timeout", Sort.PASSING)
CUT_OFF = Reason("cut off", Sort.PASSING)
STOPPED = Reason("stopped", Sort.PASSING)
CIRCLE = Reason("redirects in a circle", Sort.PASSING)
MANY_REDIRECTS = Reason("max redirections reached", Sort.PASSING)  # Scrapy's words
COME_BACK_LATER = Reason("status 429 or 503, come back later", Sort.PASSING)

# These are about the thing itself.
ROBOTS = Reason("robots.txt")
FOREIGN_HOST = Reason("not a host of DW's")
FOREIGN_MEDIA_HOST = Reason("not a host of DW's media")
TOO_LARGE = Reason("too large")
EMPTY = Reason("empty")
UNREADABLE = Reason("unreadable")
NOT_YET = Reason("not tried again yet")  # in this run, because an earlier miss is not due

_PASSING = frozenset({TIMEOUT, CUT_OFF, STOPPED, CIRCLE, MANY_REDIRECTS, _NO_CONNECTION, _NOT_A_PICTURE, _NOT_MEDIA})
_STATUS = re.compile(r"status ([0-9]{3})( .+)?", re.DOTALL)


def status(code: int, words: str = "") -> Reason:
    """Return the reason for a reply's status. words: more about the reply, such as "with another range".

    404 and 410 alone say that the thing is gone; 2xx, 304, 408, 429 and 5xx may pass.
    """
    text = f"status {code} {words}".rstrip()
    if code in (404, 410) and not words:
        return Reason(text, Sort.GONE)
    return Reason(text, Sort.PASSING if code in (304, 408, 429) or code // 100 in (2, 5) else Sort.LASTING)


def no_connection(cause: str) -> Reason:
    """Return the reason that no reply came. cause: such as "refused"."""
    return Reason(f"{_NO_CONNECTION}: {cause}", Sort.PASSING)


def robots_unavailable(cause: str) -> Reason:
    """Return the reason that a host's robots.txt could not be fetched, whatever the cause: it may pass."""
    return Reason(f"{ROBOTS}: {cause}", Sort.PASSING)


def cut_off(what: str) -> Reason:
    """Return the reason that a reply ended too early."""
    return Reason(f"{CUT_OFF}: {what}", Sort.PASSING)


def not_a_picture(what: str = "") -> Reason:
    """Return the reason that a reply is not a picture."""
    return Reason(f"{_NOT_A_PICTURE}: {what}" if what else _NOT_A_PICTURE, Sort.PASSING)


def not_a_media_file(what: str) -> Reason:
    """Return the reason that a reply is not a media file."""
    return Reason(f"{_NOT_MEDIA}: {what}", Sort.PASSING)


def unreadable(problem: str) -> Reason:
    """Return the reason that a reply holds no article we can make out."""
    return Reason(f"{UNREADABLE}: {problem}")


def parse(words: str) -> Reason:
    """Return the reason whose words these are, as a log line or the index holds them. Other words are a lasting reason."""
    if words == COME_BACK_LATER:
        return COME_BACK_LATER
    if found := _STATUS.fullmatch(words):
        return status(int(found[1]), (found[2] or "").strip())
    head, colon, _ = words.partition(": ")
    if head in _PASSING or (head == ROBOTS and colon):
        return Reason(words, Sort.PASSING)
    return Reason(words)
