"""The compositions: what each stack is made of."""

import components as components  # before the first import of an SDK
