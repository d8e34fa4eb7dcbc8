"""What `slipway report` writes, without a browser: a valid file of bounded size that says what the plans say."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import html5lib
import pytest
from typer.testing import CliRunner, Result

from plan.architecture import Zone, account, clusters, services
from plan.model import Failure, Plan, Resource
from plan.revisions import Planned
from slipway import drawing, report
from slipway.cli import app
from tests import projects


def text_of(page: str, section: str) -> str:
    """The words of one section, as a reader has them."""
    document = html5lib.parse(page, namespaceHTMLElements=False)
    found = document.find(f".//*[@id='{section}']")
    assert found is not None
    return " ".join(" ".join(found.itertext()).split())


def changed(planned: Planned, stack: str, name: str, **options: Any) -> Planned:
    """The same, but for one resource."""
    plan = planned.plans[stack]
    resources = tuple(replace(each, **options) if each.name == name else each for each in plan.resources)
    assert resources != plan.resources
    return replace(planned, plans={**planned.plans, stack: replace(plan, resources=resources)})


def test_it_is_valid_html(stacks_report: Path, diff_report: Path) -> None:
    for file in (stacks_report, diff_report):
        html5lib.HTMLParser(strict=True).parse(file.read_text(encoding="utf-8"))


def test_another_companys_is_too_and_has_all_of_its_environments_and_services() -> None:
    text = report.page(projects.revision(projects.OTHER_COMPANY))
    html5lib.HTMLParser(strict=True).parse(text)
    shown = text_of(text, "architecture")
    for name in ("test", "live", *projects.services(projects.OTHER_COMPANY)):
        assert name in shown


def test_all_stacks_are_one_file_below_a_megabyte(stacks_report: Path) -> None:
    assert stacks_report.stat().st_size < 1_000_000


def test_it_is_the_same_to_the_byte_every_time(planned: Planned, stacks_report: Path) -> None:
    assert report.page(planned) == stacks_report.read_text(encoding="utf-8")


def test_every_resource_is_in_it_with_all_its_inputs(planned: Planned, stacks_report: Path) -> None:
    packed = re.search(r'id="data">([^<]+)<', stacks_report.read_text(encoding="utf-8"))
    assert packed is not None
    entries = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    known = [(stack, r.name, r.type) for stack, plan in planned.plans.items() for r in plan.resources if r.custom]
    assert sorted(known) == sorted((entry[0], entry[1], entry[2]) for entry in entries)
    (vpc,) = [entry for entry in entries if entry[:2] == ["prod", "network-vpc"]]
    (resource,) = [resource for resource in planned.plans["prod"].resources if resource.name == "network-vpc"]
    assert vpc[3:8] == ["network", "", "", True, resource.inputs]


# What is drawn -------------------------------------------------------------------------------------------------------


def test_an_environment_is_read_from_its_plan(planned: Planned) -> None:
    prod = account(planned.plans["prod"], people=1)
    assert (prod.id, prod.region, prod.cidr, prod.delegated) == ("444444444444", "us-east-1", "10.30.0.0/16", True)
    assert prod.domains == ("prod.acme.example", "internal.prod.acme.example")
    assert prod.zones[1] == Zone(name="us-east-1b", public="10.30.96.0/20", private="10.30.64.0/19", nat=True)
    assert sum(prod.alerts.values()) == sum(
        r.type == "datadog:index/monitor:Monitor" for r in planned.plans["prod"].resources
    )
    api = prod.clusters[0]
    assert (api.name, api.instance_type, api.instances) == ("api", "m7i.xlarge", "3-24")
    assert [(each.name, each.public, each.firewall) for each in api.balancers] == [
        ("api-internal", False, False),
        ("api-public", True, True),
    ]
    behind = {service.name: service.balancer for service in api.services}
    assert (behind["gateway"], behind["orders"], behind["ledger"]) == ("api-public", "api-internal", "")
    ops = account(planned.plans["ops"])
    assert (ops.cidr, ops.clusters, ops.audited, ops.keeps_state, ops.domains) == (
        "",
        (),
        True,
        True,
        ("acme.example",),
    )


@pytest.mark.parametrize("sheet", [drawing.WIDE, drawing.NARROW])
def test_a_drawing_has_every_service_once_and_none_on_another(large: Planned, sheet: drawing.Sheet) -> None:
    plan = large.plans["prod"]
    root = ElementTree.fromstring(str(drawing.environment(account(plan), {}, sheet)))
    width, height = (float(root.attrib[key]) for key in ("width", "height"))
    boxes = []
    words = []
    for link in root.iter("a"):
        (box,) = link.iter("rect")
        boxes.append(tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height")))
        words.append(["".join(text.itertext()) for text in link.iter("text")])
    assert sorted(name for _, name, *_ in words) == sorted(service.name for service in services(plan))
    assert len(boxes) == 100
    for x, y, wide, high in boxes:
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
        assert sum(x < a + c and a < x + wide and y < b + d and b < y + high for a, b, c, d in boxes) == 1
    addresses = {service.address.removeprefix("https://") for service in services(plan) if service.address}
    assert addresses <= {word for line in words for word in line}


def test_clusters_of_few_services_leave_their_room_to_the_fullest(planned: Planned) -> None:
    (api, *_) = clusters(planned.plans["prod"])
    alone = replace(account(planned.plans["prod"]), clusters=(api,))
    root = ElementTree.fromstring(str(drawing.environment(alone, {}, drawing.WIDE)))
    lefts = {rect.attrib["x"] for link in root.iter("a") for rect in link.iter("rect")}
    assert len(lefts) == 3


def test_a_long_name_is_cut_and_told_in_full_to_who_asks(planned: Planned) -> None:
    prod = account(planned.plans["prod"])
    name = "n" * 200
    service = replace(prod.clusters[0].services[0], name=name)
    cluster = replace(prod.clusters[0], services=(service,))
    text = str(drawing.environment(replace(prod, clusters=(cluster,)), {}, drawing.WIDE))
    assert f"<title>{name}</title>nnn" in text
    assert f">{name}<" not in text.replace(f"<title>{name}</title>", "")


# What is said --------------------------------------------------------------------------------------------------------


def test_it_says_who_has_which_role(stacks_report: Path) -> None:
    access = text_of(stacks_report.read_text(encoding="utf-8"), "access")
    assert access == (
        "Access Person ops 111111111111 dev 222222222222 stage 333333333333 prod 444444444444"
        " ada administrator administrator administrator administrator"
        " grace none developer none none"
    )


def test_it_says_that_stage_and_prod_are_alike_and_what_differs(stacks_report: Path) -> None:
    parity = text_of(stacks_report.read_text(encoding="utf-8"), "parity")
    assert "stage and prod differ in nothing but identity, instance types, counts and versions." in parity
    gateway = "checks keys and limits, and passes requests on platform 4.13.0-rc.2 \u00d7 2 4.13.0-rc.1 \u00d7 2-6"
    assert f"{gateway} 4.12.0 \u00d7 4-16" in parity


def test_it_says_what_must_not_differ(planned: Planned) -> None:
    parity = text_of(report.page(changed(planned, "prod", "network-vpc", protect=False)), "parity")
    assert "stage and prod differ in more than sizes, counts and versions." in parity
    assert "network network-vpc protect true false" in parity


def test_it_says_which_rule_is_broken_and_that_the_change_did_it(planned: Planned) -> None:
    page = report.page(changed(planned, "dev", "network-vpc", protect=False), planned)
    said = text_of(page, "policies")
    assert "protected-state dev network-vpc the engine would delete it new Give it protect=True" in said
    kept = text_of(report.page(planned), "policies")
    assert re.match(r"Policies All \d+ rules hold in every stack, with \d+ exceptions", kept)


def test_it_says_what_could_not_be_planned(planned: Planned) -> None:
    broken = Failure(stack="prod", message="services/a.yaml: port <b>", exit_code=1)
    less = {stack: plan for stack, plan in planned.plans.items() if stack != "prod"}
    head = replace(planned, plans=less, failures={"prod": broken})
    said = text_of(report.page(head, planned), "main")
    assert "The head could not be planned. services/a.yaml: port <b>" in said


def test_a_report_of_what_cannot_be_planned_at_all_says_why(planned: Planned) -> None:
    broken = {"": Failure(stack="", message="Pulumi.yaml: cannot be read", exit_code=1)}
    nothing = replace(planned, plans={}, failures=broken, platform=None)
    for page, which in ((report.page(nothing, planned), "head"), (report.page(planned, nothing), "base")):
        html5lib.HTMLParser(strict=True).parse(page)
        assert f"The {which} could not be planned. Pulumi.yaml: cannot be read" in text_of(page, "main")
        assert "new" not in text_of(page, "policies").split()


def test_a_change_of_nothing_says_so(planned: Planned) -> None:
    page = report.page(planned, planned)
    assert "<h1>No changes</h1>" in page
    assert text_of(page, "risks") == "Risks Nothing is lost, widened or restarted."
    assert text_of(page, "changes") == "Changes No resource changes."


# The command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n", encoding="utf-8")
    program = "import pulumi_aws as aws\naws.sns.Topic('topic')\n"
    (tmp_path / "__main__.py").write_text(program, encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("", encoding="utf-8")
    return tmp_path


def slipway(*arguments: str, root: Path) -> Result:
    return CliRunner().invoke(app, ["report", *arguments, "--root", str(root)])


def test_a_project_with_one_topic_has_a_report_too(project: Path) -> None:
    file = project / "report.html"
    result = slipway("--output", str(file), root=project)
    assert (result.exit_code, result.stdout) == (0, f"{file}\n")
    page = file.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "No plan here says who has which role." in page


def test_a_file_that_cannot_be_written(project: Path) -> None:
    result = slipway("--output", str(project / "missing" / "report.html"), root=project)
    assert result.exit_code == 1
    assert result.stderr == (
        f"{project}/missing/report.html: cannot be written: No such file or directory."
        " Name another file with --output.\n"
    )


def test_a_base_needs_a_repository(project: Path) -> None:
    result = slipway("main", root=project)
    assert result.exit_code == 1
    assert "is not in a git repository" in result.stderr


def test_a_plan_of_nothing_has_an_account_of_nothing() -> None:
    topic = Resource(urn="urn:pulumi:dev::p::aws:sns/topic:Topic::topic", type="t", name="topic", custom=True)
    empty = account(Plan(stack="dev", resources=(topic,), exports={}))
    assert (empty.id, empty.cidr, empty.clusters, empty.resources) == ("", "", (), 1)
