"""What a check found: a code, how bad it is, and the parameters its sentence needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses, a warning lets pass after it was seen, a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Issue:
    """One finding; `messages.say` turns it into a sentence."""

    code: str
    severity: Severity = Severity.ERROR
    params: Mapping[str, object] = field(default_factory=dict)


def error(code: str, **params: object) -> Issue:
    """A finding that refuses."""
    return Issue(code, Severity.ERROR, params)


def warning(code: str, **params: object) -> Issue:
    """A finding that should be read."""
    return Issue(code, Severity.WARNING, params)


def refused(issues: Iterable[Issue]) -> bool:
    """Whether any finding is an error."""
    return any(issue.severity is Severity.ERROR for issue in issues)
