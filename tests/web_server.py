"""A web server on loopback whose files break on demand, as those of others do."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Web:
    """What it serves by path, and how it fails: `name`, or `name n` for the first n requests.

    Names: a status; `reset` in the middle of the body; `short`, a body that ends before its
    length; `slow`, a byte now and then; `silent`, an answer that never comes; `to URL`, a redirect.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    pause: float = 0.0  # seconds before each answer
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def fault(self, path: str) -> str:
        name, _, rest = self.faults.get(path, "").partition(" ")
        if name == "to":
            return f"to {rest}"
        return name if not rest or self.asked[path] <= int(rest) else ""


class _Handler(BaseHTTPRequestHandler):
    web: Web
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        web = self.web
        web.asked[path] += 1
        web.headers.append(dict(self.headers))
        web.at_once += 1
        web.most_at_once = max(web.most_at_once, web.at_once)
        try:
            time.sleep(web.pause)
            self._answer(path, web.fault(path))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            web.at_once -= 1

    def _answer(self, path: str, fault: str) -> None:
        body = self.web.files.get(path)
        if fault.startswith("to "):
            self._begin(302, b"", Location=fault[3:])
        elif fault.isdecimal():
            self._whole(int(fault), b"no")
        elif body is None:
            self._whole(404, b"no such file")
        elif fault == "silent":
            self.web.ended.wait(10)
            self.close_connection = True
        elif fault == "slow":
            self._begin(200, body)
            self._drip(body)
        elif fault in ("short", "reset"):
            self._broken(body, fault)
        else:
            self._whole(200, body)

    def _whole(self, status: int, body: bytes) -> None:
        self._begin(status, body)
        self.wfile.write(body)

    def _begin(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self, body: bytes) -> None:
        for at in range(len(body)):
            if self.web.ended.wait(0.05):
                break
            self.wfile.write(body[at : at + 1])
        self.close_connection = True

    def _broken(self, body: bytes, fault: str) -> None:
        self._begin(200, body)
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    host = "127.0.0.1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error: stderr is the command's."""


class Version6(_Server):
    address_family = socket.AF_INET6
    host = "::1"


@contextmanager
def serving(kind: type[_Server] = _Server) -> Iterator[Web]:
    web = Web()
    server = kind((kind.host, 0), type("Bound", (_Handler,), {"web": web}))
    host = f"[{kind.host}]" if ":" in kind.host else kind.host
    web.url = f"http://{host}:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield web
    finally:
        web.ended.set()
        server.shutdown()
        server.server_close()
