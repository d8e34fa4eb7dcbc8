import json

from components.compute.image_cache import ImageCache
from tests.cloud import Cloud


def test_docker_hub_is_cached_with_its_credential(cloud: Cloud) -> None:
    cloud.deploy(lambda: ImageCache("images"))
    assert cloud.one("aws:ecr/pullThroughCacheRule:PullThroughCacheRule") == {
        "credentialArn": "${images-credential.arn}",
        "ecrRepositoryPrefix": "docker-hub",
        "upstreamRegistryUrl": "registry-1.docker.io",
    }


def test_the_credential_is_protected_and_holds_no_value(cloud: Cloud) -> None:
    cloud.deploy(lambda: ImageCache("images"))
    secret = cloud.get("aws:secretsmanager/secret:Secret")
    assert secret.protect
    assert secret.inputs["name"] == "ecr-pullthroughcache/docker-hub"
    assert cloud.all("aws:secretsmanager/secretVersion:SecretVersion") == []


def test_no_repository_of_the_cache_grows_for_ever(cloud: Cloud) -> None:
    cloud.deploy(lambda: ImageCache("images"))
    template = cloud.one("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate")
    assert (template["prefix"], template["appliedFors"]) == ("docker-hub", ["PULL_THROUGH_CACHE"])
    (rule,) = json.loads(template["lifecyclePolicy"])["rules"]
    assert rule["selection"] == {"countNumber": 100, "countType": "imageCountMoreThan", "tagStatus": "any"}
