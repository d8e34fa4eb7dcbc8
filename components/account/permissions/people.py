"""The roles of people: administrator, developer and read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.account.permissions.data import no_data
from components.security import names
from components.security.iam import Statement, allow, deny, role_arn


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """What a role of people may do, by purpose."""

    managed: Mapping[str, str]
    """Names of AWS's own policies."""
    own: Mapping[str, Sequence[Statement]]


def people_permissions(
    role: str, *, account_id: str, company: str, ops_account_id: str, regions: Sequence[str]
) -> Permissions:
    """The same whether people come as users of ops or by IAM Identity Center."""
    look = {"look": "ReadOnlyAccess"}
    match role:
        case names.ADMINISTRATOR:
            return Permissions(managed={"all": "AdministratorAccess"}, own={})
        case names.DEVELOPER:
            support = {"support": "AWSSupportAccess"}
            return Permissions(managed=look | support, own={"operate": developer(account_id, regions)})
        case names.READ_ONLY:
            return Permissions(managed=look, own={"no-data": no_data(company, ops_account_id)})
        case _:
            raise ValueError(f"people have no role {role!r}")


def developer(account_id: str, regions: Sequence[str]) -> list[Statement]:
    """What a developer can do beside ReadOnlyAccess: operate what runs. What stays is a pull request."""
    tasks = [f"arn:aws:ecs:{region}:{account_id}:task/*" for region in regions]
    return [
        allow(
            "ExecIntoTasks",
            "ecs:ExecuteCommand",
            [
                arn
                for region in regions
                for arn in (
                    f"arn:aws:ecs:{region}:{account_id}:cluster/*",
                    f"arn:aws:ecs:{region}:{account_id}:task/*",
                )
            ],
        ),
        allow("RestartTasks", "ecs:StopTask", tasks),
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        allow(
            "RunTasks",
            "ecs:RunTask",
            [f"arn:aws:ecs:{region}:{account_id}:task-definition/*" for region in regions],
        ),
        # The agent's task is the host's: its processes, its Docker socket.
        deny("NotOnHosts", "ecs:RunTask", f"arn:aws:ecs:*:{account_id}:task-definition/*-datadog-agent:*"),
        # The roles of services, whose containers are open to developers anyway; none else trusts ECS's tasks.
        allow(
            "PassServicesRoles",
            "iam:PassRole",
            [role_arn(account_id, f"*-{use}-*") for use in ("execution", "task")],
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        allow("TagTasks", "ecs:TagResource", tasks, {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
        allow(
            "OpenSessions",
            "ssm:StartSession",
            [
                arn
                for region in regions
                for arn in (
                    f"arn:aws:ec2:{region}:{account_id}:instance/*",
                    f"arn:aws:ecs:{region}:{account_id}:task/*",
                    f"arn:aws:ssm:{region}:{account_id}:document/SSM-SessionManagerRunShell",
                    f"arn:aws:ssm:{region}::document/AWS-StartPortForwardingSession",
                    f"arn:aws:ssm:{region}::document/AWS-StartPortForwardingSessionToRemoteHost",
                    f"arn:aws:ssm:{region}::document/AWS-StartSSHSession",
                )
            ],
        ),
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html
        allow(
            "EndOwnSessions",
            ["ssm:ResumeSession", "ssm:TerminateSession"],
            [f"arn:aws:ssm:{region}:{account_id}:session/*" for region in regions],
            {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}},
        ),
    ]
