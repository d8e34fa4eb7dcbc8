"""What AWS's ReadOnlyAccess grants beyond configuration, and some roles must not have."""

from __future__ import annotations

from components.security.iam import Statement, deny
from components.security.names import BASTION_PEOPLE, state_bucket_name

DATA_READS = (
    "athena:GetQueryResults*",
    "cassandra:Select",
    "codeartifact:GetAuthorizationToken",
    "codecommit:GetBlob",
    "codecommit:GetFile",
    "codecommit:GetFolder",
    "codecommit:GitPull",
    "cognito-identity:GetCredentialsForIdentity",
    "cognito-identity:GetOpenIdToken*",
    "connect:GetFederationToken",
    "dax:BatchGetItem",
    "dax:GetItem",
    "dax:Query",
    "dax:Scan",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "ec2:GetConsoleOutput",
    "ec2:GetConsoleScreenshot",
    "ec2:GetPasswordData",
    "es:ESHttpGet",
    "glacier:GetJobOutput",
    "kendra:Query",
    "kinesis:GetRecords",
    "mediastore:GetObject",
    "rds:DownloadCompleteDBLogFile",
    "rds:DownloadDBLogFilePortion",
    "s3-object-lambda:GetObject",
    "s3-object-lambda:GetObjectVersion",
    "s3-outposts:GetObject",
    "s3tables:GetTableData",
    "s3vectors:GetVectors",
    "s3vectors:QueryVectors",
    "sdb:Select",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
    "ssm:GetCommandInvocation",
)
"""The company's and its customers' data, and credentials."""

STORE_READS = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)
"""Likewise. Excepted are Pulumi's state, which the bucket's policy guards, and parameters that hold no secret."""

LOG_READS = (
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "logs:StartLiveTail",
    "logs:StartQuery",
)


def no_data(company: str, ops_account_id: str, *more: str) -> list[Statement]:
    """Takes the reading of data, and `more` actions, but for Pulumi's state and AWS's public parameters."""
    return [
        deny("NoData", [*DATA_READS, *more], "*"),
        deny(
            "NoObjectsAndParameters",
            STORE_READS,
            not_resources=[
                f"arn:aws:s3:::{state_bucket_name(company, ops_account_id)}/*",
                "arn:aws:ssm:*::parameter/aws/*",
                f"arn:aws:ssm:*:*:parameter{BASTION_PEOPLE}",
            ],
        ),
    ]
