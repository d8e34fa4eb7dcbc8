"""Where Pulumi's command line is missing: what is not run is counted, and how to run it is said, in the last lines."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.projects import ROOT


def test_what_needs_the_engine_is_skipped_and_counted_in_the_last_lines() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "tests/engine/test_providers.py", "tests/engine/test_recovery.py"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": str(Path(sys.executable).parent)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    *_, said, total = done.stdout.splitlines()
    skipped = re.fullmatch(r"(\d+) skipped in .*", total)
    assert skipped is not None and int(skipped[1]) > 5
    assert said == (
        f"{skipped[1]} tests skipped: the Pulumi CLI is not on the PATH; "
        "get it (https://www.pulumi.com/docs/iac/download-install/), then: make test-engine"
    )
