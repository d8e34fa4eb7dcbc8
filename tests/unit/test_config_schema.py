"""The JSON Schemas and the reference in docs/ are current, and say of files what the program says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pulumi.runtime import set_all_config

import config
from config import reference, schema
from config.estate import STACK_FILE_KEYS
from config.service import SERVICE_KINDS
from plan.project import Project
from tests.config_project import ConfigProject
from tests.projects import COMPANIES, ROOT, content, copy_project, each_company, each_stack, edit, platform, project

SERVICES = [file for of in COMPANIES for file in sorted((of / "services").iterdir())]


def errors(schema_name: str, document: Any) -> list[str]:
    text = (schema.FOLDER / f"{schema_name}.schema.json").read_text(encoding="utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(text))
    return [error.message for error in validator.iter_errors(document)]


def schema_of(stack: str) -> str:
    return "ops-stack" if stack == "ops" else "environment-stack"


@pytest.mark.parametrize("name", schema.schemas())
def test_the_committed_schema_is_current(name: str) -> None:
    assert (schema.FOLDER / name).read_text(encoding="utf-8") == schema.schemas()[name], "run: make schemas"


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in schema.FOLDER.iterdir()} == set(schema.schemas())


@pytest.mark.parametrize("name", schema.schemas())
def test_the_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.schemas()[name]))


@pytest.mark.parametrize("path", reference.DOCUMENTS, ids=lambda path: path.name)
def test_the_tables_in_the_documents_are_current(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == reference.current(text), "run: make schemas"


def test_every_table_stands_in_a_document() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in reference.DOCUMENTS)
    assert sorted(re.findall(r"<!-- table: (\w+) -->", texts)) == sorted(reference.TABLES)


def test_the_examples_of_services_are_valid() -> None:
    examples = re.findall(r"(?s)```yaml\n(.*?)```", reference.DOCUMENTS[1].read_text(encoding="utf-8"))
    assert [yaml.safe_load(example)["kind"] for example in examples] == list(SERVICE_KINDS)
    for example in map(yaml.safe_load, examples):
        SERVICE_KINDS[example["kind"]].model_validate_json(json.dumps(example))
        assert errors("service", example) == []


def test_the_errors_in_the_document_are_those_of_a_project(tmp_path: Path) -> None:
    unknown, full = copy_project(tmp_path / "unknown"), copy_project(tmp_path / "full")
    edit(unknown / "services/gateway.yaml", r"^cluster: .*$", "cluster: apis")
    edit(full / "Pulumi.stage.yaml", r"^(    gateway: .* tasks: )\{[^}]*\}", r"\1{ min: 2, max: 12 }")
    text = reference.DOCUMENTS[0].read_text(encoding="utf-8")
    assert f"```\n{error_in(unknown)}\n```" in text
    _, _, problem = error_in(full).partition("\n\n")
    assert f"```\n{problem}\n```" in text


def error_in(root: Path) -> str:
    values = Project.load(root).stack_config("stage")
    set_all_config(dict(values.values), list(values.secret_keys))
    with pytest.raises(config.ConfigError) as raised:
        config.load(root, stack="stage")
    return str(raised.value)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_the_services_keep_their_schema(path: Path) -> None:
    assert errors("service", content(path)) == []


@each_stack
def test_the_stack_files_keep_their_schema(of: Path, stack: str) -> None:
    assert errors(schema_of(stack), content(of / f"Pulumi.{stack}.yaml")) == []


@each_company
def test_the_platform_keeps_its_schema(of: Path) -> None:
    assert errors("platform", platform(of)) == []


@pytest.mark.parametrize(
    "path",
    [*SERVICES, *(file for of in COMPANIES for file in sorted(of.glob("Pulumi.*.yaml")))],
    ids=lambda path: str(path.relative_to(ROOT / "tests")),
)
def test_every_file_names_its_schema_to_editors(path: Path) -> None:
    (of,) = set(COMPANIES) & set(path.parents)
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
    assert found and (project(of).root / path.relative_to(of).parent / found[1]).is_file()


STAGE = "Pulumi.stage.yaml"
GATEWAY = "services/gateway.yaml"
LEDGER = "services/ledger.yaml"
DIGEST = "services/digest.yaml"
OPS = "Pulumi.ops.yaml"
# What a schema can express, it refuses as well, so that an editor says it first.
REFUSED_BY_BOTH: dict[str, tuple[str, tuple[str | int, ...], object]] = {
    "an unknown key": (GATEWAY, ("memory_mb",), 512),
    "an unknown key inside": (GATEWAY, ("health_check",), {"pth": "/"}),
    "a key of another kind": (LEDGER, ("port",), 80),
    "an unknown kind": (GATEWAY, ("kind",), "cron"),
    "text as number": (GATEWAY, ("port",), "8080"),
    "a number as text": (GATEWAY, ("environment", "A"), 1),
    "out of range": (GATEWAY, ("drain_seconds",), 3601),
    "an unknown choice": (GATEWAY, ("exposure",), "open"),
    "an image with a tag": (GATEWAY, ("image",), "acme/gateway:1"),
    "an unknown placeholder": (GATEWAY, ("environment", "A"), "${env}"),
    "a control character": (GATEWAY, ("environment", "A"), "a\0b"),
    "a reserved variable": (GATEWAY, ("environment", "DD_ENV"), "x"),
    "a secret's value": (GATEWAY, ("secrets", "KEY"), "a+b=="),
    "requests of a worker": (LEDGER, ("scaling",), {"requests_per_target": 1}),
    "everything allowed": (LEDGER, ("permissions", 0, "resources"), ["*"]),
    "a bad schedule": (DIGEST, ("schedule",), "cron(0 24 * * ? *)"),
    "an unknown alert": (GATEWAY, ("alerts",), {"latency": {"critical": 1}}),
    "no reason": (GATEWAY, ("alerts",), {"memory": {"disabled": "no"}}),
    "latest": (STAGE, ("slipway:services", "gateway", "version"), "latest"),
    "a version without quotes": (STAGE, ("slipway:services", "gateway", "version"), 4.1),
    "no task": (STAGE, ("slipway:services", "gateway", "tasks"), 0),
    "half a range": (STAGE, ("slipway:services", "gateway", "tasks"), {"min": 1}),
    "a service's setting": (STAGE, ("slipway:services", "gateway", "cpu"), 512),
    "a service's name": (STAGE, ("slipway:services", "Gate Way"), {"version": "1"}),
    "a cluster's name": (STAGE, ("slipway:clusters", "ecs"), {"instance_type": "t3.large", "instances": 1}),
    "too small a network": (STAGE, ("slipway:environment", "cidr"), "10.0.0.0/24"),
    "no key": (STAGE, ("slipway:environment", "bastion_public_key"), "ssh-dss AAAA"),
    "what all share": (STAGE, ("slipway:platform",), {}),
    "another provider": (STAGE, ("aws:region",), "us-east-1"),
    "no role": (OPS, ("slipway:people", "ada", "roles"), {}),
    "an unknown role": (OPS, ("slipway:people", "ada", "roles", "dev"), "root"),
    "SSH from everywhere": ("Pulumi.yaml", ("ssh_cidrs",), ["0.0.0.0/0"]),
    "an account id": ("Pulumi.yaml", ("environments", "dev", "account", "id"), "12345"),
    "two zones": ("Pulumi.yaml", ("availability_zones",), ["us-east-1a", "us-east-1b"]),
}


def schema_errors(project: ConfigProject, file: str) -> list[str]:
    document = project.files[file]
    if file == "Pulumi.yaml":
        return errors("platform", document["config"]["slipway:platform"]["value"])
    return errors("service" if file.startswith("services/") else schema_of(file.split(".")[1]), document)


def test_a_stack_file_has_the_keys_that_pulumi_knows(tmp_path: Path) -> None:
    project = ConfigProject(tmp_path)
    known = {"environment": ["shared"], "secretsprovider": "x", "encryptedkey": "x", "encryptionsalt": "x"}
    project.files[STAGE].update(known)
    assert {*project.files[STAGE]} == {*STACK_FILE_KEYS}
    assert project.problems("stage") == ()
    assert schema_errors(project, STAGE) == []
    project.files[STAGE]["slipway:migration"] = {}
    assert schema_errors(project, STAGE)


def test_the_small_project_keeps_the_schemas(tmp_path: Path) -> None:
    project = ConfigProject(tmp_path)
    assert {file: schema_errors(project, file) for file in project.files} == {file: [] for file in project.files}


@pytest.mark.parametrize("name", REFUSED_BY_BOTH)
def test_the_schema_refuses_what_the_program_refuses(tmp_path: Path, name: str) -> None:
    file, path, value = REFUSED_BY_BOTH[name]
    project = ConfigProject(tmp_path)
    project.set(file, *path, to=value)
    with pytest.raises(config.ConfigError):
        project.load("ops" if file == OPS else "stage")
    assert schema_errors(project, file)
