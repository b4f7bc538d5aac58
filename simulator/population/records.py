"""Records: what the generator hands to whoever seeds a server, one creation each.

>>> street = Record("street", "01a0-…", {"code": "520621001", "name": "双江街道"})
>>> kind, identifier, fields = street
>>> kind, fields["name"]
('street', '双江街道')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = ["DAY_MS", "Fields", "Record", "known"]

Fields = Mapping[str, Any]

DAY_MS: Final = 86_400_000


class Record(NamedTuple):
    """One record to create: its type, its id, and the wire values of its known fields."""

    type: str
    id: str
    fields: Fields


def known(**fields: Any) -> dict[str, Any]:
    """The fields whose value is known: a null is left out, an empty list is not.

    >>> known(name="杨再清", phone=None, tags=[])
    {'name': '杨再清', 'tags': []}
    """
    return {name: value for name, value in fields.items() if value is not None}
