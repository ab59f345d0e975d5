"""The shop's clock. Domain code takes a time as argument; this is where that time comes from.

`LAOKE_NOW` (or `--now`) sets it: `2018-10-31 12:00` starts there and runs on, `=2018-10-31 12:00` stands still.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Clock:
    """Local time of a shop without zone, to the microsecond."""

    zone: str = "Asia/Shanghai"
    start: datetime | None = None
    frozen: bool = False
    started_at: float = 0.0

    def now(self) -> datetime:
        if self.start is None:
            return datetime.now(ZoneInfo(self.zone)).replace(tzinfo=None)
        if self.frozen:
            return self.start
        return self.start + timedelta(seconds=time.time() - self.started_at)

    def today(self) -> date:
        return self.now().date()


# One start for the whole process: two clocks made a second apart must not disagree.
_PROCESS_START = time.time()


def parse_clock(text: str, zone: str = "Asia/Shanghai") -> Clock:
    """Read `LAOKE_NOW`; empty gives the real clock.

    Raises
    ------
    ValueError
        when the text is no date or date with time.
    """
    if not text:
        return Clock(zone)
    frozen = text.startswith("=")
    # A running clock started in another process goes on from that start, not from this one.
    value, _, origin = text.removeprefix("=").partition("@")
    return Clock(
        zone, datetime.fromisoformat(value.strip()), frozen, float(origin) if origin else _PROCESS_START
    )


def clock_from_env(zone: str = "Asia/Shanghai") -> Clock:
    """The clock that `LAOKE_NOW` asks for."""
    return parse_clock(os.environ.get("LAOKE_NOW", ""), zone)
