import pytest

from components.compute.image_reference import ecr_image, own_image, public_image

OPS, HERE = "111111111111", "333333333333"
DIGEST = f"sha256:{'a' * 64}"
CACHE = f"{HERE}.dkr.ecr.us-east-1.amazonaws.com/docker-hub"


@pytest.mark.parametrize(
    ("repository", "version", "image"),
    [
        ("acme/gateway", "4.12.0", f"{CACHE}/acme/gateway:4.12.0"),
        ("nginx", "1.29", f"{CACHE}/library/nginx:1.29"),
        ("acme/gateway", DIGEST, f"{CACHE}/acme/gateway@{DIGEST}"),
        ("ghcr.io/acme/gateway", "1", "ghcr.io/acme/gateway:1"),
        ("registry:5000/gateway", "1", "registry:5000/gateway:1"),
    ],
)
def test_docker_hub_is_pulled_by_way_of_the_cache_and_others_as_they_are(
    repository: str, version: str, image: str
) -> None:
    assert public_image(repository, version, account_id=HERE, region="us-east-1") == image


@pytest.mark.parametrize(("version", "separator"), [("4.12.0", ":"), (DIGEST, "@")])
def test_the_companys_own_stand_under_their_names(version: str, separator: str) -> None:
    image = own_image("acme/gateway", version, account_id=OPS, region="eu-west-1")
    assert image == f"{OPS}.dkr.ecr.eu-west-1.amazonaws.com/acme/gateway{separator}{version}"


@pytest.mark.parametrize("version", ["4.12.0", DIGEST])
def test_a_reference_of_ecr_says_whose_and_where_it_is(version: str) -> None:
    own = ecr_image(own_image("acme/gateway", version, account_id=OPS, region="us-east-1"))
    cached = ecr_image(public_image("acme/gateway", version, account_id=HERE, region="us-east-1"))
    assert own and cached
    assert (own.repository_arn, own.version, own.upstream) == (
        f"arn:aws:ecr:us-east-1:{OPS}:repository/acme/gateway",
        version,
        None,
    )
    assert (cached.repository_arn, cached.version, cached.upstream) == (
        f"arn:aws:ecr:us-east-1:{HERE}:repository/docker-hub/acme/gateway",
        version,
        "acme/gateway",
    )


@pytest.mark.parametrize("reference", ["acme/gateway:4.12.0", "ghcr.io/acme/gateway:1", "public.ecr.aws/x/y:1"])
def test_other_registries_are_not_ecr(reference: str) -> None:
    assert ecr_image(reference) is None
