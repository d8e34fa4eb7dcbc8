"""What the workflows run: comments and issues kept up to date, previews summed up, changes proposed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.projects import ROOT, git

SCRIPTS = ROOT / ".github/scripts"


def script(name: str) -> Any:
    """A script as a module. They are files of no package."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


preview, report = (script(name) for name in ("preview", "report"))


# GitHub --------------------------------------------------------------------------------------------------------------

BOT, ADA = {"login": "github-actions[bot]"}, {"login": "ada"}
COMMIT = "c" * 40


class FakeGitHub:
    """Pull requests, comments and issues in memory; pages are as short as GitHub's longest."""

    def __init__(self) -> None:
        self.api = report.GitHub("https://api.github.example", "acme/platform", "token")
        self.api.call = self.call
        self.pulls: list[dict[str, Any]] = []
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []

    def call(self, method: str, path: str, content: Any = None) -> Any:
        path, _, query = path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        self.calls.append(f"{method} {path}")
        if method == "GET":
            found = self._listed(path, asked)
            size, page = int(asked["per_page"]), int(asked["page"])
            assert size <= 100
            return found[size * (page - 1) : size * page]
        if method == "POST":
            entry = {"id": 1000 + len(self.calls), "number": 70, "user": BOT, "state": "open", **content}
            self.items.setdefault(path, []).append(entry)
            return entry
        kind, _, number = path.rpartition("/")
        (entry,) = [e for entries in self.items.values() for e in entries if str(e["id"]) == number] or [
            e for e in self.items[kind] if str(e["number"]) == number
        ]
        entry.update(content)
        return entry

    def _listed(self, path: str, asked: Mapping[str, str]) -> list[Any]:
        if path == "/pulls":
            owner, _, branch = asked["head"].partition(":")
            return [p for p in self.pulls if (p["owner"], p["branch"], p["state"]) == (owner, branch, asked["state"])]
        entries = self.items.get(path, [])
        if "state" in asked:
            entries = [e for e in entries if e["state"] == asked["state"] and e["user"]["login"] == asked["creator"]]
        return entries


@pytest.fixture
def github() -> FakeGitHub:
    fake = FakeGitHub()
    fake.pulls = [
        {"owner": "acme", "branch": "faster", "state": "open", "number": 7, "head": {"sha": COMMIT}},
        {"owner": "acme", "branch": "faster", "state": "closed", "number": 6, "head": {"sha": COMMIT}},
    ]
    return fake


def run_of(owner: str = "acme", commit: str = COMMIT) -> dict[str, Any]:
    return {
        "head_repository": {"full_name": f"{owner}/platform", "owner": {"login": owner}},
        "head_branch": "faster",
        "head_sha": commit,
        "html_url": "https://github.example/run/1",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Artifacts as actions/download-artifact unpacks them: a folder each."""

    def make(**contents: str) -> Path:
        for name, content in contents.items():
            (tmp_path / f"comment-{name}").mkdir(exist_ok=True)
            (tmp_path / f"comment-{name}" / f"{name.replace('_', '-')}.md").write_text(content)
        return tmp_path

    return make


def bodies(github: FakeGitHub, path: str = "/issues/7/comments") -> list[str]:
    return [entry["body"] for entry in github.items.get(path, [])]


def comments(github: FakeGitHub, folder: Path, run: dict[str, Any]) -> list[str]:
    said: list[str] = report.comments(github.api, folder, run, "acme/platform", ("ops", "prod"))
    return said


def test_a_comment_is_added_once_and_then_updated_in_place(github: FakeGitHub, folder: Callable[..., Path]) -> None:
    others = [{"id": number, "user": ADA, "body": "<!-- slipway:plan -->\nmine"} for number in range(150)]
    github.items["/issues/7/comments"] = list(others)
    assert comments(github, folder(plan="first"), run_of()) == ["Added plan to #7."]
    assert comments(github, folder(plan="second"), run_of()) == ["Updated plan on #7."]
    (body,) = bodies(github)[150:]
    assert body == (
        "<!-- slipway:plan -->\nsecond\n\n<sub>[This run](https://github.example/run/1) has all of it.</sub>"
    )
    assert github.items["/issues/7/comments"][:150] == others


def test_each_stack_has_a_comment_of_its_own(github: FakeGitHub, folder: Callable[..., Path]) -> None:
    said = comments(github, folder(plan="a", preview_prod="b", preview_ops="c"), run_of())
    assert said == ["Added plan to #7.", "Added preview-ops to #7.", "Added preview-prod to #7."]


def test_a_fork_has_the_plan_alone_and_calls_nobody(github: FakeGitHub, folder: Callable[..., Path]) -> None:
    github.pulls.append({"owner": "mallory", "branch": "faster", "state": "open", "number": 8, "head": {"sha": COMMIT}})
    contents = {"plan": "@acme/everybody <!-- slipway:preview-prod -->", "preview_prod": "All is well."}
    said = comments(github, folder(**contents), run_of("mallory"))
    assert said == ["Added plan to #8.", "Left out 'preview-prod': a fork has no credentials to preview with."]
    (body,) = bodies(github, "/issues/8/comments")
    assert body.startswith("<!-- slipway:plan -->\n> Made by the code of a fork: read it as a claim, not as a fact.")
    assert "@acme" not in body
    assert bodies(github) == []


def test_a_run_speaks_for_its_own_commit_only(github: FakeGitHub, folder: Callable[..., Path]) -> None:
    said = comments(github, folder(plan="old"), run_of(commit="d" * 40))
    assert said == [f"No open pull request is at {'d' * 40}: it is closed or has moved on."]
    assert bodies(github) == []


def test_other_files_and_links_are_left_out(github: FakeGitHub, folder: Callable[..., Path], tmp_path: Path) -> None:
    root = folder(plan="fine", preview_evil="x", README="y")
    secret = tmp_path / "token"
    secret.write_text("hunter2")
    (root / "comment-plan/plan.md").unlink()
    (root / "comment-plan/plan.md").symlink_to(secret)
    assert comments(github, root, run_of()) == [
        f"Left out {name!r}: not one of the comments." for name in ("README", "plan", "preview-evil")
    ]
    assert bodies(github) == []


def test_a_comment_is_cut_to_what_github_takes(github: FakeGitHub, folder: Callable[..., Path]) -> None:
    comments(github, folder(plan="x" * 100_000), run_of())
    (body,) = bodies(github)
    assert len(body) == 65_536
    assert body.endswith("**Cut here.**\n\n<sub>[This run](https://github.example/run/1) has all of it.</sub>")


def test_an_issue_opens_is_updated_and_closes_by_itself(github: FakeGitHub) -> None:
    def drift(content: str, *, wanted: bool) -> str:
        said: str = report.issue(github.api, "drift-prod", "Drift in prod", content, "https://run", wanted=wanted)
        return said

    person: dict[str, Any] = {"id": 1, "number": 1, "user": ADA, "state": "open", "body": "<!-- slipway:drift-prod -->"}
    other: dict[str, Any] = {"id": 2, "number": 2, "user": BOT, "state": "open", "body": "<!-- slipway:drift-stage -->"}
    without_text: dict[str, Any] = {"id": 3, "number": 3, "user": BOT, "state": "open", "body": None}
    github.items["/issues"] = [person, other, without_text]
    assert drift("none", wanted=False) == "No issue about drift-prod, and none is needed."
    assert drift("one", wanted=True) == "Opened #70."
    assert drift("two", wanted=True) == "Updated #70."
    (issue,) = [each for each in github.items["/issues"] if each["number"] == 70]
    assert (issue["title"], "two" in issue["body"], issue["state"]) == ("Drift in prod", True, "open")
    assert drift("none", wanted=False) == "Closed #70."
    assert issue["state"] == "closed"
    assert drift("none", wanted=False) == "No issue about drift-prod, and none is needed."
    assert (person["state"], other["state"]) == ("open", "open")


class _Api(BaseHTTPRequestHandler):
    """Answers everything with what was asked."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        answer = {
            "path": self.path,
            "content": json.loads(self.rfile.read(length)),
            "authorization": self.headers["Authorization"],
        }
        self.send_response(201)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        return


def test_what_is_sent_to_github() -> None:
    with HTTPServer(("127.0.0.1", 0), _Api) as server:
        answering = Thread(target=server.handle_request)
        answering.start()
        there = report.GitHub(f"http://127.0.0.1:{server.server_port}", "acme/platform", "token")
        assert there.call("POST", "/issues/7/comments", {"body": "ü"}) == {
            "path": "/repos/acme/platform/issues/7/comments",
            "content": {"body": "ü"},
            "authorization": "Bearer token",
        }
        answering.join()


# Previews ------------------------------------------------------------------------------------------------------------


def event(op: str, name: str, type_: str = "aws:ecs/service:Service", **more: Any) -> dict[str, Any]:
    """As the engine's event log has it; tests/engine/test_delivery.py reads a real one."""
    urn = f"urn:pulumi:prod::slipway::slipway:ecs:EcsService${type_}::{name}"
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": type_, **more}}}


DONE = {"summaryEvent": {"result": "succeeded"}}


def read(*events: Mapping[str, Any]) -> Any:
    return preview.read("\n".join(map(json.dumps, events)))


def test_what_would_change_is_listed_losses_first_and_without_values() -> None:
    found = read(
        event("same", "quiet"),
        event("create", "new", new={"inputs": {"password": "hunter2"}}),
        event("update", "orders", detailedDiff={"desiredCount": {}}, diffs=["taskDefinition"]),
        event("delete", "old"),
        event("replace", "task", "aws:ecs/taskDefinition:TaskDefinition", diffs=["containerDefinitions"]),
        event("create-replacement", "task", "aws:ecs/taskDefinition:TaskDefinition"),
        DONE,
    )
    assert [(change.op, change.name) for change in found.changes] == [
        ("delete", "old"),
        ("replace", "task"),
        ("update", "orders"),
        ("create", "new"),
    ]
    text = preview.markdown("prod", found)
    assert text.startswith("### `pulumi preview` of prod: 1 deleted, 1 replaced, 1 updated, 1 created\n")
    assert "- `orders` Service: `desiredCount`, `taskDefinition`" in text
    assert text.count("<details open>") == 2
    assert "hunter2" not in text


def test_the_role_of_the_provider_is_no_change() -> None:
    provider = "pulumi:providers:aws"
    assert read(event("update", "aws", provider, diffs=["assumeRoles"]), DONE).changes == ()
    assert len(read(event("update", "aws", provider, diffs=["assumeRoles", "region"]), DONE).changes) == 1


def test_the_digest_is_of_what_would_be_done() -> None:
    def digest(*events: Mapping[str, Any]) -> str:
        found: str = read(*events, DONE).digest
        return found

    def update(count: int, name: str = "a", **made_up: Any) -> dict[str, Any]:
        inputs = {"desiredCount": count, "__defaults": list(made_up), **made_up}
        return event("update", name, diffs=["desiredCount"], new={"inputs": inputs})

    assert digest(update(2), update(3, "b")) == digest(event("same", "c"), update(3, "b"), update(2))
    assert digest(update(2)) != digest(update(3))
    assert digest(update(2)) != digest(event("replace", "a", diffs=["desiredCount"], new={"inputs": {}}))
    assert digest(update(2, suffix="1a2b")) == digest(update(2, suffix="3c4d"))


def test_a_failed_preview_says_why() -> None:
    error = {"diagnosticEvent": {"severity": "error", "message": "no credentials ``` @team\n"}}
    policy = {"policyEvent": {"resourceUrn": "urn::x::y::queue", "policyName": "encrypted", "message": "Found: it."}}
    text = preview.markdown("prod", read(error, policy, {"summaryEvent": {"result": "failed"}}))
    assert text.startswith("### `pulumi preview` of prod: failed\n")
    assert "````\nno credentials ``` @team\n````" in text
    assert "**1 violations of policies**\n\n```\nencrypted: queue\nFound: it.\n```" in text
    assert preview.markdown("prod", read()).startswith("### `pulumi preview` of prod: failed\n")


def test_a_preview_of_thousands_fits_and_names_what_is_lost() -> None:
    lost = [event("delete", f"lost-{number}") for number in range(400)]
    updated = [event("update", f"service-{number}", diffs=["x" * 60]) for number in range(2000)]
    text = preview.markdown("prod", read(*lost, *updated, DONE))
    assert len(text) < 65_536
    assert [number for number in range(400) if f"`lost-{number}`" not in text] == []
    assert "more, which the job's log lists" in text


def test_what_a_job_reads_of_a_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log, target = tmp_path / "events.jsonl", tmp_path / "preview-prod.md"
    log.write_text(json.dumps(event("create", "new")) + "\n" + json.dumps(DONE) + "\n")
    monkeypatch.setattr(sys, "argv", ["preview.py", "prod", str(log), str(target)])
    preview.main()
    changes, digest = capsys.readouterr().out.splitlines()
    assert changes == "changes=1"
    assert digest == f"digest={read(event('create', 'new'), DONE).digest}"
    assert "1 created" in target.read_text()


# Proposals ---------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A clone to propose from, and an environment in which `gh` writes down what it is asked."""
    origin, clone, tools = (tmp_path / name for name in ("origin", "clone", "tools"))
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    (clone / "Pulumi.yaml").write_text("  ami_release: old\n")
    git(clone, "switch", "--quiet", "--orphan", "main")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "first")
    git(clone, "push", "--quiet", "origin", "main")
    tools.mkdir()
    (tools / "gh").write_text(
        '#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> "$ASKED"\n[ "$1 $2" = "pr list" ] && echo "$OPEN"\nexit 0\n'
    )
    (tools / "gh").chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    yield (
        clone,
        environment
        | {"PATH": f"{tools}:{environment['PATH']}", "HOME": str(tmp_path), "ASKED": str(tmp_path / "asked")},
    )


def propose(checkout: tuple[Path, dict[str, str]], *, open_already: int) -> list[str]:
    clone, environment = checkout
    asked = Path(environment["ASKED"])
    asked.unlink(missing_ok=True)
    subprocess.run(
        [str(SCRIPTS / "propose"), "bump/ami_release", "Bump it", "Because."],
        cwd=clone,
        env={**environment, "OPEN": str(open_already)},
        check=True,
        capture_output=True,
    )
    return asked.read_text().splitlines() if asked.exists() else []


def test_a_proposal_is_one_pull_request_that_is_updated(checkout: tuple[Path, dict[str, str]]) -> None:
    clone, _ = checkout
    (clone / "Pulumi.yaml").write_text("  ami_release: new\n")
    asked = propose(checkout, open_already=0)
    assert asked[-1] == "pr create --head bump/ami_release --title Bump it --body Because."
    assert "slipway-bot" in git(clone, "log", "-1", "--format=%an", "origin/bump/ami_release")
    # A week later, from main again.
    git(clone, "checkout", "--quiet", "main")
    git(clone, "branch", "--quiet", "--delete", "--force", "bump/ami_release")
    (clone / "Pulumi.yaml").write_text("  ami_release: newer\n")
    assert propose(checkout, open_already=1)[-1] == "pr edit bump/ami_release --title Bump it --body Because."
    assert git(clone, "show", "origin/bump/ami_release:Pulumi.yaml") == "  ami_release: newer\n"
    assert git(clone, "rev-list", "--count", "main..origin/bump/ami_release").strip() == "1"


def test_nothing_changed_is_nothing_to_propose(checkout: tuple[Path, dict[str, str]]) -> None:
    assert propose(checkout, open_already=0) == []
