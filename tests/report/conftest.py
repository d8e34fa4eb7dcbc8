"""Reports of a company, and a real browser without a window to open them in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from plan.architecture import SERVICE, services
from plan.model import Plan, Resource
from plan.revisions import Planned, Revision
from slipway import report
from tests import projects

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = "needs Chromium or Chrome and its chromedriver on the PATH; on Debian: apt install chromium chromium-driver"
STACKS = ("ops", "dev", "stage", "prod")
HOSTILE = "</script><script>hacked = true</script><img src=x onerror='hacked = true'>"
DESKTOP, PHONE = (1280, 900), (375, 800)


@dataclass(frozen=True, kw_only=True)
class Browser:
    """One window. What a page logs or asks the network for is kept until it is taken."""

    driver: webdriver.Chrome

    def open(self, file: Path, *, size: tuple[int, int] = DESKTOP, dark: bool = False, hash_: str = "") -> None:
        """Opens a report, and waits until its resources can be searched."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get("about:blank")
        self.logged()
        self.requested()
        self.driver.get(file.as_uri() + hash_)
        self.wait("return 'ready' in document.documentElement.dataset")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str) -> None:
        """Until a script returns something true."""
        WebDriverWait(self.driver, 20, poll_frequency=0.05).until(lambda _: self.run(condition))

    def logged(self) -> list[str]:
        """Errors and warnings since the last time, those of the content security policy among them."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self) -> list[str]:
        """Every address that was asked for since the last time."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    service = shutil.which("chromedriver")
    if binary is None or service is None:
        pytest.skip(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    # It runs in a container as root as well, with little shared memory; a click does not wait for smooth scrolling.
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "disable-gpu",
        "force-prefers-reduced-motion",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture
def browser(driver: webdriver.Chrome) -> Browser:
    return Browser(driver=driver)


@pytest.fixture(scope="session")
def planned() -> Planned:
    """The tests' company."""
    return replace(projects.revision(), revision=Revision(name="main", project_folder="", tree=None))


@pytest.fixture(scope="session")
def changed(planned: Planned) -> Planned:
    """A change that loses a zone, ships a version and creates something, by somebody who means ill."""
    return replace(
        planned,
        revision=Revision(name=f"branch{HOSTILE}", project_folder="", tree=None),
        plans={stack: _changed(plan) for stack, plan in planned.plans.items()},
    )


def _changed(plan: Plan) -> Plan:
    resources = [_edited(resource) for resource in plan.resources if resource.name != "dns-private"]
    template = next(resource for resource in plan.resources if resource.custom and resource.parent)
    resources.append(replace(template, name=HOSTILE, urn=f"{template.urn}{HOSTILE}", inputs={HOSTILE: HOSTILE}))
    return replace(plan, resources=tuple(resources))


def _edited(resource: Resource) -> Resource:
    match resource.name, resource.type:
        case "orders-task", "aws:ecs/taskDefinition:TaskDefinition":
            changed = resource.inputs["containerDefinitions"].replace("3.8.1", "3.9.0")
            return replace(resource, inputs={**resource.inputs, "containerDefinitions": changed})
        case "orders", kind if kind == SERVICE:
            return replace(resource, outputs={**resource.outputs, "version": HOSTILE, "owner": HOSTILE})
        case "orders-page", _:
            entity = json.loads(resource.inputs["entity"])
            entity["metadata"]["description"] = HOSTILE
            return replace(resource, inputs={"entity": json.dumps(entity)})
    return resource


@pytest.fixture(scope="session")
def large(planned: Planned) -> Planned:
    """100 services in prod."""
    prod = planned.plans["prod"]
    (component,) = [r for r in prod.resources if (r.name, r.type) == ("orders", SERVICE)]
    own = [resource for resource in prod.resources if resource is component or resource.parent == component.urn]
    resources = list(prod.resources)
    for number in range(100 - len(services(prod))):
        copied = [json.dumps(resource.to_json()).replace("orders", f"orders-{number:02}") for resource in own]
        resources += [Resource.from_json(json.loads(text)) for text in copied]
    return replace(planned, plans={**planned.plans, "prod": replace(prod, resources=tuple(resources))})


@pytest.fixture(scope="session")
def stacks_report(planned: Planned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All stacks as they are."""
    file = tmp_path_factory.mktemp("report") / "stacks.html"
    file.write_text(report.page(planned), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def large_report(large: Planned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "large.html"
    file.write_text(report.page(large), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def diff_report(planned: Planned, changed: Planned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "diff.html"
    file.write_text(report.page(changed, planned), encoding="utf-8")
    return file
