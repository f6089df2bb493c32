"""Reports as a person meets them: opened from disk in a browser, in both themes, on a phone, with names that bite.

Needs Chromium (`apt-get install chromium`) and playwright; skipped with a message where either is missing.
"""

import shutil

import pytest

import basisbt
from basisbt.report.html.page import write_page
from basisbt.report.html.run import run_page
from basisbt.report.html.stress import stress_page
from basisbt.report.html.sweep import sweep_page
from basisbt.studies.scene import scene_of
from tests.support.places import ROOT
from tests.support.sweeps import write_sweep

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")
BITING = "<script>document.title='bitten'</script>"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """{kind: file} of a run with sampled paths and a biting name, a sweep, and a stress run."""
    folder = tmp_path_factory.mktemp("reports")
    run = basisbt.run(
        ROOT / "configs" / "runs" / "05_paths.yaml", {"name": "bite"}, paths=60, timerange="20230101-20230701",
        out=folder / "runs", jobs=1,
    )  # fmt: skip
    run.metrics["name"] = run.meta["strategy"] = BITING
    run.meta["warnings"] = [BITING]
    write_sweep(folder)
    axes = {"pairs.btc.short.leverage": ["2x", "3x"], "strategy.params.quantity": [100, 150, 200]}
    sweep = basisbt.sweep(folder / "run.yaml", axes, engine="backtrader", out=None, jobs=1)
    sweep.name = BITING
    calm = {"incident": "(calm)", "venue": "", "at": "2023-01-01", "pnl": 10.0, "change": 0.0, "max_drawdown": 0.0,
            "trapped_days": 0.0, "liquidations": 0, "survived": True, "funding": 10.0, "default": 0.0}  # fmt: skip
    from basisbt.report.words import LINE_WORDS

    calm = {line: 0.0 for line in LINE_WORDS} | calm
    dead = calm | {"incident": BITING, "venue": "okx", "pnl": -90.0, "change": -100.0, "default": -100.0, "survived": False}
    return {
        "run": write_page(run_page(run, scene_of(run), "basisbt run x.yaml"), folder / "run.html"),
        "sweep": write_page(sweep_page(sweep), folder / "sweep.html"),
        "stress": write_page(stress_page(BITING, [calm, dead], {"x": BITING}, 1000.0, "again"), folder / "stress.html"),
    }


def opened(browser, file, **options):
    """(page, complaints, requests outside of the file) once everything is drawn."""
    page = browser.new_context(**options).new_page()
    complaints, outside = [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else outside.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn=yes]", timeout=30_000)
    return page, complaints, outside


@pytest.mark.parametrize("kind", ["run", "sweep", "stress"])
def test_a_report_opens_draws_and_asks_nobody(kind, browser, pages):
    assert pages[kind].stat().st_size < 8_000_000
    page, complaints, outside = opened(browser, pages[kind], color_scheme="light")
    assert complaints == [] and outside == []
    charts = page.locator(".chart")
    assert charts.count() >= 1
    for k in range(charts.count()):
        assert charts.nth(k).locator("svg.main-svg").count() >= 1, "a chart is not drawn"
        assert len(charts.nth(k).get_attribute("aria-label")) > 10
    assert BITING in page.title() or BITING in page.inner_text("h1")  # as text
    assert page.title() != "bitten" and page.locator("h1").count() == 1
    assert page.locator("table thead th[scope=col], table tbody th[scope=row]").count() > 2


@pytest.mark.parametrize("kind", ["run", "sweep", "stress"])
def test_a_phone_scrolls_tables_and_not_the_page(kind, browser, pages):
    page, complaints, _ = opened(browser, pages[kind], viewport={"width": 390, "height": 800})
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def contrast(page, selector):
    """Contrast of an element's text on the page's ground, by the WCAG formula."""
    colours = page.evaluate(
        """(s) => [getComputedStyle(document.querySelector(s)).color, getComputedStyle(document.body).backgroundColor]""",
        selector,
    )
    light = []
    for colour in colours:
        parts = [float(each) / 255 for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_both_themes_are_legible_and_a_button_changes_them(browser, pages):
    page, complaints, _ = opened(browser, pages["run"], color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    assert all(contrast(page, each) >= 4.5 for each in ("h2", "thead th", "a", ".note, footer p"))
    page.get_by_role("button", name="Switch to light colours").click()
    assert page.evaluate(ground) != dark
    assert all(contrast(page, each) >= 4.5 for each in ("h2", "thead th", "a", ".note, footer p"))
    assert complaints == []


def test_a_table_sorts_by_its_numbers(browser, pages):
    page, _, _ = opened(browser, pages["run"])
    table = page.locator("section:has(h2#the-worst-ten-paths) table")
    table.get_by_role("button", name="days trapped").click()
    days = [float(text.replace(",", "")) for text in table.locator("tbody tr td:nth-child(5)").all_inner_texts()]
    assert days == sorted(days) and len(days) == 10
    table.get_by_role("button", name="days trapped").click()
    again = [float(text.replace(",", "")) for text in table.locator("tbody tr td:nth-child(5)").all_inner_texts()]
    assert again == sorted(days, reverse=True)


def test_the_pickers_of_a_sweep_draw_the_figure_that_is_picked(browser, pages):
    """Six cells: leverage down, quantity across; P&L grows with quantity and is the same for both leverages."""
    page, _, _ = opened(browser, pages["sweep"])
    figure, across, down = (page.locator(".pickers select").nth(k) for k in range(3))
    figure.select_option("pnl")
    across.select_option("strategy.params.quantity")
    down.select_option("pairs.btc.short.leverage")
    drawn = page.evaluate("(() => { const d = document.getElementById('explorer').data[0]; return [d.x, d.y, d.z]; })()")
    assert drawn[0] == ["100", "150", "200"] and drawn[1] == ["2x", "3x"]
    assert drawn[2][0] == drawn[2][1] and drawn[2][0] == sorted(drawn[2][0])


def test_print_is_on_white(browser, pages):
    page, _, _ = opened(browser, pages["run"], color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
