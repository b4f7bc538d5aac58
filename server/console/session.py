"""Sign in, sign out, and how a person likes the console.

A session is a signed cookie that names an account and its epoch: raising the epoch
ends every session of the account, everywhere, at once. What a person may see is read
anew on each request, so that whoever loses a role loses the rooms with it.

Invariants
    * A refused sign-in says the same for a wrong name, a wrong password and a locked
      account, and takes the same time.
    * After signing in one goes to an address of this console, never elsewhere.
    * Each sign-in, refusal and sign-out is in the audit log.

>>> local_path("//evil.example/x"), local_path("/map?by=conflicts")
(None, '/map?by=conflicts')
"""

from __future__ import annotations

import re

from flask import Flask, Request, flash, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server.accounts import passwords
from server.accounts.sessions import taking_turns
from server.api.limits import SIGN_IN, counting_refusals
from server.console import languages, ledger, shell
from server.console.access import admit_anybody, here
from server.console.blueprint import console
from server.console.languages import gettext
from server.models import Account
from server.services import services

__all__ = ["install", "local_path"]

_LOCAL = re.compile(r"/(?![/\\])[^\x00-\x1f\\]*")
_COOKIE_S = 400 * 86_400
_THEMES = ("light", "dark", "auto")


class Sessions(SecureCookieSessionInterface):
    """Flask's own. Who brings no cookie, as no tablet does, has an empty session at once: to
    derive the key that would verify one takes longer than to find a photo.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request."""
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        return self.session_class()


def install(app: Flask) -> None:
    """Let an application know who is signed in."""
    app.session_interface = Sessions()
    manager = LoginManager()
    manager.session_protection = "basic"
    manager.user_loader(_load)
    manager.init_app(app)


def _load(named: str) -> Account | None:
    """The account that a session names, unless its epoch has passed or it is locked."""
    number, _, epoch = named.partition(".")
    if not number.isdecimal():
        return None
    account = ledger.accounts().get(Account, int(number))
    if account is None or account.locked or str(account.session_epoch) != epoch:
        return None
    return account


def local_path(wanted: str | None) -> str | None:
    """An address within this console, or None."""
    return wanted if wanted and _LOCAL.fullmatch(wanted) else None


@console.route("/sign-in", methods=["GET", "POST"])
@counting_refusals(SIGN_IN)
def sign_in() -> AnyResponse | str | tuple[str, int]:
    """The first page: name and password."""
    after = local_path(request.args.get("next")) or url_for("console.home")
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(after)
        return render_template("sign_in.html", username="", wrong=None)
    username = request.form.get("username", "")
    account = _opened_by(username, request.form.get("password", ""))
    if account is None:
        wrong = gettext("The user name or the password is not right. Nothing else was checked.")
        return render_template("sign_in.html", username=username[:100], wrong=wrong), 401
    if shell.person_of(account.user) is None:
        wrong = gettext(
            "This account's holder is no longer listed as active. Ask an administrator."
        )
        return render_template("sign_in.html", username=username[:100], wrong=wrong), 403
    session.clear()
    session.permanent = True
    login_user(account)
    return redirect(after)


def _opened_by(username: str, password: str) -> Account | None:
    """The account that name and password open; the attempt is noted whatever comes of it."""
    ledger.finish()
    store = services().store
    with Session(store.engine, expire_on_commit=False) as opened:
        account = passwords.sign_in(
            opened, username=username, password=password, now_ms=ledger.now_ms()
        )
        # The first thing it does after hashing is a write, and that takes its turn.
        with taking_turns(store):
            opened.commit()
    return account


@console.post("/sign-out")
@admit_anybody
def sign_out() -> AnyResponse:
    """End this session."""
    ledger.note("signed_out", user=here().id)
    logout_user()
    session.clear()
    flash(gettext("You are signed out."), "good")
    return redirect(url_for("console.sign_in"))


@console.post("/preferences")
def preferences() -> AnyResponse:
    """Language and light, kept in cookies of this browser."""
    back = local_path(request.form.get("back", "").rstrip("?")) or url_for("console.home")
    answer = redirect(back)
    secure = bool(request.is_secure)
    if (lang := request.form.get("lang")) in languages.LANGUAGES:
        answer.set_cookie(
            languages.COOKIE, lang, max_age=_COOKIE_S, httponly=True, samesite="Lax", secure=secure
        )
    if (theme := request.form.get("theme")) in _THEMES:
        answer.set_cookie(
            "yuanba_theme", theme, max_age=_COOKIE_S, httponly=True, samesite="Lax", secure=secure
        )
    return answer
