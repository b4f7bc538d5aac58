"""What ``scripts/dev.py`` built: small enough, whole, and calling nobody else's server."""

import gzip
import json
import re
import struct
from importlib.metadata import version

import pytest

from server.tablet import DIST

SCRIPT_BYTES_MAX = 120_000
SHELL_BYTES_MAX = 200_000
HOME_SCREEN = {"192x192", "512x512"}


@pytest.fixture(scope="module")
def built():
    """The build's files by their names, as browsers ask for them."""
    assert (DIST / "index.html").exists(), "build it first: python3 scripts/dev.py setup"
    found = {path.relative_to(DIST).as_posix(): path for path in DIST.rglob("*") if path.is_file()}
    return {name: path for name, path in found.items() if not name.endswith((".gz", "prepared"))}


@pytest.fixture(scope="module")
def precached(built):
    """The list that the service worker was built with."""
    text = built["sw.js"].read_text(encoding="utf-8")
    found = re.search(r"JSON\.parse\((\"(?:[^\"\\]|\\.)*\")\)", text)
    assert found is not None
    return json.loads(json.loads(found[1]))


def packed_size(path):
    return len(gzip.compress(path.read_bytes(), mtime=0))


@pytest.mark.parametrize(("lang", "other"), [("zh-CN", "en"), ("en", "zh-CN")])
def test_all_scripts_that_a_tablet_runs_are_smaller_than_120_kb_packed(built, lang, other):
    scripts = {
        name: packed_size(path)
        for name, path in built.items()
        if name.endswith(".js") and not name.startswith(f"assets/{other}-")
    }
    assert any(name.startswith(f"assets/{lang}-") for name in scripts)
    assert sum(scripts.values()) < SCRIPT_BYTES_MAX, scripts


def test_everything_that_is_kept_for_offline_comes_in_seconds_on_a_slow_network(built, precached):
    sizes = {name: packed_size(built[name]) for name in precached["files"]}
    assert sum(sizes.values()) < SHELL_BYTES_MAX, sizes


def test_the_service_worker_keeps_every_file_that_a_page_may_ask_for(built, precached):
    of_the_system = {name for name in built if re.fullmatch(r"icons/(.*\.png|maskable\.svg)", name)}
    assert set(precached["files"]) == set(built) - of_the_system - {"sw.js"}
    assert len(precached["files"]) == len(set(precached["files"]))
    assert re.fullmatch(r"[0-9a-f]{12}", precached["version"])


def test_the_service_worker_is_one_classic_script(built):
    text = built["sw.js"].read_text(encoding="utf-8")
    assert not re.search(r"(^|[;}\s])(import|export)[\s{(\"'*]", text)


def test_the_page_has_no_inline_script_or_style_and_names_only_files_that_are_there(built):
    page = built["index.html"].read_text(encoding="utf-8")
    scripts = re.findall(r"<script([^>]*)>([^<]*)</script>", page)
    assert scripts
    assert [body for _, body in scripts if body.strip()] == []
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [one for one in named if one.removeprefix("/tablet/") not in built] == []


def test_the_page_says_which_version_it_is(built):
    page = built["index.html"].read_text(encoding="utf-8")
    found = re.search(r'<meta name="app-version" content="([^"]+)"', page)
    assert found is not None
    assert found[1].startswith(version("yuanba"))


def test_the_app_calls_no_other_host(built):
    address = re.compile(r"(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I)
    # Names of XML, our own examples, and pages that a library's messages name to programmers.
    harmless = ("http://www.w3.org", "https://yuanba.", "https://bit.ly", "https://dexie")
    found = {
        (name, one)
        for name, path in built.items()
        if path.suffix in {".js", ".css", ".html", ".webmanifest"}
        for one in address.findall(path.read_text(encoding="utf-8"))
        if not one.startswith(harmless)
    }
    assert {
        one for one in found if not one[1].startswith(("https://bit.ly", "https://dexie"))
    } == set()


@pytest.mark.parametrize(
    ("name", "lang"), [("manifest.webmanifest", "zh-CN"), ("manifest.en.webmanifest", "en")]
)
def test_each_manifest_is_complete_and_its_icons_are_as_large_as_they_say(built, name, lang):
    manifest = json.loads(built[name].read_text(encoding="utf-8"))
    assert manifest["lang"] == lang
    assert manifest["display"] == "standalone"
    assert manifest["id"] == "/tablet/"
    for member in ("name", "short_name", "description", "start_url", "scope", "theme_color"):
        assert manifest[member]
    sizes = {"any": set(), "maskable": set()}
    for icon in manifest["icons"]:
        path = built[icon["src"]]
        if path.suffix == ".png":
            header = path.read_bytes()[:24]
            assert header[1:4] == b"PNG"
            width, height = struct.unpack(">II", header[16:24])
            assert icon["sizes"] == f"{width}x{height}", icon
            sizes[icon["purpose"]].add(icon["sizes"])
    assert sizes["any"] >= HOME_SCREEN
    assert sizes["maskable"] >= HOME_SCREEN


def test_each_large_text_lies_packed_beside_itself(built):
    for name, path in built.items():
        if path.suffix in {".js", ".css"} and path.stat().st_size > 1_000:
            packed = path.with_name(path.name + ".gz")
            assert gzip.decompress(packed.read_bytes()) == path.read_bytes(), name
