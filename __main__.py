"""The program: settings in, one stack declared, exports out."""

import gc
from pathlib import Path

import pulumi

import config
from stacks.environment import environment
from stacks.ops import ops

# Next to nothing of what a program declares is ever garbage, and looking for it takes a quarter of the time.
gc.set_threshold(50_000)
settings = config.load(Path(__file__).parent, stack=pulumi.get_stack())
exports = ops(settings) if isinstance(settings, config.OpsSettings) else environment(settings)
for name, value in exports.items():
    pulumi.export(name, value)
