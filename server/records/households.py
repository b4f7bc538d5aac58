"""Households and the people in them: the resident file.

What only some may see is a record type of its own (``resident_restricted``), in a
feed of its own: a row has one audience. It never reaches a tablet by default.
"""

from __future__ import annotations

from server.records.codes import CARE, CARE_LEVEL, CONTROLLED, ETHNIC, HOUSING, KINSHIP, ORIGIN, SEX
from server.records.projection import project, spelled, tail
from server.records.roles import ADMINISTRATOR, CHIEFS, FIELD
from sync.catalogue import Feed, Field, RecordType

__all__ = ["PROJECTIONS", "TYPES"]

HOUSEHOLD = RecordType(
    "household",
    zh="户",
    en="Household",
    fields=(
        Field("grid", "reference", "ask", zh="所属网格", en="Grid", required=True, to="grid"),
        Field("building", "reference", "ask", zh="楼栋", en="Building", to="building"),
        Field("compound", "text", "ask", zh="小区", en="Compound"),
        Field("entrance", "text", "ask", zh="单元", en="Entrance"),
        Field("floor", "integer", "ask", zh="楼层", en="Floor"),
        Field("room", "text", "ask", zh="房号", en="Room"),
        Field("householder", "text", "ask", zh="户主", en="Householder"),
        Field("phone", "text", "latest", zh="电话", en="Phone"),
        Field("housing", "choice", "latest", zh="住房性质", en="Housing", choices=HOUSING),
        Field("care_level", "choice", "ask", zh="走访频次", en="Care level", choices=CARE_LEVEL),
        Field("tags", "tags", "set", zh="关怀类别", en="Care categories", choices=CARE),
        Field("visits", "integer", "sum", zh="走访次数", en="Visits"),
        Field("last_visit", "instant", "highest", zh="最近走访", en="Last visit"),
        Field("first_contact", "instant", "lowest", zh="首次联系", en="First contact"),
        Field("notes", "longtext", "text", zh="备注", en="Notes"),
        Field("log", "log", "append", zh="工作记录", en="Log"),
        Field("origin", "choice", "once", zh="登记来源", en="Origin", choices=ORIGIN),
    ),
    feeds=(Feed("grid", "grid"), Feed("building", "building")),
    who={"create": FIELD, "edit": FIELD, "delete": CHIEFS},
    identity=(("compound", "building", "entrance", "room"),),
)

RESIDENT = RecordType(
    "resident",
    zh="居民",
    en="Resident",
    fields=(
        Field("grid", "reference", "ask", zh="所属网格", en="Grid", required=True, to="grid"),
        Field("household", "reference", "ask", zh="所属户", en="Household", to="household"),
        Field("name", "text", "ask", zh="姓名", en="Name", required=True),
        Field("sex", "choice", "ask", zh="性别", en="Sex", choices=SEX),
        Field("birth", "date", "ask", zh="出生日期", en="Date of birth"),
        Field("kinship", "choice", "ask", zh="与户主关系", en="Kinship", choices=KINSHIP),
        Field("ethnic", "choice", "ask", zh="民族", en="Ethnic group", choices=ETHNIC),
        Field("phone", "text", "latest", zh="电话", en="Phone"),
        Field("registered", "boolean", "latest", zh="户籍在此", en="Registered here"),
        Field("residing", "boolean", "latest", zh="现居于此", en="Lives here now"),
        Field("occupation", "text", "latest", zh="职业", en="Occupation"),
        Field("tags", "tags", "set", zh="关怀类别", en="Care categories", choices=CARE),
        Field("notes", "longtext", "text", zh="备注", en="Notes"),
    ),
    feeds=(Feed("grid", "grid"),),
    who={"create": FIELD, "edit": FIELD, "delete": CHIEFS},
)

RESTRICTED = RecordType(
    "resident_restricted",
    zh="居民受限信息",
    en="Restricted facts",
    fields=(
        Field(
            "resident", "reference", "once", zh="居民", en="Resident", required=True, to="resident"
        ),
        Field("grid", "reference", "ask", zh="所属网格", en="Grid", required=True, to="grid"),
        Field("citizen_id", "text", "ask", zh="公民身份号码", en="Citizen ID"),
        Field("controlled", "tags", "set", zh="重点类别", en="Controlled", choices=CONTROLLED),
        Field("notes", "longtext", "text", zh="备注", en="Notes"),
    ),
    feeds=(Feed("restricted", "grid"),),
    who={"create": ADMINISTRATOR, "edit": FIELD, "delete": ADMINISTRATOR},
    identity=(("resident",),),
)

TYPES = (HOUSEHOLD, RESIDENT, RESTRICTED)

PROJECTIONS = (
    project(
        HOUSEHOLD,
        "grid",
        "building",
        "compound",
        "entrance",
        "floor",
        "room",
        "householder",
        "care_level",
        "tags",
        "last_visit",
        derived={"phone_tail": ("phone", tail), "householder_pinyin": ("householder", spelled)},
        indexes=(("building", "entrance", "room"),),
    ),
    project(
        RESIDENT,
        "grid",
        "household",
        "name",
        "birth",
        derived={"phone_tail": ("phone", tail), "name_pinyin": ("name", spelled)},
        indexes=(("household",), ("birth",)),
    ),
    project(RESTRICTED, "resident", key=("resident", "id")),
)
