"""What names one stack and no other: texts without it can be compared with those of another stack."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from plan.model import Plan, Resource

_ADDRESS = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\d.]*\d)"
    r"|(?<![\w:.])[\da-f]{1,4}(?::[\da-f]{0,4}){2,7}(?:/\d{1,3})?(?![\w:])"
)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A stack's name, accounts and networks. `neutral` takes them from a text."""

    stack: str
    accounts: tuple[str, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, *plans: Plan) -> Identity:
        """Of one stack, by what any of its plans says."""
        resources = [resource for plan in plans for resource in plan.resources]
        return cls(
            stack=plans[0].stack,
            accounts=tuple(
                account
                for resource in resources
                if (resource.type, resource.name) == ("pulumi:providers:aws", "aws")
                for account in json.loads(resource.inputs.get("allowedAccountIds", "[]"))
            ),
            networks=tuple(
                ip_network(network)
                for resource in resources
                if (network := _network(resource)) and not network.startswith("$")
            ),
        )

    def neutral(self, text: str) -> str:
        words = "|".join(dict.fromkeys((self.stack, *self.accounts)))
        text = re.sub(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", "<own>", text)
        return _ADDRESS.sub(self._address, text) if self.networks else text

    def _address(self, found: re.Match[str]) -> str:
        """The same part of each network reads the same, however large the networks are."""
        try:
            address = ip_interface(found[0])
        except ValueError:
            return found[0]
        for own in self.networks:
            if address.ip in own and address.network.prefixlen >= own.prefixlen:
                length = address.network.prefixlen
                offset = (int(address.ip) - int(own.network_address)) >> (own.max_prefixlen - length)
                return f"<network>[{offset}]" + (f"/+{length - own.prefixlen}" if "/" in found[0] else "")
        return found[0]


def _network(resource: Resource) -> str | None:
    """The VPC's own, and the one that AWS gives it."""
    if resource.type == "aws:ec2/vpc:Vpc":
        return resource.inputs.get("cidrBlock")
    return resource.outputs.get("ipv6_cidr") if resource.type == "slipway:network:Network" else None
