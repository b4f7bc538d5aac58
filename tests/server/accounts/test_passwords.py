"""Passwords: who gets in, and what is left behind of those who do not."""

from __future__ import annotations

import logging
import random

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from server.accounts import passwords
from server.accounts.audit import note
from server.accounts.passwords import (
    create_account,
    draw_password,
    find_account,
    hash_password,
    set_password,
    sign_in,
)
from server.accounts.sessions import reading, writing
from server.models import Account, Audit
from tests.server.office import Office

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)


@pytest.fixture
def account(office: Office) -> Account:
    user = office.user("李娟", "administrator")
    stored = hash_password(PASSWORD)
    with writing(office.served.store) as session:
        return create_account(
            session, username="Li.Juan", password_hash=stored, user=user, now_ms=1
        )


def enter(office: Office, username: str, password: str) -> Account | None:
    with Session(office.served.store.engine, expire_on_commit=False) as session:
        found = sign_in(session, username=username, password=password, now_ms=office.clock.now_ms)
        session.commit()
        return found


def test_the_right_password_opens_the_account_whatever_the_capitals(
    office: Office, account: Account
):
    found = enter(office, " LI.juan ", PASSWORD)
    assert found is not None
    assert found.user == account.user
    assert found.last_sign_in == office.clock.now_ms
    assert office.audited() == ["account_created", "signed_in"]


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("li.juan", "wrong"),
        ("li.juan", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("li.juan", "x" * 10**6),
    ],
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    office: Office, account: Account, username: str, password: str
):
    assert enter(office, username, password) is None
    assert office.audited()[-1] == "sign_in_failed"


def test_a_failed_sign_in_keeps_nothing_of_what_was_typed(
    office: Office, account: Account, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    enter(office, "my secret typed into the wrong box", "another secret")
    with reading(office.served.store) as session:
        entry = session.query(Audit).filter_by(what="sign_in_failed").one()
    assert (entry.user, entry.about, entry.purpose) == (None, None, None)
    assert "secret" not in caplog.text


def test_a_locked_account_stays_shut(office: Office, account: Account):
    with writing(office.served.store) as session:
        session.get_one(Account, account.id).locked = True
    assert enter(office, "li.juan", PASSWORD) is None


def test_another_password_ends_every_session(office: Office, account: Account):
    before = account.get_id()
    stored = hash_password("another password")
    with writing(office.served.store) as session:
        account = session.get_one(Account, account.id)
        set_password(session, account, stored, now_ms=2)
    assert account.get_id() != before
    assert enter(office, "li.juan", PASSWORD) is None
    assert enter(office, "li.juan", "another password") is not None


def test_a_hash_of_a_lower_cost_is_renewed_at_sign_in(
    office: Office, account: Account, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        passwords, "_HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    )
    enter(office, "li.juan", PASSWORD)
    with reading(office.served.store) as session:
        found = find_account(session, "li.juan")
    assert found is not None
    assert "t=2" in found.password_hash
    assert enter(office, "li.juan", PASSWORD) is not None


def test_a_password_is_stored_as_an_argon2_hash(account: Account):
    assert account.password_hash.startswith("$argon2id$")
    assert PASSWORD not in account.password_hash


@pytest.mark.parametrize("password", ["", "short", "x" * 1_001])
def test_a_password_that_is_too_short_is_refused_in_words(password: str):
    with pytest.raises(ValueError, match="at least 8 characters"):
        hash_password(password)


def test_a_name_is_given_once(office: Office, account: Account):
    with writing(office.served.store) as session:
        for name in ("LI.JUAN", "", "x" * 101):
            with pytest.raises(ValueError, match=r"already|characters"):
                create_account(session, username=name, password_hash="", user="", now_ms=1)


def test_a_drawn_password_is_long_enough_and_can_be_read_aloud():
    drawn = draw_password(random.Random(1).randrange)
    assert len(drawn) == 14
    assert hash_password(drawn)


def test_the_audit_log_knows_its_acts(office: Office):
    with writing(office.served.store) as session, pytest.raises(KeyError):
        note(session, "invented", now_ms=1)
