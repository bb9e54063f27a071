"""List the formats, with the place of each export and the function that writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crawler.export import atom, bagit, jsonl, parquet, wacz, warc, zim
from crawler.export.output import ExportError, IsOurs, new_file, new_folder, require_place
from crawler.export.pages import Pages
from crawler.export.source import Source


@dataclass(frozen=True)
class Options:
    """Options of some formats. pages: makes pages of documents. partition: the columns that name folders, the first one or
    both of `parquet.PARTITIONS`. base_url: the address that feeds link to. revisions: whether earlier versions are wanted.
    languages: the selected ones, empty for all. by_year: whether each year gets a file of its own."""

    pages: Pages
    partition: tuple[str, ...] = ()
    base_url: str = ""
    revisions: bool = False
    languages: frozenset[str] = frozenset()
    by_year: bool = False


@dataclass(frozen=True)
class Format:
    """A format. ends: the possible endings of its file name; a format without any makes a folder. write: writes a source into
    an empty file or folder. is_ours: whether a folder is such an export, which may be replaced."""

    ends: tuple[str, ...]
    write: Callable[[Source, Path, Path], None]
    is_ours: IsOurs | None = None


NAMES = ("jsonl", "parquet", "bagit", "warc", "wacz", "atom", "zim")
_FILES = (".jsonl", ".gz", ".parquet", ".warc", ".wacz", ".zim")
_CURRENT = ("atom", "zim")  # formats without earlier versions


def format_of(name: str, options: Options) -> Format:
    """Return a format. Raises ExportError for an unknown name, and for options that the format does not take."""
    if options.partition and name != "parquet":
        raise ExportError(f"--partition is for parquet, not for {name}")
    if options.base_url and name != "atom":
        raise ExportError(f"--base-url is for atom, not for {name}")
    if options.by_year and name != "zim":
        raise ExportError(f"--by is for zim, not for {name}")
    if options.revisions and name in _CURRENT:
        raise ExportError(f"--revisions is not for {name}, which has only the current documents")
    match name:
        case "jsonl":
            return Format((".jsonl", ".jsonl.gz"), lambda source, part, path: jsonl.write(
                source, part, is_packed=path.name.endswith(".gz")))  # fmt: skip
        case "parquet" if options.partition:
            return Format((), lambda source, part, path: parquet.write_partitions(source, part, options.partition),
                          parquet.is_ours)  # fmt: skip
        case "parquet":
            return Format((".parquet",), lambda source, part, path: parquet.write(source, part))
        case "bagit":
            return Format((), lambda source, part, path: bagit.write(source, part), bagit.is_ours)
        case "warc":
            return Format((".warc.gz", ".warc"), lambda source, part, path: warc.write(source, part, path.name, options.pages))
        case "wacz":
            return Format((".wacz",), lambda source, part, path: wacz.write(source, part, options.pages))
        case "atom":
            atom.require_base(options.base_url)
            return Format((), lambda source, part, path: atom.write(source, part, path.name, options.base_url, options.pages),
                          atom.is_ours)  # fmt: skip
        case "zim" if len(options.languages) == 1 and not options.by_year:
            (language,) = options.languages
            return Format((".zim",), lambda source, part, path: zim.write_one(source, part, language, options.pages))
        case "zim":
            return Format((), lambda source, part, path: zim.write_all(source, part, options.pages, by_year=options.by_year),
                          zim.is_ours)  # fmt: skip
    raise ExportError(f"there is no format {name}; there are {', '.join(NAMES)}")


def place_of(name: str, made: Format, to: Path | None, archive: Path, force: bool) -> Path:
    """Return the path of an export: `to`, else a name made from the archive's, beside it. Raises ExportError if an export may
    not go there."""
    folder = archive.resolve()
    path = to or folder.with_name(f"{folder.name}{made.ends[0] if made.ends else f'-{name}'}")
    if made.ends and not path.name.endswith(made.ends):
        raise ExportError(f"{path}: the name of a {name} file ends with {' or '.join(made.ends)}")
    if not made.ends and path.suffix in _FILES and not path.exists():
        raise ExportError(f"{path}: this export is a folder; give it a name that does not end with {path.suffix}")
    require_place(path, archive=archive, force=force, is_ours=None if made.ends else made.is_ours)
    return path


def export(made: Format, source: Source, path: Path) -> None:
    """Write an export. It gets its final name when it is whole. Raises ExportError, DiskError and OSError."""
    with (new_file if made.ends else new_folder)(path) as part:
        made.write(source, part, path)
