"""What the program starts from: the estate, and that Pulumi hands it nothing else than the files say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from config import estate
from config.errors import NOTHING, ConfigError, Problem
from config.estate import ACCESS_ROLE, NAMESPACE, Estate, Settings


def load(root: Path, *, stack: str) -> Settings:
    """The settings of `stack` for the project in `root`. Raises ConfigError with everything that is wrong.

    The role alone may come from elsewhere than the files: `pulumi preview --config slipway:access_role=preview`.
    """
    found = estate.read(root)
    settings = found.settings(stack, access_role=pulumi.Config(NAMESPACE).get(ACCESS_ROLE))
    if problems := list(_differing(found, stack)):
        raise ConfigError(problems)
    return settings


def _differing(found: Estate, stack: str) -> Iterator[Problem]:
    said = found.said(stack)
    handed = {key: text for key, text in CONFIG.get().items() if key.startswith(f"{NAMESPACE}:")}
    for key in sorted((said.keys() | handed.keys()) - {f"{NAMESPACE}:{ACCESS_ROLE}"}):
        file, value = said.get(key, (estate.stack_file(stack), NOTHING))
        if is_config_secret(key):
            yield estate.encrypted(file, key)
        else:
            yield from _apart(
                key, "" if value is None else value, _read(handed[key]) if key in handed else NOTHING, file
            )


def _read(text: str) -> Any:
    """Pulumi hands on mappings and lists as JSON, and the rest as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _apart(key: str, said: Any, handed: Any, file: str) -> Iterator[Problem]:
    """The innermost keys that differ."""
    if isinstance(said, dict) and isinstance(handed, dict):
        for name in sorted(said.keys() | handed.keys()):
            yield from _apart(f"{key}.{name}", said.get(name, NOTHING), handed.get(name, NOTHING), file)
    elif said != handed:
        yield Problem(
            file=file,
            key=key,
            given=handed,
            allowed="what the file says: "
            + ("no such key" if said is NOTHING else json.dumps(said, ensure_ascii=False)),
            remedy="change the file; of --config and --config-file the program takes slipway:access_role alone",
        )
