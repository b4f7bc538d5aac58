"""Reading scenario files: TOML in, a checked ``Scenario`` out.

A scenario is written by hand, so a mistake must be found by its name before a
long run: every table is read through ``Table``, which knows where it is in the
file and refuses what nobody asked for. A misspelt setting never falls silently
to its default.

>>> Table("class.quick", {"priority": 1}).integer("priority")
1
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.rules.calendars import CALENDARS, Calendar, calendar_from
from simulator.distributions import ZERO, Distribution, distribution_from
from simulator.scenario import (
    CONTROLS,
    METHODS,
    SHARING,
    Arrivals,
    Estimate,
    Grids,
    OrderClass,
    Profile,
    Scenario,
    Surge,
    Unit,
)

__all__ = ["BUILT_IN", "Table", "built_in_names", "find_scenario", "read_scenario"]

BUILT_IN: Final = Path(__file__).parent / "scenarios"
_HOURS_A_YEAR: Final = 365.25 * 24
_MISSING: Final = object()


class Table:
    """A table of a scenario file: asks for settings by name, refuses the rest."""

    def __init__(self, where: str, values: Any) -> None:
        """Take the table and its name in the file."""
        if not isinstance(values, Mapping):
            raise ValueError(f"{where}: must be a table")
        self.where = where
        self._rest = dict(values)

    def take(self, name: str, default: Any = _MISSING) -> Any:
        """Return a setting as it is, and count it as asked for."""
        value = self._rest.pop(name, default)
        if value is _MISSING:
            raise ValueError(f"{self.where}: {name} is missing")
        return value

    def number(self, name: str, default: Any = _MISSING) -> float:
        """Return a number."""
        value = self.take(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(f"{self.where}: {name} must be a number, not {value!r}")
        return float(value)

    def integer(self, name: str, default: Any = _MISSING) -> int:
        """Return a whole number."""
        value = self.number(name, default)
        if value != int(value):
            raise ValueError(f"{self.where}: {name} must be a whole number, not {value}")
        return int(value)

    def one_of(self, name: str, allowed: tuple[str, ...], default: Any = _MISSING) -> str:
        """Return one of some words."""
        value = self.take(name, default)
        if value not in allowed:
            raise ValueError(f"{self.where}: {name} must be one of {', '.join(allowed)}")
        return str(value)

    def distribution(self, name: str, default: Distribution = ZERO) -> Distribution:
        """Return a distribution of hours."""
        value = self.take(name, None)
        if value is None:
            return default
        try:
            return distribution_from(value)
        except ValueError as error:
            raise ValueError(f"{self.where}: {name}: {error}") from error

    def weights(self, name: str, *, optional: bool = False) -> Mapping[str, float]:
        """Return names with weights above zero."""
        given = self.take(name, {}) if optional else self.take(name)
        weights = {str(key): float(value) for key, value in dict(given).items()}
        if not (weights or optional) or min(weights.values(), default=1) <= 0:
            raise ValueError(f"{self.where}: {name} needs weights above zero")
        return MappingProxyType(weights)

    def numbers(self, name: str, count: int) -> tuple[float, ...]:
        """Return so many numbers, or none."""
        values = tuple(float(value) for value in self.take(name, ()))
        if values and (len(values) != count or min(values) < 0 or not any(values)):
            raise ValueError(f"{self.where}: {name} needs {count} numbers, not all of them zero")
        return values

    def tables(self, name: str) -> list["Table"]:
        """Return the tables of an array of tables."""
        return [
            Table(f"{self.where}.{name}[{place}]", value)
            for place, value in enumerate(self.take(name, ()))
        ]

    def named(self, name: str) -> dict[str, "Table"]:
        """Return the tables of a table of tables, by name."""
        values = self.take(name, {})
        return {key: Table(f"{self.where}.{name}.{key}", value) for key, value in values.items()}

    def take_all(self) -> dict[str, Any]:
        """Return everything that is left, for a reader that checks it itself."""
        values, self._rest = self._rest, {}
        return values

    def done(self) -> None:
        """Refuse what was not asked for."""
        if self._rest:
            raise ValueError(f"{self.where}: unknown settings: {', '.join(sorted(self._rest))}")


def built_in_names() -> list[str]:
    """Return the names of the scenarios that come with the project."""
    return sorted(path.stem for path in BUILT_IN.glob("*.toml"))


def find_scenario(name: str) -> Path:
    """Return the file of a built-in scenario's name, or of a path. Raises ValueError."""
    for path in (Path(name), BUILT_IN / f"{name}.toml"):
        if path.is_file():
            return path
    raise ValueError(f"no scenario {name!r}; built in: {', '.join(built_in_names())}")


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises ValueError with the place of what is wrong."""
    raw = path.read_bytes()
    try:
        values = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return _scenario(Table(path.name, values), path.stem, sha256(raw).hexdigest())


def _scenario(top: Table, name: str, digest: str) -> Scenario:
    title = Table(f"{top.where}.title", top.take("title"))
    zone = ZoneInfo(top.take("zone", "Asia/Shanghai"))
    calendars = dict(CALENDARS)
    for key, table in top.named("calendars").items():
        calendars[key] = calendar_from(key, table.take_all())
    watched = Table(f"{top.where}.watched", top.take("watched", {"since": 0, "until": 1}))
    grids = _grids(Table(f"{top.where}.grids", top.take("grids")))
    centre = top.take("centre", None)
    luck = Table(f"{top.where}.cases", top.take("cases", {}))
    until = watched.number("until")
    scenario = Scenario(
        name=name,
        title=(str(title.take("zh")), str(title.take("en"))),
        seed=top.integer("seed", 1),
        start=_start(top, zone),
        since=watched.number("since", 0),
        until=until,
        horizon=watched.number("horizon", until),
        grids=grids,
        classes=tuple(_order_class(key, table) for key, table in top.named("classes").items()),
        arrivals=tuple(
            _arrivals(key, table, grids) for key, table in top.named("arrivals").items()
        ),
        units=tuple(_unit(key, table, calendars) for key, table in top.named("units").items()),
        centre=None
        if centre is None
        else _unit("centre", Table(f"{top.where}.centre", centre), calendars, kind="centre"),
        estimate=_estimate(Table(f"{top.where}.estimate", top.take("estimate", {}))),
        on_site=frozenset(luck.take("on_site", ())),
        deadlines=bool(luck.take("deadlines", True)),
        claiming=luck.distribution("claiming"),
        delivering=luck.distribution("delivering"),
        returning=luck.number("returning", 0),
        reading=luck.distribution("reading"),
        reopening=luck.number("reopening", 0),
        complaining=luck.distribution("complaining"),
        source=MappingProxyType({"file": f"{name}.toml", "sha256": digest}),
    )
    for table in (top, title, watched, luck):
        table.done()
    return scenario


def _start(top: Table, zone: ZoneInfo) -> datetime:
    value = top.take("start")
    try:
        start = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{top.where}: start: {error}") from error
    return start.replace(tzinfo=zone) if start.tzinfo is None else start.astimezone(zone)


def _grids(table: Table) -> Grids:
    grids = Grids(
        streets=table.integer("streets", 1),
        communities=table.integer("communities", 1),
        grids=table.integer("grids", 1),
        households=table.integer("households", 1),
        people=table.integer("people", 1),
        spread=table.number("spread", 0),
        side_km=table.number("side_km", 0.4),
    )
    table.done()
    if not 1 <= grids.streets <= grids.communities <= grids.grids:
        raise ValueError(f"{table.where}: needs streets ≤ communities ≤ grids, one at least")
    return grids


def _order_class(name: str, table: Table) -> OrderClass:
    phone = table.take("phone", None)
    made = OrderClass(
        name=name,
        priority=table.integer("priority", 0),
        effort=table.distribution("effort"),
        handling=table.distribution("handling"),
        phone=None if phone is None else distribution_from(phone),
    )
    table.done()
    return made


def _arrivals(name: str, table: Table, grids: Grids) -> Arrivals:
    rate = table.number("per_hour", 0)
    rate += table.number("per_1000_people_a_year", 0) * grids.people / 1000 / _HOURS_A_YEAR
    rate += table.number("per_year", 0) / _HOURS_A_YEAR
    if rate <= 0:
        raise ValueError(f"{table.where}: needs a rate above zero")
    profile = Table(f"{table.where}.profile", table.take("profile", {}))
    made = Arrivals(
        name=name,
        per_hour=rate,
        kinds=table.weights("kinds"),
        classes=table.weights("classes"),
        business=table.weights("business", optional=True),
        reporting=table.distribution("reporting"),
        uploading=table.distribution("uploading"),
        profile=Profile(
            hours=profile.numbers("hours", 24),
            weekdays=profile.numbers("weekdays", 7),
            months=profile.numbers("months", 12),
        ),
        surges=tuple(_surge(part) for part in table.tables("surges")),
    )
    for part in (table, profile):
        part.done()
    return made


def _surge(table: Table) -> Surge:
    surge = Surge(table.number("since"), table.number("until"), table.number("factor"))
    table.done()
    if surge.since >= surge.until or surge.factor < 0:
        raise ValueError(f"{table.where}: not a surge")
    return surge


def _unit(
    name: str, table: Table, calendars: Mapping[str, Calendar], kind: str | None = None
) -> Unit:
    calendar = table.one_of("calendar", ("always", *sorted(calendars)), "always")
    syncs = table.take("syncs", "online")
    hand = table.take("hand", None)
    made = Unit(
        name=name,
        unit_kind=kind
        or table.one_of("kind", ("department", "property", "party", "grid", "other")),
        sharing=table.one_of("per", SHARING, "county"),
        count=table.integer("count", 1),
        members=table.integer("members", 1),
        calendar=None if calendar == "always" else calendars[calendar],
        syncs=None if syncs == "online" else distribution_from(syncs),
        syncs_at_night=bool(table.take("syncs_at_night", False)),
        hand=None if hand is None else int(hand),
        business=tuple(table.take("business", ())),
        effort=table.distribution("effort"),
        travel=table.distribution("travel"),
        km_h=table.number("km_h", 0),
        visits=table.integer("visits", 0),
        visit=table.distribution("visit"),
    )
    table.done()
    if made.count < 1 or made.members < 1:
        raise ValueError(f"{table.where}: needs a unit with a member")
    if made.syncs is not None and made.syncs.is_zero:
        raise ValueError(f"{table.where}: syncs cannot follow at once on one another")
    return made


def _estimate(table: Table) -> Estimate:
    default = Estimate()
    half_width = table.take("half_width", None)
    made = Estimate(
        method=table.one_of("method", METHODS, default.method),
        level=table.number("level", default.level),
        half_width=None if half_width is None else float(half_width),
        percentiles=tuple(float(p) for p in table.take("percentiles", default.percentiles)),
        replications=table.integer("replications", default.replications),
        batch=table.integer("batch", default.batch),
        least_batches=table.integer("least_batches", default.least_batches),
        most_batches=table.integer("most_batches", default.most_batches),
        warm_up_cases=table.integer("warm_up_cases", default.warm_up_cases),
        control=table.one_of("control", CONTROLS, default.control),
    )
    table.done()
    if not 0 < made.level < 1 or not all(0 < p < 100 for p in made.percentiles):
        raise ValueError(f"{table.where}: levels lie between 0 and 1, percentiles below 100")
    return made
