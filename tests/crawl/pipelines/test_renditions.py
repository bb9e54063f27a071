"""Pictures of which DW lacks the wanted rendition: another one is used in files, stats, index and requests.

All replies here are invented.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from crawler.library import Library
from crawler.reader.plan import Selection
from crawler.reader.site import build
from crawler.storage import opening
from crawler.upkeep import repair, reread, verify
from tests.crawling import DAY_MS, NOW_MS, Outcome, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

FOUR, SEVEN, NAMED, NONE, BROKEN = range(71000020, 71000025)  # the pictures of CHAIN's articles, in this order
REFUSED, SHARED = 71000033, 71000034  # the pictures of the first two of CYCLE
ARTICLES = [*dw.CHAIN, *dw.CYCLE[:2]]
GALLERY_PICTURE, PREVIEW = 71000096, 71000094
SEEDS = ",".join([
    *(f"https://www.dw.com/en/any/a-{dw_id}" for dw_id in ARTICLES),
    f"https://api.dw.com/api/detail/gallery/{dw.GALLERY}", f"https://api.dw.com/api/detail/video/{dw.VIDEO}",
])  # fmt: skip


def path(picture: int, rendition: str) -> str:
    return f"/image/{picture}_{rendition}.jpg"


def faults(site: Site) -> None:
    for picture, renditions in ((FOUR, "303"), (SEVEN, "303|4"), (NAMED, "303|4|7"), (NONE, ".*"), (GALLERY_PICTURE, "303"),
                                (PREVIEW, "303")):  # fmt: skip
        site.fault(path(picture, f"(?:{renditions})"), host="static", status=404)
    site.fault(path(BROKEN, "303"), host="static", status=410)
    site.fault(path(BROKEN, "4"), host="static", status=500)
    site.fault(path(REFUSED, "303"), host="static", status=403)
    image = {"id": FOUR, "type": "Image", "sizes": [{"width": 700, "url": f"https://static.dw.com{path(FOUR, '303')}"}]}
    site.edit(dw.CYCLE[1], keys={"mainContent": image})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """Three runs in which every document is checked: two at the same time, and one a minute later."""
    root, site = tmp_path_factory.mktemp("archive"), fresh_site()
    faults(site)
    settings = {"RETRY_TIMES": 0}
    return [crawl(root, SEEDS, "depth=0", "refresh=all", site=site, settings=settings, now_ms=NOW_MS + minute * 60_000)
            for minute in (0, 0, 1)]  # fmt: skip


def shown(outcome: Outcome, dw_id: int) -> list[str]:
    return [name.file_name for name in outcome.document(dw_id).pictures]


def test_next_rendition_is_stored_and_shown(runs: list[Outcome]) -> None:
    first = runs[0]
    assert {dw_id: shown(first, dw_id) for dw_id in ARTICLES} == {
        dw.CHAIN[0]: [f"{FOUR}_4.jpg"],
        dw.CHAIN[1]: [f"{SEVEN}_7.jpg"],
        dw.CHAIN[2]: [f"{NAMED}_304.jpg"],  # of 220, 460 and 940 pixels, those nearest to 700: equally near, the larger
        dw.CHAIN[3]: [f"{NONE}_303.jpg"],
        dw.CHAIN[4]: [f"{BROKEN}_303.jpg"],
        dw.CYCLE[0]: [f"{REFUSED}_303.jpg"],
        dw.CYCLE[1]: [f"{FOUR}_4.jpg"],
    }
    assert f"{GALLERY_PICTURE}_4.jpg" in shown(first, dw.GALLERY)
    stored = {f"{FOUR}_4.jpg", f"{SEVEN}_7.jpg", f"{NAMED}_304.jpg", f"{GALLERY_PICTURE}_4.jpg", f"{PREVIEW}_4.jpg"}
    assert stored <= set(first.pictures)
    assert not {name for name in first.pictures if name.startswith((str(NONE), str(BROKEN), str(REFUSED)))}


def test_each_picture_is_counted_once(runs: list[Outcome]) -> None:
    pictures = runs[0].report["pictures"]
    assert pictures == {"stored": 6, "standing_in": 5, "already_there": 1, "missing": 3}
    assert runs[0].report["pictures_missing"] == {"status 404": 1, "status 500": 1, "status 403": 1}
    assert {(one["id"], one["reason"]) for one in runs[0].report["missing"]} == {
        (NONE, "status 404"), (BROKEN, "status 500"), (REFUSED, "status 403"),
    }  # fmt: skip


def test_renditions_are_requested_in_order_up_to_a_temporary_fault(runs: list[Outcome]) -> None:
    asked = [request["path"] for request in runs[0].requests if request["host"] == "static"]
    renditions: dict[int, list[str]] = {}
    for one in asked:
        picture, _, rendition = one.removeprefix("/image/").removesuffix(".jpg").partition("_")
        renditions.setdefault(int(picture), []).append(rendition)
    assert renditions == {
        FOUR: ["303", "4"], SEVEN: ["303", "4", "7"], NAMED: ["303", "4", "7", "304"],
        NONE: ["303", "4", "7", "304", "302", "301"], BROKEN: ["303", "4"], REFUSED: ["303"],
        GALLERY_PICTURE: ["303", "4"], GALLERY_PICTURE + 1: ["303"], PREVIEW: ["303", "4"],
    }  # fmt: skip


def test_index_agrees_with_the_documents(runs: list[Outcome]) -> None:
    last = runs[-1]
    for picture, rendition in ((FOUR, "4"), (SEVEN, "7"), (NAMED, "304"), (PREVIEW, "4")):
        assert last.state_of(picture, rendition) == ("archived", "")
        assert last.state_of(picture, "303") == ("missing", "status 404")
    for rendition in ("4", "7", "304"):
        assert last.state_of(NONE, rendition) == ("", "")  # the picture is missing once, not four times
    assert not verify.verify(last.root).damages
    library = Library(last.root)
    for dw_id in (*dw.CHAIN[:3], dw.CYCLE[1], dw.GALLERY):
        document = library.document(dw_id)
        assert document
        for one in document.pictures:
            assert f"{one.id}_{one.rendition}.jpg" in one.address
            assert one.path in last.files
            assert one.sha256


def test_replies_read_again_change_nothing(runs: list[Outcome]) -> None:
    archive = opening.look(runs[-1].root, 0)
    found = list(reread.archived(archive, NOW_MS))
    archive.close(clean=False)
    assert {one.outcome for one in found} == {"same"}
    assert len(found) == len(ARTICLES) + 2


def test_site_shows_the_stored_renditions(runs: list[Outcome], tmp_path: Path) -> None:
    build(runs[-1].root, tmp_path / "site", Selection())
    page = next((tmp_path / "site").rglob(f"{dw.CHAIN[0]}-*.html")).read_text("utf-8")
    assert f'src="../../../images/710/{FOUR}_4.jpg"' in page
    assert "missing" not in page
    page = next((tmp_path / "site").rglob(f"{dw.CHAIN[3]}-*.html")).read_text("utf-8")
    assert f"Picture missing (status 404): {NONE}_303.jpg" in page


def test_wanted_rendition_is_requested_again_like_missing_objects(runs: list[Outcome]) -> None:
    """At once, then after a day; the substitute is not requested."""
    second, third = (outcome.asked("static") for outcome in runs[1:])
    assert {one for one in second if str(FOUR) in one or str(SEVEN) in one} == {path(FOUR, "303"), path(SEVEN, "303")}
    assert set(second.values()) == {1}
    assert set(third) == {path(BROKEN, "303"), path(BROKEN, "4")}  # only the one with a temporary fault
    states = {one["id"]: one["next_ms"] - NOW_MS for one in runs[1].states if one.get("kind") == "picture"}
    assert states[FOUR] == states[SEVEN] == DAY_MS


def test_unchanged_article_makes_no_revision_for_its_rendition(runs: list[Outcome]) -> None:
    for outcome in runs[1:]:
        assert not outcome.revisions
        assert {path: data for path, data in outcome.files.items() if path.endswith(".txt")} == {
            path: data for path, data in runs[0].files.items() if path.endswith(".txt")
        }
        assert outcome.report["documents"]["unchanged"] == len(ARTICLES) + 2


def test_document_without_a_log_line_is_adopted_with_the_rendition_it_shows(tmp_path: Path) -> None:
    """This happens after a kill between the document and its log line; the pictures were stored before."""
    site = fresh_site()
    faults(site)
    first = crawl(tmp_path, dw.CHAIN[:3], "depth=0", site=site)
    for log in (tmp_path / "runs").glob("*.jsonl"):
        kept = [line for line in log.read_bytes().splitlines(keepends=True) if b'"images/' in line]
        log.write_bytes(b"".join(kept))
    (tmp_path / "index.sqlite").unlink()
    second = crawl(tmp_path, "", "depth=0", "refresh=none", site=site)
    assert second.files == first.files
    assert not {path for path in second.asked() if "/detail/" in path}


def test_damaged_document_is_restored_with_the_rendition_it_showed(tmp_path: Path) -> None:
    site = fresh_site()
    faults(site)
    first = crawl(tmp_path, dw.CHAIN[:1], "depth=0", site=site)
    document = first.documents[dw.CHAIN[0]]
    (tmp_path / document).write_bytes(b"damaged")
    planned = repair.plan(tmp_path, None, verify.verify(tmp_path), "2026-06-01T00:00:00Z")
    assert planned.restored == [document]


def test_rendition_that_comes_back_is_stored_and_nothing_else_changes(tmp_path: Path) -> None:
    site = fresh_site()
    faults(site)
    crawl(tmp_path, dw.CHAIN[:1], "depth=0", site=site)
    site.clear()
    second = crawl(tmp_path, dw.CHAIN[:1], "depth=0", "refresh=all", site=site)
    assert second.asked("static") == {path(FOUR, "303"): 1}
    assert set(second.pictures) == {f"{FOUR}_303.jpg", f"{FOUR}_4.jpg"}
    assert shown(second, dw.CHAIN[0]) == [f"{FOUR}_4.jpg"]
    assert not second.revisions


@pytest.mark.parametrize("width", [940, 100])
def test_wanted_width_holds_for_new_documents_and_changes_no_old_ones(width: int, tmp_path: Path) -> None:
    site = fresh_site()
    crawl(tmp_path, dw.CHAIN[:1], "depth=0", site=site)
    second = crawl(
        tmp_path, dw.CHAIN[:2], "depth=0", "refresh=all", site=site, settings={"ARCHIVE_PICTURE_WIDTH": width}
    )
    rendition = {940: "304", 100: "301"}[width]
    assert second.asked("static") == {path(SEVEN, rendition): 1}
    assert (shown(second, dw.CHAIN[0]), shown(second, dw.CHAIN[1])) == ([f"{FOUR}_303.jpg"], [f"{SEVEN}_{rendition}.jpg"])
    assert not second.revisions


ODD: dict[str, tuple[str, list[str]]] = {
    "MASTER_LANDSCAPE": ("", ["303"]),
    "FREE_IMAGE": ("", ["4"]),
    "LEGACY_4": ("4", ["4", "7"]),
    "LEGACY": ("4|7", ["4", "7", "303"]),
}


def test_figures_of_other_formats_show_the_rendition_that_they_have(tmp_path: Path) -> None:
    """api.dw.com fails, so the figures of the graph API are read."""
    site = fresh_site()
    for dw_id, picture, (data_format, (missing, _)) in zip(dw.CHAIN, range(FOUR, BROKEN), ODD.items(), strict=False):
        address = f"/graph-api/en/content/article/{dw_id}"
        reply = json.loads(site.get(site.www + address)[2])
        content = reply["data"]["content"]
        del content["mainContentImageLink"]
        content["text"] += (f'<figure class="placeholder-image big"><img data-format="{data_format}" data-id="{picture}"'
                            f' data-url="https://static.dw.com/image/{picture}_${{formatId}}.jpg"></figure>')  # fmt: skip
        site.fault(address, body=json.dumps(reply), content_type="application/json")
        if missing:
            site.fault(path(picture, f"(?:{missing})"), host="static", status=404)
    site.fault("/api/detail/.*", status=500)
    seeds = ",".join(f"https://www.dw.com/en/any/a-{dw_id}" for dw_id in dw.CHAIN[:4])
    outcome = crawl(tmp_path, seeds, "depth=0", site=site, settings={"RETRY_TIMES": 0})
    for dw_id, picture, (_, asked) in zip(dw.CHAIN, range(FOUR, BROKEN), ODD.values(), strict=False):
        assert [one for one in outcome.asked("static") if str(picture) in one] == [path(picture, one) for one in asked]
        assert shown(outcome, dw_id) == [f"{picture}_{asked[-1]}.jpg"]


def test_picture_of_a_seed_document_is_kept_in_another_rendition_and_the_document_stays(tmp_path: Path) -> None:
    seed = tmp_path / "seed.txt"
    image = f'<img src="https://images.weserv.nl/?url=static.dw.com{path(FOUR, "303")}" width="100%">'
    text = f"<!--1700000000000-->\n[A]({'https://www.dw.com/en/A/a-70000999'})\n------\n\n<div><i><br></i></div>{image}<p>b</p>\n"
    seed.write_text(text, encoding="utf-8")
    site = fresh_site()
    faults(site)
    outcome = crawl(tmp_path / "archive", seed, "depth=0", "refresh=none", site=site)
    assert outcome.files[outcome.documents[70000999]].decode() == text
    assert outcome.asked("static") == {path(FOUR, "303"): 1, path(FOUR, "4"): 1}
    with contextlib.closing(Library(outcome.root)) as library:
        document = library.document(70000999)
        assert document
        (picture,) = document.pictures
        assert (picture.rendition, picture.path) == ("4", f"images/710/{FOUR}_4.jpg")
    build(outcome.root, tmp_path / "site", Selection())
    (page,) = (tmp_path / "site").rglob("70000999-*.html")
    assert f'src="../../../images/710/{FOUR}_4.jpg"' in page.read_text("utf-8")
