"""Field policies: what happens to a field when two people change it at once.

The ten policies are one table. Everything that must agree about a policy
(which kinds of field it fits, whether an edit must name its base, the form of
an edit's value) is read from here; ``sync.merge`` holds what each one decides.

>>> POLICIES["sum"].needs_base, POLICIES["ask"].needs_base
(False, True)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["POLICIES", "Policy"]

_ORDERED = frozenset({"integer", "number", "instant", "date"})
_PLAIN = frozenset(
    {
        *_ORDERED,
        "text",
        "longtext",
        "boolean",
        "choice",
        "reference",
        "attachment",
        "geometry",
        "tags",
    }
)


class Policy(NamedTuple):
    """One row: how edits are written and what they must name.

    ``form`` is how an edit's value is written: ``value``, ``change`` ({"add", "remove"}),
    ``delta`` ({"add": number}), ``entry`` ({"append": text}) or ``step`` ({"from", "to"}).
    """

    needs_base: bool
    form: str
    kinds: frozenset[str]
    zh: str
    en: str


POLICIES: Mapping[str, Policy] = {
    "ask": Policy(True, "value", _PLAIN, "由人决定", "A person decides"),
    "latest": Policy(True, "value", _PLAIN, "以较晚的为准", "The later one wins"),
    "text": Policy(True, "value", frozenset({"text", "longtext"}), "合并文字", "Texts are merged"),
    "set": Policy(True, "change", frozenset({"tags"}), "合并标签", "Tags are merged"),
    "sum": Policy(False, "delta", frozenset({"integer", "number"}), "累加", "Numbers add up"),
    "highest": Policy(False, "value", _ORDERED, "以较大的为准", "The highest wins"),
    "lowest": Policy(False, "value", _ORDERED, "以较小的为准", "The lowest wins"),
    "append": Policy(False, "entry", frozenset({"log"}), "全部保留", "All are kept"),
    "workflow": Policy(False, "step", frozenset({"choice"}), "按流程", "By the workflow"),
    "once": Policy(True, "value", _PLAIN, "首次登记为准", "The first one stays"),
}
