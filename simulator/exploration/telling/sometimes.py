"""Sometimes: what must have happened in a long campaign, or it has proved nothing.

A fault that is drawn but never strikes, a kind of conflict that nobody ever gets into: then
the code behind it was not explored, and no invariant can tell. So everything is counted
where it happens, under a name, and the names that matter are listed here.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.exploration.hostile.words import HOSTILE
from simulator.exploration.photos.words import PHOTOS

__all__ = ["SOMETIMES"]

SOMETIMES: Mapping[str, tuple[str, str]] = {
    "network:request_lost": ("请求丢失", "a request is lost"),
    "network:answer_lost": ("提交后答复丢失", "an answer is lost after the commit"),
    "network:duplicate": ("请求重复送达", "a request arrives twice"),
    "network:cut": ("答复中途断开", "an answer is cut in the middle of a line"),
    "network:portal": ("被认证页面截答", "a portal answers instead"),
    "network:proxy_503": ("代理返回 503", "a proxy says 503"),
    "network:proxy_502": ("代理返回 502", "a proxy says 502"),
    "network:delay": ("答复迟到很久", "an answer takes minutes"),
    "network:stale": ("旧请求的答复在新请求之后到达", "an answer comes after a newer request"),
    "server_busy": ("服务器繁忙", "the server is busy"),
    "network:piece_cut": ("照片传到一半连接中断", "a connection ends in the middle of a piece"),
    "server_crash_in_piece": ("收照片时崩溃", "the server falls in the middle of a piece"),
    "server_crash_before_commit": ("提交前崩溃", "the server falls before it commits"),
    "server_crash_after_commit": ("提交后崩溃", "the server falls after it commits"),
    "server:restart": ("服务器重启", "the server starts anew"),
    "server:restored": ("服务器从备份恢复", "the server comes back from a backup"),
    "server:slow_migration": ("升级期间停止服务", "a migration takes its time"),
    "server:compacted": ("清理早已删除的记录", "deletions beyond the horizon are forgotten"),
    "horizon:purged": ("删除记录被清除", "an entry of a feed is purged"),
    "horizon:reset": ("越过期限的平板重建订阅", "a tablet was off past the horizon"),
    "horizon:handed_in": ("越过期限仍交件", "a tablet past the horizon hands in its work"),
    "upkeep:released": ("五日后放行", "what waited five days for its base is let go"),
    "redaction:done": ("抹去个人信息", "a person has their data erased"),
    "redaction:related": ("连同相关记录抹去", "what is about the same person goes too"),
    "code:redacted": ("抹去后才交来的修改", "work comes about what was erased meanwhile"),
    "server:upgraded": ("升级到新版本", "the server is upgraded while tablets are out"),
    "upgrade:old_words": ("旧版应用交来的修改", "work in the words of an older app is taken"),
    "upgrade:new_words": ("新版应用交来的修改", "work comes from an app that was told"),
    "damage:lost": ("副本丢了一行", "a row of a copy is lost"),
    "damage:old": ("副本退回旧行", "a row of a copy is old"),
    "damage:parted": ("副本的行脱离订阅", "a row of a copy has lost its feeds"),
    "damage:repaired": ("按桶修复", "a copy is repaired by buckets"),
    "bundle:whole-200": ("他人带交", "work is carried by another"),
    "bundle:payload-403": ("带交文件被改，拒收", "a carried file was changed, and is refused"),
    "bundle:signature-403": ("带交文件签名不符，拒收", "a carried file has another signature"),
    "bundle:unsigned-403": ("带交文件未签名，拒收", "a carried file is not signed"),
    "handover:in_time": ("交接前做成、交接后才到", "work of before a handover comes after it"),
    "handover:late": ("交接后还做了修改", "work is done after a handover, and counts"),
    "alias:followed": ("引用的记录已合并", "a tablet follows a reference to what stands for it"),
    "people:holiday": ("全县停工数日", "nobody works for days"),
    "device:power_cut": ("写入途中断电", "a tablet dies in the middle of writing"),
    "device:kill": ("应用被终止", "an app is killed"),
    "device:rollback": ("存储退回昨天", "a disk is set back to yesterday"),
    "device:clone": ("平板被复制", "a tablet is cloned"),
    "device:clock": ("时钟错误", "a clock is wrong"),
    "device:full": ("存储已满", "a disk fills up"),
    "device:disk_full": ("同步时存储已满", "a disk is full while syncing"),
    "device:impatient": ("未等答复又发起同步", "an exchange begins while another is open"),
    "device:enrolled_again": ("重新登记", "a tablet enrols again, in place of itself"),
    "people:away_weeks": ("离线数周", "a tablet is off for weeks"),
    "people:reassigned_offline": ("离线期间被调整分工", "a worker is reassigned while offline"),
    "people:split": ("网格拆分时有未交修改", "a grid is split with edits outstanding"),
    "people:removed": ("人员离岗", "a worker is removed"),
    "conflict:concurrent": ("并发修改冲突", "a conflict of concurrent values"),
    "conflict:already_set": ("首次登记冲突", "a conflict about what was recorded first"),
    "conflict:overtaken": ("同一工单两人接单", "the same order is taken twice"),
    "conflict:deleted_and_edited": ("一删一改", "a record is deleted and edited"),
    "conflict:duplicate": ("重复登记", "the same is recorded twice"),
    "conflict:hidden": ("只有办公室看到的重复登记", "a duplicate that only the office is told of"),
    "likeness:asked": ("疑似同一人", "somebody may have been recorded twice"),
    "conflict:closed": ("冲突被处理", "a conflict is closed by a decision"),
    "outcome:applied": ("生效", "an operation is applied"),
    "outcome:merged": ("合并", "an operation is merged"),
    "outcome:conflict": ("冲突", "an operation is in conflict"),
    "outcome:held": ("暂存", "an operation is held"),
    "outcome:rejected": ("拒绝", "an operation is rejected"),
    "ack:applied-again": ("重复提交得到当前结果", "a repeat is answered with its outcome"),
    "ack:conflict-again": ("重复提交仍在冲突", "a repeat is still in conflict"),
    "ack:held-again": ("重复提交仍暂存", "a repeat is still held"),
    "merge:text-merged": ("长文本合并", "texts are merged"),
    "merge:text-conflict": ("长文本冲突", "texts overlap"),
    "merge:set-merged": ("标签合并", "sets are merged"),
    "merge:latest-kept": ("较早的值让位", "an earlier value gives way"),
    "merge:latest-later": ("较晚的值胜出", "a later value wins"),
    "merge:bound-kept": ("不及已有的极值", "a bound is not reached"),
    "merge:ask-same": ("同值不冲突", "equal values do not conflict"),
    "merge:ask-joins": ("接替冲突中的值", "a value takes another's place in a conflict"),
    "merge:record-restored": ("恢复", "a record is restored"),
    "code:needs": ("等待依据", "an operation waits for its base"),
    "code:depends_on_rejected": ("依据未被接受", "an operation is held with its base"),
    "code:out_of_scope": ("超出范围", "an operation is out of scope"),
    "code:review": ("等待核查", "an operation waits for a person"),
    "code:not_allowed": ("岗位不允许", "a role does not allow it"),
    "hello:evicted": ("授权被收回", "a feed is read no more"),
    "hello:reset": ("重建订阅", "a feed begins anew"),
    "hello:no_feeds": ("只许交件", "a tablet may only hand in"),
    "page:deleted": ("告知删除", "a deletion is told"),
    "page:left": ("告知移出", "a record is told to have left"),
    "done:more": ("分多次收取", "an answer does not hold everything"),
    "next:wipe": ("被通知清除", "a tablet is told to erase itself"),
    **{f"photo:{key}": words for key, words in PHOTOS.items()},
    **{
        f"hostile:{key}": (f"问题应用：{zh}", f"hostile app: {en}")
        for key, (zh, en) in HOSTILE.items()
    },
}
"""Name of a counter → what it counts (zh, en)."""
