"""What all environments share: `slipway:platform` in Pulumi.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.fields import (
    OPS,
    AccountId,
    AgentVersion,
    AmiRelease,
    AvailabilityZone,
    CloudWatchNamespace,
    ClusterName,
    DatadogTag,
    DomainName,
    Email,
    EnvironmentName,
    Exposure,
    GitHubRepository,
    Handle,
    HttpsUrl,
    IdentityCenterArn,
    IdentityStoreId,
    InstanceFamily,
    LambdaName,
    LogSource,
    Model,
    Percent,
    Phone,
    Region,
    RootEmail,
    SecretsManagerName,
    Slug,
    SshCidr,
    TeamName,
    ZoneId,
)


class Account(Model):
    """One AWS account."""

    id: AccountId = Field(description="the account's 12-digit id, quoted")
    email: RootEmail = Field(description="the address of the account's root user, unique over all of AWS")
    monthly_budget_usd: int = Field(ge=1, description="the month's budget in US dollars; alerts at 80 and 100 percent")
    adopt: bool = Field(default=False, description="take over the existing account of that id instead of creating it")


class Ops(Model):
    """The login, the organization, and what all environments share."""

    account: Account = Field(description="the account that people log in to")


class Environment(Model):
    """A place where services run, in an account of its own."""

    account: Account = Field(description="the environment's account")
    mirrors: EnvironmentName | None = Field(
        default=None,
        description="the environment from which this one differs in identity, sizes, counts and versions alone",
    )
    production: bool = Field(
        default=False, description="whether its account is in the organizational unit production, not nonproduction"
    )


class Contact(Model):
    """Whom AWS calls about one subject."""

    name: str = Field(min_length=1, max_length=64, description="the contact's name")
    title: str = Field(min_length=1, max_length=50, description="the contact's title, such as Head of Platform")
    email: Email = Field(description="the contact's address")
    phone: Phone = Field(description="the contact's phone number, such as +1 555 0100")


class Contacts(Model):
    """AWS's alternate contacts in every account; their addresses also get the account's own alarms."""

    billing: Contact = Field(description="gets invoices, budget alerts and cost anomalies")
    operations: Contact = Field(description="gets notices about the service")
    security: Contact = Field(description="gets abuse notices and the alarm when a root user logs in")


class IdentityCenter(Model):
    """IAM Identity Center as the login instead of IAM users in ops."""

    instance_arn: IdentityCenterArn = Field(description="the instance (`aws sso-admin list-instances`)")
    identity_store_id: IdentityStoreId = Field(description="the instance's identity store (same command)")


class RepositoryIds(Model):
    """The numbers behind OWNER/NAME: `gh api repos/OWNER/NAME --jq '{owner: .owner.id, repository: .id}'`."""

    owner: int = Field(ge=1, description="the owner's id")
    repository: int = Field(ge=1, description="the repository's id")


class Audit(Model):
    """How long the trail of every account is kept."""

    retention_days: int = Field(
        default=730, ge=365, le=3650, description="days until audit logs are deleted, 365 to 3650"
    )
    object_lock_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="days in which nobody, the root user included, can delete an audit log; cannot be undone",
    )


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"each only once; {', '.join(twice)} stands there again")
    return values


class ClusterDefinition(Model):
    """One ECS cluster by its concern; its size stands in each stack file."""

    description: str = Field(min_length=1, max_length=200, description="the cluster's concern in one sentence")
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    internal_balancers: int = Field(
        default=1, ge=1, le=9, description="how many internal load balancers it has; each takes 100 services"
    )
    public_balancers: int = Field(
        default=1, ge=1, le=9, description="how many public load balancers it has, where it has public services"
    )
    more_families: Annotated[tuple[InstanceFamily, ...], AfterValidator(_distinct)] = Field(
        default=(), description="further instance families that hosts may have, in the size that the stack says"
    )
    spot_percent: int = Field(default=0, ge=0, le=100, description="how many of the hosts are Spot instances")
    disk_gib: int | None = Field(
        default=None,
        ge=30,
        le=1000,
        description="the size of each host's encrypted root volume; 40 and 10 more for each vCPU where not said",
    )

    def balancers(self, exposure: Exposure) -> int:
        """How many load balancers of a kind there are."""
        return self.internal_balancers if exposure == "internal" else self.public_balancers


class Team(Model):
    """Who owns services and whom their alerts reach."""

    email: Email = Field(description="the team's address")
    chat: Handle = Field(description="the Datadog handle that warnings notify, such as @slack-payments")
    pager: Handle = Field(description="the Datadog handle that critical alerts notify, such as @pagerduty-payments")


class LogForwarder(Model):
    """Datadog's own function that sends the logs of AWS services, installed in each account beforehand."""

    # https://docs.datadoghq.com/logs/guide/forwarder/
    function: LambdaName = Field(description="the function's name, the same in each account")
    sources: Annotated[tuple[LogSource, ...], AfterValidator(_distinct)] = Field(
        min_length=1, description="the AWS services that Datadog subscribes it to, such as elbv2, s3 and waf"
    )


class Datadog(Model):
    """Where monitors and dashboards live."""

    site: Literal[
        "datadoghq.com",
        "us3.datadoghq.com",
        "us5.datadoghq.com",
        "datadoghq.eu",
        "ap1.datadoghq.com",
        "ap2.datadoghq.com",
    ] = Field(default="datadoghq.com", description="the Datadog site of the company's organization")
    runbooks: HttpsUrl = Field(description="the address under which each service's runbook stands by its name")
    owner: TeamName = Field(description="the team that alerts of clusters and environments reach, one of teams")
    agent_version: AgentVersion = Field(description="the Datadog agent that every host runs, such as 7.72.1")
    api_key_secret: SecretsManagerName = Field(
        default="datadog/api-key", description="the name of the secret with Datadog's API key in each account"
    )
    muted: tuple[EnvironmentName, ...] = Field(
        default=(), description="the environments whose alerts reach nobody; they are judged and shown all the same"
    )
    collect_logs: bool = Field(
        default=False, description="whether Datadog has the services' logs, so that errors in them alert"
    )
    collect_processes: bool = Field(default=False, description="whether agents send the hosts' processes")
    collect_network: bool = Field(default=False, description="whether agents watch the hosts' connections")
    collect_resources: bool = Field(
        default=True, description="whether Datadog catalogues each AWS resource with its configuration"
    )
    tag_filters: dict[CloudWatchNamespace, Annotated[tuple[DatadogTag, ...], Field(min_length=1)]] = Field(
        default={}, description="the resources whose metrics Datadog reads, by namespace; all where not said"
    )
    log_forwarder: LogForwarder | None = Field(
        default=None, description="Datadog's forwarder function, where each account has one"
    )
    event_bus: bool = Field(
        default=True, description="whether each account has an event bus on which Datadog's alerts can arrive"
    )


class Quotas(Model):
    """AWS's quotas of each account; raised by AWS on request, then said here."""

    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    iam_roles: int = Field(default=1000, ge=1000, le=5000, description="IAM roles of an account, 1000 to 5000")
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    load_balancers: int = Field(default=50, ge=50, description="application load balancers of an account in a region")


class Platform(Model):
    """The decisions that every stack shares."""

    company: Slug = Field(description="the company's short name; stands in global names such as buckets")
    domain: DomainName = Field(description="the root domain; environments get ENVIRONMENT.DOMAIN below it")
    root_zone_id: ZoneId = Field(description="the root domain's zone in ops (`pulumi stack output root_zone_id`)")
    region: Region = Field(description="the AWS region of every environment")
    availability_zones: Annotated[tuple[AvailabilityZone, ...], AfterValidator(_distinct)] = Field(
        min_length=3, max_length=3, description="the three zones that every network spreads over"
    )
    repository: GitHubRepository = Field(description="the GitHub repository of this platform as OWNER/NAME")
    # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens
    repository_ids: RepositoryIds | None = Field(
        default=None,
        description="the ids behind the repository; required where GitHub puts them in its OIDC subject: "
        "repositories created, renamed or transferred after 15 July 2026",
    )
    contacts: Contacts = Field(description="AWS's alternate contacts")
    allowed_regions: Annotated[tuple[Region, ...], AfterValidator(_distinct)] = Field(
        min_length=1, description="the regions in which anything may run, the platform's own among them"
    )
    identity_center: IdentityCenter | None = Field(
        default=None, description="log in by IAM Identity Center, not by IAM users"
    )
    audit: Audit = Field(default=Audit(), description="the audit trail's retention")
    ops: Ops = Field(description="the stack that people log in to")
    # The state bucket's policy, at most 20 KB, has five statements for each
    # (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html).
    environments: dict[EnvironmentName, Environment] = Field(
        min_length=1, max_length=4, description="the environments, in the order in which a version goes through them"
    )
    # A network ACL has 20 rules each way, of which the bastion's port takes one a network:
    # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-nacls
    ssh_cidrs: Annotated[tuple[SshCidr, ...], AfterValidator(_distinct)] = Field(
        default=(), max_length=13, description="the networks that may reach the bastions' SSH port"
    )
    ami_release: AmiRelease = Field(
        description="the ECS-optimized AL2023 release that hosts run, such as 2023.0.20261110-kernel-6.1",
    )
    cpu_target_percent: Percent = Field(default=75, description="the CPU utilization that autoscaled services aim at")
    memory_target_percent: Percent = Field(
        default=75, description="the memory utilization that autoscaled services aim at"
    )
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365] = Field(
        default=30, description="how many days service logs are kept"
    )
    quotas: Quotas = Field(default=Quotas(), description="what AWS allows each account, where it is more than usual")
    clusters: dict[ClusterName, ClusterDefinition] = Field(min_length=1, description="the ECS clusters by concern")
    teams: dict[TeamName, Team] = Field(min_length=1, description="the owners of services")
    datadog: Datadog = Field(description="Datadog's settings")

    @property
    def stacks(self) -> tuple[str, ...]:
        """Ops, and the environments in their order."""
        return (OPS, *self.environments)

    def account(self, stack: str) -> Account:
        """The account of a stack."""
        return self.ops.account if stack == OPS else self.environments[stack].account

    @property
    def account_ids(self) -> dict[str, str]:
        """Stack -> the id of its account."""
        return {stack: self.account(stack).id for stack in self.stacks}

    @property
    def mirrors(self) -> dict[str, str]:
        """Each environment that mirrors another -> that other."""
        return {name: own.mirrors for name, own in self.environments.items() if own.mirrors is not None}
