"""Measures what a plan costs, as ratios of two things measured in turn in one run; ends with 1 when a limit is missed.

    make bench                # about ten minutes
    make bench ARGS=--quick   # one pair of each, to see that it runs

A ratio is the median of the pairs' ratios, so a machine that is busy for a while disturbs both sides of a pair alike.
Each measurement is a process of its own, from its start to its end, that writes the plan to a pipe.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import preview
from benchmarks.diff import changed_service, forget_plans
from benchmarks.project import generate
from tests.projects import ROOT, project

FEW, MANY = 20, 1000  # services
MEMORY_GIB = 1.5
FEW_MEMORY_MIB = 350

# What the same services take elsewhere: see synth.js. npm puts it beside this file, where git does not look.
CDK = ("aws-cdk-lib@2.276.0", "constructs@10")
CDK_FOLDER = ROOT / "benchmarks" / "node_modules"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One line of the table."""

    what: str
    figures: str
    value: float
    limit: float | None  # None: for information
    unit: str = "x"

    @property
    def kept(self) -> bool:
        return self.limit is None or self.value <= self.limit


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one pair of each instead of five (of the largest: two)")
    quick: bool = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        verdicts = []
        for verdict in _verdicts(Path(folder), pairs=1 if quick else 5, large_pairs=1 if quick else 2):
            verdicts.append(verdict)
            _show(verdict)
    missed = [verdict.what for verdict in verdicts if not verdict.kept]
    print(f"\n{'missed: ' + '; '.join(missed) if missed else 'every limit is kept'}")
    return 1 if missed else 0


def _verdicts(folder: Path, *, pairs: int, large_pairs: int) -> Iterator[Verdict]:
    plan = _plan("prod")
    resources = _resources(plan)
    counts = _counts(resources)
    _show_title(f"plan prod: {len(resources)} resources, as {counts['aws']} of AWS and {counts['datadog']} of Datadog")
    bare = [sys.executable, "-c", _BARE, str(counts["aws"]), str(counts["datadog"])]
    yield _compare("plan prod / bare program", plan, bare, pairs, limit=1.3)
    lean = [sys.executable, "-c", _LEAN + _BARE, str(counts["aws"]), str(counts["datadog"])]
    yield _compare("  the same, bare program with lazy SDKs and no collector", plan, lean, pairs, limit=None)

    yield _compare("plan --all / plan prod", _plan("--all"), plan, pairs, limit=1.6)

    changed = folder / "changed"
    diff = changed_service(changed)
    _seconds(diff)  # plans the base
    yield _compare("diff of one service, all stacks / plan --all", diff, _plan("--all"), pairs, limit=1.6)
    cold = functools.partial(forget_plans, changed)
    yield _compare("  the same, base not planned yet", diff, _plan("--all"), pairs, limit=None, before=cold)

    if shutil.which("pulumi"):
        with preview.unchanged("stage", folder / "preview") as real:
            yield _compare("real preview of stage, no change / plan stage", real, _plan("stage"), pairs, limit=None)
    else:
        print("  real preview of stage, no change / plan stage: not measured, because pulumi is not on the PATH")

    few, many = folder / "few", folder / "many"
    generate(few, FEW)
    generate(many, MANY)
    small, large = _plan("prod", few), _plan("prod", many)
    per = len(_resources(small)) / len(_resources(large))
    _show_title(f"{FEW} services: {len(_resources(small))} resources; {MANY}: {len(_resources(large))}")
    if shutil.which("node") and shutil.which("npm"):
        synth = ["node", str(ROOT / "benchmarks" / "synth.js"), str(FEW), str(folder / "cdk.out")]
        _install_cdk()
        _seconds(synth)  # what node caches is there, as it is for the plan
        yield _compare(f"plan of {FEW} services / CDK synth of {FEW}", small, synth, pairs, limit=0.65)
    else:
        print(f"  plan of {FEW} services / CDK synth of {FEW}: not measured, because node or npm is not on the PATH")
    yield Verdict(
        what=f"memory of {FEW} services, all processes",
        figures="",
        value=_peak_mib(small),
        limit=FEW_MEMORY_MIB,
        unit=" MiB",
    )
    yield _compare(
        f"a resource of {MANY} services / of {FEW}",
        large,
        small,
        large_pairs,
        limit=1.2,
        weigh=lambda ratio: ratio * per,
    )
    yield Verdict(
        what=f"memory of {MANY} services, all processes",
        figures="",
        value=_peak_mib(large) / 1024,
        limit=MEMORY_GIB,
        unit=" GiB",
    )


def _compare(
    what: str,
    command: Sequence[str],
    base: Sequence[str],
    pairs: int,
    *,
    limit: float | None,
    weigh: Callable[[float], float] = lambda ratio: ratio,
    before: Callable[[], None] = lambda: None,
) -> Verdict:
    """`before` is done ahead of each run of `command`, and not measured."""
    measured = []
    for _ in range(pairs):
        before()
        measured.append((_seconds(command), _seconds(base)))
    first, second = (statistics.median(side) for side in zip(*measured, strict=True))
    return Verdict(
        what=what,
        figures=f"{first:.2f} s / {second:.2f} s",
        value=weigh(statistics.median(one / other for one, other in measured)),
        limit=limit,
    )


# Measuring -----------------------------------------------------------------------------------------------------------


def _plan(*arguments: str | Path) -> list[str]:
    stack, *root = map(str, arguments)
    return [sys.executable, "-m", "slipway", "plan", stack, "--root", *(root or [str(project().root)])]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - start


def _install_cdk() -> None:
    """What is there already stays; no lock file, because nothing but this measurement uses it."""
    command = ["npm", "install", "--prefix", str(CDK_FOLDER.parent), "--no-package-lock", "--no-save", "--no-audit"]
    done = subprocess.run([*command, "--no-fund", *CDK], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"npm could not install {' '.join(CDK)}:\n{done.stderr.strip()}")


def _resources(plan: Sequence[str]) -> list[str]:
    """The types of a plan's resources; also compiles and caches all that the measurements will read."""
    output = subprocess.run([*plan, "--json"], cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, check=True)
    return [resource["type"] for resource in json.loads(output.stdout)["resources"] if resource["custom"]]


def _counts(types: Sequence[str]) -> dict[str, int]:
    datadog = sum(type_.startswith("datadog:") for type_ in types)
    return {"aws": len(types) - datadog, "datadog": datadog}


def _peak_mib(command: Sequence[str]) -> float:
    """The most memory that a process and its children held at one time, shared pages counted once (Linux's PSS)."""
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, start_new_session=True)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, sum(_pss_kib(member) for member in _session(process.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return peak / 1024


def _session(leader: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == leader:
                    members.append(int(entry.name))
            except OSError:  # it has just ended
                continue
    return members


def _pss_kib(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it has just ended
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


# The bare program: what anyone would write to register resources on Pulumi's mocks.
_BARE = """
import sys
import pulumi, pulumi_aws as aws, pulumi_datadog as datadog

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return f"{args.name}-id", args.inputs

    def call(self, args):
        return {}

pulumi.runtime.set_mocks(Mocks(), project="bare", stack="prod", preview=False)

@pulumi.runtime.test
def program():
    for number in range(int(sys.argv[1])):
        aws.ec2.SecurityGroup(f"group-{number}", description="plain", vpc_id="vpc-1")
    for number in range(int(sys.argv[2])):
        datadog.Monitor(f"monitor-{number}", name="plain", type="query alert", message="plain", query="plain")

program()
"""

# With the same economies as the plan has: what is left is what the plan itself costs.
_LEAN = """
import gc
gc.disable()
from plan import lazy_sdk
lazy_sdk.install("pulumi_aws")
lazy_sdk.install("pulumi_datadog")
"""


# The table -----------------------------------------------------------------------------------------------------------


def _show_title(title: str) -> None:
    print(f"\n{title}", flush=True)


def _show(verdict: Verdict) -> None:
    limit = "" if verdict.limit is None else f"limit {verdict.limit}{verdict.unit}"
    word = "" if verdict.limit is None else "kept" if verdict.kept else "MISSED"
    value = f"{verdict.value:.2f}{verdict.unit}"
    print(f"  {verdict.what:<58}  {verdict.figures:>19}  {value:>9}  {limit:<14}  {word}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
