"""An HTTP and a SOCKS proxy on loopback that open tunnels to DW: each leads to a host of the stand-in, over TLS.

No name server is needed: only the proxy resolves api.dw.com.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.dwsite.client import Site
from tests.listener import Listener

_NAME = 3  # kind of a SOCKS address: the name of a host
_NOT_ALLOWED = 2


class ConnectProxy(Listener):
    """An HTTP proxy in threads that knows CONNECT, ended with the `with` block.

    refuses: answer 403 to every CONNECT. login: `user:password`, if it requires one. asked: the requests, such as `CONNECT
    api.dw.com:443`.
    """

    def __init__(self, site: Site, folder: Path, *, login: str = "", refuses: bool = False) -> None:
        super().__init__()
        hosts = {"api": site.api, "www": site.www, "static": site.static, "rss": site.rss}
        self.hosts = {f"{name}.dw.com:443": (urlsplit(url).hostname, urlsplit(url).port) for name, url in hosts.items()}
        self.login, self.refuses = login, refuses
        self.asked: list[str] = []
        self.tls = server_tls(certificate(folder / "certificate.pem"))
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if target := self._opened(client):
                near = self.tls.wrap_socket(client, server_side=True)
                with near, socket.create_connection(self.hosts[target]) as far:
                    copier = threading.Thread(target=_copy, args=(far, near), daemon=True)
                    copier.start()
                    _copy(near, far)
                    copier.join()

    def _opened(self, client: socket.socket) -> str:
        """Answer a request for a tunnel. Returns where it leads, empty if it is refused."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += _exactly(client, 1)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        login = f"Proxy-Authorization: Basic {base64.b64encode(self.login.encode()).decode()}"
        if self.login and login.lower() not in head.decode("latin-1").lower():
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self.refuses or method != "CONNECT" or target not in self.hosts:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return target
        return ""


class SocksProxy(ConnectProxy):
    """The same as a SOCKS5 proxy without a password (RFC 1928). asked: such as `api.dw.com:443`."""

    def _opened(self, client: socket.socket) -> str:
        methods = _exactly(client, 2)[1]
        _exactly(client, methods)
        client.sendall(b"\5\0")  # no password
        kind = _exactly(client, 4)[3]
        host = _exactly(client, _exactly(client, 1)[0]).decode() if kind == _NAME else socket.inet_ntoa(_exactly(client, 4))
        target = f"{host}:{int.from_bytes(_exactly(client, 2))}"
        self.asked.append(target)
        is_open = target in self.hosts
        client.sendall(bytes([5, 0 if is_open else _NOT_ALLOWED, 0, 1, *bytes(6)]))
        return target if is_open else ""


def _exactly(client: socket.socket, count: int) -> bytes:
    """Receive exactly `count` bytes. Raises OSError if the connection ends before."""
    data = b""
    while len(data) < count:
        if not (piece := client.recv(count - len(data))):
            raise ConnectionResetError
        data += piece
    return data


def _copy(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


def server_tls(path: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS with a certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made


def certificate(path: Path, *addresses: str) -> Path:
    """Make a self-signed certificate for IP addresses, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    for_them = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address)) for address in addresses])
    if addresses:
        made = made.add_extension(for_them, critical=False)
    day = datetime.timedelta(1)
    signed = made.not_valid_before(now - day).not_valid_after(now + day).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path
