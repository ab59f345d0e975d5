"""The builder: rows and text of one filter, its count with what each condition leaves, and who is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.audiences import counting, wording
from laoke.audiences.counting import Breakdown, Counted, Explained
from laoke.audiences.models import Segment
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import NotReady
from laoke.audiences.references import unknown_groups, unknown_issues, unknown_lotteries, unknown_tags
from laoke.audiences.slow_counts import on_page, too_long_text
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import Node, TreeError
from laoke.audiences.value_basis import value_basis
from laoke.customers import profiles
from laoke.customers.models import Tag
from laoke.groups.models import MemberGroup
from laoke.promotions.models import CouponIssue
from laoke.promotions.rewards.lotteries import lottery_names
from laoke.shops.joins import listed
from laoke.shops.models import Shop
from laoke.warehouse.limits import TooLong
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.customers import words
from laoke.web.pages.customers.listing import Note, day_of, title_of
from laoke.web.pages.segments import rules
from laoke.web.pages.segments.kinds import KIND_GROUPS
from laoke.web.pages.segments.rules import RuleRow, RuleTrouble

SAMPLE = 5
# The newest issues of coupons and lotteries are offered; any may be typed.
MOST_NAMES = 200


@dataclass(frozen=True)
class Line:
    """A row of the builder as drawn: its key, whether a group begins or ends here, what remains after it."""

    key: str
    row: RuleRow
    opens: bool
    closes: bool
    hit: str
    trouble: Words


@dataclass(frozen=True)
class Builder:
    """Everything the builder draws. `trouble` says why the text cannot be read, `at` where; `not_ready` why it is not
    counted, `too_long` when that is because it took too long."""

    text: str
    lines: list[Line]
    counted: Counted | None
    sentence: str
    warnings: Sequence[str]
    trouble: str
    at: int
    not_ready: str
    too_long: bool
    kinds: list[tuple[Words, list[tuple[str, Words]]]]
    segments: list[str]
    tags: list[str]
    groups: list[str]
    issues: list[str]
    lotteries: list[str]

    @property
    def milliseconds(self) -> str:
        return figures.exact(max(1, round(self.counted.seconds * 1000))) if self.counted else ""


def from_text(shop: Shop, text: str, today: date) -> Builder:
    """The builder for a text; rows follow from it."""
    try:
        node = parse(text)
    except FilterError as error:
        return _builder(shop, text, [], trouble=wording.refusal_text(error), at=error.position)
    except TreeError as error:
        return _builder(shop, text, [], trouble=wording.refusal_text(error))
    return _counted(shop, node, text, rules.rows_of(node), today)


def from_rows(shop: Shop, rows: Sequence[RuleRow], text: str, today: date) -> Builder:
    """The builder for rows; the text follows from them, and stays as it was when a row cannot be read."""
    try:
        node = rules.node_of(rows)
    except RuleTrouble as trouble:
        said = rules.TROUBLES[trouble.code]
        return _builder(shop, text, rows, trouble=str(said), bad_row=trouble.row, row_trouble=said)
    except (FilterError, TreeError) as error:
        return _builder(shop, text, rows, trouble=wording.refusal_text(error))
    return _counted(shop, node, print_filter(node), rows, today)


def _counted(shop: Shop, node: Node, text: str, rows: Sequence[RuleRow], today: date) -> Builder:
    try:
        tree = counting.tree_of(shop, node)
        with on_page():
            counted, steps = counting.count_by_steps(shop, node, today)
    except TreeError as error:
        return _builder(shop, text, rows, trouble=wording.refusal_text(error))
    except NotReady as trouble:
        return _builder(shop, text, rows, not_ready=wording.not_ready_text(trouble.code))
    except TooLong as slow:
        return _builder(shop, text, rows, not_ready=too_long_text(slow, tree), too_long=True)
    hits = [
        gettext("剩 %(n)s") % {"n": figures.exact(step.remaining)}
        if not step.text.startswith("not ")
        else gettext("去掉 %(n)s") % {"n": figures.exact(step.removed)}
        for step in steps
    ]
    return _builder(
        shop, text, rows, counted=counted, hits=hits, sentence=wording.describe(node),
        warnings=_warnings(shop, tree, counted.as_of),
    )  # fmt: skip


def _warnings(shop: Shop, node: Node, as_of: date) -> list[str]:
    """What a filter that can be counted is probably not meant to say, and what its figures rest on."""
    basis = value_basis(shop, node, as_of)
    found = [wording.impossible_text(node), wording.value_text(basis) if basis else ""]
    found = [one for one in found if one]
    if issues := unknown_issues(shop, node):
        found.append(gettext("店里没有这些券批：%(names)s") % {"names": listed(issues)})
    if lotteries := unknown_lotteries(shop, node):
        found.append(gettext("店里没有公布过这些抽奖：%(names)s") % {"names": listed(lotteries)})
    if tags := unknown_tags(shop, node):
        found.append(gettext("店里没有这些标签：%(tags)s") % {"tags": listed(tags)})
    if groups := unknown_groups(shop, node):
        found.append(gettext("店里没有这些在用的群：%(groups)s") % {"groups": listed(groups)})
    return found


def _builder(
    shop: Shop,
    text: str,
    rows: Sequence[RuleRow],
    *,
    counted: Counted | None = None,
    hits: Sequence[str] = (),
    sentence: str = "",
    warnings: Sequence[str] = (),
    trouble: str = "",
    at: int = -1,
    not_ready: str = "",
    too_long: bool = False,
    bad_row: int = -1,
    row_trouble: Words = "",
) -> Builder:
    return Builder(
        text=text,
        lines=_lines(rows, hits, bad_row, row_trouble),
        counted=counted,
        sentence=sentence,
        warnings=warnings,
        trouble=trouble,
        at=at,
        not_ready=not_ready,
        too_long=too_long,
        kinds=[(label, list(kinds.items())) for label, kinds in KIND_GROUPS],
        segments=list(
            Segment.objects.filter(shop=shop, archived=False).order_by("name").values_list("name", flat=True)
        ),
        issues=list(
            CouponIssue.objects.filter(shop=shop).order_by("-pk").values_list("name", flat=True)[:MOST_NAMES]
        ),
        lotteries=lottery_names(shop)[:MOST_NAMES],
        tags=list(Tag.objects.filter(shop=shop).order_by("name").values_list("name", flat=True)),
        groups=list(
            MemberGroup.objects.filter(shop=shop, state=MemberGroup.State.OPEN)
            .order_by("name")
            .values_list("name", flat=True)
        ),
    )


def _lines(rows: Sequence[RuleRow], hits: Sequence[str], bad_row: int, trouble: Words) -> list[Line]:
    """Rows with their hits: a group of rows is one part, its figure stands at its last row."""
    parts = _part_numbers(rows)
    fits = len(hits) == (parts[-1] + 1 if parts else 0)
    lines = []
    for number, row in enumerate(rows):
        opens = bool(row.group) and (number == 0 or rows[number - 1].group != row.group)
        closes = bool(row.group) and (number + 1 == len(rows) or rows[number + 1].group != row.group)
        last = number + 1 == len(rows) or parts[number + 1] != parts[number]
        hit = hits[parts[number]] if fits and last else ""
        lines.append(Line(str(number), row, opens, closes, hit, trouble if number == bad_row else ""))
    return lines


def _part_numbers(rows: Sequence[RuleRow]) -> list[int]:
    numbers: list[int] = []
    for number, row in enumerate(rows):
        same = number > 0 and row.group and rows[number - 1].group == row.group
        numbers.append(numbers[-1] if same else (numbers[-1] + 1 if numbers else 0))
    return numbers


@dataclass(frozen=True)
class More:
    """Who is in a segment: how many, shares, how they can be reached, stages, a sample."""

    n: int
    share: float
    sales_share: float | None
    reach: ui.BarList
    stages: ui.StackBar
    groups: ui.StackBar
    often: ui.StackBar
    provinces: ui.BarList
    sample: ui.Table
    reasons: ui.Table
    seed: int


def more_of(shop: Shop, node: Node, now: datetime, seed: int) -> More:
    """The slower figures, asked for after the count is there."""
    told = counting.breakdown(shop, node, now.date())
    return More(
        n=told.n,
        share=told.n / told.people if told.people else 0.0,
        sales_share=told.sales_share,
        reach=_reach(told),
        stages=_stack(_("生命周期"), told.lifecycle, words.LIFECYCLES),
        groups=_stack(_("分组"), told.groups, words.GROUPS),
        often=_stack(_("买过几次"), told.often, OFTEN),
        provinces=_provinces(told),
        sample=_sample(shop, node, now, seed),
        reasons=_reasons(told),
        seed=seed,
    )


def _reach(told: Breakdown) -> ui.BarList:
    bars = [
        ui.Bar(words.CHANNELS[one.channel], one.reachable, figures.exact(one.reachable), key="c3")
        for one in told.reach
    ]
    return ui.BarList(bars, full=max(told.n, 1))


# The first of the purchase days of each bar: the frequency buckets of RFM.
OFTEN: dict[str, Words] = {
    "0": _("没买过"), "1": _("1 次"), "2": _("2 次"), "3": _("3–4 次"), "5": _("5–9 次"), "10": _("10 次以上"),
}  # fmt: skip
PROVINCES = 8


def _provinces(told: Breakdown) -> ui.BarList:
    """The provinces with most of the members; the rest is what is missing to the whole."""
    most = list(told.provinces.items())[:PROVINCES]
    bars = [
        ui.Bar(name or _("不知道"), n, figures.exact(n), note=figures.percent(n / told.n)) for name, n in most
    ]
    return ui.BarList(bars)


def _reasons(told: Breakdown) -> ui.Table:
    rows = [
        ui.Row([words.CHANNELS[one.channel], words.REACH_REASONS.get(reason, reason), n])
        for one in told.reach
        for reason, n in one.reasons.items()
    ]
    columns = [
        ui.Column("channel", _("渠道")),
        ui.Column("reason", _("为什么够不着")),
        ui.Column("n", _("人"), "num"),
    ]
    return ui.Table(columns, rows, caption=_("够不着的人"), cards=False)


_COLOURS = ("c1", "c3", "c2", "c4", "c5", "c0", "c1-soft")


def _stack(label: Words, counts: dict[str, int], names: dict[str, Words]) -> ui.StackBar:
    there = [(names[name], counts[name]) for name in names if counts.get(name)]
    parts = [
        ui.Part(name, n, figures.wan(n), _COLOURS[at % len(_COLOURS)]) for at, (name, n) in enumerate(there)
    ]
    return ui.StackBar(parts, label)


def _sample(shop: Shop, node: Node, now: datetime, seed: int) -> ui.Table:
    found = counting.sample(shop, node, SAMPLE, seed, now.date())
    masks = profiles.masks_of(shop, [row["person_id"] for row in found])
    rows = [_sample_row(row, masks, now) for row in found]
    columns = [
        ui.Column("customer", pgettext_lazy("one of a list", "客户"), "nowrap"),
        ui.Column("last", _("最近付款"), "num", card="end"),
        ui.Column("orders", _("购买天数"), "num", card="hide"),
        ui.Column("net", _("累计净付（元）"), "num", card="end"),
        ui.Column("why", "", "min", card="hide"),
    ]
    return ui.Table(
        columns, rows, caption=_("抽几个人看看"), empty=ui.Empty(_("没有人符合"), _("放宽一个条件再看"))
    )


def _sample_row(row: dict[str, Any], masks: dict[int, profiles.Masks], now: datetime) -> ui.Row:
    person = row["person_id"]
    last = day_of(row["last_day"])
    name = title_of(person, masks.get(person, profiles.Masks()))
    return ui.Row(
        [
            ui.Cell(name, extra=Note(row["city"].removesuffix("市")) if row.get("city") else ""),
            figures.ago(last, now) if last else "",
            row["orders"],
            figures.cents(row["net_cents"]),
            Why(person),
        ],
        url=reverse("customer", args=[person]),
    )


@dataclass(frozen=True)
class Why(ui.Component):
    """A button that asks why a person is in."""

    template = "segments/why_button.html"
    person_id: int


@dataclass(frozen=True)
class Answer:
    """Why somebody is in or out: lines with their depth, or why there is no answer."""

    name: str
    held: bool
    lines: list[tuple[int, Explained]]
    nobody: str = ""


def answer_of(shop: Shop, node: Node, text: str, now: datetime) -> Answer:
    """Look somebody up by number, nick or phone, and say why they are in or out."""
    number = row_number(text) if len(text) > 12 else None
    people = [] if number is None else [number]
    people = [one for one in people if profiles.persons_of(shop, [one])] or profiles.find_people(shop, text)
    if not people:
        return Answer("", False, [], gettext("没有找到这个人。会员名或手机号要写全"))
    told = counting.explain(shop, node, people[0], now.date())
    if told is None:
        return Answer("", False, [], gettext("这个人还没有算进来，等下一次重算"))
    masks = profiles.masks_of(shop, people[:1]).get(people[0], profiles.Masks())
    return Answer(title_of(people[0], masks), told.held, _flat(told, 0))


def _flat(told: Explained, depth: int) -> list[tuple[int, Explained]]:
    if told.joined_by == "and" and depth == 0:
        return [line for part in told.parts for line in _flat(part, 0)]
    return [(depth, told), *(line for part in told.parts for line in _flat(part, depth + 1))]
