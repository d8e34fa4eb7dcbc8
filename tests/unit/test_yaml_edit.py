"""Changes of YAML files: what is not meant stays to the byte, and what cannot be changed alone is refused."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slipway.yaml_edit import EditError, Quoted, YamlFile
from tests.projects import each_environment

SERVICES = ("config", "slipway:services")

TEXT = """\
# What runs here.
config:
  slipway:environment: { cidr: 10.20.0.0/16 }   # ours
  slipway:services:
    # the door
    gateway: { version: "4.12.0", tasks: { min: 2, max: 6 }, 'note': "ünicode" }  # öffentlich
    ledger:
      tasks:
        min: 2   # never fewer
        max: 4

      version: '1.9.3'  # audited

    # takes orders
    orders: {version: v1, tasks: 3}
    # the end
"""
_BLOCK = "    services:\n        b: |\n            1\n"


def edited(text: str) -> YamlFile:
    return YamlFile("Pulumi.stage.yaml", text)


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


@each_environment
def test_a_version_changes_one_line_and_back_to_the_byte(of: Path, stack: str) -> None:
    text = (of / f"Pulumi.{stack}.yaml").read_text()
    names = yaml.safe_load(text)["config"]["slipway:services"]
    assert names
    for name in names:
        file = edited(text)
        before = file.value([*SERVICES, name, "version"])
        file.set([*SERVICES, name, "version"], "99.0.0")
        removed, added = changed(text, file.text)
        assert removed[2:].replace(before, "99.0.0") == added[2:]
        file.set([*SERVICES, name, "version"], before)
        assert file.text == text


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            ("gateway", "version"),
            "4.13.0",
            '    gateway: { version: "4.13.0", tasks: { min: 2, max: 6 }, \'note\': "ünicode" }  # öffentlich\n',
        ),
        (
            ("gateway", "tasks"),
            3,
            '    gateway: { version: "4.12.0", tasks: 3, \'note\': "ünicode" }  # öffentlich\n',
        ),
        (
            ("gateway", "tasks"),
            {"min": 2, "max": 8},
            '    gateway: { version: "4.12.0", tasks: { min: 2, max: 8 }, \'note\': "ünicode" }  # öffentlich\n',
        ),
        (("ledger", "version"), "2.0.0", "      version: '2.0.0'  # audited\n"),
        (("ledger", "tasks"), {"min": 3, "max": 4}, "        min: 3   # never fewer\n"),
        (("orders", "version"), "v2", "    orders: {version: v2, tasks: 3}\n"),
        # Without quotes it would be a number.
        (("orders", "version"), "1.10", '    orders: {version: "1.10", tasks: 3}\n'),
        (("orders", "version"), "no", '    orders: {version: "no", tasks: 3}\n'),
        (("orders", "tasks"), {"min": 2, "max": 8}, "    orders: {version: v1, tasks: { min: 2, max: 8 }}\n"),
    ],
)
def test_a_value_keeps_its_form_its_comments_and_its_neighbours(
    path: tuple[str, ...], value: str | int | dict[str, int], line: str
) -> None:
    file = edited(TEXT)
    file.set([*SERVICES, *path], value)
    assert [line for line in changed(TEXT, file.text) if line[0] == "+"] == [f"+ {line}"]
    assert file.value([*SERVICES, *path]) == value


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("accounts", "slipway:services:", "# the door"),
        ("hello", '"ünicode" }  # öffentlich', "ledger:"),
        ("mail", "version: '1.9.3'  # audited", ""),
        ("zebra", "orders: {version: v1, tasks: 3}", "# the end"),
    ],
)
def test_a_new_key_goes_to_its_place_and_parts_no_comment_from_its_key(name: str, before: str, after: str) -> None:
    file = edited(TEXT)
    file.add(SERVICES, name, {"version": Quoted("1.0.0"), "tasks": {"min": 2, "max": 3}})
    assert changed(TEXT, file.text) == [f'+     {name}: {{ version: "1.0.0", tasks: {{ min: 2, max: 3 }} }}\n']
    lines = file.text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"    {name}:"))
    assert lines[at - 1].endswith(before)
    assert lines[at + 1].strip().startswith(after)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n  services: {}\n", "a:\n  services:\n    hello: 1\n"),
        ("a:\n  services: {} # none yet\nb: 1\n", "a:\n  services:\n    hello: 1 # none yet\nb: 1\n"),
        ("a: { services: { } }\n", None),
        ("a:\n  services: { x: 1 }\n", "a:\n  services: { x: 1, hello: 1 }\n"),
        ("a:\n  services: { x: 1, }\n", "a:\n  services: { x: 1, hello: 1, }\n"),
        ("a:\n  services: {\n    x: { y: 1 } # x\n  }\n", "a:\n  services: {\n    x: { y: 1 }, hello: 1 # x\n  }\n"),
        ("a:\n  services:\n    z: 1\n    b: 2", "a:\n  services:\n    z: 1\n    b: 2\n    hello: 1"),
        ("a:\r\n  services:\r\n    x: 1\r\n", "a:\r\n  services:\r\n    hello: 1\r\n    x: 1\r\n"),
        ("a:\n    services:\n        b: |\n            1\n\nc: 1\n", f"a:\n{_BLOCK}        hello: 1\n\nc: 1\n"),
    ],
)
def test_a_new_key_where_there_is_little_to_follow(text: str, expected: str | None) -> None:
    file = edited(text)
    if expected is None:
        with pytest.raises(EditError, match=r"Pulumi\.stage\.yaml:1: cannot be changed without changing something"):
            file.add(["a", "services"], "hello", 1)
    else:
        file.add(["a", "services"], "hello", 1)
        assert file.text == expected


def test_a_key_is_renamed_where_it_stands() -> None:
    file = edited(TEXT)
    file.rename([*SERVICES, "ledger"], "books")
    file.rename([*SERVICES, "orders"], "no")
    assert changed(TEXT, file.text) == [
        "-     ledger:\n",
        "+     books:\n",
        "-     orders: {version: v1, tasks: 3}\n",
        '+     "no": {version: v1, tasks: 3}\n',
    ]
    with pytest.raises(EditError, match="slipway:services has gateway already"):
        file.rename([*SERVICES, "books"], "gateway")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Both would change.
        ("a: &x { version: '1' }\nb: *x\n", r"Pulumi.stage.yaml:1: cannot be changed without changing something else"),
        ("b: &x { version: '1' }\na: *x\n", r"Pulumi.stage.yaml: a.version is not written out there"),
        ("b: &x { version: '1' }\na: { <<: *x }\n", r"a.version is not written out there: it comes from an alias"),
        ("a: { version: '1' }\nb: [\n", r"Pulumi.stage.yaml:3: .* Correct the YAML on or above this line"),
        ("a: { version: '1' }\nb: 1\n\0", r"Pulumi.stage.yaml: unacceptable character #x0000"),
    ],
)
def test_what_cannot_be_changed_alone_is_refused(text: str, message: str) -> None:
    file = edited(text)
    with pytest.raises(EditError, match=message):
        file.set(["a", "version"], "2")
    assert file.text == text


_FORMS = {
    "flow": '  {}: {{ version: "{}", tasks: 1 }} # {}\n',
    "block": "  # {0}\n  {0}:\n    tasks: 1\n    version: '{1}' # here\n\n",
    "wide": '  {}: {{\n    version: "{}"\n  }}\n',
}
_NAMES = st.text("abcdefghijklmnop-", min_size=1, max_size=8).filter(lambda name: not name.startswith("-"))
_VERSIONS = st.text("0123456789abcdefv.-_", min_size=1, max_size=10)

_SERVICES = st.lists(
    st.tuples(_NAMES, _VERSIONS, st.sampled_from(sorted(_FORMS))), min_size=1, unique_by=lambda entry: entry[0]
)


@given(_SERVICES, st.data())
def test_any_version_in_any_form(services: list[tuple[str, str, str]], data: st.DataObject) -> None:
    text = "services:\n" + "".join(_FORMS[form].format(f'"{name}"', version, name) for name, version, form in services)
    name, version = data.draw(st.sampled_from(services))[0], data.draw(_VERSIONS)
    file = edited(text)
    file.set(["services", name, "version"], version)
    expected = {known: version if known == name else said for known, said, _ in services}
    assert {k: v["version"] for k, v in yaml.safe_load(file.text)["services"].items()} == expected
    assert len(changed(text, file.text)) in (0, 2)
    file.add(["services"], "zz", {"version": Quoted(version)})
    assert yaml.safe_load(file.text)["services"]["zz"] == {"version": version}
