"""Numbers, money and times as people read them: the one place that knows 万/亿 from K/M/B.

Everything here turns a value into text in the language that is active, or into an `Amount` whose parts a component
lays out. Money comes in as integer cents, shares as 0..1, times as the shop's local time without zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext

# A no-break space: ¥ never stays alone at the end of a line.
NBSP = "\u00a0"
MINUS = "\u2212"
NOTHING = "—"

Number = int | float | Decimal


def _chinese() -> bool:
    return (get_language() or "zh-hans").startswith("zh")


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _round(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _signed(value: Decimal, places: int, *, trim: bool = False) -> str:
    """Grouped digits with a true minus sign; a rounded zero carries no sign."""
    rounded = _round(value, places)
    text = f"{abs(rounded):,f}"
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    return (MINUS if rounded < 0 else "") + text


_STEPS_ZH = ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万"))
_STEPS_EN = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 4, "K"))


def short_parts(value: Number, places: int = 1) -> tuple[str, str]:
    """A number and its unit: 12046 gives ("1.2", "万"), in English ("12", "K"); below 10,000 exact with no unit.

    A value that rounds up to the next unit takes that unit: 99,999,999 is 1亿, not 10,000万.
    """
    number = _decimal(value)
    steps = _STEPS_ZH if _chinese() else _STEPS_EN
    for at, (size, unit) in enumerate(steps):
        scale = Decimal(1000) if unit == "K" else size
        if abs(number) >= size or (at + 1 < len(steps) and _rounds_up(number, steps[at + 1], places, size)):
            return _signed(number / scale, places, trim=True), unit
    whole = number == number.to_integral_value()
    return _signed(number, 0 if whole else 2, trim=True), ""


def _rounds_up(number: Decimal, smaller: tuple[Decimal, str], places: int, size: Decimal) -> bool:
    scale = Decimal(1000) if smaller[1] == "K" else smaller[0]
    return _round(abs(number) / scale, places) * scale >= size


def wan(value: Number | None, places: int = 1) -> str:
    """`1.2万`, `1.2亿`, or the exact number with separators below 10,000."""
    if value is None:
        return NOTHING
    return "".join(short_parts(value, places))


def exact(value: Number | None) -> str:
    """`12,046`; up to two decimals when the number has them."""
    if value is None:
        return NOTHING
    number = _decimal(value)
    if number == number.to_integral_value():
        return _signed(number, 0)
    return _signed(number, 2)


def cents(value: int | None) -> str:
    """Cents as yuan with two decimals and no sign of currency, for table cells: 123450 gives `1,234.50`."""
    if value is None:
        return NOTHING
    return _signed(Decimal(value) / 100, 2)


def yuan(value: int | None) -> str:
    """Cents as money in a sentence, exact: 8900 gives `¥ 89.00`, a loss `−¥ 89.00`."""
    if value is None:
        return NOTHING
    sign = MINUS if value < 0 else ""
    return f"{sign}¥{NBSP}{cents(abs(value))}"


def yuan_short(value: int | None, places: int = 1) -> str:
    """Cents as money in 万: 436821460 gives `¥ 436.8万`; below ¥ 10,000 exact."""
    if value is None:
        return NOTHING
    if abs(value) < 1_000_000:
        return yuan(value)
    sign = MINUS if value < 0 else ""
    return f"{sign}¥{NBSP}{wan(Decimal(abs(value)) / 100, places)}"


def percent(share: Number | None, places: int = 1) -> str:
    """A share 0..1 as percent: 0.384 gives `38.4%`."""
    if share is None:
        return NOTHING
    return _signed(_decimal(share) * 100, places) + "%"


def basis_points(value: int) -> str:
    """Ten-thousandths as percent, all of them: 2301 gives `23.01%`. What was rounded up stays no less than needed."""
    return percent(Decimal(value) / 10_000, 2)


def points(difference: Number | None, places: int = 1) -> str:
    """A difference of two shares in 点: 0.023 gives `2.3 点`."""
    if difference is None:
        return NOTHING
    return gettext("%(number)s 点") % {"number": _signed(_decimal(difference) * 100, places)}


def duration(seconds: Number | None) -> str:
    """`0.4 秒`, `4.8 秒`, `12 秒`, `3 分 20 秒`, `2 小时 5 分`, `3 天 4 小时`."""
    if seconds is None:
        return NOTHING
    amount = max(_decimal(seconds), Decimal(0))
    if amount < 10:
        return gettext("%(n)s 秒") % {"n": _signed(amount, 1, trim=True)}
    whole = int(_round(amount, 0))
    if whole < 60:
        return gettext("%(n)s 秒") % {"n": whole}
    if whole < 3600:
        minutes, left = divmod(whole, 60)
        if not left:
            return gettext("%(n)s 分") % {"n": minutes}
        return gettext("%(minutes)s 分 %(seconds)s 秒") % {"minutes": minutes, "seconds": left}
    if whole < 86400:
        hours, left = whole // 3600, whole % 3600 // 60
        if not left:
            return gettext("%(n)s 小时") % {"n": hours}
        return gettext("%(hours)s 小时 %(minutes)s 分") % {"hours": hours, "minutes": left}
    days, left = whole // 86400, whole % 86400 // 3600
    if not left:
        return gettext("%(n)s 天") % {"n": days}
    return gettext("%(days)s 天 %(hours)s 小时") % {"days": days, "hours": left}


def day(value: date | None, now: datetime) -> str:
    """今天, 昨天, 明天, else 11月9日; the year only when it is not this one."""
    if value is None:
        return NOTHING
    moment = value.date() if isinstance(value, datetime) else value
    words = {0: gettext("今天"), -1: gettext("昨天"), 1: gettext("明天")}
    apart = (moment - now.date()).days
    if apart in words:
        return words[apart]
    text = date_text(moment)
    if moment.year == now.year:
        return text
    return f"{moment.year}年{text}" if _chinese() else f"{text}, {moment.year}"


def date_text(value: date) -> str:
    """The day and its month: `11月9日`, in English `Nov 9`."""
    return f"{value.month}月{value.day}日" if _chinese() else f"{value:%b} {value.day}"


def when(value: date | None, now: datetime) -> str:
    """`今天 09:36`, `11月9日 20:00`; a plain date has no clock time."""
    if value is None:
        return NOTHING
    if not isinstance(value, datetime):
        return day(value, now)
    return f"{day(value, now)} {value:%H:%M}"


def rows_text(count: int) -> str:
    """How many rows: `3 行`."""
    return ngettext("%(n)s 行", "%(n)s 行", count) % {"n": exact(count)}


def unused_rows_text(count: int) -> str:
    """How many rows of a file were not used."""
    return ngettext("%(n)s 行没有用上", "%(n)s 行没有用上", count) % {"n": exact(count)}


def ago(value: date | None, now: datetime) -> str:
    """Whole days back: `今天`, `131 天前`, or `12 天后`."""
    if value is None:
        return NOTHING
    moment = value.date() if isinstance(value, datetime) else value
    days = (now.date() - moment).days
    if days == 0:
        return gettext("今天")
    if days < 0:
        return ngettext("%(n)s 天后", "%(n)s 天后", -days) % {"n": exact(-days)}
    return ngettext("%(n)s 天前", "%(n)s 天前", days) % {"n": exact(days)}


def table_day(value: date | None, now: datetime) -> str:
    """`11-09`, or `2025-11-09` when the year is another, for table cells."""
    if value is None:
        return NOTHING
    return f"{value:%m-%d}" if value.year == now.year else f"{value:%Y-%m-%d}"


def day_range(first: date | None, last: date | None, now: datetime) -> str:
    """`11-01 – 11-10`; an open end is left out, one day stands alone."""
    if first is not None and last is not None and table_day(first, now) == table_day(last, now):
        return table_day(first, now)
    return f"{table_day(first, now) if first else ''} – {table_day(last, now) if last else ''}".strip()


def masked(value: str | None) -> str:
    """A phone, mail address or nick with its middle hidden; what is masked already stays as it is."""
    if not value:
        return NOTHING
    if "*" in value:
        return value
    if "@" in value:
        return f"{value[0]}***@***.{value.rsplit('.', 1)[-1]}"
    if value.isdigit() and len(value) >= 11:
        tail = value[-11:]
        return f"{tail[:3]} **** **{tail[-2:]}"
    return f"{value[0]}**{value[-1]}" if len(value) > 1 else "*"


@dataclass(frozen=True)
class Amount:
    """A figure in its parts: `¥`, `436.82`, `万`, and the exact value for the hover."""

    text: str
    prefix: str = ""
    unit: str | Promise = ""
    exact: str = ""

    @classmethod
    def money(cls, value: int | None, places: int = 2) -> Amount:
        """Cents as a headline: ¥ 436.82 万, exact below ¥ 10,000."""
        if value is None:
            return cls(NOTHING)
        if abs(value) < 1_000_000:
            return cls(cents(value), "¥")
        text, unit = short_parts(Decimal(value) / 100, places)
        return cls(text, "¥", unit, yuan(value))

    @classmethod
    def count(cls, value: Number | None, noun: str | Promise = "", places: int = 2) -> Amount:
        """A count with its counter: 118240 and 人 give `11.82 万人`; a headline stays exact below 100,000."""
        if value is None:
            return cls(NOTHING)
        if abs(_decimal(value)) < 100_000:
            return cls(exact(value), "", noun)
        text, unit = short_parts(value, places)
        return cls(text, "", f"{unit}{noun}", f"{exact(value)} {noun}".strip() if unit else "")

    @classmethod
    def share(cls, value: Number | None, places: int = 1) -> Amount:
        """A share 0..1 as percent."""
        if value is None:
            return cls(NOTHING)
        return cls(_signed(_decimal(value) * 100, places), "", "%")
