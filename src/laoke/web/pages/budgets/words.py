"""The outcome of a coupon budget in words: what it rests on, and for each group what it gets and why."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from laoke.web import components as ui
from laoke.web import figures
from laoke.web.pages.budgets.forms import rate


def headline(result: dict[str, Any]) -> ui.Notice:
    """What the figures rest on: never more than what was measured."""
    chosen = [group for group in result["groups"] if group["chosen"]]
    if not chosen:
        return ui.Notice(
            gettext("按这些数，一张券都不值得发：多来的单赚不回给出去的钱。"), gettext("都不发"), "warn"
        )
    if result["measured"]:
        return ui.Notice(gettext("选中的每一档都在发过的轮次里和对照比过。"), gettext("按量过的算"), "ok")
    assumed = sum(not group["chosen"]["measured"] for group in chosen)
    text = gettext(
        "选中的 %(n)s 群里有 %(assumed)s 群按假设算，没有量过。先小范围发一轮、留对照，再照着发大的。"
    )
    return ui.Notice(
        text % {"n": len(chosen), "assumed": assumed}, gettext("有假设，不是结论"), "warn"
    )  # fmt: skip


def face_words(option: dict[str, Any] | None) -> str:
    """A face value as a shop says it."""
    if option is None:
        return gettext("不发")
    return gettext("%(face)s 元") % {"face": figures.exact(option["face_cents"] / 100)}


def reason(group: dict[str, Any]) -> str:
    """Why a group gets what it gets."""
    chosen, wanted = group["chosen"], group["wanted"]
    if group["why"] == "nobody":
        return gettext("没有人，或都算在前面的人群里")
    if group["why"] == "unknown":
        return gettext("不知道这群人发了券会怎样：没量过，也没写假设")
    if group["why"] == "loses":
        needed = [one["even_ppm"] for one in group["options"] if one["even_ppm"] is not None]
        if not needed:
            return gettext("面额比每单毛利还大，来多少单都亏")
        return gettext("发哪档都亏：不发就有 %(base)s 单，100 人至少要 %(even)s 单才不亏") % {
            "base": rate(group["base_ppm"]), "even": rate(-(-min(needed) // 100) * 100),
        }  # fmt: skip
    if group["why"] == "budget":
        more = wanted["gained_cents"] - (chosen["gained_cents"] if chosen else 0)
        cost = wanted["spent_cents"] - (chosen["spent_cents"] if chosen else 0)
        return gettext("发 %(wanted)s能再多赚 %(more)s，要多花 %(cost)s；这钱放在别的群更值") % {
            "wanted": face_words(wanted), "more": figures.yuan(more), "cost": figures.yuan(cost),
        }  # fmt: skip
    return gettext("几档里它最赚：每花 1 元多赚 %(yield)s 元") % {
        "yield": figures.exact(round(chosen["gained_cents"] / chosen["spent_cents"], 2))
        if chosen["spent_cents"]
        else figures.NOTHING
    }


def outcome_table(result: dict[str, Any]) -> ui.Table:
    """Each group with its coupon, its money and the reason."""
    rows = []
    for group in result["groups"]:
        chosen = group["chosen"]
        basis = "" if chosen is None else gettext("量过") if chosen["measured"] else gettext("假设")
        rows.append(
            ui.Row(
                [
                    ui.Cell(group["name"], sub=gettext("%(n)s 人") % {"n": figures.exact(group["people"])}),
                    ui.Cell(face_words(chosen), sub=basis, tone="" if chosen else "muted"),
                    figures.cents(chosen["spent_cents"]) if chosen else figures.NOTHING,
                    ui.Cell(figures.cents(chosen["gained_cents"]), sub=_between(chosen))
                    if chosen
                    else figures.NOTHING,
                    reason(group),
                ]
            )
        )
    return ui.Table(
        [
            ui.Column("group", gettext("人群")),
            ui.Column("face", gettext("发"), "nowrap", card="end"),
            ui.Column("spent", gettext("会花（元）"), "num", label_on_card=gettext("花")),
            ui.Column("gained", gettext("多赚（元）"), "num", label_on_card=gettext("多赚")),
            ui.Column("why", gettext("为什么"), "wrap", card="wide"),
        ],
        rows,
        caption=gettext("谁发哪一档"),
        roomy=True,
    )


def _between(chosen: dict[str, Any]) -> str:
    if chosen["low_cents"] == chosen["high_cents"]:
        return ""
    return gettext("%(low)s 到 %(high)s") % {
        "low": figures.cents(chosen["low_cents"]), "high": figures.cents(chosen["high_cents"]),
    }  # fmt: skip
