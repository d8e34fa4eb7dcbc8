"""The pack as the engine runs it: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path


def serve() -> None:
    """Answers the engine's questions until it has no more."""
    # The engine starts the pack with its own folder in front; the rules are imported from the project's, as elsewhere.
    project = Path(__file__).parents[1]
    sys.path[0] = str(project)
    from pulumi_policy import PolicyPack

    from config.errors import ConfigError
    from policies import exceptions, pack

    try:
        PolicyPack("slipway", policies=pack.policies(exceptions.load(project)))
    except ConfigError as error:
        sys.exit(str(error))


serve()
