"""Compute what a perfect crawl of the stand-in finds, from its data alone, without any code of the crawler."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.dwsite import ids
from tests.dwsite.articles import CONTENTS
from tests.dwsite.shapes import Content, Json

_REFERENCE = re.compile(
    r'<a href="https://api\.dw\.com/api/detail/article/(\d+)" rel="ArticleRef">|<span data-id="(\d+)" data-type="ARTICLE">'
)
_ALIASES = {ids.ALIAS_DIRECT: ids.ALIAS_DIRECT_TO, ids.ALIAS_REDIRECT: ids.ALIAS_REDIRECT_TO}


def references(dw_id: int) -> list[int]:
    """The articles that a content refers to, in order, without repeats, as its reply has them before any edit."""
    content = CONTENTS[dw_id]
    found = [int(match[1] or match[2]) for text in _texts(content) for match in _REFERENCE.finditer(text)]
    return list(dict.fromkeys(found))


def reachable(seeds: Iterable[int], hops: int) -> dict[int, str]:
    """Return the kind by id of all contents within some hops of the seeds (the seeds are hop 0), aliases resolved.

    hops: negative means no limit. Contents that do not exist (MISSING, GONE) are left out.
    """
    found: dict[int, str] = {}
    waiting = list(seeds)
    hop = 0
    while waiting and (hop <= hops or hops < 0):
        here = list(dict.fromkeys(_ALIASES.get(dw_id, dw_id) for dw_id in waiting))
        new = [dw_id for dw_id in here if dw_id in CONTENTS and dw_id not in found]
        found.update({dw_id: CONTENTS[dw_id].kind for dw_id in new})
        waiting = [there for dw_id in new for there in references(dw_id)]
        hop += 1
    return found


def _texts(content: Content) -> Iterator[str]:
    parts: list[Json] = [*content.body, *(each["content"] for post in content.posts for each in post["body"])]
    yield from (part["text"] for part in parts if isinstance(part.get("text"), str))
    yield content.keys.get("text", "")
