"""The program: settings in, one stack declared, exports out."""

from pathlib import Path

import pulumi

import config
from stacks.environment import environment
from stacks.ops import ops

settings = config.load(Path(__file__).parent, stack=pulumi.get_stack())
exports = ops(settings) if isinstance(settings, config.OpsSettings) else environment(settings)
for name, value in exports.items():
    pulumi.export(name, value)
