"""The app without a network: it opens at once, whole, and is renewed when a person says so."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from server import tablet as serving_of_the_app

OPENS_OFFLINE_MS = 1_000


@pytest.fixture
def dist(tmp_path, monkeypatch):
    """A copy of the build, to be changed as a new version would be."""
    assert (serving_of_the_app.DIST / "index.html").exists(), "run scripts/dev.py setup"
    folder = tmp_path / "dist"
    shutil.copytree(serving_of_the_app.DIST, folder)
    for packed in folder.rglob("*.gz"):
        packed.unlink()
    monkeypatch.setattr(serving_of_the_app, "DIST", folder)
    return folder


def new_version(dist, version):
    """Change the build as a release does: a page that says so, a service worker that knows."""
    page = dist / "index.html"
    page.write_text(page.read_text().replace('lang="zh-CN"', f'lang="zh-CN" data-made="{version}"'))
    worker = dist / "sw.js"
    worker.write_text(worker.read_text().replace('version\\":\\"', f'version\\":\\"{version}', 1))


def made(tablet):
    """The version that the page says it is."""
    return tablet.evaluate("() => document.documentElement.dataset.made ?? 'one'")


def opened_in_ms(page):
    """How long the last loading took until the app drew itself."""
    return page.evaluate(
        """() => new Promise((done) => {
            const drawn = () => document.querySelector('#app')?.childElementCount > 0;
            const look = () => drawn() ? done(performance.now()) : setTimeout(look, 5);
            look();
        })"""
    )


def test_without_a_network_it_opens_in_under_a_second(tablet):
    tablet.open()
    tablet.keep_offline_ready()
    tablet.offline()
    times = []
    for _ in range(3):
        tablet.reload()
        times.append(opened_in_ms(tablet.page))
    assert min(times) < OPENS_OFFLINE_MS, times


def test_it_is_kept_whole_and_nothing_of_the_exchange_is_kept(tablet, dist):
    tablet.open()
    tablet.keep_offline_ready()
    tablet.evaluate("() => fetch('/sync/v1/')")
    kept = tablet.evaluate(
        """async () => {
            const urls = [];
            for (const name of await caches.keys())
                for (const one of await (await caches.open(name)).keys()) urls.push(one.url);
            return urls;
        }"""
    )
    names = {one.partition("/tablet/")[2] for one in kept}
    assert all("/tablet/" in one for one in kept)
    assert "index.html" in names
    scripts = {path.relative_to(dist).as_posix() for path in dist.glob("assets/*")}
    assert scripts <= names


def test_a_new_version_waits_until_a_person_says_restart(tablet, dist):
    tablet.open()
    tablet.keep_offline_ready()
    new_version(dist, "two")
    tablet.evaluate("() => navigator.serviceWorker.getRegistration().then((it) => it.update())")
    restart = tablet.button("Restart")
    expect(restart).to_be_visible()
    tablet.reload()
    assert made(tablet) == "one"
    restart.click()
    tablet.eventually(lambda: made(tablet) == "two")
    tablet.offline()
    tablet.reload()
    assert made(tablet) == "two"


@pytest.mark.parametrize(
    ("fault", "told"), [("hang", "still being stored"), ("error", "would not open again")]
)
def test_ready_to_go_offline_is_not_said_before_the_app_itself_is_kept(
    tablet, network, fault, told
):
    network.next(fault, path="/tablet/sw.js")
    tablet.begin_enrolling("worker")
    main = tablet.page.get_by_role("main")
    expect(main).to_contain_text("All records are here")
    expect(main).to_contain_text(told)
    expect(main).not_to_contain_text("Ready to go offline")


def test_an_update_keeps_what_waits_and_what_was_begun(tablet, dist, place):
    tablet.page.clock.install()
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    new_version(dist, "two")
    tablet.evaluate("() => navigator.serviceWorker.getRegistration().then((it) => it.update())")
    restart = tablet.button("Restart")
    expect(restart).to_be_visible()
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000001")
    tablet.go(f"/household/{place.ids['East 1-1-102']}/visit")
    tablet.page.get_by_label("Notes").fill("写到一半")
    tablet.go("/")
    expect(restart).to_have_count(0)  # not while somebody types
    tablet.page.clock.fast_forward(11_000)
    expect(restart).to_be_visible()
    restart.click()
    tablet.eventually(lambda: made(tablet) == "two")
    tablet.says_waiting(1)
    tablet.go(f"/household/{place.ids['East 1-1-102']}/visit")
    expect(tablet.page.get_by_label("Notes")).to_have_value("写到一半")
    tablet.online()
    tablet.hand_in()
    assert place.record("East 1-1-101").get("phone") == "13700000001"


def test_a_new_version_that_comes_only_in_part_is_not_used(tablet, dist, network):
    tablet.open()
    tablet.keep_offline_ready()
    new_version(dist, "half")
    (dist / "assets" / "new-12345678.js").write_text("1")
    worker = dist / "sw.js"
    listed = worker.read_text().replace('files\\":[', 'files\\":[\\"assets/new-12345678.js\\",')
    worker.write_text(listed)
    network.next("cut", path="/tablet/assets/new", after=0)
    failed = tablet.evaluate(
        """() => navigator.serviceWorker.getRegistration().then((it) => it.update()).then((it) =>
            new Promise((done) => {
                const fresh = it.installing;
                if (!fresh) return done('none');
                fresh.addEventListener('statechange', () => done(fresh.state));
            }))"""
    )
    assert failed == "redundant"
    tablet.reload()
    assert made(tablet) == "one"
    expect(tablet.button("Restart")).to_have_count(0)


def test_it_can_be_put_on_the_home_screen(tablet):
    tablet.open()
    tablet.keep_offline_ready()
    devtools = tablet.context.new_cdp_session(tablet.page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert '"display": "standalone"' in manifest["data"]
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A window of its own that is never put on a disk is not installed by any browser.
    assert [one for one in errors if one["errorId"] != "in-incognito"] == []


def test_a_page_of_another_version_than_its_scripts_is_not_kept(tablet, dist):
    """The server may be updated between two files of one version that a tablet fetches."""
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    new_version(dist, "two")
    page = dist / "index.html"
    page.write_text(re.sub(r"assets/index-[^.]+\.js", "assets/index-another.js", page.read_text()))
    told = tablet.evaluate(
        """() => navigator.serviceWorker.getRegistration().then((it) => it.update()).then((it) =>
            new Promise((done) => {
                const fresh = it.installing;
                if (!fresh) return done('none');
                fresh.onstatechange = () => done(fresh.state);
            }))"""
    )
    assert told == "redundant"
    tablet.offline()
    tablet.reload()
    expect(tablet.page.get_by_role("gridcell").first).to_be_visible()
