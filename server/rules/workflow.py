"""The work-order workflow: one table of what may follow what.

An order passes through many hands, most of them offline, and two of them may
act on the same order before either hears of the other. So what is legal must
be a table that a tablet, the server and the simulator read alike: the server
applies a transition if the table has it *from the current state*, and what
the table lacks is a conflict that its author is told about.

Invariants
    * A pair of states has at most one transition, because that pair is all
      that an operation says.
    * Every state can be reached from ``reported`` and, unless it is terminal,
      leads on to ``closed``.

This module never looks at an order's history: how often an order may be
returned is asked with the count that the record holds.

>>> WORK_ORDER.between("open", "accepted").name
'claim'
>>> WORK_ORDER.between("reported", "closed") is None
True
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from server.rules.roles import CENTRE, DOERS

__all__ = [
    "EXTENSION_CAPS",
    "MAIN_CHAIN",
    "RETURN_CAPS",
    "RETURN_REASONS",
    "WORK_ORDER",
    "WRITTEN_ANEW",
    "Transition",
    "Workflow",
    "may_extend",
    "may_return",
    "missing",
]


@dataclass(frozen=True)
class Transition:
    """One legal step. ``requires`` names fields that ``missing`` asks for."""

    name: str
    source: str
    target: str
    who: tuple[str, ...]
    requires: tuple[str, ...]
    label_zh: str
    label_en: str


@dataclass(frozen=True)
class Workflow:
    """The states of one field of a record type, and the steps between them.

    ``states`` maps a name to its labels (zh, en). In a ``terminal`` state an
    order rests; ``closed`` is terminal and can still be reopened.
    """

    field: str
    initial: str
    states: Mapping[str, tuple[str, str]]
    transitions: tuple[Transition, ...]
    terminal: frozenset[str]

    def between(self, source: str, target: str) -> Transition | None:
        """Return the transition from one state to another, or None."""
        for transition in self.transitions:
            if transition.source == source and transition.target == target:
                return transition
        return None

    def leaving(self, state: str, *, role: str | None = None) -> tuple[Transition, ...]:
        """Return what may follow a state, for one role or for anybody."""
        return tuple(
            transition
            for transition in self.transitions
            if transition.source == state and (role is None or role in transition.who)
        )


MAIN_CHAIN: Final = (
    "reported",
    "verified",
    "classified",
    "assigned",
    "accepted",
    "handling",
    "handled",
    "checked",
    "followed_up",
    "closed",
)

_STATES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "reported": ("已上报", "reported"),
        "verified": ("已核实", "verified"),
        "classified": ("已分类", "classified"),
        "open": ("待认领", "open to claim"),
        "assigned": ("已交办", "assigned"),
        "accepted": ("已接单", "accepted"),
        "handling": ("处理中", "being handled"),
        "handled": ("已办理", "handled"),
        "checked": ("已核查", "checked"),
        "followed_up": ("已回访", "followed up"),
        "closed": ("已结案", "closed"),
        "on_hold": ("已挂起", "on hold"),
        "extended": ("已延期", "extended"),
        "returned": ("已退单", "returned"),
        "adjudicated": ("已裁定", "adjudicated"),
        "merged": ("已合并", "merged"),
        "rejected": ("不予受理", "rejected"),
        "reopened": ("重新办理", "reopened"),
        "supervised": ("督办中", "supervised"),
    }
)

_DECIDERS: Final = ("dispatcher", "administrator")
_CHECKERS: Final = ("dispatcher", "community_staff", "administrator")
_CALLERS: Final = ("dispatcher", "community_staff", "grid_worker", "grid_chief")

# name, from, to, who, requires, zh, en
_TABLE: Final[tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...], str, str], ...]] = (
    ("verify", "reported", "verified", (*CENTRE, "community_staff"), ("title",), "核实", "Verify"),
    ("reject", "reported verified", "rejected", CENTRE, ("log",), "不予受理", "Reject"),
    (
        "merge",
        "reported verified classified open assigned reopened",
        "merged",
        CENTRE,
        ("log",),
        "并入同一事项",
        "Merge into the same matter",
    ),
    ("classify", "verified reopened", "classified", CENTRE, ("kind", "class"), "分类", "Classify"),
    ("publish", "classified", "open", CENTRE, (), "开放认领", "Open to claim"),
    (
        "assign",
        "classified open reopened adjudicated",
        "assigned",
        CENTRE,
        ("lead_unit",),
        "派单",
        "Assign",
    ),
    ("claim", "open", "accepted", DOERS, ("accepted_by",), "认领", "Claim"),
    ("accept", "assigned supervised", "accepted", DOERS, ("accepted_by",), "接单", "Accept"),
    (
        "return",
        "assigned accepted supervised",
        "returned",
        DOERS,
        ("returns", "log"),
        "退单",
        "Return",
    ),
    ("reclassify", "returned", "classified", CENTRE, (), "重新分类", "Classify again"),
    (
        "adjudicate",
        "returned",
        "adjudicated",
        _DECIDERS,
        ("lead_unit", "log"),
        "裁定",
        "Adjudicate",
    ),
    ("start", "accepted", "handling", DOERS, (), "开始处理", "Start"),
    ("settle", "accepted", "handled", DOERS, ("result",), "当场办结", "Settle on the spot"),
    (
        "hold",
        "accepted handling extended supervised",
        "on_hold",
        (*DOERS, *_DECIDERS),
        ("log",),
        "挂起",
        "Put on hold",
    ),
    ("resume", "on_hold supervised", "handling", (*DOERS, *_DECIDERS), (), "继续处理", "Resume"),
    (
        "extend",
        "handling supervised",
        "extended",
        _DECIDERS,
        ("due_at", "log"),
        "准予延期",
        "Grant an extension",
    ),
    ("handle", "handling extended supervised", "handled", DOERS, ("result",), "办结", "Finish"),
    ("check", "handled", "checked", (*_CHECKERS, "system"), (), "核查通过", "Pass the check"),
    ("send_back", "handled checked", "handling", _CHECKERS, ("log",), "退回整改", "Send back"),
    (
        "follow_up",
        "checked",
        "followed_up",
        (*_CALLERS, "joint_household_leader"),
        ("solved",),
        "回访",
        "Follow up",
    ),
    ("close", "followed_up", "closed", (*CENTRE, "community_staff"), ("solved",), "结案", "Close"),
    (
        "reopen",
        "followed_up closed",
        "reopened",
        (*_CALLERS, "administrator", "system"),
        ("log",),
        "重新办理",
        "Reopen",
    ),
    (
        "supervise",
        "assigned accepted handling extended on_hold",
        "supervised",
        CENTRE,
        ("log",),
        "督办",
        "Supervise",
    ),
)

WORK_ORDER: Final = Workflow(
    field="status",
    initial="reported",
    states=_STATES,
    transitions=tuple(
        Transition(name, source, target, who, requires, zh, en)
        for name, sources, target, who, requires, zh, en in _TABLE
        for source in sources.split()
    ),
    terminal=frozenset({"closed", "merged", "rejected"}),
)

#: Required fields that the transition's own operation must write: an old log
#: entry is not a reason for this return.
WRITTEN_ANEW: Final = frozenset({"log", "returns"})

#: Reasons for returning an order (退单).
RETURN_REASONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "not_our_area": ("不属本辖区", "not our area"),
        "not_our_asset": ("不属本单位资产", "not our asset"),
        "overlapping_duty": ("职责交叉", "overlapping duty"),
    }
)

#: How often an order of a class may be returned before it is adjudicated, and
#: how often its time may be extended (assumptions: defaults of configuration).
RETURN_CAPS: Final[Mapping[str, int]] = MappingProxyType(
    {"ordinary": 2, "quick": 2, "hard": 2, "emergency": 1}
)
EXTENSION_CAPS: Final[Mapping[str, int]] = MappingProxyType(
    {"ordinary": 0, "quick": 0, "hard": 1, "emergency": 0}
)


def may_return(order_class: str, returns: int, caps: Mapping[str, int] = RETURN_CAPS) -> bool:
    """Say whether an order that was returned so often may be returned again.

    >>> may_return("ordinary", 1), may_return("ordinary", 2)
    (True, False)
    """
    return returns < caps[order_class]


def may_extend(order_class: str, extensions: int, caps: Mapping[str, int] = EXTENSION_CAPS) -> bool:
    """Say whether an order whose time was extended so often may get more."""
    return extensions < caps[order_class]


def missing(
    transition: Transition, *, written: Collection[str], held: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the required fields that neither the operation nor the record has.

    ``written`` names the fields of the transition's own operation; ``held`` is
    the record's row before it. An empty text or list counts as no value.

    >>> accept = WORK_ORDER.between("assigned", "accepted")
    >>> missing(accept, written={"status"}, held={"title": "路灯不亮"})
    ('accepted_by',)
    """
    return tuple(
        field
        for field in transition.requires
        if field not in written
        and (field in WRITTEN_ANEW or held.get(field) is None or held[field] in ("", []))
    )
