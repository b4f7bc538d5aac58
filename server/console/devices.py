"""Devices: how each tablet is, who holds it, and letting one in or out.

A code to enrol is shown once, as letters to read out and as a square to scan, and is
worth nothing after a quarter of an hour. Stopping a device never loses work: it may
still hand in, or its work waits for a person.

Invariants
    * Every code issued and every device stopped or let go on is in the audit log.
    * A code stands in one answer and nowhere else: not in an address, a session or a log.
"""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import segno
from flask import abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.audit import ACTS
from server.accounts.enrolment import CODE_MS, issue_code
from server.accounts.sessions import writing
from server.accounts.supervision import STEPS, confirm_replacement, take_step
from server.accounts.tokens import show_code
from server.console import device_list, languages, ledger, wording
from server.console.access import admit, here
from server.console.blueprint import console
from server.console.languages import gettext
from server.console.shell import full_page
from server.models import Audit, Device
from server.services import services
from server.tablet import enrol_link, public_address

__all__ = ["change_device", "device", "devices", "enrol", "issue"]


def deed_words(name: str) -> str:
    """What a person is told when it was done."""
    return {
        "suspend": gettext("Suspended: what it hands in is held until you look at it."),
        "release": gettext("Released: it works as before."),
        "revoke": gettext("Revoked: it gets and hands in nothing more. Enrol a new one."),
        "wipe": gettext("It is told to erase itself when it next asks."),
        "confirm": gettext("Confirmed: it may hand in what the earlier device had left."),
    }[name]


@console.get("/devices")
@admit("devices")
def devices() -> str:
    """All devices, the longest silent first."""
    state, text = request.args.get("state", ""), request.args.get("q", "")[:60]
    lines = device_list.devices(state=state, text=text)
    return full_page(
        "devices.html",
        "parts/devices.html",
        lines=lines,
        state=state,
        text=text,
        states=[
            ("silent", gettext("silent for three days")),
            ("active", gettext("active")),
            ("suspended", gettext("suspended")),
            ("hand_in_only", gettext("may only hand in")),
            ("revoked", gettext("revoked")),
        ],
        help_page="devices",
    )


def _may_succeed(device: Device) -> bool:
    """Whether it asks to take the place of another, and nobody has decided that."""
    if device.replaces is None or device.replaces_confirmed or device.revoked:
        return False
    former = ledger.accounts().get(Device, device.replaces)
    return former is None or former.user == device.user


def _device(device_id: str) -> Device:
    found = ledger.accounts().get(Device, device_id)
    if found is None:
        abort(404)
    return found


@console.get("/devices/<device_id>")
@admit("devices")
def device(device_id: str) -> str:
    """One device, and what was done to it."""
    found = _device(device_id)
    noted = (
        ledger.accounts()
        .scalars(select(Audit).where(Audit.about == device_id).order_by(Audit.at.desc()).limit(50))
        .all()
    )
    titles = ledger.titles()
    titles.load(one.user for one in noted)
    zh = languages.language() == "zh"
    ordered = next((one.at for one in noted if one.what == "device_wiped"), None)
    return render_template(
        "device.html",
        device=device_list.line_of(found, wipe_ordered_at=ordered),
        may_succeed=_may_succeed(found),
        log=[
            (one.at, titles.of(one.user) or gettext("the system"), ACTS[one.what][0 if zh else 1])
            for one in noted
            if one.what in ACTS
        ],
        help_page="devices",
    )


@console.post("/devices/<device_id>/<deed>")
@admit("devices", "act")
def change_device(device_id: str, deed: str) -> AnyResponse:
    """Suspend, release or revoke a device, have it erase itself, or let it replace another."""
    if deed not in STEPS and deed != "confirm":
        abort(404)
    if deed == "confirm" and not _may_succeed(_device(device_id)):
        abort(404)
    _device(device_id)
    person = here()
    ledger.finish()
    with writing(services().store) as session:
        found = session.get_one(Device, device_id)
        if deed == "confirm":
            confirm_replacement(session, found, by=person.id, now_ms=ledger.now_ms())
        else:
            take_step(session, found, deed, by=person.id, now_ms=ledger.now_ms())
    flash(deed_words(deed), "good" if deed in ("release", "confirm") else "warn")
    return redirect(url_for("console.device", device_id=device_id))


# Enrolment ------------------------------------------------------------------------------------


def _people() -> list[tuple[str, str]]:
    """(id, name and role) of the people who may hold a device."""
    user = ledger.table("user")
    role = ledger.catalogue_type("user").by_name["role"]
    query = (
        select(user.c.id, user.c.name, user.c.role)
        .where(user.c.active.is_not(False))
        .order_by(user.c.role, user.c.name)
    )
    return [
        (row.id, f"{row.name} · {wording.said(role, row.role, str)}")
        for row in ledger.connection().execute(query)
    ]


@console.get("/enrol")
@admit("devices")
def enrol() -> str:
    """Choose whom a new device is for."""
    return render_template(
        "enrol.html", people=_people(), chosen=request.args.get("user", ""), help_page="devices"
    )


@console.post("/enrol")
@admit("devices", "act")
def issue() -> str:
    """A code for one person, shown once."""
    person, user = here(), request.form.get("user", "")
    names = dict(_people())
    if user not in names:
        return render_template(
            "enrol.html",
            people=_people(),
            chosen="",
            wrong=gettext("Choose whom the device is for."),
            help_page="devices",
        )
    now = ledger.now_ms()
    ledger.finish()
    with writing(services().store) as session:
        code = issue_code(session, user=user, now_ms=now, draw=services().draw, by=person.id)
    settings = services().settings
    address = public_address(settings, request.host_url)
    return render_template(
        "enrol.html",
        people=list(names.items()),
        chosen=user,
        holder=names[user],
        code=show_code(code),
        square=_square(enrol_link(address, show_code(code))),
        app=f"{address}/tablet/",
        only_here=_only_here(address),
        until=now + CODE_MS,
        help_page="devices",
    )


def _only_here(address: str) -> bool:
    """Whether an address leads every machine to itself, so that no tablet could follow it."""
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


def _square(link: str) -> Markup:
    """The link as a QR square in SVG, without a style of its own."""
    drawn = io.BytesIO()
    segno.make(link, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=1, omitsize=True
    )
    # The square holds nothing but modules: whatever the link is, none of it is markup.
    return Markup(drawn.getvalue().decode())  # nosec B704 - see above
