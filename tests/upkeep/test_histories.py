"""Merging the histories of a document in two archives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.upkeep.histories import Plan, Version, merge

Text = tuple[int, str]


def ours(*texts: Text, replies: str = "") -> list[Version]:
    return history(texts, replies, is_ours=True)


def theirs(*texts: Text, replies: str = "") -> list[Version]:
    return history(texts, replies, is_ours=False)


def history(texts: tuple[Text, ...], replies: str, *, is_ours: bool) -> list[Version]:
    """Return a history of (stamp, text); the last is the document. replies: the texts that have one."""
    found = []
    for place, (stamp_ms, text) in enumerate(texts):
        path, is_last = f"{'ours' if is_ours else 'theirs'}/{stamp_ms}{text}", place == len(texts) - 1
        found.append(Version(path, stamp_ms, (text, ""), f"{stamp_ms}{text}", is_last, text in replies, is_ours))
    return found


def carried_out(mine: list[Version], plan: Plan) -> list[Text]:
    """Return the history of the receiver after the merge, the document last."""
    everything = [*mine, *plan.revisions, *([plan.current] if plan.current else [])]
    current = plan.current or next((one for one in mine if one.is_current), None)
    revisions = [one for one in everything if one is not current]
    return [(one.stamp_ms, one.text[0]) for one in (*sorted(revisions, key=lambda one: (one.stamp_ms, one.text)),
                                                    *([current] if current else []))]  # fmt: skip


@pytest.mark.parametrize(("mine", "other", "result"), [
    ([], [(1, "a"), (2, "b")], [(1, "a"), (2, "b")]),
    ([(1, "a")], [], [(1, "a")]),
    ([(1, "a")], [(2, "b")], [(1, "a"), (2, "b")]),
    ([(2, "b")], [(1, "a")], [(1, "a"), (2, "b")]),
    ([(1, "a")], [(2, "a")], [(1, "a")]),
    ([(2, "a")], [(1, "a")], [(2, "a")]),
    ([(1, "a"), (3, "c")], [(2, "b"), (4, "d")], [(1, "a"), (2, "b"), (3, "c"), (4, "d")]),
    ([(10, "a")], [(5, "a"), (7, "b")], [(5, "a"), (7, "b"), (10, "a")]),
    ([(5, "a"), (7, "b")], [(10, "a")], [(5, "a"), (7, "b"), (10, "a")]),
    ([(1, "a")], [(1, "b")], [(1, "a"), (1, "b")]),
    ([(1, "b")], [(1, "a")], [(1, "a"), (1, "b")]),
    ([], [(9, "b"), (2, "a")], [(9, "b"), (2, "a")]),
], ids=str)  # fmt: skip
def test_versions_of_both_are_ordered_by_stamp(mine: list[Text], other: list[Text], result: list[Text]) -> None:
    mine_ = ours(*mine)
    assert carried_out(mine_, merge(mine_, theirs(*other))) == result


def test_reply_is_taken_for_the_same_text_without_one() -> None:
    plan = merge(ours((1, "a"), (3, "b")), theirs((1, "a"), (2, "b"), replies="ab"))
    assert [(one.path, other.path) for one, other in plan.replies] == [("theirs/1a", "ours/1a"), ("theirs/2b", "ours/3b")]
    assert merge(ours((1, "a"), replies="a"), theirs((2, "a"), replies="a")) == Plan()


histories = st.lists(st.tuples(st.integers(1, 6), st.sampled_from("abc")), max_size=5, unique=True).map(sorted).map(tuple)


@given(histories, histories)
def test_both_directions_give_the_same_texts(one: tuple[Text, ...], other: tuple[Text, ...]) -> None:
    here, there = ours(*one), ours(*other)
    forth = carried_out(here, merge(here, theirs(*other)))
    back = carried_out(there, merge(there, theirs(*one)))
    assert folded(forth) == folded(back)
    assert {text for _, text in forth} == {text for _, text in (*one, *other)}
    assert set(one) <= set(forth)


def folded(history: list[Text]) -> list[str]:
    """Return the texts in order, without immediate repeats."""
    texts = [text for _, text in history]
    return [text for place, text in enumerate(texts) if texts[place - 1 : place] != [text]]


@given(histories, histories)
def test_repeating_a_merge_takes_nothing(one: tuple[Text, ...], other: tuple[Text, ...]) -> None:
    here = ours(*one)
    after = ours(*carried_out(here, merge(here, theirs(*other))))
    again = merge(after, theirs(*other))
    assert (again.current, again.revisions) == (None, ())
