"""Documents say what the code does: tables follow from it, and links lead somewhere."""

import re
import subprocess
import sys

from server.settings import settings_table
from tests.tidy.project import ROOT, files

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)[^)]*\)")


def test_the_readmes_settings_and_commands_are_those_of_the_code():
    script = ROOT / "scripts" / "docs.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run scripts/docs.py:\n{done.stdout}{done.stderr}"


def test_every_setting_is_in_the_readme():
    assert [row.variable for row in settings_table() if row.variable not in README] == []


def test_every_link_between_documents_leads_to_a_file():
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in files()
        if path.suffix == ".md"
        for target in LINK.findall(path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_folder_that_the_readme_names_is_there():
    layout = README.split("## Layout")[1].split("\n## ")[0]
    named = re.findall(r"^\| `([a-z/]+/)` \|", layout, re.MULTILINE)
    assert named
    assert [folder for folder in named if not (ROOT / folder).is_dir()] == []
