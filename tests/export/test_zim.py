"""`scrapy export zim`: files that are sound for libzim, and in which words of every script are found."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from libzim.reader import Archive
from libzim.search import Query, Searcher
from libzim.suggestion import SuggestionSearcher
from lxml import html  # type: ignore[import-untyped]

from crawler.export import room
from crawler.export.zimindex import searchable, titles
from tests.helpers_commands import archive_of, document, scrapy
from tests.reader import samples

CHINESE = [
    ("山上的圖書館", "那本書很厚，每個來的人都在裡面寫一頁。臺灣的颱風", 70000001),
    ("河边的灯笼", "录音机记得住声音，记不住是谁家的灯。", 70000002),
]


def exported(root: Path, to: Path, *options: str) -> Path:
    ran = scrapy("export", "zim", "--to", to, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return to


def found(path: Path, words: str) -> set[int]:
    """Return the ids of the documents in which words are found."""
    search = Searcher(Archive(path)).search(Query().set_query(words))
    return {int(re.findall(r"/(\d+)", one)[-1]) for one in search.getResults(0, search.getEstimatedMatches())}


def suggested(path: Path, words: str) -> set[str]:
    search = SuggestionSearcher(Archive(path)).suggest(words)
    return set(search.getResults(0, search.getEstimatedMatches()))


def entries(path: Path) -> dict[str, bytes]:
    """Return the content of all entries by path, without redirects and what libzim adds."""
    archive = Archive(path)
    every = (archive._get_entry_by_id(number) for number in range(archive.all_entry_count))
    return {one.path: bytes(one.get_item().content) for one in every
            if not one.is_redirect and not one.path.startswith(("listing/", "title/", "fulltext/"))}  # fmt: skip


@pytest.fixture(scope="module")
def english(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(archive, tmp_path_factory.mktemp("zim") / "en.zim", "--language", "en")


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_every_file_is_sound_and_has_indexes(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    root = request.getfixturevalue(which)
    to = exported(root, tmp_path / "all")
    languages = scrapy("status", "--json", root=root).json["languages"]
    assert sorted(path.name for path in to.iterdir()) == sorted(f"{name}.zim" for name in languages)
    for path in to.iterdir():
        archive = Archive(path)
        assert archive.check()
        assert archive.has_fulltext_index
        assert archive.has_title_index
        assert archive.has_main_entry
        assert {"Name", "Title", "Creator", "Publisher", "Date", "Description", "Language"} <= set(archive.metadata_keys)
        titled = archive.article_count
        assert titled >= languages[path.stem]


def test_page_has_its_pictures_and_no_link_leads_to_nothing(english: Path) -> None:
    files = entries(english)
    page = next(path for path in files if path.startswith(f"en/2026/05/{samples.ENGLISH}"))
    read = html.fromstring(files[page])
    assert read.xpath("string(//h1)") == samples.ENGLISH_NOW.title
    assert read.xpath("//figure/img/@src") == ["../../../images/630/63000001_303.png", "../../../images/630/63000002_303.png"]
    for path, data in files.items():
        if not path.endswith(".html"):
            continue
        tree = html.fromstring(data)
        assert not tree.xpath("//script | //iframe")
        for address in tree.xpath("//@href | //@src"):
            if not re.match(r"https?://|mailto:|tel:", address):
                parts = (Path("/") / Path(path).parent / address).resolve()
                assert str(parts)[1:] in files, (path, address)
    assert f"https://www.dw.com/ar/a-{samples.ARABIC}" in read.xpath("//@href")  # it is in another file


def test_main_page_leads_to_every_document(english: Path) -> None:
    files = entries(english)
    assert Archive(english).main_entry.get_item().path == "index.html"
    main = html.fromstring(files["index.html"])
    latest = [one for one in main.xpath("//a/@href") if not one.endswith("index.html")]
    assert set(latest) == {path for path in files if re.fullmatch(r"en/\d+/\d+/\d+.*\.html", path)}
    months = [one for one in main.xpath("//a/@href") if one.endswith("index.html")]
    listed = [name for month in months for name in html.fromstring(files[month]).xpath("//li/a/@href")]
    assert len(listed) == len(latest)


def test_words_are_found_in_the_other_chinese_script(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", *(
        document(dw_id, title=title, body=f"<p>{text}</p>", language="zh") for title, text, dw_id in CHINESE))  # fmt: skip
    path = exported(root, tmp_path / "zh.zim", "--language", "zh")
    for words in ("图书", "圖書", "裡面", "里面", "台灣", "臺灣", "台湾", "台风", "颱風", "圖書館", "图书馆", "每个来的人"):
        assert found(path, words) == {70000001}, words
    for words in ("录音", "錄音", "燈籠", "灯笼", "声音", "聲音", "記得"):
        assert found(path, words) == {70000002}, words
    assert found(path, "猫") == set()
    for title in ("河邊的", "河边的", "山上的图", "山上的圖"):
        assert suggested(path, title), title


def test_hindi_german_and_other_words_are_found_in_each_spelling(tmp_path: Path) -> None:
    texts = {"hi": "जब बारिश होती है तब हिन्दी और अंदर चाँद", "de": "Münchner Straßenbahn in der Mühlgasse, Muenster",
             "fr": "Un élève à Noël", "ru": "Ёлка в лесу", "tr": "Iğdır'da kış", "ar": "إلى المدرسةِ"}  # fmt: skip
    named = enumerate(texts.items())
    documents = (document(70000001 + place, body=f"<p>{text}</p>", language=language) for place, (language, text) in named)
    root = archive_of(tmp_path / "archive", *documents)
    exported(root, tmp_path / "all")
    wanted = {"hi": ["बारिश", "हिन्दी", "हिंदी", "अंदर", "अन्दर", "चाँद", "चांद"], "fr": ["eleve", "élève", "NOEL"],
              "de": ["Münchner", "Muenchner", "munchner", "Straßenbahn", "Strassenbahn", "Mühlgasse", "Münster"],
              "ru": ["елка", "Ёлка"], "tr": ["kış", "kis"], "ar": ["الى", "إلى", "المدرسة", "المدرسه"]}  # fmt: skip
    for place, language in enumerate(texts):
        for words in wanted[language]:
            assert found(tmp_path / "all" / f"{language}.zim", words) == {70000001 + place}, words


def test_each_year_may_be_a_file(tmp_path: Path) -> None:
    days = ("2024-05-01", "2025-01-01", "2026-05-01")
    root = archive_of(tmp_path / "archive", *(
        document(70000001 + place, date=f"{day}T00:00:00.000Z") for place, day in enumerate(days)))  # fmt: skip
    to = exported(root, tmp_path / "years", "--by", "year", "--language", "en")
    assert sorted(path.name for path in to.iterdir()) == ["en-2024.zim", "en-2025.zim", "en-2026.zim"]
    assert [len([one for one in entries(path) if re.match(r"en/\d+/\d+/7", one)]) for path in to.iterdir()] == [1, 1, 1]


def test_same_archive_gives_the_same_entries(archive: Path, english: Path, tmp_path: Path) -> None:
    again = exported(archive, tmp_path / "en.zim", "--language", "en")
    assert entries(again) == entries(english)
    assert bytes(Archive(again).get_metadata("Date")) == b"2026-06-01"
    assert [path.name for path in tmp_path.iterdir()] == ["en.zim"]


def test_output_for_machines_is_json_alone(archive: Path, tmp_path: Path, capfd: Any) -> None:
    ran = scrapy("export", "zim", "--json", "--to", tmp_path / "zh.zim", "--language", "zh", root=archive)
    assert json.loads(ran.out)["documents"] == 1
    assert "ZIM" not in capfd.readouterr().out  # libzim would print one


def test_refusals_are_one_line(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for options, said in ((["--to", tmp_path / "uk.zim", "--language", "uk"], "the archive has no documents in uk"),
                          (["--to", tmp_path / "zh", "--language", "zh"], "the name of a zim file ends with .zim"),
                          (["--revisions"], "--revisions is not for zim")):  # fmt: skip
        ran = scrapy("export", "zim", *options, root=archive)
        assert (ran.status, ran.err.count("\n"), said in ran.err) == (1, 1, True), ran.err
    monkeypatch.setitem(sys.modules, "libzim", None)
    ran = scrapy("export", "zim", "--to", tmp_path / "zh.zim", "--language", "zh", root=archive)
    assert ran.err == "scrapy export: this format needs the package libzim: pip install 'dw-archiver[zim]'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "language", "words"), [
    ("", "en", ""), ("Ünder", "en", "under"), ("हिंदी", "hi", "हद हनद"), ("里", "zh", "里 裏 裡"), 
    ("a\U0001f600 b", "en", "a\U0001f600 b a"),
])
def test_index_is_fed_with_every_spelling(text: str, language: str, words: str) -> None:
    assert set(searchable(text, language).split()) == set(words.split())


def test_title_is_written_in_the_other_script_only() -> None:
    assert titles("中文", "zh") == []
    assert titles("Grüße", "de") == []
    assert titles("头发", "zh") != []


@pytest.mark.parametrize("free", [0, room.RESERVE - 1, room.RESERVE + 500])
def test_disk_that_would_become_full_is_one_line(
    free: int, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.storage.disk.free_bytes", lambda folder: free)
    ran = scrapy("export", "zim", "--to", tmp_path / "en.zim", "--language", "en", root=archive)
    needed = "64 MB" if free == 0 else "1 MB"
    assert (ran.status, ran.err.count("\n")) == (6, 1)
    assert f"{tmp_path}: too little free space for the ZIM file; {needed} more" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_failure_of_libzim_is_one_line(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("Unknown exception")

    monkeypatch.setattr("crawler.export.zim._Zim._write", broken)
    ran = scrapy("export", "zim", "--to", tmp_path / "en.zim", "--language", "en", root=archive)
    assert (ran.status, ran.err.count("\n"), "libzim cannot write" in ran.err) == (1, 1, True)
    assert list(tmp_path.iterdir()) == []
