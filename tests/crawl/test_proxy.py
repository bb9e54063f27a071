"""A crawl through a proxy: what docs/proxies.md says works, and what does not."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from crawler.crawl import arguments
from crawler.exceptions import ArgumentError
from tests.connectproxy import ConnectProxy, SocksProxy
from tests.crawling import PATIENCE_S, QUICK, ROOT, files, fresh_site
from tests.dwsite import articles as dw


def crawl(root: Path, proxy: str, *options: str, through: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Crawl DW at its own addresses through a proxy. through: a program that runs the crawl, with its arguments."""
    settings = {**QUICK, "ARCHIVE_DIR": root, "RETRY_TIMES": 0}
    words = ["-a", f"seeds=https://www.dw.com/en/any/a-{dw.ENGLISH}", "-a", "depth=0"]
    words += [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [*through, sys.executable, "-m", "crawler", "crawl", *words, *options]
    environment = {**own, "https_proxy": proxy}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=PATIENCE_S)


NO_CHECK = ("-s", "DOWNLOAD_VERIFY_CERTIFICATES=0")  # the stand-in's certificate is its own


@pytest.mark.parametrize("client", ["aiohttp", "twisted"])
def test_all_requests_go_through_the_proxy_which_resolves_the_hosts(client: str, tmp_path: Path) -> None:
    with ConnectProxy(fresh_site(), tmp_path, login="me:p@s/s:%") as proxy:
        ran = crawl(tmp_path / "a", proxy.url.replace("//", "//me:p%40s%2Fs:%25@"), *NO_CHECK, "-s", f"HTTP_CLIENT={client}")
    assert ran.returncode == 0, ran.stderr
    assert set(proxy.asked) == {"CONNECT api.dw.com:443", "CONNECT static.dw.com:443"}
    kept = files(tmp_path / "a")
    assert [path for path in kept if path.startswith("en/")]
    assert [path for path in kept if path.startswith("images/")]


@pytest.mark.parametrize("client", ["aiohttp", "twisted"])
def test_proxy_that_intercepts_tls_is_refused(client: str, tmp_path: Path) -> None:
    with ConnectProxy(fresh_site(), tmp_path) as proxy:
        ran = crawl(tmp_path / "a", proxy.url, "-s", f"HTTP_CLIENT={client}")
    assert ran.returncode == 4, ran.stderr
    assert proxy.asked
    assert not files(tmp_path / "a")


@pytest.mark.parametrize("client", ["aiohttp", "twisted"])
def test_wrong_password_or_a_refusing_proxy_leaves_dw_unreachable(client: str, tmp_path: Path) -> None:
    with ConnectProxy(fresh_site(), tmp_path, login="me:secret") as proxy:
        ran = crawl(tmp_path / "a", proxy.url.replace("//", "//me:guess1@"), *NO_CHECK, "-s", f"HTTP_CLIENT={client}")
    assert ran.returncode == 4, ran.stderr
    assert "guess1" not in ran.stderr + ran.stdout
    with ConnectProxy(fresh_site(), tmp_path, refuses=True) as proxy:
        assert crawl(tmp_path / "a", proxy.url, *NO_CHECK, "-s", f"HTTP_CLIENT={client}").returncode == 4


# --- SOCKS, with a program in between ---


def documented(start: str, replaced: Mapping[str, str]) -> str:
    """Return the block of docs/proxies.md that starts so, with other addresses than there."""
    [text] = re.findall(rf"```text\n({start}.*?)```", (ROOT / "docs/proxies.md").read_text("utf-8"), re.DOTALL)
    for old, new in replaced.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return str(text)


@pytest.fixture
def privoxy(tmp_path: Path) -> Iterator[Callable[[SocksProxy], str]]:
    """A function that starts privoxy, with the configuration of docs/proxies.md, for a SOCKS proxy. It returns its address."""
    program = shutil.which("privoxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.skip("privoxy not installed")
    with contextlib.ExitStack() as ends:

        def start(socks: SocksProxy) -> str:
            port = free_port()
            places = {"127.0.0.1:8118": f"127.0.0.1:{port}", "127.0.0.1:1080": socks.url.removeprefix("http://")}
            (tmp_path / "config").write_text(documented("listen-address", places))
            process = subprocess.Popen([program, "--no-daemon", "config"], cwd=tmp_path, stderr=subprocess.DEVNULL)
            ends.callback(process.wait)
            ends.callback(process.terminate)
            await_listener(port, process)
            return f"http://127.0.0.1:{port}"

        yield start


def free_port() -> int:
    """Return a port that nothing uses, and that no outgoing connection takes meanwhile."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def await_listener(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process accepts connections."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    raise AssertionError("it does not listen")


def test_everything_comes_through_a_socks_proxy_which_alone_knows_the_hosts(
    privoxy: Callable[[SocksProxy], str], tmp_path: Path
) -> None:
    with SocksProxy(fresh_site(), tmp_path) as socks:
        ran = crawl(tmp_path / "a", privoxy(socks), *NO_CHECK)
    assert ran.returncode == 0, ran.stderr
    assert set(socks.asked) == {"api.dw.com:443", "static.dw.com:443"}, "names, not addresses"
    assert {path.partition("/")[0] for path in files(tmp_path / "a")} >= {"en", "images"}


def test_a_socks_proxy_that_is_down_leaves_dw_unreachable(privoxy: Callable[[SocksProxy], str], tmp_path: Path) -> None:
    with SocksProxy(fresh_site(), tmp_path) as socks:
        address = privoxy(socks)
    ran = crawl(tmp_path / "a", address, *NO_CHECK)
    assert (ran.returncode, socks.asked) == (4, []), ran.stderr


@pytest.mark.skipif(not shutil.which("proxychains4"), reason="proxychains4 not installed")
def test_proxychains_leads_a_crawl_through_a_socks_proxy(tmp_path: Path) -> None:
    with SocksProxy(fresh_site(), tmp_path) as socks:
        port = socks.url.rpartition(":")[2]
        (tmp_path / "chain.conf").write_text(documented("strict_chain", {"127.0.0.1 1080": f"127.0.0.1 {port}"}))
        ran = crawl(tmp_path / "a", "", *NO_CHECK, through=["proxychains4", "-q", "-f", str(tmp_path / "chain.conf")])
    assert ran.returncode == 0, ran.stderr
    assert set(socks.asked) == {"api.dw.com:443", "static.dw.com:443"}, "names, not addresses"


# --- what does not work ---


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1080", "socks4a://h:1080", "https://h:8118", "SOCKS5H://u:secret@h:1", "h:8118"]
)
def test_proxies_other_than_http_prevent_a_run(proxy: str) -> None:
    with pytest.raises(ArgumentError, match=r"^https_proxy names a proxy of a kind that .*//.*docs/proxies\.md") as error:
        arguments.check_proxies({"https": proxy, "no": "localhost"})
    assert "secret" not in str(error.value)


def test_unsupported_proxy_is_reported_in_one_line(tmp_path: Path) -> None:
    ran = crawl(tmp_path / "a", "socks5://127.0.0.1:1080")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "https_proxy names a proxy" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "proxies",
    [{}, {"http": "http://u:p@h:1", "https": "http://h:1"}, {"no": "x", "all": "socks5://h:1"}, {"https": ""}, {"http": "h:1"}],
)
def test_http_proxies_and_ignored_variables_are_accepted(proxies: dict[str, str]) -> None:
    arguments.check_proxies(proxies)
