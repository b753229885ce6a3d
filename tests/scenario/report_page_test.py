"""The report's page in a real browser: wide, on a phone, light and dark; with few jobs and with ten thousand.

Needs Debian's chromium (third_party/install --night). With $SHOTS, a folder, it leaves what it saw there."""

import os
import re

from tests import runner
from tests.scenario.harness.browser import Browser, Page
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.full_ledger import multiply
from tests.scenario.harness.wait import until

# Of every element with words of its own: their colour, and the nearest ground that is painted behind them.
COLOURS = """(() => {
  const seen = {};
  for (const one of document.querySelectorAll('body *')) {
    const words = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!words || one.closest('defs, title, desc') || !one.getClientRects().length) continue;
    const style = getComputedStyle(one);
    let behind = one;
    while (behind && /rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const colour = one instanceof SVGElement ? style.fill : style.color;
    seen[colour + ' on ' + getComputedStyle(behind || document.body).backgroundColor] = one.tagName + '.' + one.getAttribute('class');
  }
  return seen;
})()"""

# Shapes carry meaning too.
SHAPES = """(() => {
  const style = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(document.createElement('i'));
  const as_rgb = name => (probe.style.color = style.getPropertyValue(name), getComputedStyle(probe).color);
  const found = Object.fromEntries(['--wait', '--up', '--build', '--deliver', '--good', '--bad', '--warn', '--card'].map(n => [n, as_rgb(n)]));
  probe.remove();
  return found;
})()"""

WIDER = """[...document.querySelectorAll('body *')].filter(one => !one.closest('svg, thead, caption') &&
  one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.tagName + '.' + one.className).slice(0, 5)"""


def luminance(colour):
    parts = [int(one) / 255 for one in re.findall(r"\d+", colour)[:3]]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class PageTest(ScenarioCase):
    folders = ("production", "staging")

    def setUp(self):
        super().setUp()
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.file = os.path.join(self.site.root, "report.html")

    def night(self, copies=0):
        """Deliveries, failures, something that waits, a folder that is paused, and as many copies; then the page."""
        daemon = self.site.start_and_watch()
        ends = 0
        for number, fault in enumerate(("", "", "Unsupported native library: lib/arm64-v8a/libgame.so")):
            self.portal.set(fail_build=fault)
            self.folder.drop(self.artifacts.apk(version_code=number + 1), f"app-release-{number}.apk", commit="c" * 40)
            ends += 1
            self.folder.wait_for_receipt(ends)
        self.portal.set(fail_build="", hold_builds=True)
        self.folder.drop(self.artifacts.apk(version_code=9), "refused-because-of-its-checksum.apk", sha256="0" * 64 + "\n")
        self.folder.wait_for_receipt(ends + 1)
        self.folder.drop(self.artifacts.apk(version_code=10), "a-very-long-name-that-somebody-gave-to-their-nightly-build-" * 2 + ".apk")
        until(lambda: [one for one in self.site.jobs() if one["state"] == "building"], "it is building")
        self.assertEqual(self.site.run("pause", "staging").returncode, 0)
        self.stop(daemon)
        if copies:
            multiply(self.site.state_dir, copies)
        done = self.site.run("report", "--html", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.verdict = done.stdout.strip()

    def look(self, name, width, scheme):
        """One look at the page, checked for all that holds on every screen."""
        page = Page(self.browser, self.file, width, scheme)
        if os.environ.get("SHOTS"):
            page.screenshot(os.path.join(os.environ["SHOTS"], f"{name}-{width}-{scheme}.png"), whole=True)
        self.assertEqual(page.requests(), ["file://" + self.file])
        self.assertEqual(page.complaints(), [])
        self.assertLessEqual(page.value("document.documentElement.scrollWidth"), width, page.value(WIDER))
        self.assertEqual(page.value(WIDER), [])
        heading = page.value("(h => [h.innerText, h.getBoundingClientRect().top, h.getBoundingClientRect().height])"
                             "(document.querySelector('h1'))")
        self.assertEqual(heading[0], self.verdict)
        self.assertTrue(0 <= heading[1] < 300 and heading[2] > 20, heading)
        self.check_colours(page, scheme)
        return page

    def check_colours(self, page, scheme):
        ground = page.value("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(luminance(ground) < 0.2, scheme == "dark", ground)
        found = page.value(COLOURS)
        self.assertGreater(len(found), 4)
        for pair, where in found.items():
            self.assertGreaterEqual(contrast(*pair.split(" on ")), 4.5, f"{where}: {pair}")
        shapes = page.value(SHAPES)
        for name, colour in shapes.items():
            if name != "--card":
                self.assertGreaterEqual(contrast(colour, shapes["--card"]), 3, name)

    def look_at_all(self, name):
        for width in (360, 390, 768, 1280):
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    yield self.look(name, width, scheme), width

    def test_a_short_night(self):
        self.night()
        for page, width in self.look_at_all("short"):
            self.assertEqual(page.value("document.querySelectorAll('figure > svg[role=img]').length"), 1)
            # What a lane says stays inside of the figure.
            outside = page.value("""(f => [...document.querySelectorAll('figure text')].filter(one => getComputedStyle(one).display !== 'none'
              && (one.getBoundingClientRect().right > f.right || one.getBoundingClientRect().left < f.left)).map(one => one.textContent))
              (document.querySelector('figure').getBoundingClientRect())""")
            self.assertEqual(outside, [])
            overlaps = page.value("""(ticks => ticks.slice(1).filter((one, i) => one.left < ticks[i].right + 4).length)
              ([...document.querySelectorAll('text.tick')].filter(one => getComputedStyle(one).display !== 'none')
              .map(one => one.getBoundingClientRect()))""")
            self.assertEqual(overlaps, 0, f"hours that run into each other at {width}")
            # A screen reader is told the table's parts also where they stand below each other.
            self.assertEqual(page.value("document.querySelectorAll('table:not([role=table])').length"), 0)

    def test_three_hundred_artifacts(self):
        self.night(300)
        for page, _ in self.look_at_all("three-hundred"):
            self.assertLess(page.value("document.querySelector('figure').getBoundingClientRect().height"), 1200)
            self.assertEqual(page.value("document.querySelectorAll('details').length"), 1)

    def test_ten_thousand_artifacts(self):
        self.night(10_000)
        for scheme in ("light", "dark"):
            page = self.look("ten-thousand", 390, scheme)
            self.assertLess(page.value("document.querySelector('figure').getBoundingClientRect().height"), 1200)
            self.assertEqual(page.value("document.querySelectorAll('details tbody tr').length"), 10_002)


if __name__ == "__main__":
    runner.main()
