"""Shortcuts through the Pulumi SDK, for a process that evaluates a program and then ends.

What the SDK does for every resource and every property is most of a plan's time. A third of that a plan has no use for:
it serves previews, which know less, or error messages, which say more. The plan is the same to the byte without them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

import pulumi
from pulumi.output import _OutputData
from pulumi.runtime import resource, rpc
from pulumi.runtime.proto import source_pb2


def take() -> None:
    """Replaces functions of the SDK, in this process for good."""
    resource._get_stack_trace = _place_of_declaration
    rpc.transfer_properties = _outputs_of
    rpc.contains_unknowns = _contains_unknowns


def _place_of_declaration() -> source_pb2.StackTrace:
    """The line that declares a resource, which is all that a refusal names.

    The SDK collects every line above it as well. It counts as the SDK does: the constructors of Resource, of
    CustomResource or ComponentResource, and of the class itself are not that line.
    """
    frame: FrameType | None = sys._getframe(1)
    constructors = 0
    while frame is not None and constructors < 3:
        constructors += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    if frame is None:
        return source_pb2.StackTrace()
    position = source_pb2.SourcePosition(uri=_uri(frame.f_code.co_filename), line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])


@cache
def _uri(file: str) -> str:
    return Path(file).absolute().as_uri()


def _outputs_of(res: pulumi.Resource, props: Mapping[str, Any], custom: bool) -> dict[str, rpc.Resolver]:
    """Gives a resource an output for each property, and returns the functions that resolve them.

    The SDK makes four futures and a task of each, though most are never looked at; here it is one future. What the
    program derives from it is watched as ever. That the registration failed is known without it.
    """
    resolvers: dict[str, rpc.Resolver] = {}
    for name in props:
        if name == "urn" or (name == "id" and custom):
            continue  # the SDK sets them elsewhere
        output: Any = object.__new__(pulumi.Output)
        output._data = asyncio.get_running_loop().create_future()
        res.__dict__[name] = output
        resolvers[name] = partial(_resolve, output._data, res)
    return resolvers


def _resolve(
    data: asyncio.Future[_OutputData[Any]],
    res: pulumi.Resource,
    value: Any,
    is_known: bool,
    is_secret: bool,
    dependencies: set[pulumi.Resource] | None,
    failed: Exception | None,
) -> None:
    if failed is not None:
        data.set_exception(failed)
        data.exception()  # so that asyncio does not miss somebody who looks at it
    else:
        data.set_result(
            _OutputData(resources={*(dependencies or ()), res}, value=value, is_known=is_known, is_secret=is_secret)
        )


def _contains_unknowns(val: Any) -> bool:
    """Nothing is unknown in a plan: `Recorder` answers with references."""
    return False
