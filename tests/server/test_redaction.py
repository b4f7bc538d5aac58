"""After an erasure no table holds the values, on either database, whatever comes later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from server import redaction
from server.models import db
from server.records import CATALOGUE
from server.records.personal import PERSONAL, RELATED, SKELETON
from server.settings import Settings
from server.store import Writer, migrate
from server.store.tables import metadata
from sync.redaction import BLANK
from sync.scope import SYSTEM
from tests.server.attachments.pictures import jpeg
from tests.server.attachments.test_uploads import Sender, digest, unbound
from tests.server.office import SECRET, open_office
from tests.server.security.tablet import GRID, Tablet, made, seen

NAME, OLD_NAME, PHONE, LOST_PHONE = "欧阳修远", "欧阳秀媛", "13977776666", "13955554444"
NOTE, CITIZEN, HELD = "邻居说他常在凉亭下棋", "99222219900307439X", "13911110000"
SECRETS = (NAME, OLD_NAME, PHONE, LOST_PHONE, NOTE, CITIZEN, HELD, "ouyangxiuyuan", PHONE[-4:])


def test_every_field_of_a_type_with_personal_data_is_flesh_or_skeleton():
    assert PERSONAL.keys() == SKELETON.keys()
    for name in PERSONAL:
        fields = sorted([*PERSONAL[name], *SKELETON[name]])
        assert fields == sorted(CATALOGUE[name].by_name), name
    types = {spec.name for spec in CATALOGUE}
    without = {"street", "community", "grid", "unit", "building", "assignment"}
    assert types - PERSONAL.keys() == without
    for kind, pairs in RELATED.items():
        for other, field in pairs:
            assert CATALOGUE[other].by_name[field].to == kind


@pytest.fixture
def sender(database_url: str, tmp_path: Path) -> Iterator[Sender]:
    settings = Settings(database_url=database_url, data_dir=tmp_path, secret=SECRET)
    migrate(settings)
    opened = open_office(settings)
    yield Sender(opened)
    opened.served.store.close()


def everything(sender: Sender) -> str:
    """Every value of every table, as one text."""
    told = []
    with sender.office.served.store.engine.connect() as connection:
        for table in (*metadata.tables.values(), *db.metadata.tables.values()):
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"')):
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        value = bytes(value).decode("utf-8", "replace")
                    told.append(str(value))
    return "\n".join(told)


class Story:
    """A resident with a life in the ledger: changed, in conflict, told of in notices, held."""

    def __init__(self, sender: Sender) -> None:
        self.sender, office = sender, sender.office
        self.tablet = sender.tablet
        self.other = Tablet.enrolled(office, f"grid:{GRID}", name="吴敏")
        self.home = made(office, "household", grid=GRID, householder="someone else")
        self.resident = made(
            office, "resident", grid=GRID, household=self.home.id, name=OLD_NAME, phone=PHONE
        )
        self.restricted = made(
            office, "resident_restricted", grid=GRID, resident=self.resident.id, citizen_id=CITIZEN
        )
        first = self.tablet.op("edit", self.resident, {"name": NAME, "notes": NOTE})
        rival = self.other.op("edit", self.resident, {"name": NAME + "二", "phone": LOST_PHONE})
        self.early = self.other.op("edit", self.resident, {"phone": HELD})
        assert self.tablet.send(first)[0]["outcome"] == "applied"
        assert self.other.send(rival)[0]["outcome"] == "conflict"
        waits = self.tablet.op("edit", self.resident, {"phone": HELD})
        waits["base"]["phone"] = f"{office.clock.now_ms:012x}-0007-{self.tablet.told['device']}zzzz"
        assert self.tablet.send(waits)[0]["outcome"] == "held"
        assert self.tablet.send({**first, "fields": {"name": NAME}})[0]["outcome"] == "held"
        self.first = first
        ack = office.served.door.resolve(SYSTEM, rival["stamp"], {"name": NAME})
        assert ack.outcome in ("applied", "merged"), ack
        office.clock.pass_ms(60_000)

    def erase(self, *, related: bool = True) -> int:
        office = self.sender.office
        wanted = redaction.plan(office.served, self.resident.id, related=related)
        assert wanted is not None
        return redaction.carry_out(
            office.served, wanted, actor=self.tablet.user, by=None, purpose="at her request"
        )


def found(sender: Sender) -> list[str]:
    told = everything(sender)
    return [one for one in SECRETS if one in told]


def test_no_table_holds_what_was_erased_and_nothing_brings_it_back(sender: Sender):
    story = Story(sender)
    assert found(sender) == list(SECRETS)
    assert story.erase() >= 3
    assert found(sender) == []
    now = seen(sender.office, story.resident.id)
    assert (now.get("name"), now.get("phone"), now.get("household")) == (
        BLANK, None, story.home.id,
    )  # fmt: skip
    # The same work again, work of who had not heard, and what is no operation at all.
    again = story.tablet.send(story.first)[0]
    assert (again["outcome"], again["repeated"]) == ("applied", True)
    assert story.other.send(story.early)[0]["problem"]["code"] == "redacted"
    for broken in ({"name": 7}, {"name": NAME}):
        story.other.send(story.other.op("edit", story.resident, broken))
    assert found(sender) == []
    assert sender.office.audited().count("redacted") == 2


def test_what_could_not_be_read_and_names_a_notice_of_it_goes_too(sender: Sender):
    story = Story(sender)
    with sender.office.served.store.engine.connect() as connection:
        ids = connection.execute(text("SELECT id FROM record WHERE type = 'notice'")).scalars()
        notices = [seen(sender.office, one) for one in ids]
    assert notices
    for one in notices:
        broken = story.other.op("edit", one, {"after": "她在信里说"})
        story.other.send({**broken, "base": {"*": "x"}})
    assert "她在信里说" in everything(sender)
    story.erase()
    assert "她在信里说" not in everything(sender)


def test_no_file_of_a_sqlite_database_holds_it_either(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret=SECRET)
    migrate(settings)
    sender = Sender(open_office(settings))
    store = sender.office.served.store
    story = Story(sender)

    def on_disk() -> list[str]:
        files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
        return [
            one
            for one in SECRETS
            if len(one.encode()) > 4 and any(one.encode() in it for it in files)
        ]

    store.scrub()
    assert NAME in on_disk()
    story.erase()
    assert on_disk() == []
    store.close()


def test_who_is_killed_while_erasing_has_erased_and_noted_all_or_nothing(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
):
    story, store = Story(sender), sender.office.served.store
    begin = store.write

    class Killed(BaseException):
        pass

    @contextmanager
    def killed(*, committed: bool) -> Iterator[Writer]:
        with begin() as tx:
            yield tx
            if not committed:
                raise Killed
        raise Killed

    for committed in (False, True):
        monkeypatch.setattr(store, "write", partial(killed, committed=committed))
        with pytest.raises(Killed):
            story.erase(related=False)
        monkeypatch.undo()
        erased = seen(sender.office, story.resident.id).get("name") == BLANK
        noted = sender.office.audited().count("redacted")
        assert (erased, noted) == (committed, int(committed))


def test_tablets_get_the_empty_row(sender: Sender):
    story = Story(sender)
    story.tablet.send()
    assert NAME in str(story.tablet.rows)
    story.erase()
    story.tablet.send()
    assert [one for one in SECRETS if one in str(story.tablet.rows)] == []


def test_nothing_of_it_can_be_undone(sender: Sender):
    story = Story(sender)
    story.erase()
    with sender.office.served.store.read() as snapshot:
        stamps = [one.stamp for one in snapshot.history(story.resident.id)]
    assert len(stamps) >= 4
    for stamp in stamps:
        ack = sender.office.served.door.undo(SYSTEM, stamp)
        assert ack.problem is not None and ack.problem.code == "nothing_to_undo"


def test_what_was_derived_still_agrees_with_the_rows(sender: Sender):
    from server.inspection import inspect

    Story(sender).erase()
    with sender.office.served.store.read() as snapshot:
        assert not inspect(snapshot)


@pytest.mark.parametrize("send", [Sender.send, unbound], ids=["for it", "for no record"])
def test_a_visits_photo_goes_with_it(sender: Sender, tmp_path: Path, send: Callable[[Sender], str]):
    send(sender)
    sender.visit()
    wanted = redaction.plan(sender.office.served, sender.record, related=False)
    assert wanted is not None and wanted.photos == 1
    redaction.carry_out(sender.office.served, wanted, actor="system", by=None, purpose="asked")
    assert sender.look().status_code == 404
    assert not any(path.name == digest(jpeg()) for path in tmp_path.rglob("*"))


def test_a_record_without_personal_data_has_nothing_to_erase(sender: Sender):
    grid = made(sender.office, "grid", code="G", name="Grid")
    assert redaction.plan(sender.office.served, grid.id, related=True) is None
    assert redaction.plan(sender.office.served, "nonsense", related=True) is None


def test_what_is_related_is_only_erased_when_asked_for(sender: Sender):
    story = Story(sender)
    story.erase(related=False)
    told: Any = seen(sender.office, story.restricted.id)
    assert told.get("citizen_id") == CITIZEN
