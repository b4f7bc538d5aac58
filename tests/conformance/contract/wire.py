"""HTTP as PROTOCOL.md tells it, written from that page alone: a request out, lines back.

Standard library only. An answer may be cut off after any number of bytes: the whole lines before
the cut count, nothing else does.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import zlib
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
GZIP_ONLY = 31  # zlib's window bits for a gzip header and trailer


class CutOffError(Exception):
    """The connection ended before the answer did; ``lines`` are the whole ones that came."""

    def __init__(self, lines: list[Json]) -> None:
        super().__init__(f"cut off after {len(lines)} lines")
        self.lines = lines


class ProblemError(Exception):
    """The server refused the request with a problem document (RFC 9457)."""

    def __init__(self, status: int, document: Json, headers: dict[str, str]) -> None:
        super().__init__(f"{status} {document.get('code')}: {document.get('detail')}")
        self.status = status
        self.document = document
        self.headers = headers

    @property
    def code(self) -> str:
        return str(self.document["code"])


@dataclass(frozen=True)
class Reply:
    """A whole answer: ``headers`` have lower-case names, ``body`` is unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        document: Json = json.loads(self.body)
        return document

    def lines(self) -> list[Json]:
        assert self.body.endswith(b"\n"), "every line ends with a newline"
        return whole_lines(self.body)


def whole_lines(body: bytes) -> list[Json]:
    """Each line that ends. U+2028 and its like end no line of NDJSON, so no ``splitlines``."""
    return [json.loads(line) for line in body.split(b"\n")[:-1]]


@dataclass
class Wire:
    """One server, ``127.0.0.1:port``; a connection for each request."""

    port: int
    language: str = "en"

    def send(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        cut_after: int | None = None,
    ) -> Reply:
        """The answer to one request, read whole or to ``cut_after`` bytes as they travel.

        Raises ``ProblemError`` for a problem document, ``CutOffError`` when the end is missing.
        """
        sent = {"Accept-Language": self.language, "Accept-Encoding": "gzip"}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if isinstance(body, dict):
            sent |= {"Content-Type": "application/json", "Content-Encoding": "gzip"}
            body = gzip.compress(json.dumps(body).encode(), 1)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            # A body that is too long is refused before it is read: the answer is there already.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, sent | (headers or {}))
            return _read(connection.getresponse(), cut_after)
        finally:
            connection.close()


def _read(answer: http.client.HTTPResponse, cut_after: int | None) -> Reply:
    headers = {name.lower(): value for name, value in answer.getheaders()}
    whole = cut_after is None
    try:
        body = answer.read(cut_after)
    except (http.client.IncompleteRead, ConnectionError) as cut:
        body, whole = getattr(cut, "partial", b""), False
    if headers.get("content-encoding") == "gzip":
        unpacking = zlib.decompressobj(wbits=GZIP_ONLY)
        body = unpacking.decompress(body)
        whole = whole and unpacking.eof
    if not whole:
        raise CutOffError(whole_lines(body))
    if headers.get("content-type") == "application/problem+json":
        raise ProblemError(answer.status, json.loads(body), headers)
    return Reply(answer.status, headers, body)
