"""The cloud behind the test provider: what exists, every call that was made, and the faults that are still to come.

It lives in the test process, so it outlives each run of the CLI, and a CLI that was killed finds it as it left it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .faults import Fault
from .limits import DELETION_PROTECTION, UNIQUE


@dataclass(frozen=True, kw_only=True)
class Where:
    """The account and region a provider instance works in, and the tags it gives to everything."""

    account: str = "000000000000"
    region: str = "us-east-1"
    default_tags: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Record:
    """One thing that exists: what the provider was given for it and what it answered."""

    urn: str
    token: str
    id: str
    where: Where
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    generation: int  # 0 for the first thing ever made for this URN


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that the engine made, and the error it got, if any."""

    method: str
    token: str
    urn: str
    error: str | None


class CloudError(Exception):
    """What the cloud answers instead of doing as it was told."""


@dataclass
class Cloud:
    """Everything that exists, by (account, token, id). All methods may be called from any thread."""

    records: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)  # faults that calls met, by kind
    waiting: list[Fault] = field(default_factory=list)  # faults whose delay has begun
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _generations: Counter[str] = field(default_factory=Counter)

    def inject(self, *faults: Fault) -> None:
        """Let calls fail, or wait, from now on."""
        with self._lock:
            self.faults.extend(faults)

    def strike(self, method: str, token: str, urn: str, *, after: bool = False) -> Fault | None:
        """The fault that this call meets, used up by one; its delay is waited for here."""
        with self._lock:
            fault = next((f for f in self.faults if f.meets(method, token, urn, after=after)), None)
            if fault is None:
                return None
            fault.times -= 1
            if fault.error is not None:
                self.struck[fault.kind] += 1
        if fault.delay:
            self.waiting.append(fault)
            time.sleep(fault.delay)
        return fault

    def log(self, method: str, token: str, urn: str, error: str | None) -> None:
        with self._lock:
            self.calls.append(Call(method=method, token=token, urn=urn, error=error))

    def generation(self, urn: str) -> int:
        """How many things were made for this URN so far."""
        with self._lock:
            return self._generations[urn]

    def create(self, make: Callable[[], Record]) -> Record:
        """Keep what `make` returns, if nothing that exists stands in its way."""
        with self._lock:
            record = make()
            self._refuse_a_double(record)
            key = (record.where.account, record.token, record.id)
            if key in self.records:
                raise CloudError(f"AlreadyExists: {record.token} {record.id} exists already")
            self._generations[record.urn] += 1
            self.records[key] = record
            return record

    def get(self, account: str, token: str, id_: str) -> Record | None:
        with self._lock:
            return self.records.get((account, token, id_))

    def update(self, record: Record, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        with self._lock:
            record.inputs, record.outputs = inputs, outputs

    def delete(self, account: str, token: str, id_: str) -> None:
        """Forget it. Deleting what is not there succeeds, as in the real providers."""
        with self._lock:
            self.records.pop((account, token, id_), None)

    def lift_deletion_protection(self) -> None:
        """What an operator does in AWS before a destroy."""
        with self._lock:
            for record in self.records.values():
                if (protection := DELETION_PROTECTION.get(record.token)) is not None:
                    record.outputs[protection] = False

    def of(self, token: str) -> list[Record]:
        """What exists of one type, by URN."""
        with self._lock:
            return sorted((r for r in self.records.values() if r.token == token), key=lambda r: r.urn)

    def created(self, urn: str) -> int:
        """How often something was made for this URN."""
        return self.generation(urn)

    def count(self, method: str, *, failed: bool = False) -> int:
        """How many calls of a method succeeded (or failed)."""
        with self._lock:
            return sum(call.method == method and (call.error is not None) == failed for call in self.calls)

    def _refuse_a_double(self, record: Record) -> None:
        if (properties := UNIQUE.get(record.token)) is None:
            return
        key = [record.outputs.get(name) for name in properties]
        for other in self.records.values():
            if (
                other.token == record.token
                and other.where.account == record.where.account
                and other.where.region == record.where.region
                and [other.outputs.get(name) for name in properties] == key
            ):
                given = ", ".join(f"{name} {value}" for name, value in zip(properties, key, strict=True))
                raise CloudError(f"AlreadyExists: a {record.token} with {given} exists already ({other.urn})")
