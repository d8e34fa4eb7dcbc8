"""The lazily imported SDK is the SDK: what a program sends, reads and names does not depend on the import.

One process can import the SDK in one way only, so this module is a program too: run with `whole` or `lazy`,
it reports what the SDK does when every type of resource is declared on Pulumi's mocks, each property set to
an example of the type in its annotation.
"""

from __future__ import annotations

import ast
import collections.abc
import functools
import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import threading
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc

from plan import lazy_sdk

ROOT = Path(__file__).parents[2]

# Thousands of classes each, and they are those of Dashboard over again.
SKIPPED = ("DashboardV2", "dashboard_v2", "Powerpack", "powerpack")

# Optional parts below this many levels of nesting are left out: the widgets of Dashboard go on and on.
LEVELS = 1

# Looked up in the engine's state by their tokens, as a resource reference is.
REHYDRATED = {
    "pulumi:providers:datadog": "pulumi_datadog.provider.Provider",
    "datadog:index/monitor:Monitor": "pulumi_datadog.monitor.Monitor",
    "datadog:aws/integrationAccount:IntegrationAccount": "pulumi_datadog.aws.integration_account.IntegrationAccount",
}

Report = dict[str, dict[str, Any]]


class Recorder(mocks.MockMonitor):
    """Keeps each registration as the engine would get it, by type; a resource's outputs are its inputs."""

    def __init__(self) -> None:
        super().__init__(Echo())
        self.requests: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:
        self.requests[request.type] = MessageToDict(request)
        return super().RegisterResource(request)


class Echo(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"unplanned look-up: {args.token}")


def report(attributes: list[str]) -> Report:
    """What the SDK does, and what the given dotted attributes of it are."""
    import pulumi_datadog as datadog

    monitor = Recorder()
    mocks.set_mocks(monitor.mocks, preview=False, monitor=monitor)
    registered: list[Any] = [module for found in rpc._RESOURCE_MODULES.values() for module in found]
    modules = {token: module for module in registered for token in module.mod_info["classes"]}
    (package,) = rpc._RESOURCE_PACKAGES["datadog"]
    properties: dict[str, Any] = {}
    rehydrated: dict[str, str] = {}
    classes: set[type] = set()

    @pulumi.runtime.test
    def declare() -> None:
        provider = datadog.Provider("datadog", example(datadog.ProviderArgs, "Provider", classes))
        for token, module in modules.items():
            name = module.mod_info["classes"][token]
            if not name.startswith(SKIPPED):
                namespace = importlib.import_module(module.mod_info["fqn"])
                args = example(getattr(namespace, f"{name}Args"), name, classes)
                class_ = getattr(namespace, name)
                resource = class_(name, args, pulumi.ResourceOptions(provider=provider))
                for property_ in own_properties(class_):
                    keep = functools.partial(properties.__setitem__, f"{token}.{property_}")
                    getattr(resource, property_).apply(shape).apply(keep)

    @pulumi.runtime.test
    def look_up() -> None:
        for urn in monitor.resources:
            token = urn.split("::")[2].removeprefix("pulumi:pulumi:Stack$")
            if token in REHYDRATED:
                construct = modules[token].construct if token in modules else package.construct_provider
                rehydrated[token] = full_name(type(construct("found", token, urn)))

    declare()
    look_up()
    names = [name for name in dir(datadog) if not name.startswith("_")]
    resolved = [name for name in names if not name.startswith(SKIPPED) and not name.endswith(("Args", "ArgsDict"))]
    used = {path: functools.reduce(getattr, path.split("."), datadog) for path in attributes}
    classes |= {value for value in used.values() if isinstance(value, type)}
    return {
        "requests": monitor.requests,
        "properties": properties,
        "annotations": {full_name(class_): resolved_annotations(class_) for class_ in classes},
        "rehydrated": rehydrated,
        "names": dict.fromkeys(names) | {name: kind(getattr(datadog, name)) for name in resolved},
        "attributes": {path: kind(value) for path, value in used.items()},
    }


def example(hint: Any, path: str, classes: set[type]) -> Any:
    """A value of an annotated type; `classes` gets the input classes that it is made of."""
    if typing.get_origin(hint) is typing.Union:  # Input[T] is Union[T, Awaitable[T], Output[T]]
        return example(typing.get_args(hint)[0], path, classes)
    if typing.get_origin(hint) is collections.abc.Sequence:
        return [example(typing.get_args(hint)[0], path, classes)]
    if typing.get_origin(hint) is collections.abc.Mapping:
        return {"key": example(typing.get_args(hint)[1], path, classes)}
    if hint in (str, Any):
        return path
    if hint in (bool, int, float):
        return hint(len(path))
    classes.add(hint)
    optional = hint.__init__.__kwdefaults__ or {}
    parts = {
        name: part
        for name, part in hints(hint, hint.__init__).items()
        if path.count(".") < LEVELS or name not in optional or "_inputs" not in repr(part)
    }
    return hint(**{name: example(part, f"{path}.{name}", classes) for name, part in parts.items()})


def resolved_annotations(class_: Any) -> dict[str, str]:
    """The resolved annotations of a class's constructor and properties."""
    members = {"__init__": getattr(class_, "_internal_init", class_.__init__), **own_properties(class_)}
    return {name: repr(hints(class_, member)) for name, member in members.items()}


def hints(class_: type, member: Any) -> dict[str, Any]:
    """A member's annotations, resolved as Pulumi does: in the namespace of the class's module."""
    namespace = vars(sys.modules[class_.__module__])
    return typing.get_type_hints(member, namespace, {"Output": pulumi.Output, "T": type(None)})


def own_properties(class_: type) -> dict[str, Any]:
    return {name: member.fget for name, member in vars(class_).items() if isinstance(member, property)}


def full_name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def kind(value: Any) -> list[str]:
    """What a public name stands for."""
    if isinstance(value, ModuleType):
        return ["module", value.__name__]
    return [type(value).__name__, full_name(value)]


def shape(value: Any) -> Any:
    """An output with the names of its classes."""
    if isinstance(value, dict):
        return {"class": full_name(type(value)), "items": {key: shape(part) for key, part in value.items()}}
    return [shape(part) for part in value] if isinstance(value, list) else value


# The tests of the real SDK.


def platform_attributes() -> list[str]:
    """Each `datadog.X.Y` in the program."""
    paths = set()
    for file in [*ROOT.glob("components/**/*.py"), *ROOT.glob("stacks/*.py")]:
        tree = ast.parse(file.read_text())
        imported = [name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        aliases = {name.asname or name.name for name in imported if name.name == "pulumi_datadog"}
        chains = [ast.unparse(node).partition(".") for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        paths |= {path for alias, _, path in chains if alias in aliases and re.fullmatch(r"[\w.]+", path)}
    return sorted(paths)


@pytest.fixture(scope="module")
def reports() -> tuple[Report, Report]:
    """What the lazy and what the whole SDK does."""
    command = [sys.executable, "-W", "ignore", "-m", __name__]
    processes = [
        subprocess.Popen([*command, how, *platform_attributes()], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for how in ("lazy", "whole")
    ]
    lazy, whole = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return json.loads(lazy), json.loads(whole)


@pytest.mark.parametrize("part", ["requests", "properties", "annotations", "rehydrated", "names", "attributes"])
def test_the_lazy_sdk_does_what_the_whole_sdk_does(reports: tuple[Report, Report], part: str) -> None:
    lazy, whole = (report[part] for report in reports)
    assert lazy.keys() == whole.keys()
    assert {name: (lazy[name], whole[name]) for name in whole if lazy[name] != whole[name]} == {}


def test_the_comparison_has_what_the_platform_uses(reports: tuple[Report, Report]) -> None:
    lazy, _ = reports
    assert {
        "pulumi:providers:datadog",
        "datadog:aws/integrationAccount:IntegrationAccount",
        "datadog:aws/integrationEventBridge:IntegrationEventBridge",
        "datadog:aws/integrationExternalId:IntegrationExternalId",
        "datadog:index/authnMapping:AuthnMapping",
        "datadog:index/dashboard:Dashboard",
        "datadog:index/dashboardJson:DashboardJson",
        "datadog:index/downtimeSchedule:DowntimeSchedule",
        "datadog:index/logsCustomPipeline:LogsCustomPipeline",
        "datadog:index/logsIndex:LogsIndex",
        "datadog:index/logsMetric:LogsMetric",
        "datadog:index/monitor:Monitor",
        "datadog:index/role:Role",
        "datadog:index/serviceLevelObjective:ServiceLevelObjective",
        "datadog:index/sloCorrection:SloCorrection",
        "datadog:index/softwareCatalog:SoftwareCatalog",
        "datadog:index/team:Team",
        "datadog:index/webhook:Webhook",
    } <= lazy["requests"].keys()
    assert lazy["requests"]["datadog:index/monitor:Monitor"]["object"]["monitorThresholds"]["critical"] == (
        "Monitor.monitor_thresholds.critical"
    )
    thresholds = lazy["properties"]["datadog:index/monitor:Monitor.monitor_thresholds"]
    assert thresholds["class"] == "pulumi_datadog.outputs.MonitorMonitorThresholds"
    assert lazy["rehydrated"] == REHYDRATED
    assert lazy["attributes"]["Monitor"] == ["type", "pulumi_datadog.monitor.Monitor"]


def test_every_request_carries_the_version_of_the_installed_sdk(reports: tuple[Report, Report]) -> None:
    lazy, _ = reports
    versions = {type_: request.get("version") for type_, request in lazy["requests"].items()}
    assert versions.pop("pulumi:pulumi:Stack") is None
    assert set(versions.values()) == {importlib.metadata.version("pulumi_datadog")}


def test_a_monitor_does_not_pay_for_dashboards() -> None:
    program = """
import sys
from plan import lazy_sdk
lazy_sdk.install("pulumi_datadog")
import pulumi_datadog as datadog
datadog.Monitor, datadog.MonitorMonitorThresholdsArgs, datadog.Provider, datadog.DashboardJson
print(*sys.modules["pulumi_datadog._inputs"].__dict__, *sys.modules)
"""
    output = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    names = output.stdout.split()
    classes = {name for name in names if name.endswith(("Args", "ArgsDict"))}
    assert {name for name in classes if not name.startswith(("Monitor", "Provider"))} == set()
    assert {"MonitorMonitorThresholdsArgs", "MonitorMonitorThresholdsArgsDict"} <= classes
    assert "pulumi_datadog.monitor" in names
    assert "pulumi_datadog.dashboard" not in names


# What the command does, with both SDKs whole: the loader is switched off before anything is imported.
WHOLE = """
from plan import lazy_sdk
lazy_sdk.install = lambda package: None
import pulumi_aws, pulumi_datadog
from slipway.cli import app
app(["plan", "--all", "--json"])
"""


def test_every_stack_sends_what_it_sends_with_the_whole_sdks() -> None:
    commands = [
        [sys.executable, "-W", "ignore", "-c", WHOLE],
        [sys.executable, "-m", "slipway", "plan", "--all", "--json"],
    ]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for command in commands]
    whole, lazy = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(lazy) > 1_000_000
    assert whole == lazy


def test_a_web_acl_does_not_pay_for_every_statement_in_a_statement() -> None:
    program = """
import sys
from plan import lazy_sdk
lazy_sdk.install("pulumi_aws")
import pulumi_aws as aws
aws.wafv2.WebAcl, aws.wafv2.WebAclRuleArgs, aws.wafv2.WebAclDefaultActionArgs
print(*vars(sys.modules["pulumi_aws.wafv2._inputs"]), *sys.modules)
"""
    output = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    names = output.stdout.split()
    classes = {name for name in names if name.endswith(("Args", "ArgsDict"))}
    assert {"WebAclRuleArgs", "WebAclRuleStatementArgs"} <= classes
    assert len(classes) < 100
    assert "pulumi_aws.wafv2.web_acl" in names
    assert "pulumi_aws.wafv2.rule_group" not in names


# The tests of the loader, on an SDK in small.

SDK = {
    "__init__.py": """
from .alarm import *
from .get_alarm import *
from .silence import *
from ._inputs import *
from . import outputs
""",
    "alarm.py": """
from typing import Union
from ._inputs import *

__all__ = ['AlarmArgs', 'Alarm']

class AlarmArgs:
    def __init__(self, limit: Union['LimitArgs', 'LimitArgsDict']):
        pass

class Alarm:
    pass
""",
    "get_alarm.py": """
__all__ = ['get_alarm']

def get_alarm():
    return "an alarm"
""",
    "silence.py": """
from ._inputs import *

__all__ = ['Silence']

class Silence:
    pass
""",
    "_inputs.py": """
import pulumi
from typing import Optional, TypedDict

__all__ = [
    'LimitArgsDict',
    'LimitArgs',
    'ScaleArgs',
    'SilenceHoursArgs',
    'StepArgs',
    'UnitArgs',
]

class LimitArgsDict(TypedDict):
    unit: 'UnitArgs'

@pulumi.input_type
class LimitArgs:
    def __init__(self, *, unit: Optional['UnitArgs'] = None):
        pass

@pulumi.input_type
class SilenceHoursArgs:
    def __init__(self):
        pass

@pulumi.input_type
class ScaleArgs:
    def __init__(self, *, step: Optional['StepArgs'] = None):
        pass

@pulumi.input_type
class StepArgs:
    def __init__(self):
        pass

@pulumi.input_type
class UnitArgs:
    def __init__(self, *, scale: Optional['ScaleArgs'] = None):
        pass
""",
    "outputs.py": """
import pulumi

__all__ = [
    'Limit',
    'SilenceHours',
]

@pulumi.output_type
class Limit(dict):
    pass

@pulumi.output_type
class SilenceHours(dict):
    pass
""",
}

Install = Callable[[dict[str, str]], None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes an SDK of the given files importable as `small_sdk`, with the loader installed for it."""

    def install(files: dict[str, str]) -> None:
        (tmp_path / "small_sdk").mkdir()
        for name, text in files.items():
            (tmp_path / "small_sdk" / name).write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        lazy_sdk.install("small_sdk")

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    yield install
    for name in [name for name in sys.modules if name.partition(".")[0] == "small_sdk"]:
        del sys.modules[name]


def small_sdk() -> Any:
    return importlib.import_module("small_sdk")


def defined(module: ModuleType) -> set[str]:
    return {name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}


def test_a_module_is_imported_with_the_first_use_of_one_of_its_names(installed: Install) -> None:
    installed(SDK)
    sdk = small_sdk()
    assert "small_sdk.alarm" not in sys.modules
    assert sdk.Alarm is sdk.alarm.Alarm
    assert "small_sdk.silence" not in sys.modules


def test_a_class_comes_with_all_that_its_annotations_name(installed: Install) -> None:
    installed(SDK)
    sdk = small_sdk()
    assert typing.get_type_hints(sdk.AlarmArgs.__init__) == {"limit": sdk.LimitArgs | sdk.LimitArgsDict}
    assert typing.get_type_hints(sdk.LimitArgs.__init__) == {"unit": sdk.UnitArgs | None}
    assert defined(sdk._inputs) == {"LimitArgs", "LimitArgsDict", "UnitArgs"}
    # What comes with it comes with no more, until somebody asks for its annotations as Pulumi does.
    unit = sdk._inputs.UnitArgs
    assert resolved_annotations(unit)["__init__"] == repr({"scale": typing.Optional[sdk.ScaleArgs]})  # noqa: UP045
    assert "StepArgs" not in defined(sdk._inputs)
    assert resolved_annotations(sdk._inputs.ScaleArgs)["__init__"] == repr({"step": typing.Optional[sdk.StepArgs]})  # noqa: UP045
    assert sdk.outputs.Limit.__module__ == "small_sdk.outputs"
    assert defined(sdk.outputs) == {"Limit"}


def test_names_go_over_the_module_of_the_same_name(installed: Install) -> None:
    installed(SDK)
    assert importlib.import_module("small_sdk.get_alarm").get_alarm() == "an alarm"
    assert small_sdk().get_alarm() == "an alarm"


@pytest.mark.parametrize("module", ["small_sdk", "small_sdk._inputs", "small_sdk.outputs"])
def test_an_unknown_name_is_an_attribute_error(installed: Install, module: str) -> None:
    installed(SDK)
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'Alert'"):
        _ = importlib.import_module(module).Alert


def test_all_names_are_listed(installed: Install) -> None:
    installed(SDK)
    names = {
        "Alarm",
        "AlarmArgs",
        "get_alarm",
        "Silence",
        "LimitArgs",
        "SilenceHoursArgs",
        "alarm",
        "outputs",
    }
    assert names <= set(dir(small_sdk()))
    assert {"Limit", "SilenceHours"} <= set(dir(small_sdk().outputs))


def test_threads_get_the_same_class(installed: Install) -> None:
    installed(SDK)
    inputs = small_sdk()._inputs
    for name in dir(inputs):
        if name.endswith("Args"):
            barrier = threading.Barrier(8)
            found = []

            def use(name: str = name, barrier: threading.Barrier = barrier, found: list[type] = found) -> None:
                barrier.wait()
                found.append(getattr(inputs, name))

            threads = [threading.Thread(target=use) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(found) == 8
            assert len(set(found)) == 1


def imported_anew() -> Any:
    """The small SDK as another process imports it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "small_sdk"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return small_sdk()


def kept(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix().partition(".")[0] for file in folder.glob("small_sdk/*/__pycache__/*")}


def test_bytecode_is_kept_of_each_class_that_is_used(
    installed: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    installed(SDK)
    annotations = resolved_annotations(small_sdk().LimitArgs)
    assert kept(tmp_path) == {
        "small_sdk/_inputs/__pycache__/_spans",
        "small_sdk/_inputs/__pycache__/LimitArgs",
        "small_sdk/_inputs/__pycache__/UnitArgs",
        "small_sdk/outputs/__pycache__/_spans",
    }

    def fail(*_: object) -> None:
        raise AssertionError("compiled again")

    for part in (lazy_sdk._Spans, lazy_sdk._Class):
        monkeypatch.setattr(part, "source_to_code", fail)
    assert resolved_annotations(imported_anew().LimitArgs) == annotations
    with pytest.raises(AssertionError, match="compiled again"):
        _ = small_sdk().StepArgs


def test_kept_bytecode_of_a_changed_sdk_is_not_used(
    installed: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    installed(SDK)
    assert "small_sdk._inputs.UnitArgs" in resolved_annotations(small_sdk().LimitArgs)["__init__"]
    file = tmp_path / "small_sdk" / "_inputs.py"
    text = file.read_text()
    # As long as it was, as a new version can be.
    file.write_text(text.replace("unit: Optional['UnitArgs']", "unit: Optional['StepArgs']"))
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert file.stat().st_size == len(text)
    assert "small_sdk._inputs.StepArgs" in resolved_annotations(imported_anew().LimitArgs)["__init__"]


def test_nothing_is_kept_where_python_keeps_no_bytecode(
    installed: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    installed(SDK)
    assert resolved_annotations(small_sdk().LimitArgs)
    assert kept(tmp_path) == set()
    assert not (tmp_path / "small_sdk" / "_inputs").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "__init__.py",
            "from ._inputs import *",
            "from ._inputs import LimitArgs",
            "__init__.py has no `from ._inputs",
        ),
        ("silence.py", "__all__ = ['Silence']", "", "silence.py has no `__all__`"),
        ("_inputs.py", "class UnitArgs:", "class UnitArgs(object):", "_inputs.py defines other things"),
        ("outputs.py", "'Limit',", "'Limit', 'pulumi',", "outputs.py defines other things"),
    ],
)
def test_an_unknown_layout_is_imported_whole_with_a_warning(
    installed: Install, file: str, old: str, new: str, message: str
) -> None:
    assert old in SDK[file]
    installed(SDK | {file: SDK[file].replace(old, new)})
    with pytest.warns(UserWarning, match="small_sdk is imported whole, which is slow: ") as warned:
        sdk = small_sdk()
    assert [message in str(warning.message) for warning in warned] == [True]
    assert sdk.Alarm is sdk.alarm.Alarm
    assert defined(sdk._inputs) == set(re.findall(r"'(\w+)',", SDK["_inputs.py"]))


def test_a_package_is_installed_once_and_only_before_its_import(installed: Install) -> None:
    installed(SDK)
    finders = len(sys.meta_path)
    lazy_sdk.install("small_sdk")
    lazy_sdk.install("json")
    assert len(sys.meta_path) == finders


def test_a_package_that_is_missing_is_reported_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    lazy_sdk.install("small_sdk")
    with pytest.raises(ModuleNotFoundError, match="No module named 'small_sdk'"):
        small_sdk()


if __name__ == "__main__":
    if sys.argv[1] == "lazy":
        lazy_sdk.install("pulumi_datadog")
    json.dump(report(sys.argv[2:]), sys.stdout)
