"""Places: streets, communities, grids and buildings, and the units that handle orders.

A grid is versioned (``valid_from``, ``valid_to``): a resize makes new grids and
ends old ones. Division codes are 12 digits; those of communities are not public,
so that made-up ones are marked ``synthetic``.
"""

from __future__ import annotations

from server.records.codes import BUILDING_KIND, BUSINESS, UNIT_KIND
from server.records.projection import project
from server.records.roles import ADMINISTRATOR, FIELD
from sync.catalogue import Feed, Field, RecordType

__all__ = ["PROJECTIONS", "TYPES"]

_OFFICE = {"create": ADMINISTRATOR, "edit": ADMINISTRATOR, "delete": ADMINISTRATOR}

STREET = RecordType(
    "street",
    zh="街道",
    en="Street",
    fields=(
        Field("code", "text", "once", zh="区划代码", en="Division code", required=True),
        Field("name", "text", "ask", zh="名称", en="Name", required=True),
        Field("boundary", "geometry", "latest", zh="边界", en="Boundary"),
    ),
    feeds=(Feed("shared"),),
    who=_OFFICE,
    identity=(("code",),),
)

COMMUNITY = RecordType(
    "community",
    zh="社区",
    en="Community",
    fields=(
        Field("code", "text", "once", zh="区划代码", en="Division code", required=True),
        Field("name", "text", "ask", zh="名称", en="Name", required=True),
        Field("street", "reference", "ask", zh="所属街道", en="Street", to="street"),
        Field("boundary", "geometry", "latest", zh="边界", en="Boundary"),
        Field("synthetic", "boolean", "latest", zh="代码为虚构", en="Synthetic code"),
    ),
    feeds=(Feed("shared"),),
    who=_OFFICE,
    identity=(("code",),),
)

GRID = RecordType(
    "grid",
    zh="网格",
    en="Grid",
    fields=(
        Field("code", "text", "once", zh="网格编码", en="Grid code", required=True),
        Field("number", "integer", "ask", zh="序号", en="Number"),
        Field("name", "text", "ask", zh="名称", en="Name", required=True),
        Field("community", "reference", "ask", zh="所属社区", en="Community", to="community"),
        Field("version", "integer", "ask", zh="版本", en="Version"),
        Field("valid_from", "date", "ask", zh="启用日期", en="Valid from"),
        Field("valid_to", "date", "ask", zh="停用日期", en="Valid to"),
        Field("polygon", "geometry", "ask", zh="范围", en="Area"),
    ),
    feeds=(Feed("shared"),),
    who=_OFFICE,
    identity=(("code", "version"),),
)

UNIT = RecordType(
    "unit",
    zh="单位",
    en="Unit",
    fields=(
        Field("code", "text", "once", zh="单位编码", en="Unit code"),
        Field("name", "text", "ask", zh="名称", en="Name", required=True),
        Field("kind", "choice", "ask", zh="类别", en="Kind", choices=UNIT_KIND),
        Field("street", "reference", "ask", zh="所属街道", en="Street", to="street"),
        Field(
            "business",
            "tags",
            "set",
            zh="业务条线",
            en="Lines of business",
            choices=BUSINESS,
            chosen_since=3,
        ),
    ),
    feeds=(Feed("shared"), Feed("unit", "record")),
    who=_OFFICE,
    identity=(("code",),),
)

BUILDING = RecordType(
    "building",
    zh="楼栋",
    en="Building",
    fields=(
        Field("grid", "reference", "ask", zh="所属网格", en="Grid", required=True, to="grid"),
        Field("compound", "text", "ask", zh="小区", en="Compound"),
        Field("number", "text", "ask", zh="楼号", en="Building number"),
        Field("entrances", "integer", "latest", zh="单元数", en="Entrances"),
        Field("floors", "integer", "latest", zh="层数", en="Floors"),
        Field("doors", "integer", "latest", zh="每层户数", en="Doors on each floor"),
        Field("footprint", "geometry", "latest", zh="占地轮廓", en="Footprint"),
        Field(
            "tags",
            "tags",
            "set",
            zh="楼栋类别",
            en="Kind of building",
            choices=BUILDING_KIND,
            chosen_since=3,
        ),
    ),
    feeds=(Feed("grid", "grid"), Feed("building", "record")),
    who={"create": FIELD, "edit": FIELD, "delete": ADMINISTRATOR},
)

TYPES = (STREET, COMMUNITY, GRID, UNIT, BUILDING)

PROJECTIONS = (
    project(STREET, "code", "name", indexes=(("code",),)),
    project(COMMUNITY, "code", "street", "name", indexes=(("code",), ("street",))),
    project(
        GRID,
        "code",
        "community",
        "number",
        "name",
        "version",
        "valid_to",
        indexes=(("code",), ("community",)),
    ),
    project(UNIT, "code", "name", "kind", "street", indexes=(("code",),)),
    project(BUILDING, "grid", "compound", "number", indexes=(("grid",),)),
)
