"""All mutants of the program, by mutmut's operators, and a sample of them.

mutmut's own runner changes the bodies of functions alone, and runs the tests that it saw call them in its own process.
Here much of the program is read when a module is imported (models, tables, decorated rules), and much of the rest runs
only in the processes that evaluate plans. So a mutant is a whole changed file, as mutmut's operators make it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import NEVER_MUTATE_FUNCTION_CALLS, deep_replace
from mutmut.mutation.mutators import mutation_operators, operator_string

PACKAGES = ("config", "components", "stacks", "plan", "policies")

# What the providers replace, by their source: a test of this table could only be the table again.
TABLES = ("plan/force_new.py",)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one file."""

    file: str  # relative to the repository
    function: str  # Class.method, or "module"
    operator: str
    change: str  # of the smallest expression or statement
    lines: range  # from the start of its statement to its own
    module: cst.Module
    node: cst.CSTNode
    mutated: cst.CSTNode

    @property
    def key(self) -> str:
        """Says which one it is for as long as its own text stays, wherever that moves in the file."""
        return f"{self.file} {self.function} [{self.operator}] {self.change}"

    def code(self) -> str:
        """The whole file as it is changed."""
        return cst.ensure_type(deep_replace(self.module, self.node, self.mutated), cst.Module).code


def sample(root: Path, size: int, seed: str) -> list[Mutant]:
    """So many mutants, from each package in proportion to what it has.

    Each mutant has its place by the seed and its own key, so a change of one file changes nothing of the others' part.
    """
    by_package = {package: list(_of_package(root, package)) for package in PACKAGES}
    total = sum(map(len, by_package.values()))
    chosen: list[Mutant] = []
    for mutants in by_package.values():
        mutants.sort(key=lambda mutant: hashlib.sha256(f"{seed} {mutant.key}".encode()).digest())
        chosen += mutants[: -(-size * len(mutants) // total)]
    return chosen


def _of_package(root: Path, package: str) -> Iterator[Mutant]:
    for file in sorted(str(path.relative_to(root)) for path in (root / package).rglob("*.py")):
        if file not in TABLES:
            yield from mutants_of(file, (root / file).read_text())


def mutants_of(file: str, code: str) -> Iterator[Mutant]:
    """Each change that an operator makes of a file."""
    visitor = _Visitor()
    module = MetadataWrapper(cst.parse_module(code), unsafe_skip_copy=True).visit(visitor)
    seen: Counter[str] = Counter()
    for found in visitor.found:
        change = _change(module.code_for_node(found.node), module.code_for_node(found.mutated))
        alike = f"{found.function} {found.operator} {change}"
        seen[alike] += 1
        yield Mutant(
            file=file,
            function=found.function or "module",
            operator=found.operator,
            change=change if seen[alike] == 1 else f"{change} (number {seen[alike]})",
            lines=found.lines,
            module=module,
            node=found.node,
            mutated=found.mutated,
        )


@dataclass(frozen=True, kw_only=True)
class _Found:
    node: cst.CSTNode
    mutated: cst.CSTNode
    operator: str
    function: str
    lines: range


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.found: list[_Found] = []
        self._names: list[str] = []
        self._statements: list[int] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_left_alone(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
        position = self.get_metadata(PositionProvider, node, None)
        if position and isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
            self._statements.append(position.start.line)
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                # Of a string the first, which adds to it: the others change its case, which tells less.
                for mutated in islice(operator(node), 1 if operator is operator_string else None):
                    end = position.start.line if position else self._statements[-1]
                    self.found.append(
                        _Found(
                            node=node,
                            mutated=mutated,
                            operator=operator.__name__.removeprefix("operator_"),
                            function=".".join(self._names),
                            lines=range(self._statements[-1], end + 1),
                        )
                    )
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if _is_left_alone(original_node):
            return
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()
        if isinstance(original_node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
            self._statements.pop()


def _is_left_alone(node: cst.CSTNode) -> bool:
    """Types and docstrings change nothing, of decorators it is `frozen` and the like, and some calls can but raise."""
    match node:
        case cst.Annotation() | cst.Decorator() | cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
        case cst.Call(func=cst.Name(value=name)):
            return name in NEVER_MUTATE_FUNCTION_CALLS
        case _:
            return False


def _change(old: str, new: str) -> str:
    """`old -> new` without the words at both ends that are the same."""
    before, after = old.split(), new.split()
    while len(before) > 1 and len(after) > 1 and before[-1] == after[-1]:
        before.pop(), after.pop()
    while len(before) > 1 and len(after) > 1 and before[0] == after[0]:
        before.pop(0), after.pop(0)
    return f"{' '.join(before)} -> {' '.join(after)}"
