"""The organisation: units that take orders, and the posts that people fill.

Twenty-two departments, the streets' information centres, property companies
and party branches are units. Administrators, dispatchers, handlers, community
staff, grid chiefs, grid workers and joint-household leaders are posts, each
for one unit, community or grid; who fills a post gets that feed, no more.

The organisation is always drawn up whole: a part of the county shows the same
people, and the county's own posts are there in every part.

Invariants
    * Names are unique among the staff.
    * Every grid has a chief, at least one worker and a joint-household leader.

>>> len(DEPARTMENTS)
22
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.population.keys import generator, uniforms
from simulator.population.layout import COUNTY, Layout
from simulator.population.marginals import REFERENCE_DAY
from simulator.population.names import Namer

__all__ = ["DEPARTMENTS", "Post", "Unit", "posts", "staff_names", "units"]

#: Departments and the business that they answer for.
DEPARTMENTS: Final = (
    ("县公安局", ("public_security",)),
    ("县民政局", ("civil_affairs",)),
    ("县司法局", ("disputes",)),
    ("县信访局", ("petitions",)),
    ("县人力资源和社会保障局", ("employment",)),
    ("县教育局", ("education",)),
    ("县卫生健康局", ("health",)),
    ("县医疗保障局", ("medical_insurance",)),
    ("县退役军人事务局", ("veterans",)),
    ("县残疾人联合会", ("disability",)),
    ("县住房和城乡建设局", ("housing", "roads")),
    ("县综合行政执法局", ("urban_order",)),
    ("县市场监督管理局", ("market",)),
    ("县自然资源局", ("land",)),
    ("县生态环境分局", ("environment",)),
    ("县交通运输局", ("transport",)),
    ("县水务局", ("drainage", "water")),
    ("县供电局", ("power",)),
    ("县应急管理局", ("emergency",)),
    ("县消防救援大队", ("fire",)),
    ("县农业农村局", ("agriculture",)),
    ("县生态移民局", ("resettlement",)),
)

#: Property companies (made up) and the place of their street.
PROPERTY_COMPANIES: Final = (
    ("锦和物业服务公司", 0),
    ("梵安物业服务公司", 0),
    ("双江城投物业公司", 0),
    ("众邻红色物业公司", 0),
    ("凯德家园物业公司", 1),
    ("惠邻物业服务公司", 1),
)
PROPERTY_BUSINESS: Final = ("cleaning", "lifts", "property")
PARTY_BUSINESS: Final = ("party_building",)

ADMINISTRATORS: Final = 2
DISPATCHERS_A_STREET: Final = 3
STAFF_A_COMMUNITY: Final = 3
HANDLERS: Final = {"department": 2, "property": 1, "party": 1}

#: A grid of more households than this has a second worker (assumption).
SECOND_WORKER_ABOVE: Final = 360

#: Of grid workers and community staff, most are women (assumption).
_WOMEN: Final = {"grid_worker": 0.66, "community_staff": 0.6}
_WOMEN_OTHERWISE: Final = 0.38
_WORKING_AGES: Final = (24, 56)


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation that handles orders. ``street``, ``community``: places in the layout."""

    code: str
    name: str
    kind: str
    business: tuple[str, ...]
    street: int | None = None
    community: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A role and what it is for: a place in the units, streets, communities, or a grid's slot."""

    role: str
    unit: int | None = None
    street: int | None = None
    community: int | None = None
    grid: int | None = None


def units(layout: Layout) -> Iterator[Unit]:
    """Departments of the county, then each street's units, then each community's party branch."""
    for number, (name, business) in enumerate(DEPARTMENTS, start=1):
        yield Unit(f"{COUNTY}D{number:02d}", name, "department", business)
    for place, street in enumerate(layout.streets):
        yield Unit(f"{street.code}C01", f"{street.name}信息处理中心", "other", (), place)
    for number, (name, place) in enumerate(PROPERTY_COMPANIES, start=1):
        yield Unit(f"{COUNTY}P{number:02d}", name, "property", PROPERTY_BUSINESS, place)
    for place, community in enumerate(layout.communities):
        code, name = f"{community.code}B01", f"{community.name}党支部"
        yield Unit(code, name, "party", PARTY_BUSINESS, community.street, place)


def posts(layout: Layout, having: Sequence[Unit]) -> Iterator[Post]:
    """Every post, the county's first, the grids' last."""
    for _ in range(ADMINISTRATORS):
        yield Post("administrator")
    yield Post("qa")
    for place, unit in enumerate(having):
        if unit.kind == "other":
            for _ in range(DISPATCHERS_A_STREET):
                yield Post("dispatcher", place, unit.street)
        else:
            for _ in range(HANDLERS[unit.kind]):
                yield Post("handler", place, unit.street, unit.community)
    for place, community in enumerate(layout.communities):
        for _ in range(STAFF_A_COMMUNITY):
            yield Post("community_staff", None, community.street, place)
    for grid in layout.grids:
        where = (None, layout.communities[grid.community].street, grid.community, grid.slot)
        yield Post("grid_chief", *where)
        for _ in range(2 if grid.households > SECOND_WORKER_ABOVE else 1):
            yield Post("grid_worker", *where)
        yield Post("joint_household_leader", *where)


def staff_names(seed: int, filled: Sequence[Post]) -> list[str]:
    """A name for each post, no two alike."""
    numbers = uniforms(generator(seed, "staff"))
    namer = Namer(numbers)
    names: dict[str, None] = {}
    for post in filled:
        count = len(names)
        while len(names) == count:
            low, high = _WORKING_AGES
            year = REFERENCE_DAY.year - low - int(next(numbers) * (high - low))
            male = next(numbers) >= _WOMEN.get(post.role, _WOMEN_OTHERWISE)
            names[namer.full(male=male, year=year)] = None
    return list(names)
