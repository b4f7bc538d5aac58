"""For everybody: every screen in both languages, bright and dark, large and small, by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import HERE
from tests.browser.tablet.carried import PORTRAIT, Tablet
from tests.browser.tablet.conftest import OPTIONS

AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 390, "height": 844}

# What may be wider than the screen, because a finger pans it.
PANNED = ".matrix, .plan, .scroll, .tabs, pre, [data-pan]"

CUT_OFF = """(panned) => {
    const wide = document.documentElement.clientWidth + 1;
    const found = [];
    for (const it of document.querySelectorAll('body *')) {
        if (it.closest(panned) || it.closest('.unseen, .skip, svg, [hidden]')) continue;
        const box = it.getBoundingClientRect();
        if (box.width === 0 || box.height === 0) continue;
        if (box.right > wide || box.left < -1) found.push(it.outerHTML.slice(0, 160));
        const style = getComputedStyle(it);
        const isText = [...it.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
        const isClipped = style.overflowX !== 'visible' && it.scrollWidth > it.clientWidth + 1;
        if (isText && isClipped) found.push(`clipped: ${it.outerHTML.slice(0, 160)}`);
    }
    if (document.documentElement.scrollWidth > wide) found.push('the page itself scrolls sideways');
    return found.slice(0, 5);
}"""

WIDER_THAN_THEIR_TAB = """() => [...document.querySelectorAll('.nav a')]
    .filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => it.textContent)"""

CHINESE_FONTS = """Noto Sans CJK"""


def screens(place):
    """Every screen worth looking at: its name and its address."""
    home, person = place.ids["East 1-1-101"], place.ids["East 1-1-101 0"]
    return {
        "matrix": "/",
        "map": "/map",
        "today": "/today",
        "search": "/search",
        "household": f"/household/{home}",
        "visit": f"/household/{home}/visit",
        "appeal": f"/household/{home}/appeal",
        "resident": f"/resident/{person}",
        "new resident": f"/new/resident?in={home}",
        "edit": f"/edit/household/{home}",
        "building": f"/record/{place.ids['East 1']}",
        "sync": "/sync",
        "waiting entry": "first of the sync page",
        "me": "/me",
        "app": "/me/app",
        "help": "/help",
        "capable": "/capable",
        "enrol": "/enrol",
    }


def shown(tablet, name, path):
    """Go to a screen, and wait until it is drawn."""
    if path == "first of the sync page":
        tablet.go("/sync")
        tablet.page.get_by_role("tab").first.click()
        tablet.page.get_by_role("tabpanel").get_by_role("link").first.click()
    else:
        tablet.go(path)
    expect(tablet.page.locator("main h1").first).to_be_visible()
    tablet.page.wait_for_timeout(120)


@pytest.fixture
def at_work(browser, network, place):
    """Makes a tablet with work on it: (language, theme, viewport) → tablet."""
    opened = []

    def make(lang, theme, viewport):
        context = browser.new_context(**{**OPTIONS, "viewport": viewport})
        context.add_init_script(f"localStorage.setItem('yuanba.theme', '{theme}')")
        tablet = Tablet.of(context, network, place, lang)
        tablet.enrol("worker")
        tablet.offline()
        tablet.edits("East 1-1-101", phone="13700000001", tags={"add": ["veteran"]})
        opened.append(tablet)
        return tablet

    yield make
    for tablet in opened:
        tablet.context.close()
        assert tablet.told == []


@pytest.mark.parametrize(
    ("lang", "theme", "viewport"),
    [("zh", "light", PORTRAIT), ("en", "dark", PHONE)],
    ids=["zh-light-tablet", "en-dark-phone"],
)
def test_no_screen_shuts_anybody_out(at_work, place, lang, theme, viewport):
    if not AXE.exists():
        pytest.skip("axe-core is not here: run `npm ci` in tests/browser")
    tablet = at_work(lang, theme, viewport)
    tablet.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for name, path in screens(place).items():
        shown(tablet, name, path)
        result = tablet.evaluate(
            """(rules) => axe.run(document, {
                runOnly: {type: 'tag', values: rules},
                // The foot of a form lies over what is scrolled under it, and that counts as
                // crowded; how large targets are is a test of its own.
                rules: {'target-size': {enabled: false}},
            })""",
            RULES,
        )
        for problem in result["violations"]:
            for node in problem["nodes"][:3]:
                found.append((name, problem["id"], node["html"][:160], node["failureSummary"]))
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("lang", "viewport"),
    [("zh", PORTRAIT), ("en", PORTRAIT), ("zh", PHONE), ("en", PHONE)],
    ids=["zh-tablet", "en-tablet", "zh-phone", "en-phone"],
)
def test_nothing_is_cut_off(at_work, place, lang, viewport):
    tablet = at_work(lang, "light", viewport)
    found = []
    for name, path in screens(place).items():
        shown(tablet, name, path)
        found += [(name, one) for one in tablet.evaluate(CUT_OFF, PANNED)]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_letters_of_twice_the_size_cut_nothing_off(at_work, place, lang):
    tablet = at_work(lang, "light", PHONE)
    tablet.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    found = []
    for name, path in screens(place).items():
        if path != "first of the sync page":
            shown(tablet, name, path)
            found += [(name, one) for one in tablet.evaluate(CUT_OFF, PANNED)]
            found += [(name, one) for one in tablet.evaluate(WIDER_THAN_THEIR_TAB)]
    assert not found, "\n".join(map(str, found))


def test_chinese_is_written_in_a_font_that_has_it(at_work, place):
    tablet = at_work("zh", "light", PORTRAIT)
    shown(tablet, "household", screens(place)["household"])
    devtools = tablet.context.new_cdp_session(tablet.page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    body = devtools.send("DOM.querySelector", {"nodeId": root, "selector": "main h1"})["nodeId"]
    fonts = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": body})["fonts"]
    assert [one["familyName"] for one in fonts if CHINESE_FONTS not in one["familyName"]] == []
    # Boxes in place of letters would all look alike.
    pictures = tablet.evaluate(
        """() => [...'院坝网格员走访户籍迁徙孤寡鳏独龘'].map((letter) => {
            const canvas = document.createElement('canvas');
            const ink = canvas.getContext('2d');
            ink.font = `60px ${getComputedStyle(document.body).fontFamily}`;
            ink.fillText(letter, 10, 70);
            return canvas.toDataURL();
        })"""
    )
    assert len(set(pictures)) == len(pictures)


def test_a_visit_is_recorded_by_keyboard_alone(at_work, place):
    tablet = at_work("en", "light", PORTRAIT)
    tablet.go(f"/household/{place.ids['East 1-1-102']}")
    keyboard = tablet.page.keyboard

    def focused():
        return tablet.evaluate(
            """() => {
                const { ariaLabel, innerText } = document.activeElement;
                return (ariaLabel ?? innerText ?? '').trim();
            }"""
        )

    def tab_to(words):
        seen = []
        for _ in range(60):
            keyboard.press("Tab")
            seen.append(focused())
            if words in seen[-1]:
                return
        raise AssertionError((words, seen))

    expect(tablet.page.get_by_role("link", name="Record a visit")).to_be_visible()
    tab_to("Record a visit")
    keyboard.press("Enter")
    expect(tablet.button("Save the visit")).to_be_visible()
    tab_to("Save the visit")
    keyboard.press("Enter")
    expect(tablet.button("Save the visit")).to_have_count(0)
    assert tablet.waiting() == 3


def test_everything_to_press_is_large_enough_for_a_thumb(at_work, place):
    tablet = at_work("zh", "light", PORTRAIT)
    small = []
    for name, path in screens(place).items():
        shown(tablet, name, path)
        small += [
            (name, *one)
            for one in tablet.evaluate(
                """() => [...document.querySelectorAll('button, a[href]')]
                    .filter((it) => !it.closest('.skip, p, .matrix, .plan, svg') && it.offsetParent)
                    .map((it) => [it.innerText.slice(0, 20), it.getBoundingClientRect()])
                    .filter(([, box]) => box.height > 0 && (box.height < 44 || box.width < 44))
                    .map(([words, box]) => [words, box.width, box.height])"""
            )
        ]
    assert small == []
