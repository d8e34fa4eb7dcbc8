"""An ECS that rolls back, as the AWS provider and botocore see it: what of both decides whether a deploy is honest.

The provider behaves as v6.58.0 of the real one with `wait_for_steady_state` (internal/service/ecs/service.go), behind
pulumi-terraform-bridge (pkg/tfbridge/provider.go): it compares what is asked with what it last read, and not with what
was asked before; when ECS rolled back it fails, and what was asked is in its state (the resource is half done); an
update that changes nothing only reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2, status_pb2

from .aws_api import deployed
from .provider.server import Provider, _plain, _struct, _token

SERVICE = "aws:ecs/service:Service"


@dataclass
class Ecs:
    """One service, `gateway` on `api`. A task definition whose text contains `broken` never becomes steady."""

    provider_notices: bool = True  # its clock is right, so that it follows the deployment
    runs: str | None = None  # task definition ARN
    failed: bool = False  # a first deployment, with nothing to go back to
    updates: int = 0
    broken: set[str] = field(default_factory=set)

    def deploy(self, task_definition: str) -> bool:
        """As UpdateService and CreateService, until the end. Says whether it went well."""
        self.updates += 1
        good = task_definition not in self.broken
        self.failed = not good and self.runs is None
        if good or self.runs is None:
            self.runs = task_definition
        return good

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """What the API says."""
        broken = sorted(self.broken)
        match operation:
            case "DescribeServices" if self.runs is None:
                return {"services": []}
            case "DescribeServices":
                return deployed(self.runs, "FAILED" if self.failed else "COMPLETED")
            case "ListTasks":
                return {"taskArns": [f"arn:aws:ecs:us-east-1:333333333333:task/api/{n}" for n in range(len(broken))]}
            case "DescribeTasks":
                return {
                    "tasks": [
                        {
                            "taskDefinitionArn": each,
                            "stoppedReason": "Essential container in task exited",
                            "containers": [{"name": "gateway", "exitCode": 3}],
                        }
                        for each in broken
                    ]
                }
        raise ValueError(operation)


class EcsProvider(Provider):
    """The test provider, with the real one's ways where a service is concerned."""

    def __init__(self, package: str, cloud: Any, ecs: Ecs) -> None:
        self.ecs = ecs
        super().__init__(package, cloud)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        if _token(request.urn) == SERVICE:
            # What was read last time stands for what was asked.
            request.old_inputs["taskDefinition"] = _plain(request.olds)["taskDefinition"]
        return super().Diff(request, context)

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        response = super().Create(request, context)
        task_definition = _plain(request.properties).get("taskDefinition", "")
        if "broken" in str(_plain(request.properties).get("containerDefinitions")):
            self.ecs.broken.add(_plain(response.properties)["arn"])
        if _token(request.urn) == SERVICE and not request.preview and not self.ecs.deploy(task_definition):
            _init_failed(context, response.id, _plain(response.properties), "deployment failed: tasks failed to start.")
        return response

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        response = super().Update(request, context)
        if _token(request.urn) == SERVICE and not request.preview:
            wanted, outputs = _plain(request.news)["taskDefinition"], _plain(response.properties)
            differs = wanted != _plain(request.olds)["taskDefinition"]
            if differs and not self.ecs.deploy(wanted) and self.ecs.provider_notices:
                _init_failed(context, request.id, outputs, "deployment failed: tasks failed to start.")
            # At its end it reads.
            response.properties["taskDefinition"] = self.ecs.runs
        return response

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        response = super().Read(request, context)
        if _token(request.urn) == SERVICE:
            response.properties["taskDefinition"] = self.ecs.runs
            response.inputs["taskDefinition"] = self.ecs.runs
        return response


def _init_failed(context: grpc.ServicerContext, id_: str, outputs: dict[str, Any], reason: str) -> None:
    detail = AnyMessage()
    detail.Pack(provider_pb2.ErrorResourceInitFailed(id=id_, properties=_struct(outputs), reasons=[reason]))
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, reason)
