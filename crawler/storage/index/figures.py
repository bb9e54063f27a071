"""Count over the whole index, for commands that report. Nothing here changes the index."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crawler.storage.index.sqlite import Index

_ARCHIVED_DOCUMENTS = "FROM objects WHERE format = '' AND path IS NOT NULL GROUP BY 1 ORDER BY"


def languages(index: Index) -> dict[str, int]:
    """Return the number of archived documents by language path, the largest first; `und` if the language is unknown."""
    return dict(index.select(f"SELECT coalesce(language, 'und'), count(*) {_ARCHIVED_DOCUMENTS} 2 DESC, 1"))


def months(index: Index) -> dict[str, int]:
    """Return the number of archived documents by month of publication, as `2026-11` or `unknown`, the latest first."""
    month = "coalesce(strftime('%Y-%m', published_ms / 1000, 'unixepoch'), 'unknown')"
    return dict(index.select(f"SELECT {month}, count(*) {_ARCHIVED_DOCUMENTS} 1 DESC"))


def sizes(index: Index) -> dict[str, tuple[int, int]]:
    """Return (files, bytes) by sort of file: documents, replies, revisions, pictures, media, unreadable."""
    what = ("CASE WHEN path LIKE 'images/%' THEN 'pictures' WHEN path LIKE 'revisions/%' THEN 'revisions'"
            " WHEN path LIKE 'media/%' THEN 'media' WHEN path LIKE 'unreadable/%' THEN 'unreadable'"
            " WHEN path LIKE '%.gz' THEN 'replies' ELSE 'documents' END")  # fmt: skip
    rows = index.select(f"SELECT {what}, count(*), sum(bytes) FROM files GROUP BY 1 ORDER BY 3 DESC")
    return {name: (files, size) for name, files, size in rows}


def count_files(index: Index) -> int:
    """Return the number of stored files."""
    return int(index.select("SELECT count(*) FROM files").fetchone()[0])


# --- documents by stamp ---

_BY_STAMP = ("FROM objects JOIN files USING (path) WHERE format = '' AND coalesce(stamp_ms, 0) >= ? AND files.run >= ?"
             " AND ? IN ('', language)")  # fmt: skip


def count_since(index: Index, stamp_ms: int = 0, run: str = "", language: str = "") -> int:
    """Return the number of documents that `documents_since` yields."""
    return int(index.select(f"SELECT count(*) {_BY_STAMP}", [stamp_ms, run, language]).fetchone()[0])


def documents_since(
    index: Index, stamp_ms: int = 0, run: str = "", language: str = ""
) -> Iterator[tuple[int, str, str | None, str]]:
    """Yield (id, kind, language, path) of archived documents, in order of stamp.

    stamp_ms: from this stamp on. run: stored by this run (its name) or a later one. language: a language path, '' for all.
    """
    columns = "id, kind, language, objects.path"
    yield from index.select(f"SELECT {columns} {_BY_STAMP} ORDER BY stamp_ms, id", [stamp_ms, run, language])


# --- documents by publication ---


def ids_by_publication(
    index: Index, languages: Collection[str], kinds: Collection[str], since_ms: int | None, until_ms: int | None, run: str
) -> Iterator[int]:
    """Ids of archived documents in order of publication, then of id; those without a known one come last, by stamp.

    languages, kinds: empty for all. since_ms, until_ms: published at or after the one and before the other. run: stored by
    this run or a later one, empty for all.
    """
    conditions = ["format = '' AND path IS NOT NULL", "coalesce(published_ms, stamp_ms, 0) BETWEEN ? AND ?"]
    values: list[object] = [-(2**62) if since_ms is None else since_ms, 2**62 if until_ms is None else until_ms - 1]
    for column, wanted in (("coalesce(language, 'und')", languages), ("kind", kinds)):
        if wanted:
            conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += sorted(wanted)
    if run:
        conditions.append("EXISTS (SELECT 1 FROM files WHERE files.path = objects.path AND files.run >= ?)")
        values.append(run)
    order = "coalesce(published_ms = stamp_ms, 1), coalesce(published_ms, stamp_ms, 0), id"
    rows = index.select(f"SELECT id FROM objects WHERE {' AND '.join(conditions)} ORDER BY {order}", values)
    return (dw_id for (dw_id,) in rows)
