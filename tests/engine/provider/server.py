"""Pulumi's provider protocol over gRPC, for one package: what the engine asks is checked, compared and done."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.rpc import UNKNOWN

from .cloud import Cloud, CloudError, Record, Where
from .diff import changes
from .limits import DELETION_PROTECTION
from .names import NameTooLongError, auto_name
from .validation import failures
from .values import COUNTED_BY_UPDATES, describe

T = TypeVar("T")

_ACCOUNT = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):")


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one package from a cloud, on a port of its own, until it is stopped.

    The engine opens one connection for each provider instance of the program, so what an instance was configured with
    is kept by the peer's address.
    """

    def __init__(self, package: str, cloud: Cloud) -> None:
        self.package = package
        self.cloud = cloud
        self._configured: dict[str, Where] = {}
        self._server = grpc.server(ThreadPoolExecutor(max_workers=64))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(grace=None)

    # ---- the plugin

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version(f"pulumi_{self.package}"))

    # ---- the provider's configuration

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return _diff_response(changes("", _plain(request.olds), _plain(request.news)))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        def configure() -> None:
            self._configured[context.peer()] = _where(_plain(request.args))

        self._do("Configure", f"pulumi:providers:{self.package}", request.urn, context, configure)
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=False, acceptResources=False)

    # ---- resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        token, urn, old, new = _token(request.urn), request.urn, _plain(request.olds), _plain(request.news)

        def check() -> provider_pb2.CheckResponse:
            kept = {name: old[name] for name in old.get("__defaults", []) if name in old and name not in new}
            try:
                named = kept or auto_name(token, urn, new, self.cloud.generation(urn))
            except NameTooLongError as error:
                return provider_pb2.CheckResponse(failures=[_failure("name", str(error))])
            return provider_pb2.CheckResponse(
                inputs=_struct(new | named | {"__defaults": sorted(named)}),
                failures=[_failure(f.property, f.reason) for f in failures(token, new | named)],
            )

        return self._do("Check", token, urn, context, check)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        token, old, new = _token(request.urn), _plain(request.old_inputs), _plain(request.news)

        def diff() -> provider_pb2.DiffResponse:
            ignored = set(request.ignoreChanges)
            found = [change for change in changes(token, old, new) if change.top not in ignored]
            response = _diff_response(found)
            # A name that the program gives stays the same over a replacement: the old thing has to go first.
            given = {"name", "bucket"} & new.keys() - set(new.get("__defaults", []))
            changed = {change.top for change in found}
            response.deleteBeforeReplace = bool(response.replaces and given - changed)
            return response

        return self._do("Diff", token, request.urn, context, diff)

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        token, urn, inputs = _token(request.urn), request.urn, _plain(request.properties)
        where = self._configured[context.peer()]

        def make() -> Record:
            generation = self.cloud.generation(urn)
            id_, outputs = describe(token, inputs, f"{urn} {generation}", where, generation + 1)
            return Record(
                urn=urn,
                token=token,
                id=id_,
                where=where,
                inputs=inputs,
                outputs=outputs,
                generation=generation,
            )

        if request.preview:
            return provider_pb2.CreateResponse(properties=_struct(_unknown(make().outputs, inputs)))
        record = self._do("Create", token, urn, context, lambda: self.cloud.create(make))
        if fault := self.cloud.strike("Create", token, urn, after=True):
            _half_done(context, record, fault.message)
        return provider_pb2.CreateResponse(id=record.id, properties=_struct(record.outputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        token, account = _token(request.urn), self._configured[context.peer()].account

        def read() -> provider_pb2.ReadResponse:
            record = self.cloud.get(account, token, request.id)
            if record is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=record.id, properties=_struct(record.outputs), inputs=_struct(record.inputs)
            )

        return self._do("Read", token, request.urn, context, read)

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        token, inputs = _token(request.urn), _plain(request.news)
        account = self._configured[context.peer()].account
        counted = COUNTED_BY_UPDATES.get(token, ())

        def after() -> tuple[Record, dict[str, Any]]:
            record = self.cloud.get(account, token, request.id)
            if record is None:
                raise CloudError(f"NotFound: there is no {token} {request.id}")
            seed = f"{record.urn} {record.generation}"
            _, outputs = describe(token, inputs, seed, record.where, record.generation + 1)
            return record, outputs | {name: record.outputs[name] + 1 for name in counted}

        def update() -> dict[str, Any]:
            record, outputs = after()
            self.cloud.update(record, inputs, outputs)
            return outputs

        if request.preview:
            outputs = after()[1] | dict.fromkeys(counted, UNKNOWN)
            return provider_pb2.UpdateResponse(properties=_struct(outputs))
        return provider_pb2.UpdateResponse(properties=_struct(self._do("Update", token, request.urn, context, update)))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        token, account = _token(request.urn), self._configured[context.peer()].account

        def delete() -> empty_pb2.Empty:
            record, protection = self.cloud.get(account, token, request.id), DELETION_PROTECTION.get(token)
            if record is not None and protection and record.outputs.get(protection):
                raise CloudError(f"OperationNotPermitted: {request.id} cannot be deleted, {protection} is on")
            self.cloud.delete(account, token, request.id)
            return empty_pb2.Empty()

        return self._do("Delete", token, request.urn, context, delete)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        def refuse() -> provider_pb2.InvokeResponse:
            raise CloudError(f"no look-ups here: {request.tok}")

        return self._do("Invoke", request.tok, "", context, refuse)

    def _do(self, method: str, token: str, urn: str, context: grpc.ServicerContext, action: Callable[[], T]) -> T:
        """Meets the faults that wait for this call, keeps a log, and turns the cloud's errors into gRPC's."""
        error: str | None = None
        try:
            fault = self.cloud.strike(method, token, urn)
            if fault is not None and fault.error is not None:
                raise CloudError(fault.message)
            return action()
        except CloudError as refused:
            error = str(refused)
            context.abort(grpc.StatusCode.UNKNOWN, error)
            raise
        finally:
            self.cloud.log(method, token, urn, error)


def _where(config: dict[str, Any]) -> Where:
    """The account and region of a provider's configuration; nested values arrive as JSON."""
    nested = {
        name: json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
        for name, value in config.items()
    }
    roles = nested.get("assumeRoles") or []
    match = _ACCOUNT.match(roles[-1].get("roleArn", "")) if roles else None
    account = match[1] if match else "000000000000"
    allowed = nested.get("allowedAccountIds")
    if allowed and account not in allowed and match:
        raise CloudError(f"AWS account ID not allowed: {account}")
    if allowed and not match:
        account = allowed[0]
    tags = (nested.get("defaultTags") or {}).get("tags") or {}
    return Where(account=account, region=nested.get("region", "us-east-1"), default_tags=tags)


def _diff_response(found: list[Any]) -> provider_pb2.DiffResponse:
    kinds = provider_pb2.PropertyDiff
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        hasDetailedDiff=True,
        diffs=sorted({change.top for change in found}),
        replaces=sorted({change.top for change in found if change.replaces}),
    )
    for change in found:
        name = f"{change.kind}{'_replace' if change.replaces else ''}".upper()
        response.detailedDiff[change.path].CopyFrom(kinds(kind=kinds.Kind.Value(name), inputDiff=True))
    return response


def _unknown(outputs: Any, inputs: Any) -> Any:
    """The outputs of something that is only planned: what it was given, and nothing of what will be computed."""
    if isinstance(outputs, dict) and isinstance(inputs, dict):
        return {name: _unknown(value, inputs[name]) if name in inputs else UNKNOWN for name, value in outputs.items()}
    return inputs


def _failure(name: str, reason: str) -> provider_pb2.CheckFailure:
    return provider_pb2.CheckFailure(property=name, reason=reason)


def _half_done(context: grpc.ServicerContext, record: Record, reason: str) -> None:
    """Tells the engine that the thing exists but is not ready: it keeps the id and mends it in the next run."""
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=record.id,
            properties=_struct(record.outputs),
            inputs=_struct(record.inputs),
            reasons=[reason],
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, reason)


def _token(urn: str) -> str:
    """The resource's own type: the last of the types in its URN."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as Python values; whole numbers as ints."""
    return {name: _value(value) for name, value in struct.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _plain(value.struct_value)
        case "list_value":
            return [_value(element) for element in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
