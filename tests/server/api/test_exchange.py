"""The exchange over HTTP: what a tablet, a bad network and an attacker send."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from werkzeug.test import Client

from sync.stamps import Stamps
from tests.server.office import Office, bearer

GRID = "00000000-0000-0000-0000-0000000000a1"
HOUSE = "00000000-0000-0000-0000-000000000001"


class Tablet:
    """An enrolled device that speaks to the application."""

    def __init__(self, office: Office, *, grid: str = GRID, **user: Any) -> None:
        self.office = office
        self.user = office.user(**user)
        office.grant(self.user, f"grid:{grid}")
        told = office.enrol(self.user)
        self.device, self.token = told["device"], told["token"]
        self.stamps = Stamps(device=self.device, incarnation="0000")
        self.cursors: dict[str, str] = {}

    def op(self, kind: str, fields: dict[str, Any], base: Any = None, **more: Any) -> Any:
        now_ms = self.office.clock.now_ms
        return {
            "stamp": self.stamps.next(now_ms=now_ms), "group": None, "actor": self.user,
            "schema": 1, "at": now_ms, "offset_ms": 0, "type": "household", "record": HOUSE,
            "kind": kind, "fields": fields, "base": base, "reason": None, **more,
        }  # fmt: skip

    def body(self, *operations: Any) -> dict[str, Any]:
        return {
            "protocol": 1, "device": self.device, "schema": 1,
            "sent_at": self.office.clock.now_ms, "operations": list(operations),
            "checkpoint": self.cursors,
        }  # fmt: skip

    def post(self, data: bytes, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.office.client.post(
            "/sync/v1/exchange",
            data=data,
            headers={**bearer(self.token), "Content-Type": "application/json", **named},
        )

    def send(self, *operations: Any) -> list[dict[str, Any]]:
        answer = self.post(json.dumps(self.body(*operations)).encode())
        assert answer.status_code == 200, answer.data
        lines = [json.loads(line) for line in answer.data.splitlines()]
        for line in lines:
            if "page" in line:
                self.cursors[line["page"]["feed"]] = line["page"]["cursor"]
        return lines


def acks(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line["ack"] for line in lines if "ack" in line]


@pytest.fixture
def tablet(office: Office) -> Tablet:
    return Tablet(office)


def test_a_household_made_on_one_tablet_arrives_on_the_other(any_office):
    one, two = Tablet(any_office), Tablet(any_office, name="李勇")
    create = one.op("create", {"grid": GRID, "householder": "张三"})
    assert acks(one.send(create))[0]["outcome"] == "applied"
    lines = two.send()
    rows = [row for line in lines if "page" in line for g in line["page"]["put"]
            if g["type"] == "household" for row in g["rows"]]  # fmt: skip
    assert [row[0] for row in rows] == [HOUSE]
    assert list(lines[0]) == ["hello"] and list(lines[-1]) == ["done"]
    assert lines[-1]["done"]["digests"][f"grid:{GRID}"][0] == 1


def test_an_answer_lost_after_commit_is_repeated_without_effect(any_office):
    tablet = Tablet(any_office)
    tablet.send(tablet.op("create", {"grid": GRID, "visits": 1}))
    with any_office.served.store.read() as snapshot:
        seen = snapshot.records([HOUSE])[HOUSE].head
    visit = tablet.op("edit", {"visits": {"add": 1}}, {"*": seen})
    first, second = tablet.send(visit), tablet.send(visit)
    assert acks(first)[0]["outcome"] == "applied" and acks(second)[0]["repeated"]
    with any_office.served.store.read() as snapshot:
        assert snapshot.records([HOUSE])[HOUSE].get("visits") == 2


def test_the_answer_can_be_read_line_by_line_wherever_it_is_cut(tablet):
    tablet.send(tablet.op("create", {"grid": GRID}))
    tablet.cursors = {}
    packed = tablet.post(json.dumps(tablet.body()).encode(), Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    whole = gzip.decompress(packed.data)
    for end in range(0, len(packed.data), 7):
        part = zlib.decompressobj(31).decompress(packed.data[:end])
        assert whole.startswith(part)
        for line in part.split(b"\n")[:-1]:
            json.loads(line)


def test_a_gzipped_request_is_taken(tablet):
    body = json.dumps(tablet.body(tablet.op("create", {"grid": GRID}))).encode()
    answer = tablet.post(gzip.compress(body), Content_Encoding="gzip")
    assert b'"outcome":"applied"' in answer.data


# Bad input ---------------------------------------------------------------------------------


def problem(answer: Any) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    assert told["detail"] and isinstance(told["definite"], bool)
    return answer.status_code, told["code"]


def test_a_request_that_is_no_json_is_refused(tablet):
    assert problem(tablet.post(b"{nonsense")) == (400, "not_json")


def test_a_truncated_body_is_refused_and_may_be_sent_again(tablet):
    cut = gzip.compress(json.dumps(tablet.body()).encode())[:-10]
    answer = tablet.post(cut, Content_Encoding="gzip")
    assert problem(answer) == (400, "not_gzip") and answer.get_json()["definite"] is False


def test_a_compression_bomb_is_refused_before_it_is_unpacked(tablet):
    bomb = gzip.compress(b" " * 60_000_000)
    answer = tablet.post(bomb, Content_Encoding="gzip")
    assert problem(answer) == (413, "too_large") and "8388608" in answer.get_json()["detail"]


def test_a_body_that_says_it_is_too_long_is_refused_unread(tablet):
    assert problem(tablet.post(b" " * 9_000_000)) == (413, "too_large")


def test_a_body_nested_too_deep_is_refused(tablet):
    assert problem(tablet.post(b"[" * 100_000 + b"]" * 100_000)) == (400, "too_deep")


def test_a_hundred_thousand_operations_are_refused_with_the_number_allowed(tablet):
    answer = tablet.post(json.dumps({**tablet.body(), "operations": [1] * 100_000}).encode())
    assert problem(answer) == (413, "too_many_operations")
    assert "5000" in answer.get_json()["detail"]


def test_without_a_token_nothing_is_answered(tablet):
    answer = tablet.office.client.post("/sync/v1/exchange", json=tablet.body())
    assert problem(answer) == (401, "no_token")


def test_an_expired_token_is_refused_in_the_callers_language(tablet):
    tablet.office.clock.pass_ms(400 * 86_400_000)
    answer = tablet.post(json.dumps(tablet.body()).encode(), Accept_Language="zh-CN")
    assert problem(answer) == (401, "token_expired")
    assert "过期" in answer.get_json()["detail"]


def test_another_devices_id_is_refused(tablet):
    answer = tablet.post(json.dumps({**tablet.body(), "device": "zzzzzzzz"}).encode())
    assert problem(answer) == (403, "not_your_device")


def test_a_lone_surrogate_costs_one_operation_and_no_other(tablet):
    good = tablet.op("create", {"grid": GRID})
    bad = tablet.op("create", {"grid": GRID, "householder": "\ud800"},
                    record=HOUSE[:-1] + "2")  # fmt: skip
    told = acks(tablet.send(bad, good))
    assert [ack["outcome"] for ack in told] == ["rejected", "applied"]
    assert told[0]["problem"]["code"] == "bad_text"
    assert acks(tablet.send(bad))[0]["repeated"]


def test_everything_bad_at_once_loses_nothing(any_office, caplog):
    tablet = Tablet(any_office)
    ahead = tablet.op("create", {"grid": GRID}, record=HOUSE[:-1] + "3")
    ahead["stamp"] = f"{any_office.clock.now_ms + 365 * 86_400_000:012x}" + ahead["stamp"][12:]
    wrong: list[Any] = [
        17,
        tablet.op("create", {"grid": 5}, record=HOUSE[:-1] + "4"),
        tablet.op("create", {"grid": GRID}, type="ghost", record=HOUSE[:-1] + "5"),
        tablet.op("create", {"grid": HOUSE}, record=HOUSE[:-1] + "6"),
        {**tablet.op("create", {"grid": GRID}), "stamp": "0000000003e8-0000-zzzzzzzz0000"},
        ahead,
        tablet.op("create", {"grid": GRID, "notes": "秘密\ud800"}, record=HOUSE[:-1] + "7"),
        tablet.op("create", {"grid": GRID, "later": ["\udfff"]}, record=HOUSE[:-1] + "8"),
    ]
    told = acks(tablet.send(*wrong, tablet.op("create", {"grid": GRID})))
    assert [ack["outcome"] for ack in told] == [
        "rejected", "rejected", "rejected", "rejected", "rejected", "held", "rejected",
        "rejected", "applied",
    ]  # fmt: skip
    assert all(ack["problem"]["message"] for ack in told[:-1])
    again = acks(tablet.send(*wrong))
    assert [ack["outcome"] for ack in again] == [ack["outcome"] for ack in told[:-1]]
    assert "秘密" not in caplog.text


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (None, {}),
        (None, {"Accept-Encoding": "gzip"}),
        (b"{", {}),
        (b"{", {"Accept-Language": "en"}),
        (b"{}", {"Authorization": "Bearer nobody"}),
        (b"{}", {"Authorization": ""}),
        (b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    ],
)
def test_the_shortcut_answers_as_flask_would(tablet, data, headers):
    app = tablet.office.app
    body = json.dumps(tablet.body()).encode() if data is None else data
    named = {**bearer(tablet.token), "Content-Type": "application/json", **headers}
    told = [
        Client(way).post("/sync/v1/exchange", data=body, headers=named)
        for way in (app.wsgi_app, app.wsgi_app.application)
    ]
    assert [told[0].status, told[0].data] == [told[1].status, told[1].data]
    # Signing in looks at the session on every way through Flask, and says that it did.
    named = [
        {**dict(one.headers), "Vary": "Accept-Encoding" in one.headers["Vary"]} for one in told
    ]
    assert named[0] == named[1]


def test_of_a_strangers_long_body_nothing_is_parsed(tablet):
    tablet.token = "yba_nobody"
    assert problem(tablet.post(b"[" * 100_000)) == (401, "token_unknown")


def test_an_exchange_that_changes_what_its_sender_reads_answers_accordingly(office):
    chief = Tablet(office, role="administrator")
    chief.send(chief.op("create", {"grid": GRID}))
    grant = chief.op(
        "create",
        {"user": chief.user, "feed": "grid:other", "since": office.clock.now_ms},
        type="assignment",
        record="00000000-0000-0000-0000-0000000000f1",
    )
    assert "grid:other" in chief.send(grant)[0]["hello"]["feeds"]
    with office.served.store.read() as snapshot:
        held = snapshot.referring("assignment", "user", chief.user)
        rows = snapshot.records([*held, HOUSE])
    here = next(one for one in rows.values() if one.get("feed") == f"grid:{GRID}")
    seen = rows[HOUSE].head
    edit = chief.op("edit", {"notes": "一"}, {"*": seen, "notes": seen})
    end = chief.op(
        "edit",
        {"until": office.clock.now_ms},
        {"*": here.head, "until": here.head},
        type="assignment",
        record=here.id,
    )
    lines = chief.send(edit, end)
    assert f"grid:{GRID}" not in lines[0]["hello"]["feeds"]
    assert lines[0]["hello"]["evicted"] == [f"grid:{GRID}"]
    first, second = acks(lines)
    assert (first["outcome"], first["feeds"], first["head"]) == ("applied", [], None)
    assert second["feeds"] == [f"person:{chief.user}"]
