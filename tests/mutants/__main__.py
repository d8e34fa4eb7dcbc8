"""Changes the program in a sample of small ways, one at a time, and counts the changes that a test notices.

    make mutants                           # half an hour on two processors; goes on where it was ended
    make mutants ARGS="--again"            # once tests have changed: tries what survived again
    make mutants ARGS="--fresh --size 40"  # from the start, another number

Survivors that are known, with a reason each, are in survivors.yaml. Ends with 1 when too few are killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import yaml

from tests.mutants.concerned import Concerned, measure
from tests.mutants.mutants import PACKAGES, Mutant, sample
from tests.mutants.workcopy import ROOT, WorkCopy, snapshot

SIZE = 320
SEED = "slipway"
LIMIT = 0.92  # of those that are not equivalent
# CPU seconds of tests for one mutant, as measured file by file; together they share the plans, and take less.
BUDGET = 240.0
AT_ONCE = 2

TESTS = ("tests/unit", "tests/iam")
SESSION = ROOT / ".mutants"
RESULTS = SESSION / "results.jsonl"
SURVIVORS = Path(__file__).with_name("survivors.yaml")

T = TypeVar("T")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=SIZE, help=f"how many mutants; {SIZE} unless said")
    parser.add_argument("--seed", default=SEED, help="chooses another sample")
    parser.add_argument("--again", action="store_true", help="try the survivors again")
    parser.add_argument("--fresh", action="store_true", help="forget all results")
    options = parser.parse_args()
    if options.fresh:
        shutil.rmtree(SESSION, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="slipway-mutants-") as folder:
        original = Path(folder) / "original"
        snapshot(original)
        mutants = sample(original, options.size, options.seed)
        known = _results()
        retried = ("survived",) if options.again else ()
        waiting = [mutant for mutant in mutants if known.get(mutant.key) in (None, *retried)]
        if waiting:
            copies = [WorkCopy(original, Path(folder) / str(number)) for number in range(AT_ONCE)]
            concerned = _concerned(original, copies)
            _each(copies, waiting, lambda copy, mutant: _try(copy, mutant, concerned))
    return _report(mutants, _results())


def _each(copies: Sequence[WorkCopy], items: Iterable[T], work: Callable[[WorkCopy, T], str]) -> None:
    """Does the work for each item in whichever copy is free, and says what came of it."""
    free: queue.SimpleQueue[WorkCopy] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def one(item: T) -> None:
        copy, started = free.get(), time.monotonic()
        try:
            done = work(copy, item)
            print(f"{time.monotonic() - started:4.0f} s  {done}", flush=True)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        for _ in pool.map(one, items):
            pass  # raises what it raised


def _concerned(original: Path, copies: Sequence[WorkCopy]) -> Concerned:
    """What the tests run; measured where the program or the file of tests has changed since it was."""
    folder = SESSION / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    program = [file.read_bytes() for package in PACKAGES for file in sorted((original / package).rglob("*.py"))]
    reports: dict[str, Path] = {}
    for path in sorted(path for tests in TESTS for path in (original / tests).glob("test_*.py")):
        state = hashlib.sha256(b"".join([*program, path.read_bytes()])).hexdigest()[:16]
        reports[str(path.relative_to(original))] = folder / f"{path.stem}-{state}.json"

    def one(copy: WorkCopy, file: str) -> str:
        with tempfile.TemporaryDirectory(dir=SESSION) as data:
            measured = measure(copy, file, Path(data))
        failed.extend(measured["failed"])
        if not measured["failed"]:
            reports[file].write_text(json.dumps(measured))
        return f"measured  {file}"

    failed: list[str] = []
    _each(copies, [file for file, report in reports.items() if not report.exists()], one)
    if failed:
        raise SystemExit(f"These tests fail without any mutant: {' '.join(failed)}")
    return Concerned.of(json.loads(report.read_text()) for report in reports.values())


def _try(copy: WorkCopy, mutant: Mutant, concerned: Concerned) -> str:
    (copy.folder / mutant.file).write_text(mutant.code())
    code, output, run = 0, "", []
    for tests in concerned.tests(mutant, BUDGET):
        if tests and not code:
            run += tests
            code, output = copy.pytest("--exitfirst", *tests, cpu_seconds=int(BUDGET))
    copy.restore()
    result = {
        "mutant": mutant.key,
        "outcome": "survived" if code == 0 else "too slow" if code < 0 else "killed",
        "tests": run,
        "output": output[-2000:],
    }
    with RESULTS.open("a") as file:
        file.write(f"{json.dumps(result)}\n")
    return f"{result['outcome']:8}  {mutant.key}"


def _results() -> dict[str, str]:
    """The last outcome of each mutant."""
    if not RESULTS.exists():
        return {}
    return {result["mutant"]: result["outcome"] for result in map(json.loads, RESULTS.read_text().splitlines())}


def _report(mutants: Sequence[Mutant], outcomes: Mapping[str, str]) -> int:
    reasons = yaml.safe_load(SURVIVORS.read_text())
    equivalent, accepted = reasons["equivalent"] or {}, reasons["accepted"] or {}
    survived = [mutant.key for mutant in mutants if outcomes[mutant.key] == "survived"]
    print()
    for package in PACKAGES:
        of_package = [mutant for mutant in mutants if mutant.file.startswith(f"{package}/")]
        killed = sum(outcomes[mutant.key] != "survived" for mutant in of_package)
        print(f"{package:12} {killed:4} of {len(of_package):4} killed")
    for title, keys in (
        ("Equivalent: nothing could notice them", [key for key in survived if key in equivalent]),
        ("Survived, for a reason", [key for key in survived if key in accepted]),
        ("Survived", [key for key in survived if key not in equivalent and key not in accepted]),
    ):
        if keys:
            print(f"\n{title} ({len(keys)})")
            for key in keys:
                reason = equivalent.get(key) or accepted.get(key)
                print(f"  {key}" + (f"\n      {reason}" if reason else ""))
    if killed_yet := sorted({*equivalent, *accepted} & {key for key, said in outcomes.items() if said != "survived"}):
        print("\nKilled, though survivors.yaml lists them:", *killed_yet, sep="\n  ")
    killed = len(mutants) - len(survived)
    counted = len(mutants) - sum(key in equivalent for key in survived)
    slow = sum(outcomes[mutant.key] == "too slow" for mutant in mutants)
    print(f"\n{killed} of {len(mutants)} killed ({killed / len(mutants):.1%}), {slow} of them by never ending")
    print(f"{killed} of the {counted} that are not equivalent: {killed / counted:.1%}; the limit is {LIMIT:.0%}")
    return 0 if killed / counted >= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
