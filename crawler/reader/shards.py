"""Make the shards for searching without a server: files that the search page loads as scripts.

A segment has up to `segments.MOST` documents, numbered from 0, newest first. Its folder has

- `tokens-N.js`: tokens in order, each with the numbers of the documents that have it;
- `texts-N.js`: the documents' own words, which decide whether words form a phrase, and give the snippets;
- `head.js`: language, kind and day of each document, and which texts lie in which file.

No file is large, whatever the documents are. `search/find.js` reads them.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from crawler.dw.passages import line_of, passages
from crawler.library.search import fold
from crawler.library.search.tokens import BREAK, indexed
from crawler.reader.body import page_path
from crawler.reader.memory import Document
from crawler.seedfile import SeedDocument

FOLDER = "search"

LONGEST_TOKEN = 64
"""In characters. Only the beginning of a longer token is indexed; the document's words decide."""

_DIGITS = "".join(chr(code) for code in range(33, 127) if chr(code) not in "\"'<>&\\")
_SHORT = 64  # distances below this have one digit, others two
LARGEST_DISTANCE = _SHORT + (len(_DIGITS) - _SHORT) * len(_DIGITS) - 1

_TOKENS, _TEXTS = 32_000, 30_000  # characters of a file
_OVERHEAD = 150  # characters, of what else a text's entry has

_DAY_MS = 86_400_000


class File(NamedTuple):
    """A script. path: relative to the site's folder."""

    path: str
    data: bytes


def script(path: str, value: object) -> File:
    """Return a script that gives a value to the page that loads it: `dw("path", value);`. No value can end the string or the
    script early."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return File(path, f'dw("{path}",{text});\n'.encode("utf-8", "replace"))


@functools.cache
def folding() -> File:
    """Return the folding tables of `find.js`: those of `fold.tables`, with the characters that become a space or nothing as
    ranges. A character unknown to this Python becomes a space."""
    tables = fold.tables()
    characters: dict[str, str] = tables["characters"]
    changed = {one: other for one, other in characters.items() if other not in ("", " ")}
    return script(f"{FOLDER}/folding.js", {
        "spaces": _ranges(one for one, other in characters.items() if other == " "),
        "nothing": _ranges(one for one, other in characters.items() if other == ""),
        "letters": "".join(one + other for one, other in changed.items() if len(other) == 1),
        "others": {one: other for one, other in changed.items() if len(other) > 1},
        "sequences": tables["sequences"], "without_spaces": tables["without_spaces"], "longest_token": LONGEST_TOKEN,
        "assigned": _ranges(one for one in map(chr, fold.ASSIGNED) if unicodedata.category(one) not in fold.UNKNOWN),
        "digits": _DIGITS, "short": _SHORT,
    })  # fmt: skip


def _ranges(characters: Iterable[str]) -> list[int]:
    """Return code points in order as ranges: first, count, first, count ..."""
    found: list[int] = []
    for code in map(ord, characters):
        if found and found[-2] + found[-1] == code:
            found[-1] += 1
        else:
            found += [code, 1]
    return found


class Segment:
    """The shards of a segment. `add` takes its documents, newest first, and yields the files that are complete; `finish` yields
    the others. first_tokens: the first token of each `tokens-N.js`, after `finish`."""

    def __init__(self, name: str) -> None:
        self.first_tokens: list[str] = []
        self._folder = f"{FOLDER}/{name}"
        self._count = 0
        self._languages: list[str] = []
        self._kinds: list[str] = []
        self._days: list[int] = []
        self._postings: dict[str, list[int]] = {}
        self._starts: list[float] = []  # the first document of each file of texts, plus a half if the file continues it
        self._texts: list[list[Any]] = []
        self._size = 0

    def add(self, row: Document, document: SeedDocument) -> Iterator[File]:
        number = self._count
        self._count += 1
        self._languages.append(row.language)
        self._kinds.append(row.kind)
        self._days.append(row.published_ms // _DAY_MS)
        title, text = line_of(document.title), passages(document)
        found = {*indexed(title, row.language).split(), *indexed("\n".join(text), row.language).split()} - {BREAK}
        for token in {token[:LONGEST_TOKEN] for token in found}:
            self._postings.setdefault(token, []).append(number)
        facts = [page_path(row.path), row.published_ms]
        for place, (lines, goes_on) in enumerate(_pieces([title, *text])):
            size = sum(map(len, lines)) + _OVERHEAD
            if self._texts and self._size + size > _TEXTS:
                yield self._flush_texts()
            if not self._texts:
                self._starts.append(number + 0.5 if place else number)
            self._texts.append([number, goes_on, lines] if place else [number, goes_on, lines, *facts])
            self._size += size

    def finish(self) -> Iterator[File]:
        if self._texts:
            yield self._flush_texts()
        yield from self._tokens()
        languages, kinds = sorted(set(self._languages)), sorted(set(self._kinds))
        yield script(f"{self._folder}/head.js", {
            "languages": languages, "language": [languages.index(one) for one in self._languages],
            "kinds": kinds, "kind": [kinds.index(one) for one in self._kinds],
            "days": [one - other for one, other in zip(self._days, [0, *self._days], strict=False)], "texts": self._starts,
        })  # fmt: skip

    def _flush_texts(self) -> File:
        found = script(f"{self._folder}/texts-{len(self._starts) - 1}.js", self._texts)
        self._texts, self._size = [], 0
        return found

    def _tokens(self) -> Iterator[File]:
        parts: list[str] = []
        size = 0
        for token in sorted(self._postings, key=_as_javascript):
            if not parts:
                self.first_tokens.append(token)
            parts += [token, encoded(self._postings[token])]
            size += len(parts[-2]) + len(parts[-1]) + 2
            if size > _TOKENS:
                yield self._token_file(parts)
                parts, size = [], 0
        if parts:
            yield self._token_file(parts)

    def _token_file(self, parts: list[str]) -> File:
        return script(f"{self._folder}/tokens-{len(self.first_tokens) - 1}.js", " ".join(parts))


def _as_javascript(token: str) -> bytes:
    """Return the key that sorts tokens as JavaScript does, which compares UTF-16."""
    return token.encode("utf-16-be", "surrogatepass")


def encoded(numbers: Iterable[int]) -> str:
    """Encode ascending numbers as the distances between them.

    >>> encoded([0, 1, 3, 100])
    '!!#gF'
    """
    found = []
    last = -1
    for number in numbers:
        distance = number - last - 1
        last = number
        if distance < _SHORT:
            found.append(_DIGITS[distance])
        else:
            high, low = divmod(distance - _SHORT, len(_DIGITS))
            found.append(_DIGITS[_SHORT + high] + _DIGITS[low])
    return "".join(found)


def _pieces(lines: Iterable[str]) -> Iterator[tuple[list[str], bool]]:
    """Split lines into pieces that fit into a file, at least one. Yields (lines, whether they continue the last piece)."""
    piece: list[str] = []
    size, goes_on = 0, False
    for line in lines:
        for start in range(0, max(len(line), 1), _TEXTS):
            part = line[start : start + _TEXTS]
            if piece and size + len(part) > _TEXTS:
                yield piece, goes_on
                piece, size, goes_on = [], 0, start > 0
            piece.append(part)
            size += len(part)
    yield piece, goes_on
