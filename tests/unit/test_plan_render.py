"""What a person sees of a plan, on a terminal and in a pipe."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from plan import architecture
from plan.model import Plan, Resource
from slipway import render

STACK = "urn:pulumi:prod::slipway::pulumi:pulumi:Stack::slipway-prod"
ORDERS = "urn:pulumi:prod::slipway::slipway:ecs:EcsService::orders"
ALERTS = "urn:pulumi:prod::slipway::slipway:datadog:ServiceAlerts::orders"
ZONE = "urn:pulumi:prod::slipway::aws:route53/zone:Zone::zone"


def monitor(name: str, priority: str) -> Resource:
    return Resource(
        urn=f"{ALERTS}/{name}",
        type=architecture.MONITOR,
        name=name,
        custom=True,
        parent=ALERTS,
        inputs={"priority": priority},
    )


PLAN = Plan(
    stack="prod",
    exports={"domain": "acme.example", "services": {"orders": "https://orders.acme.example"}},
    resources=(
        Resource(urn=STACK, type="pulumi:pulumi:Stack", name="slipway-prod", custom=False),
        Resource(
            urn="api",
            type=architecture.CLUSTER,
            name="api",
            custom=False,
            parent=STACK,
            outputs={"instance_type": "m7i.large", "instances": {"min": 3, "max": 9}},
        ),
        Resource(urn=ALERTS, type=architecture.ALERTS, name="orders", custom=False, parent=STACK),
        monitor("orders-cpu", "3"),
        monitor("orders-errors", "2"),
        monitor("orders-latency", "3"),
        Resource(
            urn=ORDERS,
            type=architecture.SERVICE,
            name="orders",
            custom=False,
            parent=STACK,
            outputs={
                "kind": "web",
                "cluster": "api",
                "version": "3.8.1",
                "tasks": {"min": 2, "max": 2},
                "address": "https://orders.internal.prod.acme.example",
                "owner": "payments",
            },
        ),
        Resource(
            urn="role",
            type="aws:iam/role:Role",
            name="orders-role",
            custom=True,
            parent=ORDERS,
            provider="urn:provider",
            dependencies=(ZONE,),
            inputs={
                "assumeRolePolicy": '{"Statement": [{"Action": "sts:AssumeRole"}]}',
                "description": "[bold]not markup[/bold]",
                "path": "[secret]",
            },
        ),
        Resource(urn=ZONE, type="aws:route53/zone:Zone", name="zone", custom=True, parent=STACK, protect=True),
    ),
)


def shown(plan: Plan = PLAN, *, width: int = 10_000, terminal: bool = False, details: bool = False) -> str:
    file = io.StringIO()
    out = Console(file=file, width=width, force_terminal=terminal, highlight=False, markup=False, emoji=False)
    (render.details if details else render.overview)(plan, out)
    return file.getvalue()


def test_the_first_screen_answers_what_one_wants_to_know() -> None:
    assert shown().splitlines()[:20] == [
        "Stack prod  5 resources in 3 components",
        "",
        "Services (1)",
        "  NAME    KIND  CLUSTER  VERSION  TASKS  ADDRESS                                    ALERTS      OWNER",
        "  orders  web   api      3.8.1        2  https://orders.internal.prod.acme.example  1 P2, 2 P3  payments",
        "",
        "Clusters (1)",
        "  NAME  INSTANCE TYPE  INSTANCES  SERVICES",
        "  api   m7i.large      3-9               1",
        "",
        "Alerts (3)",
        "  1 P2, 2 P3; priority 1 is the most urgent",
        "",
        "Protected (1)",
        "  TYPE  NAMES",
        "  Zone  zone",
        "",
        "Components",
        "  NAME            TYPE           RESOURCES",
        "  api             EcsCluster             0",
    ]


def test_types_are_counted_most_frequent_first() -> None:
    text = shown()
    types = text[text.index("Types (3)") :].splitlines()
    assert [line.split() for line in types[2:5]] == [
        ["datadog:index/monitor:Monitor", "3"],
        ["aws:iam/role:Role", "1"],
        ["aws:route53/zone:Zone", "1"],
    ]


def test_a_pipe_gets_plain_ascii_without_trailing_blanks() -> None:
    for text in (shown(), shown(details=True)):
        assert text.isascii()
        assert "\x1b" not in text
        assert all(line == line.rstrip() for line in text.splitlines())


def test_a_terminal_gets_the_same_words_in_colour() -> None:
    coloured = shown(terminal=True)
    assert "\x1b[" in coloured
    plain = Text.from_ansi(coloured).plain
    assert [line.rstrip() for line in plain.splitlines()] == shown().splitlines()


@pytest.mark.parametrize("width", [100, 60, 40])
def test_a_narrow_terminal_loses_nothing_and_wraps_no_name(width: int) -> None:
    text = shown(width=width)
    for fact in ("orders", "3.8.1", "https://orders.internal.prod.acme.example", "payments", "m7i.large", "3-9"):
        assert fact in text
    too_long = [line for line in text.splitlines() if len(line) > width]
    assert all("https://" in line or "datadog:" in line for line in too_long)


def test_a_stack_without_services_shows_what_its_components_say() -> None:
    people = Resource(
        urn="people",
        type="slipway:account:People",
        name="people",
        custom=False,
        parent=STACK,
        outputs={"groups": {"ops": "ops-admins", "dev": "dev-admins"}, "count": 2},
    )
    lines = shown(Plan(stack="ops", resources=(PLAN.resources[0], people), exports={})).splitlines()
    assert lines[2:7] == [
        "People (1)",
        "  NAME    OUTPUT      VALUE",
        "  people  count       2",
        "          groups.dev  dev-admins",
        "          groups.ops  ops-admins",
    ]
    assert not any(line.startswith("Services") for line in lines)


def test_details_show_every_input_and_documents_as_documents() -> None:
    text = shown(details=True)
    start = text.index("    orders-role  aws:iam/role:Role")
    assert text[start : text.index("  zone  aws:route53")].splitlines() == [
        "    orders-role  aws:iam/role:Role",
        "      inputs:",
        "        assumeRolePolicy (JSON):",
        "          Statement:",
        "          - Action: sts:AssumeRole",
        "        description: '[bold]not markup[/bold]'",
        "        path: '[secret]'",
        "      options:",
        "        dependencies:",
        "        - zone (Zone)",
        "        provider: urn:provider",
    ]
    assert "  zone  aws:route53/zone:Zone  protected" in text
