"""Building and updating a site: its pages and files, foreign files, and kills."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from crawler.exceptions import ArchiveInUse, DiskError
from crawler.files import sha256_of
from crawler.reader import segments
from crawler.reader import site as site_module
from crawler.reader.memory import NAME, Memory
from crawler.reader.output import OWN, Folder, NotASite
from crawler.reader.pages import A_PAGE, SCRIPTS
from crawler.reader.plan import NoIndex, Selection
from crawler.reader.site import Built, build
from crawler.storage import layout
from crawler.storage.opening import open_archive
from crawler.urls import PictureName
from tests.corpus import SEED
from tests.helpers_commands import NOW_MS, archive_of, scrapy, snapshot, store
from tests.reader import samples
from tests.reader.samples import DAY_MS, missing, picture, picture_file, reference
from tests.shares import share

EVERYTHING = Selection()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples' archive, and a site of it: tests copy both."""
    root = tmp_path_factory.mktemp("samples")
    samples.archive(root / "archive")
    build(root / "archive", root / "site", EVERYTHING)
    return root


@pytest.fixture
def root(made_once: Path, tmp_path: Path) -> Path:
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def pages(site: Path) -> dict[str, bytes]:
    """Return the bytes of a site's files by path, without the builder's memory."""
    return {path: data for path, data in snapshot(site).items() if not path.startswith(f"{OWN}/")}


def from_nothing(root: Path, selection: Selection = EVERYTHING) -> dict[str, bytes]:
    shutil.rmtree(root / "anew", ignore_errors=True)
    build(root / "archive", root / "anew", selection)
    return pages(root / "anew")


def update(root: Path, selection: Selection = EVERYTHING) -> Built:
    """Update the site; check that it equals a new one, and that every link leads to a file."""
    built = build(root / "archive", root / "site", selection)
    found, anew = pages(root / "site"), from_nothing(root, selection)
    assert sorted(found) == sorted(anew)
    assert [path for path in anew if found[path] != anew[path]] == []
    assert dangling(root / "site", found) == []
    return built


def dangling(site: Path, files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Relative addresses in pages that lead to no file of the site."""
    found = []
    for path, data in files.items():
        if path.endswith(".html"):
            for address in re.findall(r'(?:href|src)="([^"#]+)"', data.decode()):
                if not re.match(r"(?:https?|mailto|tel):", address):
                    target = os.path.normpath(os.path.join(os.path.dirname(path), unescape(address)))
                    found += [] if target in files else [(path, address)]
    return found


def page(root: Path, dw_id: int) -> str:
    """The page of a document."""
    (found,) = (root / "site").glob(f"*/*/*/{dw_id}-*.html")
    return found.read_text("utf-8")


def alias(dw_id: int, target: int) -> dict[str, object]:
    """Return the log record of an alias."""
    return {"state": "alias", "kind": "article", "id": dw_id, "target": target, "time": "2026-06-02T00:00:00Z"}


def remove(archive: Path, dw_id: int) -> None:
    """Remove a document as `scrapy repair` does if it cannot be restored."""
    (path,) = archive.glob(f"*/*/*/{dw_id}-*.txt")
    removed = {"state": "removed", "path": str(path.relative_to(archive)), "kind": "article", "id": dw_id, "reason": "damaged",
               "time": "2026-06-02T00:00:00Z"}  # fmt: skip
    path.unlink()
    store(archive, states=(removed,), now_ms=NOW_MS + DAY_MS)


# --- a site ---


def test_site_has_the_pages_of_the_plan(root: Path) -> None:
    found = pages(root / "site")
    first = {"index.html", "search.html", "about.html", "pictures.html", "style.css"}
    assert first | {"zh/index.html", "zh/2026/05/index.html"} <= found.keys()
    documents = [path for path in snapshot(root / "archive") if layout.is_document(path)]
    assert len(documents) == 13
    assert {path.removesuffix(".txt") + ".html" for path in documents} <= found.keys()
    assert dangling(root / "site", found) == []


def test_pictures_and_media_files_are_those_of_the_archive(root: Path) -> None:
    files = snapshot(root / "archive")
    wanted = {path: data for path, data in files.items() if path.startswith(("images/", "media/"))}
    assert len(wanted) == 9
    assert {path: data for path, data in pages(root / "site").items() if path.startswith(("images/", "media/"))} == wanted


def test_pictures_are_linked_or_copied(made_once: Path, tmp_path: Path) -> None:
    path = layout.picture_path(PictureName(63000001, "303", "png"))
    assert (made_once / "site" / path).samefile(made_once / "archive" / path)
    build(made_once / "archive", tmp_path / "copied", EVERYTHING, copies=True)
    assert not (tmp_path / "copied" / path).samefile(made_once / "archive" / path)
    assert pages(tmp_path / "copied") == pages(made_once / "site")


def test_site_works_with_the_archive_moved_away(root: Path) -> None:
    before = pages(root / "site")
    shutil.rmtree(root / "archive")
    assert pages(root / "site") == before


def test_pages_name_other_hosts_only_in_links(root: Path) -> None:
    for path, data in pages(root / "site").items():
        if path.endswith(".html"):
            loaded = re.findall(r'(?:src|poster|srcset|action)="([^"]*)"|<link[^>]*href="([^"]*)"', data.decode())
            assert [one for pair in loaded for one in pair if one.startswith(("http", "//"))] == []
            assert b"default-src 'none'" in data


def test_page_of_an_article_has_all_its_parts(root: Path) -> None:
    found = page(root, samples.ENGLISH)
    assert "<title>The ferry that waits for nobody, and everybody</title>" in found
    assert '<article lang="en" dir="ltr">' in found
    assert '<bdi class="author">Wren Hollow, Ada Marsh</bdi>' in found
    assert 'href="../../../zh/2026/05/70000005-' in found  # a link that stays in the site
    assert f"https://www.dw.com/en/a-{samples.OUTSIDE}" in found  # and one that leads outside
    assert "Picture missing (404): 63000099_303.png" in found
    assert "© 2026 Deutsche Welle" in found
    assert f'<a class="out" href="https://www.dw.com/en/a-{samples.ENGLISH}"' in found
    cited = re.sub(r"<[^>]*>", "", found.partition("To cite</dt>")[2])
    (row,) = (path for path in (root / "archive").glob(f"en/2026/05/{samples.ENGLISH}-*.txt"))
    stamp_ms = samples.ENGLISH_NOW.stamp_ms
    assert f"id {samples.ENGLISH}, stamp {stamp_ms}, sha256 {sha256_of(row)[0]}" in cited
    referring = found.partition("Referred to by")[2].partition("</section>")[0]
    assert f"/{samples.ARABIC}-" in referring
    assert '<bdi class="headline" lang="ar" dir="rtl">' in referring


def test_page_of_an_earlier_version_shows_the_changes(root: Path) -> None:
    earlier = f"revisions/{samples.ENGLISH}/{samples.ENGLISH_BEFORE.stamp_ms}.html"
    assert f'href="../../../{earlier}"' in page(root, samples.ENGLISH)
    found = (root / "site" / earlier).read_text("utf-8")
    assert "<del>wooden</del>" in found
    assert "<ins>stone</ins>" in found
    assert "the old wooden bridge" in found
    assert 'href="../../en/2026/05/70000001-' in found


def test_right_to_left_article_has_its_dates_isolated(root: Path) -> None:
    found = page(root, samples.ARABIC)
    assert '<article lang="ar" dir="rtl">' in found
    assert re.search(r"<bdi><time datetime=[^>]*>31 May 2026, 09:36 UTC</time></bdi>", found)


def test_page_says_that_dw_no_longer_has_the_document(root: Path) -> None:
    state = {"state": "gone", "kind": "article", "id": samples.GERMAN, "reason": "404", "time": "2026-06-02T00:00:00Z"}
    store(root / "archive", states=(state,), now_ms=NOW_MS + DAY_MS)
    update(root)
    assert "DW no longer offers this document" in page(root, samples.GERMAN)


def test_long_month_is_split(tmp_path: Path) -> None:
    documents = [samples.document(71000000 + n, "en", f"Title {n}", "<p>x</p>", days=2) for n in range(A_PAGE + 1)]
    archive_of(tmp_path / "archive", *documents)
    build(tmp_path / "archive", tmp_path / "site", EVERYTHING)
    folder = tmp_path / "site/en/2026/05"
    assert (folder / "index.html").read_text().count('class="headline"') == A_PAGE
    assert (folder / "index-2.html").read_text().count('class="headline"') == 1
    assert (folder / "index.html").stat().st_size < 200_000


def test_hostile_document_stays_text(root: Path) -> None:
    for path, data in pages(root / "site").items():
        if path.endswith(".html"):
            text = data.decode()
            assert text.count("<script") == (len(SCRIPTS) if path == "search.html" else 0), path
            assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', text)), path
            assert "javascript:" not in re.sub(r">[^<]*<", "><", text), path
    assert "{{ 7*7 }}" in page(root, samples.HOSTILE)
    assert "49" not in re.sub(r"[0-9a-f]{64}", "", page(root, samples.HOSTILE).partition("<h1>")[2].partition("</h1>")[0])
    assert sorted(path.name for path in root.iterdir()) == ["archive", "site"]


# --- bringing it up to date ---


def test_second_build_writes_nothing(root: Path) -> None:
    times = {path: (root / "site" / path).stat().st_mtime_ns for path in pages(root / "site")}
    assert build(root / "archive", root / "site", EVERYTHING) == Built()
    assert {path: (root / "site" / path).stat().st_mtime_ns for path in times} == times


def test_new_document_changes_only_pages_that_name_it(root: Path) -> None:
    before = pages(root / "site")
    new = samples.document(72000001, "en", "A new bridge after all", f"<p>{reference(samples.GERMAN, 'x')}</p>", days=0.1)
    archive_of(root / "archive", new, now_ms=NOW_MS + DAY_MS)
    assert update(root).linked == 0
    after = pages(root / "site")
    changed = {path for path in after if after[path] != before.get(path)}
    (german,) = (path for path in after if f"/{samples.GERMAN}-" in path)
    assert {path for path in changed if not path.startswith("search/")} == {
        "index.html", "about.html", "en/index.html", "en/2026/05/index.html", german,
        "en/2026/05/72000001-a-new-bridge-after-all.html",
    }  # fmt: skip
    (segment,) = {path.split("/")[1] for path in changed if path.count("/") == 2 and path.startswith("search/")}
    assert {path for path in changed if path.startswith("search/")} == {
        "search/segments.js", *(path for path in after if path.startswith(f"search/{segment}/"))}  # fmt: skip


def test_archived_target_turns_links_into_those_of_the_site(root: Path) -> None:
    target = samples.document(samples.OUTSIDE, "en", "Plans from the sixties", "<p>x</p>", days=9)
    archive_of(root / "archive", target, now_ms=NOW_MS + DAY_MS)
    update(root)
    assert f'href="../../../en/2026/05/{samples.OUTSIDE}-plans-from-the-sixties.html"' in page(root, samples.ENGLISH)


def test_alias_leads_to_its_document(root: Path) -> None:
    store(root / "archive", states=(alias(samples.OUTSIDE, samples.GERMAN),), now_ms=NOW_MS + DAY_MS)
    update(root)
    assert f'href="../../../de/2026/05/{samples.GERMAN}-' in page(root, samples.ENGLISH)
    assert f"/{samples.ENGLISH}-" in page(root, samples.GERMAN).partition("Referred to by")[2]


def test_picture_that_arrives_takes_its_place(root: Path) -> None:
    store(root / "archive", picture_file(samples.MISSING_PICTURE), now_ms=NOW_MS + DAY_MS)
    assert update(root).linked == 1
    assert "Picture missing" not in page(root, samples.ENGLISH)


def test_reason_of_a_missing_picture_is_the_last_one(root: Path) -> None:
    store(root / "archive", states=(missing(samples.MISSING_PICTURE, "timed out"),), now_ms=NOW_MS + DAY_MS)
    update(root)
    assert "Picture missing (timed out)" in page(root, samples.ENGLISH)


def test_revised_document_leaves_its_earlier_version(root: Path) -> None:
    (german,) = (document for document in samples.OTHERS if document.id == samples.GERMAN)
    changed = replace(german, stamp_ms=NOW_MS + 5000, title="Strassenbahn statt Stau")
    archive_of(root / "archive", changed, now_ms=NOW_MS + DAY_MS)
    update(root)
    assert "<h2>Versions</h2>" in page(root, samples.GERMAN)
    assert (root / f"site/revisions/{samples.GERMAN}").is_dir()


def test_pages_and_pictures_of_a_removed_document_are_removed(root: Path) -> None:
    remove(root / "archive", samples.URDU)
    assert update(root).removed == 3 + 3  # the page, its month, its language; the old segment of the search
    assert not (root / "site/ur").exists()


def test_damaged_document_is_left_out_and_named(root: Path) -> None:
    (path,) = (root / "archive").glob(f"ru/*/*/{samples.RUSSIAN}-*.txt")
    good = path.read_bytes()
    path.write_bytes(good.replace("Маяк".encode(), "Маяч".encode()))
    built = build(root / "archive", root / "elsewhere", EVERYTHING)
    assert built.left_out == [str(path.relative_to(root / "archive"))]
    path.write_bytes(good)
    build(root / "archive", root / "elsewhere", EVERYTHING)
    assert pages(root / "elsewhere") == pages(root / "site")


def test_lost_picture_is_left_out_and_named(root: Path) -> None:
    path = layout.picture_path(PictureName(63000007, "303", "png"))
    (root / "archive" / path).unlink()
    assert build(root / "archive", root / "elsewhere", EVERYTHING).left_out == [path]


def test_other_selection_removes_pages_and_pictures(root: Path) -> None:
    built = update(root, Selection(frozenset({"zh", "zh-hant"})))
    assert built.removed > 10
    found = pages(root / "site")
    assert {path.partition("/")[0] for path in found if layout.is_document(path.replace(".html", ".txt"))} == {"zh", "zh-hant"}
    assert len([path for path in found if path.startswith("images/")]) == 3
    update(root, Selection(since_ms=NOW_MS - DAY_MS))
    update(root)


def test_changes_of_every_kind_in_any_order_give_the_same_site(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MOST", 5)  # so that segments of the search are halved, and joined again
    chance = random.Random(7)
    ids = [73000000 + n for n in range(12)]
    for step in range(8):
        now_ms = NOW_MS + (step + 1) * DAY_MS
        chosen = chance.sample(ids, 3)
        documents = [
            samples.document(dw_id, chance.choice(["en", "zh"]) if step == 0 else "en", f"Title {chance.random():.3}",
                             "".join(f"<p>{reference(chance.choice(ids), 'x')}</p>" for _ in range(chance.randrange(4)))
                             + picture(63000200 + chance.randrange(6), "c"), days=chance.randrange(90), later_ms=step * DAY_MS)
            for dw_id in chosen
        ]  # fmt: skip
        archive_of(root / "archive", *documents, now_ms=now_ms)
        picked = chance.randrange(6)
        if chance.random() < 0.5:
            store(root / "archive", picture_file(63000200 + picked, picked), now_ms=now_ms)
        else:
            store(root / "archive", states=(missing(63000200 + picked, f"reason {step}"),), now_ms=now_ms)
        if step % 3 == 2:
            store(root / "archive", states=(alias(*chance.sample(ids, 2)),), now_ms=now_ms)
        update(root)


def test_new_version_of_the_templates_rebuilds_all_pages(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_module, "_version", lambda: "another")
    victim = next((root / "site").glob("de/*/*/7*.html"))
    victim.write_text("as an older version made it")
    assert build(root / "archive", root / "site", EVERYTHING).written == 1
    assert pages(root / "site") == from_nothing(root)


# --- foreign files ---


def test_folder_with_other_things_is_refused(root: Path) -> None:
    (root / "home").mkdir()
    (root / "home/letter.txt").write_text("mine")
    with pytest.raises(NotASite, match=r"not empty and not a site \(letter.txt\)"):
        build(root / "archive", root / "home", EVERYTHING)
    assert snapshot(root / "home") == {"letter.txt": b"mine"}
    with pytest.raises(NotASite, match="not a folder"):
        build(root / "archive", root / "home/letter.txt", EVERYTHING)


def test_foreign_files_in_a_site_are_never_touched(root: Path) -> None:
    site = root / "site"
    (site / "notes.txt").write_text("mine")
    (site / "en/2026/05/mine.html").write_text("mine")
    (site / "ja").write_text("a file where a folder might be")
    taken = site / "en/2026/05/72000001-a-title.html"
    taken.write_text("mine")
    new = samples.document(72000001, "en", "A title", "<p>x</p>", days=0.1)
    archive_of(root / "archive", new, now_ms=NOW_MS + DAY_MS)
    built = build(root / "archive", site, EVERYTHING)
    assert built.foreign == ["en/2026/05/72000001-a-title.html"]
    build(root / "archive", site, Selection(frozenset({"zh"})))
    mine = {"notes.txt", "en/2026/05/mine.html", "ja", "en/2026/05/72000001-a-title.html"}
    assert mine <= pages(site).keys()
    assert taken.read_text() == "mine"
    assert not (site / "en/index.html").exists()


def test_two_builders_do_not_work_on_one_site(root: Path) -> None:
    folder, memory = Folder(root / "site"), Memory(root / "site" / NAME)
    folder.begin()
    with pytest.raises(ArchiveInUse, match="another process is making"):
        build(root / "archive", root / "site", EVERYTHING)
    assert folder.write("about.html", b"still at work")
    memory.close()


def test_site_in_a_folder_whose_name_is_not_utf_8(root: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9?#%41"))
    os.rename(root / "archive", f"{odd}-archive")
    ran = scrapy("site", "--to", odd, root=Path(f"{odd}-archive"))
    assert ran.status == 0
    assert pages(odd) == pages(root / "site")


def test_damaged_memory_is_reported_with_a_remedy(root: Path) -> None:
    (root / "site" / NAME).write_bytes(b"no database" * 1000)
    before = pages(root / "site")
    with pytest.raises(DiskError, match=r"delete .* and make the site again"):
        build(root / "archive", root / "site", EVERYTHING)
    assert pages(root / "site") == before


def test_missing_index_is_reported_with_a_remedy(root: Path) -> None:
    (root / "archive/index.sqlite").unlink()
    with pytest.raises(NoIndex, match="scrapy reindex"):
        build(root / "archive", root / "site", EVERYTHING)


def test_site_is_made_while_a_run_holds_the_archive(root: Path) -> None:
    archive = open_archive(root / "archive", NOW_MS + DAY_MS, "a test")
    try:
        assert build(root / "archive", root / "site", EVERYTHING) == Built()
    finally:
        archive.close()


# --- kills ---

_BUILD = """
import os, signal, sys
from pathlib import Path
from crawler.reader import output
from crawler.reader.plan import Selection
from crawler.reader.site import build
left = int(sys.argv[2])
def counted(function):
    def count(*args, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)
    return count
for name in ("_put", "remove", "write"):
    setattr(output.Folder, name, counted(getattr(output.Folder, name)))
root = Path(sys.argv[1])
build(root / "archive", root / "site", Selection())
"""


def killed(root: Path, after: int) -> bool:
    """Build in a process that is killed after some changes. Returns whether it was killed."""
    done = subprocess.run([sys.executable, "-c", _BUILD, str(root), str(after)], cwd=Path(__file__).parents[2], check=False)
    return done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("turn", share(range(60), 15))
def test_killed_first_build_is_finished_by_the_next(root: Path, turn: int) -> None:
    after = random.Random(f"{SEED} {turn}").randrange(95)  # of 99 changes
    wanted = pages(root / "site")
    shutil.rmtree(root / "site")
    assert killed(root, after), (SEED, after)
    build(root / "archive", root / "site", EVERYTHING)
    assert pages(root / "site") == wanted
    assert not list((root / "site" / OWN).glob("new*"))


@pytest.mark.parametrize("turn", share(range(60), 12))
def test_killed_update_leaves_a_site_that_works(root: Path, turn: int) -> None:
    after = random.Random(f"{SEED} {turn}").randrange(44)  # of 46 changes
    remove(root / "archive", samples.URDU)
    store(root / "archive", picture_file(63000300), now_ms=NOW_MS + DAY_MS)
    bodies = [f"<p>{reference(72000001 + (n + 1) % 3, 'x')}{reference(samples.GERMAN, 'y')}</p>" for n in range(3)]
    new = [samples.document(72000001 + n, "en", f"A title {n}", body + picture(63000300)) for n, body in enumerate(bodies)]
    archive_of(root / "archive", *new, now_ms=NOW_MS + 2 * DAY_MS)
    assert killed(root, after), (SEED, after)
    assert reachable_dangling(root / "site") == [], (SEED, after)
    assert segments_whole(root / "site"), (SEED, after)
    update(root)


def segments_whole(site: Path) -> bool:
    """Whether all segments in the search's list have all their files."""
    text = (site / "search/segments.js").read_text("utf-8")
    entries = json.loads(text.removeprefix('dw("search/segments.js",').removesuffix(");\n"))
    return all(
        (site / "search" / name / file).is_file()
        for name, _, _, _, tokens in entries
        for file in ("head.js", *(f"tokens-{n}.js" for n in range(len(tokens))))
    )


def reachable_dangling(site: Path) -> list[tuple[str, str]]:
    """Return the broken links on pages that can be reached from `index.html`."""
    files = pages(site)
    left, seen = ["index.html"], set()
    while left:
        if (path := left.pop()) not in seen and path in files:
            seen.add(path)
            if path.endswith(".html"):
                hrefs = re.findall(r'href="([^"#:]+)"', files[path].decode())
                left += [os.path.normpath(os.path.join(os.path.dirname(path), unescape(href))) for href in hrefs]
    return [(path, address) for path, address in dangling(site, files) if path in seen]


# --- the command ---


def test_command_makes_a_site_beside_the_archive(root: Path) -> None:
    shutil.rmtree(root / "site")
    ran = scrapy("site", root=root / "archive")
    assert ran.status == 0
    assert (root / "site/index.html").is_file()
    assert "Open file://" in ran.out


def test_option_overrides_the_setting_for_the_folder(root: Path) -> None:
    assert scrapy("site", "-s", f"SITE_DIR={root / 'elsewhere'}", root=root / "archive").status == 0
    assert pages(root / "elsewhere") == pages(root / "site")
    assert scrapy("site", "-s", f"SITE_DIR={root / 'no'}", "--to", root / "there", root=root / "archive").status == 0
    assert (root / "there/index.html").is_file()
    assert not (root / "no").exists()


def test_command_prints_its_result_as_json(root: Path) -> None:
    ran = scrapy("site", "--json", "--to", root / "zh", "--language", "zh", "--since", "2026-01-01", "--pictures", "copy",
                 root=root / "archive")  # fmt: skip
    assert ran.json == {"site": str(root / "zh"), "written": 17, "linked": 3, "removed": 0, "left_out": [], "foreign": []}


@pytest.mark.parametrize(("options", "status", "words"), [
    (("--language", "xx"), 2, "--language: not one of"), (("--since", "yesterday"), 2, "--since: not a day"),
    (("--pictures", "draw"), 2, "--pictures: neither link nor copy"), (("extra",), 1, "unexpected argument extra"),
])  # fmt: skip
def test_invalid_options_give_one_line(root: Path, options: tuple[str, ...], status: int, words: str) -> None:
    ran = scrapy("site", *options, root=root / "archive")
    assert ran.status == status
    assert words in ran.err


def test_site_is_not_made_inside_the_archive(root: Path) -> None:
    ran = scrapy("site", "--to", root / "archive/zh", root=root / "archive")
    assert ran.status == 1
    assert "lies in the archive" in ran.err
    assert scrapy("site", "--to", root / "archive", root=root / "archive").status == 1
