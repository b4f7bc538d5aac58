"""Kinds of household: who lives together, by role, and what separates their ages.

A county of plausible people needs plausible families first: a grandmother with
two grandchildren whose parents work in Zhejiang is what a grid worker visits,
and no independent drawing of people makes one. So a kind is a list of members;
each member's age follows from another's by a named gap.

Weights are only where fitting starts (assumptions); the marginals decide how
many of each kind there are.

Invariants
    * The first member is the householder. A mother stands before her children.

>>> kind = next(kind for kind in KINDS if kind.name == "couple, child")
>>> [(member.role, member.part) for member in kind.members]
[('head', 'earner'), ('spouse', 'earner'), ('child', 'child')]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["GAPS", "KINDS", "MOBILITY", "ROLES", "Gap", "Kind", "Member", "Role"]

Line = Literal["father", "by_sex", "son_in_law", "own"]
Part = Literal["earner", "elder", "child"]
GapName = Literal["", "spouse", "child", "sibling", "parent", "grandchild", "peer"]


@dataclass(frozen=True, slots=True)
class Role:
    """A place in a family.

    ``kinship``: to the householder, by GB/T 4761, for a man and for a woman.
    ``generation``: above (+) or below (-) the householder.
    ``line``: whose surname. ``father``: the family's; ``by_sex``: a man the family's, a woman
    her own; ``son_in_law``: that of the daughter's husband; ``own``: one of nobody else here.
    """

    kinship: tuple[str, str]
    generation: int
    line: Line


ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "head": Role(("02", "02"), 0, "by_sex"),
        "spouse": Role(("10", "10"), 0, "by_sex"),
        "child": Role(("20", "30"), -1, "father"),
        "child_in_law": Role(("28", "38"), -1, "own"),
        "son_in_law": Role(("28", "28"), -1, "son_in_law"),
        "grandchild": Role(("41", "42"), -2, "father"),
        "daughters_child": Role(("43", "44"), -2, "son_in_law"),
        "parent": Role(("51", "52"), 1, "by_sex"),
        "mother_in_law": Role(("55", "56"), 1, "own"),
        "grandmother": Role(("61", "62"), 2, "own"),
        "brother": Role(("73", "77"), 0, "father"),
        "housemate": Role(("99", "99"), 0, "own"),
    }
)


@dataclass(frozen=True, slots=True)
class Gap:
    """Years between two people: normal, cut off at both ends, whole."""

    mean: float
    deviation: float
    low: int
    high: int


#: Assumptions. ``spouse``: husband minus wife. ``sibling`` leaves nine months between births.
GAPS: Final[Mapping[GapName, Gap]] = MappingProxyType(
    {
        "spouse": Gap(2.3, 2.7, -4, 11),
        "child": Gap(26.5, 4.4, 18, 43),
        "sibling": Gap(4.2, 2.3, 2, 12),
        "parent": Gap(26.5, 4.8, 18, 43),
        "grandchild": Gap(53.0, 6.5, 38, 76),
        "peer": Gap(0.0, 2.5, -6, 6),
    }
)


@dataclass(frozen=True, slots=True)
class Member:
    """One place in a kind: ``of`` is the place of the member whose age this one's follows."""

    role: str
    part: Part
    of: int = -1
    gap: GapName = ""
    male: float = 0.53


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of household. ``ages``: the householder's youngest, most usual, oldest."""

    name: str
    weight: float
    ages: tuple[int, int, int]
    mobility: str
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """How many people."""
        return len(self.members)


#: Who of a household is away: the patterns and their starting shares (assumptions; the share of
#: people away is fitted). ``moved_in``: all here, none registered here.
MOBILITY: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "elders": {"home": 0.92, "all_away": 0.04, "moved_in": 0.04},
        "single": {"home": 0.40, "all_away": 0.40, "moved_in": 0.20},
        "couple": {"home": 0.42, "man_away": 0.10, "all_away": 0.32, "moved_in": 0.16},
        "family": {
            "home": 0.48,
            "man_away": 0.15,
            "woman_away": 0.02,
            "all_away": 0.19,
            "moved_in": 0.16,
        },
        "lone_parent": {"home": 0.62, "all_away": 0.22, "moved_in": 0.16},
        "generations": {
            "home": 0.50,
            "man_away": 0.17,
            "woman_away": 0.02,
            "earners_away": 0.17,
            "young_away": 0.08,
            "moved_in": 0.06,
        },
        "grandparents": {"home": 0.95, "moved_in": 0.05},
    }
)

_MAN, _WOMAN, _MAN_OFTEN = 1.0, 0.0, 0.86


def _middle(adults: str, children: int = 0, elders: str = "") -> tuple[Member, ...]:
    """A household of the middle generation: ``adults`` 'mf', 'm' or 'f'; ``elders`` his parents.

    A wife is the householder now and then, though not where her husband's parents live with
    them: that would make them in-laws of another code, for a handful of households.
    """
    man = _MAN if elders or adults == "m" else _MAN_OFTEN
    members = [Member("head", "earner", male=man if "m" in adults else _WOMAN)]
    if adults == "mf":
        members.append(Member("spouse", "earner", 0, "spouse"))
    members += _children("child", children, Member("child", "child", 0, "child"), len(members))
    for number, elder in enumerate(elders):
        male = _MAN if elder == "m" else _WOMAN
        if number == 0:
            members.append(Member("parent", "elder", 0, "parent", male=male))
        else:
            members.append(Member("parent", "elder", len(members) - 1, "spouse", male=male))
    return tuple(members)


def _elder(adults: str, below: str = "", grandchildren: int = 0) -> tuple[Member, ...]:
    """A household headed by the old: ``below`` is '' or 'single' (a grown child at home),
    'son' (with his wife) or 'daughter' (with her husband). Grandchildren are theirs, or of
    parents who are not on file."""
    members = [Member("head", "elder", male={"mf": 0.9, "m": _MAN, "f": _WOMAN}[adults])]
    if adults == "mf":
        members.append(Member("spouse", "elder", 0, "spouse"))
    parent = len(members)
    if below:
        male = {"son": _MAN, "daughter": _WOMAN, "single": _MAN if grandchildren else 0.7}[below]
        members.append(Member("child", "earner", 0, "child", male=male))
    if below in ("son", "daughter"):
        role = "child_in_law" if below == "son" else "son_in_law"
        members.append(Member(role, "earner", parent, "spouse"))
    role = "daughters_child" if below == "daughter" else "grandchild"
    eldest = (
        Member(role, "child", parent, "child") if below else Member(role, "child", 0, "grandchild")
    )
    members += _children(role, grandchildren, eldest, len(members))
    return tuple(members)


def _children(role: str, count: int, eldest: Member, place: int) -> list[Member]:
    """``count`` children, the eldest at ``place`` among the members, then one after another."""
    younger = [Member(role, "child", place + number, "sibling") for number in range(count - 1)]
    return [eldest, *younger] if count else []


_ADULT, _OLD, _YOUNG_OLD = (24, 36, 54), (60, 68, 92), (50, 60, 80)

KINDS: Final = (
    # one person
    Kind("man alone, old", 4.0, (60, 66, 92), "elders", _elder("m")),
    Kind("woman alone, old", 6.0, (60, 70, 97), "elders", _elder("f")),
    Kind("adult alone, young", 8.0, (19, 27, 36), "single", _middle("m")),
    Kind("woman alone, young", 4.0, (19, 26, 36), "single", _middle("f")),
    Kind("adult alone", 6.0, (35, 46, 60), "single", _middle("m")),
    Kind("woman alone", 3.0, (35, 48, 60), "single", _middle("f")),
    # two
    Kind("couple, old", 8.5, _OLD, "elders", _elder("mf")),
    Kind("couple, children gone", 5.5, (44, 54, 61), "couple", _middle("mf")),
    Kind("couple, young", 4.0, (22, 28, 38), "couple", _middle("mf")),
    Kind("mother, child", 4.2, _ADULT, "lone_parent", _middle("f", 1)),
    Kind("father, child", 2.2, _ADULT, "lone_parent", _middle("m", 1)),
    Kind("mother, grown child", 1.6, (60, 68, 90), "generations", _elder("f", "single")),
    Kind("son, old mother", 1.4, (36, 48, 64), "generations", _middle("m", 0, "f")),
    Kind("grandmother, grandchild", 0.45, (52, 63, 78), "grandparents", _elder("f", "", 1)),
    Kind("grandfather, grandchild", 0.15, (54, 64, 78), "grandparents", _elder("m", "", 1)),
    Kind(
        "two who share a flat",
        0.8,
        (20, 25, 34),
        "single",
        (*_middle("m"), Member("housemate", "earner", 0, "peer", male=_MAN)),
    ),
    # three
    Kind("couple, child", 11.0, (24, 36, 54), "family", _middle("mf", 1)),
    Kind("mother, two children", 2.2, (26, 36, 48), "lone_parent", _middle("f", 2)),
    Kind("grandparents, grandchild", 0.6, (52, 61, 78), "grandparents", _elder("mf", "", 1)),
    Kind("couple, his mother", 1.0, (32, 46, 62), "generations", _middle("mf", 0, "f")),
    Kind("old couple, grown child", 2.0, (56, 62, 80), "generations", _elder("mf", "single")),
    Kind("grandmother, two grandchildren", 0.15, (54, 63, 76), "grandparents", _elder("f", "", 2)),
    Kind("grandmother, father, child", 0.8, (50, 60, 76), "generations", _elder("f", "single", 1)),
    # four
    Kind("couple, two children", 9.0, (25, 37, 50), "family", _middle("mf", 2)),
    Kind("couple, child, his mother", 1.8, (26, 37, 50), "generations", _middle("mf", 1, "f")),
    Kind("elder, son's family", 1.2, (50, 62, 80), "generations", _elder("m", "son", 1)),
    Kind("grandparents, two grandchildren", 0.3, (52, 61, 76), "grandparents", _elder("mf", "", 2)),
    Kind("couple, his parents", 0.6, (26, 42, 60), "generations", _middle("mf", 0, "mf")),
    Kind(
        "couple, child, her mother",
        0.5,
        (26, 36, 50),
        "generations",
        (
            *_middle("m"),
            Member("spouse", "earner", 0, "spouse"),
            Member("child", "child", 0, "child"),
            Member("mother_in_law", "elder", 1, "parent", male=_WOMAN),
        ),
    ),
    # five
    Kind("couple, three children", 2.6, (28, 37, 48), "family", _middle("mf", 3)),
    Kind("couple, child, his parents", 1.3, (25, 34, 46), "generations", _middle("mf", 1, "mf")),
    Kind("old couple, son's family", 1.3, (50, 60, 78), "generations", _elder("mf", "son", 1)),
    Kind("couple, two children, mother", 1.2, (27, 37, 48), "generations", _middle("mf", 2, "f")),
    Kind(
        "old couple, daughter's family", 0.4, _YOUNG_OLD, "generations", _elder("mf", "daughter", 1)
    ),
    Kind(
        "grandparents, three grandchildren", 0.05, (54, 61, 74), "grandparents", _elder("mf", "", 3)
    ),
    # six
    Kind("couple, two children, parents", 1.4, (27, 35, 46), "generations", _middle("mf", 2, "mf")),
    Kind("old couple, son, two", 1.1, (50, 60, 74), "generations", _elder("mf", "son", 2)),
    Kind("couple, four children", 0.3, (30, 38, 48), "family", _middle("mf", 4)),
    # seven
    Kind(
        "couple, three children, parents", 0.6, (28, 36, 46), "generations", _middle("mf", 3, "mf")
    ),
    Kind("old couple, son, three", 0.5, (52, 60, 72), "generations", _elder("mf", "son", 3)),
    Kind(
        "four generations",
        0.3,
        (26, 32, 42),
        "generations",
        (*_middle("mf", 2, "mf"), Member("grandmother", "elder", 4, "parent", male=_WOMAN)),
    ),
    Kind(
        "couple, two children, parents, brother",
        0.3,
        (27, 33, 42),
        "generations",
        (*_middle("mf", 2, "mf"), Member("brother", "earner", 0, "sibling", male=_MAN)),
    ),
)
