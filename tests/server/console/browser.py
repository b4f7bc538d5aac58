"""A browser without a screen: signs in, keeps the cookies, sends forms as pages would."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.accounts.sessions import reading
from server.models import Account
from tests.server.console.county import County

__all__ = ["Browser"]

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


class Browser:
    """One person at one browser."""

    def __init__(self, county: County, username: str | None, *, lang: str = "en") -> None:
        self.county = county
        self.client: FlaskClient = county.app.test_client()
        self.client.set_cookie("yuanba_lang", lang)
        if username is not None:
            with reading(county.services.store) as session:
                account = session.scalars(select(Account).where(Account.username == username)).one()
            with self.client.session_transaction() as kept:
                kept["_user_id"], kept["_fresh"] = account.get_id(), True

    def get(self, path: str, *, partial: bool = False, **query: Any) -> TestResponse:
        """A page, or for htmx a part of one."""
        headers = {"HX-Request": "true"} if partial else {}
        return self.client.get(path, query_string=query or None, headers=headers, buffered=True)

    def text(self, path: str, *, partial: bool = False, **query: Any) -> str:
        """What a page says, without its marks; it must be there."""
        answer = self.get(path, partial=partial, **query)
        assert answer.status_code == 200, (path, answer.status_code)
        return words_of(answer)

    def post(self, path: str, /, **fields: Any) -> TestResponse:
        """A form, with the token that the console's pages carry."""
        found = _TOKEN.search(self.client.get("/help").get_data(as_text=True))
        token = found[1] if found else ""
        return self.client.post(path, data={**fields, "csrf_token": token})

    def follow(self, answer: TestResponse) -> str:
        """Where an answer leads."""
        assert answer.status_code == 302, words_of(answer)
        return self.text(answer.headers["Location"].split("#")[0])

    def inputs(self, path: str) -> dict[str, Any]:
        """The fields of the page's form, as they are filled in."""
        page = self.get(path).get_data(as_text=True)
        fields: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", page):
            name, value = _attribute(tag, "name"), _attribute(tag, "value")
            if name and 'type="checkbox"' not in tag and 'type="radio"' not in tag:
                fields[name] = value
            elif name and " checked" in tag:
                fields.setdefault(name, []).append(value)
        for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page):
            chosen = re.search(r'<option value="([^"]*)" selected', inside)
            fields[name] = html.unescape(chosen[1]) if chosen else ""
        for name, inside in re.findall(
            r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL
        ):
            fields[name] = html.unescape(inside)
        return fields


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def words_of(answer: TestResponse) -> str:
    """The text of a page: tags out, entities read, blanks joined."""
    page = re.sub(r"<(script|style).*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))
