"""A resource monitor that records what a program registers and answers with references instead of cloud values.

Pulumi's mock monitor is the base; what is recorded is the registration itself, as the engine would receive it.

References. An output that only the cloud knows reads as `${NAME:Type.property}`, for example
`${orders-tg:TargetGroup.arn}`. Type and name are both always there, so a reference depends on nothing but its own
resource: adding another never changes it. (Two resources of one name and one type are told apart by the URN of their
parent, in the order of registration: the second reads `${orders-tg:EcsService$TargetGroup.arn}`.) What a program
computes with has a value: `known_outputs`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, NoReturn, get_args, get_origin
from urllib.parse import unquote, urlsplit

import pulumi
from google.protobuf import empty_pb2, struct_pb2
from pulumi import _types
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from plan.model import SECRET, STACK_TYPE, Plan, Resource, in_tree_order

# Deeper than any output that a program reads; it ends output types that contain themselves.
_DEPTH = 4

_HOOK_EVENTS = {
    "beforeCreate": "before_create",
    "afterCreate": "after_create",
    "beforeUpdate": "before_update",
    "afterUpdate": "after_update",
    "beforeDelete": "before_delete",
    "afterDelete": "after_delete",
    "onError": "on_error",
}


class Refused(Exception):
    """The engine would refuse a registration, or only the cloud could answer. The message says which, and a remedy."""

    def __init__(self, message: str, request: Any = None) -> None:
        super().__init__(message)
        position = getattr(request, "sourcePosition", None)
        self.file = Path(unquote(urlsplit(position.uri).path)) if position and position.uri else None
        self.line: int = position.line if position else 0


class Recorder(MockMonitor):
    """Records one stack. A registration that the engine would refuse raises here as well."""

    def __init__(self, project: str, stack: str, config: Mapping[str, str]) -> None:
        super().__init__(_NoCloud())
        self._project = project
        self._stack = stack
        self._disabled_defaults = _disabled_default_providers(config)
        self._recorded: dict[str, dict[str, Any]] = {}  # URN -> fields of Resource
        self._references: dict[str, str] = {}  # `NAME:Type` -> URN of its owner

    def plan(self) -> Plan:
        resources = in_tree_order(Resource(**fields) for fields in self._recorded.values())
        plan = Plan(stack=self._stack, resources=resources, exports={})
        return replace(plan, exports=plan.root.outputs) if plan.root else plan

    # The monitor's interface ------------------------------------------------------------------------------------------

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's URN: the types of all ancestors but the stack, then the resource's own."""
        above = _qualified_type(parent) if parent else ""
        qualified = f"{above}${type_}" if above and above != STACK_TYPE else type_
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.custom:
            self._require_provider(request)
        self._record(
            urn,
            request,
            custom=request.custom,
            inputs=_plain_struct(request.object),
            protect=request.protect,
            import_id=request.importId or None,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            delete_before_replace=(request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None),
            retain_on_delete=request.retainOnDelete,
            deleted_with=request.deletedWith or None,
            replace_with=tuple(sorted(request.replace_with)),
            aliases=tuple(sorted((_alias(alias) for alias in request.aliases), key=json.dumps)),
            custom_timeouts={
                event: timeout
                for event in ("create", "read", "update", "delete")
                if (timeout := getattr(request.customTimeouts, event))
            },
            additional_secret_outputs=tuple(sorted(request.additionalSecretOutputs)),
            hooks={
                event: tuple(names) for event, field in _HOOK_EVENTS.items() if (names := getattr(request.hooks, field))
            },
        )
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        reference = self._reference(urn, request.type, request.name)
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=request.importId or f"${{{reference}.id}}",
            object=_outputs(request.type, reference, request.object),
        )

    def ReadResource(self, request: Any) -> Any:
        if request.type == "pulumi:pulumi:StackReference":
            raise Refused(
                f"{request.name}: the outputs of another stack are not known offline. Read what the stacks share from"
                " configuration instead.",
                request,
            )
        self._require_provider(request)
        urn = self.make_urn(request.parent, request.type, request.name)
        self._record(urn, request, custom=True, inputs=_plain_struct(request.properties), read_id=request.id)
        reference = self._reference(urn, request.type, request.name)
        return resource_pb2.ReadResourceResponse(
            urn=urn, id=request.id, properties=_outputs(request.type, reference, request.properties)
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._recorded[request.urn]["outputs"] = _plain_struct(request.outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> NoReturn:
        raise Refused(
            f"{request.tok}: a look-up has no answer offline, so the plan cannot know what depends on it."
            " Use a value from configuration or an output of a resource instead.",
            request,
        )

    # Recording --------------------------------------------------------------------------------------------------------

    def _record(self, urn: str, request: Any, **fields: Any) -> None:
        if urn in self._recorded:
            raise Refused(
                f"Duplicate resource URN '{urn}'; try giving it a unique name: two resources of type {request.type}"
                f" are both called {request.name!r} under parents of one type.",
                request,
            )
        self._recorded[urn] = {
            "urn": urn,
            "type": request.type,
            "name": request.name,
            "parent": request.parent or None,
            "provider": request.provider.rpartition("::")[0] or None,
            "dependencies": tuple(sorted(request.dependencies)),
            **fields,
        }

    def _require_provider(self, request: Any) -> None:
        """Refuses as the engine does: see shouldDenyRequest in its default_providers.go."""
        package = request.type.partition(":")[0]
        if request.provider or package == "pulumi":
            return
        if "*" in self._disabled_defaults or package in self._disabled_defaults:
            raise Refused(
                f"Default provider for '{package}' disabled. '{request.type}' must use an explicit provider:"
                f" {request.name!r} has none, neither of its own nor from a parent.",
                request,
            )

    def _reference(self, urn: str, type_: str, name: str) -> str:
        short = type_.rpartition(":")[2]
        reference = f"{name}:{short}"
        if self._references.setdefault(reference, urn) == urn:
            return reference
        above = _qualified_type(urn).split("$")[:-1]
        return f"{name}:{'$'.join([part.rpartition(':')[2] for part in above] + [short])}"


class _NoCloud(Mocks):
    """The base class asks for these; the recorder answers every call before they are reached."""

    def call(self, args: MockCallArgs) -> NoReturn:
        raise NotImplementedError

    def new_resource(self, args: MockResourceArgs) -> NoReturn:
        raise NotImplementedError


class Callbacks:
    """Stands in for the server through which the engine calls back into a program: offline, nothing ever does."""

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """A hook runs when a resource is created, so in a plan only its name counts."""

    def register_error_hook(self, hook: pulumi.ErrorHook) -> None:
        """As a resource hook."""

    def _refuse(self, transform: Any) -> NoReturn:
        raise Refused(
            "Transforms run inside the engine, so a plan made offline would not show what they change."
            " Set default tags on the provider, and everything else where the resource is declared."
        )

    register_transform = register_stack_transform = register_invoke_transform = _refuse


def _qualified_type(urn: str) -> str:
    return urn.split("::")[2]


def _disabled_default_providers(config: Mapping[str, str]) -> frozenset[str]:
    names = json.loads(config.get("pulumi:disable-default-providers") or "[]")
    return frozenset(name.strip() for name in names)


def _alias(alias: Any) -> Any:
    if alias.WhichOneof("alias") == "urn":
        return alias.urn
    spec = alias.spec
    parts = {
        part: value for part in ("name", "type", "stack", "project", "parentUrn") if (value := getattr(spec, part))
    }
    return {**parts, "noParent": True} if spec.noParent else parts


# From the wire -------------------------------------------------------------------------------------------------------


def _plain_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    fields = struct.fields
    return {name: _plain(fields[name]) for name in sorted(fields)}


def _plain(value: struct_pb2.Value) -> Any:
    """Plain data for a protobuf value; secrets masked, resources as their URN."""
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "struct_value":
            return _plain_object(value.struct_value)
        case "list_value":
            return [_plain(element) for element in value.list_value.values]
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case _:
            return None


def _plain_object(struct: struct_pb2.Struct) -> Any:
    fields = struct.fields
    if rpc._special_sig_key not in fields:
        return _plain_struct(struct)
    match fields[rpc._special_sig_key].string_value:
        case rpc._special_secret_sig:
            return SECRET
        case rpc._special_resource_sig:
            return fields["urn"].string_value
        case _:  # an asset or an archive: its text, path or URI
            return {name: part for name, part in _plain_struct(struct).items() if name != rpc._special_sig_key}


# References ----------------------------------------------------------------------------------------------------------

_Fill = Callable[[struct_pb2.Value, str], None]
"""Writes the placeholder of one output into a value; the second argument is the reference so far."""


def _outputs(type_: str, reference: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """What the cloud would add to the inputs, which the SDK itself echoes."""
    outputs = struct_pb2.Struct()
    fields = outputs.fields
    given = inputs.fields
    for name, fill in _computed(type_):
        if name not in given:
            fill(fields[name], f"${{{reference}.{name}")
    outputs.update(known_outputs(type_, reference, inputs))
    return outputs


def known_outputs(type_: str, reference: str, inputs: Any) -> dict[str, Any]:
    """The outputs that a program computes with, in the form in which AWS has them; no reference would do."""
    match type_:
        case "aws:acm/certificate:Certificate":
            names = [inputs["domainName"]]
            if "subjectAlternativeNames" in inputs:
                names += inputs["subjectAlternativeNames"]
            return {
                "domainValidationOptions": [
                    {"domainName": name}
                    | {part: f"${{{reference}.domainValidationOptions[{index}].{part}}}" for part in _DNS_RECORD}
                    for index, name in enumerate(names)
                ]
            }
        case "aws:ec2/vpc:Vpc" if "assignGeneratedIpv6CidrBlock" in inputs and "cidrBlock" in inputs:
            # In the prefix for documentation (RFC 3849), and another block where the VPC is another.
            ipv4 = int(IPv4Network(inputs["cidrBlock"]).network_address) >> 8
            return {"ipv6CidrBlock": str(IPv6Network(((0x20010DB8 << 24 | ipv4) << 72, 56)))}
        case _:
            return {}


_DNS_RECORD = ("resourceRecordName", "resourceRecordType", "resourceRecordValue")


@cache
def _computed(type_: str) -> tuple[tuple[str, _Fill], ...]:
    """The outputs of a type that always have a value, by the SDK's own annotations.

    An `Output[Optional[T]]` that is not an input is null once created, so it has no placeholder.
    """
    resource_class = _class_of(type_)
    if resource_class is None:
        return ()
    computed = []
    for name, hint in sorted(_types._raw_return_hints(resource_class).items()):
        (value,) = get_args(hint) or (Any,)
        if name not in ("id", "urn") and type(None) not in get_args(value):
            computed.append((name, _placeholder(value, _DEPTH)))
    return tuple(computed)


def resolve(sdk_class: type) -> None:
    """Resolves the annotations of a class of an SDK, as its first use does."""
    if _types.is_input_type(sdk_class):
        _types.input_type_types(sdk_class)
    elif isinstance(token := sdk_class.__dict__.get("pulumi_type"), str):
        _types.resource_types(sdk_class)
        _computed(token)


def _placeholder(hint: Any, depth: int) -> _Fill:
    hint = _types.unwrap_type(hint)
    origin = get_origin(hint)
    arguments = get_args(hint)
    if depth and isinstance(hint, type) and _types.is_output_type(hint):
        members = [
            (name, _placeholder(member, depth - 1)) for name, member in sorted(_types.output_type_types(hint).items())
        ]

        def fill_object(value: struct_pb2.Value, path: str) -> None:
            fields = value.struct_value.fields
            for name, fill in members:
                fill(fields[name], f"{path}.{name}")

        return fill_object
    if depth and isinstance(origin, type) and issubclass(origin, Mapping):
        of_member = _placeholder(arguments[1], depth - 1)
        return lambda value, path: of_member(value.struct_value.fields["*"], f"{path}.*")
    if depth and origin is not None and _types.unwrap_type(hint) is hint and len(arguments) == 1:
        of_element = _placeholder(arguments[0], depth - 1)
        return lambda value, path: of_element(value.list_value.values.add(), f"{path}[0]")
    return _fill_scalar


def _fill_scalar(value: struct_pb2.Value, path: str) -> None:
    value.string_value = path + "}"


_classes: dict[str, type[pulumi.CustomResource]] = {}


def _class_of(type_: str) -> type[pulumi.CustomResource] | None:
    """The SDK's class for a type token. Classes load lazily, so an unknown token looks again at all there are."""
    if type_ not in _classes:
        pending = [pulumi.CustomResource]
        while pending:
            for subclass in pending.pop().__subclasses__():
                pending.append(subclass)
                token = subclass.__dict__.get("pulumi_type")
                if isinstance(token, str):
                    _classes.setdefault(token, subclass)
    return _classes.get(type_)
