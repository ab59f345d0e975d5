"""The shop's clock. Domain code takes a time as argument; this is where that time comes from.

`LAOKE_NOW` (or `--now`) sets it: `2018-10-31 12:00` starts there and runs on, `=2018-10-31 12:00` stands still.
A demo shop may have a clock of its own that people turn forward; it is kept in a file beside the ledger, so that pages,
worker and gateway agree, and goes away with the first real shop.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from laoke.shops.open_files import read_text, remove, swap

DEMO_CLOCK = "demo-clock.json"


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
    """The clock that `LAOKE_NOW` asks for, else the demo shop's own, else the real one."""
    wish = os.environ.get("LAOKE_NOW", "")
    if wish:
        return parse_clock(wish, zone)
    return _demo_clock(Path(os.environ.get("LAOKE_HOME") or "data"), zone) or Clock(zone)


def _demo_clock(home: Path, zone: str) -> Clock | None:
    try:
        kept = json.loads(read_text(home / DEMO_CLOCK))
        return Clock(zone, datetime.fromisoformat(kept["start"]), False, float(kept["at"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None


def set_demo_clock(home: Path, start: datetime, at: float) -> None:
    """Let the demo shop's time be `start` at the real moment `at` (seconds since 1970) and run on from there."""
    path = home / DEMO_CLOCK
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"start": start.isoformat(), "at": at}), encoding="utf-8")
    swap(fresh, path)


def clear_demo_clock(home: Path) -> None:
    """Real time again."""
    remove(home / DEMO_CLOCK)


def live_now(zone: str = "Asia/Shanghai") -> datetime:
    """The time at this moment; unlike a kept Clock it follows when somebody turns the demo shop's clock."""
    return clock_from_env(zone).now()
