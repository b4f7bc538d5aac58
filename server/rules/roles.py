"""Roles: who a person is when they act on an order.

The names are wire names: record types, the workflow table and accounts use the
same ones. ``system`` is the server itself, acting by a rule.

>>> ROLES["grid_worker"]
('网格员', 'grid worker')
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["CENTRE", "DOERS", "REPORTERS", "ROLES"]

ROLES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "grid_worker": ("网格员", "grid worker"),
        "grid_chief": ("网格长", "grid chief"),
        "joint_household_leader": ("联户长", "joint-household leader"),
        "dispatcher": ("信息处理中心", "dispatcher"),
        "handler": ("承办人", "handler"),
        "community_staff": ("社区工作人员", "community staff"),
        "administrator": ("管理员", "administrator"),
        "qa": ("测试", "quality engineer"),
        "system": ("系统", "system"),
    }
)

#: The information centre: people who decide where an order goes, and the
#: server when a rule decides for them.
CENTRE: Final = ("dispatcher", "administrator", "system")

#: Those who may take an order and do it. Scope (whose feed an order is in)
#: limits each of them to orders of their own unit or grid, so the table need
#: not: a grid worker claims, accepts and handles orders of their grids only.
DOERS: Final = ("handler", "grid_worker", "grid_chief", "community_staff")

#: Those who may create an order, in the state ``reported``.
REPORTERS: Final = (
    "grid_worker",
    "grid_chief",
    "joint_household_leader",
    "dispatcher",
    "handler",
    "community_staff",
    "administrator",
    "system",
)
