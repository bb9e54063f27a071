"""Plan what to take of one document of another archive: read its versions, let `histories` decide, and return files."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from crawler import seedfile
from crawler.exceptions import NotTaken, SeedFormatError
from crawler.files import is_file, read_file
from crawler.seedfile import SeedDocument
from crawler.storage import foreign, layout
from crawler.storage.archive import Archive
from crawler.storage.index.objects import Row
from crawler.storage.logline import About, FileRecord
from crawler.storage.writer import NewFile
from crawler.upkeep.histories import Plan, Version, merge

Read = Callable[[FileRecord], bytes]
"""Returns the bytes of a file of the other archive. Raises NotTaken."""
Refuse = Callable[[str, object], None]
"""Called with a path of the other archive, and why it is not taken."""

_MOST_BYTES = 256 * 1024 * 1024  # of all versions of a document; they are compared in memory


@dataclass
class Takeover:
    """What to take of a document.

    outcome: as in `merge.Merged.documents`; '' if the other archive has revisions alone. files: the version of ours that is
    replaced, as a revision; reply and document; none if ours stays. document, about: what is in them. revision_files: to be
    stored afterwards: revisions, and replies that ours lacks. revisions: the documents among them. taken: counts.
    """

    id: int
    outcome: str = ""
    files: list[NewFile] = field(default_factory=list)
    document: SeedDocument | None = None
    about: About = field(default_factory=lambda: About("article", 0))
    revision_files: list[NewFile] = field(default_factory=list)
    revisions: list[SeedDocument] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)


@dataclass
class _Theirs:
    """The files of a document of the other archive. current: path of the document. replies: by the stem they share with it."""

    texts: dict[str, FileRecord]
    replies: dict[str, list[FileRecord]]
    current: str

    @property
    def orphans(self) -> list[FileRecord]:
        """Replies without their document."""
        stems = set(map(layout.stem_of, self.texts))
        return [reply for stem, replies in self.replies.items() if stem not in stems for reply in replies]


def plan_document(
    archive: Archive, dw_id: int, records: Sequence[FileRecord], read: Read, refuse: Refuse, time: str
) -> Takeover:
    """Return what to take of a document. records: its files, in the order they were logged. time: now, for the log."""
    replies: defaultdict[str, list[FileRecord]] = defaultdict(list)
    for record in records:
        if not record.path.endswith(".txt"):
            replies[layout.stem_of(record.path)].append(record)
    texts = {record.path: record for record in records if record.path.endswith(".txt")}
    current = next((path for path in reversed(texts) if layout.is_document(path)), "")
    theirs = _Theirs(texts, replies, current)
    row = archive.index.get(dw_id)
    if row and row.path and _is_all_there(archive, row, theirs):
        return Takeover(dw_id, "already there")
    return _Planning(archive, dw_id, row, theirs, read, refuse, time).plan()


def _is_all_there(archive: Archive, row: Row, theirs: _Theirs) -> bool:
    """Whether ours has every file of theirs, the same document included, by the sha256 in the logs: nothing is read."""
    assert row.path
    index = archive.index
    beside = layout.stem_of(theirs.current)
    pairs = [(theirs.texts.get(theirs.current), row.path)]
    pairs += [(reply, layout.stem_of(row.path) + layout.end_of(reply.path)) for reply in theirs.replies.get(beside, ())]
    if any(record is None or (record.sha256, record.bytes) != index.file(path) for record, path in pairs):
        return False
    others = {record.sha256 for path, record in theirs.texts.items() if path != theirs.current}
    others |= {reply.sha256 for stem, replies in theirs.replies.items() if stem != beside for reply in replies}
    return not others or others <= {found[0] for path in _revisions(archive, row.id) if (found := index.file(path))}


def _revisions(archive: Archive, dw_id: int) -> Iterator[str]:
    """Yield the paths of our revisions of a document, and of their replies, in order of name."""
    folder = layout.revision_path(dw_id, 0).rpartition("/")[0]
    try:
        names = sorted(os.listdir(archive.root / folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in (f"{folder}/{name}" for name in names):
        if layout.is_revision(path) and is_file(archive.root / path):
            yield path


class _Planning:
    def __init__(
        self, archive: Archive, dw_id: int, row: Row | None, theirs: _Theirs, read: Read, refuse: Refuse, time: str
    ) -> None:  # fmt: skip
        self.archive = archive
        self.row = row
        self.theirs = theirs
        self.time = time
        self.done = Takeover(dw_id)
        self._read = read
        self._refuse = refuse
        self._data: dict[str, bytes] = {}  # of their documents and revisions, by path
        self._documents: dict[str, SeedDocument] = {}
        self._reserved: set[str] = set()

    def plan(self) -> Takeover:
        """Return what to take."""
        size = sum(record.bytes for record in self.theirs.texts.values())
        if size > _MOST_BYTES:
            self._refuse(next(iter(self.theirs.texts)), f"the versions of this document have {size:,} bytes together")
            return self.done
        try:
            ours = list(self._our_versions())
        except NotTaken as error:
            self._refuse(self.theirs.current or next(iter(self.theirs.texts), str(self.done.id)), error)
            return self.done
        theirs = list(self._their_versions())
        decided = merge(ours, theirs)
        home = self._take_document(decided.current) if decided.current else self.row.path if self.row else None
        for version in decided.revisions:
            self._take_revision(version, home)
        self._take_replies(decided)
        self._take_orphans()
        if any(version.is_current for version in theirs):
            self.done.outcome = self._outcome(decided)
        return self.done

    def _outcome(self, decided: Plan) -> str:
        if decided.current:
            return "newer" if self.row and self.row.path else "new"
        return "older" if any(version.is_current for version in decided.revisions) else "already there"

    # --- reading ---

    def _our_versions(self) -> Iterator[Version]:
        """Yield our document and our revisions. Raises NotTaken if the document is damaged."""
        path = self.row.path if self.row else None
        if path:
            if not self.archive.is_sound(path):
                raise NotTaken(f"ours is lost or damaged ({path}): repair it, then add again")
            yield self._our_version(path, is_current=True)
        for path in _revisions(self.archive, self.done.id):
            if path.endswith(".txt"):
                with contextlib.suppress(OSError, SeedFormatError):  # `verify` names it
                    yield self._our_version(path)

    def _our_version(self, path: str, *, is_current: bool = False) -> Version:
        data = read_file(self.archive.root / path)
        document, has_reply = seedfile.loads(data), self.archive.reply_of(path) is not None
        sha256, text = hashlib.sha256(data).hexdigest(), seedfile.content_key(document)
        return Version(path, document.stamp_ms, text, sha256, is_current, has_reply, is_ours=True)

    def _their_versions(self) -> Iterator[Version]:
        for path, record in self.theirs.texts.items():
            try:
                data = self._read(record)
            except NotTaken as error:
                self._refuse(path, error)
                continue
            self._data[path], self._documents[path] = data, seedfile.loads(data)
            text = seedfile.content_key(self._documents[path])
            has_reply = layout.stem_of(path) in self.theirs.replies
            yield Version(path, self._documents[path].stamp_ms, text, record.sha256, path == self.theirs.current, has_reply)

    # --- planning ---

    def _take_document(self, version: Version) -> str:
        """Plan to store a version of theirs as the document. Returns its path here."""
        done, row = self.done, self.row
        if row and row.path:
            done.files = self.archive.as_revision(row, self.time)
            self._reserved.update(file.path for file in done.files)
        home = (row.path or row.home if row else None) or version.path
        done.document = self._documents[version.path]
        done.about = foreign.about_document(self.theirs.texts[version.path], done.document, row)
        done.files += self._replies(version, layout.stem_of(home))
        done.files.append(NewFile(home, self._data[version.path], done.about))
        return home

    def _take_revision(self, version: Version, home: str | None) -> None:
        record, data = self.theirs.texts[version.path], self._data[version.path]
        stamp_ms = layout.stamp_of(version.path) if layout.is_revision(version.path) else version.stamp_ms
        path = self.archive.free_revision(self.done.id, stamp_ms, data, self._reserved)
        if path is None:
            return
        document = self._documents[version.path]
        about = foreign.about_document(record, document, self.row)
        about = About(about.kind, about.id, about.url, about.time, revision_of=home, stamp_ms=about.stamp_ms)
        self.done.revision_files += self._replies(version, layout.stem_of(path))
        self.done.revision_files.append(NewFile(path, data, about))
        self.done.revisions.append(document)
        self.done.taken["revisions"] += 1
        self._reserved.add(path)

    def _take_replies(self, decided: Plan) -> None:
        """Plan to store replies of theirs beside versions of ours that have none."""
        for version, ours in decided.replies:
            path = ours.path
            if ours.is_current and decided.current:  # it becomes a revision
                path = next((file.path for file in self.done.files if layout.is_revision(file.path)), "")
            if path:
                self.done.revision_files += self._replies(version, layout.stem_of(path))

    def _replies(self, version: Version, stem: str) -> list[NewFile]:
        """Return the replies of a version of theirs, to be stored beside it here. One that is not sound is left out."""
        beside = self.theirs.replies.get(layout.stem_of(version.path), ())
        found = (self._reply(record, stem + layout.end_of(record.path)) for record in beside)
        return [file for file in found if file]

    def _reply(self, record: FileRecord, path: str) -> NewFile | None:
        try:
            data = self._read(record)
        except NotTaken as error:
            self._refuse(record.path, error)
            return None
        self.done.taken["replies"] += 1
        return NewFile(path, data, foreign.about_file(record))

    def _take_orphans(self) -> None:
        """Plan to store replies whose document is lost, where no document of ours could be taken for theirs."""
        for record in self.theirs.orphans:
            known = self.archive.index.file(record.path)
            if known and known[0] == record.sha256:
                continue
            if known or (layout.is_reply(record.path) and ((self.row and self.row.path) or self.done.document)):
                self._refuse(record.path, "a reply without its document")
            elif file := self._reply(record, record.path):
                self.done.revision_files.append(file)
