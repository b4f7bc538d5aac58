"""Words for what a hostile app does: label → (zh, en). Each is counted where it was judged."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HOSTILE"]

HOSTILE: Mapping[str, tuple[str, str]] = {
    "beside_honest": ("有问题的与正常修改同批", "wrong operations come with honest ones"),
    "reused": ("编号重用、内容不同", "a stamp comes again with other content"),
    "reused_at_once": ("同批内编号重用", "a stamp comes twice in one batch"),
    "foreign_stamp": ("冒用他机编号", "a stamp of another device"),
    "copied": ("照抄他人修改", "another's operation, word for word"),
    "foreign_actor": ("冒用他人名义", "something in another's name"),
    "next_year": ("编号在一年之后", "a stamp of next year"),
    "no_object": ("修改不是对象", "an operation that is no object"),
    "no_stamp": ("没有编号", "an operation without a stamp"),
    "unknown_kind": ("未知操作", "an unknown kind of operation"),
    "bad_member": ("成员格式不对", "a member of the wrong form"),
    "as_sent": ("冒写服务器内部标记", "a mark that only the server writes"),
    "no_base": ("缺少依据", "an operation without its base"),
    "bad_base": ("依据不是编号", "a base that is no stamp"),
    "bad_value": ("字段值类型不对", "a value of the wrong kind"),
    "too_long": ("文字过长", "a text that is too long"),
    "bad_text": ("无法保存的字符", "a text that cannot be stored"),
    "unknown_type": ("未知类型", "an unknown type"),
    "ours_to_say": ("冒写擦除标记", "a forged mark of erasure"),
    "foreign_base": ("依据是别的记录", "a base of another record"),
    "unknown_base": ("依据从未有过", "a base that nobody sent"),
    "unknown_field": ("新版应用的字段", "a field of a newer app"),
    "out_of_scope": ("改范围以外的记录", "an edit of what is not theirs"),
    "nowhere": ("改不存在的记录", "an edit of what does not exist"),
    "created_elsewhere": ("建到范围以外", "a record made in another's range"),
    "moves_away": ("移到范围以外", "a record moved to another's range"),
    "not_allowed": ("岗位不允许的修改", "an edit that the role does not allow"),
    "grants_itself": ("给自己授权", "somebody grants a feed to themselves"),
    "no_such_step": ("流程没有的步骤", "a step that no workflow has"),
    "born_later": ("新建即为后期状态", "a new order in a later state"),
    "no_cursor": ("不带游标", "a request without cursors"),
    "foreign_cursor": ("他人的游标", "another's cursors"),
    "crossed_cursor": ("游标张冠李戴", "cursors of other feeds"),
    "nonsense_cursor": ("游标是乱码", "cursors that are nonsense"),
    "old_epoch": ("别的历史的游标", "cursors of another history"),
    "ahead_cursor": ("游标超前", "a cursor beyond its feed"),
    "strange_feed": ("索要未授权的订阅", "feeds that nobody granted"),
    "old_schema": ("过旧的目录版本", "an older catalogue"),
    "new_schema": ("更新的目录版本", "a catalogue of the future"),
    "not_json": ("不是 JSON", "what is no JSON"),
    "too_deep": ("嵌套过深", "a body that is nested too deep"),
    "too_large": ("解压后过大", "a body that unpacks too large"),
    "too_many": ("条数过多", "too many operations"),
    "other_protocol": ("别的协议版本", "another protocol"),
    "foreign_device": ("冒用别的设备", "another device's name"),
    "no_token": ("没有令牌", "a request without a token"),
    "wrong_token": ("令牌不对", "a token that nobody gave"),
}
"""What is wrong → what it is (zh, en)."""
