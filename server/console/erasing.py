"""Erasing what is known about somebody, at their request, for good.

A person may demand it, and whoever does it must know before what it will reach, that there is
no way back, and what a machine cannot find: names in the texts of other records, backups, paper.

Invariants
    * Nothing is erased without a purpose and a second, deliberate yes.
    * What is shown before is counted and named by kind, never quoted.
"""

from __future__ import annotations

from collections import Counter

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import redaction
from server.console import ledger, wording
from server.console.access import admit, here
from server.console.blueprint import console
from server.console.file_changes import seen_record
from server.console.languages import gettext
from server.records.personal import PERSONAL
from server.services import services

__all__ = ["erase", "erased"]

PURPOSE_MIN, PURPOSE_MAX = 4, 300


def _page(record_id: str, *, wrong: str | None = None) -> str:
    record = seen_record(record_id)
    titles = ledger.titles()
    titles.put(record)
    plans = {
        name: redaction.plan(services(), record_id, related=name == "related")
        for name in ("only", "related")
    }
    reach = {name: _reach(one) for name, one in plans.items() if one is not None}
    if not reach:
        abort(404)
    return render_template(
        "erase.html",
        record=record,
        title=titles.of(record.id) or wording.type_label(record.spec),
        fields=[wording.label(record.spec.by_name[one]) for one in PERSONAL[record.spec.name]],
        reach=reach,
        wrong=wrong,
        help_page="files",
    )


def _reach(wanted: redaction.Plan) -> str:
    """What a plan reaches, in words."""
    kinds = Counter(wording.type_label(one.spec) for one in wanted.records)
    words = [f"{kind} {count}" for kind, count in sorted(kinds.items())]
    words.append(gettext("notices that quote them: %(count)s", count=len(wanted.notices)))
    words.append(gettext("photos: %(count)s", count=wanted.photos))
    return gettext(", ").join(words)


@console.get("/records/<record_id>/erase")
@admit("grids", "act")
def erase(record_id: str) -> str:
    """What would be erased, and the form that asks for a purpose and a yes."""
    return _page(record_id)


@console.post("/records/<record_id>/erase")
@admit("grids", "act")
def erased(record_id: str) -> AnyResponse | str:
    """Erase it."""
    person, record = here(), seen_record(record_id)
    purpose = request.form.get("purpose", "").strip()
    if not PURPOSE_MIN <= len(purpose) <= PURPOSE_MAX:
        return _page(record_id, wrong=gettext("Write down for what purpose, in a few words."))
    if request.form.get("sure") != "yes":
        return _page(record_id, wrong=gettext("Tick that it cannot be undone."))
    ledger.finish()
    related = request.form.get("reach") == "related"
    wanted = redaction.plan(services(), record.id, related=related)
    if wanted is None:
        abort(404)
    done = redaction.carry_out(services(), wanted, actor=person.id, by=person.id, purpose=purpose)
    words = gettext(
        "Erased in %(count)s records. Each tablet loses its copy when it next asks.", count=done
    )
    flash(words, "good")
    return redirect(url_for("console.record_page", record_id=record.id))
