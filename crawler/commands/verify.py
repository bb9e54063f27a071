"""`scrapy verify`: check every file of the archive."""

from __future__ import annotations

import errno
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from crawler import clock, times
from crawler.console import ArchiveCommand, counted, print_list, program, progress, say, shown
from crawler.exceptions import COMPLETE, DAMAGE_FOUND
from crawler.storage import lastverify, layout
from crawler.storage.lastverify import LastVerify
from crawler.streams import print_json
from crawler.upkeep.shard import WHOLE, parse
from crawler.upkeep.verify import MEANING, UNKNOWN, Verdict, verify


class Command(ArchiveCommand):
    """Reads everything and writes only `verify.json`, which says what it found; the archive is locked. Exits with status 10
    if there is damage, with --strict also if a file is unknown. With --shard it writes nothing."""

    def short_desc(self) -> str:
        return "Check every file of the archive against the run logs; status 10 means damage"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--strict", action="store_true", help="status 10 also if there are unknown files")
        shard_help = "check the I-th of N shares of the files; several shards may run at a time"
        parser.add_argument("--shard", metavar="I/N", default="1/1", help=shard_help)

    def execute(self, args: list[str], opts: Namespace) -> int:
        began_ms, shard = clock.now_ms(), parse(opts.shard)
        with self.lock_only(shared=shard != WHOLE):
            with progress("files") as advance:
                verdict = verify(self.existing_root(), shard=shard, advance=advance)
            if shard == WHOLE:
                self._record(LastVerify(times.iso(began_ms), verdict.damaged, verdict.files, verdict.bytes))
        if opts.json:
            print_json(as_json(verdict) | ({} if shard == WHOLE else {"shard": str(shard)}))
        else:
            print_verdict(verdict, strict=opts.strict)
        is_good = verdict.is_sound and not (opts.strict and verdict.counts().get(UNKNOWN))
        return COMPLETE if is_good else DAMAGE_FOUND

    def _record(self, found: LastVerify) -> None:
        """Store the result for `scrapy status`. If the disk fails, the verdict is the same."""
        try:
            lastverify.write(self.root, found)
        except OSError as error:
            if error.errno != errno.EROFS:
                say(f"{self.root / layout.VERIFIED} could not be written: {error.strerror}")


def as_json(verdict: Verdict) -> dict[str, object]:
    """Return everything that was found."""
    damages = [{name: value for name, value in asdict(damage).items() if value not in (None, "")} for damage in verdict.damages]
    for damage in damages:
        damage["path"] = shown(str(damage["path"]))
        if "id" in damage:
            damage["number"] = damage.pop("id")  # its name since version 1.0
    return {
        "sound": verdict.is_sound, "files": verdict.files, "bytes": verdict.bytes, "logged": verdict.logged,
        "unclean_since": verdict.unclean_since or None, "counts": verdict.counts(), "damages": damages,
    }  # fmt: skip


def print_verdict(verdict: Verdict, *, strict: bool = False) -> None:
    """Print the first damages of each kind, and how many there are. strict: say that unknown files count."""
    for what, count in verdict.counts().items():
        print(f"{what}: {count:,} ({MEANING[what]})")
        damages = (damage for damage in verdict.damages if damage.what == what)
        print_list((f"{shown(damage.path)}  {damage.detail}".rstrip() for damage in damages), count)
    size = f"{counted(verdict.files, 'file')}, {verdict.bytes / 1e6:,.1f} MB read; {verdict.logged:,} in the run logs"
    if verdict.is_sound:
        print(f"{size}: no damage" + (", but unknown files" if strict and verdict.counts().get(UNKNOWN) else ""))
    else:
        print(f"{size}: {verdict.damaged:,} damaged; {program()} repair restores them or has them fetched again")
