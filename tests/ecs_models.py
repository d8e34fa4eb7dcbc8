"""What ECS's own model of its API accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import botocore.loaders
import botocore.model
import botocore.validate


def accepted_task_definition(task: Mapping[str, Any]) -> None:
    """Fails where RegisterTaskDefinition would not take the inputs of an aws.ecs.TaskDefinition."""
    model = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("ecs", "service-2"))
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    assert shape is not None
    given = {key: value for key, value in task.items() if key not in ("skipDestroy", "tags")}
    request = given | {
        "containerDefinitions": json.loads(task["containerDefinitions"]),
        "volumes": [{"name": volume["name"], "host": {"sourcePath": volume["hostPath"]}} for volume in task["volumes"]],
    }
    report = botocore.validate.ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
