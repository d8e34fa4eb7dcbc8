"""What all tests share."""

import os
import sys
from pathlib import Path

import pytest

from tests.cloud import Cloud

# An Output in an f-string would print its memory address; let it raise instead.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
# Tools such as shellcheck are installed beside the interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()
