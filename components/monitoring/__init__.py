"""Datadog: agents, monitors, dashboards, objectives."""
