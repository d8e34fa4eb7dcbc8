"""AccountBaseline: what every account has before anything runs in it: roles, alarms and safe defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.account.permissions.boundary import boundary
from components.account.permissions.deploy import deploy_identity, deploy_services, deploy_state
from components.account.permissions.people import people_permissions
from components.account.permissions.preview import preview
from components.account.permissions.state import StackAccount
from components.security.iam import (
    GITHUB,
    Statement,
    allow,
    aws_managed_arn,
    github_subject,
    own_key,
    policy_document,
    trust_github,
    trust_people,
    trust_roles,
)
from components.security.names import (
    ADMINISTRATOR,
    BASELINE_PATH,
    BOUNDARY,
    DEPLOY,
    GLOBAL_REGION,
    PEOPLE_ROLES,
    PREVIEW,
)
from config.platform import Contacts, RepositoryIds

MAIN = "refs/heads/main"
"""The branch that is deployed."""

CI_SECONDS = {DEPLOY: 7200, PREVIEW: 3600}
"""How long a job's session lasts, at most: as long as the job may take."""


@dataclass(frozen=True, kw_only=True)
class AccountBaselineArgs(StackAccount):
    """What a caller decides; the rest is this module's opinion."""

    repository: str
    """OWNER/NAME on GitHub."""
    repository_ids: RepositoryIds | None = None
    """Where GitHub puts them in its OIDC subjects."""
    regions: Sequence[str] = field(default=())
    """Further regions in which anything may run."""
    monthly_budget_usd: int
    contacts: Contacts
    identity_center: bool = False
    """Whether people come by IAM Identity Center, whose roles then stand beside those of the same name."""
    session_hours: int = 4
    """How long a person's session lasts, and how old its MFA may be; AWS allows 1 to 12."""


class AccountBaseline(pulumi.ComponentResource):
    """An account that people and CI enter by role alone, that reports, and whose defaults are closed."""

    boundary_arn: pulumi.Output[str]
    """The permissions boundary of every role that CI creates (`components.security.iam.bounded`)."""
    role_arns: Mapping[str, pulumi.Output[str]]
    """The five roles by their physical names."""
    alarm_topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AccountBaselineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:account:AccountBaseline", name, None, opts)
        if not 1 <= args.session_hours <= 12:
            raise ValueError(f"{name}: session_hours is 1 to 12, not {args.session_hours}")
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        self.boundary_arn = self._policy(BOUNDARY, boundary(args.account_id))
        self.role_arns = {role.role: role.arn for role in (*self._people_roles(), *self._ci_roles())}
        self._account_settings()
        self.alarm_topic_arn = self._root_alarm()
        self._budget()
        for region in dict.fromkeys((args.region, *args.regions)):
            self._regional_defaults(region)
        self.register_outputs(
            {
                "boundary_arn": self.boundary_arn,
                "role_arns": self.role_arns,
                "alarm_topic_arn": self.alarm_topic_arn,
            }
        )

    def _people_roles(self) -> list[_Role]:
        """The roles that people in ops assume; who may assume which is said there."""
        args = self._args
        people = trust_people(args.ops_account_id, mfa_age_seconds=args.session_hours * 3600)
        seconds = args.session_hours * 3600
        roles = []
        for role in PEOPLE_ROLES:
            trust = [people, self._trusts(ADMINISTRATOR)] if role == ADMINISTRATOR else [people]
            permissions = people_permissions(
                role,
                account_id=args.account_id,
                company=args.company,
                ops_account_id=args.ops_account_id,
                regions=(args.region, *args.regions),
            )
            managed: dict[str, pulumi.Input[str]] = {
                purpose: aws_managed_arn(policy) for purpose, policy in permissions.managed.items()
            }
            managed |= {purpose: self._policy(purpose, statements) for purpose, statements in permissions.own.items()}
            roles.append(self._role(role, trust, managed, seconds))
        return roles

    def _trusts(self, *roles: str) -> Statement:
        args = self._args
        return trust_roles("Itself", args.account_id, roles, identity_center=args.identity_center)

    def _ci_roles(self) -> list[_Role]:
        """The roles of GitHub's jobs, and of administrators who do by hand what CI would.

        The program's provider assumes the role in which it already runs, hence the trust in themselves.
        """
        args = self._args
        aws.iam.OpenIdConnectProvider(
            f"{self._name}-github",
            url=f"https://{GITHUB}",
            client_id_lists=["sts.amazonaws.com"],
            opts=self._child,
        )
        # A job that names an environment has it in its subject, whatever its branch; another has its branch or, for a
        # pull request, only that: https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims
        environment, pull_request, main = (
            github_subject(args.repository, args.repository_ids, context)
            for context in (f"environment:{args.stack}", "pull_request", f"ref:{MAIN}")
        )
        deploys = trust_github(args.account_id, subjects=[environment], ref=MAIN)
        # On main a preview comes before each approval, and every night.
        previews = trust_github(args.account_id, subjects=[pull_request, main])

        services = self._policy("deploy-services", deploy_services(ops=args.is_ops))
        identity = self._policy("deploy-identity", deploy_identity(args.account_id, ops=args.is_ops))
        state = self._policy("deploy-state", deploy_state(args))
        previewing = self._policy("preview", preview(args))
        return [
            self._role(
                DEPLOY,
                [deploys, self._trusts(DEPLOY, ADMINISTRATOR)],
                {
                    "look": aws_managed_arn("ReadOnlyAccess"),
                    "services": services,
                    "identity": identity,
                    "state": state,
                },
                CI_SECONDS[DEPLOY],
            ),
            self._role(
                PREVIEW,
                [previews, self._trusts(PREVIEW, ADMINISTRATOR)],
                {"look": aws_managed_arn("ReadOnlyAccess"), "preview": previewing},
                CI_SECONDS[PREVIEW],
            ),
        ]

    def _policy(self, role: str, statements: Sequence[Statement]) -> pulumi.Output[str]:
        return aws.iam.Policy(
            f"{self._name}-{role}",
            name=role,
            path=BASELINE_PATH,
            policy=policy_document(*statements),
            opts=self._child,
        ).arn

    def _role(
        self, role: str, trust: Sequence[Statement], managed: Mapping[str, pulumi.Input[str]], seconds: int
    ) -> _Role:
        resource = aws.iam.Role(
            f"{self._name}-{role}",
            name=role,
            assume_role_policy=policy_document(*trust),
            max_session_duration=seconds,
            opts=self._child,
        )
        for purpose, arn in managed.items():
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{role}-{purpose}", role=resource.name, policy_arn=arn, opts=self._child
            )
        return _Role(role=role, arn=resource.arn)

    def _account_settings(self) -> None:
        args = self._args
        aws.iam.AccountAlias(f"{self._name}-alias", account_alias=f"{args.company}-{args.stack}", opts=self._child)
        # Length and reuse as CIS AWS Foundations asks; no expiry, as NIST SP 800-63B 5.1.1.2 advises.
        aws.iam.AccountPasswordPolicy(
            f"{self._name}-passwords",
            minimum_password_length=14,
            password_reuse_prevention=24,
            require_lowercase_characters=True,
            require_uppercase_characters=True,
            require_numbers=True,
            require_symbols=True,
            allow_users_to_change_password=True,
            opts=self._child,
        )
        aws.s3.AccountPublicAccessBlock(
            f"{self._name}-s3-public-access",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        contacts = args.contacts
        for subject, contact in (
            ("billing", contacts.billing),
            ("operations", contacts.operations),
            ("security", contacts.security),
        ):
            aws.account.AlternativeContact(
                f"{self._name}-{subject}-contact",
                alternate_contact_type=subject.upper(),
                name=contact.name,
                title=contact.title,
                email_address=contact.email,
                phone_number=contact.phone,
                opts=self._child,
            )

    def _root_alarm(self) -> pulumi.Output[str]:
        """Mails the security contact when the root user signs in or calls anything that writes."""
        account = self._args.account_id
        key = aws.kms.Key(
            f"{self._name}-alarm-key",
            description="Encrypts the account's alarms",
            enable_key_rotation=True,
            region=GLOBAL_REGION,
            policy=policy_document(
                own_key(account),
                # Who publishes is said by the topic's policy.
                allow(
                    "EventBridge",
                    ["kms:Decrypt", "kms:GenerateDataKey"],
                    "*",
                    principal={"Service": "events.amazonaws.com"},
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        topic = aws.sns.Topic(f"{self._name}-alarms", kms_master_key_id=key.arn, region=GLOBAL_REGION, opts=self._child)
        aws.sns.TopicSubscription(
            f"{self._name}-alarms-to-security",
            topic=topic.arn,
            protocol="email",
            endpoint=self._args.contacts.security.email,
            region=GLOBAL_REGION,
            opts=self._child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-root-user",
            description="The root user signed in or called something",
            event_pattern=json.dumps(
                {
                    "detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"],
                    "detail": {"userIdentity": {"type": ["Root"], "invokedBy": [{"exists": False}]}},
                }
            ),
            region=GLOBAL_REGION,
            opts=self._child,
        )
        aws.sns.TopicPolicy(
            f"{self._name}-alarms-policy",
            arn=topic.arn,
            policy=policy_document(
                allow(
                    "EventBridge",
                    "sns:Publish",
                    topic.arn,
                    {"ArnEquals": {"aws:SourceArn": rule.arn}},
                    principal={"Service": "events.amazonaws.com"},
                )
            ),
            region=GLOBAL_REGION,
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-root-user-alarm",
            rule=rule.name,
            arn=topic.arn,
            input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(
                input_paths={
                    "account": "$.account",
                    "address": "$.detail.sourceIPAddress",
                    "event": "$.detail.eventName",
                    "time": "$.time",
                },
                input_template=json.dumps(
                    f"The root user of {self._args.company}-{self._args.stack} (<account>) did <event> "
                    "from <address> at <time>."
                ),
            ),
            region=GLOBAL_REGION,
            opts=self._child,
        )
        return topic.arn

    def _budget(self) -> None:
        """The account's month; in ops, which pays for all, only its own part."""
        billing = [self._args.contacts.billing.email]
        aws.budgets.Budget(
            f"{self._name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(self._args.monthly_budget_usd),
            limit_unit="USD",
            cost_filters=[
                aws.budgets.BudgetCostFilterArgs(name="LinkedAccount", values=[self._args.account_id]),
            ],
            notifications=budget_notifications(billing),
            opts=self._child,
        )

    def _regional_defaults(self, region: str) -> None:
        # The guardrails let nobody lift them, so what the program no longer declares, it only forgets.
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        aws.ebs.EncryptionByDefault(f"{self._name}-ebs-encryption-{region}", enabled=True, region=region, opts=kept)
        aws.ebs.SnapshotBlockPublicAccess(
            f"{self._name}-snapshots-{region}", state="block-all-sharing", region=region, opts=kept
        )
        aws.ec2.ImageBlockPublicAccess(
            f"{self._name}-images-{region}", state="block-new-sharing", region=region, opts=kept
        )
        aws.ec2.InstanceMetadataDefaults(
            f"{self._name}-imds-{region}",
            http_tokens="required",
            http_put_response_hop_limit=1,
            region=region,
            opts=kept,
        )
        # The default VPC stays, since some consoles miss it, and lets nothing in or out.
        vpc = aws.ec2.DefaultVpc(f"{self._name}-default-vpc-{region}", region=region, opts=self._child)
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-sg-{region}",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            region=region,
            opts=self._child,
        )
        aws.ec2.DefaultNetworkAcl(
            f"{self._name}-default-acl-{region}",
            default_network_acl_id=vpc.default_network_acl_id,
            ingress=[],
            egress=[],
            region=region,
            # AWS associates the default subnets with it, which would read as a change.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnetIds"]),
        )
        aws.accessanalyzer.Analyzer(
            f"{self._name}-access-analyzer-{region}",
            analyzer_name="account",
            type="ACCOUNT",
            region=region,
            opts=kept,
        )


@dataclass(frozen=True, kw_only=True)
class _Role:
    role: str
    arn: pulumi.Output[str]


def budget_notifications(emails: Sequence[str]) -> list[aws.budgets.BudgetNotificationArgs]:
    """Mails at 80 and 100 percent of the budget, and when the forecast reaches 100."""
    return [
        aws.budgets.BudgetNotificationArgs(
            comparison_operator="GREATER_THAN",
            notification_type=kind,
            threshold=threshold,
            threshold_type="PERCENTAGE",
            subscriber_email_addresses=emails,
        )
        for kind, threshold in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
    ]
