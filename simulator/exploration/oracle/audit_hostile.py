"""The audit of hostile apps: of each wrong thing, what the contract says must become of it.

What must happen is told before the request is sent, from the tables as they are then, and
compared with the answer afterwards. Where the contract leaves it open (a device that is
suspended at that moment has everything held), nothing is expected but that nothing is taken.

Invariants
    * Nothing here calls the engine; it reads the contract's sentences into a table.
    * Whatever was wrong is kept, word for word, where a person can find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from simulator.exploration.oracle.audit_made import as_sent
from simulator.exploration.oracle.audit_redaction import excused
from simulator.exploration.oracle.audit_wire import Exchange
from simulator.exploration.oracle.ledger import Ledger, Row

__all__ = ["DEMANDS", "Demand", "Facts", "audit_asked", "audit_wrongs", "demanded", "must_reset"]

Wrong = tuple[int, str]

_NO_CONTENT = ("schema", "offset_ms", "cause")
AHEAD_MS_MAX = 24 * 3_600_000


class Facts(NamedTuple):
    """What is so when a request is sent. ``limited``: the device may only hand in, for a person
    to look at. ``ever``: the feeds that were ever granted to its user; ``sure``: all were seen.
    ``clock_ms``: the later of its clock and the server's."""

    ledger: Ledger
    user: str
    role: str
    devices: frozenset[str]
    limited: bool
    allowed: frozenset[str]
    ever: frozenset[str]
    sure: bool
    clock_ms: int


class Demand(NamedTuple):
    """What must become of an operation: its outcome, with one of these codes."""

    outcome: str
    codes: tuple[str, ...]


Rule = Callable[[Facts, Any], Demand | None]


def demanded(facts: Facts, what: str, op: Any) -> Demand | None:
    """What must become of a wrong operation; None where the contract leaves it open."""
    return DEMANDS[what][1](facts, op)


# Rules -----------------------------------------------------------------------------------------


def _always(outcome: str, *codes: str) -> Rule:
    return lambda _facts, _op: Demand(outcome, codes)


def _reused(facts: Facts, op: Any) -> Demand | None:
    known = facts.ledger.ops.get(op["stamp"])
    if (
        known is None
        or known.raw.get("redacted") is True
        or op["stamp"][18:26] not in facts.devices
    ):
        return None
    same = _content(as_sent(known.raw)) == _content(op)
    return None if same else Demand("held", ("stamp_reused",))


def _content(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in _NO_CONTENT}


def _foreign_stamp(facts: Facts, op: Any) -> Demand | None:
    theirs = op["stamp"][18:26] not in facts.devices
    return Demand("rejected", ("not_your_stamp",)) if theirs else None


def _fresh(outcome: str, *codes: str) -> Rule:
    """For an operation that nobody has sent before."""

    def rule(facts: Facts, op: Any) -> Demand | None:
        new = op["stamp"] not in facts.ledger.ops and op["stamp"][18:26] in facts.devices
        return Demand(outcome, codes) if new else None

    return rule


def _judged(rule: Rule) -> Rule:
    """For what is asked only of a device that is not suspended, about a first sending."""

    def judged(facts: Facts, op: Any) -> Demand | None:
        own = op["stamp"][18:26] in facts.devices and op["actor"] == facts.user
        if facts.limited or not own or op["stamp"] in facts.ledger.ops or _is_ahead(facts, op):
            return None
        return rule(facts, op)

    return judged


def _is_ahead(facts: Facts, op: Any) -> bool:
    return int(op["stamp"][:12], 16) > facts.clock_ms + AHEAD_MS_MAX


def _next_year(facts: Facts, op: Any) -> Demand | None:
    return _fresh("held", "stamp_ahead")(facts, op) if _is_ahead(facts, op) else None


def _unknown_base(facts: Facts, op: Any) -> Demand | None:
    if all(seen in facts.ledger.ops for seen in op["base"].values()):
        return None
    row = facts.ledger.rows.get(op["record"])
    mark, erased = (row.get("_redacted") if row is not None else None) or (None, ())
    unseen = op["base"].get("*") != mark  # Nobody can say then that its author had seen it.
    if unseen and not op["fields"].keys().isdisjoint(erased):
        return Demand("rejected", ("redacted",))
    return Demand("held", ("needs",))


def _foreign_base(facts: Facts, op: Any) -> Demand | None:
    row = facts.ledger.rows.get(op["record"])
    for name, seen in op["base"].items():
        known = facts.ledger.ops.get(seen)
        if known is None:
            return None
        current = row is not None and seen == (row.head if name == "*" else row.version(name))
        if known.record != op["record"] and not current:
            return Demand("rejected", ("malformed",))
    return None


def _live(facts: Facts, op: Any) -> Row | None:
    """The record, if it is there and its author reads it now."""
    row = facts.ledger.rows.get(op["record"])
    here = row is not None and not row.deleted and not facts.allowed.isdisjoint(row.feeds())
    return row if here and _based(facts, op) else None


def _based(facts: Facts, op: Any) -> bool:
    """Whether all that it was based on is in the history, and was not turned away."""
    seen = [facts.ledger.ops.get(one) for one in (op.get("base") or {}).values() if one]
    return all(one is not None and one.outcome not in ("held", "rejected") for one in seen)


def _out_of_scope(facts: Facts, op: Any) -> Demand | None:
    past = facts.ledger.past.get(op["record"], ())
    lay = {feed for row in past for feed in row.feeds()}
    never = facts.sure and lay.isdisjoint(facts.ever) and _based(facts, op)
    return Demand("rejected", ("out_of_scope",)) if never else None


def _nowhere(facts: Facts, op: Any) -> Demand | None:
    unknown = op["record"] not in facts.ledger.rows
    # (A base that belongs to another record is told before the record is looked for.)
    return Demand("rejected", ("out_of_scope", "malformed")) if unknown else None


def _where(facts: Facts, op: Any, row: Row | None) -> set[str]:
    """The feeds in which a record would be after an operation."""
    spec = facts.ledger.specs[op["type"]]
    values = {**(row.values if row is not None else {}), **op["fields"]}
    found = set()
    for kind, by in spec.feed_rules:
        scope = None if by is None else op["record"] if by == "record" else values.get(by)
        if by is None or scope is not None:
            found.add(kind if by is None else f"{kind}:{scope}" if kind else str(scope))
    return found


def _created_elsewhere(facts: Facts, op: Any) -> Demand | None:
    kept = {
        one.record
        for one in facts.ledger.ops.values()
        if one.kind == "create" and one.outcome in ("held", "rejected")
    }
    waits = any(isinstance(one, str) and one in kept for one in op["fields"].values())
    theirs = not _where(facts, op, None).isdisjoint(facts.ever)
    if theirs or waits or not facts.sure or op["record"] in facts.ledger.rows:
        return None
    return Demand("rejected", ("out_of_scope",))


def _moves_away(facts: Facts, op: Any) -> Demand | None:
    row = _live(facts, op)
    if row is None or facts.role not in row.spec.who.get("edit", ()):
        return None
    names = [name for name in op["fields"] if row.get(name) != op["fields"][name]]
    current = all(
        op["base"][name] == row.version(name) and row.spec.policy[name] in ("ask", "latest")
        for name in names
    )
    stays = not _where(facts, op, row).isdisjoint(facts.ever)
    if not names or not current or stays or not facts.sure:
        return None
    return Demand("rejected", ("out_of_scope",))


def _not_allowed(facts: Facts, op: Any) -> Demand | None:
    row = _live(facts, op)
    if row is None or facts.role in row.spec.who.get("edit", ()):
        return None
    return Demand("rejected", ("not_allowed",))


def _grants_itself(facts: Facts, _op: Any) -> Demand | None:
    may = facts.role in facts.ledger.specs["assignment"].who.get("create", ())
    return None if may else Demand("rejected", ("not_allowed", "out_of_scope"))


def _no_such_step(facts: Facts, op: Any) -> Demand | None:
    row = _live(facts, op)
    if row is None or row.spec.workflow is None:
        return None
    step = op["fields"][row.spec.workflow["field"]]
    legal = (step["from"], step["to"]) in row.spec.legal
    return None if legal else Demand("rejected", ("no_such_transition",))


def _born_later(facts: Facts, op: Any) -> Demand | None:
    spec = facts.ledger.specs[op["type"]]
    here = not _where(facts, op, None).isdisjoint(facts.allowed)
    if not here or facts.role not in spec.who.get("create", ()) or spec.workflow is None:
        return None
    later = op["fields"].get(spec.workflow["field"]) != spec.workflow["initial"]
    return Demand("rejected", ("no_such_transition",)) if later else None


def _unknown_field(facts: Facts, op: Any) -> Demand | None:
    row = _live(facts, op)
    if row is None or facts.role not in row.spec.who.get("edit", ()):
        return None
    return Demand("applied", ())


DEMANDS: Mapping[str, tuple[int, Rule]] = {
    "reused": (3, _reused),
    "reused_at_once": (3, _reused),
    "foreign_stamp": (4, _foreign_stamp),
    "copied": (4, _foreign_stamp),
    "foreign_actor": (4, _fresh("rejected", "not_your_actor")),
    "next_year": (11, _next_year),
    "no_object": (2, _always("rejected", "malformed")),
    "no_stamp": (2, _always("rejected", "bad_stamp")),
    "unknown_kind": (2, _fresh("rejected", "unknown_kind")),
    "bad_member": (2, _fresh("rejected", "malformed")),
    "as_sent": (2, _fresh("rejected", "malformed")),
    "no_base": (6, _fresh("rejected", "missing_base", "malformed")),
    "bad_base": (6, _fresh("rejected", "malformed")),
    "bad_value": (2, _fresh("rejected", "bad_value")),
    "too_long": (2, _fresh("rejected", "bad_value")),
    "bad_text": (2, _fresh("rejected", "bad_text")),
    "unknown_type": (2, _fresh("rejected", "unknown_type")),
    "ours_to_say": (2, _fresh("rejected", "bad_value")),
    "foreign_base": (6, _judged(_foreign_base)),
    "unknown_base": (6, _judged(_unknown_base)),
    "unknown_field": (2, _judged(_unknown_field)),
    "out_of_scope": (4, _judged(_out_of_scope)),
    "nowhere": (4, _judged(_nowhere)),
    "created_elsewhere": (4, _judged(_created_elsewhere)),
    "moves_away": (4, _judged(_moves_away)),
    "not_allowed": (4, _judged(_not_allowed)),
    "grants_itself": (4, _judged(_grants_itself)),
    "no_such_step": (10, _judged(_no_such_step)),
    "born_later": (10, _judged(_born_later)),
}
"""What is wrong → the promise that is broken where it gets through, and what must become of it."""


# Afterwards --------------------------------------------------------------------------------------


def audit_wrongs(
    facts: Facts,
    sent: Sequence[tuple[str, Any, Demand | None]],
    acks: Sequence[Mapping[str, Any]],
    kept: Sequence[Any],
) -> Iterator[Wrong]:
    """Whether each wrong operation came to what it must. ``kept``: what was set aside unread."""
    for (what, op, demand), ack in zip(sent, acks, strict=True):
        if demand is None or (what == "reused_at_once" and _is_erased(facts, op)):
            continue
        code = (ack.get("problem") or {}).get("code")
        if what == "unknown_field":
            yield from _came_back(facts, op, ack)
            continue
        if ack["outcome"] != demand.outcome or code not in demand.codes:
            told, wanted = f"{ack['outcome']} ({code})", f"{demand.outcome} {demand.codes}"
            yield DEMANDS[what][0], f"{what}: {_name(op)} is {told}, not {wanted}"
        elif (ack.get("problem") or {}).get("definite") is not True:
            yield 5, f"{what}: {_name(op)} is {code}, and its app may think it passes"
        yield from _untold(facts, what, op, ack)
        yield from _kept(facts, what, op, ack, kept)


def _is_erased(facts: Facts, op: Any) -> bool:
    """Whether the honest operation of that stamp came too late for an erasure.

    Its values were written over then, and it is a repeat whatever comes under its stamp.
    """
    known = facts.ledger.ops.get(op["stamp"])
    return known is not None and excused(known)


def _name(op: Any) -> str:
    return str(op.get("stamp")) if isinstance(op, dict) else repr(op)


def _untold(facts: Facts, what: str, op: Any, ack: Mapping[str, Any]) -> Iterator[Wrong]:
    """An ack tells only of a record that its reader reads, and only where it is."""
    row = facts.ledger.rows.get(op.get("record") or "") if isinstance(op, dict) else None
    here = set(row.feeds()) & facts.allowed if row is not None else set()
    if not set(ack["feeds"]) <= here or (ack.get("fields") and not here):
        yield 4, f"{what}: the ack of {_name(op)} tells of {ack['feeds']}"
    if ack["head"] is not None and not here:
        yield 4, f"{what}: the ack of {_name(op)} tells the head of a record that is not theirs"


def _kept(
    facts: Facts, what: str, op: Any, ack: Mapping[str, Any], kept: Sequence[Any]
) -> Iterator[Wrong]:
    """It changed nothing, and is kept as it came."""
    stamp = op.get("stamp") if isinstance(op, dict) else None
    known = facts.ledger.ops.get(stamp) if isinstance(stamp, str) else None
    # (About a person whose data were erased, nothing is kept but that it came.)
    blanks = [{"stamp": one, "redacted": True} for one in (stamp, None)]
    sent = [*([known.raw] if known is not None else []), *kept]
    whole = any(one in kept for one in blanks) or any(_same(one, op) for one in sent)
    whole = whole or (known is not None and excused(known))
    if not whole:
        yield 2, f"{what}: {_name(op)} was {ack['outcome']}, and is nowhere"
    if what in ("reused", "reused_at_once", "copied"):
        return  # Its stamp is rightly in the history, with what was sent first.
    row = facts.ledger.rows.get(op.get("record") or "") if isinstance(op, dict) else None
    if row is not None and stamp in {row.head, row.v, *row.vx.values()}:
        yield DEMANDS[what][0], f"{what}: {stamp} was {ack['outcome']}, and changed {row.id}"


def _same(kept: Any, op: Any) -> bool:
    """Whether what is kept is what was sent, in the words of whichever app sent it."""
    if kept == op or not isinstance(kept, dict) or not isinstance(op, dict):
        return bool(kept == op)
    return _content(as_sent(kept)) == _content(op)


def _came_back(facts: Facts, op: Any, ack: Mapping[str, Any]) -> Iterator[Wrong]:
    """A field that this server does not know is taken, and kept with its value."""
    if ack["outcome"] not in ("applied", "merged"):
        yield 2, f"{op['stamp']} names a field of a newer app, and is {ack['outcome']}"
        return
    row = facts.ledger.rows[op["record"]]
    for name, value in op["fields"].items():
        mine = row.version(name) == op["stamp"]
        if row.get(name) is None or (mine and row.get(name) != value):
            yield 2, f"{op['stamp']}: the field {name} of a newer app is not kept"


# What was asked ----------------------------------------------------------------------------------


def must_reset(facts: Facts, what: str, checkpoint: Mapping[str, Any]) -> frozenset[str]:
    """The feeds whose cursors, as they are claimed, are good for nothing."""
    named = facts.allowed & checkpoint.keys()
    if what in ("crossed_cursor", "nonsense_cursor", "old_epoch"):
        return named
    if what != "foreign_cursor":
        return frozenset()
    good = {"0": True}
    for name, feed, _since, _until in facts.ledger.grants(facts.user):
        good[f"{feed}.{name[-12:]}"] = True
    epoch = facts.ledger.epoch()
    return frozenset(feed for feed in named if not _is_good(checkpoint[feed], feed, epoch, good))


def _is_good(cursor: str, feed: str, epoch: str, good: Mapping[str, bool]) -> bool:
    of, generation, *_ = cursor.split(".")
    return of == epoch and (generation in good or f"{feed}.{generation}" in good)


def audit_asked(
    facts: Facts, what: str, told: Exchange, begin_anew: frozenset[str]
) -> Iterator[Wrong]:
    """A cursor that is good for nothing begins the feed anew, and whole; none opens a feed."""
    if told.hello["feeds"] is None:
        return
    again, begin_anew = set(told.hello["reset"]), begin_anew & set(told.hello["feeds"])
    if not begin_anew <= again:
        yield 7, f"{what}: {sorted(begin_anew - again)} go on from cursors of somebody else's"
    sent: dict[str, set[str]] = {}
    for page in told.pages:
        rows = sent.setdefault(page["feed"], set())
        rows.update(row[0] for put in page["put"] for row in put["rows"])
    new = again | (set(told.hello["feeds"]) - set(told.asked.get("checkpoint") or ()))
    for feed in sorted(new & told.done["digests"].keys()):
        live = {
            row.id for row in facts.ledger.rows.values() if not row.deleted and feed in row.feeds()
        }
        if live != sent.get(feed, set()):
            yield 7, f"{what}: {feed} begins anew, and {len(live ^ sent.get(feed, set()))} differ"
