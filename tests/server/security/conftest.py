"""What attacks on a server may ask for: the console's county with its browsers, and an office."""

from tests.server.console.conftest import admin, browse, county, kept_county

__all__ = ["admin", "browse", "county", "kept_county"]
