"""Codes and tokens, used by two at once: one takes its turn, the other sees what it did."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select

from server.accounts import sessions
from server.accounts.sessions import reading
from server.models import Device, DeviceToken
from server.settings import Settings
from tests.server.office import SECRET, bearer, open_office


@pytest.fixture
def office(database, script, monkeypatch):
    """An office whose writers tell the script where they are: ``write``, and ``UPDATE device
    done`` and the like after each statement."""
    url = database.engine.url.render_as_string(hide_password=False)
    opened = open_office(Settings(database_url=url, secret=SECRET))
    store, taking_turns = opened.served.store, sessions.taking_turns
    write = store.write

    def done(statement):
        script.reach(" ".join([*statement.split()[:2], "done"]))

    @contextmanager
    def told(store):
        script.reach("write")
        with taking_turns(store):
            yield

    @contextmanager
    def told_of_store():
        script.reach("write")
        with write() as tx:
            tx.cursor = telling(tx.cursor, done)
            yield tx

    monkeypatch.setattr(sessions, "taking_turns", told)
    monkeypatch.setattr(store, "write", told_of_store)
    event.listen(
        store.engine,
        "after_cursor_execute",
        lambda _connection, _cursor, statement, *_more: done(statement),
    )
    yield opened
    store.close()


def telling(cursor, done):
    """A driver's cursor that tells of each statement when it is done."""

    class Telling:
        __module__ = type(cursor).__module__  # by which the driver is known

        def __getattr__(self, name):
            return getattr(cursor, name)

        def execute(self, statement, parameters):
            cursor.execute(statement, parameters)
            done(statement)

    return Telling()


def asking(office, path, body):
    """What asks one door once; answers status and document."""

    def ask():
        answer = office.client.post(f"/sync/v1/{path}", json=body)
        return answer.status_code, answer.json

    return ask


def second_comes_while_first_works(script, first, second, point):
    holding = script.actor(first).to(point)
    waiting = script.actor(second).go()
    script.waits(waiting)
    return holding.end(), waiting.end()


def counted(office, kind, **where):
    with reading(office.served.store) as session:
        return session.scalar(select(func.count()).select_from(kind).filter_by(**where))


def test_a_code_used_by_two_at_once_gives_one_device(office, script):
    user = office.user()
    body = {"code": office.code(user), "nonce": "first"}
    (_, told), (status, refused) = second_comes_while_first_works(
        script,
        asking(office, "enrol", body),
        asking(office, "enrol", {**body, "nonce": "second"}),
        "UPDATE enrolment_code done",
    )
    assert told["user"] == user
    assert (status, refused["code"]) == (403, "code_unknown")
    assert counted(office, Device, user=user) == 1


def test_a_code_sent_twice_at_once_with_its_nonce_is_answered_the_same(office, script):
    """The tablet gave up waiting and asked again, while its first request was still at work."""
    user = office.user()
    ask = asking(office, "enrol", {"code": office.code(user), "nonce": "first"})
    first, second = second_comes_while_first_works(script, ask, ask, "UPDATE enrolment_code done")
    assert first == second
    assert first[0] == 200
    assert counted(office, Device, user=user) == 1


def test_a_refresh_sent_twice_at_once_with_its_nonce_is_answered_the_same(office, script):
    tablet = office.enrol(office.user())
    ask = asking(office, "refresh", {"refresh": tablet["refresh"], "nonce": "again"})
    first, second = second_comes_while_first_works(script, ask, ask, "UPDATE device done")
    assert first == second
    assert first[0] == 200
    assert counted(office, DeviceToken, device=tablet["device"]) == 4


def test_two_who_refresh_one_token_at_once_are_found_out_when_one_of_them_works(office, script):
    """Which of them is the worker's nobody knows: both may hand in, neither may read."""
    tablet = office.enrol(office.user())

    def ask(nonce):
        return asking(office, "refresh", {"refresh": tablet["refresh"], "nonce": nonce})

    (_, one), (_, other) = second_comes_while_first_works(
        script, ask("one"), ask("other"), "UPDATE device done"
    )
    assert one["token"] != other["token"]
    body = {"protocol": 1, "device": tablet["device"]}

    def exchange(token):
        return office.client.post("/sync/v1/exchange", json=body, headers=bearer(token))

    assert exchange(one["token"]).status_code == 200
    assert exchange(other["token"]).json["code"] == "token_expired"
    renewed = asking(office, "refresh", {"refresh": other["refresh"], "nonce": "next"})()
    assert renewed[0] == 200
    assert office.device(tablet["device"]).hand_in_only
    for token in (one["token"], renewed[1]["token"]):
        assert b"hand_in_only" in exchange(token).data


def test_a_device_that_is_revoked_while_it_refreshes_gets_tokens_that_are_worth_nothing(
    office, script
):
    tablet = office.enrol(office.user())
    ask = asking(office, "refresh", {"refresh": tablet["refresh"], "nonce": "again"})

    def revoke():
        office.change_device(tablet["device"], revoked=True)

    (_, told), _ = second_comes_while_first_works(script, ask, revoke, "UPDATE device done")
    answer = office.client.get("/sync/v1/catalogue", headers=bearer(told["token"]))
    assert (answer.status_code, answer.json["code"]) == (401, "token_unknown")


def test_a_device_that_refreshes_while_it_is_revoked_gets_nothing(office, script):
    tablet = office.enrol(office.user())
    ask = asking(office, "refresh", {"refresh": tablet["refresh"], "nonce": "again"})

    def revoke():
        office.change_device(tablet["device"], revoked=True)

    _, (status, told) = second_comes_while_first_works(script, revoke, ask, "UPDATE device done")
    assert (status, told["code"]) == (401, "refresh_unknown")
