"""Snippets are the document's own text, with the searched words marked."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import seedfile
from crawler.dw.passages import passages
from crawler.library.search import tokens
from crawler.library.search.fold import fold
from crawler.library.search.query import parse
from crawler.library.search.snippet import atoms, snippet, whole
from tests import made
from tests.helpers_commands import NOW_MS, document


def marked(text: str | list[str], query: str, language: str = "") -> str:
    pieces = snippet([text] if isinstance(text, str) else text, parse(query).wanted, language)
    return "".join(f"[{piece}]" if is_wanted else piece for is_wanted, piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "language", "expected"),
    [
        ("The Harbour, again.", "harbour", "en", "The [Harbour], again."),
        ("The harbours and the harbour.", "harbour", "en", "The harbours and the [harbour]."),
        ("The harbours.", "harb*", "en", "The [harbours]."),
        ("The old harbour, the old harbour.", '"old harbour"', "en", "The [old harbour], the [old harbour]."),
        ("Grüße aus München", "muenchen gruesse", "de", "[Grüße] aus [München]"),
        ("Mu\u0308nchen im Mai", "münchen", "de", "[München] im Mai"),
        ("臺灣與中國的經濟，美國。", "经济", "zh", "臺灣與中國的[經濟]，美國。"),
        ("臺灣與中國的經濟，美國。", "经济美国", "zh", "臺灣與中國的經濟，美國。"),
        ("臺灣與中國的經濟，美國。", '"经济 美国"', "zh", "臺灣與中國的[經濟，美國]。"),
        ("經，濟和經濟", "经济", "zh", "經，濟和[經濟]"),
        ("經濟美國", '"经济 美国"', "zh", "經濟美國"),
        ("臺灣與臺北", "台", "zh", "[臺]灣與[臺]北"),
        ("中中中", "中中", "zh", "[中中中]"),
        ("在G20峰会上", "g20峰", "zh", "在[G20峰]会上"),
        ("हिन्दी में", "हिंदी", "hi", "[हिन्दी] में"),
        ("мой йод", "й\u043e\u0434", "ru", "мой [йод]"),
        ("می\u200cخواهم", "میخواهم", "fa-ir", "[می\u200cخواهم]"),
        ("10½ Jahre", "10½", "de", "[10½] Jahre"),
        ("５㌔先", "キロ", "ja", "５[㌔]先"),
    ],
)
def test_searched_words_are_marked(text: str, query: str, language: str, expected: str) -> None:
    assert marked(text, query, language) == expected


def test_title_is_marked_as_a_whole() -> None:
    title = "The wind and the harbour " * 20
    pieces = whole(title, parse("wind harb*").wanted, "en")
    assert "".join(text for _, text in pieces) == title
    assert [text for is_wanted, text in pieces if is_wanted] == ["wind", "harbour"] * 20
    assert whole("臺灣", parse("台").wanted, "zh") == [(True, "臺"), (False, "灣")]
    assert whole("", parse("a").wanted, "en") == []


def test_passage_with_most_words_is_shown() -> None:
    texts = ["A harbour.", "The old harbour in the wind.", "The wind."]
    assert marked(texts, "harbour wind", "en") == "The old [harbour] in the [wind]."


def test_beginning_is_shown_if_only_the_title_has_the_words() -> None:
    assert marked(["Somebody", "The first paragraph of all."], "nothing") == "The first paragraph of all."
    assert marked([], "nothing") == ""


def test_long_passage_is_cut_between_words() -> None:
    text = " ".join(f"word{n}" for n in range(200))
    found = marked(text, "word100", "en")
    assert found.startswith("… word9")
    assert found.endswith(" …")
    assert all(part in text for part in found.strip("… ").replace("[", "").replace("]", "").split())
    assert 200 < len(found) < 260
    assert 100 < len(marked("经济" * 300 + "中国" + "美国" * 300, "中国", "zh")) < 130


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=20), st.sampled_from(["", "de"]))
def test_atoms_are_the_tokens_of_the_text(text: str, language: str) -> None:
    text = unicodedata.normalize("NFC", text)
    found = [(one.folded, one.goes_on) for one in atoms(text, language)]
    expected = []
    for part in tokens.parts(fold(text, language)):
        expected += [(one, n > 0) for n, one in enumerate(part)] if tokens.has_no_spaces(part) else [(part, False)]
    assert found == expected


@pytest.mark.parametrize("language", made.LANGUAGES)
def test_any_words_of_a_document_are_marked(language: str) -> None:
    chance = random.Random()
    texts = passages(made.document(70000001, language, chance, NOW_MS))
    for _ in range(20):
        text = chance.choice(texts)
        words = text.split()
        start = chance.randrange(len(words))
        wanted = " ".join(words[start : start + 2]) if language not in made.HAN else text[start : start + 3].strip("，。")
        if fold(wanted).strip():
            pieces = snippet(texts, parse(f'"{wanted}"').wanted, language)
            # a piece may hold more: places that touch are marked as one
            marked = [" ".join(fold(piece, language).split()) for hit, piece in pieces if hit]
            assert any(" ".join(fold(wanted, language).split()) in piece for piece in marked), wanted


# --- the text of a document ---


def test_passages_are_author_paragraphs_and_captions() -> None:
    body = (
        '<img src="https://images.weserv.nl/?url=static.dw.com/image/1_303.jpg" width="100%"><div><small style="color: #999;">'
        'A caption &amp; more</small></div><p>One <b>bold</b>word<br>two</p><p>&nbsp;</p><h3>相关图集：Boats</h3>'
        '<div><img src="x" width="100%"><b>Slide</b>：Text</div><br><hr><div>获取更多RSS：x</div>'
    )  # fmt: skip
    found = passages(document(body=body, author="An Author"))
    assert found == ["An Author", "A caption & more", "One boldword", "two", "Boats", "Slide：Text"]


def test_passage_holds_no_control_characters() -> None:
    assert passages(document(body="<p>a&#27;[31mb&#10;c\x9b</p>", author="")) == ["a[31mb c"]


def test_recorded_documents_have_their_text(recorded: object) -> None:
    from tests.conftest import seed_paths

    for path in seed_paths():
        found = passages(seedfile.loads(path.read_bytes()))
        assert found
        assert not any("<" in text and ">" in text.split("<", 1)[1] for text in found), path.name
