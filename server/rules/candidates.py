"""Candidates: who may take an order, and who should be asked first.

A dispatcher has seconds for a choice among dozens of units and must be able to
defend it to a unit that says "not ours". So the rule ranks all of them, and
each place in the ranking comes with its reasons in words. The score is in one
unit that anybody can judge: minutes until somebody is likely to stand there.

Invariants
    * The ranking depends on its arguments only, never on their order; ties go
      to the smaller id.
    * Nobody is ranked who returned the order, unless nobody else is left.

This module never assigns anything: the server and the simulator do.

>>> order = Order(kind="request", order_class="quick", street="s1", grid="g7", business=frozenset())
>>> near = Candidate(id="u1", unit_kind="property", street="s1", distance_m=300, load=1)
>>> busy = Candidate(id="u2", unit_kind="property", street="s1", distance_m=100, load=9)
>>> [ranked.candidate.id for ranked in choose(order, [busy, near])]
['u1', 'u2']
>>> print(choose(order, [near])[0].explain("en"))
property company, a first choice here; 1 order waiting, about 45 min; 0.3 km away, about 4 min
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = [
    "ROUTES",
    "WEIGHTS",
    "Candidate",
    "Order",
    "Ranked",
    "Reason",
    "Route",
    "Weights",
    "choose",
    "route_for",
]


@dataclass(frozen=True)
class Order:
    """What the rule needs to know of an order. ``tried``: units that returned it."""

    kind: str
    order_class: str
    street: str
    grid: str
    business: frozenset[str] = frozenset()
    tried: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """Somebody who could take orders: a unit, or a grid's workers.

    ``street`` or ``grid`` None means everywhere; empty ``business`` means any.
    ``load`` counts orders not yet finished, ``members`` shares them.
    """

    id: str
    unit_kind: str
    street: str | None = None
    grid: str | None = None
    business: frozenset[str] = frozenset()
    load: int = 0
    members: int = 1
    distance_m: float = 0.0


@dataclass(frozen=True)
class Route:
    """Where orders of some kinds and classes go, preferred kinds of unit first.

    ``mode`` is ``open`` (units and members claim it) or ``assigned`` (to the
    first of the ranking). An empty tuple of kinds or classes means all.
    """

    kinds: tuple[str, ...]
    classes: tuple[str, ...]
    mode: str
    unit_kinds: tuple[str, ...]


#: The first route that fits is taken (assumptions: defaults of configuration).
ROUTES: Final = (
    Route((), ("emergency",), "assigned", ("department", "property", "grid")),
    Route((), ("hard",), "assigned", ("department",)),
    Route(("whistle",), (), "assigned", ("department",)),
    Route(("complaint", "report"), (), "assigned", ("department", "property")),
    Route(("request",), (), "open", ("property", "party", "grid", "department")),
    Route(("consultation", "suggestion"), (), "assigned", ("grid", "department")),
    Route((), (), "assigned", ("department", "property", "party", "grid", "other")),
)


@dataclass(frozen=True)
class Weights:
    """Minutes that a waiting order, a kilometre and a less suitable kind cost."""

    order_min: float = 45.0
    km_min: float = 12.0
    kind_min: float = 60.0


WEIGHTS: Final = Weights()

_KIND_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "department": ("职能部门", "department"),
        "property": ("物业公司", "property company"),
        "party": ("党员", "party members"),
        "grid": ("本网格网格员", "the grid's own workers"),
        "other": ("其他单位", "other unit"),
    }
)

#: What a code of a reason says, for its value (zh, en).
_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "first_kind": ("{kind_zh}，此类事项首选", "{kind_en}, a first choice here"),
        "later_kind": ("{kind_zh}，第 {value} 选择", "{kind_en}, choice number {value} here"),
        "business": ("业务对口：{value}", "its business: {value}"),
        "load": ("在办 {value} 件，约 {minutes} 分钟", "{orders} waiting, about {minutes} min"),
        "distance": (
            "距离 {value} 公里，约 {minutes} 分钟",
            "{value} km away, about {minutes} min",
        ),
        "other_business": ("业务不对口，但无其他单位", "not its business, but nobody else is left"),
        "other_street": ("不在本街道，但无其他单位", "of another street, but nobody else is left"),
        "tried": ("曾经退单，但无其他单位", "returned it before, but nobody else is left"),
    }
)


@dataclass(frozen=True)
class Reason:
    """One ground for a place in the ranking, with what it adds to the score."""

    code: str
    value: str
    minutes: float = 0.0

    def text(self, unit_kind: str, lang: str) -> str:
        """Return the reason in words, in ``zh`` or ``en``."""
        kind_zh, kind_en = _KIND_WORDS.get(unit_kind, (unit_kind, unit_kind))
        return _WORDS[self.code][lang == "en"].format(
            kind_zh=kind_zh,
            kind_en=kind_en,
            value=self.value,
            orders=f"{self.value} order{'' if self.value == '1' else 's'}",
            minutes=round(self.minutes),
        )


@dataclass(frozen=True)
class Ranked:
    """A candidate's place: its score in minutes (lower is better) and why."""

    candidate: Candidate
    minutes: float
    reasons: tuple[Reason, ...]

    def explain(self, lang: str) -> str:
        """Return all reasons as one line."""
        texts = [reason.text(self.candidate.unit_kind, lang) for reason in self.reasons]
        return ("；" if lang == "zh" else "; ").join(texts)


def route_for(order: Order, routes: Iterable[Route] = ROUTES) -> Route:
    """Return the first route that fits an order."""
    for route in routes:
        if route.kinds and order.kind not in route.kinds:
            continue
        if route.classes and order.order_class not in route.classes:
            continue
        return route
    raise ValueError(f"no route for {order.kind}, {order.order_class}")


_Test = Callable[[Order, Candidate], bool]


def _own_business(order: Order, candidate: Candidate) -> bool:
    return not (order.business and candidate.business) or bool(order.business & candidate.business)


def _own_street(order: Order, candidate: Candidate) -> bool:
    return candidate.street is None or candidate.street == order.street


def _untried(order: Order, candidate: Candidate) -> bool:
    return candidate.id not in order.tried


#: Tests that are given up one by one, from the top, when nobody passes them all.
_RELAXABLE: Final[tuple[tuple[str, _Test], ...]] = (
    ("other_business", _own_business),
    ("other_street", _own_street),
    ("tried", _untried),
)


def choose(
    order: Order,
    candidates: Iterable[Candidate],
    *,
    routes: Iterable[Route] = ROUTES,
    weights: Weights = WEIGHTS,
) -> tuple[Ranked, ...]:
    """Rank those who may take an order, the best first.

    Empty only when no candidate is of a kind that the order's route names. Of
    the grids only the order's own is asked.
    """
    route = route_for(order, routes)
    pool = [
        candidate
        for candidate in candidates
        if candidate.unit_kind in route.unit_kinds and candidate.grid in (None, order.grid)
    ]
    eligible: list[Candidate] = []
    for given_up in range(len(_RELAXABLE) + 1):
        tests = [test for _, test in _RELAXABLE[given_up:]]
        eligible = [c for c in pool if all(test(order, c) for test in tests)]
        if eligible:
            break
    ranked = [_rank(order, candidate, route, weights) for candidate in eligible]
    return tuple(sorted(ranked, key=lambda place: (place.minutes, place.candidate.id)))


def _rank(order: Order, candidate: Candidate, route: Route, weights: Weights) -> Ranked:
    """Score one candidate: its kind's place, its load and its distance."""
    place = route.unit_kinds.index(candidate.unit_kind)
    load_min = candidate.load / candidate.members * weights.order_min
    km = candidate.distance_m / 1000
    reasons = [
        Reason("later_kind" if place else "first_kind", str(place + 1), place * weights.kind_min)
    ]
    if shared := order.business & candidate.business:
        reasons.append(Reason("business", ", ".join(sorted(shared))))
    reasons += [Reason(code, "") for code, test in _RELAXABLE if not test(order, candidate)]
    reasons.append(Reason("load", str(candidate.load), load_min))
    reasons.append(Reason("distance", f"{km:.1f}", km * weights.km_min))
    return Ranked(candidate, sum(reason.minutes for reason in reasons), tuple(reasons))
