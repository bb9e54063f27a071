"""Remember how far the lists that name documents were read: feeds, sitemaps, days of search windows, media lists.

A cache: if it is lost, the lists are read again.
"""

from __future__ import annotations

from collections.abc import Iterable

from crawler.storage.index.sqlite import Index

# The objects `o` that one list names, each with the target `t` if it is an alias.
_NAMED = ("FROM listed LEFT JOIN objects o ON o.id = listed.id AND o.rendition = ''"
          " LEFT JOIN objects t ON t.id = o.target AND t.rendition = '' WHERE listed.name = ?")  # fmt: skip


_ANSWERED_BY = "answered by "  # followed by the address of a list: the key in `meta` for the address after a redirect


class ReadLists:
    """The tables `lists` and `listed` of an index."""

    def __init__(self, index: Index) -> None:
        self._select, self._change = index.select, index.change
        self._meta, self._set_meta = index.meta, index.set_meta

    def validators(self, url: str) -> tuple[str, str]:
        """Return (ETag, Last-Modified) of a list that was read to its end, each '' if unknown. url: the requested address."""
        found = self._select("SELECT etag, last_modified FROM lists WHERE name = ?", [url]).fetchone()
        return (found[0], found[1]) if found else ("", "")

    def answered_by(self, url: str) -> str:
        """Return the address that the validators of a list came from: its own, or the one that a redirect led to."""
        return self._meta(_ANSWERED_BY + url) or url

    def set_validators(self, url: str, etag: str, last_modified: str, total: int, answered_by: str = "") -> None:
        """Note a list as read to its end. total: how many documents it named. answered_by: the address after a redirect."""
        if (answered_by or url) != self.answered_by(url):
            self._set_meta(_ANSWERED_BY + url, answered_by)
        self._change("INSERT INTO lists (name, etag, last_modified, total) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                     " etag = excluded.etag, last_modified = excluded.last_modified, total = excluded.total",
                     [url, etag, last_modified, total])  # fmt: skip

    def total(self, name: str) -> int:
        """Return how many documents a list named when it was last read."""
        found = self._select("SELECT total FROM lists WHERE name = ?", [name]).fetchone()
        return int(found[0] or 0) if found else 0

    def page(self, name: str) -> tuple[int, bool]:
        """Return (page, is_done) of a list: the last page read, 0 for none, and whether it was the last and cannot grow."""
        found = self._select("SELECT page, done FROM lists WHERE name = ?", [name]).fetchone()
        return (found[0], bool(found[1])) if found else (0, False)

    def is_known(self, name: str) -> bool:
        """Whether a list was ever noted."""
        return self._select("SELECT 1 FROM lists WHERE name = ?", [name]).fetchone() is not None

    def set_page(self, name: str, page: int, total: int | None, *, is_done: bool, is_end: bool) -> None:
        """Note a page as read. A list that was read to its end but may still grow starts at its first page next time."""
        self._change("INSERT INTO lists (name, page, total, done) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                     " page = excluded.page, total = coalesce(excluded.total, total), done = excluded.done",
                     [name, 0 if is_end and not is_done else page, total, int(is_done)])  # fmt: skip

    def forget(self, name: str) -> None:
        """Forget which documents a list named."""
        self._change("DELETE FROM listed WHERE name = ?", [name])

    def add(self, name: str, ids: Iterable[int]) -> bool:
        """Note documents that a list names. Returns whether any of them is new."""
        new = [self._change("INSERT OR IGNORE INTO listed VALUES (?, ?)", [name, dw_id]) for dw_id in ids]
        return any(new)

    def counts(self, names: list[str]) -> tuple[int, int, int, int]:
        """Return sums over some lists: (listed, archived of those, available by DW's count, lists not read to their end)."""
        listed = archived = available = unfinished = 0
        for name in names:
            found = self._select(f"SELECT count(*), count(coalesce(o.path, t.path)) {_NAMED}", [name]).fetchone()
            total = self._select("SELECT total, done FROM lists WHERE name = ?", [name]).fetchone() or (None, 0)
            listed, archived = listed + found[0], archived + found[1]
            available, unfinished = available + (total[0] or 0), unfinished + (not total[1])
        return listed, archived, available, unfinished

    def others(self, names: list[str]) -> dict[str, int]:
        """Return how many documents of some lists are not archived, by state."""
        found: dict[str, int] = {}
        for name in names:
            for state, count in self._select(
                f"SELECT coalesce(t.state, o.state) AS now, count(*) {_NAMED}"
                " AND coalesce(o.path, t.path) IS NULL AND o.id IS NOT NULL GROUP BY now", [name]
            ):  # fmt: skip
                found[state] = found.get(state, 0) + count
        return dict(sorted(found.items()))
