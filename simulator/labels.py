"""What the simulator's figures are called, in both languages.

>>> measure_label("waiting", "zh")
'等到有人着手'
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "CLASS_LABELS",
    "MEASURE_LABELS",
    "UNIT_LABELS",
    "class_label",
    "measure_label",
    "unit_label",
]

#: Measures, in the order of ``simulator.case.MEASURES`` (zh, en).
MEASURE_LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "reporting": ("上报", "reporting"),
        "uploading": ("上传", "uploading"),
        "classifying": ("分类", "classifying"),
        "dispatching": ("派单", "dispatching"),
        "learning": ("知晓", "learning"),
        "queueing": ("排队", "queueing"),
        "travelling": ("路上", "travelling"),
        "handling": ("办理", "handling"),
        "delivering": ("送达", "delivering"),
        "rework": ("返工", "rework"),
        "waiting": ("等到有人着手", "until begun"),
        "total": ("等到结果送达", "until delivered"),
    }
)

CLASS_LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "all": ("全部", "all"),
        "ordinary": ("普通", "ordinary"),
        "quick": ("快捷", "quick"),
        "hard": ("攻坚", "hard"),
        "emergency": ("应急", "emergency"),
    }
)

UNIT_LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "centre": ("信息处理中心", "information centre"),
        "grid": ("网格员", "grid workers"),
        "department": ("职能部门", "departments"),
        "property": ("物业公司", "property companies"),
        "party": ("党员", "party members"),
        "servers": ("服务台", "servers"),
    }
)


def measure_label(name: str, lang: str) -> str:
    """Return what a measure is called."""
    return MEASURE_LABELS[name][lang == "en"]


def class_label(name: str, lang: str) -> str:
    """Return what a class is called; a scenario's own classes keep their names."""
    return CLASS_LABELS.get(name, (name, name))[lang == "en"]


def unit_label(name: str, lang: str) -> str:
    """Return what a kind of unit is called; a scenario's own kinds keep their names."""
    return UNIT_LABELS.get(name, (name, name))[lang == "en"]
