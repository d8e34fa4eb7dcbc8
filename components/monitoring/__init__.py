"""Datadog: agents, monitors, dashboards, SLOs."""
