"""A small Hub on loopback: as much of its HTTP as the client needs, and faults on demand.

Metadata and small files come from one port; large files are redirected to a blob host on another.
"""

import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = (".safetensors", ".bin", ".model")  # what git-lfs would keep


@dataclass
class Request:
    """One line of the server's log."""

    host: str  # hub | blobs
    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Fault:
    """What happens to the next `times` requests whose path holds `path`."""

    path: str
    times: int = 1
    method: str = "GET"
    status: int | None = None
    code: str | None = None  # the Hub's X-Error-Code
    message: str | None = None
    wait: float = 0.0  # seconds of silence before the answer
    cut: int | None = None  # the connection breaks after so many bytes of the body
    content: Callable[[bytes], bytes] | None = None  # what is sent instead


@dataclass
class Repository:
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    license: str | None = "apache-2.0"
    gated: bool = False
    token: str | None = None  # a private one asks for it


class Hub:
    """The repositories, the log of requests, and the faults to come."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.renamed: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        self.log: list[Request] = []
        self.faults: list[Fault] = []
        self.ranges = True  # whether the blob host heeds them
        self.xet = False  # whether large files are also to be had from chunk storage
        self.pace = 0.0  # seconds between the blocks of a blob
        self.url = self.blob_url = ""

    def add(
        self,
        name: str,
        source: Path | dict[str, bytes],
        branch: str = "main",
        commit: str | None = None,
        **about: Any,
    ) -> str:
        """A commit of a repository, named by its content unless it is given."""
        if isinstance(source, Path):
            source = {path.name: path.read_bytes() for path in source.iterdir() if path.is_file()}
        repository = self.repositories.setdefault(name, Repository())
        for key, value in about.items():
            setattr(repository, key, value)
        content = json.dumps({path: git_hash(data) for path, data in sorted(source.items())})
        commit = commit or hashlib.sha1((name + content).encode()).hexdigest()
        repository.commits[commit] = dict(source)
        repository.branches[branch] = commit
        self.blobs |= {sha256(data): data for data in source.values()}
        return commit

    def requests(self, *words: str) -> list[Request]:
        """The logged requests whose path holds every word."""
        return [one for one in self.log if all(word in one.path for word in words)]

    def fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method in (method, "*") and fault.path in path:
                fault.times -= 1
                return fault
        return None


@contextmanager
def serving() -> Iterator[Hub]:
    """A running Hub."""
    hub = Hub()
    servers = [
        Server(("127.0.0.1", 0), type("Bound", (kind,), {"hub": hub}))
        for kind in (HubHandler, BlobHandler)
    ]
    hub.url, hub.blob_url = (f"http://127.0.0.1:{one.server_address[1]}" for one in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up between two requests is no error: stderr is the command's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    host = "hub"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve("GET")

    def do_HEAD(self) -> None:
        self._serve("HEAD")

    def _serve(self, method: str) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        wanted = self.headers.get("Range")
        self.hub.log.append(Request(self.host, method, self.path, wanted, token))
        fault = self.hub.fault_for(method, self.path)
        if fault is not None and fault.wait:
            time.sleep(fault.wait)
        try:
            if fault is not None and fault.status is not None:
                self.refuse(fault.status, fault.code, fault.message)
            else:
                self.answer(fault or Fault(""), token)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client has gone

    def answer(self, fault: Fault, token: str | None) -> None:
        raise NotImplementedError

    def refuse(self, status: int, code: str | None = None, message: str | None = None) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        body = json.dumps({"error": message or "no"}).encode()
        self.reply(status, body, {k: v for k, v in headers.items() if v})

    def reply(self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        end = len(body) if cut is None else cut
        for start in range(0, end, 1 << 16):
            self.wfile.write(body[start : min(end, start + (1 << 16))])
            self.wfile.flush()
            time.sleep(self.hub.pace if self.host == "blobs" else 0)
        self.close_connection = cut is not None

    def file(self, data: bytes, headers: dict[str, str], fault: Fault) -> None:
        """A file or the range that is asked for."""
        sent = data if fault.content is None else fault.content(data)
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(found[1]) if found else 0
        if not found or not self.hub.ranges:
            return self.reply(200, sent, headers, fault.cut)
        if start >= len(sent):
            return self.refuse(416)
        where = {"Content-Range": f"bytes {start}-{len(sent) - 1}/{len(sent)}"}
        return self.reply(206, sent[start:], headers | where, fault.cut)

    def log_message(self, *_: Any) -> None:
        pass


class BlobHandler(Handler):
    host = "blobs"

    def answer(self, fault: Fault, token: str | None) -> None:
        name = self.path.strip("/")
        self.file(self.hub.blobs[name], {"ETag": f'"{name}"'}, fault)


class HubHandler(Handler):
    def answer(self, fault: Fault, token: str | None) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/api/whoami-v2":
            return self._json({"name": "somebody"}) if token else self.refuse(401)
        found = re.fullmatch(r"(/api/models)?/([^/]+/[^/]+)(/.*)?", path)
        if found is None:
            return self.refuse(404)
        api, name, rest = found.groups()
        if name in self.hub.renamed:
            target = self.path.replace(name, self.hub.renamed[name], 1)
            return self.reply(307, b"", {"Location": target})
        repository = self.hub.repositories.get(name)
        hidden = repository is None or (repository.token and repository.token != token)
        if hidden:  # the Hub does not say which of the two
            status = 404 if token else 401
            return self.refuse(status, "RepoNotFound", "Repository not found")
        if api and (rest or "").startswith("/tree/"):
            return self._tree(repository, rest.removeprefix("/tree/"))
        if api:
            return self._info(name, repository, (rest or "/revision/main").split("/", 2)[2])
        return self._resolve(name, repository, rest, fault, token)

    def _commit(self, repository: Repository, revision: str) -> str | None:
        found = repository.branches.get(revision, revision)
        if found in repository.commits:
            return found
        self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return None

    def _info(self, name: str, repository: Repository, revision: str) -> None:
        commit = self._commit(repository, revision)
        if commit is None:
            return
        blobs = "blobs" in parse_qs(urlsplit(self.path).query)
        files = repository.commits[commit]
        self._json(
            {
                "id": name,
                "modelId": name,
                "sha": commit,
                "private": repository.token is not None,
                "gated": "auto" if repository.gated else False,
                "cardData": {"license": repository.license},
                "tags": [f"license:{repository.license}"],
                "siblings": [_sibling(path, data, blobs) for path, data in files.items()],
            }
        )

    def _tree(self, repository: Repository, revision: str) -> None:
        if commit := self._commit(repository, revision):
            files = repository.commits[commit].items()
            self._json([_leaf(*file, self.hub.xet) for file in files])

    def _resolve(
        self, name: str, repository: Repository, rest: str, fault: Fault, token: str | None
    ) -> None:
        _, _, revision, path = rest.split("/", 3)
        commit = self._commit(repository, revision)
        if commit is None:
            return None
        headers = {"X-Repo-Commit": commit}
        if repository.gated and not token:
            return self.refuse(401, "GatedRepo", f"Access to model {name} is restricted.")
        if repository.gated and token != "accepted":
            return self.refuse(403, "GatedRepo", f"Access to model {name} is restricted.")
        data = repository.commits[commit].get(path)
        if data is None:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        if path.endswith(LARGE):
            linked = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
            location = {"Location": f"{self.hub.blob_url}/{sha256(data)}"}
            if self.hub.xet:
                token = f"{self.hub.url}/api/models/{name}/xet-read-token/{commit}"
                linked |= {
                    "X-Xet-Hash": sha256(b"xet" + data),
                    "Link": f'<{token}>; rel="xet-auth"',
                }
            return self.reply(302, b"", headers | linked | location)
        return self.file(data, headers | {"ETag": f'"{git_hash(data)}"'}, fault)

    def _json(self, value: Any) -> None:
        self.reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _sibling(path: str, data: bytes, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": path}
    told = {"rfilename": path, "size": len(data), "blobId": git_hash(data)}
    lfs = {"sha256": sha256(data), "size": len(data), "pointerSize": 130}
    return told | ({"lfs": lfs} if path.endswith(LARGE) else {})


def _leaf(path: str, data: bytes, xet: bool) -> dict[str, Any]:
    told = {"type": "file", "path": path, "size": len(data), "oid": git_hash(data)}
    if xet and path.endswith(LARGE):
        told["xetHash"] = sha256(b"xet" + data)
    lfs = {"oid": sha256(data), "size": len(data), "pointerSize": 130}
    return told | ({"lfs": lfs} if path.endswith(LARGE) else {})
