"""The faults that can be injected, and what AWS and the network say when they happen."""

from __future__ import annotations

from dataclasses import dataclass

MESSAGES = {
    "denied": "api error AccessDeniedException: User is not authorized to perform this action",
    "throttled": "exceeded maximum number of attempts, 25, api error ThrottlingException: Rate exceeded",
    "timed out": "timeout while waiting for state to become 'ACTIVE' (last state: 'PENDING', timeout: 10m0s)",
    "expired": "api error ExpiredToken: The security token included in the request is expired",
}


@dataclass(kw_only=True)
class Fault:
    """Makes matching calls fail or wait: those of one method, of one type or one URN (or of any), so many times.

    `error` is a key of MESSAGES, or None for a delay alone. `after` lets the cloud do its part first: the thing then
    exists, and the engine is told that it did not become ready (partial creation).
    """

    error: str | None
    method: str = "Create"
    token: str | None = None
    urn: str | None = None
    times: int = 1
    delay: float = 0.0  # seconds
    after: bool = False

    @property
    def kind(self) -> str:
        return f"{self.error}, half done" if self.after else f"{self.error}"

    @property
    def message(self) -> str:
        return MESSAGES[self.error] if self.error else ""

    def meets(self, method: str, token: str, urn: str, *, after: bool) -> bool:
        return (
            self.times > 0
            and self.method == method
            and self.after == after
            and self.token in (None, token)
            and self.urn in (None, urn)
        )
