"""Versions: what changed in the record types since the first app that still hands in work.

``CATALOGUE.schema`` goes up with each change of a type's fields. A field that is only added
needs nothing here: older apps do not name it, and carry it unread. A field that is renamed
or a choice that gets another code needs a row, so that work made under the old words is
taken. ``OLDEST`` is the oldest schema that may still *read*: an app before it would
misunderstand the rows of today; it hands in, and is told to be updated.

History
    * 1: the first.
    * 2: photos: ``home_visit.photo``, ``work_order.photo`` and ``work_order.result_photo``.
    * 3: ``business`` of units and orders and ``tags`` of buildings have their codes named;
      before, any word was taken. What an older app hands in, or a tablet hands in again to a
      restored server, may hold such words still (``chosen_since``), and they are shown as
      they are until somebody takes them out.
"""

from __future__ import annotations

from sync.catalogue import Upcast

__all__ = ["OLDEST", "SCHEMA", "UPCASTS"]

SCHEMA = 3
OLDEST = 1

UPCASTS: tuple[Upcast, ...] = ()
"""Renamed fields and codes, the oldest first; none was needed yet."""
