"""Buckets: the parts of a feed that are compared and repaired by themselves.

When the digests of a feed differ, sending all of it again would cost a worker in the
field an hour. So its records are divided by a checksum of their ids into 256 buckets, and
only those that differ are sent.

Invariants
    * A record is in the same bucket on every device and on the server.
    * What a request may ask for is bounded, whatever it holds.

>>> bucket_of("00000000-0000-0000-0000-000000000001")
'1f'
>>> read_buckets({"1f": [1, 5]})
{'1f': (1, 5)}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from sync.errors import Problem, Refusal
from sync.record import DIGEST_MASK, digest_part

__all__ = ["Buckets", "bucket_of", "count_in", "read_buckets"]

Buckets = Mapping[str, tuple[int, int]]
"""Bucket → (count, sum) of its live records; one without is absent."""

_ID = re.compile(r"[0-9a-f]{2}").fullmatch
_SUM_MAX = 1 << 53


def bucket_of(record: str) -> str:
    """The bucket of a record: the lowest 8 bits of the CRC-32 of its id, in hexadecimal."""
    return f"{crc32(record.encode()) & 0xFF:02x}"


def count_in(heads: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """The buckets of live records, given as (record, head)."""
    buckets: dict[str, tuple[int, int]] = {}
    for record, head in heads:
        bucket = bucket_of(record)
        count, total = buckets.get(bucket, (0, 0))
        buckets[bucket] = count + 1, (total + digest_part(record, head)) & DIGEST_MASK
    return buckets


def read_buckets(told: Any) -> dict[str, tuple[int, int]]:
    """The buckets in a request's body. Raises ``Refusal`` with ``bad_request``."""
    if not isinstance(told, dict) or not all(_ID(one) for one in told):
        raise Refusal(Problem("bad_request", pointer="/buckets", params={"what": "buckets"}))
    return {bucket: _pair(bucket, pair) for bucket, pair in told.items()}


def _pair(bucket: str, pair: Any) -> tuple[int, int]:
    if isinstance(pair, list) and len(pair) == 2 and all(map(_is_count, pair)):
        return pair[0], pair[1]
    pointer = f"/buckets/{bucket}"
    raise Refusal(Problem("bad_request", pointer=pointer, params={"what": "buckets"}))


def _is_count(number: Any) -> bool:
    return type(number) is int and 0 <= number < _SUM_MAX
