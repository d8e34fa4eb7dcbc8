"""Instance types: what is read off a name, judged by EC2's own list of names."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest

from config.instance_types import InstanceType, instance_type

MODEL: Any = botocore.session.get_session().get_service_model("ec2")
EC2: frozenset[str] = frozenset(MODEL.shape_for("InstanceType").enum)

# Hosts of a cluster are general-purpose, compute- or memory-optimized virtual machines. What else EC2 has is
# refused: bare metal, which boots for minutes; burstable families of older generations or with too little memory; and
# accelerated, storage-optimized, high-memory, HPC and Mac instances.
ACCEPTED = re.compile(r"(?:[cmr][5-9][a-z]*(?:-flex)?\.(?!metal).*|t(?:3a?|4g)\.(?!nano|micro).*)")


FAMILIES = "the families c, m and r from generation 5 on (c7i, m7g, r6i ...), and the burstable t3, t3a, t4g"


def accepted(name: str) -> bool:
    try:
        instance_type(name)
    except ValueError:
        return False
    return True


def test_every_virtual_machine_of_the_families_is_accepted_and_nothing_else() -> None:
    assert {name for name in EC2 if accepted(name)} == {name for name in EC2 if ACCEPTED.fullmatch(name)}


def test_nothing_is_accepted_that_ec2_does_not_sell() -> None:
    families = {name.partition(".")[0] for name in EC2} | {"m7x", "c10g", "m7i-flexi", "m", "7", ""}
    sizes = {name.partition(".")[2] for name in EC2} | {"5xlarge", "1xlarge", "0xlarge", "-4xlarge", "x", ""}
    invented = {f"{family}.{size}" for family in families for size in sizes} - EC2
    assert {name for name in invented if accepted(name)} == set()


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        (
            "m4.large",
            FAMILIES,
        ),
        ("t2.large", FAMILIES),
        ("t8i.small", FAMILIES),
        ("x2gd.large", FAMILIES),
        ("p5.48xlarge", FAMILIES),
        ("mac2.metal", FAMILIES),
        ("m7i.metal-24xl", "m7i in the sizes large, xlarge, 2xlarge,"),
        ("m7i.medium", "m7i in the sizes large, xlarge, 2xlarge,"),
        (
            "m7i-flex.24xlarge",
            "m7i-flex in the sizes large, xlarge, 2xlarge, 4xlarge, 8xlarge, 12xlarge, 16xlarge",
        ),
        ("t3.micro", "t3 in the sizes small, medium, large, xlarge, 2xlarge"),
    ],
)
def test_a_refusal_says_what_is_allowed(name: str, allowed: str) -> None:
    with pytest.raises(ValueError) as raised:
        instance_type(name)
    assert str(raised.value).startswith(allowed)


# vCPU and GiB, from gp.html, co.html and mo.html of https://docs.aws.amazon.com/ec2/latest/instancetypes/
# ("Performance specifications").
KNOWN = {
    "m5.large": (2, 8),
    "m5.24xlarge": (96, 384),
    "m5a.4xlarge": (16, 64),
    "m5zn.3xlarge": (12, 48),
    "c5.large": (2, 4),
    "c5.9xlarge": (36, 72),
    "c5.18xlarge": (72, 144),
    "c5n.large": (2, 5.25),
    "c5n.4xlarge": (16, 42),
    "r5.2xlarge": (8, 64),
    "r5b.xlarge": (4, 32),
    "m6a.48xlarge": (192, 768),
    "m6g.medium": (1, 4),
    "m6i.8xlarge": (32, 128),
    "c6g.16xlarge": (64, 128),
    "c6i.32xlarge": (128, 256),
    "r6g.large": (2, 16),
    "c7a.medium": (1, 2),
    "c7g.medium": (1, 2),
    "c7i.48xlarge": (192, 384),
    "m7g.2xlarge": (8, 32),
    "m7i.large": (2, 8),
    "m7i-flex.xlarge": (4, 16),
    "r7g.4xlarge": (16, 128),
    "r7iz.large": (2, 16),
    "m8g.48xlarge": (192, 768),
    "r8g.24xlarge": (96, 768),
    "t3.small": (2, 2),
    "t3.large": (2, 8),
    "t3.2xlarge": (8, 32),
    "t3a.xlarge": (4, 16),
    "t4g.medium": (2, 4),
}


@pytest.mark.parametrize("name", KNOWN)
def test_vcpus_and_memory_follow_from_the_name(name: str) -> None:
    known = instance_type(name)
    assert (known.name, known.vcpus, known.memory_mib) == (name, KNOWN[name][0], KNOWN[name][1] * 1024)


def test_the_largest_sizes_of_c5n_are_taken_for_a_little_less_than_they_have() -> None:
    for name, gib in (("c5n.9xlarge", 96), ("c5n.18xlarge", 192)):
        assert 0.98 * gib * 1024 < instance_type(name).memory_mib < gib * 1024


@pytest.mark.parametrize(
    "family",
    [
        "c6g",
        "c6gd",
        "c6gn",
        "m6g",
        "r6gd",
        "c7g",
        "c7gn",
        "m7gd",
        "r7g",
        "c8g",
        "c8gn",
        "m8gd",
        "r8gb",
        "m9g",
        "t4g",
    ],
)
def test_graviton_is_arm(family: str) -> None:
    assert instance_type(f"{family}.large").architecture == "arm64"


@pytest.mark.parametrize(
    "family",
    [
        "m5",
        "c5n",
        "r5dn",
        "m5zn",
        "c6a",
        "m6idn",
        "m7i",
        "m7i-flex",
        "c7a",
        "r7iz",
        "c8i",
        "r8i-flex",
        "m8azn",
        "t3a",
    ],
)
def test_the_rest_is_not(family: str) -> None:
    assert instance_type(f"{family}.large").architecture == "x86_64"


def test_every_graviton_family_says_so_right_behind_its_generation() -> None:
    for name in filter(accepted, EC2):
        arm = re.match(r"[a-z]\d+g", name) is not None
        assert (instance_type(name).architecture == "arm64") == arm, name


def test_tasks_get_most_of_a_host_but_not_all() -> None:
    for host in map(instance_type, filter(accepted, EC2)):
        assert 0.7 < host.task_cpu / (host.vcpus * 1024) < 1, host
        assert 0.6 < host.task_memory_mib / host.memory_mib < 0.94, host


def test_what_tasks_get_of_a_host() -> None:
    host = InstanceType(name="m7i.large", vcpus=2, memory_mib=8192, architecture="x86_64")
    assert host.task_cpu == 2 * 1024 - 256
    assert host.task_memory_mib == 7700 - 640  # 94 percent of 8,192 are 7,700
