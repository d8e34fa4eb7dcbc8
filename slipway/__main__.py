"""`python -m slipway`, the same as the installed `slipway` command."""

from slipway.cli import app

app(prog_name="slipway")
