"""The golden vectors: the engine gives what they say, and the script writes no others.

Nothing here uses the script's own cases: the vectors are read as another implementation
would read them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from sync.catalogue_document import read_catalogue
from sync.digests import recount
from sync.errors import Refusal
from sync.feeds import Cursor
from sync.intake import Intake, offset
from sync.operation import check_values, read
from sync.outbox import Draft, Seen, operation
from sync.record import DIGEST_MASK, digest_part
from sync.redaction import is_redacted
from sync.replica import Replica
from sync.replica_memory import MemoryStorage
from sync.replica_storage import Entry, Stored
from sync.session import Request, Session
from sync.stamps import Stamps
from sync.status import Counts, status
from sync.view import as_record, look

FOLDER = Path(__file__).parent
SCRIPT = FOLDER.parents[1] / "scripts" / "vectors.py"


def vectors(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name):
    told = vectors(name)
    catalogue = read_catalogue(told["catalogue"]) if "catalogue" in told else None
    return [
        pytest.param(catalogue, case, id=str(case.get("name", place)))
        for place, case in enumerate(told["cases"])
    ]


def test_the_vectors_are_those_that_the_engine_gives_now():
    checked = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(("_", "case"), cases("offsets"))
def test_offsets(_, case):
    told = {name: case[name] for name in ("server_ms", "sent_ms", "now_ms", "known")}
    assert offset(**told) == case["offset_ms"]


@pytest.mark.parametrize(("_", "case"), cases("stamps"))
def test_stamps(_, case):
    source = Stamps(device=case["device"], incarnation=case["incarnation"], last=case["last"])
    assert [source.next(now_ms=now_ms) for now_ms in case["now_ms"]] == case["stamps"]


def base_of(case, spec):
    told = case["base"]
    if told is None:
        return None
    keys, row = tuple(told["keys"]), told["row"]
    return as_record(Stored(row[0], spec.name, keys, row, told["deleted"], row[1]), spec)


def pending_of(case):
    return [
        Entry(one["operation"]["stamp"], one["operation"]["record"], one["state"], one["operation"])
        for one in case["pending"]
    ]


@pytest.mark.parametrize(("catalogue", "case"), cases("fold"))
def test_fold(catalogue, case):
    spec = catalogue[case["type"]]
    view = look(base_of(case, spec), pending_of(case), spec)
    if view is None:
        assert case["view"] is None and case["row"] is None
        return
    assert case["row"] == view.record.row()
    assert case["view"] == {
        "values": view.values(),
        "versions": view.record.versions(),
        "head": view.record.head,
        "deleted": view.deleted,
        "marks": {name: list(marks) for name, marks in view.marks.items()},
    }


@pytest.mark.parametrize(("catalogue", "case"), cases("edits"))
def test_edits(catalogue, case):
    draft = case["draft"]
    spec = catalogue[draft["type"]]
    seen = Seen.of(base_of(case, spec), pending_of(case), spec, seen_head=case["seen"])
    about = vectors("edits")["about"]
    actor = about.split("actor ")[1].split(",")[0]
    record = about.split("record ")[-1].rstrip(".")

    def made():
        raw = operation(
            Draft(draft["kind"], draft["type"], record, draft["fields"], draft["extra"]),
            seen,
            spec,
            stamp="0199a1b2e000-0000-k7m2p9q4x3f8",
            actor=actor,
            schema=3,
            at=1_763_900_000_000,
            offset_ms=None,
        )
        if raw is not None:
            check_values(read(raw), spec)
        return raw

    if "refused" in case:
        with pytest.raises(Refusal) as refusal:
            made()
        assert refusal.value.problem.code == case["refused"]
    else:
        assert made() == case["operation"]


@pytest.mark.parametrize(("_", "case"), cases("digests"))
def test_digests(_, case):
    parts = [digest_part(record, head) for record, head in case["rows"]]
    assert [str(part) for part in parts] == case["parts"]
    assert [len(parts), sum(parts) & DIGEST_MASK] == case["digest"]


@pytest.mark.parametrize(("_", "case"), cases("buckets"))
def test_buckets(_, case):
    found = {}
    for record, head in case["rows"]:
        name = f"{crc32(record.encode()) & 0xFF:02x}"
        count, total = found.get(name, (0, 0))
        found[name] = (count + 1, (total + digest_part(record, head)) & DIGEST_MASK)
    assert {name: list(pair) for name, pair in found.items()} == case["buckets"]


@pytest.mark.parametrize(("catalogue", "case"), cases("values"))
def test_values(catalogue, case):
    words = catalogue[case["type"]].by_name[case["field"]].problem(case["value"])
    assert (None if words is None else list(words)) == case["problem"]


@pytest.mark.parametrize(("_", "case"), cases("status"))
def test_status(_, case):
    counts = Counts(case["waiting"], None, case["kept"], case["handed_in_ms"])
    said = status(counts, sending=case["sending"], reachable=case["reachable"])
    assert [said.what, said.words("zh"), said.words("en")] == [
        case[k] for k in ("what", "zh", "en")
    ]


@pytest.mark.parametrize(("_", "case"), cases("cursors"))
def test_cursors(_, case):
    told = case["cursor"]
    if told is None:
        assert Cursor.read(case["text"], feed=case["feed"]) is None
    else:
        cursor = Cursor(**told)
        assert cursor.text() == case["text"]
        assert Cursor.read(case["text"], feed=cursor.feed) == cursor


@pytest.mark.parametrize(("_", "case"), cases("session"))
def test_sessions(_, case):
    session = Session(Request(1, {}, tuple(case["stamps"]), 0))
    session.send()
    end = "\n" if case["ended"] else ""
    session.receive(("\n".join(case["lines"]) + end).encode())
    session.end()
    assert (session.given, session.state) == (case["counted"], case["state"])


@pytest.mark.parametrize(("catalogue", "case"), cases("pages"))
def test_pages(catalogue, case):
    user = vectors("pages")["about"].split("user ")[1].split(".")[0]
    storage = MemoryStorage()
    Replica.enrol(storage, device="k7m2p9q4", user=user)
    replica = Replica(storage, incarnation="x3f8")
    replica.learn(catalogue.describe(), etag=None)
    for step in case["steps"]:
        if "queue" in step:
            body = step["queue"]
            with storage.write() as shelf:
                shelf.save_entries([Entry(body["stamp"], body["record"], "waiting", body)])
        else:
            exchange(replica, step)
        assert kept(replica, step["state"]) == step["state"]


def exchange(replica, step):
    request = replica.begin(now_ms=step["now_ms"])
    assert list(request.stamps) == step["request"]["operations"]
    assert request.body["checkpoint"] == step["request"]["checkpoint"]
    session, intake = Session(request), Intake(replica, request)
    session.send()
    data = b"".join(json.dumps(line).encode() + b"\n" for line in step["lines"])
    intake.take(session.receive(data), now_ms=step["now_ms"])
    session.end()
    assert session.state == step["ended"]


def kept(replica, told):
    """What the replica keeps, in the form of the vectors."""
    with replica.storage.read() as shelf:
        feeds = {
            name: {
                "cursor": feed.cursor,
                "live": recount(shelf, name)[0],
                "sum": recount(shelf, name)[1],
                "resetting": feed.resetting,
                "evicted": feed.evicted,
                "members": shelf.members(name),
            }
            for name, feed in shelf.feeds().items()
        }
        rows = shelf.rows(told["base"])
        everything = {one for spec in replica.catalogue for one in shelf.records(spec.name)}
        states = ("waiting", "arriving", "held", "rejected", "acknowledged")
        operations = {entry.stamp: entry.state for entry in shelf.in_state(*states)}
        blank = [entry.stamp for entry in shelf.in_state(*states) if is_redacted(entry.body)]
        aliases = shelf.aliases()
    assert everything == rows.keys()
    base = {}
    for record, stored in rows.items():
        row = as_record(stored, replica.catalogue[stored.type])
        base[record] = {"head": row.head, "deleted": row.deleted}
        if not row.deleted:
            values = {one.name: row.get(one.name) for one in row.spec.fields}
            base[record] |= {"c": row.c, "versions": row.versions(), "values": values}
    found = {"feeds": feeds, "base": base, "operations": operations, "blank": blank}
    return {**found, "aliases": aliases} if aliases else found
