"""Split folded text into tokens. A word between spaces is a token. In a run without spaces, such as Chinese, each character
makes a token with the next one: `ABC` gives `AB BC C`. So every part of a run is a phrase, and a single character a prefix.
"""

from __future__ import annotations

import re

from crawler.library.search.characters import WITHOUT_SPACES
from crawler.library.search.fold import fold

_RUN = re.compile(f"[{WITHOUT_SPACES}]+")
_PARTS = re.compile(f"[{WITHOUT_SPACES}]+|[^{WITHOUT_SPACES} \\n]+")

BREAK = "\ue000"
"""The token between two passages. No query can contain it, so a phrase does not match across passages."""


def indexed(text: str, language: str) -> str:
    """Return the tokens of a text, separated by spaces, as they are indexed. text: a passage in each line."""
    folded = fold(text, language)
    if not folded.isascii():
        folded = _RUN.sub(lambda run: f" {' '.join(pairs(run[0]))} ", folded)
    return folded.replace("\n", f" {BREAK} ")


def parts(folded: str) -> list[str]:
    """Return the words, and the runs without spaces, of a folded text.

    >>> parts("g20峰会 2023")
    ['g20', '峰会', '2023']
    """
    return _PARTS.findall(folded)


def has_no_spaces(part: str) -> bool:
    """Whether one of `parts` is a run of characters without spaces."""
    return _RUN.match(part) is not None


def pairs(run: str) -> list[str]:
    """Return each character of a run together with the next one.

    >>> pairs("ABC")
    ['AB', 'BC', 'C']
    """
    return [run[n : n + 2] for n in range(len(run))]


def phrase(folded: str, *, is_prefix: bool = False) -> tuple[list[str], bool]:
    """Return (tokens, is_prefix): the tokens that follow one another in every text with a phrase, and whether the last one is
    only the beginning of a token.

    is_prefix: the last word of the phrase is only the beginning of a word. Without letters and digits there are no tokens.

    >>> phrase("g20峰会")
    (['g20', '峰会'], False)
    >>> phrase("峰")
    (['峰'], True)
    """
    found = parts(folded)
    tokens: list[str] = []
    for part in found:
        tokens += pairs(part) if has_no_spaces(part) else [part]
    if found and has_no_spaces(found[-1]):
        is_prefix = len(found[-1]) == 1
        if not is_prefix:
            tokens.pop()  # the text may continue
    return tokens, is_prefix
