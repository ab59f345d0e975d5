"""A computed review as values of a page: the sentence on top, the rows of the forest, what the data could not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, pgettext

from laoke.shops.joins import ended
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.words import State
from laoke.web.figures import MINUS

METRICS = ("profit", "revenue", "orders")
# Estimates are per person. Per hundred people: orders × 100; cents × 100 / 100 are yuan.
PER_HUNDRED = {"orders": 100.0, "revenue": 1.0, "profit": 1.0}
VERDICTS: dict[str, State] = {
    "helps": "ok",
    "hurts": "bad",
    "unclear": "",
    "uneven": "warn",
    "no_control": "",
    "not_enough": "",
    "withheld": "warn",
}


def verdict_word(verdict: str) -> str:
    """The verdict in words, as docs/why/proof.md gives them."""
    return {
        "helps": gettext("有用"),
        "hurts": gettext("没用"),
        "unclear": gettext("看不出差别"),
        "uneven": gettext("分组不均"),
        "no_control": gettext("没有对照"),
        "not_enough": gettext("数据不够"),
        "withheld": gettext("成本不全"),
    }[verdict]


def metric_words() -> dict[str, str]:
    """How each metric is called, with its unit per hundred people."""
    return {"profit": gettext("净利"), "revenue": gettext("成交"), "orders": gettext("订单")}


def unit_of(metric: str) -> str:
    return gettext("单/百人") if metric == "orders" else gettext("元/百人")


def reason_of(metric: Mapping[str, Any]) -> str:
    """What was missing, in a sentence; empty when nothing was."""
    if metric["verdict"] == "withheld":
        return gettext("%(n)s 单不知道成本，净利不能比") % {"n": figures.exact(metric["cost_unknown_orders"])}
    missing = metric.get("missing")
    if missing is None:
        return ""
    have, need = figures.exact(missing["have"]), missing["need"]
    if missing["code"] == "no_control":
        return gettext("没有留对照，只能看不能比")
    if missing["code"] == "no_treated":
        return gettext("没有人被分到发送")
    if missing["code"] == "no_variation":
        return gettext("所有人都一样，比不出来")
    if need is None:
        return gettext("对照 %(have)s 人，还没有人下单，说不出要多少人") % {"have": have}
    return gettext("对照只有 %(have)s 人，要 %(need)s 人才看得出") % {
        "have": have,
        "need": figures.exact(need),
    }


def signed(value: float, places: int = 0) -> str:
    """`131`, `−31`, with separators."""
    text = f"{abs(value):,.{places}f}"
    return f"{MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text


@dataclass(frozen=True)
class Axis:
    """The shared scale of a column of forest rows, per hundred people."""

    low: float
    high: float
    ticks: tuple[float, ...]


def axis_of(metrics: Sequence[Mapping[str, Any]], scale: float) -> Axis:
    """A scale with round ends that holds every interval and zero."""
    ends = [0.0]
    for metric in metrics:
        if metric.get("difference"):
            ends += [metric["difference"]["low"] * scale, metric["difference"]["high"] * scale]
    low, high = min(ends), max(ends)
    step = _round_step((high - low) / 4 or 1)
    first, last = step * int(low // step), step * int(-(-high // step))
    count = round((last - first) / step)
    return Axis(first, last or step, tuple(first + step * number for number in range(count + 1)))


def _round_step(width: float) -> float:
    size = 10.0 ** (len(str(int(width))) - 1) if width >= 1 else 0.1
    while size * 10 <= width:
        size *= 10
    return next((size * factor for factor in (1, 2, 5, 10) if size * factor >= width), size * 10)


@dataclass(frozen=True)
class Compared:
    """One line of the forest: a round, or the whole campaign."""

    name: str
    sub: str
    data: Mapping[str, Any]


def forest_table(lines: Sequence[Compared], metric: str) -> ui.Table:
    """Every round, and the campaign as a whole in the foot, on one axis."""
    scale = PER_HUNDRED[metric]
    axis = axis_of([line.data["metrics"][metric] for line in lines], scale)
    places = 1 if metric == "orders" else 0
    head = ui.ForestAxis(axis.low, axis.high, axis.ticks)
    return ui.Table(
        columns=[
            ui.Column("round", pgettext("one of a list", "轮次")),
            ui.Column("sizes", gettext("发 / 对照"), "num"),
            ui.Column(
                "treated",
                gettext("发的（%(unit)s）") % {"unit": unit_of(metric)},
                "num",
                priority=3,
                card="hide",
            ),
            ui.Column("control", gettext("对照"), "num", priority=3, card="hide"),
            ui.Column("forest", head, card="wide"),  # type: ignore[arg-type]
            ui.Column("more", gettext("多带来（%(unit)s）") % {"unit": unit_of(metric)}, "num"),
            ui.Column("total", gettext("合计"), "num", priority=2, card="hide"),
            ui.Column("verdict", gettext("判断"), "nowrap", card="end"),
        ],
        rows=[_row(line, metric, axis, scale, places) for line in lines],
        caption=gettext("每一轮真正多带来多少"),
        roomy=True,
    )


def _row(line: Compared, metric: str, axis: Axis, scale: float, places: int) -> ui.Row:
    found = line.data["metrics"][metric]
    difference, why = found.get("difference"), reason_of(found)
    held_out = figures.exact(line.data["held_out"]) if line.data["held_out"] else gettext("无")
    sizes = f"{figures.exact(line.data['treated'])} / {held_out}"
    forest = ui.Forest(axis.low, axis.high, label=verdict_word(found["verdict"]), why_not=why)
    more: ui.Cell | str = ""
    if difference:
        estimate, low, high = (difference[key] * scale for key in ("estimate", "low", "high"))
        label = gettext("%(name)s：多带来 %(n)s，区间 %(low)s 到 %(high)s") % {
            "name": line.name, "n": signed(estimate, places), "low": signed(low, places), "high": signed(high, places),
        }  # fmt: skip
        forest = ui.Forest(axis.low, axis.high, estimate, (low, high), label)
        more = ui.Cell(
            signed(estimate, places),
            sub=f"{signed(low, places)} – {signed(high, places)}",
            tone="b" if found["verdict"] in ("helps", "hurts") else "",
        )
    return ui.Row(
        [
            ui.Cell(line.name, sub=line.sub),
            sizes,
            _mean(found.get("treated_per_person"), scale, places),
            _mean(found.get("held_out_per_person"), scale, places),
            forest,
            more,
            _total(found, metric),
            ui.Cell(
                ui.Status(verdict_word(found["verdict"]), VERDICTS[found["verdict"]]),
                sub=why if difference else "",
            ),
        ],
        name=line.name,
    )


def _mean(value: float | None, scale: float, places: int) -> str:
    return "" if value is None else signed(value * scale, max(1, places))


def _total(found: Mapping[str, Any], metric: str) -> str:
    incremental = found.get("incremental")
    if incremental is None:
        return ""
    if metric == "orders":
        return gettext("%(n)s 单") % {"n": signed(incremental["estimate"])}
    return figures.yuan(round(incremental["estimate"]))


def sentence(campaign: Mapping[str, Any], paid_cents: int, target_cents: int | None) -> str:
    """卖了多少，比目标如何，触达真正多带来多少：only what the data can say."""
    said = gettext("卖了 %(paid)s") % {"paid": figures.yuan_short(paid_cents)}
    if target_cents:
        change = paid_cents / target_cents - 1
        words = gettext("，超目标 %(share)s") if change >= 0 else gettext("，差目标 %(share)s")
        said += words % {"share": figures.percent(abs(change))}
    revenue, profit = campaign["metrics"]["revenue"], campaign["metrics"]["profit"]
    if revenue["verdict"] == "helps":
        said += gettext("。其中触达真正多带来 %(revenue)s 成交") % {
            "revenue": figures.yuan_short(round(revenue["incremental"]["estimate"]))
        }
        if profit["verdict"] == "helps":
            said += gettext("、%(profit)s 净利") % {
                "profit": figures.yuan_short(round(profit["incremental"]["estimate"]))
            }
        return said + gettext("；其余的人不发也会买。")
    endings = {
        "hurts": gettext("。触达没有带来更多成交，反而少了。"),
        "unclear": gettext("。触达有没有多带来，看不出差别。"),
        "uneven": gettext("。发的和对照人数不对，触达多带来多少不能下结论。"),
        "no_control": gettext("。没有留对照，说不出触达多带来多少。"),
        "not_enough": gettext("。触达多带来多少，数据还不够说。"),
    }
    if revenue["verdict"] == "withheld":
        return ended(said)
    return said + endings[revenue["verdict"]]


def interval(found: Mapping[str, Any], metric: str) -> str:
    """`¥ 19.4万，区间 3.1万 – 7.4万`, or why there is none."""
    total = found.get("incremental")
    if total is None:
        return reason_of(found) or verdict_word(found["verdict"])
    if metric == "orders":
        return gettext("%(n)s 单，区间 %(low)s – %(high)s") % {
            "n": signed(total["estimate"]), "low": signed(total["low"]), "high": signed(total["high"]),
        }  # fmt: skip
    values = {key: figures.yuan_short(round(total[key])) for key in ("estimate", "low", "high")}
    return gettext("%(estimate)s，区间 %(low)s – %(high)s") % values
