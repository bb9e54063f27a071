"""`scrapy crawl dw -O new.jsonl`: Scrapy's feeds hold the rows of `scrapy export` for what a run stored; the log names it."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from crawler import seedfile
from tests.crawling import DAY_MS, NOW_MS, ROOT, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import scrapy as run_here


@pytest.fixture
def site() -> Site:
    return fresh_site()


def feeds(*paths: Path, overwrite: bool = True, **options: object) -> dict[str, str]:
    """The setting FEEDS for files of these names."""
    formats = {".jsonl": "jsonlines", ".csv": "csv", ".xml": "xml"}
    given = {str(path): {"format": formats[path.suffix], "overwrite": overwrite, **options} for path in paths}
    return {"FEEDS": json.dumps(given)}


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the feeds of a run, a.jsonl, a.csv and a.xml, and b.jsonl, to which it and a later run appended."""
    site, folder = fresh_site(), tmp_path_factory.mktemp("fed")
    seed = seedfile.SeedDocument(NOW_MS, "A seed \x1b", "https://www.dw.com/en/A%20seed/a-69000001", "<p>A \x0b word.</p>")
    (folder / "seed.txt").write_text(seedfile.dumps(seed))
    ids = [dw.SEED_ZH, dw.VIDEO, dw.GALLERY, dw.PICTURE_TYPES]
    seeds = ",".join([str(folder / "seed.txt"), *(f"https://www.dw.com/en/any/a-{dw_id}" for dw_id in ids)])
    made = feeds(*(folder / f"a{end}" for end in (".jsonl", ".csv", ".xml")))
    appended = feeds(folder / "b.jsonl", overwrite=False)
    both = {"FEEDS": json.dumps(json.loads(made["FEEDS"]) | json.loads(appended["FEEDS"]))}
    first = crawl(folder / "archive", seeds, "depth=0", site=site, settings=both)
    assert (folder / "first.txt").write_text(first.stderr)
    site.edit(dw.SEED_ZH, add_paragraph="A paragraph that came later.")
    again = crawl(folder / "archive", seeds, "depth=0", "refresh=all", site=site, now_ms=NOW_MS + DAY_MS,
                  settings=appended)  # fmt: skip
    assert (folder / "again.txt").write_text(again.stderr)
    return folder


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def exported(root: Path, *options: str) -> dict[str, dict[str, Any]]:
    """Return the rows of `scrapy export jsonl` by path."""
    to = root.with_name("export.jsonl")
    assert run_here("export", "jsonl", "--force", "--revisions", "--to", to, *options, root=root).status == 0
    return {row["path"]: row for row in lines_of(to)}


def test_output_has_the_rows_of_export_of_all_that_the_run_stored(fed: Path) -> None:
    items = lines_of(fed / "a.jsonl")
    assert {69000001, dw.SEED_ZH, dw.VIDEO, dw.GALLERY, dw.PICTURE_TYPES} == {item["id"] for item in items}
    rows = exported(fed / "archive")
    for item in items:
        if item["id"] != dw.SEED_ZH:
            assert list(item.items()) == list(rows[item["path"]].items())
    assert any(picture["sha256"] for item in items for picture in item["pictures"])


def test_appended_output_gets_the_items_of_the_later_run(fed: Path) -> None:
    items = lines_of(fed / "b.jsonl")
    assert items[:-1] == lines_of(fed / "a.jsonl")
    assert items[-1] == exported(fed / "archive")[items[-1]["path"]]
    assert "A paragraph that came later." in items[-1]["text"]


def test_csv_and_xml_have_the_same_columns(fed: Path) -> None:
    items = lines_of(fed / "a.jsonl")
    with (fed / "a.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    for row, item in zip(read, items, strict=True):
        assert list(row) == list(item)
        assert json.loads(row["pictures"]) == item["pictures"]
        assert json.loads(row["references"]) == item["references"]
        assert (row["revision"], row["html"], row["reply_path"]) == ("false", item["html"], item["reply_path"] or "")
    elements = list(ElementTree.parse(fed / "a.xml").getroot())
    for element, item in zip(elements, items, strict=True):
        assert [child.tag for child in element] == list(item)
        assert element.findtext("html") == item["html"].replace("\x0b", "\ufffd")
        assert len(element.findall("pictures/value/sha256")) == len(item["pictures"])
        assert element.findtext("gone") == "false"


def test_run_names_each_document_it_stored_and_the_command_that_lists_them(fed: Path) -> None:
    items = lines_of(fed / "b.jsonl")
    first, again = ((fed / name).read_text() for name in ("first.txt", "again.txt"))
    for item in items[:-1]:
        assert first.count(f"New {item['kind']} {item['id']}: {item['path']}\n") == 1
    assert again.count(f"Revised article {dw.SEED_ZH}: {items[-1]['path']}\n") == 1
    assert ": New " not in again
    for said, stored in ((first, items[:-1]), (again, items[-1:])):
        command = next(line for line in said.splitlines() if line.startswith("scrapy new-seeds"))
        assert command.endswith("   # lists what this run stored")
        words = shlex.split(command, comments=True)
        assert words[:2] == ["scrapy", "new-seeds"]
        listed = run_here(*words[1:], "--json", root=fed / "archive").out.splitlines()
        assert {item["id"] for item in stored} <= {json.loads(line)["id"] for line in listed}
    assert [json.loads(line)["sha256"] for line in listed] == [items[-1]["sha256"]]


def test_run_that_stores_nothing_exports_no_row(fed: Path, site: Site) -> None:
    out = fed / "nothing.jsonl"
    seeds = f"https://www.dw.com/en/any/a-{dw.VIDEO}"
    outcome = crawl(fed / "archive", seeds, "depth=0", site=site, settings=feeds(out))
    assert (outcome.status, out.read_text()) == (0, "")
    assert "new-seeds" not in outcome.stderr


def test_feed_that_cannot_be_written_loses_no_document(site: Site, tmp_path: Path) -> None:
    broken = feeds(tmp_path / "a.jsonl", item_export_kwargs={"separators": 5})
    outcome = crawl(tmp_path / "archive", [dw.CHAIN[4]], "depth=0", site=site, settings=broken)
    assert outcome.status == 3
    assert f"{outcome.documents[dw.CHAIN[4]]} could not be exported: TypeError" in outcome.stderr


def test_feed_exporter_is_loaded_only_if_there_are_feeds() -> None:
    loaded = "import sys, crawler.spiders.dw, crawler.crawl.extensions.feed; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "scrapy.extensions.feedexport" not in ran.stdout.split()


def test_dry_run_leaves_the_output_alone(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "items.jsonl"
    out.write_text("before\n")
    outcome = crawl(tmp_path / "archive", [dw.CHAIN[4]], "dry_run=1", site=site, settings=feeds(out))
    assert (outcome.status, out.read_text()) == (0, "before\n")
