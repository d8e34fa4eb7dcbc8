"""What an EC2 instance type offers, read off its name.

Families c, m and r have 2, 4 and 8 GiB a vCPU, whatever the letters behind the generation say, and sizes name
the vCPUs. Exceptions and the burstable families stand in tables. Which sizes a family has does not follow
from its name, so that stands in a table too: a new family is a new entry there. Source of all figures:
https://docs.aws.amazon.com/ec2/latest/instancetypes/ (each family's "Performance specifications").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Architecture = Literal["x86_64", "arm64"]

_GIB_PER_VCPU = {"c": 2.0, "m": 4.0, "r": 8.0}
# c5n.9xlarge and c5n.18xlarge have 1.5 percent more, which the proof of capacity does without.
_EXCEPTIONS = {"c5n": 2.625}

_TO_16 = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_TO_24 = f"{_TO_16} 24xlarge"
_TO_48 = f"{_TO_24} 48xlarge"
_TO_96 = f"{_TO_24} 32xlarge 48xlarge 96xlarge"
_FAMILIES_AND_SIZES = {
    "c5 c5d": "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge",
    "c5n": "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
    "c5a c5ad m5 m5a m5ad m5d m5dn m5n r5 r5a r5ad r5b r5d r5dn r5n": _TO_24,
    "m5zn": "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge",
    "c6a m6a r6a": f"{_TO_24} 32xlarge 48xlarge",
    "c6i c6id c6in m6i m6id m6idn m6in r6i r6id r6idn r6in": f"{_TO_24} 32xlarge",
    "c6g c6gd c6gn m6g m6gd r6g r6gd c7g c7gd c7gn m7g m7gd r7g r7gd": f"medium {_TO_16}",
    "c7a m7a r7a": f"medium {_TO_48} 32xlarge",
    "c7i m7i r7i": _TO_48,
    "r7iz": f"{_TO_16} 32xlarge",
    "c7i-flex m7i-flex c8i-flex m8i-flex r8i-flex": _TO_16,
    "c8a m8a r8a c8g c8gb c8gd c8gn m8g m8gb m8gd m8gn r8g r8gb r8gd r8gn": f"medium {_TO_48}",
    "c8i c8ib c8id c8in m8i m8ib m8id m8idb m8idn m8in r8i r8ib r8id r8idb r8idn r8in": _TO_96,
    "c8ine m8ine": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge",
    "m8azn": "medium large xlarge 3xlarge 6xlarge 12xlarge 24xlarge",
    "c9g c9gd m9g m9gd r9g r9gd": f"medium {_TO_48}",
}
_SIZES = {
    family: tuple(sizes.split()) for families, sizes in _FAMILIES_AND_SIZES.items() for family in families.split()
}
_BURSTABLE_FAMILIES = ("t3", "t3a", "t4g")
_BURSTABLE_SIZES = {  # vCPU, GiB; in the smaller ones the platform itself leaves no room for tasks
    "small": (2, 2.0),
    "medium": (2, 4.0),
    "large": (2, 8.0),
    "xlarge": (4, 16.0),
    "2xlarge": (8, 32.0),
}

# What a host keeps for itself of its nominal memory: the kernel's own share (8 GiB register as
# about 7.6 with ECS, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html) ...
_KERNEL_SHARE = 0.06
# ... what the ECS agent keeps back from tasks for what else runs on the host (ECS_RESERVED_MEMORY) ...
ECS_RESERVED_MIB = 128
# ... and the Datadog agent, a task on every host.
AGENT_CPU = 256
AGENT_MEMORY_MIB = 512


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One instance type: what AWS sells, and what is left of it for tasks."""

    name: str
    vcpus: int
    memory_mib: int
    architecture: Architecture

    @property
    def size(self) -> str:
        """What stands behind the family: large, 2xlarge ..."""
        return self.name.partition(".")[2]

    @property
    def task_cpu(self) -> int:
        """CPU units that tasks can reserve on one host; 1,024 are one vCPU."""
        return self.vcpus * 1024 - AGENT_CPU

    @property
    def task_memory_mib(self) -> int:
        """Memory that tasks can reserve on one host, in MiB."""
        return int(self.memory_mib * (1 - _KERNEL_SHARE)) - ECS_RESERVED_MIB - AGENT_MEMORY_MIB

    @property
    def disk_gib(self) -> int:
        """A root volume that is large enough: images, layers and logs grow with the tasks that a host has."""
        return 40 + 10 * self.vcpus


def instance_type(name: str) -> InstanceType:
    """The instance type of that name. Raises ValueError with what is allowed."""
    family, _, size = name.partition(".")
    if family in _BURSTABLE_FAMILIES:
        sizes = tuple(_BURSTABLE_SIZES)
    elif family in _SIZES:
        sizes = _SIZES[family]
    else:
        raise ValueError(
            "the families c, m and r from generation 5 on (c7i, m7g, r6i ...), and the burstable t3, t3a, t4g"
        )
    if size not in sizes:
        raise ValueError(f"{family} in the sizes {', '.join(sizes)}")
    if family in _BURSTABLE_FAMILIES:
        vcpus, gib = _BURSTABLE_SIZES[size]
        return _of(name, vcpus, gib, arm=family.endswith("g"))
    vcpus = {"medium": 1, "large": 2, "xlarge": 4}.get(size) or 4 * int(size.removesuffix("xlarge"))
    gib = _EXCEPTIONS.get(family, _GIB_PER_VCPU[family[0]]) * vcpus
    # https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    return _of(name, vcpus, gib, arm=family[2:3] == "g")


def _of(name: str, vcpus: int, gib: float, *, arm: bool) -> InstanceType:
    return InstanceType(name=name, vcpus=vcpus, memory_mib=int(gib * 1024), architecture="arm64" if arm else "x86_64")
