"""The memory of lists: validators, pages, and the documents they name."""

from __future__ import annotations

from crawler.storage.index.apply import apply
from crawler.storage.index.lists import ReadLists
from crawler.storage.index.sqlite import Index
from tests.storage.index.lines import RUN, document

URL = "https://rss.dw.com/rdf/rss-en-all"


def test_validators_are_those_of_the_last_reading(index: Index) -> None:
    lists = ReadLists(index)
    assert (lists.validators(URL), lists.total(URL), lists.answered_by(URL)) == (("", ""), 0, URL)
    lists.set_validators(URL, "e1", "l1", 5)
    lists.set_validators(URL, "e2", "", 7, "https://rss.dw.com/moved")
    assert (lists.validators(URL), lists.total(URL), lists.answered_by(URL)) == (("e2", ""), 7, "https://rss.dw.com/moved")
    lists.set_validators(URL, "e3", "", 7, URL)
    assert lists.answered_by(URL) == URL


def test_a_list_at_its_end_that_may_grow_is_read_from_its_beginning(index: Index) -> None:
    lists = ReadLists(index)
    assert lists.page("day") == (0, False)
    lists.set_page("day", 1, 40, is_done=False, is_end=False)
    assert lists.page("day") == (1, False)
    lists.set_page("day", 2, None, is_done=False, is_end=True)
    assert (lists.page("day"), lists.total("day")) == ((0, False), 40)
    lists.set_page("day", 2, 41, is_done=True, is_end=True)
    assert lists.page("day") == (2, True)


def test_listed_documents_are_counted_by_their_state(index: Index) -> None:
    lists = ReadLists(index)
    apply(index, document(7), RUN)
    index.register([8], 0)
    index.set_alias(9, 7)
    assert lists.add("a", [7, 8])
    assert not lists.add("a", [8, 7])
    assert lists.add("b", [9, 10])
    lists.set_page("a", 1, 3, is_done=True, is_end=True)
    assert lists.counts(["a", "b"]) == (4, 2, 3, 1)
    assert lists.others(["a", "b"]) == {"pending": 1}
    lists.forget("a")
    assert lists.counts(["a"]) == (0, 0, 3, 0)
