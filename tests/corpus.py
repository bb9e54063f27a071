"""An archive of generated documents in twelve languages, and a plain scan of their text, which finds what a search must
find."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

from crawler.dw.passages import passages
from crawler.library.search.fold import fold
from crawler.seedfile import SeedDocument
from tests import made
from tests.helpers_commands import NOW_MS, archive_of

DOCUMENTS = 20  # of each language
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_BORDER = re.compile(f"(?<=[{_HAN}])(?=[^{_HAN} ])|(?<=[^{_HAN} ])(?=[{_HAN}])")

SEED = random.SystemRandom().randrange(10**9)
"""Other documents and queries in every run; it is in the name of each test."""


class Corpus:
    """Documents in an archive and in memory."""

    def __init__(self, root: Path) -> None:
        chance = random.Random(SEED)
        self.root = root
        self.documents: dict[int, tuple[str, SeedDocument]] = {}
        for place in range(DOCUMENTS * len(made.LANGUAGES)):
            language = made.LANGUAGES[place % len(made.LANGUAGES)]
            moment = NOW_MS - chance.randrange(0, 400 * made.DAY_MS, 1000)
            document = made.document(70_000_000 + place, language, chance, moment, size=300, seed=SEED)
            self.documents[70_000_000 + place] = language, document
        archive_of(root, *(document for _, document in self.documents.values()))
        self._folded: dict[str, dict[int, list[str]]] = {"": {}, "de": {}}
        for dw_id, (language, document) in self.documents.items():
            rule = "de" if language == "de" else ""
            self._folded[rule][dw_id] = [spaced(fold(text, rule)) for text in (document.title, *passages(document))]

    def scan(self, words: str, *, is_prefix: bool = False) -> set[int]:
        """Return the ids of the documents that have the words in a row."""
        return {
            dw_id
            for rule, folded in self._folded.items()
            for dw_id, texts in folded.items()
            if any(has(text, spaced(fold(words, rule)), is_prefix) for text in texts)
        }

    def passage(self, chance: random.Random, *languages: str) -> str:
        _, document = chance.choice([one for one in self.documents.values() if one[0] in languages])
        return chance.choice(passages(document))


def spaced(folded: str) -> str:
    """Return the text with single spaces, one at each end, and one between Chinese and other characters."""
    return f" {' '.join(_BORDER.sub(' ', folded).split())} "


def has(text: str, wanted: str, is_prefix: bool) -> bool:
    """Whether a text has the words: whole ones, but any part of a run of Chinese."""
    wanted = wanted.strip()
    starts_inside, ends_inside = (re.match(f"[{_HAN}]", character) is not None for character in (wanted[0], wanted[-1]))
    place = text.find(wanted)
    while place >= 0:
        is_start = starts_inside or text[place - 1] == " "
        is_end = ends_inside or is_prefix or text[place + len(wanted)] == " "
        if is_start and is_end:
            return True
        place = text.find(wanted, place + 1)
    return False


def han(length: int, *languages: str) -> Callable[[Corpus, random.Random], str]:
    """Return some Chinese characters in a row from a document, with their punctuation."""

    def draw(corpus: Corpus, chance: random.Random) -> str:
        while True:
            text = corpus.passage(chance, *languages)
            start = chance.randrange(len(text))
            part = text[start : start + length]
            if len(part) == length and fold(part[0]).strip() and fold(part[-1]).strip():
                return part

    return draw


def word(length: int) -> Callable[[Corpus, random.Random], str]:
    """Return a word with some characters from a document in any script except Chinese."""

    def draw(corpus: Corpus, chance: random.Random) -> str:
        while True:
            words = fold(corpus.passage(chance, *made.SYLLABLES)).split()
            if words := [one for one in words if len(one) == length]:
                return chance.choice(words)

    return draw


def words(count: int) -> Callable[[Corpus, random.Random], str]:
    def draw(corpus: Corpus, chance: random.Random) -> str:
        while True:
            text = corpus.passage(chance, *made.SYLLABLES).split()
            start = chance.randrange(max(len(text) - count, 1))
            if len(part := text[start : start + count]) == count:
                return " ".join(part)

    return draw


KINDS = {
    **{f"{length} characters of {language}": han(length, language) for length in (1, 2, 4, 8) for language in made.HAN},
    **{f"a word of {length} characters": word(length) for length in (1, 2, 4, 8)},
    "two words in a row": words(2),
    "three words in a row": words(3),
}
