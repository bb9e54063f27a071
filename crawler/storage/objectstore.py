"""Read another archive in an S3-compatible store: files under a prefix, as `rclone` or `aws s3 sync` copy them.

Needs obstore (extra `shared`), which is imported only here. No message repeats texts of the store or the environment, because
they may hold a secret.
"""

from __future__ import annotations

import contextlib
import errno
import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.exceptions import UnusableArchive
from crawler.storage import disk, layout
from crawler.storage.otherarchive import SMALL, refuse_segments
from crawler.storage.runlog import order_of

if TYPE_CHECKING:
    from obstore.store import BackoffConfig, S3Store

_ADDRESS = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{1,254})(/.*)?", re.DOTALL)
_ENDPOINT = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?")
_PIECE = 8 * 1024 * 1024  # bytes; larger files are read piece by piece, each with its own time limit
_AT_ONCE = 16  # requests; a store far away takes some hundredths of a second for each
_MOST_EXPECTED = 256  # files that are read ahead
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_STATUS = re.compile(r"status code: ([0-9]{3})")
_CONNECT, _REQUEST = timedelta(seconds=5), timedelta(minutes=1)
_BACKOFF: BackoffConfig = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2}
_NO_KEYS = "no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_REFUSED = "the store refuses access: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they allow"
_OF_KEYS = ("AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch")


class Bucket:
    """Another archive under a prefix of a bucket."""

    def __init__(self, store: S3Store, name: str) -> None:
        self.name = name
        self._store = store
        self._readers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="store-reader")
        self._expected: dict[str, Future[tuple[int, bytes | None]]] = {}

    def logs(self) -> Iterator[tuple[str, Path]]:
        with tempfile.TemporaryDirectory() as folder:
            for name in sorted(filter(layout.is_run_log, self.run_files()), key=order_of):
                log = Path(folder) / name
                try:
                    disk.save(log, self.pieces(f"{layout.RUNS}/{name}"))
                except OSError as error:
                    raise UnusableArchive(f"{self.name}: {name} cannot be read: {error.strerror or error}") from error
                yield f"{layout.RUNS}/{name}", log
                disk.remove(log)

    def run_files(self) -> list[str]:
        """Return the names of all logs and reports. Raises UnusableArchive, also for log segments of a later version."""
        import obstore

        with _told(self.name):
            found = obstore.list_with_delimiter(self._store, layout.RUNS)
        for folder in found["common_prefixes"]:
            refuse_segments(self.name, folder)
        names = [meta["path"].rpartition("/")[2] for meta in found["objects"]]
        return [name for name in names if layout.is_run_file(name)]

    def paths(self) -> Iterator[str]:
        import obstore

        with _told(self.name):
            for batch in obstore.list(self._store):
                for meta in batch:
                    path = meta["path"]
                    if layout.id_of(path) is not None or layout.is_partial(path):
                        yield path

    def expect(self, path: str) -> None:
        if path not in self._expected:
            self._expected[path] = self._readers.submit(self._begin, path, SMALL)
            if len(self._expected) > _MOST_EXPECTED:  # nobody asked for the oldest
                del self._expected[next(iter(self._expected))]

    def pieces(self, path: str) -> Iterator[bytes]:
        import obstore

        expected = self._expected.pop(path, None)
        size, data = expected.result() if expected else self._begin(path, _PIECE)
        if data is not None:
            yield data
            return
        for start in range(0, size, _PIECE):
            with _told(self.name, may_be_missing=True):
                piece = obstore.get_range(self._store, path, start=start, end=min(start + _PIECE, size))
            yield bytes(piece)

    def _begin(self, path: str, most: int) -> tuple[int, bytes | None]:
        """Return size and bytes of an object; None for the bytes if there are more than so many."""
        import obstore

        with _told(self.name, may_be_missing=True):
            found = obstore.get(self._store, path)
            size = found.meta["size"]
            return size, bytes(found.bytes()) if size <= most else None

    def is_in_use(self) -> bool:
        return False


def named(address: str, environ: Mapping[str, str]) -> Bucket:
    """Return the archive at an address `s3://bucket/prefix`. Raises UnusableArchive if there is none, or it cannot be read.

    environ: the environment, from which obstore takes keys, region and endpoint as AWS's own tools do.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        scheme = address.partition("://")[0]
        known = "an archive in a store is named s3://BUCKET/PREFIX"
        raise UnusableArchive(known if scheme == "s3" else f"{scheme}://... cannot be added; {known}")
    bucket, prefix = found[1], (found[2] or "").strip("/")
    name = "/".join(filter(None, (f"s3://{bucket}", prefix)))
    try:
        opened = Bucket(_store(name, bucket, prefix, environ), name)
    except ImportError as error:
        raise UnusableArchive(f"s3:// needs the package obstore: pip install 'dw-archiver[shared]' ({error})") from error
    if not opened.run_files():
        raise UnusableArchive(f"{name}: there is no archive, because {layout.RUNS}/ is empty or missing")
    return opened


def _store(name: str, bucket: str, prefix: str, environ: Mapping[str, str]) -> S3Store:
    from obstore.store import S3Store

    endpoint = environ.get("AWS_ENDPOINT_URL") or environ.get("AWS_ENDPOINT") or "https://"
    is_plain = environ.get("AWS_ALLOW_HTTP", "").strip().lower() in ("1", "true", "yes", "on")
    if endpoint != "https://" and not _ENDPOINT.fullmatch(endpoint):  # obstore would end the process
        raise UnusableArchive(f"{name}: AWS_ENDPOINT_URL is not an address like https://s3.example.org")
    if endpoint.startswith("http://") and not is_plain:
        raise UnusableArchive(f"{name}: AWS_ENDPOINT_URL is plain http, which only AWS_ALLOW_HTTP=true allows")
    try:
        with _told(name):
            return S3Store(
                bucket, prefix=prefix or None,
                client_options={"allow_http": is_plain, "connect_timeout": _CONNECT, "timeout": _REQUEST},
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30), "backoff": _BACKOFF},
            )  # fmt: skip
    except ValueError as error:  # such as `..` in the prefix
        raise UnusableArchive(f"{name}: not a prefix that a store can have") from error


@contextlib.contextmanager
def _told(name: str, *, may_be_missing: bool = False) -> Iterator[None]:
    """Raise UnusableArchive for any error. may_be_missing: raise FileNotFoundError if there is no such object."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        if may_be_missing and isinstance(error, FileNotFoundError):
            raise FileNotFoundError(errno.ENOENT, "no such object") from None
        raise UnusableArchive(f"{name}: {_meaning(str(error))}") from None


def _meaning(said: str) -> str:
    """Return the meaning of an error of obstore, without repeating its text."""
    code, status = _CODE.search(said), _STATUS.search(said)
    if "169.254." in said or "Missing" in said.partition("\n")[0]:  # the address where machines at Amazon get their keys
        return _NO_KEYS
    if code and code[1] == "NoSuchBucket":
        return "there is no such bucket"
    if (code and code[1] in _OF_KEYS) or (status and status[1] in ("401", "403")):
        return _REFUSED
    if code or status:
        return f"the store answers {code[1] if code else f'with status {status[1]}' if status else ''}"
    return "the store cannot be reached: check AWS_ENDPOINT_URL and AWS_REGION"
