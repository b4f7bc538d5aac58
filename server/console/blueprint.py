"""The console's blueprint: the object that every room hangs its views on.

It is alone in its module so that rooms can import it without importing each other.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint

__all__ = ["STATIC", "console"]

STATIC = Path(__file__).parent / "static"

console = Blueprint("console", __name__, template_folder="templates")
