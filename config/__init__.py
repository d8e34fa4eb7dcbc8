"""Slipway's configuration: models, loading and checks. Knows nothing of Pulumi's resources."""

from config.errors import ConfigError, Problem
from config.load import load, read_platform
from config.settings import EnvironmentSettings, OpsSettings

__all__ = ["ConfigError", "EnvironmentSettings", "OpsSettings", "Problem", "load", "read_platform"]
