import pytest

from components.image_cache import ImageCache, cached_image
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


ECR = "111111111111.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("repository", "version", "image"),
    [
        ("acme/gateway", "4.12.0", f"{ECR}/docker-hub/acme/gateway:4.12.0"),
        ("nginx", "1.29", f"{ECR}/docker-hub/library/nginx:1.29"),
        ("acme/gateway", "sha256:" + "a" * 64, f"{ECR}/docker-hub/acme/gateway@sha256:{'a' * 64}"),
        ("ghcr.io/acme/gateway", "1", "ghcr.io/acme/gateway:1"),
        ("registry:5000/gateway", "1", "registry:5000/gateway:1"),
    ],
)
def test_image_to_pull(repository: str, version: str, image: str) -> None:
    assert cached_image(repository, version, account_id="111111111111", region="us-east-1") == image
