"""Problems: every way in which the engine says no, in one table.

A refusal that a field worker reads on a staircase must say what happened and
what to do, in their language; a program must be able to branch on a code; and
both must know whether repeating the request can help. All three live here, so
that the wire, the console and the documentation cannot disagree.

Invariants
    * A code is in ``PROBLEMS`` or it does not exist: ``Problem`` checks it.
    * A *definite* problem stays the same if the same request is repeated.
      An indefinite one may have happened: repeat the same request.

This module never formats anything for a log and never holds personal data:
parameters are names, limits and codes, not values that somebody typed.

>>> Problem("unknown_type", pointer="/type", params={"type": "ghost"}).message("en")
"This server knows no records of the type 'ghost'. Update the app, then send it again."
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["PROBLEMS", "Problem", "ProblemKind", "Refusal", "as_json"]


class ProblemKind(NamedTuple):
    """One row of the table: HTTP status, whether it is definite, and the words."""

    status: int
    definite: bool
    zh: str
    en: str


_REQUESTS: dict[str, ProblemKind] = {
    "not_json": ProblemKind(
        400,
        True,
        "请求内容不是 JSON，没有收下任何数据。",
        "The request is not JSON; none was taken.",
    ),
    "not_gzip": ProblemKind(
        400,
        False,
        "压缩的内容不完整或已损坏，请重新发送。",
        "The compressed body is broken or cut short. Send it again.",
    ),
    "too_deep": ProblemKind(
        400, True, "请求内容嵌套过深。", "The request is nested too deep to be read."
    ),
    "bad_request": ProblemKind(
        400, True, "请求缺少必要内容：{what}。", "The request lacks something it needs: {what}."
    ),
    "unsupported_protocol": ProblemKind(
        400,
        True,
        "服务器不支持此同步协议版本。请更新应用。",
        "This server does not speak that version of the protocol. Update the app.",
    ),
    "no_token": ProblemKind(
        401, True, "缺少设备令牌。请重新登记设备。", "No device token was sent. Enrol this device."
    ),
    "token_unknown": ProblemKind(
        401,
        True,
        "设备令牌无效。请重新登记设备；未上传的内容仍在本机。",
        "This device token is not known. Enrol the device again; unsent work stays on it.",
    ),
    "token_expired": ProblemKind(
        401,
        True,
        "设备令牌已过期，请刷新令牌后重试。",
        "The device token has expired. Refresh it, then repeat the request.",
    ),
    "refresh_unknown": ProblemKind(
        401,
        True,
        "刷新令牌无效。请向管理员申请新的登记码。",
        "This refresh token is not known. Ask an administrator for a new enrolment code.",
    ),
    "code_unknown": ProblemKind(
        403,
        True,
        "登记码不正确、已使用或已过期。请向管理员要一个新的。",
        "The enrolment code is wrong, used or out of date. Ask an administrator for a new one.",
    ),
    "not_your_device": ProblemKind(
        403,
        True,
        "请求中的设备与令牌不符。",
        "The device named in the request is not the one that this token belongs to.",
    ),
    "hand_in_only": ProblemKind(
        403,
        True,
        "此设备目前只能上交内容。请联系管理员。",
        "This device may only hand in work for now. Speak to an administrator.",
    ),
    "device_too_old": ProblemKind(
        400,
        True,
        "应用版本过旧：内容可以上交，但要更新应用后才能接收。",
        "The app is too old to read from this server. Its work is taken; update it to receive.",
    ),
    "not_signed_in": ProblemKind(401, True, "请先登录。", "Please sign in first."),
    "forbidden": ProblemKind(403, True, "您的岗位无权进行此操作。", "Your role may not do this."),
    "not_found": ProblemKind(404, True, "没有找到。", "There is nothing here."),
    "method_not_allowed": ProblemKind(
        405, True, "此地址不接受这种请求。", "This address does not take that kind of request."
    ),
    "too_large": ProblemKind(
        413,
        True,
        "请求过大，上限为 {limit} 字节。请分批发送。",
        "The request is too large: the limit is {limit} bytes. Send it in smaller parts.",
    ),
    "unsupported_encoding": ProblemKind(
        415,
        True,
        "服务器不支持此压缩方式，请改用 gzip 或不压缩。",
        "The server cannot unpack this encoding. Send gzip, or nothing packed.",
    ),
    "too_many_operations": ProblemKind(
        413,
        True,
        "一次最多 {limit} 条操作。请分批发送。",
        "A request holds at most {limit} operations. Send them in smaller batches.",
    ),
    "unsupported_media": ProblemKind(
        415,
        True,
        "请求内容的类型不对，应为 {wanted}。",
        "The content of the request is of the wrong type: {wanted} is wanted.",
    ),
    "tus_version": ProblemKind(
        412,
        True,
        "照片上传协议的版本不符，请更新应用。",
        "Photos are taken by tus 1.0.0. Update the app.",
    ),
    "offset_wrong": ProblemKind(
        409,
        True,
        "照片续传的位置不对。请先查询已收到多少，再从那里继续。",
        "The photo is not that far. Ask how far it is, and go on from there.",
    ),
    "checksum_wrong": ProblemKind(
        460,
        False,
        "这一段照片在途中损坏，没有收下。请重新发送这一段。",
        "This piece of the photo was damaged on the way; none of it was kept. Send it again.",
    ),
    "hash_wrong": ProblemKind(
        422,
        True,
        "收到的照片与所说的校验值不符，没有收下。请从头重新上传。",
        "The photo is not the one that was announced; it was not kept. Upload it anew.",
    ),
    "not_a_picture": ProblemKind(
        415,
        True,
        "这不是能保存的照片（JPEG、PNG 或 WebP），没有收下。",
        "This is no photo that can be kept (JPEG, PNG or WebP); it was not kept.",
    ),
    "upload_locked": ProblemKind(
        423,
        False,
        "这张照片正在上传，请稍候再试。",
        "This photo is just being uploaded. Try again in a moment.",
    ),
    "too_many_uploads": ProblemKind(
        429,
        False,
        "这台设备今天上传的照片太多，请稍后再试；照片仍在本机。",
        "This device has sent too many photos today. Try again later; they stay on it.",
    ),
    "no_room": ProblemKind(
        507,
        False,
        "服务器存储空间不足，暂不能收照片；照片仍在本机，稍后会再试。请告知管理员。",
        "The server has no room for photos now. Tell an administrator, and try again later.",
    ),
    "on_its_way": ProblemKind(
        404, False, "照片还在路上，稍后再看。", "The photo is still on its way. Look again later."
    ),
    "bundle_unknown": ProblemKind(
        404,
        True,
        "这份数据包来自本服务器没有登记过的设备，没有收下。",
        "The device that made this bundle is not known here; nothing of it was taken.",
    ),
    "bundle_unsigned": ProblemKind(
        403,
        True,
        "这份数据包没有签名，或该设备没有登记签名密钥。请交给管理员导入。",
        "This bundle is not signed, or its device has no key here. Give it to an administrator.",
    ),
    "bundle_forged": ProblemKind(
        403,
        True,
        "这份数据包被改动过，或不是该设备做的，没有收下。",
        "This bundle was changed, or another device made it; nothing of it was taken.",
    ),
    "bundle_revoked": ProblemKind(
        403,
        True,
        "做这份数据包的设备已停用。请交给管理员，由管理员逐条查看。",
        "The device that made this bundle is revoked. An administrator can look at what it holds.",
    ),
    "too_many_requests": ProblemKind(
        429,
        False,
        "请求过于频繁，请稍候再试。",
        "Too many requests. Wait a little, then try again.",
    ),
    "server_error": ProblemKind(
        500,
        False,
        "服务器出错，内容可能已经收下。请稍后原样重发，不会重复。",
        "The server failed; the work may have been taken. Repeat it: nothing happens twice.",
    ),
    "busy": ProblemKind(
        503,
        False,
        "服务器繁忙，请稍候原样重发。",
        "The server is busy. Repeat the request shortly.",
    ),
}

_OPERATIONS: dict[str, ProblemKind] = {
    "malformed": ProblemKind(
        422, True, "这条操作的格式不正确：{what}。", "This operation is malformed: {what}."
    ),
    "bad_stamp": ProblemKind(
        422, True, "这条操作的编号不正确。", "This operation's stamp is not a stamp."
    ),
    "not_your_stamp": ProblemKind(
        403,
        True,
        "这条操作带有别的设备的编号。",
        "This operation carries the stamp of another device.",
    ),
    "not_your_actor": ProblemKind(
        403,
        True,
        "这条操作署的是别人的名字。",
        "This operation names another person as its author.",
    ),
    "stamp_ahead": ProblemKind(
        422,
        True,
        "这条操作的编号时间远在将来，已保存，等待管理员查看。",
        "This operation's stamp lies far in the future. An administrator will look at it.",
    ),
    "stamp_reused": ProblemKind(
        409,
        True,
        "同一编号已有不同内容。这一份已另行保存，等待管理员查看。",
        "This stamp was used before with other content. This one is kept for an administrator.",
    ),
    "bad_text": ProblemKind(
        422,
        True,
        "文字中含有无法保存的字符，请重新输入该项。",
        "The text holds a character that cannot be stored. Type this entry again.",
    ),
    "unknown_type": ProblemKind(
        422,
        True,
        "服务器没有“{type}”这种记录。请更新应用后重新发送。",
        "This server knows no records of the type '{type}'. Update the app, then send it again.",
    ),
    "unknown_kind": ProblemKind(
        422, True, "服务器不认识操作“{kind}”。", "This server knows no operation '{kind}'."
    ),
    "unknown_record": ProblemKind(404, True, "没有这条记录。", "There is no such record."),
    "record_exists": ProblemKind(
        409, True, "这条记录已经存在。", "A record with this id exists already."
    ),
    "wrong_type": ProblemKind(
        422, True, "这条记录不是“{type}”。", "That record is not of the type '{type}'."
    ),
    "bad_value": ProblemKind(
        422,
        True,
        "“{label}”的值不正确：{zh}。",
        "The value of '{label}' is not right: {en}.",
    ),
    "missing_field": ProblemKind(
        422, True, "缺少必填项“{label}”。", "The field '{label}' must be filled in."
    ),
    "missing_base": ProblemKind(
        422,
        True,
        "没有说明“{field}”是根据哪个版本修改的。",
        "The operation does not say which version of '{field}' it was based on.",
    ),
    "needs": ProblemKind(
        409,
        True,
        "这条修改依据的内容还没有到达，已保存，到达后自动处理。",
        "What this change is based on is not here yet. It is kept, and applied when that comes.",
    ),
    "depends_on_rejected": ProblemKind(
        409,
        True,
        "这条修改依据的内容未被接受，已一并保存等待处理。",
        "What this change is based on was not accepted. It is kept with it.",
    ),
    "group": ProblemKind(
        409,
        True,
        "同组的另一条未能处理，这一条已保存，一并等待。",
        "Another change of its group was stopped. This one is kept, and waits with the group.",
    ),
    "group_incomplete": ProblemKind(
        409,
        True,
        "同组的其他修改没有一起到达，已保存，等待其余部分。",
        "The other changes of its group did not come with this one. It is kept until they do.",
    ),
    "out_of_scope": ProblemKind(
        403,
        True,
        "这条记录不在您负责的范围内。",
        "That record is not within what you are assigned to.",
    ),
    "review": ProblemKind(
        403,
        True,
        "修改已保存，等待管理员审核：这条记录已不归您负责，或您的账号、设备已被停用。",
        "The change is kept for an administrator: that record is no longer assigned to you, "
        "or your account or device is suspended.",
    ),
    "not_allowed": ProblemKind(
        403, True, "您的岗位不能进行此操作。", "Your role may not make this change."
    ),
    "redacted": ProblemKind(
        410,
        True,
        "这一项的内容已依法抹去，您之前的修改不再保存。",
        "This was erased by request, and your earlier change to it is not kept.",
    ),
    "deleted": ProblemKind(410, True, "这条记录已被删除。", "That record has been deleted."),
    "concurrent": ProblemKind(
        409,
        True,
        "别人同时改了这一项。您的内容已保存，等待管理员决定。",
        "Somebody changed this at the same time. Your value is kept until a person decides.",
    ),
    "already_set": ProblemKind(
        409,
        True,
        "这一项已登记过别的内容。您的内容已保存，等待管理员决定。",
        "This was recorded before with another value. Yours is kept until a person decides.",
    ),
    "overtaken": ProblemKind(
        409,
        True,
        "别人先办了这一步，您的操作没有生效，已记录在案。",
        "Somebody took this step first; yours did not take effect and is on record.",
    ),
    "deleted_and_edited": ProblemKind(
        409,
        True,
        "有人删除了这条记录，同时有人修改了它，等待管理员决定。",
        "This record was deleted and edited at the same time. A person will decide.",
    ),
    "duplicate": ProblemKind(
        409,
        True,
        "已登记过同样的一条。两条都已保存，等待管理员确认是否为同一个。",
        "The same was recorded before. Both are kept; a person will say whether they are one.",
    ),
    "no_such_transition": ProblemKind(
        422,
        True,
        "工单不能从“{source}”变为“{target}”。",
        "An order cannot go from '{source}' to '{target}'.",
    ),
    "not_held": ProblemKind(409, True, "这条操作已不在等待。", "This operation no longer waits."),
    "nothing_to_undo": ProblemKind(
        409,
        True,
        "没有可撤销的内容：这一项已又有改动，或不能撤销。",
        "There is nothing to undo: it was changed again since, or it cannot be undone.",
    ),
    "conflict_unknown": ProblemKind(404, True, "没有这个冲突。", "There is no such conflict."),
    "conflict_closed": ProblemKind(
        409, True, "这个冲突已经处理过了。", "This conflict has been settled already."
    ),
}

PROBLEMS: Mapping[str, ProblemKind] = {**_REQUESTS, **_OPERATIONS}
"""Code → status, definiteness, words. Request codes first, then operation codes."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: a code of the table, where it was found, and what fills the words.

    ``pointer`` is a JSON pointer (RFC 6901) into the operation or the request.
    """

    code: str
    pointer: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in PROBLEMS:
            raise KeyError(f"no problem is called {self.code!r}")

    @property
    def kind(self) -> ProblemKind:
        return PROBLEMS[self.code]

    def message(self, lang: str) -> str:
        """The words for a person, in ``zh`` or (anything else) ``en``."""
        if lang == "zh":
            return self.kind.zh.format_map(_Blanks(self.params))
        told = _Blanks(self.params)
        told["label"] = told["label_en"]
        return self.kind.en.format_map(told)


class _Blanks(dict[str, Any]):
    """Leaves a name without a value readable instead of failing on the way out."""

    def __missing__(self, key: str) -> str:
        return "…"


class Refusal(Exception):  # noqa: N818 - it is a refusal, in the words of the contract
    """Raised where a whole request, or one operation, must be turned away."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def as_json(problem: Problem, lang: str) -> dict[str, Any]:
    """The ``problem`` member of an ack: ``code``, ``pointer``, ``message``, ``definite``.

    Both texts may quote what a device sent, even what no text can hold: they can be sent.
    """
    return {
        "code": problem.code,
        "pointer": _sendable(problem.pointer) if problem.pointer is not None else None,
        "message": _sendable(problem.message(lang)),
        "definite": problem.kind.definite,
    }


def _sendable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
