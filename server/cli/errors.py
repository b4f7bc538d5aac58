"""What an operator can put right, as a sentence instead of a traceback.

>>> explain(OperatorError("There is no user 17."))
'There is no user 17.'
>>> explain(KeyError("a fault of ours")) is None
True
"""

from __future__ import annotations

import re

from server.settings import SettingsError


class OperatorError(Exception):
    """Something that the operator can put right; the text is the sentence they read."""


def explain(error: BaseException) -> str | None:
    """The sentence for an error that is no fault of the program's, or None for one that is."""
    if isinstance(error, OperatorError | SettingsError):
        return str(error)
    # By name, because importing the drivers costs a third of a second and most commands succeed.
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    if "server.store.snapshot.Busy" in names:
        return "Others are writing to the database, or it does not answer. Try again in a moment."
    if names & {"sqlalchemy.exc.OperationalError", "sqlalchemy.exc.ArgumentError"}:
        said = " ".join(str(getattr(error, "orig", error)).split())
        if re.match(r"(no such|.*does not exist|.*syntax error)", said):
            return None
        return f"The database cannot be used: {said}. YUANBA_DATABASE_URL says which one it is."
    return None
