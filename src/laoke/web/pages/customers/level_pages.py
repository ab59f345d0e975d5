"""The shop's member levels: conditions, term, reward, who has which, who is near the next, the rules to publish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from laoke.audiences import levels
from laoke.audiences.levels import LevelRefused, Standing
from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.customers import profiles
from laoke.customers.models import MemberLevel
from laoke.insights.people import Order, Wanted, page_of_people
from laoke.money.parsing import MoneyError, parse_cents
from laoke.shops.joins import clauses
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, READS, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.pages.customers.level_words import condition_words, missing_words
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.customers.profile import reading_or_none

MOST_NEAR = 50
REFUSALS: dict[str, Words] = {
    "name": _("等级要有名字，最长 20 个字"),
    "no_condition": _("写上条件：买过几天，或净付多少，至少一样"),
    "name_taken": _("已经有「%(name)s」这个等级"),
    "not_rising": _("和「%(name)s」比不出高低：条件要同一种、同一段时间，高的要求更多"),
    "too_many": _("最多六个等级"),
    "too_large": _("条件里的数太大了"),
}


class LevelForm(forms.Form):
    """A level as it is typed; money in yuan."""

    name = forms.CharField(label=_("名字"), max_length=20)
    within = forms.ChoiceField(label=_("看多久"), choices=MemberLevel.Within.choices)
    orders_from = forms.IntegerField(label=_("买过几天"), min_value=1, max_value=10_000, required=False)
    net_from = forms.CharField(label=_("或净付满（元）"), max_length=12, required=False)
    term_days = forms.IntegerField(label=_("有效几天"), min_value=1, max_value=3_650, initial=365)
    reward = forms.CharField(label=_("升上来有什么"), max_length=200, required=False)

    def clean_net_from(self) -> int | None:
        """Cents."""
        text = self.cleaned_data["net_from"].strip()
        try:
            cents = parse_cents(text) if text else None
        except MoneyError as error:
            raise forms.ValidationError(gettext("金额写成 500 或 500.00")) from error
        if cents is not None and cents <= 0:
            raise forms.ValidationError(gettext("金额要大于零"))
        return cents


@dataclass(frozen=True)
class LevelsPage:
    """All levels, those near the next of each, and the rules as text to publish."""

    table: ui.Table
    near: list[tuple[MemberLevel, ui.Table, str]]
    rules: str
    form: LevelForm | None
    ready: bool


@allowed(*READS)
@require_GET
def levels_page(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    with on_page(SHOWN):
        page = _levels_page(request, shop, now)
    return render(request, "customers/levels.html", {"page": page})


def _levels_page(request: HttpRequest, shop: Shop, now: datetime) -> LevelsPage:
    known, reading = levels.levels_of(shop), reading_or_none(shop, now)
    standings = levels.standings(known, reading) if reading else []
    may = may_market(request)
    return LevelsPage(
        _table(known, {one.level.pk: one for one in standings}, may),
        [(one.level, _near(shop, one, now), _segment(one.near_text)) for one in standings if one.near],
        rules_text(shop, known),
        LevelForm() if may and len(known) < levels.MOST_LEVELS else None,
        reading is not None,
    )


def _segment(text: str) -> str:
    return f"{reverse('segment_new')}?{urlencode({'text': text})}"


def rules_text(shop: Shop, known: list[MemberLevel]) -> str:
    """The levels as the shop may publish them; '' without any."""
    lines = []
    for level in known:
        term = ngettext("有效 %(n)s 天", "有效 %(n)s 天", level.term_days) % {"n": level.term_days}
        said = gettext("%(name)s：%(condition)s，%(term)s") % {
            "name": level.name, "condition": condition_words(level), "term": term,
        }  # fmt: skip
        lines.append(clauses([said, level.reward]) if level.reward else said)
    if not lines:
        return ""
    return "\n".join([gettext("%(shop)s会员等级") % {"shop": shop.name}, *lines])


def _table(known: list[MemberLevel], standing: dict[int, Standing], may: bool) -> ui.Table:
    rows = []
    for level in known:
        one = standing.get(level.pk)
        act: Any = ""
        if may:
            url = reverse("level_remove", args=[level.pk])
            act = ui.Action(_("去掉"), url, method="post", small=True)
        rows.append(
            ui.Row(
                [
                    level.name,
                    ui.Cell(
                        condition_words(level),
                        sub=ngettext("有效 %(n)s 天", "有效 %(n)s 天", level.term_days)
                        % {"n": level.term_days},
                    ),
                    level.reward,
                    ui.Cell(one.people, url=_segment(one.text)) if one else "—",
                    one.near if one else "—",
                    act,
                ]
            )
        )
    columns = [
        ui.Column("name", _("等级"), "nowrap"),
        ui.Column("condition", _("条件"), card="wide"),
        ui.Column("reward", _("升上来有什么"), "wrap", card="wide"),
        ui.Column("people", _("现在有"), "num", label_on_card=_("人")),
        ui.Column("near", _("快到的"), "num", hint=_("差一天，或金额到了八成"), label_on_card=_("快到")),
        ui.Column("act", "", "min", card="wide"),
    ]
    empty = ui.Empty(_("还没有等级"), _("从低到高一级一级加：写清条件、有效期和升上来的好处"))
    return ui.Table(columns, rows, caption=_("会员等级"), empty=empty, roomy=True)


def _near(shop: Shop, one: Standing, now: datetime) -> ui.Table:
    """The first of those near a level, the most money first, with what each lacks."""
    reading = reading_or_none(shop, now)
    if reading is None:
        return ui.Table([], [])
    wanted = Wanted(persons=levels.near_people(one.level, reading))
    found = page_of_people(
        reading.reader, shop.pk, reading.as_of_day, wanted, Order("net_365"), rows=MOST_NEAR
    ).rows
    masks = profiles.masks_of(shop, [row["person_id"] for row in found])
    rows = []
    for row in found:
        person = row["person_id"]
        name = title_of(person, masks.get(person, profiles.Masks()))
        missing = missing_words(levels.reached([one.level], row))
        rows.append(
            ui.Row(
                [
                    ui.Cell(name, url=reverse("customer", args=[person])),
                    row["orders_365" if one.level.within == levels.YEAR else "orders"],
                    figures.cents(row["net_cents_365" if one.level.within == levels.YEAR else "net_cents"]),
                    missing,
                ]
            )
        )
    columns = [
        ui.Column("person", _("客户"), "nowrap"),
        ui.Column("orders", _("购买天数"), "num"),
        ui.Column("net", _("净付（元）"), "num"),
        ui.Column("missing", _("还差"), card="end"),
    ]
    return ui.Table(columns, rows, caption=_("快到的人"))


@require_POST
@allowed(*MARKETING)
def save(request: HttpRequest) -> HttpResponse:
    """Add a level."""
    shop, now = shop_of(request), clock_of(request).now()
    form = LevelForm(request.POST)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        said = gettext("没有记下：「%(field)s」%(error)s") % {
            "field": form.fields[name].label, "error": errors[0],
        }  # fmt: skip
        messages.error(request, said)
        return redirect("levels")
    data = form.cleaned_data
    try:
        levels.save_level(
            shop, name=data["name"], within=data["within"], orders_from=data["orders_from"],
            net_cents_from=data["net_from"], term_days=data["term_days"], reward=data["reward"],
            by=request.user, now=now,  # type: ignore[arg-type]
        )  # fmt: skip
    except LevelRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]) % {"name": refused.name})
    else:
        messages.success(request, gettext("记下了"))
    return redirect("levels")


@require_POST
@allowed(*MARKETING)
def remove(request: HttpRequest, level_id: int) -> HttpResponse:
    """Take a level away."""
    level = get_object_or_404(MemberLevel, pk=level_id, shop=shop_of(request))
    levels.remove_level(level, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(request, gettext("去掉了「%(name)s」") % {"name": level.name})
    return redirect("levels")
