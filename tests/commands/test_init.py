"""`dw-archiver init`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from crawler import settings
from crawler.commands import init
from crawler.configuration import names, sources
from tests.helpers_commands import archive_of, document, snapshot
from tests.test_main import archiver


def test_init_makes_a_working_folder(tmp_path: Path) -> None:
    ran = archiver("init", "new/dw", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    folder = tmp_path / "new" / "dw"
    assert set(snapshot(folder)) == {"dw.toml", "scrapy.cfg", "seeds/editions.txt", "seeds/more.txt"}
    assert (folder / "archive").is_dir()
    assert sources.working_folder(folder / "seeds") == folder


def test_init_keeps_existing_files(tmp_path: Path) -> None:
    archiver("init", tmp_path)
    (tmp_path / "dw.toml").write_text("# mine\n", encoding="utf-8")
    (tmp_path / "seeds/more.txt").unlink()
    ran = archiver("init", tmp_path, "--json")
    kept = ["dw.toml", "scrapy.cfg", "seeds/editions.txt"]
    assert ran.json == {"folder": str(tmp_path), "made": ["seeds/more.txt"], "kept": kept}
    assert (tmp_path / "dw.toml").read_text("utf-8") == "# mine\n"


def test_init_refuses_unsuitable_folders(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document())
    file = tmp_path / "file"
    file.touch()
    before = snapshot(tmp_path)
    for arguments, said in (
        ((), "name one folder: dw-archiver init FOLDER"),
        (("s3://key:SECRET@bucket",), "FOLDER is an address (s3://...), but must be a folder on this machine"),
        (("a", "b"), "name one folder: dw-archiver init FOLDER"),
        ((file,), f"{file} is not a folder"),
        ((root,), f"{root} is an archive; name the folder that should contain it"),
    ):
        ran = archiver("init", *arguments, cwd=tmp_path)
        assert (ran.status, ran.out, ran.err) == (1, "", f"dw-archiver init: {said}\n")
    assert snapshot(tmp_path) == before


def test_init_refuses_the_folders_of_a_working_folder(tmp_path: Path) -> None:
    archiver("init", "dw", cwd=tmp_path)
    before = snapshot(tmp_path)
    for folder, cwd in (("dw/archive", "."), ("seeds/", "dw"), (".", "dw/archive")):
        ran = archiver("init", folder, cwd=tmp_path / cwd)
        assert (ran.status, ran.err) == (
            1, f"dw-archiver init: {folder} is part of the working folder {tmp_path / 'dw'}\n"
        )  # fmt: skip
    assert snapshot(tmp_path) == before


def test_init_where_nothing_can_be_made_is_one_line(tmp_path: Path) -> None:
    ran = archiver("init", "/proc/dw", cwd=tmp_path)
    assert (ran.status, ran.err) == (6, "dw-archiver init: /proc/dw: No such file or directory\n")


def test_commented_settings_are_valid_and_show_the_defaults(tmp_path: Path) -> None:
    text = dict(init.starter_files())["dw.toml"].decode()
    shown = "\n".join(line.removeprefix("#") for line in text.splitlines() if not line.startswith("# "))
    path = tmp_path / "dw.toml"
    path.write_text(shown, encoding="utf-8")
    own = names.of_module(vars(settings))
    assert sources.from_file(path, own) == tomllib.loads(shown)
    assert {name for name, value in tomllib.loads(shown).items() if value != own[name]} == {"CONTACT", "ARCHIVE_REFRESH"}
    assert tomllib.loads(shown)["ARCHIVE_REFRESH"] == [list(pair) for pair in settings.ARCHIVE_REFRESH]
