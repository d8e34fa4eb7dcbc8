"""What an EC2 instance type offers, read off its name.

Families c, m and r of generation 5 and later have 2, 4 and 8 GiB a vCPU, whatever the letters behind the generation
say; sizes name the vCPUs. Exceptions and the burstable families stand in tables. Source of all figures:
https://docs.aws.amazon.com/ec2/latest/instancetypes/ (each family's "Performance specifications").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Architecture = Literal["x86_64", "arm64"]

_GIB_PER_VCPU = {"c": 2.0, "m": 4.0, "r": 8.0}
_EXCEPTIONS = {"c5n": 2.625}
_SIZES = {"medium": 1, "large": 2, "xlarge": 4} | {
    f"{n}xlarge": 4 * n for n in (2, 3, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 48)
}
_BURSTABLE_SIZES = {  # vCPU, GiB
    "nano": (2, 0.5),
    "micro": (2, 1.0),
    "small": (2, 2.0),
    "medium": (2, 4.0),
    "large": (2, 8.0),
    "xlarge": (4, 16.0),
    "2xlarge": (8, 32.0),
}
_BURSTABLE_FAMILIES = ("t3", "t3a", "t4g")
_FAMILY = re.compile(r"([cmr])([5-9])([a-z]*)(-flex)?")

# What a host keeps for itself of its nominal memory: the kernel's own share (an 8 GiB host registers about 7.6 GiB with
# ECS, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html) ...
_KERNEL_SHARE = 0.06
# ... and what the platform runs on every host: the ECS agent (ECS_RESERVED_MEMORY) and the Datadog agent.
HOST_RESERVED_MIB = 640
HOST_RESERVED_CPU = 256


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One instance type: what AWS sells, and what is left of it for tasks."""

    name: str
    vcpus: int
    memory_mib: int
    architecture: Architecture

    @property
    def task_cpu(self) -> int:
        """CPU units that tasks can reserve on one host; 1,024 are one vCPU."""
        return self.vcpus * 1024 - HOST_RESERVED_CPU

    @property
    def task_memory_mib(self) -> int:
        """Memory that tasks can reserve on one host, in MiB."""
        return int(self.memory_mib * (1 - _KERNEL_SHARE)) - HOST_RESERVED_MIB


def instance_type(name: str) -> InstanceType:
    """The instance type of that name. Raises ValueError with what is allowed."""
    family, _, size = name.partition(".")
    if family in _BURSTABLE_FAMILIES:
        if size not in ("small", "medium", "large", "xlarge", "2xlarge"):
            raise ValueError(f"{family} in the sizes small, medium, large, xlarge, 2xlarge")
        vcpus, gib = _BURSTABLE_SIZES[size]
        return _of(name, vcpus, gib, arm=family.endswith("g"))
    match = _FAMILY.fullmatch(family)
    if not match:
        raise ValueError(
            "families c, m and r of generation 5 and later (c7i, m7g, r6i ...), and the burstable t3, t3a, t4g"
        )
    if size not in _SIZES:
        raise ValueError(f"{family} in the sizes {', '.join(_SIZES)}")
    vcpus = _SIZES[size]
    gib = _EXCEPTIONS.get(family, _GIB_PER_VCPU[match[1]]) * vcpus
    return _of(name, vcpus, gib, arm=match[3].startswith("g"))


def _of(name: str, vcpus: int, gib: float, *, arm: bool) -> InstanceType:
    return InstanceType(
        name=name, vcpus=vcpus, memory_mib=int(gib * 1024), architecture="arm64" if arm else "x86_64"
    )
