"""Media files are fetched in pieces on request, continued after any interruption, and complete or absent."""

from __future__ import annotations

import hashlib
import itertools
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.storage.mediafile import FIRST_PIECE, PIECE
from crawler.upkeep.verify import UNFINISHED, verify
from tests.crawling import Outcome, Running, crawl, fresh_site, lines
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.dwsite.media import media
from tests.killing import Fault, Runner, content, problems

MIB = 1024 * 1024
HOST = "https://tvdownloaddw-a.akamaihd.net"
AUDIO = f"/dwaudio/xx{dw.AUDIO}_invented.mp3"
SEEDS_BOTH = f"https://www.dw.com/en/any/video-{dw.VIDEO},https://www.dw.com/de/any/audio-{dw.AUDIO}"
ANYTHING = {"ARCHIVE_KINDS": "article,gallery,video,audio"}
BIG = 9 * MIB + 77
"""Bytes of a file that comes in four pieces."""
FIRST_TWO = FIRST_PIECE + PIECE
"""Bytes of the first two of them."""
VIDEOS = (90_000_001, 90_000_004, 90_000_007, 90_000_010, 90_000_013)
"""Generated ones."""


def address(video: int) -> str:
    """Return the path of the best of a video's four files at DW's media host."""
    return f"/dwtv_video/flv/xx/xx{video}_invented_sd_avc.mp4"


def stored(video: int) -> str:
    return f"media/{video // 100000}/{video}.mp4"


def data_of(video: int, size: int, version: int = 1) -> bytes:
    return media(address(video).rpartition("/")[2], version, size)


VIDEO, STORED = address(dw.VIDEO), stored(dw.VIDEO)
PARTIAL, NOTE = f"{STORED}.part", f"{STORED}.part.json"


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.fixture
def begin(tmp_path: Path, site: Site) -> Callable[..., Running]:
    """Starts a crawl into the test's archive that fetches the media files of one video, or of the given ones. Names in
    capitals are settings, others are spider arguments."""

    def begin(*videos: int, **given: Any) -> Running:
        site.forget()
        seeds = ",".join(f"https://www.dw.com/en/any/video-{video}" for video in videos or (dw.VIDEO,))
        settings = {name: value for name, value in given.items() if name.isupper()}
        arguments = {"media": 1} | {name: value for name, value in given.items() if not name.isupper()}
        return Running(tmp_path, seeds, *(f"{name}={value}" for name, value in arguments.items()), site=site, settings=settings)

    return begin


Fetch = Callable[..., Outcome]


@pytest.fixture
def fetch(begin: Callable[..., Running]) -> Fetch:
    """Yield the same from start to end."""

    def fetch(*videos: int, **given: Any) -> Outcome:
        return begin(*videos, **given).finish()

    return fetch


def fetched(outcome: Outcome, path: str = VIDEO) -> list[tuple[int, int]]:
    """Return (first byte, byte after the last) of every answered range of a file, in order."""
    asked = [request for request in outcome.requests if request["path"] == path and request["status"] == 206]
    found = [re.fullmatch(r"bytes=(\d+)-(\d+)", request["headers"]["range"]) for request in asked]
    return [(int(each[1]), int(each[2]) + 1) for each in found if each]


def is_whole(ranges: list[tuple[int, int]], size: int = BIG) -> bool:
    """Whether ranges follow one another without gap or overlap, from the first byte to the last."""
    return [0, *(end for _, end in ranges)] == [*(first for first, _ in ranges), size]


def begin_only(fetch: Fetch, site: Site, *videos: int) -> None:
    """Make a run that gets only the first two pieces of each file."""
    site.options(media_bytes=BIG, media=15)
    for video in videos:
        site.fault(address(video), after=2, status=503)
    outcome = fetch(*videos, RETRY_TIMES=0)
    for video in videos:
        assert outcome.state_of(video, "media") == ("missing", "status 503")
        assert outcome.files[f"{stored(video)}.part"] == data_of(video, BIG)[:FIRST_TWO]
    assert outcome.status == 3
    site.clear()


def assert_stored(outcome: Outcome, *videos: int, size: int = BIG, version: int = 1) -> None:
    """Check by files, log and report that the files are stored byte for byte, and that nothing else is left."""
    assert outcome.status == 0
    assert not [path for path in outcome.files if ".part" in path]
    for video in videos or (dw.VIDEO,):
        data = data_of(video, size, version)
        assert outcome.files[stored(video)] == data
        line = next(line for line in outcome.log if line["path"] == stored(video))
        assert (line["sha256"], line["bytes"]) == (hashlib.sha256(data).hexdigest(), size)
        assert (line["kind"], line["id"], line["url"]) == ("media", video, HOST + address(video))
        assert outcome.state_of(video, "media") == ("archived", "")
    assert outcome.report["media"]["stored"] == len(videos or (dw.VIDEO,))
    assert verify(outcome.root).damages == []


# ---- fetched --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Crawls of a video and an audio into one archive, one after the other."""
    root, site = tmp_path_factory.mktemp("archive"), fresh_site()
    runs = {"default": (), "said": ("media=1", "dry_run=1"), "fetched": ("media=1",), "again": ("media=1",)}
    return {name: crawl(root, SEEDS_BOTH, *arguments, site=site, settings=ANYTHING) for name, arguments in runs.items()}


def test_nothing_is_fetched_by_default(history: dict[str, Outcome]) -> None:
    outcome = history["default"]
    assert set(outcome.documents) == {dw.VIDEO, dw.AUDIO}
    assert not outcome.asked("media")
    assert "127.0.0.5" not in str(outcome.report["requests"])  # nor its robots.txt
    assert not [path for path in outcome.files if path.startswith("media")]
    assert outcome.report["media"] == {}


def test_dry_run_names_the_media_files_it_would_fetch(history: dict[str, Outcome]) -> None:
    assert f"{HOST}{VIDEO}  pending: media of an archived document\n" in history["said"].stdout
    assert not history["said"].requests


def test_files_of_what_was_archived_before_are_stored_byte_for_byte(history: dict[str, Outcome]) -> None:
    outcome = history["fetched"]
    assert outcome.asked() == {VIDEO: 1, AUDIO: 1}
    assert outcome.report["media"] == {"stored": 2, "bytes": 40_000}
    assert "media files     2 stored" in outcome.stderr
    assert outcome.files[f"media/{dw.AUDIO // 100000}/{dw.AUDIO}.mp3"] == media(AUDIO.rpartition("/")[2], 1, 20_000)
    assert outcome.files[STORED] == data_of(dw.VIDEO, 20_000)


def test_second_run_requests_nothing(history: dict[str, Outcome]) -> None:
    assert not history["again"].requests
    assert history["again"].files == history["fetched"].files
    assert history["again"].status == 0


def test_file_is_fetched_after_its_document_and_not_again_if_that_changes(fetch: Fetch, site: Site) -> None:
    outcome = fetch()
    assert_stored(outcome, size=20_000)
    assert outcome.log[-1]["path"] == STORED
    assert list(outcome.documents) == [dw.VIDEO]
    site.edit(dw.VIDEO, teaser="It found the pier by sight.", media_version=2)
    outcome = fetch(refresh="all")
    assert outcome.report["documents"]["revised"] == 1
    assert outcome.report["media"] == {"already_there": 1}


def test_server_without_ranges_gives_the_whole_file(fetch: Fetch, site: Site) -> None:
    site.options(ranges=False, media_bytes=BIG)
    outcome = fetch()
    assert_stored(outcome)
    assert outcome.asked("media") == {VIDEO: 1}


def test_files_are_fetched_one_at_a_time(fetch: Fetch, site: Site) -> None:
    site.options(media=15, media_bytes=BIG)
    outcome = fetch(*VIDEOS)
    assert_stored(outcome, *VIDEOS)
    asked = [request for request in outcome.requests if request["host"] == "media"]
    assert {request["in_flight"] for request in asked} == {1}
    assert sum(before["path"] != after["path"] for before, after in itertools.pairwise(asked)) == len(VIDEOS) - 1


def test_memory_does_not_grow_with_the_file(begin: Callable[..., Running], site: Site) -> None:
    peaks = []
    for pieces in (1, 15):  # the second run continues the first
        site.reset()
        site.options(media_bytes=64 * MIB)
        site.fault(VIDEO, after=pieces, stall=10)
        crawl = begin()
        crawl.signal(signal.SIGSTOP, lambda: site.paths("media").count(VIDEO) > pieces)  # noqa: B023
        status = Path(f"/proc/{crawl.pid}/status")
        if status.exists():
            peaks += re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        crawl.signal(signal.SIGKILL, lambda: True)
        assert crawl.finish().status == -signal.SIGKILL
    if not peaks:
        pytest.skip("this system does not say how much memory a process had")
    few, many = map(int, peaks)
    assert many - few < 32 * 1024


# ---- continued ------------------------------------------------------------------------------------------------------


def test_no_byte_is_fetched_twice_after_a_kill(
    begin: Callable[..., Running], fetch: Fetch, site: Site, tmp_path: Path
) -> None:
    site.options(media_bytes=BIG)
    site.fault(VIDEO, after=2, stall=100_000)
    crawl = begin()
    crawl.signal(signal.SIGKILL, lambda: site.paths("media").count(VIDEO) == 3)
    killed = crawl.finish()
    assert killed.status == -signal.SIGKILL
    assert killed.files[PARTIAL] == data_of(dw.VIDEO, BIG)[:FIRST_TWO]
    assert {damage.what for damage in verify(tmp_path).damages} <= {UNFINISHED}
    site.clear()
    outcome = fetch()
    assert_stored(outcome)
    assert outcome.asked() == {VIDEO: 2}
    assert is_whole([(0, FIRST_TWO), *fetched(outcome)])
    assert outcome.requests[0]["headers"]["if-range"] == f'"{dw.VIDEO}-1"'


def test_signal_ends_a_download_after_the_piece_and_the_next_run_continues(
    begin: Callable[..., Running], fetch: Fetch, site: Site, tmp_path: Path
) -> None:
    site.options(media_bytes=BIG)
    site.fault(VIDEO, after=1, times=1, delay_s=2)  # time enough for a signal
    crawl = begin()
    crawl.signal(signal.SIGTERM, lambda: site.paths("media").count(VIDEO) == 2)
    first = crawl.finish()
    assert first.status == 7
    assert len(first.files[PARTIAL]) == first.report["media"]["bytes"] == FIRST_TWO
    assert first.state_of(dw.VIDEO, "media") == ("pending", "")
    assert verify(tmp_path).damages == []
    second = fetch()
    assert_stored(second)
    assert is_whole(fetched(first) + fetched(second))


def test_cut_off_piece_is_fetched_again_in_the_same_run(fetch: Fetch, site: Site) -> None:
    site.options(media_bytes=BIG)
    site.fault(VIDEO, after=1, times=1, truncate=1000)
    outcome = fetch()
    assert_stored(outcome)
    assert outcome.asked("media") == {VIDEO: 5}


def test_next_run_continues_a_file_that_is_always_cut_off(fetch: Fetch, site: Site) -> None:
    site.options(media_bytes=BIG)
    site.fault(VIDEO, after=3, truncate=1000)
    first = fetch(RETRY_TIMES=1)
    assert first.state_of(dw.VIDEO, "media") == ("missing", "cut off")
    assert first.report["media_missing"] == {"cut off": 1}
    assert first.status == 3
    assert STORED not in first.files
    site.clear()
    second = fetch()
    assert_stored(second)
    assert is_whole([*fetched(first)[:3], *fetched(second)])


def test_run_without_media_leaves_partial_files_alone(fetch: Fetch, site: Site) -> None:
    begin_only(fetch, site, dw.VIDEO)
    assert "\n0 requests would be made" in f"\n{fetch(media=0, dry_run=1).stdout}"
    outcome = fetch(media=0)
    assert not outcome.requests
    assert outcome.status == 0
    assert len(outcome.files[PARTIAL]) == FIRST_TWO


@pytest.mark.parametrize("largest_reply", [32 * MIB, 5 * MIB])
def test_download_of_a_changed_file_starts_again(largest_reply: int, fetch: Fetch, site: Site) -> None:
    begin_only(fetch, site, dw.VIDEO)
    site.edit(dw.VIDEO, media_version=2)
    outcome = fetch(DOWNLOAD_MAXSIZE=largest_reply)
    assert_stored(outcome, version=2)
    assert outcome.requests[0]["headers"]["range"].startswith(f"bytes={FIRST_TWO}-")


def test_download_without_a_validator_starts_again_in_the_next_run(fetch: Fetch, site: Site) -> None:
    site.options(media_validators=False)
    begin_only(fetch, site, dw.VIDEO)
    outcome = fetch()
    assert_stored(outcome)
    assert is_whole(fetched(outcome))


def test_download_starts_again_if_the_partial_file_cannot_be_trusted(fetch: Fetch, site: Site, tmp_path: Path) -> None:
    begin_only(fetch, site, *VIDEOS)
    parts = [tmp_path / f"{stored(video)}.part" for video in VIDEOS]
    notes = [part.with_name(f"{part.name}.json") for part in parts]
    notes[0].unlink()
    notes[1].write_bytes(notes[1].read_bytes()[:-9])
    parts[2].unlink()
    parts[3].write_bytes(parts[3].read_bytes()[:-9])
    parts[4].write_bytes(parts[4].read_bytes() + bytes(99))  # a power cut: the bytes that the note counts are there
    outcome = fetch(*VIDEOS)
    assert_stored(outcome, *VIDEOS)
    anew = [is_whole(fetched(outcome, address(video))) for video in VIDEOS]
    assert anew == [True, True, True, True, False]


STEPS = [
    Fault("write", "other", 1, "half"),  # the piece
    Fault("rename", "other", 1, "before"),  # the note
    Fault("rename", "other", 2, "before"),  # the whole file
    Fault("rename", "other", 2, "after"),
]


def test_kill_at_any_step_leads_to_the_same_archive(site: Site, tmp_path: Path) -> None:
    arguments = ("-a", f"seeds=https://www.dw.com/en/any/video-{dw.VIDEO}", "-a", "media=1")
    with Runner(tmp_path, site.settings_args) as runner:
        kill_at_every_step(runner, tmp_path, *arguments)


def kill_at_every_step(runner: Runner, tmp_path: Path, *arguments: str) -> None:
    assert runner.complete(tmp_path / "whole", *arguments) == 1
    for fault in STEPS:
        archive = tmp_path / str(fault)
        assert runner.crawl(archive, *arguments, fault=fault).status == -signal.SIGKILL
        assert (archive / STORED).exists() == (fault == STEPS[-1])
        assert runner.complete(archive, *arguments) == 1
        assert problems(archive) == []
        assert content(archive) == content(tmp_path / "whole")
        logged = [line for log in archive.glob("runs/*.jsonl") for line in lines(log) if line["path"] == STORED]
        assert {(line["kind"], line["id"], line["url"]) for line in logged} == {("media", dw.VIDEO, HOST + VIDEO)}


# ---- not fetched --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranges", [True, False])
def test_too_large_file_is_refused_before_it_is_fetched(ranges: bool, fetch: Fetch, site: Site) -> None:
    site.options(media_bytes=BIG, ranges=ranges)
    outcome = fetch(MEDIA_MAXSIZE=5 * MIB)
    assert outcome.state_of(dw.VIDEO, "media") == ("refused", "too large")
    assert outcome.report["media"] == {"refused": 1}
    assert outcome.report["media_refused"] == {"too large": 1}
    assert outcome.report["bytes_received"] < 100_000
    assert outcome.asked("media") == {VIDEO: 1}
    assert not [path for path in outcome.files if path.startswith("media/")]
    assert outcome.status == 0


def test_without_ranges_the_largest_reply_is_the_limit(fetch: Fetch, site: Site) -> None:
    site.options(media_bytes=BIG, ranges=False)
    outcome = fetch(DOWNLOAD_MAXSIZE=5 * MIB)
    assert outcome.state_of(dw.VIDEO, "media") == ("refused", "too large")


def test_file_that_grew_too_large_leaves_nothing_behind(fetch: Fetch, site: Site) -> None:
    begin_only(fetch, site, dw.VIDEO)
    site.edit(dw.VIDEO, media_version=2)
    outcome = fetch(MEDIA_MAXSIZE=5 * MIB)
    assert outcome.state_of(dw.VIDEO, "media") == ("refused", "too large")
    assert not [path for path in outcome.files if path.startswith("media/")]


def test_foreign_host_gets_no_request(fetch: Fetch, site: Site) -> None:
    site.options(media=15)
    for video, host in ((VIDEOS[0], "elsewhere.dw.com"), (VIDEOS[2], "evil.example")):
        source = {"format": "mp4", "bitrate": 1, "url": f"https://{host}/a.mp4"}
        site.edit(video, keys={"mainContent": {"type": "Video", "sources": [source]}})
    site.fault(address(VIDEOS[1]), redirect="https://evil.example/a.mp4")
    outcome = fetch(*VIDEOS[:3])
    assert outcome.state_of(VIDEOS[0], "media") == ("refused", "not a host of DW's media")
    assert "evil.example" not in outcome.files[outcome.documents[VIDEOS[2]]].decode()
    assert outcome.report["pictures"]["refused"] == 1
    assert outcome.state_of(VIDEOS[1], "media") == ("refused", "not a host of DW's")
    assert outcome.report["media"] == {"refused": 2}
    assert outcome.report["refused_requests"] == 1
    assert outcome.asked("media") == {address(VIDEOS[1]): 1}
    assert outcome.status == 0


NOT_HAD: dict[str, dict[str, Any]] = {
    "not a media file: wrong first bytes for mp4": {"body": "<h1>Not now</h1>", "status": 200, "content_type": "text/html"},
    "status 404": {"status": 404},
    "status 403": {"status": 403},
    "status 206 without a usable Content-Range": {"headers": {"Content-Range": "bytes 0-19999/*"}},
    "status 206 with another range": {"headers": {"Content-Range": "bytes 5-20004/30000"}},
}


def test_reply_that_is_not_a_media_file_is_not_stored_but_retried(fetch: Fetch, site: Site) -> None:
    site.options(media=15, ranges=True)
    for video, fault in zip(VIDEOS, NOT_HAD.values(), strict=True):
        site.fault(address(video), **fault)
    first = fetch(*VIDEOS)
    assert [first.state_of(video, "media") for video in VIDEOS] == [("missing", reason) for reason in NOT_HAD]
    assert first.report["media"] == {"missing": 5}
    assert first.report["media_missing"] == dict.fromkeys(NOT_HAD, 1)
    assert {one["reason"] for one in first.report["missing"]} == set(NOT_HAD)
    assert first.report["failures"] == 4  # a 404 is none
    assert first.status == 3
    assert set(first.documents) == set(VIDEOS)
    assert not [path for path in first.files if path.startswith("media/")]
    site.clear()
    assert_stored(fetch(*VIDEOS), *VIDEOS, size=20_000)
