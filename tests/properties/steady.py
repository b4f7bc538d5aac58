"""The profile of these properties: the same examples in every run, and no clock."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

__all__ = ["steadily"]


def steadily(examples: int) -> settings:
    """Settings that try so many examples, the same ones every time."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
