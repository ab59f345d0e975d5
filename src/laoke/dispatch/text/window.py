"""A part of a day, in whole minutes."""

from dataclasses import dataclass
from datetime import datetime, time

DAY = 24 * 60


@dataclass(frozen=True)
class Window:
    """Part of a day in minutes since midnight; `start` is inside, `end` is not."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY:
            raise ValueError(f"a window lies within one day and is not empty, found {self.start}-{self.end}")

    @classmethod
    def of(cls, start: time, end: time) -> "Window":
        """From two times of the clock; an end of 00:00 means midnight at the end of the day."""
        return cls(_minutes(start), _minutes(end) or DAY)

    def shared_with(self, other: "Window") -> "Window | None":
        """The part that both contain, None when there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, datetime) and self.start <= _minutes(moment.time()) < self.end

    def __str__(self) -> str:
        return f"{_clock(self.start)}–{_clock(self.end)}"


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
