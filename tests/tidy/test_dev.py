"""scripts/dev.py on machines that lack something: it says what, and what to install.

It is loaded from its file, as nobody imports scripts.
"""

import ast
import gzip
import importlib.util
import os
import socket
import stat
import subprocess
import sys

import pytest

from tests.tidy.project import ROOT

SOURCE = ROOT / "scripts" / "dev.py"
PLENTY_MB = 50_000


@pytest.fixture
def dev():
    spec = importlib.util.spec_from_file_location("dev_for_tests", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.has_module = everything
    return module


def everything(name):
    return True


def everything_but(*lacking):
    return lambda name: name not in lacking


def test_a_complete_machine_lacks_nothing(dev):
    assert dev.what_is_missing((3, 11, 0), everything, PLENTY_MB, "posix") == []
    assert dev.what_is_missing((3, 14, 0), everything, PLENTY_MB, "posix") == []


def test_an_old_python_is_told_which_one_is_needed_and_how_to_get_it(dev, monkeypatch):
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    (told,) = dev.what_is_missing((3, 9, 2), everything, PLENTY_MB, "posix")
    assert "needs Python 3.11 or newer; this is Python 3.9.2" in told
    assert "sudo apt install python3 python3-venv" in told


def test_an_old_python_points_to_the_new_one_beside_it(dev, monkeypatch):
    monkeypatch.setattr(dev.shutil, "which", lambda name: name == "python3.12")
    monkeypatch.setattr(sys, "argv", ["scripts/dev.py", "demo"])
    (told,) = dev.what_is_missing((3, 8, 0), everything, PLENTY_MB, "posix")
    assert told.endswith("python3.12 is on this machine: python3.12 scripts/dev.py demo")


def test_an_old_python_can_read_the_file_far_enough_to_say_so():
    for source in (SOURCE, SOURCE.with_name("machine.py")):
        ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_debian_without_pip_and_ensurepip_is_told_which_package_to_install(dev):
    (told,) = dev.what_is_missing(
        (3, 11, 2), everything_but("pip", "ensurepip"), PLENTY_MB, "posix"
    )
    assert "neither pip nor ensurepip" in told
    assert "sudo apt install python3-venv" in told


@pytest.mark.parametrize("lacking", ["pip", "ensurepip"])
def test_one_of_pip_and_ensurepip_is_enough(dev, lacking):
    assert dev.what_is_missing((3, 11, 2), everything_but(lacking), PLENTY_MB, "posix") == []


@pytest.mark.parametrize("part", ["venv", "ssl", "sqlite3"])
def test_an_incomplete_python_is_told_part_by_part(dev, part):
    (told,) = dev.what_is_missing((3, 12, 0), everything_but(part), PLENTY_MB, "posix")
    assert "This Python is incomplete" in told
    assert "sudo apt install" in told


def test_everything_that_is_missing_is_told_at_once(dev):
    told = dev.what_is_missing((3, 12, 0), lambda name: False, 3, "posix")
    assert len(told) == 5
    assert "3 MB are free" in told[-1]


def test_on_windows_the_way_in_is_named(dev):
    assert "WSL" in dev.what_is_missing((3, 12, 0), everything, PLENTY_MB, "nt")[0]


def test_what_is_missing_is_printed_without_a_traceback_and_exits_with_2(dev, monkeypatch, capsys):
    monkeypatch.setenv("YUANBA_VENV", str(ROOT / "no-such-folder"))
    monkeypatch.setattr(dev, "has_module", everything_but("pip", "ensurepip"))
    assert dev.main(["setup"]) == 2
    assert "python3-venv" in capsys.readouterr().err
    assert not (ROOT / "no-such-folder").exists()


def test_a_step_that_fails_shows_the_command_and_its_last_words(dev, tmp_path):
    command = [sys.executable, "-c", "import sys; print('no space left'); sys.exit(1)"]
    with pytest.raises(dev.SetupError, match=r"(?s)This command failed: .*no space left"):
        dev.run(command, cwd=tmp_path)


def test_uv_and_npm_are_told_what_pip_was_told(dev, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("UV_", "SSL_", "NODE_"))]:
        monkeypatch.delenv(name)
    told = dev.settings_for_uv(
        {"index-url": "mirror", "extra-index-url": "a b", "find-links": "c d", "cert": "ca.pem"}
    )
    assert told == {
        "UV_DEFAULT_INDEX": "mirror",
        "UV_INDEX": "a b",
        "UV_FIND_LINKS": "c,d",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_SYSTEM_CERTS": "true",
        "SSL_CERT_FILE": "ca.pem",
        "NODE_EXTRA_CA_CERTS": "ca.pem",
    }


def test_what_the_machine_says_to_uv_itself_wins(dev, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "its own")
    assert "UV_DEFAULT_INDEX" not in dev.settings_for_uv({"index-url": "mirror"})


def test_pips_settings_are_read_as_pip_prints_them(dev, monkeypatch, tmp_path):
    printed = "global.index-url='mirror'\n:env:.cert='ca.pem'\nlist.format='x'\nglobal.odd=(\n"
    monkeypatch.setattr(dev, "run", lambda command: printed)
    assert dev.pip_settings(tmp_path) == {"index-url": "mirror", "cert": "ca.pem"}


def test_uv_is_installed_from_its_own_lines_of_the_lock_file(dev, monkeypatch, tmp_path):
    read = []
    monkeypatch.setattr(dev, "run", lambda command: read.append(command[-1].read_text()))
    dev.install_uv(tmp_path)
    assert read[0].startswith("uv==")
    assert "--hash=sha256:" in read[0]
    assert read[0].count("==") == 1


def test_when_uv_cannot_install_pip_does(dev, monkeypatch, tmp_path, capsys):
    (tmp_path / "bin").mkdir()
    for name in ("python", "uv"):
        (tmp_path / "bin" / name).touch()
    done = []

    def uv_fails(*_):
        raise dev.SetupError("no route to the index")

    monkeypatch.setattr(dev, "pip_settings", lambda venv: {})
    monkeypatch.setattr(dev, "install_with_uv", uv_fails)
    monkeypatch.setattr(dev, "install_with_pip", done.append)
    dev.prepare_venv(tmp_path)
    assert done == [tmp_path]
    assert "no route to the index" in capsys.readouterr().out


def test_a_second_run_installs_nothing(dev, monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("python", "uv", "yuanba"):
        (tmp_path / "bin" / name).touch()
    done = []
    monkeypatch.setattr(dev, "pip_settings", lambda venv: {})
    monkeypatch.setattr(dev, "install_with_uv", lambda *_: done.append("installed"))
    dev.prepare_venv(tmp_path)
    dev.prepare_venv(tmp_path)
    assert done == ["installed"]


def test_the_next_port_is_taken_when_the_first_is_in_use(dev):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        assert dev.free_port(first) > first


def test_the_demo_password_is_drawn_once_and_only_its_owner_reads_it(dev, tmp_path):
    first = dev.demo_password(tmp_path / "data")
    assert dev.demo_password(tmp_path / "data") == first
    assert stat.S_IMODE((tmp_path / "data" / "demo-password").stat().st_mode) == 0o600


@pytest.fixture
def checks(dev, monkeypatch, tmp_path):
    """dev.py with three checks of which the second fails, and a record of what ran."""
    for name, code in {"one": 0, "two": 3, "three": 0, "pytest": 0}.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/ran\n'
            f"echo words of {name} >&2\nexit {code}\n"
        )
        program.chmod(0o755)
    monkeypatch.setattr(dev, "CHECKS", {"one": ["one", "a"], "two": ["two"], "three": ["three"]})
    monkeypatch.setattr(dev, "setup", lambda arguments: 0)
    monkeypatch.setattr(dev, "prepare_browser", lambda venv: None)
    monkeypatch.setenv("YUANBA_VENV", str(tmp_path))
    return lambda: (tmp_path / "ran").read_text().splitlines()


def test_every_check_runs_although_one_fails_and_the_end_names_it(dev, checks, capsys):
    assert dev.main(["test"]) == 1
    assert checks() == ["one a", "two", "three"]
    said = capsys.readouterr().out.strip().splitlines()
    assert said[-1].startswith("failed: two (")
    assert said.count("words of one") == 1
    assert said[-4:-2] == ["== what failed in two", "words of two"]


def test_arguments_after_two_dashes_go_to_pytest_alone(dev, checks):
    assert dev.main(["test", "--", "-k", "some words"]) == 0
    assert checks() == ["pytest -k some words"]


def test_what_runs_on_node_runs_in_the_folder_of_the_tablet_app(dev, monkeypatch, tmp_path):
    monkeypatch.setattr(dev, "npm", lambda venv: (["the node", "its npm"], {}))
    called = dev.checker(tmp_path, "node", ["tsc"])
    assert called == {"args": ["the node", "tsc"], "cwd": ROOT / "server" / "tablet"}
    called = dev.checker(tmp_path, "ruff", ["check"])
    assert called == {"args": [tmp_path / "bin" / "ruff", "check"], "cwd": ROOT}


@pytest.fixture
def tablet(dev, monkeypatch, tmp_path):
    """A tablet app whose tools only note that they were called, and a build of one script."""
    folder = tmp_path / "tablet"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("1")
    (folder / "package-lock.json").write_text("{}")
    called = []

    def run(command, *, env, cwd):
        called.append(command[1])
        (folder / "node_modules" / ".dist").mkdir(parents=True, exist_ok=True)
        if command[2] == "build":
            (folder / "node_modules" / ".dist" / "app.js").write_text("let a = 1;" * 200)

    monkeypatch.setattr(dev, "TABLET", folder)
    monkeypatch.setattr(dev, "npm", lambda venv: (["node", "npm"], {}))
    monkeypatch.setattr(dev, "run", run)
    return folder, called


def test_the_tablet_app_is_built_once_and_again_when_its_source_changes(dev, tablet, tmp_path):
    folder, called = tablet
    dev.prepare_tablet(tmp_path)
    vite = folder / "node_modules" / "vite" / "bin" / "vite.js"
    assert called == ["npm", vite]
    packed = (folder / "dist" / "app.js.gz").read_bytes()
    assert gzip.decompress(packed) == (folder / "dist" / "app.js").read_bytes()
    dev.prepare_tablet(tmp_path)
    assert called == ["npm", vite]
    (folder / "src" / "main.ts").write_text("2")
    dev.prepare_tablet(tmp_path)
    assert called == ["npm", vite, vite]


def test_a_build_that_fails_leaves_the_app_that_is_there(dev, tablet, monkeypatch, tmp_path):
    folder, _ = tablet
    dev.prepare_tablet(tmp_path)
    (folder / "src" / "main.ts").write_text("broken")

    def fails(*_, **__):
        raise dev.SetupError("no")

    monkeypatch.setattr(dev, "run", fails)
    with pytest.raises(dev.SetupError):
        dev.prepare_tablet(tmp_path)
    assert (folder / "dist" / "app.js").exists()


def test_asked_for_nothing_it_says_what_it_can_do():
    done = subprocess.run(
        [sys.executable, SOURCE], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


@pytest.mark.skipif(
    sys.prefix == sys.base_prefix or importlib.util.find_spec("pip") is not None,
    reason="these tests run by a Python that can make environments itself",
)
def test_who_has_activated_the_environment_begins_again_by_the_python_of_the_machine():
    asks = "import sys; print(sys.prefix == sys.base_prefix)"
    begins = (
        "import sys; from scripts.machine import begin_outside; "
        f"sys.argv = ['-c', {asks!r}]; begin_outside(); print('inside')"
    )
    words = [sys.executable, "-c", begins]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True"]
