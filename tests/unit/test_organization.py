import json
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime import mocks

from components.account.guardrails import service_control_policies
from components.account.organization import Organization, OrganizationArgs
from config.platform import Account
from tests.cloud import Cloud


class CloudWithRoot(Cloud):
    """Knows that an organization's root is in a list, and that what is adopted keeps its id."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ == "aws:organizations/organization:Organization":
            outputs["roots"] = [{"id": "r-root"}]
        return args.resource_id or id_, outputs


@pytest.fixture
def cloud() -> Cloud:
    return CloudWithRoot()


def an_account(id_: str, environment: str, *, adopt: bool = False) -> Account:
    return Account(id=id_, email=f"aws+{environment}@acme.example", monthly_budget_usd=1000, adopt=adopt)


def an_organization(**changes: Any) -> OrganizationArgs:
    return replace(
        OrganizationArgs(
            company="acme",
            members={
                "dev": an_account("222222222222", "dev"),
                "stage": an_account("333333333333", "stage"),
                "prod": an_account("444444444444", "prod"),
            },
            production=["prod"],
            allowed_regions=["eu-west-1", "us-east-1"],
            monthly_budget_usd=17000,
            billing_email="finance@acme.example",
        ),
        **changes,
    )


def declared(cloud: Cloud, **changes: Any) -> Cloud:
    cloud.deploy(lambda: Organization("organization", an_organization(**changes)))
    return cloud


def test_organization_has_all_features(cloud: Cloud) -> None:
    organization = declared(cloud).get("aws:organizations/organization:Organization")
    assert organization.protect
    assert organization.inputs == {
        "featureSet": "ALL",
        "enabledPolicyTypes": ["SERVICE_CONTROL_POLICY", "TAG_POLICY"],
        "awsServiceAccessPrincipals": [
            "access-analyzer.amazonaws.com",
            "cloudtrail.amazonaws.com",
            "config.amazonaws.com",
            "guardduty.amazonaws.com",
            "iam.amazonaws.com",
            "malware-protection.guardduty.amazonaws.com",
            "securityhub.amazonaws.com",
            "sso.amazonaws.com",
            "tagpolicies.tag.amazonaws.com",
        ],
    }


@pytest.mark.parametrize(
    ("stack", "unit"), [("dev", "nonproduction"), ("stage", "nonproduction"), ("prod", "production")]
)
def test_accounts_are_kept_by_a_destroy(cloud: Cloud, stack: str, unit: str) -> None:
    account = declared(cloud).get("aws:organizations/account:Account", f"organization-{stack}")
    assert account.protect
    assert account.inputs == {
        "name": f"acme-{stack}",
        "email": f"aws+{stack}@acme.example",
        "parentId": f"organization-{unit}-id",
        "closeOnDeletion": False,
    }


def test_units_are_at_the_root_and_kept(cloud: Cloud) -> None:
    units = declared(cloud).all("aws:organizations/organizationalUnit:OrganizationalUnit")
    assert [(unit.inputs, unit.protect) for unit in units] == [
        ({"name": "nonproduction", "parentId": "r-root"}, True),
        ({"name": "production", "parentId": "r-root"}, True),
    ]


def test_an_existing_account_is_adopted_by_its_id(cloud: Cloud) -> None:
    members = {"dev": an_account("222222222222", "dev", adopt=True)}
    declared(cloud, members=members)
    account = cloud.get("aws:organizations/account:Account", "organization-dev")
    # Its name, unit and tags are another's until it is adopted, and an import with a difference fails.
    assert set(account.ignore_changes) == {
        *("closeOnDeletion", "createGovcloud", "iamUserAccessToBilling", "name", "roleName"),
        *("parentId", "tags", "tagsAll"),
    }
    (component,) = cloud.all("slipway:organization:Organization")
    assert cloud.outputs[component.urn]["account_ids"] == {"dev": "222222222222"}


def test_guardrails_bind_every_account_from_the_root(cloud: Cloud) -> None:
    declared(cloud)
    policies = {policy.inputs["name"]: policy for policy in cloud.all("aws:organizations/policy:Policy")}
    assert {name: policy.inputs["type"] for name, policy in policies.items()} == {
        "accounts": "SERVICE_CONTROL_POLICY",
        "defaults": "SERVICE_CONTROL_POLICY",
        "detection": "SERVICE_CONTROL_POLICY",
        "regions": "SERVICE_CONTROL_POLICY",
        "tags": "TAG_POLICY",
    }
    attachments = cloud.all("aws:organizations/policyAttachment:PolicyAttachment")
    assert [attachment.inputs for attachment in attachments] == [
        {"policyId": f"organization-{name}-policy-id", "targetId": "r-root"} for name in sorted(policies)
    ]


@pytest.mark.parametrize("name", ["accounts", "defaults", "detection", "regions"])
def test_guardrails_are_no_longer_than_aws_takes(cloud: Cloud, name: str) -> None:
    declared(cloud, allowed_regions=[f"ap-southeast-{number}" for number in range(1, 10)])
    content = cloud.one("aws:organizations/policy:Policy", f"organization-{name}-policy")["content"]
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    assert len(content) <= 5120
    assert all(statement["Effect"] == "Deny" for statement in json.loads(content)["Statement"])


@pytest.mark.parametrize("allowed", [["eu-west-1"], ["eu-west-1", "us-east-1"]])
def test_other_regions_are_closed_but_for_global_services(allowed: list[str]) -> None:
    elsewhere, *there = service_control_policies(allowed)["regions"]
    assert elsewhere["Condition"] == {
        "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]},
    }
    assert {"iam:*", "organizations:*", "route53:*", "sts:*", "support:*"} <= set(elsewhere["NotAction"])
    assert not {"ec2:*", "ecs:*", "kms:*", "s3:*", "*"} & set(elsewhere["NotAction"])
    # The global region is open for no more than global services and the account's defaults, unless it is allowed.
    assert [(s["Condition"], {"ec2:*", "ecs:*", "s3:*", "*"} & set(s["NotAction"])) for s in there] == (
        [] if "us-east-1" in allowed else [({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, set())]
    )


def test_guardrails_are_five_at_most_with_the_one_that_aws_attaches() -> None:
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    assert len(service_control_policies(["eu-west-1"])) <= 4


def test_tag_policy_knows_every_stack(cloud: Cloud) -> None:
    declared(cloud)
    policy = json.loads(cloud.one("aws:organizations/policy:Policy", "organization-tags-policy")["content"])
    assert policy["tags"]["env"] == {
        "tag_key": {"@@assign": "env"},
        "tag_value": {"@@assign": ["ops", "dev", "stage", "prod"]},
    }
    assert set(policy["tags"]) == {"env", "service", "owner"}


def test_root_users_of_members_are_managed_from_here(cloud: Cloud) -> None:
    features = declared(cloud).get("aws:iam/organizationsFeatures:OrganizationsFeatures")
    assert features.inputs == {"enabledFeatures": ["RootCredentialsManagement", "RootSessions"]}
    assert cloud.get("aws:organizations/organization:Organization").urn in features.dependencies


def test_one_budget_for_all_accounts(cloud: Cloud) -> None:
    budget = declared(cloud).one("aws:budgets/budget:Budget")
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("17000", "USD", "MONTHLY")
    assert "costFilters" not in budget
    assert [(n["notificationType"], n["threshold"]) for n in budget["notifications"]] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]


def test_cost_anomalies_reach_billing(cloud: Cloud) -> None:
    declared(cloud)
    assert cloud.one("aws:costexplorer/anomalyMonitor:AnomalyMonitor") == {
        "monitorType": "DIMENSIONAL",
        "monitorDimension": "LINKED_ACCOUNT",
    }
    assert cloud.one("aws:costexplorer/anomalySubscription:AnomalySubscription") == {
        "frequency": "DAILY",
        "monitorArnLists": ["${organization-cost-anomalies.arn}"],
        "subscribers": [{"type": "EMAIL", "address": "finance@acme.example"}],
        "thresholdExpression": {
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "matchOptions": ["GREATER_THAN_OR_EQUAL"],
                "values": ["100"],
            }
        },
    }


def test_the_bill_is_split_by_the_tags_that_everything_has(cloud: Cloud) -> None:
    tags = declared(cloud).all("aws:costexplorer/costAllocationTag:CostAllocationTag")
    assert [tag.inputs for tag in tags] == [{"tagKey": key, "status": "Active"} for key in ("env", "owner", "service")]


def test_outputs(cloud: Cloud) -> None:
    declared(cloud)
    (component,) = cloud.all("slipway:organization:Organization")
    assert cloud.outputs[component.urn] == {
        "id": "organization-organization-id",
        "management_account_id": "${organization-organization.masterAccountId}",
        "account_ids": {stack: f"organization-{stack}-id" for stack in ("dev", "stage", "prod")},
    }
