"""Rate limits: guessing codes and passwords is slow, honest work is not.

A whole street enrols its tablets from one office, behind one address, in one
morning; so for enrolment only what was refused counts. Counts are kept in memory,
a process each: with two processes a guesser has twice the tries, which changes
nothing against 60 bits and argon2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

__all__ = ["BUNDLE", "ENROL", "REFRESH", "SIGN_IN", "counting_refusals", "limiter", "was_refused"]

View = TypeVar("View", bound=Callable[..., Any])

BUNDLE = "30 per minute"
ENROL = "20 per minute; 200 per hour"
REFRESH = "30 per minute"
SIGN_IN = "10 per minute; 60 per hour"

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def was_refused(answer: Response) -> bool:
    """Whether an answer counts against its caller: wrong codes, tokens and passwords do."""
    return answer.status_code in (400, 401, 403, 413)


def counting_refusals(limit: str) -> Callable[[View], View]:
    """A decorator for a view: of one address, so many *refused* requests."""
    return cast(Callable[[View], View], limiter.limit(limit, deduct_when=was_refused))
