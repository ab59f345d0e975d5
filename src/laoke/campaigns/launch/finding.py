"""One thing that speaks against a launch, and whether somebody signed for it as it stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from laoke.campaigns.launch.rules import RULES, Rule, Severity


@dataclass(frozen=True)
class Finding:
    """What a rule found of one subject (`offer:12`, `sheet:3`, `page`, `campaign`).

    params    what its sentence says: amounts as `…_cents`, counts, names
    rests_on  plain data of everything that the rule read, so that a signature is for exactly this state
    """

    code: str
    subject: str
    params: Mapping[str, Any] = field(default_factory=dict)
    rests_on: Any = None

    @property
    def rule(self) -> Rule:
        return RULES[self.code]

    @property
    def severity(self) -> Severity:
        return self.rule.severity

    @property
    def state(self) -> str:
        """A digest of what was checked: it changes when anything does that the rule read."""
        read = [self.code, self.subject, self.params, self.rests_on]
        text = json.dumps(read, ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Signed:
    """A signature for one finding in one state: who, in which role, why, when (as text)."""

    code: str
    subject: str
    state: str
    by: str
    role: str
    reason: str
    at: str
    number: int = 0


@dataclass(frozen=True)
class Weighed:
    """All findings with their signatures; `lapsed` are those whose subject is no longer what was signed for."""

    findings: tuple[tuple[Finding, Signed | None], ...]
    lapsed: tuple[Signed, ...] = ()

    @property
    def blocks(self) -> list[Finding]:
        """What forbids the launch and nobody signed for."""
        return [one for one, signed in self.findings if one.severity == "block" and signed is None]

    @property
    def signed(self) -> list[tuple[Finding, Signed]]:
        """What would forbid it, had not somebody signed."""
        return [(one, signed) for one, signed in self.findings if signed is not None]

    @property
    def warnings(self) -> list[Finding]:
        """What should be read."""
        return [one for one, _ in self.findings if one.severity == "warn"]


def weigh(findings: Sequence[Finding], signatures: Iterable[Signed]) -> Weighed:
    """Lay signatures beside findings: only a block needs one, and only one for exactly its state counts."""
    given = list(signatures)
    by_state = {one.state: one for one in given}
    found = tuple((one, by_state.get(one.state) if one.severity == "block" else None) for one in findings)
    used = {signed.number for _, signed in found if signed is not None}
    return Weighed(found, tuple(one for one in given if one.number not in used))
