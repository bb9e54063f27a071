"""Order the posts of a liveblog, and make what stands above each of them.

Source: section 6 of our notes on DW's data; the keys of a post are from client code, so that any of them may be absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crawler import normalise, times
from crawler.dw.article import Paragraph
from crawler.sanitise import NOTHING, Markup, fill, joined, words


@dataclass(frozen=True)
class PostHead:
    """The head of a post. time: as in Article.display_date, empty if unknown. headline: inline markup, may be empty. author:
    names joined, may be empty."""

    time: str = ""
    headline: Markup = NOTHING
    author: Markup = NOTHING


def newest_first(posts: Sequence[PostHead]) -> Iterator[tuple[int, list[Paragraph]]]:
    """Yield the position of each post among those given, newest first, and the paragraphs that stand above its text.

    These are the day if it changes, then the time of day (UTC) and the headline, then the author. If any post has no time,
    all stay in the order given, which is DW's own.
    """
    order = list(range(len(posts)))
    if all(post.time for post in posts):
        order.sort(key=lambda n: -(times.parse_ms(posts[n].time) or 0))
    day = ""
    for n in order:
        post = posts[n]
        above = []
        if post.time and post.time[:10] != day:
            day = post.time[:10]
            above.append(fill("<strong>{}</strong>", words(day)))
        headline = post.headline if normalise.text_of(post.headline) else NOTHING
        if line := joined(" ", filter(None, (words(post.time[11:16]), headline))):
            above.append(fill("<strong>{}</strong>", line))
        if post.author:
            above.append(fill("<i>{}</i>", post.author))
        yield n, [Paragraph(markup) for markup in above]
