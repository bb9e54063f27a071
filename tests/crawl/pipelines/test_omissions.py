"""What a reply holds and its document lacks is counted, and logged up to a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crawler import seedfile
from crawler.crawl.pipelines.omissions import _NAMED, OmissionsPipeline
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with
from tests.crawl.pipelines.test_compare import ID, fetched

ALWAYS = {"dw/drift/place/api": 1}


@pytest.fixture
def run(archive: OpenArchive) -> Any:
    return run_with(archive())


def pass_through(run: Any, body: str = "Words.", **of_article: Any) -> None:
    item = fetched()
    item = replace(item, article=replace(item.article, **of_article), document=replace(item.document, html=f"<p>{body}</p>"))
    assert OmissionsPipeline(run).process_item(item) is item


def test_complete_document_causes_no_log_line(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    pass_through(run)
    assert (run.stats, run.notes, caplog.messages) == (ALWAYS, [], [])


def test_skipped_elements_are_counted_by_type(run: Any) -> None:
    pass_through(run, skipped=["Quiz", "Map", "Quiz"])
    assert run.stats == {**ALWAYS, "dw/drift/with_skipped": 1, "dw/element/skipped/Quiz": 2, "dw/element/skipped/Map": 1}


def test_a_type_beyond_the_limit_is_counted_with_the_others(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    pass_through(run, skipped=[f"Type {n}" for n in range(_NAMED + 7)])
    assert run.stats["dw/element/skipped/other types"] == 7
    assert len(caplog.messages) == _NAMED


def test_refused_addresses_are_all_counted_and_named_up_to_the_limit(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    pass_through(run, refused=[f"https://evil.example/{n}.jpg" for n in range(_NAMED + 7)])
    assert run.stats["dw/picture/refused"] == _NAMED + 7
    assert len(caplog.messages) == _NAMED
    assert f"article {ID}: picture or media address refused, not DW's: https://evil.example/0.jpg" in caplog.messages


def test_a_reference_to_another_host_is_refused(run: Any) -> None:
    pass_through(run, '<a href="https://evil.example/api/detail/article/8" rel="ArticleRef">More</a>')
    assert run.stats == {**ALWAYS, "dw/reference/refused": 1}


def test_references_beyond_the_limit_are_counted(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    link = '<a href="https://api.dw.com/api/detail/article/{}" rel="ArticleRef">x</a>'
    pass_through(run, "".join(link.format(n) for n in range(1, seedfile.MOST_REFERENCES + 4)))
    assert run.stats["dw/reference/left_out"] == 3
    assert caplog.messages == [f"article {ID}: 3 references beyond the first {seedfile.MOST_REFERENCES} left out"]


def test_unknown_keys_are_noted(run: Any) -> None:
    pass_through(run, unknown_keys=["newKey"])
    assert run.notes == ["newKey"]
