"""Any text is parsed, or refused with a message; SQLite gets only valid queries."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.library.search.catalogue import COLUMNS, GERMAN_COLUMNS, SCHEMA
from crawler.library.search.query import LONGEST, Query, QueryError, Term, expression, parse


def words(*texts: str) -> tuple[Term, ...]:
    return tuple(map(Term, texts))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("one two", Query(words("one", "two"))),
        ('"one two" three', Query(words("one two", "three"))),
        ("one -two", Query(words("one"), words("two"))),
        ('one -"two three"', Query(words("one"), words("two three"))),
        ("-two one", Query(words("one"), words("two"))),
        ("wind*", Query((Term("wind", True),))),
        ('"north win*"', Query((Term("north win", True),))),
        ("one -win*", Query(words("one"), (Term("win", True),))),
        ("one one", Query(words("one"))),
        ("e-mail U.S.", Query(words("e-mail", "U.S."))),
        ("one - two & !!!", Query(words("one", "two"))),
        ("AND OR NOT NEAR", Query(words("AND", "OR", "NOT", "NEAR"))),
        ('one"two"', Query(words("one", "two"))),
        ("“one” 「经济」", Query(words("“one”", "「经济」"))),
    ],
)
def test_query_is_understood(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    "text",
    ["", "  ", "-one", "!!!", '""', '"', 'one "two', "*", "one * two", "-*", "w*nd", "*wind", "wind**", "one w*nd*",
     "a" * (LONGEST + 1), "\0", "🙂", "\ue000"],
)  # fmt: skip
def test_query_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(SCHEMA)
        sql = f"INSERT INTO words (rowid, {', '.join(COLUMNS)}) VALUES (1, 'some words and or not near title text', 'a title')"
        db.execute(sql)
        yield db


def found(db: sqlite3.Connection, text: str) -> bool:
    """Whether a query finds the only document. Raises QueryError."""
    wanted = expression(parse(text), COLUMNS, GERMAN_COLUMNS)
    return bool(db.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words)", [wanted]).fetchall())


HOSTILE = [
    "title:some", "{title text}: words", "some AND", "NOT some", "NEAR(some words, 2)", "^some", "some + words", "(some",
    "some)", "some'--", "';DROP TABLE words;--", "some\0words", "\ud800some", "-", "--", "---some", 'some "" words',
    "some\n\twords", "some:words", "some|words", "some\\words", "%s", "some" * 2000, "ä" * 5000, "经" * 10_000, "a b " * 2500,
    "-a " * 3000 + "some", '"' + "a b " * 2000 + '"', "ue" * 5000, '"some' + " words" * 1600 + '"', "قا" * 3000, "a* " * 3000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_query_causes_no_sqlite_error(db: sqlite3.Connection, text: str) -> None:
    with contextlib.suppress(QueryError):
        found(db, text)


def test_keywords_of_fts5_are_ordinary_words(db: sqlite3.Connection) -> None:
    assert found(db, "AND OR NOT NEAR title: some -OIL")
    assert not found(db, "text:oil")
    assert not found(db, "some NOT OIL")


@given(st.text(max_size=60) | st.lists(st.sampled_from([*'"*-(){}:^+ ', "a", "ü", "ue", "中", "AND", "NOT"])).map("".join))
@example("\ufdfa")
def test_any_query_is_parsed_or_refused(db: sqlite3.Connection, text: str) -> None:
    with contextlib.suppress(QueryError):
        found(db, text)


def test_query_of_a_megabyte_is_refused() -> None:
    with pytest.raises(QueryError, match="at most 10,000 characters"):
        parse("x " * 500_000)
