"""The paragraphs of embeds; test_api and test_pages have them in texts. Words and addresses are invented."""

from __future__ import annotations

import pytest

from crawler.dw import embeds


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("https://twitter.com/ada/status/5", "X"), ("https://mobile.twitter.com/ada", "X"), ("https://www.x.com/ada", "X"),
        ("https://m.facebook.com/dw", "Facebook"), ("https://www.maps.example/x", "maps.example"), ("https://[", ""), ("", ""),
    ],
)  # fmt: skip
def test_service_is_named_by_its_host(address: str, service: str) -> None:
    assert embeds.service_of(address) == service


@pytest.mark.parametrize(
    ("words", "address", "embed_id"),
    [("", "", ""), (" &nbsp; ", "", ""), ("", "javascript:alert(1)", ""), ("", "https://" + "x" * 9_999, ""), ("", "", "<b>")],
)
def test_empty_embed_gives_no_paragraph(words: str, address: str, embed_id: str) -> None:
    assert embeds.paragraph(words, address, embed_id, "X") is None


def test_link_to_dw_is_not_an_external_reference() -> None:
    found = embeds.paragraph("", "https://www.dw.com/en/quiz/a-5")
    assert found
    assert found.html == '<a href="https://www.dw.com/en/quiz/a-5">dw.com</a>'
