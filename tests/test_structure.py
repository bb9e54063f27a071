"""Rules for the code that import-linter cannot check: circles of files, the clock, markup, writes to disk, SQL, state.

`lint-imports` checks the rules for imports, which are in pyproject.toml.
"""

from __future__ import annotations

import ast
import doctest
import functools
import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1] / "crawler"
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}

GLUE = (
    "__main__.py", "clock.py", "console/scrapycommand.py", "crawl/", "scrapycommands/", "settings.py", "spiders/", "streams.py",
)  # fmt: skip
PURE = sorted(name for name in TREES if not name.startswith(GLUE) and name != "__init__.py")


def of_each(names: Iterable[str]) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Make a check of one file a test of all: 2,600 tests would take longer to start and report than to run."""

    def made(check: Callable[[str], None]) -> Callable[[], None]:
        def test() -> None:
            for name in names:
                try:
                    check(name)
                except AssertionError as error:
                    error.add_note(f"in crawler/{name}")
                    raise

        return test

    return made


# Only these may use DW's keys.
READERS = re.compile(r"(dw|upkeep)/.*\.py")


@functools.cache
def imports(name: str) -> set[str]:
    """Return the full names of everything a file imports, also inside functions and under TYPE_CHECKING."""
    found: set[str] = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def files_imported(name: str) -> set[str]:
    """Return our own files that a file imports, or imports something from."""
    found = set()
    for module in imports(name):
        parts = module.split(".")
        if parts[0] == "crawler":
            stems = ("/".join(parts[1:end]) for end in range(len(parts), 0, -1))
            endings = (ending for stem in stems for ending in (f"{stem}.py", f"{stem}/__init__.py".lstrip("/")))
            found.add(next(ending for ending in endings if ending in TREES))
    return found - {"__init__.py"}


@functools.cache
def calls(name: str) -> set[str]:
    """Return the calls in a file, as written: `open`, `path.open`, `os.replace`."""
    return {ast.unparse(node.func) for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)}


@functools.cache
def strings(name: str) -> set[str]:
    """String constants of a file, docstrings left out."""
    tree = TREES[name]
    words = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in words)
    return {node.value for node in found if isinstance(node.value, str)}


def test_folders_are_those_of_the_plan() -> None:
    folders = {name.split("/")[0] for name in TREES if "/" in name}
    assert folders == {
        "commands", "configuration", "console", "crawl", "dw", "export", "library", "reader", "scrapycommands", "spiders",
        "storage", "upkeep",
    }  # fmt: skip
    assert len([name for name in TREES if "/" not in name]) <= 14


def test_folders_without_scrapy_can_be_imported_if_it_is_missing() -> None:
    modules = sorted(f"crawler.{name.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}" for name in PURE)
    assert {"crawler.seedfile", "crawler.library", "crawler.storage", "crawler.upkeep"} <= set(modules)
    code = f"""
import importlib, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {{"scrapy", "twisted", "itemadapter", "pydispatch"}}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
for name in {modules}:
    importlib.import_module(name)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT.parent)


def test_files_import_one_another_in_no_circle() -> None:
    left = {name: files_imported(name) for name in TREES}
    while outside := [name for name, needed in left.items()
                      if not needed & left.keys() or not any(name in others for others in left.values())]:  # fmt: skip
        for name in outside:
            del left[name]
    assert sorted(left) == []


@of_each(PURE)
def test_pure_module_reads_no_clock(name: str) -> None:
    clocks = re.compile(r"(time\.(time|time_ns|localtime|gmtime)|(datetime\.)?(datetime|date)\.(now|utcnow|today))")
    assert not {call for call in calls(name) if clocks.fullmatch(call)}
    assert not imports(name) & {"time.time", "time.time_ns"}


def test_glue_reads_the_time_in_one_place() -> None:
    times = {name for name in TREES if {"time.time", "datetime.now", "time.time_ns"} & calls(name)}
    assert times <= {
        "clock.py",
        "crawl/middlewares/patience.py",  # a date in Retry-After is compared with the present time
    }


DW_KEYS = {
    "displayDate", "languageId", "mainContent", "referenceGroups", "teaserGroups", "permaLink", "teaserText", "categoryName",
    "previewImage", "paginationInfo", "nextPageUrl", "firstName", "lastName", "firstPublicationDate", "contentDate", "sizes",
    "contentLinks", "mainContentImageLink", "__typename", "__ref", "namedUrl", "legacyAuthor", "persons",
}  # fmt: skip


@of_each([name for name in PURE if not READERS.fullmatch(name)])
def test_module_knows_no_json_of_dws(name: str) -> None:
    assert not strings(name) & DW_KEYS


# ---- what may make markup -----------------------------------------------------------------------------------------------

MARKUP_TYPES = re.compile(r"(.*\.)?(Markup|Attribute)")
TEMPLATES = re.compile(r"(sanitise\.)?(fill|joined)")


@of_each(TREES)
def test_only_the_sanitiser_makes_markup(name: str) -> None:
    made = [call for call in calls(name) if MARKUP_TYPES.fullmatch(call)]
    assert bool(made) == (name == "sanitise.py")
    assert ("DwAddress" in calls(name)) == (name == "urls.py")
    assert not {"cast", "typing.cast"} & calls(name)
    assert "type: ignore[arg-type]" not in (ROOT / name).read_text("utf-8")


@of_each(TREES)
def test_templates_of_markup_are_constants(name: str) -> None:
    called = (node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call))
    templates = [node.args[0] for node in called if TEMPLATES.fullmatch(ast.unparse(node.func))]
    assert all(isinstance(template, ast.Constant) for template in templates)


# ---- what may write to disk ---------------------------------------------------------------------------------------------

OPENERS = re.compile(r"(.*\.)?(open|write_text|write_bytes|mkstemp|NamedTemporaryFile|TemporaryFile|copyfile|copy|copy2|move)")
RENAMERS = re.compile(r"os\.(rename|replace|renames|link|symlink)|.*\.(rename|hardlink_to|symlink_to)")
MAY_WRITE = {
    "storage/disk.py": "the only place that writes into an archive",
    "reader/output.py": "writes the files of a site, which can be made again",
    "export/output.py": "writes exports, which lie outside the archive",
    "streams.py": "gives output that nobody reads to /dev/null",
    "storage/opening.py": "copies an index out of the archive, into a temporary folder",
    "storage/lock.py": "the lock is no content; its holder's name is written in place",
}


def writing_opens(name: str) -> list[str]:
    """Return the calls of a file that open something for writing, or might, by their mode or flags."""
    found = []
    for node in ast.walk(TREES[name]):
        if not isinstance(node, ast.Call) or not OPENERS.fullmatch(ast.unparse(node.func)):
            continue
        written = ast.unparse(node)
        function = ast.unparse(node.func)
        mode = next((word.value for word in node.keywords if word.arg == "mode"), None)
        places = node.args[1:2] if function == "open" else node.args[:1]
        modes = [ast.unparse(one) for one in ([mode] if mode else places)]
        if function.endswith((".open", "open")) and function not in ("os.open",) and not function.startswith(("gzip", "disk")):
            # an open of a class of ours (`opening.open_archive`) and a read is no write
            if any(re.fullmatch(r"'[^']*[wax+][^']*'", mode) for mode in modes):
                found.append(written)
        elif function == "os.open":
            if "O_WRONLY" in written or "O_RDWR" in written or "O_CREAT" in written:
                found.append(written)
        elif not function.endswith((".copy",)) and not function.startswith("disk."):
            found.append(written)
    return found


@of_each([name for name in TREES if name not in MAY_WRITE])
def test_file_opens_nothing_for_writing(name: str) -> None:
    # the writer's run log is opened with `disk.os_open`, which a test can make fail
    found = [call for call in writing_opens(name) if not call.startswith("disk.os_open(")]
    assert found == []


@of_each([name for name in TREES if name not in MAY_WRITE])
def test_file_renames_nothing(name: str) -> None:
    renames = {call for call in calls(name) if RENAMERS.fullmatch(call)}
    assert renames <= {"disk.rename"}
    # `replace` with one argument is a path's; in text and dates it takes two, or names
    called = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call) and not node.keywords]
    assert not [ast.unparse(one) for one in called if ast.unparse(one.func).endswith(".replace") and len(one.args) == 1]


def test_files_that_may_write_are_there() -> None:
    assert TREES.keys() >= MAY_WRITE.keys()
    assert all(writing_opens(name) or name == "storage/disk.py" for name in MAY_WRITE)


# ---- state, SQL, attributes -----------------------------------------------------------------------------------------

SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ATTACH|DROP|ALTER)\s")
MAY_HOLD_SQL = re.compile(
    r"storage/index/.*"
    r"|export/notebook\.py"  # a temporary database, in place of memory
    r"|upkeep/verify\.py"  # a temporary database of its own, compared with the index in one statement
    r"|reader/(about|memory|pages|plan|segments|site)\.py"  # the memory of a site, compared with the index in one statement
    r"|library/search/(index|catalogue|search)\.py"  # the search index is another database than the archive's
)


@of_each([name for name in TREES if not MAY_HOLD_SQL.fullmatch(name)])
def test_file_holds_no_sql(name: str) -> None:
    assert not [text for text in strings(name) if SQL.match(text)]


@of_each([name for name in TREES if MAY_HOLD_SQL.fullmatch(name) and "storage" not in name])
def test_file_outside_the_index_that_may_hold_sql_holds_some(name: str) -> None:
    assert [text for text in strings(name) if SQL.match(text)]


ASKED_FOR_ATTRIBUTES = {"sys"}  # Python sets a standard stream to None if it is closed


@of_each(TREES)
def test_attributes_of_our_own_objects_are_never_guessed(name: str) -> None:
    called = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    guesses = [node for node in called if node.func.id in ("getattr", "hasattr")]  # type: ignore[attr-defined]
    assert not [ast.unparse(node) for node in guesses if ast.unparse(node.args[0]) not in ASKED_FOR_ATTRIBUTES]


CACHED = {  # the results of pure functions, which are no state
    "library/changes.py": "_kind", "reader/shards.py": "folding", "storage/index/apply.py": "_archiving", "times.py": "iso",
}  # fmt: skip


@of_each(TREES)
def test_only_results_of_pure_functions_are_cached(name: str) -> None:
    functions = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef)]
    cached = [node.name for node in functions if any("cache" in ast.unparse(one).split("(")[0] for one in node.decorator_list)
              and not any(ast.unparse(one).endswith("cached_property") for one in node.decorator_list)]  # fmt: skip
    assert cached == ([CACHED[name]] if name in CACHED else [])


CHANGERS = {
    "append", "add", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "sort", "update",
}  # fmt: skip

@of_each(TREES)
def test_module_keeps_no_state(name: str) -> None:
    tree = TREES[name]
    constants = {ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    constants |= {ast.unparse(node.target) for node in tree.body if isinstance(node, ast.AnnAssign)}
    changed = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Global)]
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGERS:
                changed += [ast.unparse(node)] if ast.unparse(node.func.value) in constants else []
            elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
                changed += [ast.unparse(node)] if ast.unparse(node.value) in constants else []
    assert changed == []
    counters = {"itertools.count", "count", "defaultdict", "Counter", "deque", "bytearray"}
    assert not [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
                and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in counters]  # fmt: skip


@of_each([name for name in TREES if name != "exceptions.py"])
def test_exit_statuses_stand_in_one_place(name: str) -> None:
    nodes = (node for node in ast.walk(TREES[name]) if isinstance(node, ast.Assign))
    given = {ast.unparse(target) for node in nodes for target in node.targets if ast.unparse(node.value).isdigit()}
    assert not {target for target in given if re.search(r"exit_?(status|code)", target)}


@of_each(TREES)
def test_nothing_runs_text_as_code(name: str) -> None:
    assert not {"eval", "exec", "compile", "__import__", "pickle.loads", "pickle.load", "os.system"} & calls(name)


@of_each([name for name in PURE if ">>> " in (ROOT / name).read_text("utf-8")])
def test_examples_run(name: str) -> None:
    module = importlib.import_module("crawler." + name.removesuffix(".py").replace("/", "."))
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@of_each([name for name in TREES if name.startswith("storage/index/")])
def test_reading_the_index_changes_nothing(name: str) -> None:
    nodes = (node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call))
    called = [ast.unparse(node) for node in nodes if ast.unparse(node.func).endswith("select")]
    assert not [written for written in called if re.search(r"\b(INSERT|UPDATE|DELETE)\b", written)]


def test_architecture_page_names_only_files_and_folders_that_exist() -> None:
    page = (ROOT.parent / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_/]+(?:\.py|/))`", page)) - {"crawler/"}
    assert len(named) > 30
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


# ---- tests ----------------------------------------------------------------------------------------------------------

TESTS = Path(__file__).parent
WITHOUT_LOGIC = {
    "clock.py", "crawl/pipelines/item.py", "export/pages.py", "library/selection.py", "settings.py", "storage/states.py",
}  # fmt: skip
TESTED_IN = {  # modules that are tested through the one which uses them, or as a command
    "commands/test_commands.py": {f"commands/{name}.py" for name in ("add", "new_seeds", "reindex")},
    "crawl/test_driftbundle.py": {"commands/report_drift.py"},
    "crawl/test_scrapy_habits.py": {
        "console/scrapycommand.py", *(name for name in TREES if re.fullmatch("scrapycommands/[a-z-]+.py", name)),
    },
    "dw/test_lists.py": {
        f"dw/lists/{name}.py" for name in ("entries", "feed", "listpage", "scanner", "section", "sitemap", "starts", "teasers")
    },
    "dw/test_pages.py": {f"dw/pages/{name}.py" for name in ("body", "jsonld", "markup", "state")},
    "export/test_atom.py": {"reader/single.py"},
    "export/test_export.py": {"commands/export.py", "export/formats.py"},
    "export/test_warc.py": {"export/wacz.py"},
    "export/test_zim.py": {"export/zimindex.py"},
    "library/search/test_archive.py": {"library/search/catalogue.py", "library/search/logs.py"},
    "library/search/test_fold.py": {"library/search/characters.py", "library/search/make_hanzi.py"},
    "library/search/test_index.py": {"library/search/search.py", "library/search/tokens.py"},
    "library/test_changes.py": {"commands/diff.py"},
    "library/test_status.py": {"commands/status.py"},
    "reader/test_server.py": {"commands/serve.py", "reader/follower.py", "reader/live.py", "reader/results.py"},
    "reader/test_site.py": {
        "commands/site.py", *(f"reader/{name}.py" for name in ("about", "memory", "pages", "plan", "segments")),
    },
    "test_main.py": {"__main__.py"},
    "upkeep/test_compact.py": {"commands/compact.py"},
    "upkeep/test_merge.py": {"storage/foreign.py", "storage/otherarchive.py", "upkeep/takeover.py"},
    "upkeep/test_repair.py": {"commands/repair.py"},
    "upkeep/test_reread.py": {"commands/reread.py"},
    "upkeep/test_verify.py": {"commands/verify.py", "storage/index/logged.py"},
}  # fmt: skip


def test_every_module_has_a_test_of_its_name_in_the_same_folder_or_is_listed() -> None:
    listed = set.union(WITHOUT_LOGIC, *TESTED_IN.values())
    without = {
        name for name in TREES
        if not name.endswith("__init__.py") and not (TESTS / name).with_name(f"test_{name.rpartition('/')[2]}").exists()
    }  # fmt: skip
    assert without == listed
    assert [name for name in TESTED_IN if not (TESTS / name).exists()] == []


def test_every_folder_of_tests_is_one_of_the_program() -> None:
    folders = {path.parent.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    assert [folder for folder in sorted(folders) if not (ROOT / folder).is_dir()] == []
