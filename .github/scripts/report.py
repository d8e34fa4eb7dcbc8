"""Keeps one comment, or one issue, up to date instead of adding another.

report.py comments FOLDER   each NAME.md in it becomes the comment NAME on the pull request of a finished workflow run
report.py issue NAME TITLE FILE CHANGES   an issue that is open as long as there are changes

Standard library only: it runs where nothing is set up, with a token that may write, and never the code of a pull
request. What it reads in FOLDER may come from a fork and is not trusted.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BOT = "github-actions[bot]"
_LIMIT = 65_536  # characters of a comment or an issue; more is refused
_FROM_A_FORK = "plan"
"""The only comment that a fork can have: a preview needs credentials, so a fork's could only be made up."""


class GitHub:
    """The few calls of GitHub's REST API that are needed."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        self._base = f"{url}/repos/{repository}"
        self._token = token

    def call(self, method: str, path: str, content: Any = None) -> Any:
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def all(self, path: str, **query: str) -> list[Any]:
        """Every page of a list."""
        found: list[Any] = []
        for page in range(1, 100):
            text = urllib.parse.urlencode({**query, "per_page": 100, "page": page})
            items = self.call("GET", f"{path}?{text}")
            found += items
            if len(items) < 100:
                break
        return found


def comments(github: GitHub, folder: Path, run: dict[str, Any], repository: str, stacks: Iterable[str]) -> list[str]:
    """Puts each file of the folder on the pull request that the run was for; says what it did."""
    names = {_FROM_A_FORK, *(f"preview-{stack}" for stack in stacks)}
    owner, branch, commit = run["head_repository"]["owner"]["login"], run["head_branch"], run["head_sha"]
    # Not by a number that the run's own files name: that would be the fork's word for it.
    pulls = [
        pull for pull in github.all("/pulls", state="open", head=f"{owner}:{branch}") if pull["head"]["sha"] == commit
    ]
    if not pulls:
        return [f"No open pull request is at {commit}: it is closed or has moved on."]
    forked = run["head_repository"]["full_name"] != repository
    said = []
    for file in sorted(folder.glob("*/*.md")):
        name = file.stem
        # A link could point to any file of this machine.
        if name not in names or file.is_symlink() or file.parent.is_symlink() or not file.is_file():
            said.append(f"Left out {name!r}: not one of the comments.")
        elif forked and name != _FROM_A_FORK:
            said.append(f"Left out {name!r}: a fork has no credentials to preview with.")
        else:
            body = body_of(name, file.read_text(errors="replace"), run["html_url"], forked=forked)
            said += [_put(github, pull["number"], name, body) for pull in pulls]
    return said


def body_of(name: str, content: str, run_url: str, *, forked: bool) -> str:
    """The comment, within GitHub's limit, with the marker by which the next one finds it."""
    head = f"{_marker(name)}\n"
    if forked:
        head += "> Made by the code of a fork: read it as a claim, not as a fact.\n\n"
        content = content.replace("@", "@\u200b")  # nobody is called by a stranger's text
    foot = f"\n\n<sub>[This run]({run_url}) has all of it.</sub>"
    room = _LIMIT - len(head) - len(foot)
    if len(content) > room:
        note = "\n\n**Cut here.**"
        content = content[: room - len(note)] + note
    return head + content + foot


def _put(github: GitHub, number: int, name: str, body: str) -> str:
    for comment in github.all(f"/issues/{number}/comments"):
        if comment["user"]["login"] == BOT and comment["body"].startswith(_marker(name)):
            github.call("PATCH", f"/issues/comments/{comment['id']}", {"body": body})
            return f"Updated {name} on #{number}."
    github.call("POST", f"/issues/{number}/comments", {"body": body})
    return f"Added {name} to #{number}."


def issue(github: GitHub, name: str, title: str, content: str, run_url: str, *, wanted: bool) -> str:
    """Opens the issue, updates it or closes it; a person's issues are left alone."""
    body = body_of(name, content, run_url, forked=False)
    found = [
        each
        for each in github.all("/issues", state="open", creator=BOT)
        if (each.get("body") or "").startswith(_marker(name))
    ]
    if not found:
        if not wanted:
            return f"No issue about {name}, and none is needed."
        return f"Opened #{github.call('POST', '/issues', {'title': title, 'body': body})['number']}."
    number = found[0]["number"]
    github.call("PATCH", f"/issues/{number}", {"body": body} if wanted else {"body": body, "state": "closed"})
    return f"{'Updated' if wanted else 'Closed'} #{number}."


def _marker(name: str) -> str:
    return f"<!-- slipway:{name} -->"


def main() -> None:
    environ = os.environ
    repository = environ["GITHUB_REPOSITORY"]
    github = GitHub(environ["GITHUB_API_URL"], repository, environ["GITHUB_TOKEN"])
    what, *rest = sys.argv[1:]
    if what == "comments":
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text())
        stacks = [file.name.split(".")[1] for file in Path().glob("Pulumi.*.yaml")]
        for line in comments(github, Path(rest[0]), event["workflow_run"], repository, stacks):
            print(line)
    else:
        name, title, file, changes = rest
        run_url = f"{environ['GITHUB_SERVER_URL']}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
        print(issue(github, name, title, Path(file).read_text(), run_url, wanted=changes != "0"))


if __name__ == "__main__":
    main()
