"""HTTP for Python devices: httpx behind the engine's transport, and a link that loses answers.

The engine takes any transport; this one carries requests to a real server. It unpacks
nothing itself, so that what is counted is what was on the wire.

Nothing of httpx passes through: every failure of the network is ``Unreachable``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx

from sync.transport import Reply, Transport, Unreachable

__all__ = ["HttpTransport", "LossyTransport"]


class HttpTransport:
    """One connection pool to one server."""

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        """``url``: the server's address without a path, such as ``http://127.0.0.1:8000``."""
        # Proxies of the environment are for the internet, not for a server beside us.
        self._client = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """See ``sync.transport.Transport``."""
        asked = self._client.build_request(method, path, headers=dict(headers), content=body)
        try:
            answer = self._client.send(asked, stream=True)
        except httpx.TransportError:
            raise Unreachable from None
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, found, _pieces(answer))

    def close(self) -> None:
        """End the connections."""
        self._client.close()


def _pieces(answer: httpx.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except httpx.TransportError:
        raise Unreachable from None
    finally:
        answer.close()


class LossyTransport:
    """A transport whose next answer can be lost: the server has done it, nobody hears of it."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.lose_next_answer = False

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """See ``sync.transport.Transport``."""
        reply = self._inner.request(method, path, headers, body)
        if not self.lose_next_answer:
            return reply
        self.lose_next_answer = False
        for _ in reply.body:
            pass  # The server has sent it all: its transaction is over.
        raise Unreachable
