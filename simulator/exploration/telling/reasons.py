"""Reasons: why a promise is broken, in the other language.

An audit says what it found where it finds it, in plain English with the names, values and
stamps of that moment; that sentence is what a kept run is compared by. Who reads the story in
Chinese needs it too. So the table holds each sentence with its gaps, and the Chinese one beside
it; ``{0}``, ``{1}`` … are the gaps, in the order of the English.

Invariants
    * Every sentence that an audit can say is in the table: a test reads them from the sources.
    * What is not in the table is told as it is: a failure of the program has words of its own.

>>> reason("0001 is held and waits nowhere", "zh")
'0001 已暂存，却不在待处理之列'
>>> reason("0001 is held and waits nowhere", "en")
'0001 is held and waits nowhere'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

__all__ = ["REASONS", "reason"]

REASONS: Mapping[str, str] = {
    # What was made on a tablet.
    "{} changes {}, which nobody touched": "{0} 改动了无人动过的 {1}",
    "{} was made on {} of {}, and says {}": "{0} 是在 {2} 的 {1} 上做的，却写作 {3}",
    "{} was made on {} and never came to the server": "{0} 在 {1} 上做成，始终没有到达服务器",
    "{} was made as {} and is {} in the history": "{0} 做的是 {1}，历史里却是 {2}",
    "{} was made because of {}, and is because of {}": "{0} 写的原因是 {1}，历史里却是 {2}",
    "{} made {} after {}": "{0} 在 {2} 之后又做了 {1}",
    # Who may do what.
    "{}: {} may not {} a {}, and it was {}": "{0}：{1} 无权对“{3}”做 {2}，结果却是 {4}",
    "{} changed {} {}, which its author never read": "{0} 改动了作者从未读到的{1} {2}",
    "the notice {} tells of restricted facts": "通知 {0} 透露了受限信息",
    "the notice {} tells {} of a record that they do not read": (
        "通知 {0} 向 {1} 透露了其无权读的记录"
    ),
    "{} was refused for a deletion that its author had not seen": "{0} 因作者未见过的删除而被拒绝",
    "{} was made before its author was reassigned, and is {}": (
        "{0} 在作者调整分工之前做成，结果却是 {1}"
    ),
    "{} was made at {}, and is late: {}": "{0} 做于 {1}，却记为：迟到 {2}",
    "{} came late, and {} was not told": "{0} 是交接后做的，却没有告知 {1}",
    "{} were told that {} came late, and it did not": "{0} 被告知 {1} 是交接后做的，其实不是",
    "{} were told of {}, once too often": "{0} 被多余地告知 {1}",
    "on {}, {} leads to {}, not {}": "在 {0} 上，{1} 指向 {2}，而不是 {3}",
    "{} merged into {}, which its author does not work with": "{0} 并入了作者不负责的 {1}",
    "{} may only hand in, and was told what it reads": "{0} 只能上交，却被告知可读范围",
    # What is decided, and what waits.
    "the notice {} about {} is for {}": "关于 {1} 的通知 {0} 发给了 {2}",
    "{} was {} by {}, and its author was not told": "{0} 因 {2} 而 {1}，却没有告知作者",
    "{} opened {} again, and {} may not decide it": "{0} 重新打开了 {1}，而 {2} 无权决定",
    "{} undid {}, and {} is still settled by it": "{0} 撤销了 {1}，{2} 却仍由它了结",
    "{} made two records one, and {} still asks about them": "{0} 已合并两条记录，{1} 却还在问",
    "{} may be recorded twice, and others than the office are told": (
        "{0} 疑似重复登记，却告知了办公室以外的人"
    ),
    "{} may be {}, and nobody is asked": "{0} 疑似 {1}，却无人过问",
    "{} is put beside {}, and is not like it": "{0} 被疑为 {1}，两者其实不像",
    "{} is recorded twice, as {}, and nobody is asked": "{0} 与 {1} 重复登记，却无人过问",
    "{} is put beside {} (hidden: {}), and like it are {}": (
        "{0} 与 {1} 并列（隐藏：{2}），相同的却是 {3}"
    ),
    "{} of a suspended device was let go by nobody, and is {}": (
        "已停用设备的 {0} 无人放行，结果却是 {1}"
    ),
    "{} waited for {}, and went without it as {}": "{0} 在等 {1}，没等到就处理为 {2}",
    "{} was {}, and {} of its {} is not taken": "{0} 的结果是 {1}，它的 {3} 的 {2} 却未被收下",
    "of the group {}, {} happened, and {} did not": "一组修改 {0} 中 {1} 生效，{2} 却没有",
    "{} {}.{} is {}, not {}": "{0} {1}.{2} 是 {3}，应为 {4}",
    "the history of {} goes round": "{0} 的历史绕成了圈",
    "{} is {}, and not in the history of {}": "{0} 的结果是 {1}，却不在 {2} 的历史里",
    "a repair of {} was answered with {} to {}": "{2} 修复 {0} 得到答复 {1}",
    "a repair of {} brings {} more and {} less": "修复 {0} 多了 {1}、少了 {2}",
    "{} {} stayed behind when {} {} moved": "{2} {3} 已移走，{0} {1} 却留在原处",
    # The server.
    "order {} went from {} to {}, which no step does": "工单 {0} 从 {1} 变为 {2}，流程中没有这一步",
    "order {} is in no state that exists: {}": "工单 {0} 处于不存在的状态：{1}",
    "{} wrote {}.{} over {}, and was based on {}": "{0} 用 {1}.{2} 覆盖了 {3}，而它依据的是 {4}",
    "{} {}: {}": "{0} {1}：{2}",
    "{} vanished or changed in the history ({})": "{0} 在历史里消失或被改动（{1}）",
    "conflict {} is closed with a field still open": "冲突 {0} 已关闭，却还有字段未定",
    "{} went from {} to {}, and its author was not told": "{0} 从 {1} 变为 {2}，却没有告知作者",
    "{}.{} has the version {}, which is nowhere": "{0}.{1} 的版本 {2} 无处可寻",
    "conflict {} about {} was closed by {}, which is nowhere": (
        "冲突 {0}（{1}）由无处可寻的 {2} 关闭"
    ),
    "conflict {} about {} was closed by a mere {}": "冲突 {0}（{1}）只是被一次 {2} 关闭",
    "conflict {} was closed by {}, which was {}": "冲突 {0} 由 {1} 关闭，而它的结果是 {2}",
    "{} was {}, and its {} is nowhere": "{0} 的结果是 {1}，它的 {2} 却无处可寻",
    "{} is dated later than it was received": "{0} 的时间晚于收到的时间",
    "{} was made at {} and is dated {}": "{0} 做于 {1}，记成了 {2}",
    "the server's digest of {} is not that of its rows": "服务器上 {0} 的校验值与其记录不符",
    "{} was acknowledged as {} and is nowhere": "{0} 已答复为 {1}，却无处可寻",
    "{} is held and waits nowhere": "{0} 已暂存，却不在待处理之列",
    "{} is in conflict, and no conflict about it is open": "{0} 在冲突中，却没有关于它的未决冲突",
    "{} waits for {}, which came": "{0} 还在等已经到达的 {1}",
    "{} is marked {}, and open are {}": "{0} 标记为 {1}，未决的却是 {2}",
    # A tablet.
    "{} operations still wait on {}": "{1} 上还有 {0} 条待上传",
    "{} {} is on {}, which may not have it": "{0} {1} 留在 {2} 上，而它不应持有",
    "{} {} is missing on {}": "{2} 上缺少{0} {1}",
    "{} on {} has another head or other marks than the server's": (
        "{1} 上 {0} 的版本或标记与服务器不同"
    ),
    "{} has the digest {} of {}, not the server's": "{0} 上 {2} 的校验值是 {1}，与服务器不同",
    "{} {}.{} on {} is {}, not {}": "{3} 上{0} {1}.{2} 是 {4}，不是 {5}",
    "{} is {}, and {} shows it no more": "{0} 的结果是 {1}，{2} 却不再显示它",
    "{} is past {} in {}, with the head {} and not {}": (
        "{0} 已越过 {2} 中的 {1}，版本是 {3}，不是 {4}"
    ),
    "{} is past the leaving of {} from {}": "{0} 已越过 {1} 移出 {2} 的变更",
    "{} is past the deletion of {} in {}": "{0} 已越过 {2} 中 {1} 的删除",
    # What was said over the wire.
    "a page of {}, which is not granted": "收到未获授权的 {0} 的一页",
    "{} operations got {} acks": "{0} 条操作得到 {1} 条答复",
    "a device that may only hand in was told of records": "只能上交的设备收到了记录",
    "{} is told to read {} more and {} less than granted": "{0} 被告知的范围比授权多 {1}、少 {2}",
    "a digest of {}, which is not granted": "收到未获授权的 {0} 的校验值",
    "the digest of {} is told as {} and is {}": "{0} 的校验值报为 {1}，实为 {2}",
    "{} was told that {} is deleted, and it is not": "{0} 被告知 {1} 已删除，其实没有",
    "{} was told that {} left, and it is there": "{0} 被告知 {1} 已移出，其实还在",
    "the ack of {} is about {}": "{0} 的答复说的是 {1}",
    "the ack of {} tells of {}": "{0} 的答复透露了 {1}",
    "the ack of {} tells values of a record that its author does not read": (
        "{0} 的答复透露了作者无权读的记录内容"
    ),
    "{} was acknowledged as {} and is not in the history": "{0} 已答复为 {1}，历史里却没有",
    "the feeds {} are read no more, and the device is not told": "{0} 已不再可读，却没有告知设备",
    "{} was sent a row of {} that the server does not have": "{0} 收到服务器上没有的 {1}",
    "{} was acknowledged as {} and is stored as {}": "{0} 已答复为 {1}，存的却是 {2}",
    "{} {} was sent in {}, where it is not": "{0} {1} 发到了它不在的 {2}",
    "{} was answered with {}: {}": "{0} 得到答复 {1}：{2}",
    # What a record should be.
    "{}: merging {} lost {}": "{0}：合并 {1} 时丢失 {2}",
    "{}: merging {} kept {}": "{0}：合并 {1} 时留下了已删去的 {2}",
    "{}: merging {} made {} of nothing": "{0}：合并 {1} 时拼出了无人写过的 {2}",
    "{}: merging {} began from {}": "{0}：合并 {1} 时没有可依据的原文 {2}",
    "{}: merging the set {} lost {}": "{0}：合并标签 {1} 时丢失 {2}",
    "{}: merging the set {} invented {}": "{0}：合并标签 {1} 时多出 {2}",
    "the conflict of {} keeps {} of {}, not {}": "{0} 的冲突里 {2} 是 {1}，不是 {3}",
    "deleted should be {}": "是否已删除应为 {0}",
    "the row lacks the marks {}": "记录缺少标记 {0}",
    "{} brought a deleted record back without a conflict": "{0} 恢复了已删除的记录，却没有冲突",
    "{} wrote {} and no conflict keeps its value": "{0} 写了 {1}，却没有冲突保留它的值",
    "{} should be {} and is {}": "{0} 应为 {1}，却是 {2}",
    # What was forgotten beyond the horizon, and where a record is.
    "{} was {} in {}, and is forgotten": "{0} 在 {2} 中是 {1}，却被遗忘",
    "{} forgot {} at {}, and tells of {}": "{0} 遗忘了 {2} 处的 {1}，却只说到 {3}",
    "the deletion of {} was forgotten in {} before its time": "{1} 过早遗忘了 {0} 的删除",
    "{} came about by forgetting": "{0} 因遗忘而出现",
    "{} {} is led by several: {}": "{0} {1} 有多个主办：{2}",
    "{} {} is live in {}, not {}": "{0} {1} 在 {2} 中，而不是在 {3} 中",
    "the ack of {} tells of a duplicate that only the office may see": (
        "对 {0} 的确认透露了只有办公室可见的重复登记"
    ),
    "{} of a suspended device is {}": "已停用设备的 {0} 结果却是 {1}",
    "{} came too late for a grant that ended, and is taken": "{0} 在授权结束后过久才到，却被采纳",
    "{} changed, and its head is what it was": "{0} 变了，版本却没有变",
    # What a hostile app sends.
    "{}: {} is {}, not {}": "{0}：{1} 为 {2}，应为 {3}",
    "{}: {} is {}, and its app may think it passes": "{0}：{1} 为 {2}，应用却会以为还能通过",
    "{}: {} was {}, and is nowhere": "{0}：{1} 的结果是 {2}，却不知去向",
    "{}: {} was {}, and changed {}": "{0}：{1} 的结果是 {2}，却改动了 {3}",
    "{}: the ack of {} tells of {}": "{0}：对 {1} 的确认透露了 {2}",
    "{}: the ack of {} tells the head of a record that is not theirs": (
        "{0}：对 {1} 的确认透露了他人记录的版本"
    ),
    "{} names a field of a newer app, and is {}": "{0} 含新版应用的字段，结果却是 {1}",
    "{}: the field {} of a newer app is not kept": "{0}：新版应用的字段 {1} 没有保留",
    "{}: {} go on from cursors of somebody else's": "{0}：{1} 从他人的游标接着发",
    "{}: {} begins anew, and {} differ": "{0}：{1} 重新开始，却有 {2} 条不同",
    "{}: the whole request was met with {}": "{0}：整个请求的答复是 {1}",
    "{} was answered with {} {}, not {}": "{0} 的答复是 {1} {2}，应为 {3}",
    "{}: something of a request was taken that was refused": "{0}：整个被拒的请求仍有内容被收下",
    "{} is {} beside {}, and alone {}": "{0} 与 {2} 同批时为 {1}，单独时为 {3}",
    "{} on {} has other unknown fields than the server's": "{1} 上 {0} 的未知字段与服务器不同",
    # What was erased.
    "the table {} holds {}, which was erased": "表 {0} 里还有已抹去的 {1}",
    "{} about {} still waits with what was erased": "关于 {1} 的 {0} 还带着已抹去的内容在等",
    "{} brings back {}, which was erased": "{0} 带回了已抹去的 {1}",
    "{} came with an erasure, and is none": "{0} 随抹去而来，却不是抹去",
    "{} does not say any more what it changed": "{0} 不再说明它改了什么",
    "{} says another {} than before it was erased": "{0} 的 {1} 与抹去之前不同",
    "{} still has {}, which was erased": "{0} 上还有已抹去的 {1}",
    "{} was told that {} was erased, and it was not": "{0} 被告知 {1} 已抹去，其实没有",
    "{}, which others read, was told that {} was erased": "{0} 有旁人在读，却被告知 {1} 已抹去",
    "{} begins anew, and was told that {} was erased": "{0} 从头开始，却被告知 {1} 已抹去",
    "{} still says {} of {}": "{0} 仍写着 {2} 的 {1}",
    "{} tells {} of before {} was erased": "{0} 透露了 {2} 抹去之前的 {1}",
    "{} vanished with an erasure ({})": "{0} 随抹去消失（{1}）",
    "{} was erased, and its head does not say so": "{0} 已抹去，版本却没有变",
    "{} was erased, and lies elsewhere now": "{0} 已抹去，却换了位置",
    "{} was made as {}, and what is left of it is {}": "{0} 做的是 {1}，留下的是 {2}",
    "{} was to be erased, and no operation says that it was": (
        "{0} 应当抹去，却没有操作说明已抹去"
    ),
    "{}.{} was erased, and is {}": "{0}.{1} 已抹去，却是 {2}",
    # Work that is carried.
    "a bundle was met with {}, and {} were taken": "带交文件的答复是 {0}，却收下了 {1} 条",
    "a bundle was changed ({}), and it was taken": "带交文件被改动（{0}），却被收下",
    "a bundle of {} was taken as {}, and lacks {}": "{0} 条的带交文件收下为 {1}，缺 {2}",
    # Photos.
    "a photo is kept twice for the same record": "同一记录的同一张照片存了两份",
    "photo {} of {} never came to the server": "{1} 的照片 {0} 始终没有到达服务器",
    "photo {} of {} still waits on {}": "{1} 的照片 {0} 还在 {2} 上等待上传",
    "photo {} was refused, and nothing is wrong with it": "照片 {0} 没有问题，却被拒收",
    "the photo {} is named by nothing, and stays": "照片 {0} 已无人引用，却没有清理",
    "the photo {} was erased, and is there": "照片 {0} 已抹去，却还在",
    "the photo {} was erased, and others had sent it too": "照片 {0} 别人也交过，却随抹去一并删除",
    "the picture {} lies there, and belongs to nothing": "图片 {0} 还在，却不属于任何上传",
    "the picture {} was shown as another": "图片 {0} 显示成了别的内容",
    "the upload {} goes on, and is in no table": "上传 {0} 还在继续，表里却没有",
    "the upload {} has another mark than its picture": "上传 {0} 的标记与图片不符",
    "the upload {} holds what nobody sent at that place": "上传 {0} 里有无人在该处发送的内容",
    "the upload {} is called complete, and is not": "上传 {0} 被称为已完成，其实没有",
    "the upload {} is called complete, and its picture is not there": (
        "上传 {0} 被称为已完成，图片却不在"
    ),
    "the upload {} is not as far as is said": "上传 {0} 的进度与所说不符",
    "the upload {} was begun, and is another in the table": "上传 {0} 开始时与表里所记不同",
    "the upload {} was erased, and is there": "上传 {0} 已抹去，却还在",
    "the upload {} was finished, and its device ended it": "上传 {0} 已完成，却被其设备取消",
    "the upload {} was kept, and is not what was announced": "上传 {0} 已保存，却不是所申报的照片",
    "the upload {} was removed, and something names it": "上传 {0} 仍有引用，却被清理",
    "unfinished uploads stay after their time": "没传完的照片到期后仍然留着",
    "{} calls {} handed in, and the server never had it": "{0} 称 {1} 已交清，服务器却从未收到",
    "{} may see {} with {}, and was told {}": "{0} 有权看 {2} 的 {1}，得到的答复却是 {3}",
    "{} still has the photo {}, which was erased": "{0} 上还有已抹去的照片 {1}",
    "{} was answered with {}, not {}": "{0} 的答复是 {1}，应为 {2}",
    "{} was shown {} with {}, and may not see it": "{0} 无权看 {2} 的 {1}，却看到了",
    # A newer version.
    "{} holds a code that is another now, and was {}": "{0} 的代码已改，却按原样处理为 {1}",
    "{} tells of doors, which are dwellings now, and was {}": (
        "{0} 写的是每层户数，现已改为户数，却处理为 {1}"
    ),
    # The end, or a fall.
    "{} was in the history, and is gone after the server fell": (
        "{0} 曾在历史里，服务器崩溃后不见了"
    ),
    "{} was acknowledged, and is gone after the server fell": "{0} 已经答复，服务器崩溃后不见了",
    "{} at {}: {}": "{0}（{1}）：{2}",
    "{} exchanges for ever, and drains nothing": "{0} 不停同步，却什么也交不清",
    "{} does not come to rest: {}": "{0} 一直没有停下来：{1}",
    "tablets and server never come to rest": "平板与服务器一直没有停下来",
}
"""What an audit says → the same in Chinese."""


def reason(why: str, lang: str) -> str:
    """Why a promise is broken, in this language."""
    if lang != "zh":
        return why
    for pattern, words in _patterns():
        found = pattern.fullmatch(why)
        if found is not None:
            return words.format(*(reason(part, lang) for part in found.groups()))
    return why


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The table as patterns, those with the most words of their own first."""
    by_words = sorted(REASONS.items(), key=lambda one: -len(one[0].replace("{}", "")))
    return [
        (re.compile("(.+?)".join(map(re.escape, said.split("{}"))), re.DOTALL), words)
        for said, words in by_words
    ]
