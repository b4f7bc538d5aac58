"""Photos of records: shown on a record's page, to who may see the record.

The console asks the same question as a tablet's door (``Uploads.show``): a record that this
person sees, that refers to the photo, for which the photo was sent.
"""

from __future__ import annotations

from flask import Response

from server.api.attachments import picture_response
from server.attachments.uploads import Uploads
from server.console import ledger
from server.console.access import admit, here
from server.console.blueprint import console
from server.console.file_changes import seen_record
from server.services import services
from sync.errors import Refusal
from sync.record import Record

__all__ = ["has_arrived", "photo"]


@console.get("/records/<record_id>/photo/<digest>")
@admit("grids")
def photo(record_id: str, digest: str) -> Response:
    """A record's photo."""
    seen_record(record_id)
    ledger.finish()
    return picture_response(here().scope, digest, record_id)


def has_arrived(record: Record, digest: str) -> bool:
    """Whether a photo to which a record refers can be shown."""
    uploads: Uploads = services().uploads
    try:
        uploads.picture(record, digest)
    except Refusal:
        return False
    return True
