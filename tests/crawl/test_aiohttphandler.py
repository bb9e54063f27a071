"""Both HTTP clients, aiohttp and Twisted's, with odd and hostile servers: the same outcome, and nothing lost."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.connectproxy import certificate, server_tls
from tests.crawling import QUICK, Command, files, options
from tests.rawserver import CLOSE, ENDLESS, HANG, KEEP, RESET, Answer, RawServer

CLIENTS = pytest.mark.parametrize("client", ["aiohttp", "twisted"])

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b"\xff\xd8\xff" + b"Words of ours. " * 150 + b"\xff\xd9"
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)
SMALL, LARGE = gzip.compress(BODY), gzip.compress(BODY + b" " * 20_000_000)


def sized(body: bytes, length: int | None = None) -> bytes:
    """Return a body after the end of a head that names its length, or another length."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body) if length is None else length, body)


STORED, CUT_OFF, BROKEN, TIMEOUT, TOO_LARGE = "", "cut off", "no connection: broken off", "timeout", "too large"

SAME: dict[str, tuple[str, Answer]] = {
    "a length": (STORED, (HEAD + sized(BODY), KEEP)),
    "closed after it": (STORED, (HEAD + b"Connection: close\r\n" + sized(BODY), CLOSE)),
    "closed without a word": (STORED, (HEAD + sized(BODY), CLOSE)),
    "no length": (STORED, (HEAD + b"\r\n" + BODY, CLOSE)),
    "no length, and cut": ("not a picture: a JPEG without an end", (HEAD + b"\r\n" + BODY[:-9], CLOSE)),
    "HTTP/1.0": (STORED, (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, CLOSE)),
    "HTTP/1.0, and cut": ("not a picture: a JPEG without an end", (b"HTTP/1.0 200 OK\r\n\r\n" + BODY[:-9], CLOSE)),
    "no reason": (STORED, (b"HTTP/1.1 200\r\n" + sized(BODY), KEEP)),
    "a long reason, not UTF-8": (STORED, (b"HTTP/1.1 200 " + b"\xe4" * 9000 + b"\r\n" + sized(BODY), KEEP)),
    "an unknown status": ("status 999", (b"HTTP/1.1 999 X\r\n" + sized(BODY), KEEP)),
    "a status that is no number": (BROKEN, (b"HTTP/1.1 abc X\r\n" + sized(BODY), CLOSE)),
    "100 first": (STORED, (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + sized(BODY), KEEP)),
    "103 first": (STORED, (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + HEAD + sized(BODY), KEEP)),
    "lines that end in LF": (STORED, (HEAD.replace(b"\r", b"") + sized(BODY).replace(b"\r", b""), KEEP)),
    "a header that is not UTF-8": (STORED, (HEAD + b"ETag: \"\xe4\xff\x80\"\r\n" + sized(BODY), KEEP)),
    "a header twice": (STORED, (HEAD + b"X-A: 1\r\nX-A: 2\r\n" + sized(BODY), KEEP)),
    "cookies": (STORED, (HEAD + b"Set-Cookie: a=b\r\nSet-Cookie: \xe4[]\"=;;;\r\nSet-Cookie: =\r\n" + sized(BODY), KEEP)),
    "a header of 15,000 bytes": (STORED, (HEAD + b"X-A: " + b"x" * 15_000 + b"\r\n" + sized(BODY), KEEP)),
    "a header of 100,000 bytes": (BROKEN, (HEAD + b"X-A: " + b"x" * 100_000 + b"\r\n" + sized(BODY), KEEP)),
    "200 headers": (STORED, (HEAD + b"X-A: 1\r\n" * 200 + sized(BODY), KEEP)),
    "a header without an end": (BROKEN, (HEAD + b"X-A: " + b"x" * 5000, ENDLESS)),
    "a body shorter than its length": (CUT_OFF, (HEAD + sized(BODY, len(BODY) + 5), CLOSE)),
    "a second response behind the first": (STORED, (HEAD + sized(BODY) + HEAD + sized(b"other"), KEEP)),
    "a huge length": (TOO_LARGE, (HEAD + sized(BODY, 10**14), HANG)),
    "two lengths": (BROKEN, (HEAD + b"Content-Length: 5\r\n" + sized(BODY), CLOSE)),
    "a length that is no number": (BROKEN, (HEAD + b"Content-Length: abc\r\n\r\n" + BODY, CLOSE)),
    "a negative length": (BROKEN, (HEAD + b"Content-Length: -5\r\n\r\n" + BODY, CLOSE)),
    "chunks": (STORED, (CHUNKED, CHUNK, b"0\r\n\r\n", KEEP)),
    "chunks with an extension": (STORED, (CHUNKED + CHUNK.replace(b"\r\n", b";a=b\r\n", 1) + b"0\r\n\r\n", KEEP)),
    "chunks with a trailer": (STORED, (CHUNKED + CHUNK + b"0\r\nX-A: 1\r\n\r\n", KEEP)),
    "chunks without an end": (CUT_OFF, (CHUNKED + CHUNK, CLOSE)),
    "a chunk cut": (CUT_OFF, (CHUNKED + CHUNK[:-9], CLOSE)),
    "a body without an end": (TOO_LARGE, (HEAD + b"\r\n" + BODY * 3, ENDLESS)),
    "gzip": (STORED, (HEAD + b"Content-Encoding: gzip\r\n" + sized(SMALL), KEEP)),
    "gzip twice": (STORED, (HEAD + b"Content-Encoding: gzip, gzip\r\n" + sized(gzip.compress(SMALL)), KEEP)),
    "gzip cut": (CUT_OFF, (HEAD + b"Content-Encoding: gzip\r\n" + sized(SMALL[:-9]), KEEP)),
    "gzip that is none": (STORED, (HEAD + b"Content-Encoding: gzip\r\n" + sized(BODY), KEEP)),
    "a gzip bomb": (TOO_LARGE, (HEAD + b"Content-Encoding: gzip\r\n" + sized(LARGE), KEEP)),
    "deflate": (STORED, (HEAD + b"Content-Encoding: deflate\r\n" + sized(zlib.compress(BODY)), KEEP)),
    "an unknown encoding": (STORED, (HEAD + b"Content-Encoding: x\r\n" + sized(BODY), KEEP)),
    "a reset": (BROKEN, (b"", RESET)),
    "nothing": (BROKEN, (b"", CLOSE)),
    "half a status line": (BROKEN, (b"HTTP/1.1 20", CLOSE)),
    "half a head": (BROKEN, (HEAD, CLOSE)),
    "half a head, reset": (BROKEN, (HEAD, RESET)),
    "no HTTP": (BROKEN, (bytes(range(256)) * 4, CLOSE)),
    "a body alone": (BROKEN, (BODY, CLOSE)),
    "TLS": (BROKEN, (b"\x15\x03\x01\x00\x02\x02\x28", CLOSE)),
    "silence": (TIMEOUT, (b"", HANG)),
    "silence in the head": (TIMEOUT, (HEAD, HANG)),
    "silence in the body": (TIMEOUT, (HEAD + sized(BODY, len(BODY) + 5), HANG)),
    "a redirect to nowhere": ("status 302", (b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n", KEEP)),
}
"""By what a server does: the outcome, the same from both clients, and the answer."""

DAMAGED: dict[str, Answer] = {
    "a body shorter than its length, reset": (HEAD + sized(BODY, len(BODY) + 5), RESET),
    "chunks without an end, reset": (CHUNKED + CHUNK, RESET),
    "a chunk of no size": (CHUNKED, b"zz\r\n" + BODY, CLOSE),
    "a second chunk of no size": (CHUNKED, CHUNK, b"zz\r\n", CLOSE),
    "a chunk without an end": (CHUNKED, CHUNK[:-2] + b"XX0\r\n\r\n", CLOSE),
    "a chunk of a huge size": (CHUNKED, b"FFFFFFFFFFFFFFFFFF\r\n" + BODY, CLOSE),
}
"""Either client may see the damage before it has passed on the head: the outcome is CUT_OFF or BROKEN."""

ODD: dict[str, Answer] = {
    "the same length twice": (HEAD + b"Content-Length: %d\r\n" % len(BODY) + sized(BODY), KEEP),
    "chunks and a length": (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK + b"0\r\n\r\n", KEEP),
    "more than its length": (HEAD + sized(BODY) + b"more", KEEP),
    "a header without a colon": (HEAD + b"Nonsense\r\n" + sized(BODY), KEEP),
}
"""What HTTP forbids and Twisted's client takes: STORED or BROKEN."""

ARTICLE, FIRST = 100, 1000
ANSWERS = [*(answer for _, answer in SAME.values()), *DAMAGED.values(), *ODD.values()]


def article(pictures: int) -> bytes:
    """Return the reply for ARTICLE with some pictures."""
    shown = [
        {"content": {"type": "Image", "id": FIRST + at, "name": "", "sizes": [
            {"width": 700, "height": 394, "url": f"https://static.dw.com/image/{FIRST + at}_303.jpg"}]}}
        for at in range(pictures)
    ]  # fmt: skip
    made = {"id": ARTICLE, "type": "Article", "name": "Words", "displayDate": "2024-01-30T10:11:12.131Z", "languageId": 2}
    return json.dumps({**made, "body": [{"content": {"type": "Paragraph", "text": "Words of ours."}}, *shown]}).encode()


def answer(head: bytes, pictures: int = 0) -> Answer:
    """Answer with ARTICLE, or with 404 for everything else."""
    if head.startswith(b"GET /api/detail/article/%d " % ARTICLE):
        return b"HTTP/1.1 200 OK\r\n" + sized(article(pictures)), KEEP
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", KEEP


def odd_answer(head: bytes) -> Answer:
    """Answer with ARTICLE, which has a picture for each of ANSWERS."""
    if found := re.match(rb"GET /image/(\d+)_303\.jpg ", head):
        return ANSWERS[int(found[1]) - FIRST]
    return answer(head, len(ANSWERS))


def started(root: Path, url: str, client: str, env: dict[str, str] | None = None, **settings: Any) -> Command:
    """A crawl of ARTICLE from a server that stands in for all of DW."""
    places = {f"DW_{host}_URL": url for host in ("API", "STATIC", "WWW", "RSS")}
    given = {**QUICK, "ARCHIVE_DIR": root, "RETRY_TIMES": 0, "HTTP_CLIENT": client, **places, **settings}
    seeds = f"seeds=https://www.dw.com/en/any/a-{ARTICLE}"
    return Command("crawl", "dw", "-a", seeds, "-a", "depth=0", *options(given), env=env)


def report(root: Path) -> dict[str, Any]:
    """The report of the last run."""
    made: dict[str, Any] = json.loads(max((root / "runs").glob("*.report.json")).read_bytes())
    return made


@CLIENTS
def test_both_clients_give_the_same_result_with_odd_and_hostile_servers(client: str, tmp_path: Path) -> None:
    with RawServer(odd_answer) as server:
        slots = json.dumps({"127.0.0.1": {"concurrency": 16}})  # more than the handler's default
        many: dict[str, Any] = {"CONCURRENT_REQUESTS_PER_DOMAIN": 2, "CONCURRENT_REQUESTS": 32, "DOWNLOAD_SLOTS": slots}
        done = started(tmp_path, server.url, client, **many, DOWNLOAD_TIMEOUT=5, DOWNLOAD_MAXSIZE=200_000).finish()
    made = report(tmp_path)
    missing = {one["id"]: one["reason"] for one in made["missing"]}
    found = dict(zip([*SAME, *DAMAGED, *ODD], (missing.get(FIRST + at, STORED) for at in range(len(ANSWERS))), strict=True))
    assert {name: found[name] for name in SAME} == {name: expected for name, (expected, _) in SAME.items()}
    assert {found[name] for name in DAMAGED} <= {CUT_OFF, BROKEN}
    assert {found[name] for name in ODD} <= {STORED, BROKEN}
    kept = {path: data for path, data in files(tmp_path).items() if path.startswith("images/")}
    assert len(kept) == list(found.values()).count(STORED)
    assert set(kept.values()) == {BODY}
    assert done.returncode == made["exit_status"] == 3
    assert made["http_client"] == client
    assert [word for word in ("Traceback", "Unclosed", "experimental", "Words of ours") if word in done.stderr] == []


@CLIENTS
def test_a_lost_connection_is_retried_at_once_only_if_it_was_kept_open(client: str, tmp_path: Path) -> None:
    def refuse(head: bytes) -> Answer:
        return b"", CLOSE

    with RawServer(refuse) as server:
        started(tmp_path, server.url, client, RETRY_TIMES=1).finish()
        assert [head.split(b" ")[1] for head in server.heads] == [b"/robots.txt"] * 2


@CLIENTS
def test_client_adds_no_headers_to_those_of_scrapy(client: str, tmp_path: Path) -> None:
    with RawServer(answer) as server:
        started(tmp_path, server.url, client).finish()
    asked = next(head for head in server.heads if b"/api/" in head)
    names = {line.split(b":")[0] for line in asked.split(b"\r\n")[1:] if line}
    assert names == {b"Host", b"Accept", b"Accept-Language", b"Accept-Encoding", b"User-Agent"}


@CLIENTS
def test_certificates_are_verified(client: str, tmp_path: Path) -> None:
    mine = certificate(tmp_path / "mine.pem", "127.0.0.1")
    trusting = {"SSL_CERT_FILE": str(mine)}
    with RawServer(answer, tls=server_tls(mine)) as server:
        untrusted = started(tmp_path / "a", server.url, client).finish()
        trusted = started(tmp_path / "b", server.url, client, trusting).finish()
    with RawServer(answer, "127.0.0.2", server_tls(mine)) as server:
        for_another = started(tmp_path / "c", server.url, client, trusting).finish()
        assert not server.heads
    assert (untrusted.returncode, trusted.returncode, for_another.returncode) == (4, 0, 4)
    assert report(tmp_path / "a")["documents_missing"] == {"robots.txt: no connection: broken off": 1}
    assert report(tmp_path / "b")["documents"]["new"] == 1
    assert report(tmp_path / "c")["documents_missing"] == {"robots.txt: no connection: broken off": 1}


@CLIENTS
def test_two_signals_end_a_run_at_once(client: str, tmp_path: Path) -> None:
    def hang(head: bytes) -> Answer:
        return (b"", HANG) if b"/api/" in head else answer(head)

    with RawServer(hang) as server:
        running = started(tmp_path, server.url, client, DOWNLOAD_TIMEOUT=60)
        while not any(b"/api/" in head for head in server.heads):
            assert running.is_running(), running.finish().stderr
        running.interrupt()
        done = running.finish()
    assert done.returncode == 7
    assert [word for word in ("Traceback", "Unclosed", "unclosed") if word in done.stderr] == []
    with RawServer(answer) as server:
        started(tmp_path, server.url, client).finish()
    assert report(tmp_path)["documents"]["new"] == 1


@CLIENTS
def test_hosts_may_be_ipv6_addresses(client: str, tmp_path: Path) -> None:
    try:
        server = RawServer(answer, "::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        started(tmp_path, server.url, client).finish()
    assert report(tmp_path)["documents"]["new"] == 1
