"""Pictures are fetched once and stored unchanged, or missing for a reason that is counted."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import DAY_MS, NOW_MS, Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite import pictures
from tests.dwsite.client import Site

CHAIN_PICTURES = {dw_id: 71000020 + place for place, dw_id in enumerate(dw.CHAIN)}
CYCLE_PICTURES = {dw_id: 71000033 + place for place, dw_id in enumerate(dw.CYCLE)}
ONE_EACH = {**CHAIN_PICTURES, **CYCLE_PICTURES}
"""Articles that show one picture, which no other shows."""


@pytest.fixture
def site() -> Site:
    return fresh_site()


def path_of(picture: int, ending: str = "jpg") -> str:
    return f"/image/{picture}_303.{ending}"


def counted(outcome: Outcome) -> int:
    """Return how many references to pictures ended in some state."""
    return sum(outcome.report["pictures"].get(state, 0) for state in ("stored", "already_there", "missing"))


def test_every_reference_ends_in_one_counted_state(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [dw.SEED_ZH, dw.SHARED_PICTURE, dw.PICTURE_TYPES, dw.OLD_PICTURES], "depth=0", site=site)
    shown = [name for dw_id in outcome.documents for name in outcome.document(dw_id).pictures]
    assert counted(outcome) == len(shown) == 15
    assert outcome.report["pictures"] == {"stored": 13, "already_there": 1, "missing": 1}
    assert set(outcome.pictures) == {name.file_name for name in shown if name.id != dw.LOST_PICTURE}
    assert outcome.status == 0


def test_a_shared_picture_is_fetched_once(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [dw.SEED_ZH, dw.SHARED_PICTURE], "depth=0", site=site)
    assert outcome.asked("static")[path_of(dw.SHARED_PICTURE_ID)] == 1
    assert outcome.report["pictures"]["already_there"] == 1


def test_pictures_of_the_archive_are_not_fetched_for_another_article(site: Site, tmp_path: Path) -> None:
    crawl(tmp_path, [dw.SEED_ZH], "depth=0", site=site)
    outcome = crawl(tmp_path, [dw.SHARED_PICTURE], "depth=0", site=site)
    assert not outcome.asked("static")
    assert outcome.report["pictures"] == {"already_there": 1}


def test_every_type_is_kept_and_redirects_are_followed(site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, [dw.PICTURE_TYPES], "depth=0", site=site)
    assert {name.rpartition(".")[2] for name in outcome.pictures} == {"jpg", "jpeg", "png", "gif", "webp"}
    moved = f"{dw.MOVED_PICTURE}_303.jpg"
    assert outcome.pictures[moved] == site.get(f"{site.static}/moved/image/{moved}")[2]
    assert [line["url"] for line in outcome.log if moved in line["path"]] == [f"https://static.dw.com/image/{moved}"]


@pytest.mark.parametrize(
    ("dw_id", "names"),
    [
        (dw.OLD_PICTURES, {"71000064_4", "71000065_7", "71000066_404", "71000067_103", "71000068_7"}),
        (dw.PLACEHOLDERS, set()),
        (dw.GALLERY, {"71000096_303", "71000097_303"}),
        (dw.VIDEO, {"71000094_303"}),
        (dw.VIDEO_HLS_ONLY, set()),
    ],
)
def test_these_renditions_are_fetched(dw_id: int, names: set[str], site: Site, tmp_path: Path) -> None:
    kind = dw.CONTENTS[dw_id].kind
    outcome = crawl(tmp_path, f"https://api.dw.com/api/detail/{kind}/{dw_id}", "depth=0", site=site)
    assert list(outcome.documents) == [dw_id]
    assert {name.rpartition(".")[0] for name in outcome.pictures} == names


BAD: dict[str, dict[str, Any]] = {
    "status 404": {"status": 404},
    "status 403": {"status": 403},
    "status 503": {"status": 503},
    "not a picture: wrong first bytes": {"body": "<h1>Not now</h1>", "content_type": "text/html"},
    "status 200 with an empty body": {"body": ""},
    "cut off": {"truncate": 1500},
    "timeout": {"stall": 1500},
    "no connection: broken off": {"close": True},
}


def test_incomplete_pictures_are_not_stored_but_retried(site: Site, tmp_path: Path) -> None:
    assert len(BAD) == len(ONE_EACH)
    for fault, picture in zip(BAD.values(), ONE_EACH.values(), strict=True):
        site.fault(f"/image/{picture}_.*", host="static", **fault)  # all renditions
    first = crawl(tmp_path, ONE_EACH, "depth=0", site=site, settings={"DOWNLOAD_TIMEOUT": 2, "RETRY_TIMES": 1})
    assert first.status == 3
    assert set(first.documents) == set(ONE_EACH)
    assert not first.pictures
    assert not [path for path in first.files if path.startswith("images/")]
    assert first.report["pictures"] == {"missing": len(BAD)}
    assert first.report["pictures_missing"] == dict.fromkeys(BAD, 1)
    assert first.report["failures"] == len(BAD) - 1  # a 404 is none
    for reason, picture in zip(BAD, ONE_EACH.values(), strict=True):
        assert first.state_of(picture, "303") == ("missing", reason)
        assert any(one["id"] == picture and one["reason"] == reason for one in first.report["missing"])
    site.clear()
    second = crawl(tmp_path, ONE_EACH, "depth=0", site=site)
    assert second.status == 0
    assert second.asked() == {path_of(picture): 1 for picture in ONE_EACH.values()}
    assert second.report["pictures"] == {"stored": len(BAD)}
    assert set(second.pictures) == {f"{picture}_303.jpg" for picture in ONE_EACH.values()}


def test_pictures_are_stored_unchanged_if_http_confirms_their_length(site: Site, tmp_path: Path) -> None:
    jpeg = site.get(f"{site.static}{path_of(ONE_EACH[dw.CHAIN[0]])}")[2]
    odd = {
        "packed": gzip.compress(jpeg, mtime=0),
        "without its end": jpeg[:-2],
        "with a trailer": jpeg + b"written by a camera",
        "AVIF by another name": b"\x00\x00\x00\x14ftypavif\x00\x00\x00\x00avif\x00\x00\x00\x30mdat" + bytes(30),
    }
    shown = dict(zip(odd, CHAIN_PICTURES.items(), strict=False))
    for what, (_, picture) in shown.items():
        headers = {"Content-Encoding": "gzip"} if what == "packed" else {}
        site.fault(path_of(picture), host="static", body=odd[what].decode("utf-8", "surrogateescape"), headers=headers)
    outcome = crawl(tmp_path, [dw_id for dw_id, _ in shown.values()], "depth=0", site=site)
    assert outcome.status == 0
    assert outcome.report["pictures"] == {"stored": len(odd)}
    kept = {what: outcome.pictures[f"{picture}_303.jpg"] for what, (_, picture) in shown.items()}
    assert kept == {**odd, "packed": jpeg}


def showing(dw_id: int, *names: str) -> dict[str, Any]:
    """Return the keys that make an article show pictures of an id."""
    sizes = [[{"width": 700, "height": 394, "url": f"https://static.dw.com/image/{dw_id}_{name}"}] for name in names]
    images = [{"id": dw_id, "type": "Image", "name": "", "sizes": each} for each in sizes]
    return {"mainContent": images[0], "body": [{"content": image} for image in images[1:]]}


def test_files_with_the_same_id_differ_in_rendition_or_ending(site: Site, tmp_path: Path) -> None:
    """Among them the rendition `media`, which has the name of the media file in the index."""
    dw_id, names = dw.VIDEO, ["303.jpg", "303.webp", "303.jpeg", "media.jpg", "media.png", "Media.jpg"]
    for name in names:
        body = pictures.picture(name, name.rpartition(".")[2], 500).decode("utf-8", "surrogateescape")
        fault = {"status": 500} if name == "media.png" else {"status": 200, "body": body}
        site.fault(f"/image/{dw_id}_{name}", host="static", **fault)
    site.edit(dw.CHAIN[4], keys=showing(dw_id, *names))
    seeds = f"https://www.dw.com/en/any/a-{dw.CHAIN[4]},https://api.dw.com/api/detail/video/{dw_id}"
    first = crawl(tmp_path, seeds, "depth=0", "media=1", site=site, settings={"RETRY_TIMES": 0})
    assert first.state_of(dw_id, "media") == ("archived", "")
    assert first.state_of(dw_id, "media.png") == ("missing", "status 500")
    found = {name: first.pictures.get(f"{dw_id}_{name}") for name in names}
    assert found == {name: pictures.picture(name, name.rpartition(".")[2], 500) for name in names} | {"media.png": None}
    site.clear()
    (tmp_path / "index.sqlite").unlink()
    site.fault(f"/image/{dw_id}_media.png", host="static", status=404)
    second = crawl(tmp_path, "", "depth=0", "media=1", site=site)
    assert second.asked() == {f"/image/{dw_id}_media.png": 1}
    assert second.state_of(dw_id, "media") == ("archived", "")


def test_run_with_only_a_404_picture_is_complete(site: Site, tmp_path: Path) -> None:
    site.fault(path_of(CHAIN_PICTURES[dw.CHAIN[4]]), status=404)
    assert crawl(tmp_path, [dw.CHAIN[4]], site=site).status == 0


def test_picture_missing_for_a_temporary_reason_is_a_failure(site: Site, tmp_path: Path) -> None:
    site.fault(path_of(CHAIN_PICTURES[dw.CHAIN[4]]), status=500)
    outcome = crawl(tmp_path, [dw.CHAIN[4]], site=site, settings={"RETRY_TIMES": 1})
    assert outcome.status == 3
    assert "1 status 500" in outcome.stderr
    assert len(outcome.documents) == 1


def test_redirects_out_of_dw_are_refused_and_counted(site: Site, tmp_path: Path) -> None:
    ways_out = ["https://evil.example/a.jpg", "http://127.0.0.9:1/a.jpg", "file:///etc/hostname", "//10.0.0.1/a.jpg", "http://[bad"]
    articles = dict(zip(CHAIN_PICTURES.items(), ways_out, strict=True))
    for (_, picture), url in articles.items():
        site.fault(path_of(picture), redirect=url)
    outcome = crawl(tmp_path, CHAIN_PICTURES, "depth=0", site=site)
    assert not outcome.pictures
    assert set(outcome.documents) == set(CHAIN_PICTURES)
    assert outcome.asked("static") == {path_of(picture): 1 for picture in CHAIN_PICTURES.values()}
    assert outcome.report["pictures"] == {"missing": 5}
    assert outcome.report["refused_requests"] >= 3
    assert "evil.example" in outcome.stderr
    assert "root:" not in outcome.stderr


def test_refused_picture_waits_longer_each_time_and_earlier_misses_do_not_count(site: Site, tmp_path: Path) -> None:
    """After 3 runs that may have passed, the refused one is the first: at once, then after 1, 2 and 4 days."""
    dw_id, picture = next(iter(ONE_EACH.items()))
    found, now_ms = [], NOW_MS
    for fault in [{"status": 500}] * 3 + [{"redirect": "https://evil.example/a.jpg"}] * 4:
        site.clear()
        site.fault(path_of(picture), **fault)
        outcome = crawl(tmp_path, [dw_id], "depth=0", site=site, now_ms=now_ms, settings={"RETRY_TIMES": 0})
        (line,) = (one for one in outcome.states if one.get("kind") == "picture")
        found.append((line["state"], line["misses"], (line["next_ms"] - now_ms) // DAY_MS))
        now_ms = line["next_ms"]
    missing, refused = [("missing", n, 0) for n in (1, 2, 3)], [(1, 0), (2, 1), (3, 2), (4, 4)]
    assert found == [*missing, *(("refused", misses, days) for misses, days in refused)]
    early = crawl(tmp_path, [dw_id], "depth=0", site=site, now_ms=now_ms - DAY_MS)
    assert not early.asked("static")


def test_picture_addresses_of_other_hosts_are_refused_and_counted(site: Site, tmp_path: Path) -> None:
    bad = {"id": 5, "type": "Image", "sizes": [{"width": 700, "height": 394, "url": "https://evil.example/image/5_303.jpg"}]}
    up = {"id": 6, "type": "Image", "sizes": [{"width": 700, "height": 1, "url": "https://static.dw.com/image/../../6_303.jpg"}]}
    site.edit(dw.CHAIN[3], keys={"mainContent": bad})
    site.edit(dw.CHAIN[4], keys={"mainContent": up})
    outcome = crawl(tmp_path, dw.CHAIN[3:], "depth=0", site=site)
    assert outcome.report["pictures"] == {"refused": 2}
    assert not outcome.asked("static")
    assert "evil.example" not in outcome.document(dw.CHAIN[3]).html
    assert set(outcome.documents) == set(dw.CHAIN[3:])
