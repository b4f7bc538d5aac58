"""Users, what they are assigned to, and what they are told.

A grant of a feed is a record like any other (``assignment``): giving and taking
it is history, and its projection is the table ``grant`` that each exchange reads.
Credentials are no records: they never sync.
"""

from __future__ import annotations

from server.records.codes import LANG, ROLES
from server.records.projection import project
from server.records.roles import ADMINISTRATOR, EVERYBODY
from sync.catalogue import Feed, Field, RecordType

__all__ = ["PROJECTIONS", "TYPES"]

_OFFICE = {"create": ADMINISTRATOR, "edit": ADMINISTRATOR, "delete": ADMINISTRATOR}

USER = RecordType(
    "user",
    zh="用户",
    en="User",
    fields=(
        Field("name", "text", "ask", zh="姓名", en="Name", required=True),
        Field("role", "choice", "ask", zh="岗位", en="Role", required=True, choices=ROLES),
        Field("phone", "text", "latest", zh="电话", en="Phone"),
        Field("unit", "reference", "ask", zh="单位", en="Unit", to="unit"),
        Field("street", "reference", "ask", zh="街道", en="Street", to="street"),
        Field("community", "reference", "ask", zh="社区", en="Community", to="community"),
        Field("lang", "choice", "latest", zh="语言", en="Language", choices=LANG),
        Field("active", "boolean", "ask", zh="在岗", en="Active"),
    ),
    feeds=(Feed("person", "record"),),
    who=_OFFICE,
)

ASSIGNMENT = RecordType(
    "assignment",
    zh="分工",
    en="Assignment",
    fields=(
        Field("user", "reference", "once", zh="用户", en="User", required=True, to="user"),
        Field("feed", "text", "once", zh="范围", en="Feed", required=True),
        Field("since", "instant", "once", zh="开始时间", en="Since", required=True),
        Field("until", "instant", "ask", zh="结束时间", en="Until"),
        Field("reason", "text", "latest", zh="原因", en="Reason"),
    ),
    feeds=(Feed("person", "user"),),
    who=_OFFICE,
)

NOTICE = RecordType(
    "notice",
    zh="通知",
    en="Notice",
    fields=(
        Field("user", "reference", "once", zh="收件人", en="To", required=True, to="user"),
        Field("about", "text", "once", zh="所指操作", en="About", required=True),
        Field("outcome", "text", "latest", zh="结果", en="Outcome"),
        Field("code", "text", "latest", zh="代码", en="Code"),
        Field("text", "text", "latest", zh="说明", en="Text"),
        Field("before", "longtext", "once", zh="之前", en="Before"),
        Field("after", "longtext", "once", zh="之后", en="After"),
        Field("about_type", "text", "once", zh="记录类别", en="Type of record"),
        Field("about_record", "text", "once", zh="所指记录", en="Record"),
        Field("read", "boolean", "latest", zh="已读", en="Read"),
    ),
    feeds=(Feed("person", "user"),),
    who={"edit": EVERYBODY},
)

TYPES = (USER, ASSIGNMENT, NOTICE)

PROJECTIONS = (
    project(
        USER,
        "name",
        "role",
        "unit",
        "street",
        "community",
        "lang",
        "active",
        indexes=(("role",),),
    ),
    project(
        ASSIGNMENT,
        "user",
        "feed",
        "since",
        "until",
        table="grant",
        key=("user", "id"),
        indexes=(("feed",),),
    ),
    project(NOTICE, "user", "read", "about", key=("user", "id"), indexes=(("about",),)),
)
