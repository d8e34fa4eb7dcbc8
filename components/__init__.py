"""The ComponentResources by area, one a file, named as its class."""

import gc

# Next to nothing of the SDKs, and of what a program declares, is ever garbage, and looking for it is a quarter of a
# preview's time. Here, so that it precedes the first import of the SDKs wherever that is.
gc.set_threshold(50_000)
