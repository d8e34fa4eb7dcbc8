"""The ComponentResources by area, one a file, named as its class."""

import lazy_sdk

# Here, so that it precedes the first import of the SDKs wherever that is.
lazy_sdk.install("pulumi_aws")
lazy_sdk.install("pulumi_datadog")
