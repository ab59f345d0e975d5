"""RFM: the named groups, who moves between them month by month, and three ways to draw the lines, tried first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences.readings import NotReady, reading_of
from laoke.audiences.ready import RFM_TEXTS
from laoke.insights import rfm
from laoke.insights.refresh import cut_points
from laoke.insights.rfm import GroupSum, Learnt, Moves, Preview, Way
from laoke.shops import choices, jobs
from laoke.shops.joins import clauses, listed
from laoke.warehouse.features import CutPoints
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.charts.analysis import group_bars, group_flows
from laoke.web.components.base import Component, Words
from laoke.web.components.tables import CellValue
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import LOOKS, Asked, Figures, Seg, View, choice, respond
from laoke.web.pages.analysis.rfm_course import SHOWN, course, kept_day, kept_days, shown_in
from laoke.web.pages.analysis.words import RFM_GROUPS, RFM_WORDS
from laoke.web.pages.segments.places import builder_with
from laoke.web.pages.settings.tabs import CHANGES

WAYS: dict[str, Words] = {"quintile": _("排名五等分"), "fixed": _("固定的线"), "learnt": _("从数据学")}
MONTHS: dict[str, Words] = {"1": _("近 1 个月"), "3": _("近 3 个月"), "6": _("近 6 个月")}
LETTERS: dict[str, Words] = {"r": _("R 最近购买"), "f": _("F 购买次数"), "m": _("M 净付")}
MOVES_SHOWN = 20


@dataclass(frozen=True)
class Proposal(Component):
    """A way to draw the lines: what it does, and the button that takes it over; `why_not` says why there is none."""

    template: ClassVar[str] = "analysis/proposal.html"
    title: Words
    said: str
    table: ui.Table
    notes: Sequence[str]
    take: ui.Action | None
    why_not: str = ""


@allowed(*LOOKS)
def page(request: HttpRequest) -> HttpResponse:
    """RFM."""
    return respond(request, VIEW)


def _figures(asked: Asked) -> Figures:
    reader, shop = asked.reading.reader, asked.shop
    found = rfm.groups(reader, shop.pk, asked.reading.as_of_day)
    cuts = cut_points(shop)
    usual = "learnt" if cuts.score_by != "lines" else "quintile"
    way: Way = asked.choice("way", list(WAYS), usual)  # type: ignore[assignment]
    months = asked.choice("months", list(MONTHS), "3")
    segs = [
        Seg(_("怎么打分"), choice(asked.request, "way", WAYS, way)),
        Seg(_("看几个月的移动"), choice(asked.request, "months", MONTHS, months)),
        Seg(_("走势看什么"), choice(asked.request, "course", SHOWN, shown_in(asked))),
    ]
    return Figures(_kpis(found), [_groups(found, asked)], segs, [("c12", _proposal(asked, way, cuts))])


def _later(asked: Asked) -> list[Block]:
    return [course(asked), _movement(asked, int(asked.choice("months", list(MONTHS), "3")))]


def _kpis(found: Sequence[GroupSum]) -> ui.Kpis:
    by_name = {one.name: one for one in found}
    payers = sum(one.persons for one in found if one.name != "prospects")
    net = sum(one.net_cents for one in found)

    def kpi(name: str) -> ui.Kpi:
        one = by_name[name]
        share = figures.percent(one.persons / payers) if payers else ""
        money = figures.percent(one.net_cents / net) if net > 0 else ""
        note = gettext("占买过的人 %(share)s，占净付 %(money)s") % {"share": share, "money": money}
        return ui.Kpi(
            RFM_GROUPS[name],
            figures.Amount.count(one.persons, _("人")),
            note=note if payers else "",
            url=builder_with(RFM_TEXTS[name]),
        )

    return ui.Kpis([kpi(name) for name in ("champions", "loyal", "at_risk", "previously_loyal")])


def _groups(found: Sequence[GroupSum], asked: Asked) -> Block:
    payers = sum(one.persons for one in found if one.name != "prospects")
    net = sum(one.net_cents for one in found)
    rows = []
    for one in found:
        paid = one.name != "prospects" and one.persons
        rows.append(
            ui.Row(
                [
                    ui.Cell(RFM_GROUPS[one.name], sub=RFM_WORDS[one.name]), one.persons,
                    figures.percent(one.persons / payers) if paid and payers else "",
                    figures.cents(one.net_cents) if paid else "",
                    figures.percent(one.net_cents / net) if paid and net > 0 else "",
                    figures.cents(one.net_cents // one.persons) if paid else "",
                    figures.exact(round(one.orders / one.persons, 1)) if paid else "",
                    one.days_since // one.persons if paid else "",
                ],
                url=builder_with(RFM_TEXTS[one.name]),
            )
        )  # fmt: skip
    columns = [
        ui.Column("group", _("分组")),
        ui.Column("persons", _("人数"), "num", card="end"),
        ui.Column("share", _("占买过的人"), "num", card="hide"),
        ui.Column("net", _("净付（元）"), "num", label_on_card="¥"),
        ui.Column("net_share", _("占净付"), "num"),
        ui.Column("each", _("人均（元）"), "num", priority=2, card="hide"),
        ui.Column("orders", _("人均次数"), "num", priority=3, card="hide"),
        ui.Column("days", _("平均几天没来"), "num", priority=2, card="hide"),
    ]
    shown = [one for one in found if one.name != "prospects"]
    option = group_bars(
        [RFM_GROUPS[one.name] for one in shown], [one.persons for one in shown], [one.net_cents for one in shown],
        _("占买过的人"), _("占净付"),
    )  # fmt: skip
    sub = gettext("算到 %(day)s，R、F、M 各 1–5 分") % {"day": figures.day(asked.reading.as_of, asked.now)}
    named_by = gettext("名字和说法用 Shopify 的公开定义：先看 R，再看 (F + M) ÷ 2，半分进一")
    foot = clauses([named_by, gettext("在表里点一组，看是哪些人")])
    return Block(
        "groups", _("十一个分组"), ui.Table(columns, rows, caption=_("十一个分组")), option,
        label=_("十个买过的分组，各占多少人和多少净付"), sub=sub, size="lg", foot=foot,
        legend=ui.Legend([(_("占买过的人"), "c1", ""), (_("占净付"), "c2", "")]),
    )  # fmt: skip


def _proposal(asked: Asked, way: Way, cuts: CutPoints) -> Proposal:
    reader, shop, day = asked.reading.reader, asked.shop.pk, asked.reading.as_of_day
    learnt = rfm.learn(reader, shop, day) if way == "learnt" else None
    tried = rfm.proposal(way, cuts, learnt)
    title = WAYS[way]
    if tried is None:
        table = ui.Table([], [], empty=ui.Empty(_("还没有付过款的订单")))
        return Proposal(title, "", table, [], None)
    found = rfm.preview(reader, shop, day, tried)
    may = asked.request.role in CHANGES  # type: ignore[attr-defined]
    take, why_not = None, ""
    if same(tried, cuts):
        why_not = gettext("现在用的就是这种")
    elif not may:
        why_not = gettext("只有店长能改")
    else:
        take = ui.Action(
            _("用这种打分"), reverse("analysis_rfm_take"), "primary", method="post",
            hidden=[("way", way), ("seen", _written(tried))],
        )  # fmt: skip
    return Proposal(title, _said(found), _lines_table(found, day), _notes(way, learnt, found), take, why_not)


def same(one: CutPoints, other: CutPoints) -> bool:
    """Whether both give everybody the same scores: lines that a way does not look at count for nothing."""
    if one.score_by != other.score_by:
        return False
    looked_at = {
        "quintile": (),
        "fixed": ("r_cuts", "f_cuts", "m_cuts"),
        "lines": ("r_cuts", "f_cuts", "m_lines"),
    }
    return all(getattr(one, name) == getattr(other, name) for name in looked_at[one.score_by])


def _written(cuts: CutPoints) -> str:
    """What decides the scores, as the form carries it: who takes a proposal over takes the one he saw."""
    return f"{cuts.score_by} {cuts.r_cuts} {cuts.f_cuts} {cuts.m_cuts} {cuts.m_lines}"


def _said(found: Preview) -> str:
    said = gettext("换成这种，%(n)s 人里有 %(scores)s 人的分会变，%(groups)s 人换分组")
    return said % {
        "n": figures.exact(found.persons),
        "scores": figures.exact(found.other_scores),
        "groups": figures.exact(found.other_groups),
    }


def _lines_table(found: Preview, day: int) -> ui.Table:
    """For each letter from which value each score is given, and how many get it."""
    rows = []
    for letter, name in LETTERS.items():
        counts = found.scores[letter]
        cells: list[CellValue] = []
        for score in range(1, rfm.SCORES + 1):
            line = None if score == 1 else found.lines[letter][score - 2]
            said = gettext("其余") if score == 1 else _line_said(letter, line, day)
            share = figures.percent(counts[score - 1] / found.persons) if found.persons else ""
            cells.append(ui.Cell(said, sub=gettext("%(n)s 人 · %(share)s") % {
                "n": figures.exact(counts[score - 1]), "share": share,
            }))  # fmt: skip
        rows.append(ui.Row([name, *cells]))
    columns = [
        ui.Column("letter", ""),
        *(
            ui.Column(f"s{score}", gettext("得 %(n)s 分") % {"n": score})
            for score in range(1, rfm.SCORES + 1)
        ),
    ]
    return ui.Table(columns, rows, caption=_("多少算几分"), cards=False, stick_first=True)


def _line_said(letter: str, line: int | None, day: int) -> str:
    if line is None or line >= rfm.NOBODY:
        return gettext("没有人")
    if letter == "r":
        return gettext("%(n)s 天内") % {"n": figures.exact(day - line)}
    if letter == "f":
        return gettext("%(n)s 次起") % {"n": figures.exact(line)}
    return gettext("%(money)s 起") % {"money": figures.yuan(line)}


def _notes(way: Way, learnt: Learnt | None, found: Preview) -> list[str]:
    """How the lines were drawn, and who would go where most."""
    notes = {
        "quintile": gettext("每个分大约五分之一的人；一样的人得一样的分，所以不会正好相等。"),
        "fixed": gettext("按设置里的天数、次数、和每次平均净付的倍数。"),
        "learnt": gettext("在数值自然断开的地方画线：每一分里的人尽量像。次数和净付按倍数看。"),
    }
    said = [notes[way]]
    if learnt is not None:
        fits = {letter: figures.percent(learnt.fits[letter], 0) for letter in rfm.LETTERS}
        said.append(gettext("五档说明了差别的：R %(r)s，F %(f)s，M %(m)s。") % fits)
        few = [str(LETTERS[letter]) for letter in rfm.LETTERS if learnt.values[letter] < rfm.SCORES]
        if few:
            said.append(gettext("%(names)s 不到五种值，有的分没有人得。") % {"names": listed(few)})
    moved = [(n, move) for move, n in found.moves.items() if move[0] != move[1] and move[0] is not None]
    for n, (before, after) in sorted(moved, key=lambda one: (-one[0], str(one[1])))[:3]:
        said.append(
            ngettext(
                "%(n)s 人从「%(before)s」到「%(after)s」。", "%(n)s 人从「%(before)s」到「%(after)s」。", n
            )
            % {"n": figures.exact(n), "before": RFM_GROUPS[before or ""], "after": RFM_GROUPS[after]}
        )
    return said


@require_POST
@allowed(*CHANGES)
def take(request: HttpRequest) -> HttpResponse:
    """Take a proposal over into the settings; the one that was seen, or none."""
    shop, now, way = shop_of(request), clock_of(request).now(), request.POST.get("way", "")
    back = redirect(f"{reverse('analysis_rfm')}?way={way}" if way in WAYS else reverse("analysis_rfm"))
    try:
        reading = reading_of(shop, now.date())
    except NotReady:
        return back
    cuts = cut_points(shop)
    known: Way | None = next((one for one in rfm.WAYS if one == way), None)
    tried = None
    if known is not None:
        learnt = rfm.learn(reading.reader, shop.pk, reading.as_of_day) if known == "learnt" else None
        tried = rfm.proposal(known, cuts, learnt)
    if tried is None or _written(tried) != request.POST.get("seen", ""):
        messages.error(request, gettext("数据或设置刚变过，线和你看到的不一样了。看一眼新的再用"))
        return back
    chosen = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(tried).items()}
    if choices.change(shop, {"cut_points": chosen}, by=request.user, now=now):  # type: ignore[arg-type]
        jobs.queue("features", shop=shop, now=now, by=request.user)  # type: ignore[arg-type]
        messages.success(request, gettext("已存，客户正在重新打分；月末的也按新的线重算"))
    return back


def _movement(asked: Asked, months: int) -> Block:
    """From month end to month end up to the newest day; the kept days that there are."""
    reader, shop = asked.reading.reader, asked.shop.pk
    days = kept_days(asked)[-(months + 1) :]
    steps = [(before, after, rfm.movement(reader, shop, before, after)) for before, after in pairwise(days)]
    moved = [
        (n, before, after, source, target)
        for before, after, moves in steps
        for (source, target), n in moves.items()
        if source != target
    ]
    moved.sort(key=lambda one: (-one[2], -one[0], str(one[3]), one[4]))

    def table(shown: Sequence[tuple[int, int, int, str | None, str]]) -> ui.Table:
        rows = [
            ui.Row([kept_day(before), kept_day(after), group_name(source), group_name(target), n])
            for n, before, after, source, target in shown
        ]
        columns = [
            ui.Column("since", _("从")),
            ui.Column("until", _("到")),
            ui.Column("before", _("原来")),
            ui.Column("after", _("后来")),
            ui.Column("persons", _("人数"), "num"),
        ]
        return ui.Table(columns, rows, caption=_("谁在组间移动"), cards=False)

    sub = ""
    if steps:
        sub = gettext("%(first)s 到 %(last)s，%(n)s 次") % {
            "first": kept_day(days[0]), "last": kept_day(days[-1]), "n": len(steps),
        }  # fmt: skip
    empty = None if steps else ui.Empty(_("还没有更早的月末数据"), _("下个月起能看到谁在移动。"))
    return Block(
        "movement", _("谁在组间移动"), table(moved[:MOVES_SHOWN]), _flows(steps),
        label=_("每个月末到下一个月末，谁从哪组到哪组"),
        sub=sub, size="lg", foot=gettext("线的粗细是人数，从左到右一列一个日子；一直没买过的不画"), empty=empty,
        whole=lambda: table(moved),
    )  # fmt: skip


def _flows(steps: Sequence[tuple[int, int, Moves]]) -> dict[str, object]:
    drawn = [
        (at, source, target, n)
        for at, (_before, _after, moves) in enumerate(steps)
        for (source, target), n in sorted(moves.items(), key=lambda one: str(one[0]))
        if (source or "prospects") != "prospects" or target != "prospects"
    ]
    names = {name: str(label) for name, label in RFM_GROUPS.items()}
    return group_flows(drawn, names, gettext("新来的"))


def group_name(name: str | None) -> Words:
    """A group as people read it; None is who was not known then."""
    return _("新来的") if name is None else RFM_GROUPS[name]


VIEW = View("analysis_rfm", "RFM", _figures, _later, by_days=False, meta=[_("疑似刷单不算在内")])
