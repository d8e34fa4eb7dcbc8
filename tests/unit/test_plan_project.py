"""The configuration that a program gets is the one that the Pulumi CLI would hand to it."""

from pathlib import Path

import pytest

from plan.project import Project, ProjectError, StackConfig


def config_of(folder: Path, *, stack: str = "", project: str = "") -> StackConfig:
    (folder / "Pulumi.yaml").write_text(f"name: slipway\nruntime: python\nconfig:\n{project}\n", encoding="utf-8")
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{stack}\n", encoding="utf-8")
    return Project.load(folder).stack_config("dev")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("plain words", "plain words"),
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("3", "3"),
        ('"3"', "3"),
        ("-7", "-7"),
        ("true", "true"),
        ("True", "true"),
        # go-yaml v3 follows YAML 1.2 where PyYAML follows 1.1.
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("1.0", "1"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("1e21", "1e+21"),
        ("1000000000000000000000", "1e+21"),
        ("18446744073709551615", "18446744073709551615"),
        ("0.0000001", "1e-7"),
        ("0.000001", "0.000001"),
        ("", ""),
        ("null", ""),
        ("~", ""),
        ("[b, a]", '["b","a"]'),
        ("{b: 1, a: [true, null, 1.0]}", '{"a":[true,null,1],"b":1}'),
        ('{a: "<b> & c"}', r'{"a":"\u003cb\u003e \u0026 c"}'),
        ("{a: grüße}", '{"a":"grüße"}'),
        ("{}", "{}"),
    ],
)
def test_a_value_becomes_the_text_that_the_cli_makes_of_it(tmp_path: Path, written: str, text: str) -> None:
    assert config_of(tmp_path, stack=f"  key: {written}").values == {"slipway:key": text}


def test_keys_get_the_project_as_namespace_and_lose_the_old_config_part(tmp_path: Path) -> None:
    config = config_of(tmp_path, stack="  own: 1\n  aws:region: a\n  aws:config:profile: b")
    assert config.values == {"slipway:own": "1", "aws:region": "a", "aws:profile": "b"}


def test_secrets_are_masked_at_every_depth_and_their_keys_are_secret(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        stack="  token: {secure: v1:aaa}\n  db: {user: root, password: {secure: v1:bbb}}\n  open: 1",
    )
    assert config.values["slipway:token"] == "[secret]"
    assert config.values["slipway:db"] == '{"password":"[secret]","user":"root"}'
    assert config.secret_keys == ("slipway:db", "slipway:token")


def test_a_stack_value_replaces_a_project_value_whole(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        project="  slipway:platform: {value: {a: 1, b: 2}}\n  slipway:size: 3\n  aws:region: eu-west-1",
        stack="  platform: {b: 5}",
    )
    assert config.values == {"slipway:platform": '{"b":5}', "slipway:size": "3", "aws:region": "eu-west-1"}


@pytest.mark.parametrize(
    ("project", "stack", "message"),
    [
        ("  size: {type: integer}", "", "is missing configuration that Pulumi.yaml asks for: slipway:size"),
        ("  size: {type: integer}", "  size: big", "slipway:size must be of type integer"),
        ("  on: {type: boolean}", "  on: 1", "slipway:on must be of type boolean"),
        ("  map: {type: object}", "  map: text", "slipway:map must be of type object"),
        (
            "  names: {type: array, items: {type: string}}",
            "  names: [1]",
            "slipway:names must be of type array<string>",
        ),
        ("  token: {secret: true, type: string}", "  token: open", "pulumi config set --secret slipway:token"),
        ("  size: {type: integer, default: big}", "", "the default is not of the declared type integer"),
        ("  size: {value: 1, default: 2}", "", "cannot have both a `default` and a `value`"),
        ("  size: {type: number}", "", "'number' is not one of string, integer, boolean, array, object"),
        ("  platform: {company: acme}", "", "company is not allowed here"),
        ("  ratio: 0.5", "", "must be a string, an integer, a boolean, a list, or have a `value:`"),
        ("  aws:region: {default: x}", "", "a key outside the project's namespace has a `value:`"),
        ("  list: {type: array}", "", "an array needs `items:`"),
        ("", "  ports: {80: web}", "line 2, column 11: the key '80' is not text; put it in quotes"),
        ("", "  a:b:c: 1", "a:b:c: a key has the form NAMESPACE:NAME"),
        ("", "  size: 0x_", "line 2, column 9: 0x_ is a number or a date to Pulumi\n"),
        ("", f"  size: {'9' * 5000}", f"line 2, column 9: {'9' * 17}... is no number that can be used"),
        ("", f"  size: 0x{'f' * 400}", f"0x{'f' * 15}... is a number or a date to Pulumi\n"),
        ("", "  size: 1e400", "line 2, column 9: 1e400 is no number that can be used"),
        # go-yaml v3 reads these as 1000, 31, 15, 511 and 5; and an unquoted account id loses its zero: 8 and 9 are no
        # octal digits, so it reads a float.
        *(
            ("", f"  size: {written}", f"line 2, column 9: {written} is a number or a date to Pulumi\n")
            for written in ("1_000", "0x1f", "0o17", "0777", "0b101", "012345678901", "011111111111", ".inf", ".NaN")
        ),
        ("stackConfigDir: cfg", "", "stackConfigDir: is not followed here"),
    ],
)
def test_what_the_cli_would_refuse_is_an_error(tmp_path: Path, project: str, stack: str, message: str) -> None:
    with pytest.raises(ProjectError) as raised:
        config_of(tmp_path, project=project, stack=stack)
    assert message in str(raised.value)
    assert str(tmp_path) in str(raised.value)


@pytest.mark.parametrize(
    ("project", "stack"),
    [
        ("  size: {type: integer}", '  size: "4"'),
        ("  name: {type: string}", "  name: 4"),  # a scalar is text by the time that its type is checked
        ("  on: {type: boolean}", '  on: "true"'),
        ("  names: {type: array, items: {type: array, items: {type: integer}}}", "  names: [[1], [2.0]]"),
        ("  token: {secret: true, type: integer}", "  token: {secure: v1:aaa}"),
    ],
)
def test_what_the_cli_would_take_is_taken(tmp_path: Path, project: str, stack: str) -> None:
    assert len(config_of(tmp_path, project=project, stack=stack).values) == 1


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("config:\n  a: [1\n  b: 2\n", 3, "expected"),
        ("config:\n  a: 1\n  a: 2\n", 3, "the key 'a' stands here a second time"),
        ("config:\n  since: 2012-10-17\n", 2, "2012-10-17 is a number or a date to Pulumi\n"),
        ("config:\n  since: 2012-10-17T10:00:00Z\n", 2, "remedy:  put it in quotes"),
        ("config:\n\ta: 1\n", 2, "cannot start any token"),
    ],
)
def test_unreadable_yaml_names_file_and_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as raised:
        Project.load(tmp_path).stack_config("dev")
    assert str(raised.value).startswith(f"{tmp_path / 'Pulumi.dev.yaml'}\n  given:   line {line}, column ")
    assert problem in str(raised.value)


def test_a_list_is_no_stack_file(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(ProjectError, match=r'Pulumi\.dev\.yaml\n  given:   \["a"\]\n  allowed: a mapping of keys'):
        Project.load(tmp_path).stack_config("dev")


def test_an_empty_stack_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert Project.load(tmp_path).stack_config("dev").values == {}


def test_a_missing_stack_names_its_file_and_the_stacks_there_are(tmp_path: Path) -> None:
    for stack in ("stage", "dev"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("", encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    with pytest.raises(ProjectError) as raised:
        Project.load(tmp_path).stack_config("prd")
    assert "Pulumi.prd.yaml" in str(raised.value)
    assert "The stacks there are: dev, stage." in str(raised.value)


def test_values_of_pulumi_cloud_environments_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("environment: [shared]\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="environment: is resolved by Pulumi Cloud"):
        Project.load(tmp_path).stack_config("dev")


def test_the_project_is_the_nearest_one_upwards(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert Project.find(inner) == tmp_path
    (tmp_path / "a" / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    assert Project.find(inner) == tmp_path / "a"


def test_outside_any_project_the_error_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no Pulumi\.yaml here or in a folder above.*--root"):
        Project.find(tmp_path)
