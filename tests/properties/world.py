"""Worlds for the properties: what people do offline, and a server that takes it in any order.

A plan is data: who changes what, in which order on their own tablet. ``offline`` turns it
into operations as an honest tablet makes them: each names as its base the author's own last
operation on the field, or else the record as everybody saw it in the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from sync.record import DIGEST_MASK, digest_part
from tests.sync.county import ANNA, BO, GRID, OFFICE, County, Device, uid

__all__ = [
    "CHANGES",
    "HOUSES",
    "PEOPLE",
    "chain",
    "decided",
    "digests",
    "offline",
    "plans",
    "row",
    "started",
    "take",
]

HOUSES = (uid(1), uid(2))
NEW = (uid(11), uid(12), uid(13))
PEOPLE = (ANNA, BO, uid(0xB3))
FIRST = {
    "grid": GRID, "householder": "张三", "phone": "1", "tags": ["old", "x"], "visits": 2,
    "last_visit": 5, "notes": "一\n二\n", "log": ["始"],
}  # fmt: skip

_NAMES = st.sampled_from(["甲", "乙", "张三"])
_TAGS = st.lists(st.sampled_from(["old", "x", "y"]), max_size=2, unique=True)
COMMUTING = st.one_of(
    st.fixed_dictionaries({"visits": st.fixed_dictionaries({"add": st.integers(-2, 3)})}),
    st.fixed_dictionaries({"last_visit": st.integers(0, 9), "first_contact": st.integers(0, 9)}),
    st.fixed_dictionaries({"log": st.fixed_dictionaries({"append": _NAMES})}),
    st.fixed_dictionaries({"tags": st.fixed_dictionaries({"add": _TAGS, "remove": _TAGS})}),
)
"""Changes whose values come out the same in every order."""

CHANGES = st.one_of(
    COMMUTING,
    st.fixed_dictionaries({"householder": _NAMES}),
    st.fixed_dictionaries({"phone": _NAMES, "origin": _NAMES}),
    st.fixed_dictionaries(
        {"notes": st.sampled_from(["零\n一\n二\n", "一\n二\n三\n", "壹\n二\n", ""])}
    ),
    st.fixed_dictionaries({"seen_at": st.integers(0, 2_000_000), "wifi": _NAMES}),
    st.fixed_dictionaries({"phone": st.just(17)}),
    st.sampled_from(["delete", "restore"]),
)


@st.composite
def plans(draw: Any, changes: Any = CHANGES, *, most: int = 6, people: int = 3) -> Any:
    """(who, which house, what) in the order in which the tablets did it."""
    records = st.integers(0, len(HOUSES) - 1)
    return draw(
        st.lists(st.tuples(st.integers(0, people - 1), records, changes), min_size=1, max_size=most)
    )


def started() -> tuple[County, list[Device]]:
    """A county with two houses that everybody has seen, and three tablets."""
    county = County()
    people = [county.device(user) for user in PEOPLE]
    for house in HOUSES:
        create = people[0].op("create", house, FIRST)
        people[0].created = create["stamp"]
        assert county.submit(OFFICE, create)[0].outcome == "merged"
    for person in people:
        person.send()
    return county, people


def offline(county: County, people: list[Device], plan: Iterable[Any]) -> list[dict[str, Any]]:
    """The operations of a plan, none of them sent."""
    made: list[dict[str, Any]] = []
    own: dict[tuple[int, str, str], str] = {}
    for number, (who, which, change) in enumerate(plan):
        house, person = HOUSES[which], people[who]
        person.clock_ms = county.now_ms + 10 * number
        first = county.record(house).v
        head = own.get((who, house, "*"), first)
        if isinstance(change, str):
            raw = person.op(change, house, base={"*": head})
        else:
            seen = {name: own.get((who, house, name), first) for name in change}
            raw = person.op("edit", house, change, {"*": head, **seen})
            own.update({(who, house, name): raw["stamp"] for name in change})
        raw["offset_ms"] = 0
        own[who, house, "*"] = raw["stamp"]
        made.append(raw)
    county.now_ms += 10_000
    return made


def take(county: County, operations: Iterable[Any]) -> list[Any]:
    """Deliver operations one by one; the acks."""
    return [county.submit(OFFICE, one)[0] for one in operations]


# What is in the books ------------------------------------------------------------------------


def row(county: County, record: str) -> list[Any]:
    """A record's wire row, with whether it is deleted."""
    state = county.record(record)
    return [*state.row(), state.deleted]


def decided(county: County) -> Iterator[Any]:
    """Every operation that was applied, merged, or waits in a conflict."""
    for stored in county.store._tables.operations.values():
        if stored.outcome in ("applied", "merged", "conflict"):
            yield stored


def chain(county: County, record: str) -> list[str]:
    """The stamps of a record's history, newest first."""
    with county.store.read() as snapshot:
        return [stored.stamp for stored in snapshot.history(record)]


def digests(county: County) -> Mapping[str, tuple[int, int]]:
    """Feed → (count, sum), computed anew from the rows."""
    found: dict[str, tuple[int, int]] = {}
    for record in county.store._tables.records:
        state = county.record(record)
        for feed in state.feeds() if not state.deleted else ():
            count, total = found.get(feed, (0, 0))
            part = digest_part(record, state.head)
            found[feed] = (count + 1, (total + part) & DIGEST_MASK)
    return found
