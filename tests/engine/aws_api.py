"""AWS's HTTP interface, as far as a program asks it while it runs (`components/compute/*_check.py`)."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .provider.cloud import Cloud

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]
"""The operation and its request to the response."""

_STS_ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{role}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


class AwsApi:
    """STS lends every role, whose name is then the access key id. ECR has every image, but for the version `missing`.
    ECS answers as it is told."""

    def __init__(self, ecs: Answer, missing: str | None = None) -> None:
        self.asked_as: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                service, _, operation = self.headers.get("X-Amz-Target", "").rpartition(".")
                if operation:
                    api.asked_as.add(self.headers["Authorization"].split("Credential=")[1].split("/")[0])
                if service.startswith("AmazonEC2ContainerServiceV"):
                    self._say(json.dumps(ecs(operation, json.loads(body))))
                elif operation == "GetAuthorizationToken":
                    token = base64.b64encode(b"AWS:password").decode()
                    data = [{"authorizationToken": token, "proxyEndpoint": api.url}]
                    self._say(json.dumps({"authorizationData": data}))
                else:
                    assert "Action=AssumeRole" in body
                    role = body.partition("role%2F")[2].partition("&")[0]
                    self._say(_STS_ANSWER.format(role=role.upper().ljust(16, "X")))

            def do_GET(self) -> None:
                self._say("{}", 404 if self.path.endswith(f"/{missing}") else 200)

            def _say(self, answer: str, status: int = 200) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        """What leads botocore here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "own",
            "AWS_SECRET_ACCESS_KEY": "own",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def every_deploy_succeeds(cloud: Cloud) -> Answer:
    """An ECS that runs what the test provider was told."""

    def answer(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert operation == "DescribeServices", operation
        cluster, (name,) = request["cluster"].rpartition("/")[2], request["services"]
        found = [
            record.outputs["taskDefinition"]
            for record in cloud.of("aws:ecs/service:Service")
            if record.outputs["name"] == name and record.outputs["cluster"].rpartition("/")[2] == cluster
        ]
        return deployed(found[0]) if found else {"services": []}

    return answer


def deployed(task_definition: str | None, state: str = "COMPLETED") -> dict[str, Any]:
    """DescribeServices of one service."""
    primary = {"status": "PRIMARY", "taskDefinition": task_definition, "rolloutState": state}
    return {"services": [{"status": "ACTIVE", "deployments": [primary], "events": []}]}
