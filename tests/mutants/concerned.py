"""Which tests a line concerns: those that coverage.py sees run it, and of the program those that evaluate plans."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage import CoverageData

from tests.mutants.contexts import SHARED, file_of
from tests.mutants.mutants import PACKAGES, Mutant
from tests.mutants.workcopy import WorkCopy

_EARLY = 3  # files
_IN_PLANS = ("config/", "components/", "stacks/", "plan/")

_SETTINGS = """\
[run]
core = ctrace
include = {include}
omit = */site-packages/*
data_file = {folder}/coverage
"""


def measure(copy: WorkCopy, test_file: str, folder: Path) -> dict[str, Any]:
    """What the tests of one file run: `seconds` of each, those that `failed` or `forked`, `lines`: file, line, tests.

    It has a process of its own: in another, its tests may find what those of other files have made.
    """
    settings = folder / "settings"
    include = ",".join(f"*/{package}/**" for package in PACKAGES)
    settings.write_text(_SETTINGS.format(include=include, folder=folder))
    report = folder / "report"
    plugin = ("-p", "tests.mutants.contexts", "--mutants-report", str(report))
    _, output = copy.pytest(*plugin, test_file, below=("coverage", "run", f"--rcfile={settings}", "-m"))
    if not report.exists():
        raise SystemExit(f"{test_file} does not run:\n{output}")
    lines: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    data = CoverageData(str(folder / "coverage"))
    data.read()
    for measured in data.measured_files():
        if name := _in_repository(measured, copy.folder):
            for line, contexts in data.contexts_by_lineno(measured).items():
                lines[name][line].update(context or f"{test_file}::{SHARED}" for context in contexts)
    sorted_lines = {name: {line: sorted(tests) for line, tests in by_line.items()} for name, by_line in lines.items()}
    return json.loads(report.read_text()) | {"lines": sorted_lines}


def _in_repository(measured: str, root: Path) -> str | None:
    """The file that it is, or that it is a copy of: some tests change copies of the program."""
    parts = Path(measured).parts
    names = ("/".join(parts[index:]) for index in range(len(parts) - 1, 0, -1) if parts[index] in PACKAGES)
    return next((name for name in names if (root / name).is_file()), None)


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """The tests by the lines that they run."""

    lines: Mapping[str, Mapping[int, frozenset[str]]]
    seconds: Mapping[str, float]
    planning: frozenset[str]  # files with tests that evaluate plans

    @classmethod
    def of(cls, measured: Iterable[Mapping[str, Any]]) -> Concerned:
        lines: defaultdict[str, defaultdict[int, frozenset[str]]] = defaultdict(lambda: defaultdict(frozenset))
        seconds: dict[str, float] = {}
        planning: set[str] = set()
        for report in measured:
            seconds |= report["seconds"]
            planning |= set(map(file_of, report["forked"]))
            for file, by_line in report["lines"].items():
                for line, tests in by_line.items():
                    lines[file][int(line)] |= frozenset(tests)
        return cls(lines=lines, seconds=seconds, planning=frozenset(planning))

    def tests(self, mutant: Mutant, budget: float) -> Iterator[list[str]]:
        """The tests to run, within so many seconds; in two parts, as most mutants need only the first few files.

        First those that run the line themselves, file by file, the quickest first. Then the others of these files, as
        their tests may share what one of them has made, and those that evaluate plans: whole files, first those that
        run most of the module themselves, then those with most tests for their time.
        """
        by_line = self.lines[mutant.file]
        reached = next((by_line[line] for line in reversed(mutant.lines) if line in by_line), frozenset())
        direct: defaultdict[str, list[str]] = defaultdict(list)
        for test in reached & self.seconds.keys():
            direct[file_of(test)].append(test)
        whole = {*map(file_of, reached)} | (self.planning if mutant.file.startswith(_IN_PLANS) else set())
        most = self._lines_run(mutant.file)
        ordered: dict[str, None] = {}
        for file in sorted(direct, key=lambda file: (self._sum(direct[file]), file)):
            ordered |= dict.fromkeys(self._by_time(direct[file]))
        of = {file: [test for test in self.seconds if file_of(test) == file] for file in whole}
        for file in sorted(whole, key=lambda file: (-most[file], self._sum(of[file]) / len(of[file]), file)):
            ordered |= dict.fromkeys(self._by_time(of[file]))
        taken: list[str] = []
        for test in ordered:
            budget -= self.seconds[test]
            if budget < 0 and taken:
                break
            taken.append(test)
        early = list(dict.fromkeys(map(file_of, taken)))[:_EARLY]
        yield [test for test in taken if file_of(test) in early]
        yield [test for test in taken if file_of(test) not in early]

    def _lines_run(self, module: str) -> Counter[str]:
        """How many lines of a module the tests of each file run themselves, other than by importing it."""
        return Counter(
            file
            for tests in self.lines[module].values()
            for file in {file_of(test) for test in tests if test in self.seconds}
        )

    def _by_time(self, tests: Iterable[str]) -> list[str]:
        return sorted(tests, key=lambda test: (self.seconds[test], test))

    def _sum(self, tests: Iterable[str]) -> float:
        return sum(self.seconds[test] for test in tests)
