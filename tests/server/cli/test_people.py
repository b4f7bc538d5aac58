"""`yuanba users`, `enrol`, `grant`, `revoke`: admitting people and their tablets."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from server.accounts.enrolment import enrol
from server.accounts.passwords import find_account, sign_in
from server.accounts.sessions import reading, writing
from server.app import create_services
from server.cli.desk import accepted
from server.services import Services
from server.settings import load_settings
from sync.scope import SYSTEM
from tests.server.cli.conftest import Run


def listed(yuanba: Run, *words: str) -> list[dict[str, Any]]:
    said = yuanba("users", "--json", *words)
    assert said.code == 0, said.err
    told: list[dict[str, Any]] = json.loads(said.out)
    return told


def added(yuanba: Run, name: str = "王芳", role: str = "grid_worker", *words: str) -> str:
    said = yuanba("users", "--add", name, "--role", role, *words)
    assert said.code == 0, said.err
    return said.out.strip()


def services() -> Services:
    return create_services(load_settings())


def test_an_empty_database_is_made_and_has_no_users(yuanba: Run):
    assert listed(yuanba) == []
    assert "no users yet" in yuanba("users").out


def test_a_user_is_added_and_listed_with_what_they_read(yuanba: Run):
    user = added(yuanba, "王芳", "grid_worker", "--feed", "grid:7", "--lang", "en")
    assert listed(yuanba) == [
        {
            "id": user,
            "name": "王芳",
            "role": "grid_worker",
            "feeds": ["grid:7", f"person:{user}", "shared"],
            "active": True,
        }
    ]
    table = yuanba("users").out
    for shown in ("王芳", "grid worker", "grid:7", user):
        assert shown in table


def test_what_a_user_reads_is_told_by_the_name_of_the_place(yuanba: Run):
    yuanba("users")
    at = services()
    street, community = at.new_id(), at.new_id()
    for kind, record, fields in (
        ("street", street, {"name": "文昌街道", "code": "510000000"}),
        ("community", community, {"name": "双月[一区]", "code": "510000000000", "street": street}),
    ):
        accepted(at.door.create(SYSTEM, kind, fields, record=record))
    added(yuanba, "王芳", "community_staff", "--feed", f"community:{community}")
    table = yuanba("users").out
    assert "双月" in table
    assert "区]" in table
    assert community not in table


def test_users_can_be_listed_by_role(yuanba: Run):
    added(yuanba, "王芳", "grid_worker")
    added(yuanba, "李娟", "administrator")
    assert [one["name"] for one in listed(yuanba, "--role", "administrator")] == ["李娟"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("users", "--add", "王芳"), "A new user needs a --role."),
        (("users", "--add", "王芳", "--role", "king"), "There is no role 'king'. Roles: grid_"),
        (("users", "--add", "王芳", "--role", "system"), "There is no role 'system'."),
        (("users", "--add", "x", "--role", "qa", "--unit", "y"), "The value of 'Unit' is not"),
        (("users", "--add", "x", "--role", "qa", "--password", "short"), "at least 8 characters"),
        (("users", "--password", "long enough"), "Whose password?"),
        (("users", "--username", "x", "--password", "long enough"), "There is no account x."),
        (("enrol", "王芳"), "There is no user 王芳. See them all: yuanba users"),
        (("grant", "王芳", "grid:7"), "There is no user 王芳."),
        (("revoke", "王芳", "grid:7"), "There is no user 王芳."),
    ],
)
def test_what_cannot_be_done_is_a_sentence(yuanba: Run, words: tuple[str, ...], sentence: str):
    said = yuanba(*words)
    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_a_console_account_comes_with_a_password_that_no_shell_history_keeps(
    yuanba: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO("from standard input\n"))
    user = added(yuanba, "李娟", "administrator", "--username", "Li", "--password", "-")
    with reading(services().store) as session:
        account = sign_in(session, username="li", password="from standard input", now_ms=1)
    assert account is not None
    assert account.user == user


def test_a_forgotten_password_is_replaced(yuanba: Run):
    added(yuanba, "李娟", "administrator", "--password", "first password")
    said = yuanba("users", "--username", "李娟", "--password", "second password")
    assert "every session of it ended" in said.out
    store = services().store
    with reading(store) as session:
        account = find_account(session, "李娟")
        assert account is not None
        assert account.session_epoch == 1
        assert sign_in(session, username="李娟", password="first password", now_ms=1) is None
        assert sign_in(session, username="李娟", password="second password", now_ms=1)


def test_a_user_is_named_by_id_by_its_beginning_or_by_name(yuanba: Run):
    user = added(yuanba)
    for named in (user, user[:13], user[:13].upper(), "王芳"):
        assert yuanba("enrol", named).code == 0
    assert yuanba("enrol", user[:3]).code == 2


def test_two_of_one_name_are_never_guessed_between(yuanba: Run):
    ids = [added(yuanba), added(yuanba)]
    said = yuanba("enrol", "王芳")
    assert said.code == 2
    for user in ids:
        assert user in said.err
    assert yuanba("enrol", ids[1]).code == 0


def test_the_square_leads_to_the_app_where_the_operator_says_that_is(
    yuanba: Run, monkeypatch: pytest.MonkeyPatch
):
    added(yuanba)
    scanned: list[str] = []

    def draw(text: str, *, encoding: str) -> str:
        scanned.append(text)
        return ""

    monkeypatch.setattr("server.cli.enrol.qr", draw)
    monkeypatch.setenv("YUANBA_PUBLIC_ADDRESS", "https://yuanba.cn")
    code = yuanba("enrol", "王芳").out.splitlines()[-1]
    assert scanned == [f"https://yuanba.cn/tablet/#/enrol?code={code}"]


def test_the_one_time_code_is_the_last_line_and_enrols_once(yuanba: Run):
    user = added(yuanba)
    said = yuanba("enrol", "王芳")
    lines = said.out.splitlines()
    assert "█" in lines[0]
    assert lines[-2] == "For 王芳 (grid_worker), once, within 15 minutes:"
    served = services()
    with writing(served.store) as session:
        enrolled = enrol(
            session,
            key=served.settings.secret,
            code=lines[-1],
            nonce="n",
            now_ms=served.now_ms(),
            draw=lambda n: 1,
        )
    assert enrolled.user == user


def test_nobody_who_left_is_enrolled(yuanba: Run):
    from sync.scope import SYSTEM

    user = added(yuanba)
    services().door.edit(SYSTEM, user, {"active": False})
    assert "is not active" in yuanba("enrol", user).err
    assert not listed(yuanba)[0]["active"]


def test_a_qr_code_is_left_out_where_it_cannot_be_printed():
    from server.cli.enrol import qr

    assert qr("K7M2", encoding="ascii") == ""
    assert "█" in qr("K7M2", encoding="utf-8")


def test_a_grant_is_given_once_and_taken_away_and_given_again(yuanba: Run):
    added(yuanba)
    assert "reads grid:7 from now on" in yuanba("grant", "王芳", "grid:7").out
    assert "reads grid:7 already" in yuanba("grant", "王芳", "grid:7").out
    assert "grid:7" in listed(yuanba)[0]["feeds"]
    assert "no longer reads grid:7" in yuanba("revoke", "王芳", "grid:7", "--reason", "调岗").out
    assert "grid:7" not in listed(yuanba)[0]["feeds"]
    again = yuanba("revoke", "王芳", "grid:7")
    assert (again.code, again.err) == (
        2,
        "yuanba: 王芳 was not granted grid:7. Granted: nothing.\n",
    )
    assert yuanba("grant", "王芳", "grid:7").code == 0
    assert listed(yuanba)[0]["feeds"].count("grid:7") == 1


def test_a_grant_of_what_is_not_there_is_made_with_a_warning(yuanba: Run):
    added(yuanba)
    said = yuanba("grant", "王芳", "grid:7")
    assert said.code == 0
    assert "there is no grid 7 yet" in said.err


@pytest.mark.parametrize("feed", ["shared", "person:7", "grid:", "grid", "street:7", "grid:a b"])
def test_what_is_no_grantable_feed_is_refused(yuanba: Run, feed: str):
    added(yuanba)
    said = yuanba("grant", "王芳", feed)
    assert said.code == 2
    assert "grant" in said.err


def test_a_database_of_another_version_is_left_alone(yuanba: Run):
    added(yuanba)
    store = services().store
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    said = yuanba("users")
    assert said.code == 2
    assert "The database is of version 0001, this program of version" in said.err
    assert "yuanba serve" in said.err
