"""Who may import whom. A table says it; reading the code with ``ast`` keeps it.

The engine runs on a tablet and on virtual time only as long as it imports nothing
but the standard library, and the simulator is believed only as long as it runs the
rules of production and not a copy.
"""

import ast
import sys
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.tidy.project import ROOT, declared_distributions, python_files

OURS = {"sync", "server", "simulator", "scripts", "tests"}
STANDARD = set(sys.stdlib_module_names)


@dataclass(frozen=True)
class Layer:
    """What the files under a path may import of ours, and from elsewhere (None: anything)."""

    path: str
    ours: tuple[str, ...]
    elsewhere: frozenset[str] | None = None


LAYERS = (  # the first that matches a file holds
    Layer("sync/", ours=("sync",), elsewhere=frozenset({"merge3"})),
    Layer("server/rules/", ours=("sync", "server.rules"), elsewhere=frozenset()),
    Layer("server/cli/", ours=("sync", "server", "simulator")),
    Layer("server/", ours=("sync", "server")),
    Layer("simulator/twin.py", ours=("sync", "server", "simulator")),
    Layer("simulator/exploration/office.py", ours=("sync", "server", "simulator")),
    Layer("simulator/exploration/back_office.py", ours=("sync", "server", "simulator")),
    Layer("simulator/", ours=("sync", "server.rules", "simulator")),
    Layer("scripts/dev.py", ours=("scripts.checks", "scripts.machine"), elsewhere=frozenset()),
    Layer("scripts/machine.py", ours=(), elsewhere=frozenset()),
    Layer("scripts/checks.py", ours=(), elsewhere=frozenset()),
    Layer("scripts/cursor_lab.py", ours=("sync", "server", "tests.postgres")),
    Layer("scripts/", ours=("sync", "server", "simulator", "scripts")),
    Layer("tests/scripts/", ours=("sync", "server", "simulator", "scripts", "tests")),
    Layer("tests/", ours=("sync", "server", "simulator", "tests")),
)

# The engine is handed its clock, its randomness, its connection and its transport.
NOT_IN_THE_ENGINE = {
    *("asyncio", "http", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *("shutil", "socket", "ssl", "subprocess", "tempfile", "time", "urllib"),
}
CLOCKS = {"now", "today", "utcnow", "uuid1", "uuid4", "urandom"}

# Imported under their own names although another package brings them.
COMES_WITH = {
    **dict.fromkeys(("click", "itsdangerous", "jinja2", "markupsafe", "werkzeug"), "flask"),
    "babel": "flask-babel",
    "wtforms": "flask-wtf",
}


def imports(path):
    """The modules that a file imports; ``from server import rules`` counts as ``server.rules``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            if (ROOT / module.replace(".", "/")).is_dir() and module.split(".")[0] in OURS:
                yield from (f"{module}.{alias.name}" for alias in node.names)
            else:
                yield module


def inside(module, packages):
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def breaches(path):
    name = path.relative_to(ROOT).as_posix()
    layer = next(layer for layer in LAYERS if name.startswith(layer.path))
    for module in imports(path):
        top = module.split(".")[0]
        if top in OURS and not inside(module, layer.ours):
            yield f"{name} imports {module}; {layer.path} may import {', '.join(layer.ours)}"
        allowed = {top} if layer.elsewhere is None else layer.elsewhere
        if top not in OURS | STANDARD | allowed:
            yield f"{name} imports {module}; {layer.path} may not"


def test_every_file_imports_only_what_its_layer_may():
    assert [breach for path in python_files() for breach in breaches(path)] == []


def test_the_engine_has_no_clock_no_randomness_and_no_input_or_output_of_its_own():
    found = []
    for path in python_files("sync"):
        found += [
            f"{path.name}: {m}" for m in imports(path) if m.split(".")[0] in NOT_IN_THE_ENGINE
        ]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
                    found.append(f"{path.name}:{node.lineno}: {called.attr}()")
                if isinstance(called, ast.Name) and called.id in {"open", "print", "input"}:
                    found.append(f"{path.name}:{node.lineno}: {called.id}()")
    assert found == []


def test_every_package_that_is_imported_is_declared_and_not_met_by_chance():
    distributions = packages_distributions()
    declared = declared_distributions()
    undeclared = set()
    for path in python_files():
        for module in imports(path):
            top = module.split(".")[0]
            if top not in OURS | STANDARD:
                brought_by = COMES_WITH.get(top) or distributions.get(top, [top])[0]
                if brought_by.lower().replace("_", "-") not in declared:
                    undeclared.add(f"{path.relative_to(ROOT)} imports {top}")
    assert undeclared == set()


@pytest.mark.parametrize(
    ("path", "line", "breach"),
    [
        ("sync/x.py", "import server", True),
        ("sync/x.py", "import flask", True),
        ("sync/x.py", "import json, merge3", False),
        ("server/rules/x.py", "from server import store", True),
        ("server/rules/x.py", "from server import rules", False),
        ("server/x.py", "from simulator import population", True),
        ("server/cli/x.py", "from simulator import population", False),
        ("simulator/x.py", "from server.rules import deadlines", False),
        ("simulator/x.py", "import server.app", True),
        ("simulator/twin.py", "import server.app", False),
        ("scripts/dev.py", "import rich", True),
        ("scripts/dev.py", "from scripts.bench import main", True),
        ("scripts/bench.py", "from scripts.bench_floor import floor", False),
        ("server/x.py", "from scripts import bench", True),
    ],
)
def test_the_layers_catch_what_they_should(tmp_path, monkeypatch, path, line, breach):
    for package in ("server/rules", "server/store", "simulator/population", "scripts"):
        (tmp_path / package).mkdir(parents=True)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(line)
    assert bool(list(breaches(Path(file)))) is breach
