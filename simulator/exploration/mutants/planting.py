"""Planting: how a mutant replaces a part of the program, and takes it back.

Places are named by text, ``package.module:Class.method``, and looked up when a mutant is
planted: the explorer itself depends on none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pkgutil import resolve_name
from typing import Any

__all__ = ["Plant", "attribute", "entry", "wrapped"]

Plant = Callable[[ExitStack], None]
"""Changes something, and leaves on the stack what undoes that."""


def attribute(place: str, make: Callable[[Any], Any]) -> Plant:
    """Put ``make(original)`` in the place of an attribute: ``module:Class.name``."""

    def plant(stack: ExitStack) -> None:
        module, _, path = place.partition(":")
        within, _, name = path.rpartition(".")
        owner = resolve_name(f"{module}:{within}" if within else module)
        original = owner.__dict__[name]
        plain = original.__func__ if isinstance(original, classmethod | staticmethod) else original
        made = make(plain)
        if isinstance(original, classmethod | staticmethod):
            made = type(original)(made)
        setattr(owner, name, made)
        stack.callback(setattr, owner, name, original)

    return plant


def entry(place: str, key: Any, make: Callable[[Any], Any]) -> Plant:
    """Put ``make(original)`` in the place of one entry of a table: ``module:TABLE``."""

    def plant(stack: ExitStack) -> None:
        table = resolve_name(place)
        original = table[key]
        table[key] = make(original)
        stack.callback(table.__setitem__, key, original)

    return plant


def wrapped(*plants: Plant) -> Plant:
    """Several changes that are one mutant."""

    def plant(stack: ExitStack) -> None:
        for one in plants:
            one(stack)

    return plant
