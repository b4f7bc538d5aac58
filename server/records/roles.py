"""Who may create, edit and delete: the sets of roles that record types share.

A role says what somebody may do; the feeds they hold say where. Both must hold.
"""

from __future__ import annotations

from server.records.codes import ROLES

__all__ = ["ADMINISTRATOR", "CHIEFS", "EVERYBODY", "FIELD", "NEIGHBOURS", "ORDER_DESK"]

ADMINISTRATOR = ("administrator",)
"""Organisation, users and assignments."""

CHIEFS = ("administrator", "grid_chief")
"""Take out what was entered twice or wrongly."""

FIELD = ("administrator", "grid_chief", "grid_worker")
"""Keep the files of their grids."""

NEIGHBOURS = (*FIELD, "joint_household_leader")
"""Report visits and appeals."""

ORDER_DESK = (*FIELD, "dispatcher", "community_staff", "handler")
"""Work on the content of orders; the steps of an order have rules of their own."""

EVERYBODY = tuple(ROLES)
"""Everybody, each in their own feed."""
