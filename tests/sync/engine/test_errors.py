"""Problems and notices: words for people in both languages, codes for programs."""

from __future__ import annotations

import json
import re

import pytest

from sync.errors import PROBLEMS, Problem, Refusal, as_json
from sync.notices import NOTICES, draft
from tests.sync.county import edit, resolve

HOLE = re.compile(r"{(\w+)}")


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_has_words_in_both_languages_with_the_same_holes(code):
    kind = PROBLEMS[code]
    assert re.search(r"[\u4e00-\u9fff]", kind.zh) and re.search(r"[a-z]{3}", kind.en)
    assert 400 <= kind.status < 600
    holes = [set(HOLE.findall(words)) - {"zh", "en"} for words in (kind.zh, kind.en)]
    assert holes[0] == holes[1]


@pytest.mark.parametrize("code", PROBLEMS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_problem_reads_even_without_what_fills_its_words(code, lang):
    message = Problem(code).message(lang)
    assert message and "{" not in message


@pytest.mark.parametrize("code", [code for code, kind in PROBLEMS.items() if not kind.definite])
def test_what_may_have_happened_asks_to_be_sent_again(code):
    assert re.search(r"again|Repeat", PROBLEMS[code].en) and re.search("重|再", PROBLEMS[code].zh)


def test_a_problem_that_is_in_no_table_does_not_exist():
    with pytest.raises(KeyError, match="gremlins"):
        Problem("gremlins")


def test_a_language_that_nobody_speaks_here_reads_as_english():
    assert Problem("busy").message("fr") == PROBLEMS["busy"].en


def test_a_refusal_names_its_code():
    refusal = Refusal(Problem("busy"))
    assert str(refusal) == "busy" and refusal.problem.kind.status == 503


def test_a_problem_that_quotes_what_no_text_can_hold_can_still_be_sent():
    told = as_json(Problem("unknown_kind", "/base/\ud800", {"kind": "删\udfff"}), "zh")
    assert told["pointer"] == "/base/?" and "删?" in told["message"]
    assert told["definite"] and json.dumps(told, ensure_ascii=False).encode()
    assert as_json(Problem("busy"), "en")["pointer"] is None


@pytest.mark.parametrize(("field", "value"), [("kind", "\ud800"), ("base", {"\ud800": "x"})])
def test_an_answer_can_be_read_whatever_the_operation_held(anna, house, field, value):
    raw = anna.op("edit", house, {}, {"*": anna.created})
    ack = anna.send({**raw, field: value})[0]
    assert ack["outcome"] == "rejected" and ack["problem"]["message"]


# Notices -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", NOTICES)
def test_every_notice_reads_in_both_languages(code):
    params = {"label": "电话", "label_en": "Phone", "who": "Anna"}
    zh, en = (
        draft("u", about="s", outcome="merged", code=code, lang=lang, params=params)["text"]
        for lang in ("zh", "en")
    )
    assert re.search(r"[\u4e00-\u9fff]", zh) and "{" not in zh + en
    assert not re.search(r"[\u4e00-\u9fff]", en) and ("电话" in zh) == ("Phone" in en)


def written(before):
    return draft("u", about="s", outcome="merged", code="released", lang="en", params={},
                 before=before)["before"]  # fmt: skip


def test_a_notice_holds_the_values_as_json_text():
    assert json.loads(written({"b": [1], "a": None})) == {"a": None, "b": [1]}
    assert written(None) is None


def test_a_notice_about_long_values_holds_the_beginnings_of_as_many_as_fit():
    told = json.loads(written({f"field_{n:02}": "长" * 500 for n in range(20)}))
    assert 5 < len(told) < 20 and set(map(len, told.values())) == {100}
    assert len(json.dumps(told, ensure_ascii=False)) <= 1_000


def test_a_field_whose_name_is_too_long_for_a_notice_is_left_out():
    assert json.loads(written({"x" * 2_000: 1, "phone": "2" * 300})) == {"phone": "2" * 100}


def test_a_notice_is_written_in_chinese_for_who_has_no_language(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    lost = edit(bo, house, {"householder": "王五"}, base=bo.created)
    bo.send(lost)
    resolve(county, lost["stamp"], {"householder": "王五"}, house)
    bo.send()
    texts = [row["text"] for row in bo.rows("notice").values()]
    assert texts == ["关于“户主”的冲突已处理。"]
