"""The app as browsers get it: headers, caches, and what a server says that has no app."""

import gzip
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient

from server import tablet
from server.app import create_app
from server.settings import Settings
from server.store.migrate import migrate


@pytest.fixture
def dist(tmp_path, monkeypatch):
    """A build: a page, a script with a hash in its name (packed too), a worker, an icon."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>院坝</title>")
    (folder / "sw.js").write_text("self")
    (folder / "manifest.webmanifest").write_text("{}")
    (folder / "icon.png").write_bytes(b"\x89PNG")
    (folder / "private.db").write_bytes(b"nobody's business")
    script = b"console.log(1)" * 99
    (folder / "assets" / "app-Ab12Cd34.js").write_bytes(script)
    (folder / "assets" / "app-Ab12Cd34.js.gz").write_bytes(gzip.compress(script))
    monkeypatch.setattr(tablet, "DIST", folder)
    return folder


class Buffered(NamedTuple):
    """A client that reads each answer to its end, so that no file stays open."""

    client: FlaskClient

    def get(self, path, **more):
        return self.client.get(path, buffered=True, **more)


def browser(sqlite_url, **settings):
    chosen = Settings(database_url=sqlite_url, secret="s" * 32, **settings)
    migrate(chosen)
    return Buffered(create_app(chosen).test_client())


@pytest.fixture
def client(sqlite_url, dist):
    return browser(sqlite_url)


def test_a_file_with_a_hash_in_its_name_is_kept_for_a_year(client):
    answer = client.get("/tablet/assets/app-Ab12Cd34.js")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("sw.js", "text/javascript; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("icon.png", "image/png"),
    ],
)
def test_everything_else_is_asked_for_anew_and_costs_nothing_if_it_is_the_same(client, path, kind):
    answer = client.get(f"/tablet/{path}")
    assert (answer.status_code, answer.content_type) == (200, kind)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(f"/tablet/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_packed_file_is_sent_packed_to_whoever_can_unpack_it(client):
    path = "/tablet/assets/app-Ab12Cd34.js"
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert plain.headers["ETag"] != packed.headers["ETag"]


def test_any_address_of_the_app_gets_its_page_but_never_in_place_of_a_file(client):
    for path in ("/tablet/", "/tablet/household/7"):
        assert "院坝" in client.get(path).get_data(as_text=True)
    for path in ("assets/app-Old00000.js", "sw.old.js", "private.db", "..%2f__init__.py"):
        answer = client.get(f"/tablet/{path}")
        assert answer.status_code == 404, path
        assert "<" not in answer.get_data(as_text=True)
    assert client.get("/tablet").status_code == 308


@pytest.mark.parametrize("path", ["", "assets/app-Ab12Cd34.js", "sw.js", "missing.js"])
def test_every_answer_lets_nothing_run_but_our_own_files(client, path):
    headers = client.get(f"/tablet/{path}").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"].startswith("camera=(self), geolocation=(self)")
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


def test_in_production_browsers_are_told_to_stay_with_https(sqlite_url, dist):
    headers = browser(sqlite_url, mode="production").get("/tablet/").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_server_without_the_app_says_so_in_both_languages(client, dist):
    for path in sorted(dist.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    answer = client.get("/tablet/")
    words = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
    assert "还没有平板应用" in words and "has not been built" in words
    assert "scripts/dev.py setup" in words
    assert client.get("/tablet/sw.js").status_code == 404
