"""When a message may go: windows of the day, the way out of them, and the next moment inside (RULES 1.5).

Marketing keeps to the shop's window (08:00-20:00, to be moved to 21:00 at most) and to the gateway's. A
later hour, up to 22:00, needs a gateway that allows it and an `Override` that names a role and a reason.
Notices only keep quiet at night.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.issues import Issue, Severity, error, warning
from laoke.dispatch.text.window import DAY, Window

Kind = Literal["marketing", "notice"]

HARD_STOP = 21 * 60
OVERRIDE_STOP = 22 * 60
OVERRIDE_ROLES = ("owner", "operator")


SHOP_MARKETING = Window(8 * 60, 20 * 60)
NOTICE = Window(8 * 60, 22 * 60)


@dataclass(frozen=True)
class Override:
    """A signed exception for late hours: who, in which role, and why."""

    role: str
    reason: str


@dataclass(frozen=True)
class Hours:
    """The marketing windows that meet: the gateway's, the shop's setting, and that of the shop's account there."""

    gateway: str
    gateway_marketing: Window
    shop: Window = SHOP_MARKETING
    account: Window | None = None

    def __post_init__(self) -> None:
        if self.shop.end > HARD_STOP:
            raise ValueError(f"a shop's own window ends at 21:00 at the latest, found {self.shop}")

    def widest(self) -> Window | None:
        """What the gateway and its account allow, at most until 22:00, whatever is signed."""
        window: Window | None = Window(0, OVERRIDE_STOP).shared_with(self.gateway_marketing)
        return window.shared_with(self.account) if window and self.account else window

    def usual(self) -> Window | None:
        """What is allowed without an override."""
        widest = self.widest()
        return widest.shared_with(self.shop) if widest else None


def hours_of(gateway: str, *, shop: Window = SHOP_MARKETING, account: Window | None = None) -> Hours:
    """The hours of a gateway by its name, with the shop's and the account's own windows."""
    return Hours(gateway, rules_of(gateway).marketing, shop, account)


def allowed_window(kind: Kind, hours: Hours, override: Override | None = None) -> Window | None:
    """The part of a day in which such a message may go; None when there is none. Notices only rest at night."""
    if kind == "notice":
        return NOTICE
    usual, widest = hours.usual(), hours.widest()
    if usual and widest and override and not check_override(override):
        return Window(usual.start, widest.end)
    return usual


def check_override(override: Override) -> list[Issue]:
    """An override names a role that may sign it, and a reason."""
    found = []
    if override.role not in OVERRIDE_ROLES:
        found.append(error("override_role", role=override.role, roles=list(OVERRIDE_ROLES)))
    if not override.reason.strip():
        found.append(error("override_reason"))
    return found


def check_window(
    kind: Kind, start: datetime, end: datetime, hours: Hours, override: Override | None = None
) -> list[Issue]:
    """Whether a round planned from `start` to `end` (shop's local time) keeps to the hours.

    A round of one day must lie inside the window: `outside_hours` proposes the same length inside it, and
    `override_possible` says whether a signature would do. A round of several days is sent in each day's
    window: it is only refused when none of its time is allowed, otherwise `pauses_outside_hours` says
    when it rests.
    """
    if end <= start:
        return [error("window_empty", start=start, end=end)]
    found = check_override(override) if override else []
    window = allowed_window(kind, hours, override)
    if window is None:
        return [*found, error("no_hours", gateway=hours.gateway)]
    if _inside(window, start, end):
        return found + _signed(kind, start, end, hours, override)
    if not _one_day(start, end) and _has_time(window, start, end):
        return [*found, Issue("pauses_outside_hours", Severity.NOTE, {"window": str(window)})]
    return [*found, _outside(kind, start, end, hours, window)]


def _outside(kind: Kind, start: datetime, end: datetime, hours: Hours, window: Window) -> Issue:
    first, last = propose(start, end, window)
    widest = hours.widest()
    return error(
        "outside_hours",
        kind=kind,
        gateway=hours.gateway,
        window=str(window),
        start=start,
        end=end,
        proposed_start=first,
        proposed_end=last,
        override_possible=kind == "marketing"
        and widest is not None
        and start >= _at(start.date(), window.start)
        and end <= _at(start.date(), widest.end),
    )


def _signed(
    kind: Kind, start: datetime, end: datetime, hours: Hours, override: Override | None
) -> list[Issue]:
    usual = hours.usual()
    if kind == "notice" or override is None or (usual and _inside(usual, start, end)):
        return []
    return [warning("late_by_override", role=override.role, reason=override.reason.strip())]


def propose(start: datetime, end: datetime, window: Window) -> tuple[datetime, datetime]:
    """The nearest stretch of the same length inside the window on the day of `start`; shorter when it
    does not fit.

    20:00-22:00 in a window until 20:00 becomes 18:00-20:00.
    """
    length = min(end - start, timedelta(minutes=window.end - window.start))
    opens, closes = _at(start.date(), window.start), _at(start.date(), window.end)
    first = min(max(start, opens), closes - length)
    return first, first + length


def next_allowed(
    now: datetime, kind: Kind, hours: Hours, override: Override | None = None, *, urgent: bool = False
) -> datetime | None:
    """The first moment from `now` on at which such a message may go; None when no hour is allowed.

    `urgent` is for notices that may not wait for the morning, such as a parcel laid into a locker.
    """
    if urgent and kind == "notice":
        return now
    window = allowed_window(kind, hours, override)
    if window is None:
        return None
    opens = _at(now.date(), window.start)
    if now < opens:
        return opens
    return now if now in window else opens + timedelta(days=1)


def _inside(window: Window, start: datetime, end: datetime) -> bool:
    day = start.date()
    return _at(day, window.start) <= start and end <= _at(day, window.end)


def _one_day(start: datetime, end: datetime) -> bool:
    return end <= _at(start.date(), DAY)


def _has_time(window: Window, start: datetime, end: datetime) -> bool:
    day = start.date()
    while _at(day, window.start) < end:
        if max(start, _at(day, window.start)) < min(end, _at(day, window.end)):
            return True
        day += timedelta(days=1)
    return False


def _at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minutes)
