"""Reasons: every sentence that an audit can say has a Chinese one beside it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from simulator.exploration.telling.reasons import REASONS, reason
from simulator.exploration.telling.trace import Fact, tell_story

SOURCES = Path(__file__).parents[3] / "simulator" / "exploration"
WRONGS = {"wrong", "found"}
"""What the lists are called into which sentences are put."""


def template(node: ast.expr) -> str | None:
    """A sentence with its gaps, if that is what stands there."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else None  # type: ignore[attr-defined]


def said(node: ast.AST) -> ast.expr | None:
    """The sentence of ``broke(2, "…")``, ``yield 2, "…"`` or ``wrong.append("…")``."""
    match node:
        case ast.Call(func=ast.Name(id="Broken"), args=[_, words]):
            return words
        case ast.Call(func=ast.Attribute(attr="broke"), args=[_, words]):
            return words
        case ast.Yield(value=ast.Tuple(elts=[ast.Constant(value=int()) | ast.Subscript(), words])):
            return words
        case ast.Call(func=ast.Attribute(attr="append", value=holder), args=[words]):
            name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
            return words if name in WRONGS else None
    return None


def sentences() -> set[str]:
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            words = said(node)
            if words is not None:
                found.add(template(words))
    return {one for one in found if one is not None}


def test_every_sentence_of_an_audit_is_in_the_table_and_nothing_else_is():
    assert sentences() == set(REASONS)


@pytest.mark.parametrize("sentence", REASONS)
def test_a_sentence_is_told_in_chinese_with_all_that_it_names(sentence):
    names = [f"n{number}" for number in range(sentence.count("{}"))]
    why = sentence.format(*names)
    told = reason(why, "zh")
    assert reason(why, "en") == why
    assert re.search("[一-鿿：]", told) and not re.search("[a-mo-z]{3}", told), told
    assert all(name in told for name in names), told


def test_a_reason_within_a_reason_is_told_too():
    why = "household 0001: phone should be 'a' and is 'b'"
    assert reason(why, "zh") == "household 0001：phone 应为 'a'，却是 'b'"


def test_what_is_not_in_the_table_is_told_as_it_is():
    assert reason("something else", "zh") == "something else"


def test_the_story_tells_a_broken_promise_in_its_language():
    fact = Fact(0, "broken", "oracle", {"number": 2, "why": "0001 is held and waits nowhere"})
    (told,) = tell_story([fact], "zh")
    assert "0001 已暂存，却不在待处理之列" in told and "waits" not in told
