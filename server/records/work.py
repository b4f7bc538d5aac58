"""The work of the field: home visits, and work orders with their workflow.

The steps of an order are one table, ``server.rules.workflow``, which the
simulator runs too; here it is only put in the catalogue's form.
"""

from __future__ import annotations

from server.records.codes import AREA, BUSINESS, ORDER_CLASS, ORDER_KIND, ORDER_SOURCE, PURPOSE
from server.records.projection import project
from server.records.roles import ADMINISTRATOR, NEIGHBOURS, ORDER_DESK
from server.rules.workflow import WORK_ORDER as RULES
from sync.catalogue import Feed, Field, RecordType, Transition, Workflow

__all__ = ["PROJECTIONS", "TYPES"]

HOME_VISIT = RecordType(
    "home_visit",
    zh="走访",
    en="Home visit",
    fields=(
        Field("grid", "reference", "once", zh="所属网格", en="Grid", required=True, to="grid"),
        Field(
            "household",
            "reference",
            "once",
            zh="走访户",
            en="Household",
            required=True,
            to="household",
        ),
        Field("worker", "reference", "once", zh="走访人", en="Visitor", required=True, to="user"),
        Field("at", "instant", "once", zh="走访时间", en="Time", required=True, clock=True),
        Field("purpose", "choice", "latest", zh="走访目的", en="Purpose", choices=PURPOSE),
        Field("present", "text", "latest", zh="在场人员", en="Who was there"),
        Field("notes", "longtext", "text", zh="走访记录", en="Notes"),
        Field("photo", "attachment", "latest", zh="照片", en="Photo"),
    ),
    feeds=(Feed("grid", "grid"),),
    who={"create": NEIGHBOURS, "edit": NEIGHBOURS, "delete": ADMINISTRATOR},
)

WORKFLOW = Workflow(
    field=RULES.field,
    initial=RULES.initial,
    transitions=tuple(
        Transition(
            step.name,
            step.source,
            step.target,
            step.who,
            step.requires,
            zh=step.label_zh,
            en=step.label_en,
        )
        for step in RULES.transitions
    ),
)

WORK_ORDER = RecordType(
    "work_order",
    zh="工单",
    en="Work order",
    fields=(
        Field("grid", "reference", "ask", zh="所属网格", en="Grid", required=True, to="grid"),
        Field("household", "reference", "ask", zh="涉及户", en="Household", to="household"),
        Field("source", "choice", "once", zh="来源", en="Source", choices=ORDER_SOURCE),
        Field("kind", "choice", "ask", zh="诉求类别", en="Kind", choices=ORDER_KIND),
        Field("class", "choice", "ask", zh="哨类", en="Class", choices=ORDER_CLASS),
        Field("area", "choice", "ask", zh="问题领域", en="Problem area", choices=AREA),
        Field(
            "business",
            "tags",
            "set",
            zh="业务条线",
            en="Lines of business",
            choices=BUSINESS,
            chosen_since=3,
        ),
        Field("title", "text", "ask", zh="标题", en="Title", required=True),
        Field("description", "longtext", "text", zh="详细情况", en="Description"),
        Field("place", "text", "latest", zh="地点", en="Place"),
        Field("point", "geometry", "latest", zh="位置", en="Location"),
        Field("reported_by", "reference", "once", zh="上报人", en="Reported by", to="user"),
        Field("reported_at", "instant", "once", zh="上报时间", en="Reported at", clock=True),
        Field("contact", "text", "latest", zh="联系方式", en="Contact"),
        Field("status", "choice", "workflow", zh="状态", en="Status", choices=RULES.states),
        Field("lead_unit", "reference", "ask", zh="主办单位", en="Lead unit", to="unit"),
        Field("assist_units", "tags", "set", zh="协办单位", en="Assisting units"),
        Field("accepted_by", "reference", "ask", zh="接单人", en="Accepted by", to="user"),
        Field("result", "longtext", "text", zh="办理结果", en="Result"),
        Field("solved", "boolean", "latest", zh="是否解决", en="Solved"),
        Field("satisfied", "boolean", "latest", zh="是否满意", en="Satisfied"),
        Field("returns", "integer", "sum", zh="退单次数", en="Returns"),
        Field("dispatched_at", "instant", "lowest", zh="首次派单", en="First dispatched"),
        Field("due_at", "instant", "latest", zh="办结期限", en="Due"),
        Field("log", "log", "append", zh="办理记录", en="Log"),
        Field("photo", "attachment", "latest", zh="现场照片", en="Photo of the place"),
        Field("result_photo", "attachment", "latest", zh="办结照片", en="Photo of the result"),
    ),
    feeds=(Feed("grid", "grid"), Feed("unit", "lead_unit")),
    who={
        "create": (*ORDER_DESK, "joint_household_leader"),
        "edit": ORDER_DESK,
        "delete": ADMINISTRATOR,
    },
    workflow=WORKFLOW,
)

TYPES = (HOME_VISIT, WORK_ORDER)

PROJECTIONS = (
    project(HOME_VISIT, "grid", "household", "worker", "at", indexes=(("household", "at"),)),
    project(
        WORK_ORDER,
        "grid",
        "household",
        "status",
        "kind",
        "class",
        "lead_unit",
        "reported_by",
        "due_at",
        "reported_at",
        indexes=(("status", "due_at"), ("lead_unit",), ("household",)),
    ),
)
