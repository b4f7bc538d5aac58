"""A tablet's work from a file, where its network or its radio is dead.

A signed file is taken at once, as its device's exchange would be. One that nobody signed, or
of a device that is revoked, is held: each change waits in "Kept aside" for a person. The
photos that a tablet copies beside it come as a zip.
"""

from __future__ import annotations

import io

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import bundles
from server.api.bodies import parse
from server.attachments import carried
from server.console import languages, ledger
from server.console.access import admit, here
from server.console.blueprint import console
from server.console.languages import gettext
from server.services import services
from sync.errors import Problem, Refusal

__all__ = ["take_file"]

_NEEDS_A_LOOK = frozenset({"bundle_unsigned", "bundle_revoked"})


@console.post("/devices/work")
@admit("devices", "act")
def take_file() -> AnyResponse:
    """Take a file of unsent work."""
    person = here()
    ledger.finish()
    sent = request.files.get("file")
    data = sent.stream.read(carried.LIMIT_BYTES + 1) if sent is not None else b""
    limit = carried.LIMIT_BYTES if carried.is_zip(data) else bundles.LIMIT_BYTES
    try:
        if len(data) > limit:
            raise Refusal(Problem("too_large", params={"limit": limit}))
        if carried.is_zip(data):
            return _take_photos(person.id, data)
        taken = _taken(parse(data))
    except Refusal as refusal:
        flash(refusal.problem.message(languages.language()), "bad")
        return redirect(url_for("console.devices"))
    ledger.note("bundle_taken", user=person.id, about=taken.device)
    words = gettext(
        "%(count)s changes taken from the file; %(held)s of them wait in Kept aside, "
        "%(repeated)s were here before.",
        count=taken.operations,
        held=taken.held,
        repeated=taken.repeated,
    )
    flash(words, "warn" if taken.held else "good")
    return redirect(url_for("console.device", device_id=taken.device))


def _take_photos(user: str, data: bytes) -> AnyResponse:
    found = carried.take(services().uploads, io.BytesIO(data))
    if found.device is not None:
        ledger.note("bundle_taken", user=user, about=found.device)
    words = gettext(
        "%(count)s photos taken from the file; %(repeated)s were here before, "
        "%(refused)s could not be taken.",
        count=found.taken,
        repeated=found.repeated,
        refused=found.refused,
    )
    flash(words, "warn" if found.refused else "good")
    return redirect(url_for("console.devices"))


def _taken(told: object) -> bundles.Taken:
    try:
        return bundles.take(services(), told)
    except Refusal as refusal:
        if refusal.problem.code not in _NEEDS_A_LOOK:
            raise
    return bundles.take_unsigned(services(), told)
