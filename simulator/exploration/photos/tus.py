"""What a request about photos says: of tus, as much as a bystander must understand.

>>> announced({"upload-metadata": "record YQ==,sha256 Yg=="})
('b', 'a')
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

__all__ = ["DOOR", "announced", "metadata", "method_of"]

DOOR = "/sync/v1/attachments"


def metadata(digest: str, record: str) -> str:
    """The header that announces a photo; what is empty is left out."""
    told = (("sha256", digest), ("record", record))
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told if value
    )


def announced(headers: Mapping[str, str]) -> tuple[str, str]:
    """The hash and the record that a request announces; empty where it does not."""
    told = dict(
        [*one.strip().split(" ", 1), ""][:2]
        for one in headers.get("upload-metadata", "").split(",")
    )
    return _text(told.get("sha256", "")), _text(told.get("record", ""))


def method_of(method: str, headers: Mapping[str, str]) -> str:
    """What a request is meant as, where a network lets only POST through."""
    return headers.get("x-http-method-override", method) if method == "POST" else method


def _text(packed: str) -> str:
    return base64.b64decode(packed).decode()
