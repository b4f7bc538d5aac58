"""A tablet in a test's hand: a real Chromium, with what happens to tablets in a day.

It drives the app as a person does, by role and name, in English unless told otherwise.
A test fails whose page reports an error that the test did not bring about.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    expect,
)

from tests.browser.chromium import FLAGS, Chromium, slowed
from tests.browser.tablet.place import Place
from tests.browser.tablet.proxy import Network

__all__ = ["PORTRAIT", "Tablet", "launched"]

PORTRAIT = {"width": 800, "height": 1280}
PATIENCE_MS = 20_000
RELOADS = 5

# A browser says these by itself when a network goes; they are no fault of the page.
OF_THE_NETWORK = (
    "net::ERR_",
    "Failed to load resource",
    "Failed to fetch",
    "A bad HTTP response code",
)


WORDS = {  # what the helpers here look for
    "en": {
        "enrol": "Enrol",
        "begin": "Begin",
        "sync": "Sync now",
        "handed in": "Handed in",
    },
    "zh": {"enrol": "登记", "begin": "开始工作", "sync": "立即同步", "handed in": "已上传"},
}


@dataclass
class Tablet:
    """One browser profile, the network it has, and the server behind it."""

    context: BrowserContext
    page: Page
    network: Network
    place: Place
    lang: str = "en"
    told: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext, network: Network, place: Place, lang: str) -> Tablet:
        context.set_default_timeout(PATIENCE_MS)
        language = {"en": "en", "zh": "zh-CN"}[lang]
        context.add_init_script(
            f"if (!localStorage.getItem('yuanba.language'))"
            f" localStorage.setItem('yuanba.language', '{language}')"
        )
        page = context.pages[0] if context.pages else context.new_page()
        slowed(page)
        tablet = cls(context, page, network, place, lang)
        tablet.listen(page)
        return tablet

    def listen(self, page: Page) -> None:
        """Take note of every error that a page reports."""

        def note(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(one in message.text for one in OF_THE_NETWORK):
                self.told.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: self.told.append(str(error)))

    # What a person does with it

    def open(self, path: str = "/", *, page: Page | None = None) -> None:
        """Open the app, at a place in it."""
        (page or self.page).goto(f"{self.network.address}/tablet/#{path}")

    def go(self, path: str) -> None:
        """Go to a place in the app without loading it anew."""
        self.page.evaluate("path => { location.hash = path }", path)

    def button(self, name: str, *, exact: bool = False) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def enrol(self, user: str) -> None:
        """Make it a worker's tablet, and wait for the first sync."""
        self.begin_enrolling(user)
        self.finish_first_sync()

    def begin_enrolling(self, user: str) -> None:
        self.open(f"/enrol?code={self.place.code(user)}")
        self.button(WORDS[self.lang]["enrol"], exact=True).click()

    def finish_first_sync(self) -> None:
        """Wait until everything is there, and go on."""
        begin = self.button(WORDS[self.lang]["begin"], exact=True)
        begin.click(timeout=60_000)
        expect(self.page.get_by_role("navigation").last).to_be_visible()

    @property
    def status(self) -> Locator:
        """The line that tells the truth about sync."""
        return self.page.locator("header.top a.status")

    def says_waiting(self, count: int) -> None:
        """Wait until the line says that so much waits on the tablet."""
        expect(self.status).to_contain_text(f"{count} waiting" if self.lang == "en" else str(count))

    def hand_in(self) -> None:
        """Press "sync now" until a whole exchange has come off and nothing waits any more."""
        self.go("/sync")
        now = self.button(WORDS[self.lang]["sync"])
        expect(now).to_be_visible()
        before = self.state()["lastSuccessMs"]

        def is_handed_in() -> bool:
            state = self.state()
            if state["lastSuccessMs"] != before and state["waiting"] == 0:
                return WORDS[self.lang]["handed in"] in self.status.inner_text()
            if state["what"] != "sending" and now.count() and now.is_enabled():
                now.click()
            return False

        self.eventually(is_handed_in, within_s=20)

    # What the app itself is asked, through the copy that it has open

    def edits(self, name: str, **fields: Any) -> Any:
        """Change a record as the screens do; answers once it is on the disk."""
        record = self.place.ids.get(name, name)
        script = "([record, fields]) => yuanba.replica.value.edit(record, fields)"
        return self.evaluate(script, [record, fields])

    def syncs(self) -> None:
        """Exchange now, and wait for what comes of it."""
        self.evaluate("() => yuanba.replica.value.sync('button').then(() => null)")

    def is_open(self) -> None:
        """Wait until the app has opened the worker's copy."""
        there = "() => !!globalThis.yuanba?.replica.value"
        self.eventually(lambda: bool(self.evaluate(there)))

    def hand_in_quickly(self) -> None:
        """Exchange, as the button does, until nothing waits."""

        def is_handed_in() -> bool:
            self.syncs()
            state = self.state()
            return bool(state["waiting"] == 0 and state["next"]["step"] == "rest")

        self.eventually(is_handed_in, within_s=20)

    def state(self) -> Any:
        """The status as screens are told it."""
        return self.evaluate("() => yuanba.replica.value.status.value")

    def waiting(self) -> int:
        """How many operations the app itself says are waiting."""
        return int(self.state()["waiting"])

    def count(self, kind: str) -> int:
        """How many records of a type are on the tablet."""
        return int(self.evaluate("(kind) => yuanba.replica.value.views(kind).length", kind))

    def disk(self) -> str:
        """Everything in this browser's databases, as text."""
        return str(
            self.evaluate(
                """async () => {
                    const kept = [];
                    const got = (asked) => new Promise((done, fail) => {
                        asked.onsuccess = () => done(asked.result);
                        asked.onerror = () => fail(asked.error);
                    });
                    for (const { name } of await indexedDB.databases()) {
                        const opened = await got(indexedDB.open(name));
                        for (const store of opened.objectStoreNames) {
                            const rows = opened.transaction(store).objectStore(store).getAll();
                            kept.push(...await got(rows));
                        }
                        opened.close();
                    }
                    const bytes = (_, it) => it instanceof ArrayBuffer || ArrayBuffer.isView(it)
                        ? new TextDecoder().decode(it) : it;
                    return JSON.stringify(kept, bytes);
                }"""
            )
        )

    def keep_offline_ready(self) -> None:
        """Wait until the app itself is on the tablet."""
        controlled = "() => !!navigator.serviceWorker.controller"
        self.eventually(lambda: bool(self.evaluate(controlled)))

    def offline(self) -> None:
        self.network.down()

    def online(self) -> None:
        self.network.up()

    def reload(self) -> None:
        """Load the app anew, once the browser has walked back from a sheet that closed.

        It does so in its own time, and gives up a reload that it meets (`net::ERR_ABORTED`).
        """
        for turn in range(RELOADS):
            try:
                self.page.reload()
            except Error as error:
                if "ERR_ABORTED" not in str(error) or turn == RELOADS - 1:
                    raise
                self.page.wait_for_timeout(100)
            else:
                return

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def eventually(self, holds: Callable[[], object], *, within_s: float = 20) -> None:
        """Wait until something is so; fails if it does not come."""
        end = time.monotonic() + within_s
        while not _is_so(holds):
            assert time.monotonic() < end, self.page.locator("body").aria_snapshot()
            self.page.wait_for_timeout(50)


def _is_so(holds: Callable[[], object]) -> bool:
    """Whether it holds; while the page is being loaded anew nothing can be said of it."""
    try:
        return bool(holds())
    except Error as error:
        if "context was destroyed" in str(error) or "navigat" in str(error):
            return False
        raise


@contextmanager
def launched(playwright: Playwright, chromium: Chromium, folder: Path, **options: Any) -> Any:
    """A Chromium of its own on the profile in ``folder``; yields (context, kill).

    ``kill`` ends every process of it at once, as a battery that is pulled does.
    """
    environment: Mapping[str, Any] = {**os.environ, **chromium.environment}
    context = playwright.chromium.launch_persistent_context(
        str(folder),
        executable_path=str(chromium.path),
        args=list(FLAGS),
        env=dict(environment),
        **options,
    )

    def kill() -> None:
        for process in processes_on(folder):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(Exception):
            context.close()
        for lock in folder.glob("Singleton*"):
            lock.unlink(missing_ok=True)

    try:
        yield context, kill
    finally:
        with suppress(Exception):
            context.close()


def processes_on(folder: Path) -> list[int]:
    """The processes whose command line names a folder that nothing else uses."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    lines = (line.strip().split(None, 1) for line in listed.stdout.splitlines())
    return [int(line[0]) for line in lines if len(line) == 2 and f"={folder}" in line[1]]
