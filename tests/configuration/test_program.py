"""How this process was called."""

from __future__ import annotations

import pytest

from crawler.configuration.program import crawling, program


@pytest.mark.parametrize(
    ("called", "name", "crawl"),
    [
        ("/usr/bin/dw-archiver", "dw-archiver", "dw-archiver crawl"), ("dw-archiver", "dw-archiver", "dw-archiver crawl"),
        ("/usr/bin/scrapy", "scrapy", "scrapy crawl dw"), ("/x/pytest", "scrapy", "scrapy crawl dw"),
        ("", "scrapy", "scrapy crawl dw"),
    ],
)  # fmt: skip
def test_messages_name_the_program_that_was_called(called: str, name: str, crawl: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [called])
    assert (program(), crawling()) == (name, crawl)
