"""Effects: in whose name an operation is decided, what becomes of it, and conflicts it opens.

The kinds of operation share these: each reads a ``Context``, changes the record in the
unit of work, and answers with an ``Effect``; what a person must decide becomes a
``Conflict`` here and nowhere else.

Invariants
    * A field in conflict keeps the server's value, and is marked in the row.
    * A conflict's id is the stamp of the operation that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sync.errors import Problem, Refusal
from sync.operation import Operation
from sync.record import Record
from sync.scope import Scope
from sync.store import Conflict, Outcome
from sync.work import Work

__all__ = [
    "Context",
    "Effect",
    "Hold",
    "Labels",
    "Run",
    "open_conflict",
    "show_present",
    "stay_within",
]

_NOTHING: Mapping[str, Any] = {}


class Context(NamedTuple):
    """In whose name and when (ms) an operation is decided.

    ``stamp`` is the version that it writes: its own, always (but where a safeguard is off).
    ``released``: it waited before. ``forced``: a person let it go though what it was based
    on is not here; then it counts as concurrent.
    """

    scope: Scope
    received_ms: int
    offset_ms: int
    corrected_ms: int
    stamp: str
    released: bool = False
    forced: bool = False
    late: bool = False


class Hold(Exception):  # noqa: N818 - an outcome, not an error
    """The operation must wait: for the operation ``needs``, or for a person."""

    def __init__(self, code: str, *, needs: str | None = None, pointer: str | None = None) -> None:
        super().__init__(code)
        self.code, self.needs, self.pointer = code, needs, pointer


@dataclass(slots=True)
class Effect:
    """What became of an operation. ``mixed``: values for the server to write in its own name.

    ``follows``: what the server does in its own name because of it, as drafts.
    """

    record: Record
    outcome: Outcome
    prev: str | None
    conflict: str | None = None
    code: str | None = None
    mixed: dict[str, Any] = field(default_factory=dict)
    was: dict[str, list[Any]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    follows: list[dict[str, Any]] = field(default_factory=list)

    def changed(self, op: Operation) -> set[str]:
        """The fields that the operation changed, or that were changed because of it."""
        by_name = self.record.spec.by_name
        return {
            name
            for name in op.fields
            if op.kind == "create"
            or name in self.was
            or name in self.mixed
            or (name in by_name and by_name[name].policy == "append")
        }


class Run(Protocol):
    """What a kind may ask for: the unit of work and the authority's settings."""

    work: Work
    authority: Any


def show_present(run: Run, record: Record, names: Iterable[str]) -> None:
    """Let open conflicts show the value that a field has now, when it was changed meanwhile."""
    written = set(names)
    if not record.c or written.isdisjoint(record.c):
        return
    for conflict in run.work.open_conflicts(record.id):
        for name in written.intersection(conflict.open_fields()):
            conflict.fields[name] = {
                **conflict.fields[name],
                "server": record.get(name),
                "server_stamp": record.version(name),
            }
            run.work.put_conflict(conflict)


def open_conflict(
    run: Run,
    op: Operation,
    context: Context,
    record: Record,
    waits: Mapping[str, tuple[str, Any]],
) -> str:
    """Open a conflict for the fields that wait. Its id is the operation's stamp."""
    parts = {}
    for name, (code, value) in waits.items():
        parts[name] = {
            "code": code,
            "base": _seen(run, op, record, name),
            "base_stamp": op.base.get(name),
            "server": "live" if name == "*" else record.get(name),
            "server_stamp": record.head if name == "*" else record.version(name),
            "device": value,
            "stamp": op.stamp,
            "closed_by": None,
        }
        record.flag(name)
    feeds = record.feeds()
    run.work.put_conflict(
        Conflict(
            id=op.stamp,
            record=record.id,
            type=record.spec.name,
            feed=feeds[0] if feeds else "",
            actor=op.actor,
            opened=context.received_ms,
            fields=parts,
        )
    )
    return op.stamp


def stay_within(
    scope: Scope, record: Record, values: Mapping[str, Any], *, also: Mapping[str, Any] = _NOTHING
) -> None:
    """Nobody moves a record to where they may not write: raises ``out_of_scope``.

    ``values`` and ``also``: the fields that are about to be written.
    """
    spec = record.spec
    if spec.feed_fields.isdisjoint(values) and spec.feed_fields.isdisjoint(also):
        return
    row = list(record.values)
    for name, value in (*values.items(), *also.items()):
        if name in spec.index:
            row[spec.index[name]] = value
    feeds, home = spec.feeds_of(record.id, row), record.feeds()[:1]
    # Another home must be the author's own: a second feed lets nobody into a third.
    judged = (feeds,) if feeds[:1] == home else (feeds, feeds[:1])
    if any(scope.judge(one) not in ("active", "grace") for one in judged):
        name = min(spec.feed_fields & (values.keys() | also.keys()))
        raise Refusal(Problem("out_of_scope", pointer=f"/fields/{name}"))


def _seen(run: Run, op: Operation, record: Record, name: str) -> Any:
    """The value that the author of an operation had before them, as far as it can be told."""
    field_, base = record.spec.by_name.get(name), op.base.get(name)
    policy = field_.policy if field_ is not None else "latest"
    if policy == "workflow":
        return op.fields[name]["from"]
    known, seen = run.work.value(base, name) if base is not None else (False, None)
    is_change = policy == "set" and isinstance(seen, dict)
    return seen if known and not is_change else None


class Labels(dict[str, Any]):
    """The ``label`` parameter of a notice, in whichever language it is written."""

    def __init__(self, record: Record, names: list[str]) -> None:
        super().__init__(label=_label(record, names), label_en=_label(record, names, lang_zh=False))


def _label(record: Record, names: Any, lang_zh: bool = True) -> str:
    labels = []
    for name in names:
        field_ = record.spec.by_name.get(name)
        labels.append(
            (record.spec.zh if lang_zh else record.spec.en)
            if field_ is None
            else ((field_.zh if lang_zh else field_.en) or name)
        )
    return "、".join(labels) if lang_zh else ", ".join(labels)
