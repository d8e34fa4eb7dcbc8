"""`slipway report` in a real browser: it asks for nothing, is found by keyboard, and fits a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from plan.revisions import Planned

from .conftest import DESKTOP, HOSTILE, PHONE, Browser

VISIBLE = "return [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility()).map((e) => e.id)"
NAMES = "return [...document.querySelectorAll('#found details')].map((e) => e.querySelector('b').textContent)"
WIDER = """
    const room = document.documentElement.clientWidth;
    return [...document.querySelectorAll('main *, header *')]
        .filter((e) => e.checkVisibility() && !e.closest('svg, .scroll') && e.getBoundingClientRect().right > room + 1)
        .map((e) => e.outerHTML.slice(0, 120))
"""
LUMINANCE = """
    const [r, g, b] = getComputedStyle(arguments[0]).backgroundColor.match(/\\d+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255
"""


def status(browser: Browser) -> str:
    return browser.driver.find_element(By.ID, "search-status").text


def search(browser: Browser, query: str) -> list[str]:
    """What is found first."""
    field = browser.driver.find_element(By.ID, "search")
    field.clear()
    field.send_keys(query)
    found: list[str] = browser.run(NAMES)
    return found


def press(browser: Browser, *keys: str) -> None:
    ActionChains(browser.driver).send_keys(*keys).perform()


def test_it_logs_nothing_and_asks_for_nothing_but_itself(
    browser: Browser, stacks_report: Path, diff_report: Path
) -> None:
    for file in (stacks_report, diff_report):
        browser.open(file)
        assert browser.logged() == []
        assert browser.requested() == [file.as_uri()]


def test_its_policy_stops_what_is_not_its_own(browser: Browser, stacks_report: Path) -> None:
    browser.open(stacks_report)
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img id=x src=\"https://elsewhere.example/a.png\">')")
    browser.wait("return document.getElementById('x').complete")
    (said,) = browser.logged()
    assert "violates the following Content Security Policy directive" in said
    assert "ERR_BLOCKED_BY_CLIENT" not in said


def test_every_resource_is_there(browser: Browser, stacks_report: Path, planned: Planned) -> None:
    browser.open(stacks_report)
    total = sum(resource.custom for plan in planned.plans.values() for resource in plan.resources)
    assert status(browser) == f"{total:,} of {total:,} resources"
    assert len(browser.run(NAMES)) == 50
    browser.driver.find_element(By.ID, "more").click()
    assert len(browser.run(NAMES)) == 100


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("orders-tg stack:prod", ["orders-tg"]),
        ("type:natgateway stack:stage", ["network-nat-a", "network-nat-b", "network-nat-c"]),
        ('part:"cluster api" type:launchtemplate stack:dev', ["api-hosts"]),
        ("owner:growth type:targetgroup stack:prod search", ["search-tg"]),
        ("is:protected type:zone", ["root-zone-zone", *["dns-private", "dns-public"] * 3]),
        ("no such thing", []),
    ],
)
def test_search_narrows_by_name_type_part_owner_and_stack(
    browser: Browser, stacks_report: Path, query: str, expected: list[str]
) -> None:
    browser.open(stacks_report)
    assert search(browser, query) == expected
    assert status(browser).startswith(f"{len(expected)} of ")


def test_details_open_with_all_that_a_resource_is_given(
    browser: Browser, stacks_report: Path, planned: Planned
) -> None:
    browser.open(stacks_report)
    search(browser, "orders-task stack:prod type:taskdefinition")
    browser.driver.find_element(By.CSS_SELECTOR, "#found summary").click()
    browser.wait("return document.querySelector('#found pre')?.checkVisibility()")
    text = browser.driver.find_element(By.CSS_SELECTOR, "#found details").text
    (task,) = [r for r in planned.plans["prod"].resources if r.name == "orders-task" and "family" in r.inputs]
    assert '"containerDefinitions (JSON)": [' in text
    assert f'"family": "{task.inputs["family"]}"' in text
    assert "[secret]" not in text


def test_the_keyboard_is_enough(browser: Browser, stacks_report: Path) -> None:
    browser.open(stacks_report)
    press(browser, Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Skip to the content"
    press(browser, "/")
    press(browser, *"bastion-group stack:prod")
    assert browser.run(NAMES) == ["bastion-group"]
    press(browser, Keys.TAB, Keys.ENTER)
    browser.wait("return document.querySelector('#found details').open")

    radio = browser.driver.find_element(By.CSS_SELECTOR, ".switch input:checked")
    browser.run("arguments[0].focus()", radio)
    press(browser, Keys.ARROW_LEFT)
    assert browser.run(VISIBLE, "figure.environment") == ["environment-stage"]


def test_a_service_in_the_drawing_leads_to_its_resources(browser: Browser, stacks_report: Path) -> None:
    browser.open(stacks_report)
    link = browser.driver.find_element(By.CSS_SELECTOR, "#environment-prod .wide a[href*='service+orders']")
    browser.run("arguments[0].focus()", link)
    press(browser, Keys.ENTER)
    browser.wait("return document.getElementById('search').value === 'part:\"service orders\"'")
    assert {name.partition("-")[0] for name in browser.run(NAMES)} == {"orders"}


def test_a_link_to_an_environment_shows_that_one(browser: Browser, stacks_report: Path) -> None:
    browser.open(stacks_report)
    assert browser.run(VISIBLE, "figure.environment") == ["environment-prod"]
    browser.open(stacks_report, hash_="#environment-dev")
    assert browser.run(VISIBLE, "figure.environment") == ["environment-dev"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (320, 640)])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, stacks_report: Path, diff_report: Path, size: tuple[int, int]
) -> None:
    for file in (stacks_report, diff_report):
        browser.open(file, size=size)
        browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
        assert browser.run("return document.documentElement.scrollWidth") <= size[0]
        assert browser.run(WIDER) == []


def test_a_phone_gets_a_drawing_of_its_own_that_can_be_read(browser: Browser, stacks_report: Path) -> None:
    smallest = """
        const drawing = [...document.querySelectorAll('#environment-prod svg')].find((e) => e.checkVisibility());
        const scale = drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width;
        return Math.min(...[...drawing.querySelectorAll('text')].map((e) => scale * e.getAttribute('font-size')))
    """
    for size in (DESKTOP, PHONE):
        browser.open(stacks_report, size=size)
        assert browser.run(smallest) >= 9


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_no_text_of_a_drawing_covers_another_or_leaves_the_screen(
    browser: Browser, large_report: Path, size: tuple[int, int]
) -> None:
    browser.open(large_report, size=size)
    overlapping = """
        const texts = [...document.querySelectorAll('svg text')].filter((e) => e.checkVisibility())
            .map((e) => [e.textContent, e.getBoundingClientRect()]);
        const room = document.documentElement.clientWidth;
        const bad = texts.filter(([, box]) => box.left < 0 || box.right > room).map(([text]) => text);
        for (const [one, a] of texts) for (const [other, b] of texts)
            if (a !== b && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
                bad.push(`${one} / ${other}`);
        return bad
    """
    assert browser.run(overlapping) == []


def test_it_is_dark_where_the_reader_asks_for_dark(browser: Browser, stacks_report: Path) -> None:
    browser.open(stacks_report, dark=True)
    body = browser.driver.find_element(By.TAG_NAME, "body")
    assert browser.run(LUMINANCE, body) < 0.1
    browser.open(stacks_report)
    assert browser.run(LUMINANCE, browser.driver.find_element(By.TAG_NAME, "body")) > 0.9


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_axe_finds_no_fault(
    browser: Browser, stacks_report: Path, diff_report: Path, size: tuple[int, int], dark: bool
) -> None:
    """Deque's engine, on the rules of WCAG 2.1 A and AA (contrast, names, landmarks, ...) and its best practices."""
    for file in (stacks_report, diff_report):
        browser.open(file, size=size, dark=dark)
        result: dict[str, list[dict[str, Any]]] = Axe().run(browser.driver)
        faults = [(each["id"], [node["html"][:150] for node in each["nodes"][:3]]) for each in result["violations"]]
        assert faults == []
        looked_at = {each["id"] for each in result["passes"]}
        assert looked_at >= {"color-contrast", "label", "landmark-one-main", "list", "region"}


def test_a_diff_says_first_what_is_lost(browser: Browser, diff_report: Path) -> None:
    browser.open(diff_report)
    assert browser.run("return document.querySelector('main section').id") == "risks"
    first = browser.driver.find_element(By.CSS_SELECTOR, "#risks .risk")
    assert first.find_element(By.TAG_NAME, "h3").text.startswith("Replaced or deleted, with state")
    assert "dns-private (Zone)" in first.text
    assert "delete: protected, so Pulumi refuses" in first.text
    assert search(browser, "is:changed orders stack:prod") == ["orders-on-api", "orders-task"]
    assert search(browser, "is:delete type:zone stack:prod") == ["dns-private"]


def test_a_diff_marks_in_the_drawings_what_changes(browser: Browser, diff_report: Path) -> None:
    browser.open(diff_report)
    drawn = (
        "return [...document.querySelectorAll(arguments[0])].map((e) => [e.classList[1], e.nextSibling.textContent])"
    )
    marks = browser.run(drawn, "#environment-prod .wide .mark")
    assert ["update", "2 update"] in marks  # orders: its task definition and its service
    assert ["delete", "1 delete"] in marks  # the zone
    accounts = browser.run(drawn, "#architecture figure:not(.environment) .wide .mark")
    assert accounts == [["may-replace", "2 changes"], *[["delete", "4 changes"]] * 3]


def test_what_somebody_wrote_is_text_and_never_markup(browser: Browser, diff_report: Path) -> None:
    browser.open(diff_report)
    assert len(search(browser, "name:hacked stack:prod")) == 1
    browser.driver.find_element(By.CSS_SELECTOR, "#found summary").click()
    browser.wait("return document.querySelector('#found pre')?.checkVisibility()")
    assert browser.run("return typeof hacked") == "undefined"
    assert browser.run("return document.querySelectorAll('img, script').length") == 2  # the page's own: data, script
    text = browser.run("return document.body.textContent")
    for place in ("#parity", "#changes", "#found", "header"):
        assert HOSTILE in browser.run("return document.querySelector(arguments[0]).textContent", place)
    assert text.count("hacked = true") > 10
    assert browser.logged() == []
