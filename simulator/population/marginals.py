"""Marginals: what the county's people must add up to, with the source of each figure.

Jiangkou's own census tables are not public. What follows is the nearest public
figure, or an assumption that says so; every one is a parameter, so whoever has
better numbers hands in another ``Marginals``.

Nothing here is drawn: this module holds tables only.

>>> round(JIANGKOU.mean_size, 2)
2.6
>>> round(sum(JIANGKOU.ages.shares.values()), 6)
1.0
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["AGE_LIMIT", "ETHNIC_GROUPS", "JIANGKOU", "REFERENCE_DAY", "Marginals", "Share", "Table"]

#: Ages, care and school years are as of this day, whatever the day of seeding.
REFERENCE_DAY: Final = datetime.date(2026, 9, 1)

#: Nobody in the generated county is older.
AGE_LIMIT: Final = 104


@dataclass(frozen=True, slots=True)
class Table:
    """Shares that add up to one. Keys are the lower ends of classes, the last one open."""

    source: str
    shares: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Share:
    """One share between 0 and 1."""

    source: str
    value: float


@dataclass(frozen=True, slots=True)
class Marginals:
    """The totals that household weights are fitted to.

    ``sizes`` counts households by people on file; the others count people.
    ``away`` is a share of the registered, ``moved_in`` of all people on file.
    """

    sizes: Table
    ages: Table
    male: Share
    away: Share
    moved_in: Share
    minorities: Share

    @property
    def mean_size(self) -> float:
        """People a household."""
        return sum(size * share for size, share in self.sizes.shares.items())


def _percent(shares: Mapping[int, float]) -> Mapping[int, float]:
    """Percentages as shares of their sum (published ones are rounded)."""
    total = sum(shares.values())
    return MappingProxyType({key: value / total for key, value in shares.items()})


JIANGKOU: Final = Marginals(
    sizes=Table(
        "China, census 2020, family households by size (7 and more: 1.54 %, counted as 7)."
        " Guizhou's mean is 2.81; the county is given the nation's, which leads to the article's"
        " 89,000 people in 34,000 households",
        _percent({1: 25.39, 2: 29.68, 3: 20.99, 4: 13.17, 5: 6.17, 6: 3.06, 7: 1.54}),
    ),
    ages=Table(
        "Guizhou, census 2020: 0-14 23.97 %, 15-59 60.65 %, 60+ 15.38 %, of these 65+ 11.56 %;"
        " within these four by five years: assumption, shaped as the nation's",
        _percent(
            {
                0: 7.30,
                5: 8.27,
                10: 8.40,
                15: 6.60,
                20: 5.60,
                25: 6.60,
                30: 7.90,
                35: 6.50,
                40: 6.20,
                45: 7.50,
                50: 7.85,
                55: 5.90,
                60: 3.82,
                65: 4.30,
                70: 3.10,
                75: 2.10,
                80: 2.06,
            }
        ),
    ),
    male=Share("Guizhou, census 2020: 104.5 men to 100 women", 0.511),
    away=Share("Tongren, about 28 % of the registered live elsewhere", 0.28),
    moved_in=Share("assumption: of those on file, registered elsewhere and living here", 0.13),
    minorities=Share("Tongren, about 72 % are not Han", 0.72),
)

#: Shares of ethnic groups (GB/T 3304) in percent: the sum of the minorities is Tongren's 72;
#: how they divide is an assumption after the autonomous counties around Jiangkou.
ETHNIC_GROUPS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "01": ("汉族", 28.0),
        "15": ("土家族", 40.6),
        "06": ("苗族", 15.6),
        "12": ("侗族", 11.8),
        "37": ("仡佬族", 2.6),
        "33": ("羌族", 0.6),
        "09": ("布依族", 0.3),
        "02": ("蒙古族", 0.2),
        "03": ("回族", 0.2),
        "07": ("彝族", 0.1),
    }
)
