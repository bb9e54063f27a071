"""An HTTP proxy on loopback that opens tunnels (CONNECT) to DW: behind each stands a host of the stand-in, over TLS.

Nothing here needs a name server: only the proxy knows where api.dw.com lies.
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
from types import TracebackType
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.dwsite.client import Site


class ConnectProxy:
    """A proxy in threads, ended with the `with` block.

    refuses: answer 403 to every CONNECT. login: `user:password`, if it wants one. asked: such as `CONNECT api.dw.com:443`.
    """

    def __init__(self, site: Site, folder: Path, *, login: str = "", refuses: bool = False) -> None:
        hosts = {"api": site.api, "www": site.www, "static": site.static, "rss": site.rss}
        self.hosts = {f"{name}.dw.com:443": (urlsplit(url).hostname, urlsplit(url).port) for name, url in hosts.items()}
        self.login, self.refuses = login, refuses
        self.asked: list[str] = []
        self.tls = server_tls(certificate(folder / "certificate.pem"))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self) -> ConnectProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (piece := client.recv(1)):
                    return
                head += piece
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.asked.append(f"{method} {target}")
            login = f"Proxy-Authorization: Basic {base64.b64encode(self.login.encode()).decode()}"
            if self.login and login.lower() not in head.decode("latin-1").lower():
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif self.refuses or method != "CONNECT" or target not in self.hosts:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            else:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                near = self.tls.wrap_socket(client, server_side=True)
                with near, socket.create_connection(self.hosts[target]) as far:
                    copier = threading.Thread(target=_copy, args=(far, near), daemon=True)
                    copier.start()
                    _copy(near, far)
                    copier.join()


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
