"""Folded text as tokens. A word between spaces is a token. Of a run without spaces, such as Chinese, each character is one
together with the next: `ABC` gives `AB BC C`, so that every part of it is a phrase, and a single character a prefix.
"""

from __future__ import annotations

import re

from crawler.library.search.characters import WITHOUT_SPACES
from crawler.library.search.fold import fold

_RUN = re.compile(f"[{WITHOUT_SPACES}]+")
_PARTS = re.compile(f"[{WITHOUT_SPACES}]+|[^{WITHOUT_SPACES} \\n]+")

BREAK = "\ue000"
"""The token between two passages, which no query can name: a phrase does not run over it."""


def indexed(text: str, language: str) -> str:
    """The tokens of a text of passages, a line each, with spaces between them, as they are indexed."""
    folded = fold(text, language).replace("\n", f" {BREAK} ")
    return _RUN.sub(lambda run: f" {' '.join(pairs(run[0]))} ", folded)


def parts(folded: str) -> list[str]:
    """The words, and the runs without spaces, of a folded text.

    >>> parts("g20峰会 2023")
    ['g20', '峰会', '2023']
    """
    return _PARTS.findall(folded)


def has_no_spaces(part: str) -> bool:
    """Whether one of `parts` is a run of characters without spaces."""
    return _RUN.match(part) is not None


def pairs(run: str) -> list[str]:
    """
    >>> pairs("ABC")
    ['AB', 'BC', 'C']
    """
    return [run[n : n + 2] for n in range(len(run))]


def phrase(folded: str, *, is_prefix: bool = False) -> tuple[list[str], bool]:
    """The tokens that a text has in a row where it contains a phrase, and whether the last one is only the beginning of a
    token. is_prefix: so is the last word of the phrase. No tokens: the phrase has neither letters nor digits.

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
            tokens.pop()  # the text may go on
    return tokens, is_prefix
