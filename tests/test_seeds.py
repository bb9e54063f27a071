"""Parsing a `seeds` argument. Words are invented."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import seedfile, seeds, urls
from crawler.seeds import Address, Document, Problem, Seed, Start
from crawler.urls import DW, Sites, Target
from tests.conftest import seed_paths

DOCUMENT = b"<!--1700000000000-->\n[A title](https://www.dw.com/en/A%20title/a-7)\n------\n\n<p>words</p>\n"
URL = "https://www.dw.com/en/x/a-5"


def read(argument: str, stdin: bytes = b"") -> list[Seed]:
    return list(seeds.read(argument, io.BytesIO(stdin), DW))


def ids(found: list[Seed]) -> list[int | None]:
    """Return the ids of the seeds; None for a problem."""
    return [id_of(one) for one in found]


def id_of(one: Seed) -> int | None:
    if isinstance(one, Address):
        return one.target.id
    return one.document.id if isinstance(one, Document) else None


def problems(found: list[Seed]) -> list[tuple[str, str]]:
    return [(one.place, one.reason) for one in found if isinstance(one, Problem)]


def test_argument_may_be_an_address() -> None:
    assert read(f" {URL} ,,") == [Address("argument", Target("article", 5, "en"), URL)]


def test_empty_argument_gives_no_seeds() -> None:
    assert read("") == read(" , ") == []


@pytest.mark.parametrize("text", ["edition:zh", "search:zh:2023-10-05", "mediacenter:4"])
def test_starting_points_that_are_not_addresses(text: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"{text}\n")
    assert read(text) == [Start("argument", text)]
    assert read(str(tmp_path)) == [Start(f"{tmp_path}/list:1", text)]


def test_list_has_an_address_on_each_line(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(
        "# a comment\n\nhttps://www.dw.com/en/x/a-1\n   https://p.dw.com/p/4boRv  \r\n\t# another\n"
        "https://www.dw.com/en/x/a-2 # with a comment\nhttps://www.dw.com/zh/no1#first/a-3\nnonsense\n"
        "https://example.org/en/x/a-4\nhttps://www.dw.com/zh/why?/a-5\nhttps://rss.dw.com/rdf/rss-chi-all",
        encoding="utf-8",
    )
    found = read(str(path))
    assert ids(found) == [1, 68117411, 2, 3, None, None, 5, None]
    assert isinstance(found[-1], Address)
    assert found[-1].target.kind == "feed"
    assert problems(found) == [
        (f"{path}:8", "not the address of a document or list at DW: 'nonsense'"),
        (f"{path}:9", "not the address of a document or list at DW: 'https://example.org/en/x/a-4'"),
    ]


COMMAS = "https://www.dw.com/en/A%20title,%20as%20displayed,%20here/a-67013665"


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        (COMMAS, [67013665]),
        (f"{COMMAS},{COMMAS.replace('a-6', 'a-7')}, {URL}", [67013665, 77013665, 5]),
        (f"{URL},{COMMAS},https://p.dw.com/p/4boRv", [5, 67013665, 68117411]),
        ("https://www.dw.com/zh/一，二,三 四/a-8", [8]),
        ("https://www.dw.com/en/only%20a-5,%20not%20six/a-6", [6]),
        ("https://www.dw.com/dw/article/0,,15403,00.html", [None, None, None]),
        (f"{URL},no-such-file", [5, None]),
        (f"https://www.dw.com/en/no-number,-,{URL}", [None, 5]),
        ("https://www.dw.com/en/,,,%20-,-,,%20edition:zh,edition:zh/a-8", [8]),
        ("https://www.dw.com/en/at%20last,%20https://here/a-8", [8]),
    ],
)
def test_commas_of_an_address_do_not_split_it(argument: str, found: list[int | None]) -> None:
    assert ids(read(argument)) == found


@given(st.lists(st.tuples(st.text("a,.-? '\"#%:/吗é\u00a0", max_size=12), st.integers(1, 10**9)), min_size=1, max_size=4))
def test_addresses_of_our_documents_can_be_joined_by_commas(named: list[tuple[str, int]]) -> None:
    argument = ",".join(urls.document_url("en", title, dw_id) for title, dw_id in named)
    assert ids(read(argument)) == [dw_id for _, dw_id in named]


def test_name_on_disk_is_never_the_rest_of_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-6").write_bytes(DOCUMENT)
    assert ids(read("https://www.dw.com/en/x/y,a-6")) == [None, 7]


def test_one_line_that_is_not_utf8_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(f"{URL}\n".encode() + b"https://www.dw.com/zh/\xff/a-6\n" + URL.replace("a-5", "a-7").encode())
    assert ids(found := read(str(path))) == [5, None, 7]
    assert problems(found) == [(f"{path}:2", "not UTF-8: invalid start byte")]


@pytest.mark.parametrize("line", [b"\0", b"https://www.dw.com/zh/\0", b"https://www.dw.com/zh/\0\xff/a-6"])
def test_line_with_a_nul_is_one_problem(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(line + f"\n{URL}\n".encode())
    assert ids(found := read(str(path))) == [None, 5]
    assert [place for place, _ in problems(found)] == [f"{path}:1"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_lists_and_documents_may_be_utf16_or_have_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "1").write_bytes(f"{mark}{URL}\r\n{COMMAS}".encode(encoding))
    (tmp_path / "2").write_bytes((mark + DOCUMENT.decode()).encode(encoding))
    found = read(str(tmp_path))
    assert ids(found) == [5, 67013665, 7]
    assert found[2] == Document(str(tmp_path / "2"), seedfile.loads(DOCUMENT), is_mended=True)


MENDED = [Document("standard input", seedfile.loads(DOCUMENT), is_mended=True)]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
def test_line_ends_of_a_document_are_normalised(line_end: bytes) -> None:
    assert read("-", DOCUMENT.replace(b"\n", line_end)) == MENDED
    assert read("-", b"\xef\xbb\xbf" + DOCUMENT.replace(b"\n", line_end)) == MENDED


@pytest.mark.parametrize(
    "data",
    [
        DOCUMENT.replace(b"\n", b"\r\n", 2), DOCUMENT[:-1] + b"\r\n", DOCUMENT.replace(b"\n", b"\r\n")[:-2] + b"\n",
        DOCUMENT + b"\n\n", DOCUMENT.replace(b"\n", b"\r\n") + b"\r\n", b"\xef\xbb\xbf\xef\xbb\xbf" + DOCUMENT,
    ],
    ids=["first", "last", "all but the last", "empty lines at the end", "the same in CRLF", "two marks"],
)  # fmt: skip
def test_documents_changed_by_several_tools_are_accepted(data: bytes) -> None:
    assert read("-", data) == MENDED


@pytest.mark.parametrize("end", [b"", b" ", b"\r\n "])
def test_document_without_its_last_line_end_may_be_cut(end: bytes) -> None:
    assert len(problems(read("-", DOCUMENT[:-1] + end))) == 1


def test_line_of_a_list_may_hold_several_addresses() -> None:
    assert ids(read("-", f"{COMMAS},{URL} # both\nno, address\n".encode())) == [67013665, 5, None]


def test_carriage_return_in_a_body_stays() -> None:
    [found] = read("-", DOCUMENT.replace(b"words", b"two\rwords"))
    assert isinstance(found, Document)
    assert (found.is_mended, found.document.html) == (False, "<p>two\rwords</p>")


def test_byte_order_mark_before_a_list_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbf" + URL.encode() + b"\n")
    assert ids(read(str(tmp_path / "list"))) == [5]


def test_a_million_byte_order_marks_are_skipped_quickly(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"\xff\xfe" * 1_000_000 + URL.encode("utf-16-le"))
    assert ids(read(str(tmp_path / "list"))) == [5]


def test_file_that_begins_like_a_document_is_one_under_any_name(tmp_path: Path) -> None:
    for name in ("000_0123456789abcdef.txt", "list.lst", "no ending"):
        (tmp_path / name).write_bytes(DOCUMENT)
    found = read(str(tmp_path))
    assert ids(found) == [7, 7, 7]
    assert all(isinstance(one, Document) and one.document.html == "<p>words</p>" for one in found)


def test_folder_is_read_recursively_in_order(tmp_path: Path) -> None:
    for place, name in enumerate(["b/z", "a", "b/a", "c", "b/c/d"], 1):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"https://www.dw.com/a-{place}\n")
    (tmp_path / ".hidden").write_text("nonsense\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("nonsense\n")
    assert ids(read(str(tmp_path))) == [2, 3, 5, 1, 4]


def test_circles_of_links_are_not_followed_forever(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(URL)
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "linked").symlink_to("list")
    found = read(str(tmp_path))
    assert ids([one for one in found if not isinstance(one, Problem)]) == [5, 5]
    assert [place for place, _ in problems(found)] == [f"{tmp_path}/self"]


def test_standard_input_is_a_list_or_a_document() -> None:
    assert ids(read("-", URL.encode())) == [5]
    assert ids(read("-", DOCUMENT)) == [7]
    reason = "not the address of a document or list at DW: 'nonsense'"
    assert problems(read("-", b"\nnonsense")) == [("standard input:2", reason)]
    assert read("-") == []


def test_several_parts_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DOCUMENT)
    assert ids(read(f"{URL}, {tmp_path / 'a'},-", b"https://www.dw.com/a-9")) == [5, 7, 9]


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (DOCUMENT.replace(b"-->", b"->"), ":1", "not a stamp"),
        (DOCUMENT.replace(b"[A", b"A"), ":2", "not [title](address)"),
        (DOCUMENT.replace(b"------", b"-----"), ":3", "'------' expected"),
        (DOCUMENT[:-1], ":5", "no line end after the body"),
        (DOCUMENT + b"more", ":6", "text after the body"),
        (DOCUMENT.replace(b"words", b"\xff"), ":5", "not UTF-8"),
        (DOCUMENT.replace(b"/a-7", b""), ":2", "no id in the address https://www.dw.com/en/A%20title"),
        (DOCUMENT.replace(b"www.dw.com", b"example.org"), ":2", "no id in the address"),
        (b"<!--", ":1", "not a stamp"),
        (b"# ok\n\xff\n", ":2", "not UTF-8: invalid start byte"),
        (b"\x89PNG\r\n\x1a\n\x00", "", "a binary file: neither a list nor a seed document"),
        (b"\xff\xfe\x00", "", "neither UTF-8 nor UTF-16: truncated data"),
    ],
)
def test_problem_names_file_and_line(tmp_path: Path, data: bytes, line: str, reason: str) -> None:
    (tmp_path / "bad").write_bytes(data)
    (tmp_path / "good").write_bytes(DOCUMENT)
    found = read(str(tmp_path))
    [(place, said)] = problems(found)
    assert place == f"{tmp_path / 'bad'}{line}"
    assert said.startswith(reason)
    assert ids(found)[-1] == 7, "the rest is read all the same"


def test_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(read(f"{tmp_path}/nothing,{URL}")) == [(f"{tmp_path}/nothing", "cannot be read: No such file or directory")]


def test_overlong_line_is_shortened_in_the_message(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("x" * 10_000)
    [(_, reason)] = problems(read(str(tmp_path)))
    assert len(reason) < 300


def test_file_that_is_too_big_is_a_problem(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(seeds.MAX_FILE_BYTES + 1)
    assert problems(read(str(tmp_path))) == [(f"{tmp_path}/big", "larger than 33,554,432 bytes")]
    assert problems(read("-", b"\n" * (seeds.MAX_FILE_BYTES + 1))) == [("standard input", "larger than 33,554,432 bytes")]


def test_long_list_is_read_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("".join(f"https://www.dw.com/a-{n}\n" for n in range(1, 50_001)))
    assert ids(list(itertools.islice(seeds.read(str(tmp_path), io.BytesIO(), DW), 3))) == [1, 2, 3]
    assert len(read(str(tmp_path))) == 50_000


def test_addresses_of_a_configured_host_count() -> None:
    local = Sites(www="http://127.0.0.1:8003")
    [found] = seeds.read("http://127.0.0.1:8003/en/x/a-5", io.BytesIO(), local)
    assert isinstance(found, Address)
    assert found.target.id == 5


@given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda data: b"<!--" + data))
def test_any_bytes_are_seeds_or_problems(data: bytes) -> None:
    assert all(isinstance(one, Address | Start | Document | Problem) for one in read("-", data))


def test_recorded_documents_are_seeds(recorded: Path) -> None:
    found = read(f"{recorded}/seedfiles-2020,{recorded}/seedfiles-2023,{recorded}/seedfiles-2025")
    assert problems(found) == []
    assert len(found) == len(seed_paths()) == 100
    assert len(set(ids(found))) == 97, "three articles have two versions each"
