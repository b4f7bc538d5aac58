"""What failed is said again at the end, in its own words."""

import time

from scripts.checks import follow, words_of_failure


def test_of_a_long_failure_the_part_that_tells_it_is_said_again():
    dots = [f"dots {at}" for at in range(500)]
    table = [f"covered {at}" for at in range(500)]
    told = ["=== FAILURES ===", "assert 1 == 2"]
    said = words_of_failure([*dots, *told, *table, "FAILED test_one"])
    assert (said[:2], said[-1], len(said)) == (told, "FAILED test_one", 60)
    assert words_of_failure(["⎯⎯⎯ Failed Tests 1 ⎯⎯⎯", "why"]) == ["⎯⎯⎯ Failed Tests 1 ⎯⎯⎯", "why"]
    assert words_of_failure(dots) == dots[-60:]
    assert words_of_failure([]) == []


def test_a_program_that_a_check_leaves_behind_is_not_waited_for(tmp_path, capsys):
    began = time.monotonic()
    code, lines = follow(["sh", "-c", "sleep 20 & echo 好; exit 3"], cwd=tmp_path, env={})
    assert (code, lines) == (3, ["好"])
    assert capsys.readouterr().out == "好\n"
    assert time.monotonic() - began < 19
