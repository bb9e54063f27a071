"""The run logs: lines with checksums, and damage that affects one line alone."""

from __future__ import annotations

import errno
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.exceptions import DamagedLine
from crawler.storage import disk, runlog
from crawler.storage.runlog import FILES_END, STATES_END, RunLog, decode, encode, read_log
from tests.conftest import NOW_MS
from tests.storage.test_disk import failing

RUN = "20231114T221320Z"
FILE: dict[str, Any] = {
    "path": "zh/2023/10/7-a-title.txt", "sha256": "0f" * 32, "bytes": 5, "kind": "article", "id": 7, "url": "https://www.dw.com/ä",
    "time": "2023-11-14T22:13:20Z", "language": "zh", "hop": 0, "source": "api", "etag": "e", "last_modified": "l",
    "stamp_ms": NOW_MS, "published_ms": NOW_MS,
}  # fmt: skip
STATE: dict[str, Any] = {
    "state": "missing", "kind": "article", "id": 8, "format": "", "reason": "status 404", "misses": 1, "missed_ms": NOW_MS,
    "next_ms": NOW_MS, "url": None, "hop": 1, "language": None, "time": "2023-11-14T22:13:20Z",
}  # fmt: skip
PICTURE: dict[str, Any] = {"state": "pending", "kind": "picture", "id": 63, "format": "303", "url": "https://static.dw.com/image/63_303.jpg"}
ALIAS: dict[str, Any] = {"state": "alias", "kind": "article", "id": 70, "target": 7}
REMOVED: dict[str, Any] = {"state": "removed", "path": "images/0/63_303.jpg", "reason": "damaged: changed", "time": ""}
SCOPE: dict[str, Any] = {"state": "scope", "depth": -1, "kinds": ["article", "video"], "time": ""}
RECORDS: list[dict[str, Any]] = [FILE, STATE, PICTURE, ALIAS, REMOVED, SCOPE]


def gone(number: int) -> dict[str, Any]:
    return {"state": "gone", "kind": "article", "id": number}


def old(record: dict[str, Any]) -> bytes:
    """Return a line as version 1.1 wrote it, without a checksum."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def log_of(folder: Path, *lines: bytes) -> Path:
    path = folder / f"{RUN}{STATES_END}"
    path.write_bytes(b"".join(lines))
    return path


def problems(path: Path) -> dict[int, str]:
    return {line.number: line.problem for line in runlog.lines(path) if line.problem}


# ---- a line ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.get("state", "file"))
def test_record_comes_back_from_its_line(record: dict[str, Any]) -> None:
    assert decode(encode(record)) == record
    assert decode(old(record), is_old=True) == record


def test_checksum_is_the_last_key_and_covers_the_bytes_before_it() -> None:
    line = encode(FILE)
    body, _, checksum = line.partition(b',"crc32":')
    assert checksum == b'"%08x"}\n' % zlib.crc32(body)
    assert json.loads(line) == {**FILE, "crc32": f"{zlib.crc32(body):08x}"}


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.torture)], ids=["one of nine", "every one"])
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.get("state", "file"))
def test_flipped_bit_of_a_line_is_noticed(record: dict[str, Any], step: int, tmp_path: Path) -> None:
    whole = encode(record)
    for place in range(0, len(whole) * 8, step):  # one bit of each byte, chosen in turn
        line = bytearray(whole)
        line[place // 8] ^= 1 << place % 8
        for others in ([], [encode(gone(9))]):  # on its own, it could be a line of an old log
            path = log_of(tmp_path, bytes(line), *others)
            assert problems(path), bytes(line)
            assert list(read_log(path)) in ([gone(9)] * len(others), [record] + [gone(9)] * len(others))


WRONG: dict[str, list[Any]] = {
    "id": ["7", -1, 0, True, 10**30, 7.0, None, [7], 8], "bytes": [-1, "5", True, 10**20, None],
    "sha256": ["0f", 5, "0G" * 32, None],
    "path": ["../../x", "/etc/passwd", "index.sqlite", "runs/20231114T221320Z.jsonl", "zh/../zh/2023/10/7-a.txt", ".lock", "",
             5, None, "zh/2023/10/7-a\n.txt", "zh/٢٠٢٣/10/7-a.txt"],
    "kind": ["artikel", "", None, 5, ["article"], {}, "picture"], "time": ["yesterday", 5, None, "2023-13-01T00:00:00Z"],
    "stamp_ms": [10**20, -(10**20), "5", True, 1.5], "published_ms": [10**20, "x"], "hop": [-1, "0", True, 10**30, None],
    "url": [5, {}], "language": [5, []], "source": [None, 5], "etag": [None, 5], "last_modified": [None, {}],
}  # fmt: skip
WRONG_STATES: dict[str, list[Any]] = {
    "state": ["mising", "", None, 5, []], "id": WRONG["id"][:-1], "kind": WRONG["kind"][:-1],
    "format": [5, None, "../x", "a" * 13], "reason": [None, 5], "misses": [-1, "1", True, None, 10**30],
    "missed_ms": [10**20, "x"], "next_ms": [10**20, True],
}  # fmt: skip


WRONG_VALUES: list[tuple[dict[str, Any], dict[str, list[Any]]]] = [
    (FILE, WRONG), (STATE, WRONG_STATES), (ALIAS, {"target": [0, -1, "7", None, 70]}), (REMOVED, {"path": WRONG["path"]}),
    (SCOPE, {"kinds": [["x"], "article", None, [5], [[]]], "depth": ["1", None, 10**30, 1.5]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "key", "value"),
    [(record, key, value) for record, wrong in WRONG_VALUES for key, values in wrong.items() for value in values],
)
def test_line_with_an_impossible_value_is_damaged(record: dict[str, Any], key: str, value: object) -> None:
    for line, is_old in ((old({**record, key: value}), True), (checked({**record, key: value}), False)):
        with pytest.raises(DamagedLine, match=f"{key}|alias|picture"):
            decode(line, is_old=is_old)


def checked(record: dict[str, Any]) -> bytes:
    """Return a line with any content and a correct checksum."""
    body = json.dumps(record).encode()[:-1]
    return b'%b,"crc32":"%08x"}\n' % (body, zlib.crc32(body))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.get("state", "file"))
def test_line_without_a_key_it_needs_is_damaged(record: dict[str, Any]) -> None:
    needed = {"path", "sha256", "bytes", "kind", "id", "target", "depth", "kinds"}
    for key in needed & record.keys() if "state" not in record or record is not PICTURE else {"url", "format", "id", "kind"}:
        with pytest.raises(DamagedLine, match=f"{key} is missing"):
            decode(encode({name: value for name, value in record.items() if name != key}))


def test_half_a_surrogate_pair_is_replaced_when_read() -> None:
    assert decode(encode({**FILE, "url": "\ud83d", "source": "\U0001f600\\ud83d"})) == {**FILE, "url": "\ufffd",
                                                                                    "source": "\U0001f600\\ud83d"}  # fmt: skip


def test_keys_of_a_later_version_are_left_alone() -> None:
    assert decode(encode({**FILE, "mood": "calm"})) == {**FILE, "mood": "calm"}


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)))
def test_no_record_raises_anything_else(record: dict[str, Any]) -> None:
    for start in ({}, FILE, STATE):
        try:
            assert decode(encode({**start, **record}))
        except DamagedLine:
            continue


@given(st.binary(max_size=200))
def test_no_line_raises_anything_else(data: bytes) -> None:
    for is_old in (False, True):
        with pytest.raises(DamagedLine):
            decode(data, is_old=is_old)


@pytest.mark.parametrize(
    "line", [b"[" * 100_000 + b"\n", b'{"id":' + b"9" * 5000 + b"}\n", b'{"id":NaN}\n', b"\n", b"5\n", b"\xff\n"]
)
def test_line_that_is_not_a_record_is_damaged(line: bytes, tmp_path: Path) -> None:
    path = log_of(tmp_path, encode(gone(1)), line, encode(gone(2)))
    assert list(read_log(path)) == [gone(1), gone(2)]
    assert list(problems(path)) == [2]


# ---- a log ----------------------------------------------------------------------------------------------------------


def test_log_of_an_older_version_has_no_checksums(tmp_path: Path) -> None:
    path = log_of(tmp_path, *map(old, RECORDS))
    assert list(read_log(path)) == RECORDS
    assert problems(path) == {}


def test_line_that_lost_its_checksum_is_damaged(tmp_path: Path) -> None:
    for lines in ([encode(gone(1)), old(gone(2))], [old(gone(2)), encode(gone(1))]):
        path = log_of(tmp_path, *lines)
        assert list(read_log(path)) == [gone(1)]
        assert list(problems(path).values()) == ["no checksum"]


def test_lost_line_end_loses_no_line(tmp_path: Path) -> None:
    path = log_of(tmp_path, encode(gone(1))[:-1] + b"\x0b" + encode(gone(2)), encode(gone(3)))
    assert list(read_log(path)) == [gone(1), gone(2), gone(3)]
    assert list(problems(path)) == [1]
    path = log_of(tmp_path, encode(gone(1)), encode(gone(2))[:-1] + b"\x0b")
    assert list(read_log(path)) == [gone(1), gone(2)]
    assert list(problems(path)) == [2]


def test_extra_line_end_loses_one_line(tmp_path: Path) -> None:
    line = encode(gone(1))
    path = log_of(tmp_path, line[:9] + b"\n" + line[10:], encode(gone(2)))
    assert list(read_log(path)) == [gone(2)]
    assert list(problems(path)) == [1, 2]


def test_block_of_zeros_loses_only_the_lines_it_covers(tmp_path: Path) -> None:
    data = bytearray(b"".join(encode(gone(number)) for number in range(1, 101)))
    data[1000:1512] = bytes(512)
    path = log_of(tmp_path, bytes(data))
    found = [record["id"] for record in read_log(path)]
    lost = set(range(1, 101)) - set(found)
    assert found == sorted(found)
    assert lost == set(range(min(lost), max(lost) + 1))
    assert len(lost) <= 512 // len(encode(gone(1))) + 2
    assert len(problems(path)) == 1


def test_overlong_line_loses_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = {**gone(2), "reason": "x" * 10_000_000}
    path = log_of(tmp_path, encode(gone(1)), encode(long), encode(gone(3)))
    assert list(read_log(path)) == [gone(1), long, gone(3)]
    monkeypatch.setattr(runlog, "_LONGEST", 1000)
    assert list(read_log(path)) == [gone(1), gone(3)]
    assert list(problems(path)) == [2]


@pytest.mark.parametrize("cut", [encode(gone(3))[:9], encode(gone(3))[:-1], old(gone(3))[:-1], b"\x00\x00", b""])
@pytest.mark.parametrize("written", [old, encode])
def test_last_line_that_a_crash_cut_off_is_ignored_and_not_damage(tmp_path: Path, cut: bytes, written: Any) -> None:
    path = log_of(tmp_path, written(gone(1)), written(gone(2)), cut)
    assert list(read_log(path)) == [gone(1), gone(2)]
    assert problems(path) == {}


# ---- a run's own logs -----------------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def test_log_has_a_line_for_each_record(runs: Path) -> None:
    log = RunLog(runs, NOW_MS)
    log.append(FILES_END, [FILE, {**FILE, "url": None}])
    log.append(FILES_END, [{**FILE, "bytes": 6}])
    log.close()
    path = runs / f"{RUN}.jsonl"
    assert list(read_log(path)) == [FILE, {**FILE, "url": None}, {**FILE, "bytes": 6}]
    assert "ä".encode() in path.read_bytes()
    assert log.written == {path.name: path.stat().st_size}


def test_two_runs_within_a_second_have_two_names(runs: Path) -> None:
    first = RunLog(runs, NOW_MS)
    first.append(STATES_END, [gone(1)])
    assert RunLog(runs, NOW_MS).name == "20231114T221321Z"
    first.close()


def test_a_clock_set_back_does_not_put_a_run_before_the_last_one(runs: Path) -> None:
    RunLog(runs, NOW_MS).append(STATES_END, [gone(1)])
    (runs / "notZ.txt").touch()
    assert RunLog(runs, NOW_MS - 3_600_000).name == "20231114T221321Z"


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_log_line_that_was_not_flushed_is_removed(runs: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    log = RunLog(runs, NOW_MS)
    log.append(FILES_END, [FILE])
    with monkeypatch.context() as patched:
        patched.setattr(disk, f"os_{call}", failing(errno.ENOSPC))
        with pytest.raises(OSError, match="No space"):
            log.append(FILES_END, [{**FILE, "bytes": 2}])
    log.append(FILES_END, [{**FILE, "bytes": 3}])
    log.close()
    assert [record["bytes"] for record in read_log(runs / f"{RUN}.jsonl")] == [5, 3]
