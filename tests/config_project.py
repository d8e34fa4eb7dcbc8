"""A small valid project on disk, which a test breaks in one place and loads as Pulumi would."""

from __future__ import annotations

import copy
import json
import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import set_all_config

import config
from tests.cloud import Cloud

_MAIN = Path(__file__).parents[1] / "__main__.py"

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJQtelmt7c9cnATeUCVoCoaE0Gkj7OZQh8uAXmPquYBk"


def _account(digit: str, stack: str) -> dict[str, Any]:
    return {"id": digit * 12, "email": f"aws+{stack}@acme.example", "monthly_budget_usd": 100}


_PLATFORM: dict[str, Any] = {
    "company": "acme",
    "domain": "acme.example",
    "root_zone_id": "Z0123456789ABCDEFGHIJ",
    "region": "us-east-1",
    "availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "allowed_regions": ["us-east-1", "eu-west-1"],
    "repository": "acme/platform",
    "contacts": {
        subject: {"name": "Ada", "title": "Platform", "email": "ada@acme.example", "phone": "+1 555 0100"}
        for subject in ("billing", "operations", "security")
    },
    "ops": {"account": _account("1", "ops")},
    "environments": {
        "dev": {"account": _account("2", "dev")},
        "stage": {"account": _account("3", "stage"), "mirrors": "prod"},
        "prod": {"account": _account("4", "prod"), "production": True},
    },
    "ssh_cidrs": ["198.51.100.0/24"],
    "ami_release": "2023.0.20261110-kernel-6.1",
    "clusters": {"api": {"description": "Requests"}, "app": {"description": "Pages and jobs"}},
    "teams": {
        team: {"email": f"{team}@acme.example", "chat": f"@slack-{team}", "pager": f"@pagerduty-{team}"}
        for team in ("platform", "payments")
    },
    "datadog": {
        "runbooks": "https://wiki.acme.example/runbooks",
        "owner": "platform",
        "agent_version": "7.72.1",
    },
}


def environment(number: int) -> dict[str, Any]:
    return {
        "config": {
            "slipway:environment": {"cidr": f"10.{number}.0.0/16", "bastion_public_key": PUBLIC_KEY},
            "slipway:clusters": {
                "api": {"instance_type": "m7i.large", "instances": {"min": 3, "max": 9}},
                "app": {"instance_type": "t3.large", "instances": 3},
            },
            "slipway:services": {
                "gateway": {"version": "4.12.0", "tasks": {"min": 2, "max": 6}},
                "ledger": {"version": "1.9.3", "tasks": 2},
                "digest": {"version": "1.14.0"},
            },
        }
    }


_FILES: dict[str, dict[str, Any]] = {
    "Pulumi.yaml": {
        "name": "slipway",
        "runtime": "python",
        "config": {
            "pulumi:disable-default-providers": {"value": ["aws", "datadog"]},
            "slipway:platform": {"value": _PLATFORM},
        },
    },
    "Pulumi.ops.yaml": {
        "config": {
            "slipway:people": {
                "ada": {
                    "name": "Ada Lovelace",
                    "email": "ada@acme.example",
                    "ssh_public_key": PUBLIC_KEY,
                    "roles": {"ops": "administrator", "prod": "administrator"},
                },
                "grace": {
                    "name": "Grace Hopper",
                    "email": "grace@acme.example",
                    "roles": {"dev": "developer"},
                },
            }
        }
    },
    "Pulumi.dev.yaml": environment(10),
    "Pulumi.stage.yaml": environment(20),
    "Pulumi.prod.yaml": environment(30),
    "services/gateway.yaml": {
        "kind": "web",
        "description": "The public API",
        "owner": "platform",
        "cluster": "api",
        "image": "acme/gateway",
        "exposure": "public",
        "port": 8080,
        "priority": 10,
        "cpu": 256,
        "memory_mib": 512,
        "environment": {"ACCOUNTS_URL": "https://accounts.${internal_domain}"},
        "secrets": {"SIGNING_KEY": "gateway/signing-key"},
        "scaling": {"cpu_percent": 60, "requests_per_target": 3000},
        "alerts": {"latency_p95": {"warning": 0.3, "critical": 0.8}},
    },
    "services/ledger.yaml": {
        "kind": "worker",
        "description": "Books every movement of money",
        "owner": "payments",
        "cluster": "api",
        "image": "acme/ledger",
        "cpu": 512,
        "memory_mib": 1024,
        "command": ["bin/ledger"],
        "permissions": [
            {"actions": ["sqs:ReceiveMessage"], "resources": ["arn:aws:sqs:${region}:${account_id}:ledger"]}
        ],
    },
    "services/digest.yaml": {
        "kind": "job",
        "description": "Sends the weekly digest",
        "owner": "platform",
        "cluster": "app",
        "image": "acme/digest",
        "cpu": 256,
        "memory_mib": 512,
        "schedule": "cron(0 7 ? * MON *)",
        "time_zone": "Europe/Berlin",
    },
}

_ROOTS = {"Pulumi.yaml": ("config", "slipway:platform", "value")}


class ConfigProject:
    """The project below `root`. Changes are kept in memory until `load` writes them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, Any] = copy.deepcopy(_FILES)
        self.texts: dict[str, str | bytes] = {}
        self.secret_keys: list[str] = []

    def set(self, file: str, *path: str | int, to: object) -> None:
        """Give a key another value: in Pulumi.yaml below the platform, in a stack file below `config`."""
        at = self._at(file)
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = to

    def get(self, file: str, *path: str | int) -> object:
        """The value of a key; None where there is none."""
        at = self._at(file)
        for part in path:
            at = at.get(part) if isinstance(at, dict) else None
        return at

    def remove(self, file: str, *path: str | int) -> None:
        """Remove a key, or without a path the file."""
        if not path:
            del self.files[file]
            return
        at = self._at(file)
        for part in path[:-1]:
            at = at[part]
        del at[path[-1]]

    def add_service(self, name: str, like: str, *, tasks: int | None = None, **changes: object) -> None:
        """Another service like a present one, in every environment where `tasks` says how often."""
        self.files[f"services/{name}.yaml"] = {**self.files[f"services/{like}.yaml"], **changes}
        for stack in ("dev", "stage", "prod") if tasks else ():
            self.set(f"Pulumi.{stack}.yaml", "slipway:services", name, to={"version": "1.0.0", "tasks": tasks})

    def write(self, file: str, text: str | bytes) -> None:
        """Put this text into a file, whatever was there."""
        self.texts[file] = text

    def load(self, stack: str) -> config.OpsSettings | config.EnvironmentSettings:
        """What the program loads for a stack. Raises ConfigError."""
        self.configure(stack)
        return config.load(self.root, stack=stack)

    def problems(self, stack: str) -> tuple[config.Problem, ...]:
        """What is wrong; nothing where all is well."""
        try:
            self.load(stack)
        except config.ConfigError as error:
            return error.problems
        return ()

    def read_problems(self) -> list[config.Problem]:
        """What is wrong with the files that were written, in any stack."""
        return config.read(self.root).problems

    def run(self, stack: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run the real program on this project. Raises ConfigError."""
        monkeypatch.setattr(pulumi, "get_stack", lambda: stack)

        def program() -> None:
            self.configure(stack)
            shutil.copy(_MAIN, self.root)
            runpy.run_path(str(self.root / _MAIN.name))

        cloud.deploy(program)

    def configure(self, stack: str) -> None:
        """Write the files (JSON is YAML), and give Pulumi's runtime what its CLI would: objects as JSON."""
        (self.root / "services").mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (self.root / name).write_text(json.dumps(content), encoding="utf-8")
        for name, text in self.texts.items():
            (self.root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        shared = {key: value["value"] for key, value in self.files["Pulumi.yaml"]["config"].items()}
        own = self.files.get(f"Pulumi.{stack}.yaml", {}).get("config", {})
        values: Mapping[str, Any] = {**shared, **own}
        set_all_config(
            {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()},
            self.secret_keys,
        )

    def _at(self, file: str) -> Any:
        at: Any = self.files[file]
        default = () if file.startswith("services/") else ("config",)
        for part in _ROOTS.get(file, default):
            at = at[part]
        return at
