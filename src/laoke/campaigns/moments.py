"""Relative times of a playbook: `D-10 17:30` is half past five on the tenth day before the campaign's day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_FORM = re.compile(r"D(?:([+-])(\d{1,3}))? ([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Moment:
    """Days from the campaign's day and a time of that day."""

    days: int
    at: time

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Read `D-10 17:30`, `D 00:00` or `D+1 09:00`.

        Raises
        ------
        ValueError
            when the text has another form.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"时间要写成 D-10 17:30 的样子，不能是 {text!r}")
        sign, days, hour, minute = found.groups()
        return cls(int(days or 0) * (-1 if sign == "-" else 1), time(int(hour), int(minute)))

    def on(self, day: date) -> datetime:
        """This moment around the campaign's day `day`."""
        return datetime.combine(day + timedelta(days=self.days), self.at)
