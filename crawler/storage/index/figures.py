"""Count over the whole index, for commands that report. Nothing here changes the index."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crawler.storage.index.sqlite import Index

_ARCHIVED_DOCUMENTS = "FROM objects WHERE rendition = '' AND path IS NOT NULL GROUP BY 1 ORDER BY"


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


def paths(index: Index, after: str, limit: int) -> list[str]:
    """Return paths of stored files in order, those behind a path."""
    return [path for (path,) in index.select("SELECT path FROM files WHERE path > ? ORDER BY path LIMIT ?", [after, limit])]


# --- documents by stamp ---

NEW, REVISED = "new", "revised"

_HAS_REVISION = "EXISTS (SELECT 1 FROM files r WHERE r.path > 'revisions/' || id || '/' AND r.path < 'revisions/' || id || '0')"


def _by_stamp(stamp_ms: int, run: str, languages: Collection[str], outcome: str) -> tuple[str, list[object]]:
    conditions, values = "rendition = '' AND coalesce(stamp_ms, 0) >= ? AND files.run >= ?", [stamp_ms, run, *sorted(languages)]
    if languages:
        conditions += f" AND coalesce(language, 'und') IN ({', '.join('?' * len(languages))})"
    if outcome:
        conditions += f" AND {_HAS_REVISION if outcome == REVISED else f'NOT {_HAS_REVISION}'}"
    return f"FROM objects JOIN files USING (path) WHERE {conditions}", values


def count_since(index: Index, stamp_ms: int = 0, run: str = "", languages: Collection[str] = (), outcome: str = "") -> int:
    """Return the number of documents that `documents_since` yields."""
    chosen, values = _by_stamp(stamp_ms, run, languages, outcome)
    return int(index.select(f"SELECT count(*) {chosen}", values).fetchone()[0])


def documents_since(
    index: Index, stamp_ms: int = 0, run: str = "", languages: Collection[str] = (), outcome: str = ""
) -> Iterator[tuple[int, str, str | None, str, int | None, bool]]:
    """Yield (id, kind, language, path, published_ms, whether it has an earlier version) of archived documents, by stamp.

    stamp_ms: from this stamp on. run: stored by this run (its name) or a later one. languages: their paths, empty for all.
    outcome: NEW for documents without an earlier version, REVISED for those with one, '' for all.
    """
    chosen, values = _by_stamp(stamp_ms, run, languages, outcome)
    columns = f"id, kind, language, objects.path, nullif(published_ms, stamp_ms), {_HAS_REVISION}"
    for *known, is_revised in index.select(f"SELECT {columns} {chosen} ORDER BY stamp_ms, id", values):
        dw_id, kind, language, path, published_ms = known
        yield dw_id, kind, language, path, published_ms, bool(is_revised)


# --- documents by publication ---


def ids_by_publication(
    index: Index, languages: Collection[str], kinds: Collection[str], since_ms: int | None, until_ms: int | None, run: str,
    newest: int = 0,
) -> Iterator[int]:
    """Yield ids of archived documents in order of publication, then of id; those without a known one come last, by stamp.

    languages, kinds: empty for all. since_ms, until_ms: published at or after the one and before the other. run: stored by
    this run or a later one, empty for all. newest: only so many, the newest first, where the stamp counts for a time that is
    unknown; 0 for all.
    """
    conditions = ["rendition = '' AND path IS NOT NULL", "coalesce(published_ms, stamp_ms, 0) BETWEEN ? AND ?"]
    values: list[object] = [-(2**62) if since_ms is None else since_ms, 2**62 if until_ms is None else until_ms - 1]
    for column, wanted in (("coalesce(language, 'und')", languages), ("kind", kinds)):
        if wanted:
            conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += sorted(wanted)
    if run:
        conditions.append("EXISTS (SELECT 1 FROM files WHERE files.path = objects.path AND files.run >= ?)")
        values.append(run)
    order = "coalesce(published_ms = stamp_ms, 1), coalesce(published_ms, stamp_ms, 0), id"
    if newest:
        order = f"coalesce(published_ms, stamp_ms, 0) DESC, id DESC LIMIT {newest:d}"
    rows = index.select(f"SELECT id FROM objects WHERE {' AND '.join(conditions)} ORDER BY {order}", values)
    return (dw_id for (dw_id,) in rows)
