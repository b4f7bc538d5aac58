"""Bugs of the server, as they are planted: one function each, and the table.

Most are mistakes that somebody has made somewhere: a policy that trusts clocks, a commit that
comes after the answer, a number taken too early.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute, entry, wrapped

__all__ = ["TABLE"]


def _safeguard(name: str) -> Plant:
    """Switch one of the authority's own safeguards off, as ``YUANBA_BREAK`` does."""

    def off(original: Callable[..., None]) -> Callable[..., None]:
        def init(self: Any, *args: Any, **options: Any) -> None:
            original(self, *args, **options)
            object.__setattr__(self.safeguards, name, False)

        return init

    return attribute("sync.authority:Authority.__init__", off)


# Merging ---------------------------------------------------------------------------------------


def _own(_original: Any) -> Callable[[Any], Any]:
    """The last writer wins, whatever was seen."""
    from sync.merge import Decision

    def decide(step: Any) -> Any:
        return Decision("own", step.value)

    return decide


def _by_arrival(_original: Any) -> Callable[[Any], Any]:
    """``latest`` means what arrives last."""
    return _own(_original)


def _by_device_clock(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``latest`` compares the clocks of devices instead of corrected times."""

    def decide(step: Any) -> Any:
        return original(step._replace(corrected=int(step.stamp[:12], 16)))

    return decide


def _depth(work: Any, name: str, stamp: str | None) -> int:
    """How many edits of a field led to a version: what a counting device would call it."""
    steps = 0
    while stamp is not None and steps < 50:
        stored = work.operation(stamp)
        if stored is None or stored.kind == "create":
            break
        stamp = (stored.raw.get("base") or {}).get(name)
        steps += 1
    return steps


def _integer_versions(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Versions are counted: two edits of version 3 both make version 4, and pass for one."""

    def decide(step: Any) -> Any:
        same = step.base is not None and _depth(step.past, step.name, step.base) == _depth(
            step.past, step.name, step.version
        )
        return original(step._replace(base=step.version) if same else step)

    return decide


def _counted_replaces(original: Callable[..., bool]) -> Callable[..., bool]:
    """A base that waits in a conflict passes for the present version, if it counts the same."""

    def replaces(run: Any, op: Any, record: Any, name: str, value: Any, tally: Any) -> bool:
        base, version = op.base.get(name), record.version(name)
        if _depth(run.work, name, base) == _depth(run.work, name, version):
            return False
        return original(run, op, record, name, value, tally)

    return replaces


def _text_of_device(_original: Any) -> Callable[[str, str, str], str]:
    """Two texts are merged by taking the one that comes last."""

    def merge(_base: str, mine: str, _theirs: str) -> str:
        return mine

    return merge


def _remove_wins(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A set is written as a whole."""
    from sync.merge import Decision

    def decide(step: Any) -> Any:
        value = sorted(set(step.value.get("add") or ()))
        return original(step) if step.is_current else Decision("mixed", value)

    return decide


def _sum_as_value(_original: Any) -> Callable[[Any], Any]:
    """A counter is written as a value that the device computed."""
    from sync.merge import Decision

    def decide(step: Any) -> Any:
        return Decision("own", step.value["add"])

    return decide


def _append_over(_original: Any) -> Callable[..., Any]:
    """A new entry takes the place of the last one."""

    def appended(op: Any, context: Any, entries: Any, text: Any) -> Any:
        return [*(entries or ())[:-1], [op.stamp, context.corrected_ms, op.actor, text]]

    return appended


def _second_accept(original: Callable[..., Any]) -> Callable[..., Any]:
    """A step that somebody took first is taken again."""
    return _from_elsewhere(original, lambda current, target, _legal: current == target)


def _any_step(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whether a step leads from where an order is now is not asked."""
    return _from_elsewhere(original, lambda current, target, legal: (current, target) not in legal)


def _from_elsewhere(
    original: Callable[..., Any], when: Callable[[Any, Any, Any], bool]
) -> Callable[..., Any]:
    """A step is taken from the state that its author saw."""

    def transition(run: Any, op: Any, context: Any) -> Any:
        record = run.work.record(op.record)
        flow = record.spec.workflow
        step = op.fields[flow.field]
        if (step["from"], step["to"]) in flow.steps and when(
            record.get(flow.field), step["to"], flow.steps
        ):
            record.values[record.spec.index[flow.field]] = step["from"]
        return original(run, op, context)

    return transition


def _delete_wins(original: Callable[..., Any]) -> Callable[..., Any]:
    """A deletion does not ask whether somebody edited meanwhile."""

    def delete(run: Any, op: Any, context: Any) -> Any:
        record = run.work.record(op.record)
        return original(run, op._replace(base={**op.base, "*": record.head}), context)

    return delete


def _edit_lost_to_deletion(_original: Any) -> Callable[..., Any]:
    """An edit of a record that was deleted meanwhile is turned away."""
    from sync.errors import Problem, Refusal

    def may_return(record: Any, _op: Any) -> None:
        if record.deleted:
            raise Refusal(Problem("deleted", pointer="/record"))

    return may_return


def _no_correction(_original: Any) -> Callable[..., int]:
    """The device's clock is believed."""

    def corrected(*, at: int, offset_ms: int, received_ms: int) -> int:  # noqa: ARG001
        return at

    return corrected


# Conflicts and who is told ----------------------------------------------------------------------


def _closes_by_itself(original: Callable[..., Any]) -> Callable[..., Any]:
    """An edit of a field that is in conflict closes the conflict."""

    def show(run: Any, record: Any, names: Any) -> Any:
        names = list(names)
        for conflict in run.work.open_conflicts(record.id):
            for name in set(names) & set(conflict.open_fields()):
                part = conflict.fields[name]
                conflict.fields[name] = {**part, "closed_by": record.version(name)}
                record.unflag(name)
                run.work.put_conflict(conflict)
        return original(run, record, names)

    return show


def _nobody_told(_original: Any) -> Callable[..., None]:
    """Nobody is told what became of their work later."""
    return lambda *_args, **_told: None


def _unmarked(_original: Any) -> Callable[..., None]:
    """A row does not show that a conflict is open."""
    return lambda _self, _name: None


def _held_for_ever(_original: Any) -> Callable[..., None]:
    """What waits is not taken when what it waited for has come."""
    return lambda _self: None


def _anybody_resolves(_original: Callable[..., bool]) -> Callable[..., bool]:
    """Roles are not asked."""
    return lambda role, spec, kind: True


def _told_all(_original: Any) -> Callable[..., bool]:
    """A notice tells values to whoever it is for, wherever the record is now."""
    return lambda *_args, **_options: True


# Scope and feeds --------------------------------------------------------------------------------


def _reads_grace(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever may still hand in may also still read."""
    from dataclasses import replace

    def of(cls: Any, reader: Any, *, checkpoint: Any, now_ms: int) -> Any:
        scope = original(cls, reader, checkpoint=checkpoint, now_ms=now_ms)
        ended = {feed: grant.generation for grant in reader.grants for feed in [grant.feed]}
        feeds = {feed: ended.get(feed, "0") for feed in scope.grace}
        return replace(
            scope,
            reads=scope.reads | feeds.keys(),
            generations={**feeds, **scope.generations},
        )

    return of


def _acks_tell(_original: Any) -> Callable[..., list[str]]:
    """An ack tells of a record wherever it is."""
    return lambda _self, feeds: list(feeds)


def _no_grace(_original: Callable[..., Any]) -> Callable[..., Any]:
    """Work for a grant that ended is turned away, though it was made in good faith."""
    return lambda *_args, **_options: {}


def _left_untold(original: Callable[..., Any]) -> Callable[..., Any]:
    """A record that left a feed is not told of."""

    def page(self: Any, feed: str, cursor: Any, entries: Any, quiet: Any) -> Any:
        kept = [one for one in entries if one.state != "left"]
        return original(self, feed, cursor, kept, quiet)

    return page


def _tombstone_forgotten(original: Callable[..., Any]) -> Callable[..., Any]:
    """A deletion is not told."""

    def page(self: Any, feed: str, cursor: Any, entries: Any, quiet: Any) -> Any:
        kept = [one for one in entries if one.state != "deleted"]
        return original(self, feed, cursor, kept, quiet)

    return page


def _too_quiet(_original: Callable[..., Any]) -> Callable[..., Any]:
    """A row is left out for a device although somebody else had changed it before."""

    def quiet(self: Any) -> Any:
        found = {one: self.work.record(one) for one in self._touched}
        return {one: record.head for one, record in found.items() if record is not None}

    return quiet


def _blind_echo(_original: Any) -> Callable[..., set[str]]:
    """Whether the caller's cursors are behind is not asked."""
    return lambda _self, _positions, _records: set()


def _cursor_ahead(original: Callable[..., Any]) -> Callable[..., Any]:
    """The last page's cursor is the end of the feed, although the limit cut the pages short."""

    def read(self: Any, feed: str, state: Any, position: Any, left: int) -> int:
        before = len(self.pages)
        used: int = original(self, feed, state, position, left)
        from sync.feeds import Cursor

        at = self.scope.generations[feed]
        end = Cursor(feed, self.epoch, at, state.seq).text().encode()
        for number in range(before, len(self.pages)):
            page = self.pages[number]
            start = page.index(b'"cursor":"') + 10
            self.pages[number] = page[:start] + end + page[page.index(b'"', start) :]
        return used

    return read


def _number_before_commit(original: Callable[..., Any]) -> Callable[..., Any]:
    """Sequence numbers are taken when a transaction begins, and shown when it ends.

    Here one writer works at a time, so the order of commits is turned round in the numbers:
    every transaction takes the number after the next, and every third one the free one before.
    """
    count = [0]

    def run(self: Any, text: str, rows: Any) -> Any:
        if 'UPDATE "feed"' in text:
            rows = [(row[0] + 1, *row[1:]) for row in rows]
        elif '"entry"' in text and text.startswith("INSERT"):
            count[0] += 1
            if count[0] % 3 == 0 and len(rows) == 1:
                ((seq, *rest),) = rows
                rows = [(seq - 1, *rest)]
            else:
                rows = [(row[0] + 1, *row[1:]) for row in rows]
        return original(self, text, rows)

    return run


def _digest_forgets(original: Callable[..., Any]) -> Callable[..., Any]:
    """The digests of feeds are not kept up when a record moves from one to another."""

    def changes(records: Any) -> Any:
        kept = [
            one
            for one in records
            if one.before is None or set(one.before.feeds) == set(one.record.feeds())
        ]
        return original(kept)

    return changes


def _lead_stays(original: Callable[..., Any]) -> Callable[..., Any]:
    """An order that is given to another unit stays with the one before."""

    def movements(changes: Any) -> Any:
        return [
            one._replace(state="live")
            if one.state == "left" and one.feed.startswith("unit:")
            else one
            for one in original(changes)
        ]

    return movements


def _moves_by_hash(original: Callable[..., Any]) -> Callable[..., Any]:
    """What a batch changed is stored in the order of a set."""

    def movements(changes: Any) -> Any:
        return sorted(original(changes), key=lambda one: hash(one.record))

    return movements


def _feeds_by_hash(_original: Any) -> Callable[..., Any]:
    """Feeds are read in the order of a set."""
    return hash


def _stays_behind(_original: Any) -> Callable[..., Any]:
    """Who lives in a household does not move with it."""
    return lambda *_args, **_options: ()


# Durability --------------------------------------------------------------------------------------


def _ack_before_commit(stack: ExitStack) -> None:
    """The answer is sent, and the commit comes after it: what falls meanwhile takes it along."""
    from pkgutil import resolve_name

    office = resolve_name("simulator.exploration.office:Office")
    restart, call = office.restart, office.call

    def remember(self: Any, *request: Any, **options: Any) -> Any:
        self.store.durable = self.image()
        return call(self, *request, **options)

    def fall(self: Any, image: bytes | None = None, *, epoch: str | None = None) -> None:
        lost = getattr(self.store, "durable", None)
        restart(self, lost if image is None and lost else image, epoch=epoch)

    for name, original, made in (("restart", restart, fall), ("call", call, remember)):
        stack.callback(setattr, office, name, original)
        setattr(office, name, made)


_MERGE = "sync.merge:_DECIDE"

TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("no_idempotency", "重复的操作再次生效", "a repeated operation takes effect again", (3,),
     _safeguard("idempotency")),
    ("last_writer_wins", "后到者覆盖", "the last writer wins", (6,),
     wrapped(entry(_MERGE, "ask", _own), entry(_MERGE, "text", _own))),
    ("base_not_asked", "不看依据", "nobody asks what was seen", (3, 6), _safeguard("base")),
    ("integer_versions", "版本用计数", "versions are counted", (3, 6),
     wrapped(attribute("sync.editing:decide", _integer_versions),
             attribute("sync.editing:_replaces", _counted_replaces))),
    ("once_overwritten", "首次登记被覆盖", "what was recorded first is overwritten", (3, 6),
     entry(_MERGE, "once", _own)),
    ("latest_by_arrival", "“最新”按到达先后", "latest means what arrives last", (3,),
     entry(_MERGE, "latest", _by_arrival)),
    ("latest_by_device_clock", "“最新”按设备时钟", "latest goes by the clocks of devices", (3,),
     entry(_MERGE, "latest", _by_device_clock)),
    ("text_takes_one_side", "长文本只留一方", "merging texts keeps one side", (3,),
     attribute("sync.textmerge:merge", _text_of_device)),
    ("set_written_whole", "标签整体覆盖", "a set is written as a whole", (3,),
     entry(_MERGE, "set", _remove_wins)),
    ("sum_is_a_value", "累加变覆盖", "a counter is written as a value", (3,),
     entry(_MERGE, "sum", _sum_as_value)),
    ("highest_is_last", "极值不比较", "a bound is whatever came last", (3,),
     wrapped(entry(_MERGE, "highest", _own), entry(_MERGE, "lowest", _own))),
    ("append_replaces", "新记录覆盖旧记录", "an entry replaces the last one", (3,),
     attribute("sync.editing:_appended", _append_over)),
    ("taken_twice", "同一工单可两次接单", "an order can be taken twice", (3,),
     entry("sync.kinds:KINDS", "transition", _second_accept)),
    ("any_step", "工单可跳步", "an order takes steps that do not lead from where it is", (10,),
     entry("sync.kinds:KINDS", "transition", _any_step)),
    ("lead_stays", "改派后原主办单位仍有工单", "an order stays with the unit that led it", (10,),
     attribute("server.store.writer:movements", _lead_stays)),
    ("deletion_wins", "删除压过修改", "a deletion does not ask who edited", (3,),
     entry("sync.kinds:KINDS", "delete", _delete_wins)),
    ("edit_lost_to_deletion", "删除后修改被拒", "an edit of a deleted record is refused", (2,),
     attribute("sync.editing:_may_return", _edit_lost_to_deletion)),
    ("device_clock_believed", "相信设备时钟", "the device's clock is believed", (11,),
     attribute("sync.run:corrected_ms", _no_correction)),
    ("conflict_closes_itself", "冲突自行关闭", "a conflict closes by an edit", (8,),
     attribute("sync.run:show_present", _closes_by_itself)),
    ("nobody_told", "不通知作者", "authors are not told", (2,),
     attribute("sync.authority:Authority.notify", _nobody_told)),
    ("conflict_unmarked", "行上不标冲突", "rows do not show a conflict", (3, 8),
     attribute("sync.record:Record.flag", _unmarked)),
    ("held_for_ever", "等待的操作不再处理", "what waits is never taken", (2,),
     attribute("sync.run:BatchRun.release_waiting", _held_for_ever)),
    ("anybody_may", "不问岗位", "roles are not asked", (4,),
     attribute("sync.gates:may", _anybody_resolves)),
    ("notices_tell_all", "通知泄露内容", "notices tell values to who may not have them", (4,),
     attribute("server.app:may_be_told", _told_all)),
    ("writes_anywhere", "可改范围以外的记录", "anybody may write anywhere", (4,),
     _safeguard("scope")),
    ("scope_leak", "收回授权后仍可读", "who may hand in may read", (4,),
     attribute("sync.scope:Scope.of", _reads_grace)),
    ("acks_leak", "确认泄露范围外内容", "acks tell of records that are not read", (4,),
     attribute("sync.scope:Scope.readable", _acks_tell)),
    ("no_eviction", "不告知授权收回", "an ended feed is not evicted", (4,),
     _safeguard("eviction")),
    ("no_grace", "被调离者的修改被拒", "a reassigned worker's edits are refused", (2,),
     attribute("sync.scope:_grace", _no_grace)),
    ("left_untold", "移出不告知", "a record that left is not told of", (4, 7),
     attribute("sync.exchange:Exchange.page", _left_untold)),
    ("tombstone_forgotten", "删除不告知", "a deletion is not told", (4, 7),
     attribute("sync.exchange:Exchange.page", _tombstone_forgotten)),
    ("too_quiet", "漏发别人改过的行", "a changed row is taken for an echo", (1, 7),
     attribute("sync.run:BatchRun.quiet", _too_quiet)),
    ("blind_echo", "不看游标就省发", "echoes are left out without a look at cursors", (1, 7),
     attribute("server.store.writer:Writer.beyond", _blind_echo)),
    ("cursor_ahead", "游标越过未发内容", "a cursor passes what the limit cut off", (7,),
     attribute("sync.exchange:_Pull._read", _cursor_ahead)),
    ("number_before_commit", "提交前取号", "a sequence number is taken before the commit", (7,),
     attribute("server.store.writer:Writer.run", _number_before_commit)),
    ("digest_forgets_moves", "移动不更新校验值", "digests are not kept up over moves", (12,),
     attribute("server.store.writer:digest_changes", _digest_forgets)),
    ("people_stay_behind", "住户不随户迁移", "people stay where their household was", (4,),
     attribute("sync.authority:Authority.reactions_to", _stays_behind)),
    ("moves_by_hash", "写入按集合次序", "a batch is stored in the order of a set", (13,),
     attribute("server.store.writer:movements", _moves_by_hash)),
    ("feeds_by_hash", "订阅按集合次序读取", "feeds are read in the order of a set", (13,),
     attribute("sync.exchange:_reading_order", _feeds_by_hash)),
    ("ack_before_commit", "先答复后提交", "the answer comes before the commit", (2,),
     _ack_before_commit),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
