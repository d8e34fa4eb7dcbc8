"""Slipway's configuration: models, loading and checks. Knows nothing of Pulumi's resources."""

from config.errors import ConfigError, Problem
from config.estate import Estate, read
from config.load import load
from config.settings import EnvironmentSettings, OpsSettings

__all__ = ["ConfigError", "EnvironmentSettings", "Estate", "OpsSettings", "Problem", "load", "read"]
