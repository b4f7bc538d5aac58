"""How files are named, sized and kept, as tests: style that nobody checks is a wish."""

import ast
import json
import re

from tests.tidy.project import (
    ROOT,
    declared_distributions,
    files,
    pyproject,
    python_files,
    text_files,
)

LINES_MAX = 500  # aim at 400
FUNCTION_LINES_MAX = 80  # aim at 50; functions inside are counted for themselves
NAMES_WITHOUT_A_HOME = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
PACKAGES = ("sync", "server", "simulator")

# Spelled so that this file does not find itself.
PLACES_OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(wor[k]|tm[p]|roo[t]|hom[e]/\w+)/")
LEFT_OPEN = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")


def named(paths):
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def found(pattern, paths):
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_module_is_a_drawer_for_what_has_no_home():
    assert named(path for path in python_files() if path.stem in NAMES_WITHOUT_A_HOME) == []


def test_no_module_is_longer_than_one_can_keep_in_mind():
    long = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {named([path])[0]: n for path, n in long.items() if n > LINES_MAX} == {}


def own_lines(function):
    """The lines of a function less those of functions inside it."""
    inner = [
        node
        for node in ast.walk(function)
        if node is not function and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lines = set(range(function.lineno, function.end_lineno + 1))
    return len(lines.difference(*(range(node.lineno, node.end_lineno + 1) for node in inner)))


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {own_lines(node)} lines"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and own_lines(node) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_folder_of_python_files_says_what_lives_there():
    folders = {path.parent for path in python_files(*PACKAGES)}
    packages = {folder for folder in folders if (folder / "__init__.py").exists()}
    without = [folder for folder in packages if not (folder / "README.md").exists()]
    assert named(without) == [], "each needs a README.md of a dozen lines"


def test_every_folder_of_our_packages_is_a_package():
    folders = {path.parent for path in python_files(*PACKAGES)}
    scripts_of_alembic = {ROOT / "server" / "migrations", ROOT / "server" / "migrations/versions"}
    without = [folder for folder in folders if not (folder / "__init__.py").exists()]
    assert named(set(without) - scripts_of_alembic) == []


def test_tests_are_no_packages_because_they_would_shadow_ours():
    assert named(ROOT.glob("tests/**/__init__.py")) == []


def test_nothing_is_left_open_in_the_code():
    code = (path for path in text_files() if path.suffix in {".py", ".ts", ".js", ".html", ".css"})
    assert found(LEFT_OPEN, code) == []


def test_no_file_knows_a_folder_of_one_machine():
    assert found(PLACES_OF_ONE_MACHINE, text_files()) == []


def test_every_text_is_utf_8_and_ends_with_a_newline():
    odd = [path for path in text_files() if not path.read_bytes().endswith(b"\n")]
    assert named(path for path in odd if path.stat().st_size) == []


def lock_files():
    return [path for path in files() if path.suffix == ".lock" or path.name == "package-lock.json"]


def test_lock_files_name_no_host_so_that_any_index_serves_them():
    assert len(lock_files()) >= 3
    host = re.compile(r"https?://|file:|--(extra-)?index-url|--find-links|\"resolved\"")
    assert found(host, lock_files()) == []


def test_every_locked_python_package_is_pinned_with_its_hashes():
    for path in lock_files():
        if path.suffix == ".lock":
            text = path.read_text().replace("\\\n", " ")
            pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
            assert pins
            assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_every_locked_console_package_is_pinned_with_its_hash():
    for path in lock_files():
        if path.name == "package-lock.json":
            packages = json.loads(path.read_text())["packages"]
            assert [name for name, row in packages.items() if name and "integrity" not in row] == []


def test_the_lock_files_hold_what_pyproject_asks_for():
    pinned = re.findall(r"^([a-z0-9.-]+)(?:\[.*\])?==", lock_text("requirements-dev.lock"), re.M)
    assert declared_distributions() - set(pinned) == set(), "run: python3 scripts/dev.py lock"
    server = set(re.findall(r"^\S+?==\S+", lock_text("requirements.lock"), re.M))
    everything = set(re.findall(r"^\S+?==\S+", lock_text("requirements-dev.lock"), re.M))
    assert server <= everything, "the two lock files differ; run: python3 scripts/dev.py lock"


def lock_text(name):
    return (ROOT / "scripts" / name).read_text()


def test_the_changelog_has_a_heading_for_this_version():
    version = pyproject()["project"]["version"]
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_way_to_check_runs_the_same_command():
    assert "python3 scripts/dev.py test" in (ROOT / ".ci" / "run").read_text()
    assert "python3 scripts/dev.py test" in (ROOT / "README.md").read_text(encoding="utf-8")
