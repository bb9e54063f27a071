"""Report and count what a reply holds and its document lacks."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crawler import seedfile
from crawler.crawl.component import RunComponent

if TYPE_CHECKING:
    from crawler.crawl.pipelines.item import Fetched

logger = logging.getLogger(__name__)

_NAMED = 50  # log lines of a kind, for an article


class OmissionsPipeline(RunComponent):
    """Counts and logs what a reply holds and its document lacks.

    Counts dw/element/skipped/<type>, dw/reference/refused, dw/reference/left_out, dw/picture/refused, dw/reply/unknown_key,
    and for `drift` dw/drift/place/<origin> and dw/drift/with_skipped.
    A log names at most 50 of a kind for an article.
    """

    def process_item(self, item: Fetched) -> Fetched:
        article = item.article
        self.run.note_keys(article.unknown_keys)
        self.run.count(f"dw/drift/place/{article.origin}")
        if article.skipped:
            self.run.count("dw/drift/with_skipped")
        what = f"{article.kind} {article.id}"
        skipped = Counter(article.skipped).most_common()
        for name, count in skipped[:_NAMED]:
            self.run.count(f"dw/element/skipped/{name}", count)
            logger.info("%s: body element of unknown type %r skipped, %d of them; the reply has it", what, name, count)
        if others := sum(count for _, count in skipped[_NAMED:]):
            self.run.count("dw/element/skipped/other types", others)
        self._refuse("picture", article.refused, f"{what}: picture or media address refused, not DW's")
        self._refuse("reference", seedfile.refused_references(item.document.html, self.run.sites),
                     f"{what}: reference refused, not DW's")  # fmt: skip
        if left_out := seedfile.references_left_out(item.document.html, self.run.sites):
            self.run.count("dw/reference/left_out", left_out)
            logger.warning("%s: %d references beyond the first %d left out", what, left_out, seedfile.MOST_REFERENCES)
        return item

    def _refuse(self, what: str, addresses: Sequence[str], message: str) -> None:
        if addresses:
            self.run.count(f"dw/{what}/refused", len(addresses))
        for address in addresses[:_NAMED]:
            logger.warning("%s: %.200s", message, address)
