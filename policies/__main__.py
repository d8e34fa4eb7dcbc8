"""The pack as the engine runs it: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path


def serve() -> None:
    """Answers the engine's questions until it has no more."""
    # The engine starts the pack with its own folder in front; the rules are imported from the project's, as elsewhere.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from pulumi_policy import PolicyPack

    from policies import exemptions, pack

    PolicyPack("slipway", policies=pack.policies(exemptions.load()))


serve()
