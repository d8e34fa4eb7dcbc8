import base64
import json
import subprocess

import pytest

from components.compute.ecs_cluster import EcsCluster, user_data
from tests.cloud import Cloud
from tests.unit.examples import a_cluster

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def test_cluster_has_the_name_that_people_type_and_container_insights(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster()))
    assert cloud.one("aws:ecs/cluster:Cluster") == {
        "name": "api",
        "settings": [{"name": "containerInsights", "value": "enhanced"}],
    }


def test_hosts_boot_the_pinned_release_of_their_architecture(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(instance_type="m7g.large")))
    template = cloud.one(TEMPLATE)
    assert template["instanceType"] == "m7g.large"
    assert template["imageId"] == (
        "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/"
        "al2023-ami-ecs-hvm-2023.0.20261110-kernel-6.1-arm64/image_id"
    )


def test_hosts_keep_their_credentials_from_tasks_and_encrypt_their_disk(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(disk_gib=80)))
    template = cloud.one(TEMPLATE)
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpPutResponseHopLimit": 1,
        "httpTokens": "required",
    }
    assert template["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/xvda",
            "ebs": {
                "deleteOnTermination": "true",
                "encrypted": "true",
                "volumeSize": 80,
                "volumeType": "gp3",
            },
        }
    ]
    assert template["vpcSecurityGroupIds"] == ["api-hosts-id"]
    assert [s["resourceType"] for s in template["tagSpecifications"]] == ["instance", "volume"]


def test_user_data_joins_the_cluster(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster()))
    script = base64.b64decode(cloud.one(TEMPLATE)["userData"]).decode()
    assert "\nECS_CLUSTER=api\n" in script
    assert "\nECS_RESERVED_MEMORY=128\n" in script


@pytest.mark.parametrize("judge", [["bash", "-n"], ["shellcheck", "--shell=bash"]], ids=["bash", "shellcheck"])
def test_user_data_is_a_sound_script(judge: list[str]) -> None:
    checked = subprocess.run(
        [*judge, "/dev/stdin"], input=user_data("api", 640), text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_group_rolls_hosts_out_without_taking_capacity_away(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(instances={"min": 3, "max": 9})))
    group = cloud.get(GROUP)
    assert group.inputs["minSize"] == 3
    assert group.inputs["maxSize"] == 9
    assert group.inputs["launchTemplate"] == {"id": "api-hosts-id", "version": "${api-hosts.latestVersion}"}
    assert group.inputs["instanceRefresh"] == {
        "strategy": "Rolling",
        "preferences": {
            "instanceWarmup": "120",
            "maxHealthyPercentage": 110,
            "minHealthyPercentage": 100,
            "scaleInProtectedInstances": "Refresh",
            "skipMatching": True,
        },
    }
    assert group.inputs["tags"] == [{"key": "AmazonECSManaged", "propagateAtLaunch": True, "value": "true"}]
    assert group.ignore_changes == ("desiredCapacity",)


def test_capacity_provider_scales_and_drains(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster()))
    assert cloud.one("aws:ecs/capacityProvider:CapacityProvider") == {
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": "${api-hosts.arn}",
            "managedDraining": "ENABLED",
            "managedScaling": {"instanceWarmupPeriod": 120, "status": "ENABLED", "targetCapacity": 100},
            "managedTerminationProtection": "DISABLED",
        }
    }
    assert cloud.one("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders") == {
        "capacityProviders": ["${api-hosts.name}"],
        "clusterName": "api",
        "defaultCapacityProviderStrategies": [{"capacityProvider": "${api-hosts.name}", "weight": 1}],
    }


def test_host_role_is_for_ec2_and_has_ecs_and_session_manager(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster()))
    document = json.loads(cloud.one("aws:iam/role:Role")["assumeRolePolicy"])
    assert [s["Principal"] for s in document["Statement"]] == [{"Service": "ec2.amazonaws.com"}]
    assert [r.inputs["policyArn"] for r in cloud.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")] == [
        "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    ]


@pytest.mark.parametrize(("public", "balancers"), [(False, [True]), (True, [True, False])])
def test_a_public_balancer_stands_where_there_are_public_services(
    cloud: Cloud, public: bool, balancers: list[bool]
) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(public=public)))
    assert [r.inputs["internal"] for r in cloud.all("aws:lb/loadBalancer:LoadBalancer")] == balancers


def test_only_the_public_balancer_is_open_to_the_world(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(public=True)))
    rules = cloud.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    world = {r.name for r in rules if r.inputs.get("cidrIpv4") == "0.0.0.0/0" or r.inputs.get("cidrIpv6") == "::/0"}
    assert world == {f"api-public-from-clients-{port}{family}" for port in (80, 443) for family in ("", "-ipv6")}
    for rule in rules:
        assert sum(key in rule.inputs for key in ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId")) == 1


def test_a_second_balancer_leaves_the_first_as_it_is(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(public=True)))
    before = {r.urn: r for r in cloud.resources}
    after = Cloud()
    args = a_cluster(public=True, internal_balancers=2)
    after.deploy(lambda: EcsCluster("api", args))
    assert {urn: r for urn, r in before.items() if r not in after.resources} == {}
    added = [r for r in after.resources if r.urn not in before]
    assert {r.name.removeprefix("api-internal2").removeprefix("-") for r in added} >= {"", "http", "https"}
    assert all(r.name.startswith("api-internal2") for r in added)


def test_balancers_log_and_public_ones_stand_behind_the_firewall(cloud: Cloud) -> None:
    args = a_cluster(
        public=True,
        access_logs_bucket="logs",
        web_acl_arn="acl-arn",
        prewarm={"public": 300},
    )
    cloud.deploy(lambda: EcsCluster("api", args))
    balancers = {r.name: r.inputs for r in cloud.all("aws:lb/loadBalancer:LoadBalancer")}
    assert {name: inputs["accessLogs"]["bucket"] for name, inputs in balancers.items()} == {
        "api-internal": "logs",
        "api-public": "logs",
    }
    assert "minimumLoadBalancerCapacity" not in balancers["api-internal"]
    assert balancers["api-public"]["minimumLoadBalancerCapacity"] == {"capacityUnits": 300}
    assert cloud.one("aws:wafv2/webAclAssociation:WebAclAssociation") == {
        "resourceArn": "${api-public.arn}",
        "webAclArn": "acl-arn",
    }


def test_ecs_exec_is_recorded_and_the_record_encrypted(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster(log_key_arn="key-arn", log_retention_days=365)))
    assert cloud.one("aws:cloudwatch/logGroup:LogGroup") == {
        "kmsKeyId": "key-arn",
        "name": "/ecs-exec/api",
        "retentionInDays": 365,
    }
    assert cloud.one("aws:ecs/cluster:Cluster")["configuration"] == {
        "executeCommandConfiguration": {
            "logConfiguration": {
                "cloudWatchEncryptionEnabled": True,
                "cloudWatchLogGroupName": "/ecs-exec/api",
            },
            "logging": "OVERRIDE",
        }
    }


def test_hosts_of_several_types_and_spot(cloud: Cloud) -> None:
    args = a_cluster(instance_type="m7i.large", more_families=["m6i", "m7a"], spot_percent=70)
    cloud.deploy(lambda: EcsCluster("api", args))
    group = cloud.one(GROUP)
    assert "launchTemplate" not in group
    assert group["capacityRebalance"] is True
    assert group["mixedInstancesPolicy"] == {
        "instancesDistribution": {
            "onDemandAllocationStrategy": "prioritized",
            "onDemandBaseCapacity": 0,
            "onDemandPercentageAboveBaseCapacity": 30,
            "spotAllocationStrategy": "price-capacity-optimized",
        },
        "launchTemplate": {
            "launchTemplateSpecification": {
                "launchTemplateId": "api-hosts-id",
                "version": "${api-hosts.latestVersion}",
            },
            "overrides": [
                {"instanceType": "m7i.large"},
                {"instanceType": "m6i.large"},
                {"instanceType": "m7a.large"},
            ],
        },
    }


def test_hosts_of_one_type_have_no_mixed_policy(cloud: Cloud) -> None:
    cloud.deploy(lambda: EcsCluster("api", a_cluster()))
    assert not {"mixedInstancesPolicy", "capacityRebalance"} & cloud.one(GROUP).keys()


def test_nobody_wakes_a_cluster_that_sleeps(cloud: Cloud) -> None:
    night = {"start": "0 20 * * *", "end": "0 7 * * *"}
    cloud.deploy(lambda: EcsCluster("api", a_cluster(night=night)))
    assert cloud.get(GROUP).ignore_changes == ("desiredCapacity", "maxSize", "minSize")


def test_a_cluster_sleeps_at_night(cloud: Cloud) -> None:
    night = {"start": "0 20 * * *", "end": "0 7 * * MON-FRI", "time_zone": "Europe/Berlin"}
    cloud.deploy(lambda: EcsCluster("api", a_cluster(instances={"min": 2, "max": 4}, night=night)))
    schedules = {r.name: r.inputs for r in cloud.all("aws:autoscaling/schedule:Schedule")}
    always = {"autoscalingGroupName": "${api-hosts.name}", "timeZone": "Europe/Berlin"}
    assert schedules == {
        "api-night": always
        | {
            "desiredCapacity": 0,
            "maxSize": 0,
            "minSize": 0,
            "recurrence": "0 20 * * *",
            "scheduledActionName": "night",
        },
        "api-morning": always
        | {
            "desiredCapacity": 2,
            "maxSize": 4,
            "minSize": 2,
            "recurrence": "0 7 * * MON-FRI",
            "scheduledActionName": "morning",
        },
    }
