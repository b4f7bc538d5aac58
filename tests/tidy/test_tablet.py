"""The tablet's TypeScript keeps the rules of the house, and its layers."""

import re

import pytest

from tests.tidy.project import ROOT, files
from tests.tidy.test_files import LINES_MAX, NAMES_WITHOUT_A_HOME, found, named

TABLET = ROOT / "server" / "tablet"
SOURCE = TABLET / "src"
IMPORT = re.compile(r"""(?:^|[\s;])(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']""", re.M)
BARE_IMPORT = re.compile(r"""(?:^|[\s;(])import\s*\(?\s*["']([^"']+)["']""", re.M)

# Folder of src: which folders of src, and which packages, it may import. The engine knows no
# screen, so that it runs under Node; the model knows the engine's types and no screen.
LAYERS = {
    "engine": ({"engine"}, {"@preact/signals-core"}),
    "model": ({"engine", "model"}, {"@preact/signals-core", "@preact/signals"}),
    "ui": ({"engine", "model", "ui"}, {"preact", "preact/hooks", "@preact/signals"}),
}

# Spelled so that this file does not find itself.
LEFT_OPEN = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")
# What would put a text into the page as markup, or run one.
MARKUP = re.compile(r"dangerouslySetInnerHTML|\.innerHTML|\.outerHTML|insertAdjacentHTML|\beval\(")


def sources(folder=TABLET):
    return [
        path
        for path in files()
        if path.is_relative_to(folder) and path.suffix in {".ts", ".tsx", ".js", ".mjs", ".css"}
    ]


def imported(path):
    """(folder of src or None, package or None) of each import."""
    text = path.read_text(encoding="utf-8")
    for name in {*IMPORT.findall(text), *BARE_IMPORT.findall(text)}:
        if name.startswith("."):
            target = (path.parent / name).resolve()
            is_inside = target.is_relative_to(SOURCE) and target != SOURCE
            yield (target.relative_to(SOURCE).parts[0] if is_inside else str(target)), None
        else:
            yield None, name


def breaches(path):
    layer = path.relative_to(SOURCE).parts[0]
    if layer not in LAYERS or ".test." in path.name:
        return
    folders, packages = LAYERS[layer]
    for folder, package in imported(path):
        if folder is not None and folder not in folders:
            yield f"{path.relative_to(ROOT)} imports from src/{folder}"
        if package is not None and package not in packages:
            yield f"{path.relative_to(ROOT)} imports {package}"


def test_no_module_of_the_tablet_is_longer_than_one_can_keep_in_mind():
    long = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {named([path])[0]: n for path, n in long.items() if n > LINES_MAX} == {}


def test_no_module_of_the_tablet_is_a_drawer_for_what_has_no_home():
    assert named(path for path in sources() if path.stem.lower() in NAMES_WITHOUT_A_HOME) == []


def test_every_module_of_the_tablet_says_what_it_is():
    code = [path for path in sources() if path.suffix != ".css" and ".test." not in path.name]
    texts = {path: path.read_text(encoding="utf-8") for path in code}
    # A handful of lines speaks for itself.
    long = {path: text for path, text in texts.items() if text.count("\n") > 5}
    assert named(path for path, text in long.items() if not text.startswith(("/*", "//"))) == []


def test_nothing_is_left_open_in_the_tablet():
    assert found(LEFT_OPEN, sources()) == []


def test_no_text_becomes_markup_on_a_tablet():
    assert found(MARKUP, sources(SOURCE)) == []


def test_every_module_of_the_tablet_imports_only_what_its_layer_may():
    assert [breach for path in sources(SOURCE) for breach in breaches(path)] == []


@pytest.mark.parametrize(
    ("path", "line", "breach"),
    [
        ("engine/x.ts", 'import { h } from "preact";', True),
        ("engine/x.ts", 'import { a } from "../ui/b";', True),
        ("engine/x.ts", 'export * from "./y";', False),
        ("model/x.ts", 'import type { A } from "../engine";', False),
        ("model/x.ts", 'import {\n  a,\n  b,\n} from "../ui/c";', True),
        ("ui/x.tsx", 'const y = await import("../sw");', True),
        ("ui/fieldwork/x.tsx", 'import { y } from "../../model";', False),
    ],
)
def test_the_layers_of_the_tablet_catch_what_they_should(tmp_path, monkeypatch, path, line, breach):
    monkeypatch.setitem(globals(), "SOURCE", tmp_path)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(line)
    assert bool(list(breaches(file))) is breach
