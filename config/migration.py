"""What an environment needs while a company moves to it: ways to old databases, and names that move by and by."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.fields import (
    AccountId,
    DomainName,
    HostName,
    Ipv4Cidr,
    Model,
    Port,
    Region,
    RoleName,
    ServiceName,
    Slug,
    UrlPath,
    ZoneId,
    text,
)


class Peer(Model):
    """A database in a network that somebody else owns."""

    account_id: AccountId = Field(description="the account of the old network, quoted")
    region: Region = Field(description="the region of the old network")
    vpc_id: Annotated[str, *text(r"vpc-[0-9a-f]{8,17}", "a VPC's id, such as vpc-0123456789abcdef0")] = Field(
        description="the old network"
    )
    cidr: Ipv4Cidr = Field(description="the addresses of the old network")
    role: RoleName = Field(description="the role in the old account that its owner made for this platform")
    route_table_ids: tuple[
        Annotated[str, *text(r"rtb-[0-9a-f]{8,17}", "a route table's id, such as rtb-0123456789abcdef0")], ...
    ] = Field(min_length=1, description="the route tables of the database's subnets")
    security_group_id: Annotated[
        str, *text(r"sg-[0-9a-f]{8,17}", "a security group's id, such as sg-0123456789abcdef0")
    ] = Field(description="the database's security group")
    port: Port = Field(description="the database's port")


class End(Model):
    """Where a name led before."""

    target: HostName = Field(description="the old endpoint's name, such as a load balancer's")
    target_zone_id: ZoneId | None = Field(
        default=None, description="the old load balancer's own hosted zone; required where alias is true"
    )
    health_host: HostName = Field(description="a name of the old endpoint alone, whose health is checked")
    health_path: UrlPath = Field(description="the path that answers 2xx or 3xx while the old endpoint is healthy")


class Shift(Model):
    """One public name on its way from an old endpoint to a service."""

    host: DomainName = Field(description="the name: the root domain itself, or one below it and of no environment")
    service: ServiceName = Field(description="the public web service that gets the requests")
    alias: bool = Field(
        default=True, description="whether the records are aliases of AWS load balancers; never changed on the way"
    )
    new_percent: Literal[0, 1, 5, 10, 25, 50, 75, 100] = Field(
        default=0, description="how many of the requests the service gets"
    )
    old: End | None = Field(default=None, description="where the name led before; left out when that is retired")


class Migration(Model):
    """Both are empty before and after."""

    peers: dict[Slug, Peer] = Field(default={}, description="networks with old databases, by a name each")
    shifts: dict[Slug, Shift] = Field(default={}, description="names that move, by a short name each")
