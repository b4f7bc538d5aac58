"""The promises: what must hold in every run, numbered, with the words for people.

>>> len(PROMISES)
15
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PROMISES", "Broken"]

PROMISES: Mapping[int, tuple[str, str]] = {
    1: (
        "故障消除后，平板与服务器的授权视图逐字段一致",
        "after healing, a replica equals the server's scoped view, field by field",
    ),
    2: (
        "每条已确认的修改都在历史里：可见、已合并、被取代、在冲突中、暂存，或被拒绝并告知本人",
        "every acknowledged edit is in the history, and visible, merged, superseded, in a "
        "conflict, held, or rejected with its author told",
    ),
    3: ("每条操作只生效一次", "each operation takes effect once"),
    4: (
        "任何答复都不含授权范围以外的行或字段，移出范围的行已清除",
        "no answer holds a row or a field outside the device's scope, and evicted rows are gone",
    ),
    5: ("待上传的修改都能交清", "outboxes drain"),
    6: (
        "须询问、首次为准、长文本字段从不覆盖未见过的版本",
        "no ask, once or text write replaces a version that was not its base",
    ),
    7: ("游标从不越过未写入的变更", "a cursor never passes a change that was not applied"),
    8: ("冲突只能由有记录的决定关闭", "a conflict closes only by a recorded decision"),
    9: ("历史只增不减", "history only grows"),
    10: (
        "工单始终处于合法状态，最多一个主办",
        "work orders are in legal states, with at most one lead",
    ),
    11: ("时限不受设备时钟影响", "deadlines ignore the clocks of devices"),
    12: ("校验值一致", "digests match"),
    13: (
        "同一种子在任何 PYTHONHASHSEED 下得到同一轨迹",
        "the same seed gives the same trace under another PYTHONHASHSEED",
    ),
    14: (
        "每张照片都逐字节送达服务器，核对无误才算交清，绝不混入别的内容",
        "every photo arrives byte for byte, and counts as handed in only when it was verified",
    ),
    15: (
        "没传完的照片不会一直留着，有记录引用的照片不会被清理",
        "no unfinished upload stays for ever, and nothing that a record names is cleared away",
    ),
}
"""Number → the promise (zh, en)."""


class Broken(BaseException):
    """A promise was broken. ``number`` 0: the program itself failed.

    It is no ``Exception``: nothing in the system under test may catch it.
    """

    def __init__(self, number: int, why: str) -> None:
        super().__init__(number, why)
        self.number, self.why = number, why
