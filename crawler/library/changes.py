"""Show what changed between two versions of a document, word by word: in title, author, date, body, pictures and addresses."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from crawler import normalise, urls
from crawler.files import is_file
from crawler.seedfile import SeedDocument
from crawler.storage import layout

SAME, REMOVED, ADDED = " ", "-", "+"

Piece = tuple[str, str]
"""(SAME, REMOVED or ADDED, text)."""

_MOST_PAIRS = 4_000_000  # words of one version times words of the other; beyond this, a passage counts as replaced

# No pattern reads past the next tag of its kind or backtracks (`*+`, `(?>`), so the time is proportional to the body's length.
_HEAD = re.compile(r"\A<div><i>.*?<br>[^<>]*</i></div>")
_PICTURE = re.compile(
    r"""<img\b(?>[^<>]*?\ssrc=["']([^"'<>]*)["'])[^<>]*+>"""
    r"(?:<div><small[^<>]*+>((?:(?!<img|</?small).)*+)</small></div>"
    r"|(?:<br>)?(<b>(?:(?!<img|</?div|</b>：).)*+</b>：(?:(?!<img|</?div).)*+)</div>)?"
)
_BLOCK = re.compile(r"</?(?:p|div|h[1-6]|br|hr|li|ul|ol|blockquote|table|tr|iframe|video|audio)\b[^<>]*>", re.IGNORECASE)
_ADDRESS = re.compile(r"""<(?:a|iframe|video|audio)\b[^<>]*?\s(?:href|src)=["']([^"'<>]*)["']""", re.IGNORECASE)

# Scripts written without spaces, in which a "word" would be a whole sentence.
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U000323af]"
)


@dataclass(frozen=True)
class PictureChange:
    """A change of one picture. name: of its file. what: removed, added or caption. caption: as pieces."""

    name: str
    what: str
    caption: list[Piece]


@dataclass(frozen=True)
class Difference:
    """The differences between two versions.

    title, author, date: pieces, empty if nothing changed. body: the changed passages in order, each as pieces with a line
    break between paragraphs. removed, added: addresses of links and players.
    """

    title: list[Piece] = field(default_factory=list)
    author: list[Piece] = field(default_factory=list)
    date: list[Piece] = field(default_factory=list)
    body: list[list[Piece]] = field(default_factory=list)
    pictures: list[PictureChange] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Whether no word, picture or address changed. Markup, order of pictures and white space may still differ."""
        return self == Difference()


def compare(before: SeedDocument, after: SeedDocument) -> Difference:
    """Compare two versions of a document. White space and inline markup are not compared."""
    old, new = Counter(_ADDRESS.findall(before.html)), Counter(_ADDRESS.findall(after.html))
    date = [(REMOVED, before.display_date), (ADDED, after.display_date)] if before.display_date != after.display_date else []
    return Difference(
        title=_if_changed(words(before.title, after.title)),
        author=_if_changed(words(before.author, after.author)),
        date=[piece for piece in date if piece[1]],
        body=list(_passages(paragraphs(before.html), paragraphs(after.html))),
        pictures=list(_picture_changes(pictures(before.html), pictures(after.html))),
        removed=list((old - new).elements()),
        added=list((new - old).elements()),
    )


def _if_changed(pieces: list[Piece]) -> list[Piece]:
    return pieces if any(sign != SAME for sign, _ in pieces) else []


# --- the parts of a document ---


def paragraphs(markup: str) -> list[str]:
    """Return the text of each paragraph of a body, without author, date and pictures."""
    body = _PICTURE.sub("<br>", _HEAD.sub("", markup, count=1))
    return [text for part in _BLOCK.split(body) if (text := normalise.text_of(part))]


def pictures(markup: str) -> dict[int | str, tuple[str, str]]:
    """Return id to file name and caption of every picture of a body, in order; of one that is not DW's, its address twice.

    So a picture in another rendition is the same picture. The caption of a slide is its title and text.
    """
    found: dict[int | str, tuple[str, str]] = {}
    for address, caption, slide in _PICTURE.findall(markup):
        name = urls.parse_picture(address)
        if address:
            key, shown = (name.id, name.file_name) if name else (address, address)
            found.setdefault(key, (shown, normalise.text_of(caption or slide)))
    return found


# --- words ---


def words(before: str, after: str) -> list[Piece]:
    """Compare two texts word by word. Returns pieces: what stayed, what was removed, what was added.

    >>> words("a red house", "a blue house")
    [(' ', 'a '), ('-', 'red'), ('+', 'blue'), (' ', ' house')]
    """
    old, new = tokens(before), tokens(after)
    segments: list[tuple[bool, str, str]] = []  # whether it is the same, as it was, as it is
    for tag, i, j, k, m in _opcodes(old, new):
        is_same, was, now = tag == "equal", "".join(old[i:j]), "".join(new[k:m])
        if segments and not segments[-1][0] and (not is_same or now == " "):  # a space between two changes joins them
            _, was_before, now_before = segments.pop()
            is_same, was, now = False, was_before + was, now_before + now
        segments.append((is_same, was, now))
    pieces = [[(SAME, now)] if is_same else [(REMOVED, was), (ADDED, now)] for is_same, was, now in segments]
    return [(sign, text) for group in pieces for sign, text in group if text]


def tokens(text: str) -> list[str]:
    """Split a text into words, signs and white space; Chinese, Japanese, Thai and the like into characters.

    Joined, they give the text without control characters, and with one space for each run of white space.
    """
    found: list[str] = []
    for kind, run in groupby(text, _kind):
        if kind == "word":
            found.append("".join(run))
        elif kind == "space":
            found.append(" ")
        elif kind == "single":
            found.extend(run)
    return found


@functools.cache
def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n":
        return "single"
    if character.isspace():
        return "space"
    if category == "Cc":
        return "control"  # could steer a terminal
    if _NO_SPACES.match(character):
        return "single"
    return "word" if category[0] in "LMN" or category == "Cf" else "single"


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield opcodes like difflib's, in bounded time: the common beginning and end are split off first."""
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    most = min(len(old), len(new)) - start
    end = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    old_end, new_end = len(old) - end, len(new) - end
    if start:
        yield "equal", 0, start, 0, start
    if (old_end - start) * (new_end - start) > _MOST_PAIRS:
        yield "replace", start, old_end, start, new_end
    else:
        matcher = difflib.SequenceMatcher(None, old[start:old_end], new[start:new_end], autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            yield tag, i + start, j + start, k + start, m + start
    if end:
        yield "equal", old_end, len(old), new_end, len(new)


def _passages(old: list[str], new: list[str]) -> Iterator[list[Piece]]:
    """Yield the changed passages of a body, each with all of its paragraphs."""
    for tag, i, j, k, m in _opcodes(old, new):
        if tag != "equal":
            yield words("\n".join(old[i:j]), "\n".join(new[k:m]))


def _picture_changes(old: dict[int | str, tuple[str, str]], new: dict[int | str, tuple[str, str]]) -> Iterator[PictureChange]:
    for key, (name, caption) in old.items():
        if key not in new:
            yield PictureChange(name, "removed", [(REMOVED, caption)] if caption else [])
        elif pieces := _if_changed(words(caption, new[key][1])):
            yield PictureChange(new[key][0], "caption", pieces)
    for key, (name, caption) in new.items():
        if key not in old:
            yield PictureChange(name, "added", [(ADDED, caption)] if caption else [])


# --- for a person ---


def lines(difference: Difference, mark: Callable[[Iterable[Piece]], str]) -> Iterator[str]:
    """Yield a difference as lines of text. mark: turns pieces into a text that shows what was removed and added."""
    for name, pieces in (("title", difference.title), ("author", difference.author), ("date", difference.date)):
        if pieces:
            yield f"{name + ':':<8} {mark(pieces)}"
    if difference.body:
        yield "body:"
    for passage in difference.body:
        yield from (f"    {line}" for line in mark(passage).split("\n"))
        yield ""
    if difference.pictures:
        yield "pictures:"
    for picture in difference.pictures:
        yield f"    {picture.name} {picture.what}: {mark(picture.caption)}".rstrip(": ")
    if difference.removed or difference.added:
        yield "links and players:"
    yield from (f"    {mark([(REMOVED, address)])}" for address in difference.removed)
    yield from (f"    {mark([(ADDED, address)])}" for address in difference.added)
    if difference.is_empty():
        yield "no word, picture or link differs; only markup, white space or the time of fetching"


def plain(pieces: Iterable[Piece]) -> str:
    """Mark changes without colours: `[-removed-]{+added+}`."""
    marks = {SAME: ("", ""), REMOVED: ("[-", "-]"), ADDED: ("{+", "+}")}
    return "".join(f"{marks[sign][0]}{_visible(text)}{marks[sign][1]}" for sign, text in pieces)


def coloured(pieces: Iterable[Piece]) -> str:
    """Mark changes with colours for a terminal: removed text red and struck through, added text green."""
    colours = {SAME: "", REMOVED: "\x1b[9;31m", ADDED: "\x1b[32m"}

    def paint(sign: str, text: str) -> str:
        # line by line, so that an indent between lines is not coloured
        return "\n".join(f"{colours[sign]}{line}\x1b[0m" if line and sign != SAME else line for line in text.split("\n"))

    return "".join(paint(sign, _visible(text)) for sign, text in pieces)


def _visible(text: str) -> str:
    return "".join(character for character in text if character == "\n" or unicodedata.category(character) != "Cc")


def revisions(root: Path, dw_id: int) -> dict[int, str]:
    """Return stamp (milliseconds UTC) to path of the revisions of a document, oldest first."""
    folder = root / "revisions" / str(dw_id)
    stamps = sorted(int(path.stem) for path in folder.glob("*.txt") if path.stem.isdigit() and is_file(path))
    return {stamp: layout.revision_path(dw_id, stamp) for stamp in stamps}
