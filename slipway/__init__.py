"""The `slipway` command: reads and judges the platform program from outside. The program never imports it."""
