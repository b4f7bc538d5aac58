"""`yuanba seed`: the article's county, made up, through the same door as any change.

What is hard: two hundred thousand records in less than a coffee, on two cores, with
a history like any other record's; and to be interrupted. A seed notes in the
database what it is making before it makes it, so that it can go on where it was
stopped, or grow (the same seed gives a part of the county the same ids), and so that
nobody pours a second county over the first.

It never mixes made-up people with others: a database that holds records of another
origin is refused.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from server.cli.desk import open_services
from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from server.services import Services
    from server.store import SqlStore
    from simulator.population import County, Record

MARK = "seed"
COMMUNITIES = 11
DEMO_COMMUNITIES = 2
ACCOUNT = "admin"
DAY_MS = 86_400_000
LOOKED_UP_AT_ONCE = 2_000


class Plan(NamedTuple):
    """What a database holds, or is to hold: noted in it as JSON."""

    seed: int
    scale: float
    communities: int
    base_ms: int
    today_ms: int
    done: bool = False

    def says(self) -> str:
        """In words."""
        size = "" if self.scale == 1 else f", scale {self.scale:g}"
        many = "1 community" if self.communities == 1 else f"{self.communities} communities"
        return f"seed {self.seed}{size}, {many}"


def read_mark(store: SqlStore) -> Plan | None:
    """What was seeded here, or was begun."""
    from sqlalchemy import select

    from server.store.tables import META

    with store.engine.connect() as connection:
        text = connection.scalar(select(META.c.value).where(META.c.name == MARK))
    return Plan(**json.loads(text)) if text else None


def write_mark(store: SqlStore, plan: Plan) -> None:
    """Note what is being seeded."""
    from sqlalchemy import delete, insert

    from server.accounts.sessions import writing
    from server.store.tables import META

    with writing(store) as session:
        session.execute(delete(META).where(META.c.name == MARK))
        session.execute(insert(META).values(name=MARK, value=json.dumps(plan._asdict())))


def decide(wanted: Plan, found: Plan | None, *, is_empty: bool) -> Plan | None:
    """What is to be made; None if it is there already. Raises OperatorError if it cannot be.

    >>> part = Plan(seed=1, scale=1.0, communities=2, base_ms=5, today_ms=6, done=True)
    >>> decide(part._replace(communities=11, base_ms=9, done=False), part, is_empty=False)
    Plan(seed=1, scale=1.0, communities=11, base_ms=5, today_ms=6, done=False)
    """
    if found is None:
        if is_empty:
            return wanted
        raise OperatorError(
            "This database holds records that no seed has made. Seed an empty one: set "
            "YUANBA_DATABASE_URL or YUANBA_DATA_DIR."
        )
    if (wanted.seed, wanted.scale) != (found.seed, found.scale):
        raise OperatorError(
            f"This database was seeded already ({found.says()}), and a second county would lie "
            "over the first. Seed an empty one: set YUANBA_DATABASE_URL or YUANBA_DATA_DIR."
        )
    if found.done and wanted.communities <= found.communities:
        return None
    communities = max(wanted.communities, found.communities)
    return found._replace(communities=communities, done=False)


def is_empty(store: SqlStore) -> bool:
    """Whether no record of any kind is there."""
    from sqlalchemy import select

    from server.store.tables import RECORD

    with store.engine.connect() as connection:
        return connection.execute(select(RECORD.c.id).limit(1)).first() is None


def lacking(store: SqlStore, records: Iterable[Record]) -> Iterator[Record]:
    """Those of ``records`` that are not in the store yet."""
    batch: list[Record] = []

    def unknown() -> list[Record]:
        with store.read() as snapshot:
            known = snapshot.records([one.id for one in batch])
        return [one for one in batch if one.id not in known]

    for record in records:
        batch.append(record)
        if len(batch) == LOOKED_UP_AT_ONCE:
            yield from unknown()
            batch = []
    yield from unknown()


def load(services: Services, county: County, *, resumed: bool) -> int:
    """Create the county's records, with a progress bar; answers how many were created."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("households", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=county.households)

        def counted() -> Iterator[Record]:
            for record in county.records():
                if record.type == "household":
                    progress.advance(bar)
                yield record

        records = lacking(services.store, counted()) if resumed else counted()
        created = 0
        for done in services.door.load(records, at_ms=county.today_ms):
            created = done
    return created


def administrator(county: County) -> str:
    """The user record of the county's first administrator."""
    return next(
        record.id
        for record in county.organisation
        if record.type == "user" and record.fields["role"] == "administrator"
    )


def hashed(password: str) -> str:
    """What is stored of a password. Raises OperatorError if it is too short."""
    from server.accounts.passwords import hash_password

    try:
        return hash_password(password)
    except ValueError as wrong:
        raise OperatorError(str(wrong)) from None


def make_account(services: Services, user: str, password_hash: str) -> bool:
    """The console account of the administrator; False if it is there already."""
    from server.accounts.passwords import create_account, find_account
    from server.accounts.sessions import writing

    now_ms = services.now_ms()
    with writing(services.store) as session:
        if find_account(session, ACCOUNT) is not None:
            return False
        create_account(
            session, username=ACCOUNT, password_hash=password_hash, user=user, now_ms=now_ms
        )
    return True


def drawn_up(plan: Plan) -> County:
    """The county of a plan. Raises OperatorError if there can be none."""
    from simulator.population import county

    try:
        return county(plan.seed, plan.scale, plan.communities, plan.base_ms, today_ms=plan.today_ms)
    except ValueError as wrong:
        raise OperatorError(f"There is no such county: {wrong}.") from None


def base_ms(now_ms: int) -> int:
    """The day of the county's ids and assignments, the same for everybody.

    On a machine whose clock is behind that day it is today: no grant may begin in the future.
    """
    from simulator.population import BASE_MS

    return min(BASE_MS, now_ms - now_ms % DAY_MS)


def command_for_the_rest(plan: Plan) -> str:
    """The command that makes the whole of the county that a plan is a part of.

    >>> command_for_the_rest(Plan(seed=1, scale=0.5, communities=2, base_ms=0, today_ms=0))
    'yuanba seed --scale 0.5'
    """
    seed = "" if plan.seed == 1 else f" --seed {plan.seed}"
    scale = "" if plan.scale == 1 else f" --scale {plan.scale:g}"
    return f"yuanba seed{seed}{scale}"


def seed_county(services: Services, wanted: Plan, *, password: str) -> Plan:
    """Make what is lacking and say what was made. Raises OperatorError if it cannot be."""
    from server.accounts.passwords import draw_password

    drawn_up(wanted)
    password = password or draw_password(secrets.randbelow)
    password_hash = hashed(password)
    found = read_mark(services.store)
    plan = decide(wanted, found, is_empty=is_empty(services.store))
    if plan is None:
        raise OperatorError(
            f"This database was seeded already ({found.says() if found else ''}). Seed an empty "
            "one: set YUANBA_DATABASE_URL or YUANBA_DATA_DIR."
        )
    began = time.perf_counter()
    typer.echo(f"Making the county: {plan.says()}.", err=True)
    write_mark(services.store, plan)
    made = drawn_up(plan)
    created = load(services, made, resumed=found is not None)
    is_new = make_account(services, administrator(made), password_hash)
    write_mark(services.store, plan._replace(done=True))
    typer.echo(f"{created:,} records in {time.perf_counter() - began:.0f} s.")
    if is_new:
        typer.echo(f"Sign in to the console as {ACCOUNT}, password {password}")
    return plan


def register(app: typer.Typer) -> None:
    """Add `seed`."""

    @app.command()
    def seed(
        seed: Annotated[int, typer.Option(help="The same seed makes the same county.")] = 1,
        scale: Annotated[float, typer.Option(help="Households, 1 being the real size.")] = 1.0,
        communities: Annotated[
            int | None,
            typer.Option(min=1, max=COMMUNITIES, help="Only the first so many communities."),
        ] = None,
        demo: Annotated[
            bool, typer.Option("--demo", help="Two communities; quietly done if they are there.")
        ] = False,
        password: Annotated[
            str,
            typer.Option(envvar="YUANBA_DEMO_PASSWORD", help="For admin; drawn if left out."),
        ] = "",
    ) -> None:
        """Fill an empty database with a made-up county: streets, grids, people, staff.

        Stopped, it goes on where it was; called again for more communities, it adds the rest.
        """
        services = open_services()
        found = read_mark(services.store)
        if demo and found is not None and found.done:
            typer.echo(f"The county is here already ({found.says()}).")
            return
        many = communities or (DEMO_COMMUNITIES if demo else COMMUNITIES)
        now_ms = services.now_ms()
        wanted = Plan(seed, scale, many, base_ms(now_ms), now_ms - now_ms % DAY_MS)
        made = seed_county(services, wanted, password=password)
        if demo:
            from server.cli.scene import play

            typer.echo(f"Two tablets were out this morning: {play(services)} conflicts wait.")
        if made.communities < COMMUNITIES:
            others = COMMUNITIES - made.communities
            typer.echo(f"The other {others} communities: {command_for_the_rest(made)}")
