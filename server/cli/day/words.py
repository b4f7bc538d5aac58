"""The words of the day, in Chinese and English.

Chapters have a title; a line tells one thing that happens. What stands in braces is
filled in by the story.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CHECKS", "CONCLUSIONS", "FOUND", "LINES", "OUTCOMES"]

Words = tuple[str, str]

LINES: Mapping[str, Words] = {
    "title": ("三台平板的一天", "A day with three tablets"),
    "stage": (
        "临时数据库：{records} 条记录；服务器在 {url} 运行。一切都是真实的，只有居民是虚构的。",
        "A temporary database with {records} records, a server at {url}. All of it is real but "
        "the people.",
    ),
    "broken": (
        "已在服务器上关闭一项保护：{name}。后面有一项检查应当不通过。",
        "One safeguard of the server is switched off: {name}. One check below should fail.",
    ),
    # 1
    "morning": ("早上：登记平板，第一次同步", "Morning: three tablets are enrolled and sync"),
    "enrolled": (
        "{name}（{role}）用一次性登记码登记了一台平板。",
        "{name} ({role}) enrols a tablet with a one-time code.",
    ),
    "wrong_clock": (
        "{name}的平板时钟快了五个小时，谁也没有注意。",
        "The clock of {name}'s tablet is five hours ahead, and nobody has noticed.",
    ),
    "first_sync": (
        "{name}收到 {rows} 条记录，其中 {households} 户。",
        "{name} receives {rows} records, {households} households among them.",
    ),
    # 2
    "stairwell": (
        "上午：两人都没有信号，改了同一户",
        "Later: no signal, and two people change one household",
    ),
    "offline_first": (
        "{door}。{name}登记走访，加标签“{tag}”，把户主改为“{value}”。",
        "{door}. {name} notes a visit, adds the tag '{tag}', makes {value} the householder.",
    ),
    "offline_second": (
        "{name}不知道，也登记走访，加标签“{tag}”，改住房性质，户主写成“{value}”。",
        "{name}, who knows nothing of it, notes a visit too, adds '{tag}', changes the housing, "
        "and makes {value} the householder.",
    ),
    "phone_twice": (
        "电话两人都改了：{second}先改，{first}后改。平板时钟会说反过来。",
        "Both change the phone number: {second} first, {first} a little later. By the tablets' "
        "clocks it was the other way round.",
    ),
    "screen": ("{name}的屏幕：“{words}”。", "{name}'s screen says: '{words}'."),
    "handed_in": (
        "{name}走到有信号的地方：{outcomes}。",
        "{name} finds a signal: {outcomes}.",
    ),
    "conflict_shown": (
        "户主有两个说法。服务器保留先到的“{server}”，“{device}”也留着，等人来定。",
        "There are two householders now. The server keeps {server}, who came first, and {device} "
        "too, until a person decides.",
    ),
    "no_conflict": (
        "没有人被问到：先到的户主“{server}”不见了。",
        "Nobody was asked: {server}, who came first, is gone.",
    ),
    # 3
    "resident": ("一位新居民", "A new resident"),
    "moved_in": (
        "{door}搬来一位新住户“{value}”。{name}离线登记，又补上电话。",
        "{value} has moved in at {door}. {name} records it offline, and then the phone number.",
    ),
    "other_sees": ("{name}同步后看到了。", "{name} syncs and sees it."),
    # 4
    "appeal": ("一件诉求，从上报到接单", "An appeal, from the stairwell to the department"),
    "reported": (
        "{name}在楼道里离线上报：“{value}”。",
        "{name} reports offline, in the stairwell: '{value}'.",
    ),
    "dispatched": (
        "信息中心的{name}核实、分类，派给{unit}。",
        "At the information centre {name} verifies it, classifies it and assigns it to {unit}.",
    ),
    "accepted": (
        "{name}（{unit}）收到工单，下到地下车库，没有信号时点了接单。",
        "{name} ({unit}) receives the order, goes down to the garage, and accepts it without a "
        "signal.",
    ),
    # 5
    "lost": ("回执丢了", "An answer is lost"),
    "visit_sent": (
        "{name}登记一次走访并上传。服务器收下了，回执在路上丢了。",
        "{name} notes a visit and sends it. The server has taken it; its answer never arrives.",
    ),
    "sent_again": (
        "平板原样再发一遍。走访次数从 {before} 变为 {after}。",
        "The tablet sends the same again. The number of visits goes from {before} to {after}.",
    ),
    # 6
    "decision": ("管理员来定", "The administrator decides"),
    "decided": (
        "管理员{name}核对后，户主定为“{value}”。",
        "{name}, the administrator, asks and makes {value} the householder.",
    ),
    "notice": ("{name}收到通知：“{value}”", "{name} finds a notice: '{value}'"),
    "nothing_to_decide": ("没有冲突可定。", "There is no conflict to settle."),
    # 7
    "clock": ("快五个小时的时钟", "The clock that is five hours ahead"),
    "visit_at": (
        "{name}登记一次走访。平板的时钟显示 {shown}，其实是 {real}。",
        "{name} records a visit. The tablet's clock shows {shown}; it is {real}.",
    ),
    "corrected": ("服务器记下的时间：{value}。", "The server has {value}."),
    # 8
    "reassigned": (
        "{name}离线时被调到别的网格",
        "{name} is moved to another grid while offline",
    ),
    "unsent": (
        "{name}有一处修改还没上传。这时调令生效；{name}不知道，又改了一处。",
        "{name} has a change that is not sent yet. The assignment ends now; {name} does not know "
        "and makes another.",
    ),
    "moved_on": (
        "有信号了：先交上两处修改，再换成新网格的资料（{rows} 条）。"
        "原网格有 {gone} 户，平板上还剩 {left} 户。",
        "With a signal, both changes are handed in first; then the new grid comes ({rows} "
        "records). Of the old grid's {gone} households {left} are left on the tablet.",
    ),
    "colleague_sees": (
        "{name}同步后看到了这两处修改。",
        "{name} syncs and sees both changes.",
    ),
    # 9
    "stranger": ("别人的网格", "Somebody else's grid"),
    "tampered": (
        "有人在平板上动了手脚，要改别的网格一户的电话。",
        "Somebody tampers with a tablet and changes a phone number in another grid.",
    ),
    "server_says": ("服务器的回答：“{words}”", "The server says: '{words}'"),
    # 10
    "evening": ("傍晚：对账", "Evening: the books are checked"),
    "last_sync": ("三台平板各同步一次，再逐项核对。", "Each tablet syncs once more; then we look."),
    "wire": ("上行 {up}，下行 {down}，{ms} 毫秒", "{up} up, {down} down, {ms} ms"),
    "table_check": ("检查", "check"),
    "table_found": ("所见", "what was found"),
}
"""Key → the words (zh, en)."""

OUTCOMES: Mapping[str, Words] = {
    "applied": ("收下 {n} 条", "{n} taken"),
    "merged": ("合并 {n} 条", "{n} merged"),
    "conflict": ("待定 {n} 条", "{n} to be decided"),
    "held": ("暂存 {n} 条", "{n} kept for a person"),
    "rejected": ("不予接受 {n} 条", "{n} not accepted"),
}
"""Outcome → the words, with how many."""

CHECKS: Mapping[str, Words] = {
    "merged": ("不同项的修改都保留", "Changes of different fields are both kept"),
    "base": ("没有人被悄悄覆盖：冲突摆在人面前", "Nobody is overwritten: a conflict is shown"),
    "resident": ("新居民到了每一处", "The new resident is everywhere"),
    "order": ("诉求一步不少，直到接单", "The appeal took every step to acceptance"),
    "idempotency": ("发了两遍，只算一次", "Sent twice, counted once"),
    "resolution": ("管理员的决定到了两台平板，作者收到通知", "The decision and its notice arrived"),
    "clock": ("时钟错了，时间没错", "The clock is wrong, the times are right"),
    "late": ("调走前后未上传的修改都收下", "Work of a reassigned worker is taken, marked if late"),
    "eviction": ("原网格的资料已从平板清除", "The old grid's records have left the tablet"),
    "scope": ("别的网格改不了，也看不到", "Nobody writes or reads beyond their grids"),
    "accounted": ("每一处修改都有下落", "Every edit is accounted for"),
    "outbox": ("平板上没有待上传的内容", "No tablet has anything left to send"),
    "equal": ("平板与服务器逐项相同", "Tablets equal the server, field by field"),
    "digests": ("摘要一致", "Digests agree"),
}
"""Code → what is checked, in the order in which it is told."""

FOUND: Mapping[str, Words] = {
    "visit": ("走访 +{visits}，记录 +{entries}", "visits +{visits}, log +{entries}"),
    "visit_tags": (
        "走访 +{visits}，记录 +{entries}，标签 +{tags}",
        "visits +{visits}, log +{entries}, tags +{tags}",
    ),
    "two_sides": ("“{server}”与“{device}”", "{server} and {device}"),
    "one_side": ("只剩“{value}”", "only {value} is left"),
    "off": ("最多差 {ms} 毫秒", "at most {ms} ms off"),
    "taken": ("收下 {taken} 条，其中 {late} 条标为迟到", "{taken} taken, {late} marked late"),
    "left": ("原有 {held} 户，剩 {left} 条", "of {held} households, {left} rows are left"),
    "edits": ("{n} 处：{outcomes}", "{n}: {outcomes}"),
    "waiting": ("待上传 {n} 条", "{n} waiting"),
    "alike": ("{total} 项中 {alike} 项相同", "{alike} of {total} alike"),
}
"""What a check found → the words."""

CONCLUSIONS: Mapping[str, Words] = {
    "good": ("{passed} 项检查全部通过。", "All {passed} checks passed."),
    "bad": ("{failed} 项检查未通过：{names}。", "{failed} of the checks failed: {names}."),
    "not_reached": ("没有走到这一步", "not reached"),
}
"""How the day ends."""
