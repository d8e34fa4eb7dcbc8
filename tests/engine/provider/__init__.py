"""A test provider for aws and datadog: Pulumi's provider protocol in front of a cloud that lives in the test."""
