"""A recording fake cloud: runs a program on Pulumi's mock runtime and keeps each registration as the engine gets it."""

from __future__ import annotations

import contextvars
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2

from plan.recording import Callbacks, known_outputs


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One registration: what the engine would have been asked for."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    protect: bool
    ignore_changes: tuple[str, ...]
    dependencies: tuple[str, ...]
    custom: bool
    update_timeout: str


@dataclass
class Cloud(mocks.Mocks):
    """Fresh for each test. Outputs that only AWS knows read `${NAME.property}`; an unplanned look-up raises."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        unknown = {name: f"${{{args.name}.{name}}}" for name in _output_names(args.typ)}
        return f"{args.name}-id", unknown | known_outputs(args.typ, args.name, args.inputs) | args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"unplanned look-up: {args.token}")

    def deploy(self, program: Callable[[], object]) -> None:
        """Run `program` and wait for every registration; what it raises, or an apply below it, is raised here."""
        contextvars.Context().run(self._deploy, program)

    def _deploy(self, program: Callable[[], object]) -> None:
        # In a context of its own: what another program registered with the SDK, such as a transformation, stays there.
        mocks.set_mocks(self, project="slipway", stack="test", preview=False, monitor=_Monitor(self))
        runtime: Any = settings.SETTINGS  # its attributes are context variables, which type checkers take for methods
        runtime.callbacks = Callbacks()

        @pulumi.runtime.test
        def run() -> None:
            program()

        run()

    def all(self, type_: str) -> list[Registered]:
        """Every registration of a type, by name."""
        return sorted((r for r in self.resources if r.type == type_), key=lambda r: r.name)

    def get(self, type_: str, name: str | None = None) -> Registered:
        """The one registration of a type (and name)."""
        found = [r for r in self.all(type_) if name is None or r.name == name]
        assert len(found) == 1, f"{len(found)} of {type_} {name or ''}: {[r.name for r in self.all(type_)]}"
        return found[0]

    def one(self, type_: str, name: str | None = None) -> dict[str, Any]:
        """The inputs of the one registration of a type (and name)."""
        return self.get(type_, name).inputs


class _Monitor(mocks.MockMonitor):
    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.cloud = cloud

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self.cloud.resources.append(
                Registered(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object),
                    parent=request.parent,
                    provider=request.provider,
                    protect=request.protect,
                    ignore_changes=tuple(request.ignoreChanges),
                    dependencies=tuple(sorted(request.dependencies)),
                    custom=request.custom,
                    update_timeout=request.customTimeouts.update,
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.cloud.outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


def _output_names(type_: str) -> list[str]:
    """The output properties of a resource type, from the SDK's own class."""
    package, module, class_name = type_.split(":")
    if package not in ("aws", "datadog"):
        return []
    module = module.split("/")[0]
    module = "lambda_" if module == "lambda" else module  # a keyword of Python's
    where = f"pulumi_{package}" if module == "index" else f"pulumi_{package}.{module}"
    class_ = getattr(importlib.import_module(where), class_name)
    return [
        member.fget._pulumi_name
        for member in vars(class_).values()
        if isinstance(member, property) and hasattr(member.fget, "_pulumi_name")
    ]
