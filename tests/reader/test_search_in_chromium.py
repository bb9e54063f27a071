"""The search of a site in a real browser, from disk: it folds like Python and finds the same as a plain scan."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from crawler.library.search.fold import ASSIGNED, UNKNOWN, fold
from crawler.library.search.query import QueryError, parse
from crawler.library.search.tokens import indexed
from crawler.reader import segments, shards
from crawler.reader.plan import Selection
from crawler.reader.site import build
from tests.browser import CHROMIUM
from tests.corpus import KINDS, SEED, Corpus, word
from tests.devtools import Browser
from tests.helpers_commands import archive_of
from tests.reader import samples
from tests.reader.test_pages_in_chromium import AXE, CHECK

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")

QUERIES = 12  # of each kind

_FIND = """
(async () => {
  await words.prepare();
  const answers = [];
  for (const query of %s) {
    const found = [];
    for await (const {hit} of archive.find(words.parse(query))) if (hit) found.push([hit.published, hit.path]);
    answers.push(found);
  }
  return answers;
})()
"""
_SHOWN = """
new Promise((resolve) => {
  const status = document.getElementById("search-status");
  const look = () => /^$|Searching/.test(status.textContent) ? setTimeout(look, 10) : resolve([status.textContent,
    [...document.querySelectorAll("#search-hits li")].map((one) => [one.querySelector("a").getAttribute("href"),
      one.querySelector("a").textContent, [...one.querySelectorAll("mark")].map((mark) => mark.textContent)])]);
  look();
})
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus with a site of small files, so that a search needs several of them."""
    root = tmp_path_factory.mktemp("corpus")
    made = Corpus(root / "archive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "MOST", 64)
        patch.setattr(shards, "_TOKENS", 4000)
        patch.setattr(shards, "_TEXTS", 2000)
        build(made.root, root / "site", Selection())
    return made


@pytest.fixture
def page(site: Path, browser: Browser) -> Browser:
    browser.look()
    browser.open(site / "search.html")
    browser.run("words.prepare()")
    return browser


@pytest.fixture
def large(corpus: Corpus, browser: Browser) -> Browser:
    browser.open(corpus.root.parent / "site" / "search.html")
    browser.run("words.prepare()")
    return browser


def called(browser: Browser, function: str, texts: list[str], *more: str) -> Any:
    """Return what a function of the page makes of each text."""
    rest = "".join(f", {json.dumps(one)}" for one in more)
    return browser.run(f"{json.dumps(texts)}.map((text) => {function}(text{rest}))")


def found(browser: Browser, *queries: str) -> list[set[int]]:
    """Ids of the documents that each query finds; newest first."""
    answers = browser.run(_FIND % json.dumps(queries))
    for answer in answers:
        assert [moment for moment, _ in answer] == sorted((moment for moment, _ in answer), reverse=True)
        assert len({path for _, path in answer}) == len(answer)
    return [{int(path.rpartition("/")[2].partition("-")[0]) for _, path in answer} for answer in answers]


def shown(browser: Browser, hash: str) -> Any:
    """Return the message of the page, and its hits: (address, title, words marked)."""
    browser.run(f"location.hash = {json.dumps(hash)}; document.getElementById('search-status').textContent = ''")
    return browser.run(_SHOWN)


# --- folding ---


def test_every_character_folds_as_in_python(page: Browser) -> None:
    characters = [chr(code) for code in ASSIGNED if unicodedata.category(chr(code)) != "Cs"]
    chance = random.Random(SEED)
    characters += [chr(chance.randrange(0x40000, 0x110000)) for _ in range(3000)]
    assert sum(unicodedata.category(one) not in UNKNOWN for one in characters) > 140_000
    expected = [fold(one) for one in characters]
    answers = called(page, "words.fold", characters)
    pairs = zip(characters, expected, answers, strict=True)
    assert [(one, mine, theirs) for one, mine, theirs in pairs if mine != theirs] == []


def test_no_character_beyond_the_tested_ones_is_assigned() -> None:
    others = set(range(0x110000)) - set(ASSIGNED)
    assert {unicodedata.category(chr(code)) for code in others} <= UNKNOWN


MARKS = (
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030c\u0327\u0328\u0342\u0345\u0483\u05b0\u05c1\u064b\u0651\u0653\u0654\u0655"
    "\u0670\u093c\u093e\u0901\u0902\u094d\u09bc\u09cd\u09be\u0981\u0982\u135d\u200c\u200d\u00ad\ufe0f\u3099"
)


def test_letters_with_marks_fold_as_in_python(page: Browser) -> None:
    blocks = [
        (0x61, 0x7B), (0xC0, 0x180), (0x390, 0x3D0), (0x410, 0x460), (0x5D0, 0x5EB), (0x620, 0x6D4), (0x904, 0x963),
        (0x985, 0x9BA), (0x1200, 0x1210), (0x1F00, 0x1F20), (0x3042, 0x3060), (0xAC00, 0xAC05), (0x4E00, 0x4E05),
    ]  # fmt: skip
    bases = [chr(code) for first, end in blocks for code in range(first, end)]
    texts = [base + mark for base in bases for mark in MARKS]
    chance = random.Random(SEED)
    for _ in range(20_000):
        marks = chance.choices(MARKS, k=chance.randrange(1, 4))
        texts.append("".join([*chance.choices(bases, k=2), *marks, chance.choice(bases)]))
    texts += [nasal + "\u094d" + chr(code) for nasal in "ङञणनम" for code in range(0x915, 0x93A)]
    texts += ["a" + chance.choice(MARKS) * count + "b" for count in (50, 99, 100, 150, 400) for _ in range(20)]
    answers = called(page, "words.fold", texts)
    assert [(one, fold(one), found) for one, found in zip(texts, answers, strict=True) if fold(one) != found] == []


def test_german_folds_as_in_python(page: Browser) -> None:
    chance = random.Random(SEED)
    texts = ["".join(chance.choices("aeouqxyäöüßAEOU -", k=chance.randrange(1, 9))) for _ in range(20_000)]
    answers = called(page, "words.fold", texts, "de")
    assert [(one, found) for one, found in zip(texts, answers, strict=True) if fold(one, "de") != found] == []


def test_texts_have_the_tokens_of_python(page: Browser, corpus: Corpus) -> None:
    texts = [f"{document.title}\n{document.html}" for _, document in list(corpus.documents.values())[:60]]
    assert called(page, "words.indexed", texts, "") == [indexed(text, "").split() for text in texts]
    assert called(page, "words.indexed", texts, "de") == [indexed(text, "de").split() for text in texts]


_PARSED = """
((text) => {
  try {
    const {wanted, unwanted} = words.parse(text);
    const told = (terms) => terms.map(({words, isPrefix, plain, german}) =>
      [words, isPrefix, plain.tokens, plain.isPrefix, german.tokens, german.isPrefix]);
    return [told(wanted), told(unwanted)];
  } catch (error) { return error instanceof words.QueryError ? 'no' : String(error); }
})
"""


def test_queries_are_understood_as_in_python(page: Browser) -> None:
    def told(text: str) -> Any:
        try:
            query = parse(text)
        except QueryError:
            return "no"
        return [[[term.text, term.is_prefix, *term.tokens(""), *term.tokens("de")] for term in terms]
                for terms in (query.wanted, query.unwanted)]  # fmt: skip

    chance = random.Random(SEED)
    pieces = ["word", "Muenchen", "灯笼", "峰", "g20峰会", '"', "-", "*", " ", " ", "!", "é", '"a phrase"', "-no", "ue"]
    texts = ["", "a", "a --*", '"a"--*"b"', "-*", "*", "a -*b", "x" * 10_001]
    texts += ["".join(chance.choices(pieces, k=chance.randrange(1, 7))) for _ in range(3000)]
    answers = called(page, _PARSED, texts)
    assert [(one, found) for one, found in zip(texts, answers, strict=True) if told(one) != found] == []


# --- finding ---


@pytest.mark.parametrize("kind", KINDS)
def test_search_finds_the_same_as_a_scan(kind: str, corpus: Corpus, large: Browser) -> None:
    chance = random.Random(f"{SEED} {kind}")
    queries = [KINDS[kind](corpus, chance) for _ in range(QUERIES)]
    answers = found(large, *(f'"{query}"' for query in queries))
    for query, answer in zip(queries, answers, strict=True):
        assert answer == corpus.scan(query) != set(), (SEED, query)


def test_prefixes_and_unwanted_words_find_the_same_as_a_scan(corpus: Corpus, large: Browser) -> None:
    chance = random.Random(SEED)
    for _ in range(QUERIES):
        begin = word(8)(corpus, chance)[: chance.choice((1, 2, 4))].strip()
        one, other, part = word(2)(corpus, chance), word(4)(corpus, chance), KINDS["4 characters of zh"](corpus, chance)
        pair = KINDS["two words in a row"](corpus, chance)
        answers = found(large, f"{begin}*", f"{one} -{other}", f'{one} -"{pair}"', f'"{part}" -{one}')
        has_one = corpus.scan(one)
        expected = [corpus.scan(begin, is_prefix=True), has_one - corpus.scan(other), has_one - corpus.scan(pair),
                    corpus.scan(part) - has_one]  # fmt: skip
        assert answers == expected, (SEED, begin, one, other, part, pair)


def test_both_chinese_scripts_find_the_same(corpus: Corpus, large: Browser) -> None:
    chance = random.Random(SEED)
    texts = [corpus.passage(chance, "zh-hant")[:4] for _ in range(100)]
    pairs = [(text, fold(text)) for text in texts if len(fold(text).strip()) == 4 and fold(text) != text][:QUERIES]
    assert pairs
    for one, two in pairs:
        assert found(large, one, two) == [corpus.scan(one)] * 2, (SEED, one, two)


def test_long_words_with_the_same_beginning_are_distinguished(site: Path, page: Browser, tmp_path: Path) -> None:
    long = "ab" * 40
    bodies = [f"<p>{long}x</p>", f"<p>{long}y</p>", f"<p>{long}</p>", f"<p>{'长' * 3000} b {'lid ' * 9000}</p>"]
    documents = [samples.document(70000001 + n, "en", f"T{n}", body, days=n) for n, body in enumerate(bodies)]
    archive_of(tmp_path / "archive", *documents)
    build(tmp_path / "archive", tmp_path / "site", Selection())
    page.open(tmp_path / "site" / "search.html")
    answers = found(page, f"{long}x", long, f"{long}*", "ab*", f'-"{long}y" ab*', '"b lid"', '"长长长 b"', '"lid b"')
    ids = [{one - 70000000 for one in answer} for answer in answers]
    assert ids == [{1}, {3}, {1, 2, 3}, {1, 2, 3}, {1, 3}, {4}, {4}, set()]


# --- the page ---


def test_word_typed_in_the_other_chinese_script_is_found_and_marked(page: Browser) -> None:
    said, hits = shown(page, "q=燈籠")
    assert said == "1 document"
    assert hits == [[next(address for address, *_ in hits), "河边的灯笼：一首没有人写下来的歌", ["灯笼", "灯笼"]]]
    said, hits = shown(page, "q=图书馆")
    assert [title for _, title, _ in hits] == ["山上的圖書館只有一本書"]


@pytest.mark.skipif(not AXE, reason="no axe-core here: pip install axe-core-python")
@pytest.mark.parametrize(("dark", "width"), [(False, 1100), (True, 360)])
def test_hits_have_no_accessibility_violation(page: Browser, dark: bool, width: int) -> None:
    assert AXE
    page.look(dark=dark, width=width)
    for asked in ("q=the", "q=燈籠", "q=القديم", "q=zzzz"):
        shown(page, asked)
        page.run(AXE.read_text("utf-8") + ";0")
        assert page.run(CHECK % json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])) == [], asked
    assert page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_form_leads_to_hits_whose_links_open(site: Path, page: Browser) -> None:
    page.run("""
        document.getElementById('search-status').textContent = '';
        document.querySelector('#q').value = 'Muehle';
        document.querySelector('#search').requestSubmit();
    """)
    said, hits = page.run(_SHOWN)
    assert said == "1 document"
    assert page.run("document.title").startswith("Muehle")
    ((address, title, _),) = hits
    assert page.open(site / address).title == title


@pytest.mark.parametrize(("asked", "ids"), [
    ("q=the&language=en", {samples.ENGLISH, samples.GALLERY, samples.VIDEO, samples.LOOSE, samples.AUDIO}),
    ("q=the&kind=video", {samples.VIDEO}),
    ("q=ferr*", {samples.ENGLISH}), ("q=the -ferry -weather -kites -tides", {samples.LOOSE}),
    ("q=the&since=2026-05-31&until=2026-05-31", {samples.ENGLISH, samples.VIDEO}),
    ("q=the&until=2026-04-30", {samples.LOOSE}), ("q=the&language=ar", set()),
])  # fmt: skip
def test_filters_limit_the_hits(page: Browser, asked: str, ids: set[int]) -> None:
    _, hits = shown(page, asked)
    assert {int(address.rpartition("/")[2].partition("-")[0]) for address, *_ in hits} == ids


@pytest.mark.parametrize(("asked", "said"), [
    ("q=zzzzz", "Nothing was found."), ('q="open', "A phrase ends with a quote"), ("q=-only", "A query needs a word"),
    ("q=a*b", "* stands after the beginning of a word"), ("q=!!!", "A query needs a word"),
])  # fmt: skip
def test_query_without_hits_gets_a_message(page: Browser, asked: str, said: str) -> None:
    assert shown(page, asked)[0].startswith(said)


def test_hits_come_twenty_at_a_time(corpus: Corpus, large: Browser) -> None:
    letter = "b"
    expected = corpus.scan(letter, is_prefix=True)
    assert len(expected) > 25
    said, hits = shown(large, f"q={letter}*")
    assert said.startswith("20 documents, back to ")
    large.run("document.getElementById('search-status').textContent = ''; document.getElementById('search-more').click()")
    _, more = large.run(_SHOWN)
    assert len(more) == min(40, len(expected))
    assert more[:20] == hits


def test_page_requests_only_files_of_the_site_and_runs_no_other_script(site: Path, page: Browser) -> None:
    shown(page, "q=alert")
    assert page.run("document.querySelectorAll('#search-hits img, #search-hits script, #search-hits svg').length") == 0
    asked, complaints = page.heard()
    assert complaints == []
    assert [address for address in asked if not address.startswith(f"{site.as_uri()}/")] == []
    page.run("""
        const evil = document.createElement("script");
        evil.textContent = 'document.title = "ran"';
        document.body.append(evil);
    """)
    assert page.run("document.title") != "ran"
    assert len(page.heard()[1]) == 1


def test_missing_file_is_reported(site: Path, page: Browser, tmp_path: Path) -> None:
    archive_of(tmp_path / "archive", samples.document(70000001, "en", "T", "<p>word</p>"))
    build(tmp_path / "archive", tmp_path / "site", Selection())
    (path,) = (tmp_path / "site/search").glob("*/head.js")
    path.unlink()
    page.open(tmp_path / "site" / "search.html")
    said, _ = shown(page, "q=word")
    assert "is missing or damaged. Make the site again" in said
