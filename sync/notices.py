"""Notices: what a person is told about their work, in words.

An outcome that changes after it was acknowledged (a conflict settled, a held change
applied) must reach its author, or the tablet would go on showing what is no longer so;
``late`` is told to who works with the record now (``sync.handover``). A notice is a record
like any other, written by the server in its reader's own feed.

>>> told = draft(
...     "u1", about="s1", outcome="merged", code="settled", lang="en", params={"label": "Phone"}
... )
>>> told["text"]
'The conflict about Phone has been settled.'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["NOTICES", "draft"]

_TEXT_MAX = 1_000

NOTICES: Mapping[str, tuple[str, str]] = {
    "settled": ("关于“{label}”的冲突已处理。", "The conflict about {label} has been settled."),
    "reopened": ("关于“{label}”的冲突重新待处理。", "The conflict about {label} is open again."),
    "replaced": (
        "您登记的“{label}”已被另一内容代替。",
        "What you recorded for {label} has been replaced by another value.",
    ),
    "released": (
        "您的一条暂存修改已处理。",
        "A change of yours that was waiting has been handled.",
    ),
    "returned": (
        "您删除的记录同时被别人修改过，已恢复，等待管理员决定。",
        "A record that you deleted had been edited too; it is back until a person decides.",
    ),
    "late": (
        "原来的工作人员{who}交接之后还改了“{label}”。请核对，不对可以改回。",
        "{who} still changed {label} after the handover. Please check it; you can change it back.",
    ),
    "undone": ("您的一条修改已被撤销：{label}。", "A change of yours was undone: {label}."),
}
"""Code → the words (zh, en)."""


def draft(
    user: str,
    *,
    about: str,
    outcome: str,
    code: str,
    lang: str,
    params: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    about_type: str | None = None,
    about_record: str | None = None,
) -> dict[str, Any]:
    """The fields of a notice to ``user`` about the operation ``about``.

    ``before`` and ``after`` map field names to values and are told as JSON text.
    """
    zh, en = NOTICES[code]
    if lang != "zh" and "label_en" in params:
        params = {**params, "label": params["label_en"]}
    return {
        "user": user,
        "about": about,
        "outcome": outcome,
        "code": code,
        "text": (zh if lang == "zh" else en).format_map(params),
        "before": _text(before),
        "after": _text(after),
        "about_type": about_type,
        "about_record": about_record,
        "read": False,
    }


def _text(values: Mapping[str, Any] | None) -> str | None:
    """As much of the values as a short text field holds; the record itself has the rest."""
    if values is None:
        return None
    text = _json(values)
    if len(text) <= _TEXT_MAX:
        return text
    told: dict[str, Any] = {}
    for name in sorted(values):
        short = {**told, name: str(values[name])[:100]}
        if len(_json(short)) <= _TEXT_MAX:
            told = short
    return _json(told)


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
