"""The command line: what an operator can put right is a sentence, never a traceback."""

import socket
import subprocess
import sys
from importlib.metadata import version

import pytest
import sqlalchemy

from server.cli import build_app, command_modules, main
from server.cli.errors import OperatorError, explain


@pytest.fixture
def yuanba(capsys):
    """Run one command line; the exit code and what was printed."""

    def run(*words):
        with pytest.raises(SystemExit) as end:
            main(words)
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return run


def test_help_names_every_command_and_what_it_does(yuanba):
    code, out, _ = yuanba("--help")
    assert code == 0
    for command in build_app().registered_commands:
        assert command.callback.__doc__
        assert (command.name or command.callback.__name__).replace("_", "-") in out


def test_a_command_that_does_not_exist_is_told_as_wrong_use(yuanba):
    code, _, err = yuanba("sreve")
    assert code == 2
    assert "sreve" in err


def test_the_version_is_the_installed_packages(yuanba):
    assert yuanba("--version")[:2] == (0, f"yuanba {version('yuanba')}\n")


def test_a_missing_secret_in_production_is_a_sentence_and_exit_code_2(yuanba, monkeypatch):
    monkeypatch.setenv("YUANBA_MODE", "production")
    code, out, err = yuanba("serve")
    assert (code, out) == (2, "")
    assert err.startswith("yuanba: In production mode YUANBA_SECRET must be set.")


def test_an_address_that_somebody_listens_on_is_told_at_once(yuanba, monkeypatch, tmp_path, port):
    monkeypatch.setenv("YUANBA_DATA_DIR", str(tmp_path))
    code, _, err = yuanba("serve", "--bind", f"127.0.0.1:{port}")
    assert code == 2
    assert "Name another with --bind" in err


@pytest.fixture
def port():
    """A port that is taken while the test runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_database_that_cannot_be_opened_is_told_without_sql(tmp_path):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/nowhere/x.db")
    with pytest.raises(sqlalchemy.exc.OperationalError) as problem:
        engine.connect()
    assert explain(problem.value) == (
        "The database cannot be used: unable to open database file. "
        "YUANBA_DATABASE_URL says which one it is."
    )


def test_a_fault_of_ours_in_sql_is_not_blamed_on_the_operator():
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError) as problem:
        connection.execute(sqlalchemy.text("select * from nothing"))
    assert explain(problem.value) is None


def test_an_operators_error_is_its_own_sentence():
    assert explain(OperatorError("There is no user 17.")) == "There is no user 17."
    assert explain(ZeroDivisionError()) is None


def test_serving_loads_nothing_of_the_simulator():
    code = (
        "import sys; from server.cli import build_app; build_app(['serve']);"
        "sys.exit(' '.join({'numpy', 'simpy', 'faker', 'simulator'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_every_module_of_the_folder_registers_at_least_one_command():
    for name in command_modules():
        assert build_app([name]).registered_commands, name
