"""`dw-archiver`, also as `python -m crawler`: run our commands. Those that make no request do not import Scrapy."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from crawler import __version__, commands, streams
from crawler.configuration import names, sources
from crawler.configuration.reading import Settings
from crawler.console import PROGRAM, Command
from crawler.exceptions import COULD_NOT_START, NOT_UNDERSTOOD, ArchiverError, ArgumentError

SPIDER = "dw"
ONLINE = {"crawl": "Crawl Deutsche Welle, starting from seeds", "parse": "Show the item that an address of DW's becomes"}
"""The commands that need Scrapy, and what they do."""

_MODULE = "SCRAPY_SETTINGS_MODULE"


def main() -> None:
    """Run the command that the arguments of this process name, and end the process with its exit status."""
    streams.secure()
    sys.argv[0] = PROGRAM  # as `python -m crawler` too
    try:
        sys.exit(run(sys.argv[1:]))
    except ArchiverError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


def run(args: list[str]) -> int:
    """Run a command and return its exit status. Raises ArgumentError if there is no working folder to run it in."""
    if not args or args[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    name, rest = args[0], args[1:]
    if name in ("-V", "--version", "version"):
        print(f"{PROGRAM} {__version__}")
        return 0
    if name in ONLINE:
        return run_scrapy(name, rest)
    if name not in offline():
        meant = names.closest(name, [*offline(), *ONLINE])
        print(f"{PROGRAM}: there is no command {name}{meant or f'; {PROGRAM} --help lists them'}", file=sys.stderr)
        return NOT_UNDERSTOOD
    return run_offline(command_of(name), rest)


def offline() -> list[str]:
    """Return the names of the commands that make no request: those of the files in `commands`."""
    return sorted(path.stem.replace("_", "-") for path in Path(commands.__path__[0]).glob("[a-z]*.py"))


def command_of(name: str) -> Command:
    """Return a command that makes no request."""
    module = import_module(f"{commands.__name__}.{name.replace('-', '_')}")
    command: Command = module.Command()
    return command


def overview() -> str:
    """Return what `dw-archiver --help` prints."""
    described = {**ONLINE, **{name: command_of(name).short_desc() for name in offline()}}
    width = max(map(len, described))
    lines = [f"  {name:<{width}}  {described[name]}" for name in sorted(described)]
    return "\n".join([
        f"usage: {PROGRAM} COMMAND [options]", "",
        "Keep a local archive of Deutsche Welle's news.", "",
        "commands:", *lines, "",
        f"{PROGRAM} COMMAND --help explains a command, {PROGRAM} --version names the version.",
    ])  # fmt: skip


def run_offline(command: Command, args: list[str]) -> int:
    """Run a command that makes no request, and return its exit status."""
    parser = ArgumentParser(
        prog=f"{PROGRAM} {command.name}", usage=f"{PROGRAM} {command.name} {command.syntax()}", allow_abbrev=False,
        description=command.long_desc(),
    )  # fmt: skip
    command.add_options(parser)
    if command.needs_settings:
        parser.add_argument("-s", "--set", action="append", default=[], metavar="NAME=VALUE", help="set a setting")
    opts, rest = parser.parse_known_args(args)
    if command.needs_settings:
        command.settings = settings_of(opts.set)
    return command.run(rest, opts)


def settings_of(given: list[str]) -> Settings:
    """Return the settings of a command. given: those of `-s`, as NAME=VALUE. Raises ArgumentError."""
    if wrong := next((one for one in given if "=" not in one), None):
        raise ArgumentError(f"-s takes NAME=VALUE, not {wrong}")
    set_here = dict(one.split("=", 1) for one in given)
    if "ARCHIVE_DIR" not in set_here and f"{sources.PREFIX}ARCHIVE_DIR" not in os.environ:
        working_folder()
    defaults = project_settings()
    own = names.of_module(vars(import_module("crawler.settings")))
    names.check((name for name in defaults if name.startswith(names.PREFIXES)), own, settings_module())
    return Settings({**defaults, **sources.from_options(set_here, own)})


def project_settings() -> dict[str, Any]:
    """Return the settings of the project in this folder. A Scrapy that this process starts finds them too.

    Raises ArgumentError if they cannot be imported, or are of a project without an archive.
    """
    module = os.environ.setdefault(_MODULE, settings_module())
    try:
        found = names.of_module(vars(import_module(module)))
    except ImportError as error:
        raise ArgumentError(f"settings module {module}: {error}") from error
    if "ARCHIVE_DIR" not in found:
        raise ArgumentError(f"settings module {module} is of another project: {PROGRAM} init FOLDER makes a working folder")
    return found


def working_folder() -> Path:
    """Return the working folder. Raises ArgumentError if there is none."""
    found = sources.working_folder(sources.current_folder())
    if found is None:
        raise ArgumentError(f"no working folder here or above: {PROGRAM} init FOLDER makes one")
    return found


def settings_module() -> str:
    """Return the name of the settings module: as Scrapy finds it, else ours. Makes the user's own project importable."""
    found = sources.working_folder(sources.current_folder())
    if found and str(found) not in sys.path:
        sys.path.append(str(found))
    return os.environ.get(_MODULE) or _configured(found) or "crawler.settings"


def _configured(folder: Path | None) -> str:
    """Return the settings module that `scrapy.cfg` names, empty if there is none."""
    from configparser import ConfigParser, Error  # imported late, and so is Scrapy, because `--help` needs neither

    config = ConfigParser()
    try:
        config.read([folder / "scrapy.cfg"] if folder else [])
    except (Error, UnicodeDecodeError) as error:
        raise ArgumentError(f"{folder}/scrapy.cfg: {str(error).splitlines()[0]}") from error
    return config.get("settings", os.environ.get("SCRAPY_PROJECT", "default"), fallback="")


def run_scrapy(name: str, args: list[str]) -> int:
    """Run a command of Scrapy's for the spider, in this process. Ends the process."""
    from scrapy.cmdline import execute

    if _MODULE not in os.environ:
        working_folder()
    project_settings()
    spider = [] if name == "parse" else [SPIDER]
    if name == "crawl" and args[:1] == [SPIDER]:  # as with scrapy
        args = args[1:]
    options = ["--spider", SPIDER] if name == "parse" else []
    execute([PROGRAM, name, *spider, *options, *args])
    return COULD_NOT_START  # not reached: it ends the process


if __name__ == "__main__":
    main()
