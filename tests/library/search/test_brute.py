"""Comparing the search with a plain scan of every document: both find exactly the same."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from crawler.dw.passages import passages
from crawler.library.search.fold import fold
from crawler.library.search.index import SearchIndex
from crawler.library.search.query import parse
from crawler.library.search.search import Selection, search
from tests.corpus import KINDS, SEED, Corpus, word

QUERIES = 25  # of each kind


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("brute") / "archive")


@pytest.fixture(scope="module")
def index(corpus: Corpus) -> Iterator[SearchIndex]:
    with SearchIndex(corpus.root) as index:
        assert index.catch_up() == len(corpus.documents)
        yield index


def found(index: SearchIndex, query: str, *, best: bool = False) -> set[int]:
    return {hit.id for hit in search(index.db, index.root, parse(query), Selection(), lambda path: None, best=best)}


@pytest.mark.parametrize("kind", KINDS)
def test_search_finds_the_same_as_a_scan(kind: str, corpus: Corpus, index: SearchIndex) -> None:
    chance = random.Random(f"{SEED} {kind}")
    for _ in range(QUERIES):
        query = KINDS[kind](corpus, chance)
        expected = corpus.scan(query)
        assert expected, (SEED, query)
        assert found(index, f'"{query}"') == expected, (SEED, query)
        assert found(index, f'"{query}"', best=True) == expected, (SEED, query)


@pytest.mark.parametrize("length", [1, 2, 4])
def test_prefix_finds_the_same_as_a_scan(length: int, corpus: Corpus, index: SearchIndex) -> None:
    chance = random.Random(f"{SEED} {length}")
    for _ in range(QUERIES):
        query = word(8)(corpus, chance)[:length].strip()
        assert found(index, f"{query}*") == corpus.scan(query, is_prefix=True), (SEED, query)


def test_hits_have_all_wanted_words_and_no_unwanted_one(corpus: Corpus, index: SearchIndex) -> None:
    chance = random.Random(SEED)
    for _ in range(QUERIES):
        texts = [corpus.passage(chance, "ru", "zh", "de") for _ in range(2)]
        one, other, unwanted = (chance.choice([part for part in fold(text).split() if part]) for text in (*texts, texts[0]))
        expected = (corpus.scan(one) & corpus.scan(other)) - corpus.scan(unwanted)
        assert found(index, f"{one} {other} -{unwanted}") == expected, (SEED, one, other, unwanted)
        assert found(index, f'-"{unwanted}" {one}') == corpus.scan(one) - corpus.scan(unwanted), (SEED, one, unwanted)


def test_both_chinese_scripts_find_the_same(corpus: Corpus, index: SearchIndex) -> None:
    chance = random.Random(SEED)
    texts = (corpus.passage(chance, "zh-hant") for _ in range(200))
    other = {text: fold(text).replace(" ", "，") for text in texts}
    pairs = [(text[:4], folded[:4]) for text, folded in other.items() if fold(text[:4]).strip() == fold(text[:4])]
    assert any(one != two for one, two in pairs)
    for one, two in pairs[:QUERIES]:
        assert found(index, one) == found(index, two) == corpus.scan(one), (SEED, one, two)


def test_phrase_does_not_match_across_passages(corpus: Corpus, index: SearchIndex) -> None:
    language, document = corpus.documents[70_000_000]
    ends = [(one.split()[-1], two.split()[0]) for one, two in zip(passages(document)[1:], passages(document)[2:], strict=False)]
    for one, two in ends:
        assert found(index, f'"{one} {two}"') == corpus.scan(f"{one} {two}"), (SEED, language, one, two)
