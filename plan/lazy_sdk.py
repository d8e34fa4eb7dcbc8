"""Imports a huge Pulumi SDK class by class, for the offline plan: the program that touches the cloud imports it whole.

    from plan import lazy_sdk

    lazy_sdk.install("pulumi_datadog")  # before the first import of the package

    import pulumi_datadog as datadog  # as ever: type checkers and readers see the real package

`import pulumi_datadog` runs all of its 240 modules and defines 16,104 classes of inputs and outputs, most of
them for dashboard widgets. A program with a provider, a monitor, an objective, a dashboard as JSON and an AWS
integration needs 80. On Pulumi's mocks it takes 0.3 s of CPU and 54 MiB with this loader and 5.0 s and 239 MiB
without; Pulumi alone takes 0.2 s and 44 MiB. (Whole processes, medians of 5, pulumi-datadog 5.17.0, with bytecode.)

`pulumi_aws` imports a service when it is first used, and then all of it: a web ACL alone defines 1,196 classes, every
statement in every other. It, and every package directly in a package that is installed here, is as lazy.

Nothing of the SDK is copied or generated. Its `__init__` runs without the star imports of its modules, and a
module is imported when one of its names is first used. `_inputs` and `outputs`, which hold the classes,
define a class when it is first used, from bytecode that Python keeps for each. An SDK of another layout is
imported whole, with a warning.
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

__all__ = ["install"]

# What pulumi-language-python writes. A class of another shape is not found, which `__all__` gives away.
_STAR_IMPORT = re.compile(rb"^from \.(\w+) import \*$", re.MULTILINE)
_EXPORTS = re.compile(rb"^__all__ = \[([^]]*)\]$", re.MULTILINE)
_CLASS = re.compile(rb"\nclass (\w+)(?:\((?:TypedDict|dict)\))?:")
_DECORATORS = (b"\n@pulumi.input_type", b"\n@pulumi.output_type")
_HEAD = 1 << 14  # bytes of a module, in which its `__all__` stands, unless that is very long

_defining = threading.RLock()


def install(package: str) -> None:
    """Makes the first import of `package` lazy; does nothing when it is imported or installed already."""
    installed = any(isinstance(finder, _Finder) and finder.package == package for finder in sys.meta_path)
    if package not in sys.modules and not installed:
        sys.meta_path.insert(0, _Finder(package))


class _UnknownLayoutError(Exception):
    """The SDK is not laid out as this loader expects; the message says where."""


class _Finder(MetaPathFinder):
    """Finds the package, those directly in it, and their modules of classes; all others are found as usual."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._loaders: dict[str, SourceFileLoader] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loader = self._loaders.get(fullname)
        if loader is None and self.package in (fullname, fullname.rpartition(".")[0]):
            spec = PathFinder.find_spec(fullname, path)
            if spec is None or spec.origin is None or spec.submodule_search_locations is None:
                return spec
            loader = _PackageLoader(fullname, spec.origin, self._loaders)
        return spec_from_file_location(fullname, loader.path, loader=loader) if loader else None


def _exports(path: Path) -> list[str]:
    """The names in a module's `__all__`, which is read and not run."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        exports = _EXPORTS.search(head) or _EXPORTS.search(head + file.read())
    if exports is None:
        raise _UnknownLayoutError(f"{path} has no `__all__`")
    return exports[1].decode().split("'")[1::2]


def _run(source: bytes, filename: str, module: ModuleType) -> None:
    """Runs source text in a module, as it would be were it the module's file."""
    exec(compile(source, filename, "exec", dont_inherit=True), vars(module))


class _PackageLoader(SourceFileLoader):
    """Runs the package's own `__init__` without its star imports, which `_Package` makes up for."""

    def __init__(self, package: str, init: str, loaders: dict[str, SourceFileLoader]) -> None:
        super().__init__(package, init)
        self._loaders = loaders  # of all modules of classes that are known

    def exec_module(self, module: ModuleType) -> None:
        try:
            homes = self._homes()
        except (_UnknownLayoutError, OSError) as error:
            warnings.warn(f"{self.name} is imported whole, which is slow: {error}", stacklevel=2)
            homes = {}
        if not homes:
            return super().exec_module(module)
        vars(module)["_homes"] = homes
        module.__class__ = _Package
        _run(_STAR_IMPORT.sub(b"", self.get_data(self.path)), self.path, module)
        return None

    def _homes(self) -> dict[str, str]:
        """The module that each public name is defined in; empty where the package exports no modules."""
        init = Path(self.path)
        modules = [name.decode() for name in _STAR_IMPORT.findall(init.read_bytes())]
        files = [file for name in ("_inputs", "outputs") if modules and (file := init.with_name(f"{name}.py")).exists()]
        if init.with_name("_inputs.py") in files and "_inputs" not in modules:
            raise _UnknownLayoutError(f"{init} has no `from ._inputs import *`")
        classes = {file.stem: _ClassesLoader(f"{self.name}.{file.stem}", str(file)) for file in files}
        homes: dict[str, str] = {}
        for module in modules:
            file = init.with_name(f"{module}.py")
            exports = classes[module].spans if module in classes else _exports(file)
            homes |= dict.fromkeys([module, *exports], module)
        self._loaders.update({loader.name: loader for loader in classes.values()})
        return homes


class _Package(ModuleType):
    """A package that imports a module of its own when one of the module's names is first used."""

    _homes: dict[str, str]  # public name -> the module that defines it

    def __getattr__(self, name: str) -> object:
        if name not in self._homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"{self.__name__}.{self._homes[name]}")
        return getattr(module, name, module)

    def __setattr__(self, name: str, value: object) -> None:
        """Adds a module's names when the import system adds the module, as `from .module import *` does.

        They go over the module's own name: `get_monitor` is the function, not the module that defines it.
        """
        super().__setattr__(name, value)
        if isinstance(value, ModuleType) and name in self._homes:
            vars(self).update({export: getattr(value, export) for export in vars(value).get("__all__", ())})

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._homes})


class _Part(SourceFileLoader):
    """Loads code made from a module's file, and keeps its bytecode: as if it were a file in a folder of that name."""

    def __init__(self, module: SourceFileLoader, name: str) -> None:
        super().__init__(f"{module.name}.{name}", f"{module.path.removesuffix('.py')}/{name}.py")
        self._file = module.path

    def run_in(self, namespace: dict[str, Any]) -> CodeType:
        code = self.get_code(self.name)
        assert code is not None
        exec(code, namespace)
        return code

    def path_stats(self, path: str) -> Mapping[str, Any]:
        return super().path_stats(self._file)

    def get_data(self, path: str) -> bytes:
        return super().get_data(self._file if path == self.path else path)


class _Spans(_Part):
    """The code that says where each class of a module starts and ends."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:
        starts = {match[1].decode(): _start(data, match.start()) for match in _CLASS.finditer(data)}
        if starts.keys() != set(_exports(Path(self._file))):
            raise _UnknownLayoutError(f"{self._file} defines other things than the classes in its `__all__`")
        spans = dict(zip(starts, pairwise([*starts.values(), len(data)]), strict=True))
        return compile(f"spans = {spans}", path, "exec", dont_inherit=True)


def _start(source: bytes, end: int) -> int:
    """Where a class begins whose own line begins at `end`: at its decorator."""
    line = source.rfind(b"\n", 0, end)
    return line if source[line:end] in _DECORATORS else end


class _Class(_Part):
    """The code of one class."""

    def __init__(self, module: _ClassesLoader, name: str) -> None:
        super().__init__(module, name)
        self._start, self._end = module.spans[name]

    def path_stats(self, path: str) -> Mapping[str, Any]:
        return {**super().path_stats(path), "size": self._end - self._start}

    def get_data(self, path: str) -> bytes:
        if path != self.path:
            return super().get_data(path)
        with open(self._file, "rb") as source:
            source.seek(self._start)
            return source.read(self._end - self._start)


class _ClassesLoader(SourceFileLoader):
    """Runs what comes before the classes of `_inputs` or `outputs`; `_Classes` makes up for the rest."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name, path)
        found: dict[str, Any] = {}
        _Spans(self, "_spans").run_in(found)
        self.spans: dict[str, tuple[int, int]] = found["spans"]  # class -> where its source starts and ends, in bytes

    def exec_module(self, module: ModuleType) -> None:
        with open(self.path, "rb") as source:
            header = source.read(next((start for start, _ in self.spans.values()), -1))
        vars(module).update(_loader=self, _named={})
        module.__class__ = _Classes
        _run(_EXPORTS.sub(b"", header), self.path, module)


class _Classes(ModuleType):
    """A module of classes that defines a class when it is first used, and what its annotations name with it.

    Pulumi resolves a class's annotations in the module's `__dict__`, which can only be a plain dictionary: what the
    class names has to be there before. What that names in turn is not asked for until Pulumi looks at it.
    """

    _loader: _ClassesLoader
    _named: dict[str, set[str]]  # class that is defined -> the classes that its annotations name

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            # Whoever wants to resolve annotations has their class at hand; one that is not done yet does it later.
            classes = [one for one in sys._getframe(1).f_locals.values() if isinstance(one, type)]
            names = [one.__name__ for one in classes if one.__module__ == self.__name__ and one.__name__ in self._named]
            if names:
                self._define(*names)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> object:
        if name == "__all__":
            # A module does `from ._inputs import *`, and gets the classes that its annotations name.
            return sorted(self._define(sys._getframe(1).f_code))
        if name not in self._loader.spans:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self._define(name)
        return super().__getattribute__(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._loader.spans})

    def _define(self, *naming: object) -> set[str]:
        """Defines and returns the classes that code or a string names, and defines those that they name."""
        wanted = self._loader.spans.keys() & _strings(naming)
        with _defining:
            self._run(wanted)
            self._run({name for one in wanted for name in self._named[one]})
        return wanted

    def _run(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._named:
                code = _Class(self._loader, name).run_in(vars(self))
                self._named[name] = self._loader.spans.keys() & _strings(code.co_consts)


def _strings(constants: Iterable[object]) -> Iterator[str]:
    """The strings among the constants of code: quoted annotations, those of `Union["A", "B"]` as a tuple."""
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _strings(constant.co_consts)
        elif isinstance(constant, tuple):
            yield from _strings(constant)
