"""Help: pages of the product, written in Markdown, in both languages.

A person who presses ``?`` reads about the room that they are in. The pages lie beside
the code as ``server/help/<language>/<page>.md``; the first heading is the title, and
``order`` says how they stand in the list.

Invariants
    * Every page exists in both languages, under the same name (a test looks).
    * Markdown is ours, and still: no HTML in it passes.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flask import abort, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

from server.console import languages
from server.console.access import admit_anybody
from server.console.blueprint import console

__all__ = ["HELP", "ORDER", "HelpPage", "help_page", "pages"]

HELP = Path(__file__).parent.parent / "help"

ORDER = (
    "index",
    "households",
    "files",
    "conflicts",
    "map",
    "devices",
    "tablet",
    "certificate",
    "waiting",
    "keys",
)


class HelpPage(NamedTuple):
    """One page, rendered."""

    name: str
    title: str
    body: Markup


@cache
def _page(lang: str, name: str) -> HelpPage:
    text = (HELP / lang / f"{name}.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ").strip()
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    # As files they name each other with `.md`; as pages they have no such ending.
    rendered = re.sub(r'href="(\w+)\.md"', r'href="\1"', parser.render(text))
    # The text is a file of this package, and HTML in it is escaped.
    return HelpPage(name, title, Markup(rendered))  # nosec B704 - see above


def pages(lang: str) -> list[HelpPage]:
    """All pages of a language, in their order."""
    return [_page(lang, name) for name in ORDER]


@console.get("/help/<page>")
@console.get("/help")
@admit_anybody
def help_page(page: str = "index") -> str:
    """One page of the help."""
    if page not in ORDER:
        abort(404)
    lang = languages.language()
    return render_template("help.html", shown=_page(lang, page), pages=pages(lang), help_page=page)
