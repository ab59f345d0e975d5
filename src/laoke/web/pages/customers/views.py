"""Pages of customers: the list, one customer, proposals of merges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.customers import links
from laoke.customers.models import Tag
from laoke.shops import audit
from laoke.shops.models import Role, Staff
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, READS, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.downloads import PassingFile
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.customers import export, habits, listing, merging, parts, profile, timeline, words

# In the session: the mark of the search that was written down last.
SEARCHED = "people_searched"
# The newest orders that a case may be opened for.
CASE_ORDERS = 20


@dataclass(frozen=True)
class ListPage:
    """The list of customers.

    tabs        the saved views with their counts
    columns     (name, label, shown) in the colleague's order, for the picker
    choices     what each condition may be
    """

    asked: listing.Asked
    table: ui.Table
    matched: int
    people: int
    tabs: ui.Tabs
    filters: ui.Filters
    bulk: ui.Bulk | None
    columns: list[tuple[str, Words, bool]]
    choices: dict[str, list[tuple[str, Words]]]
    tags: list[Tag]
    staff: list[Staff]
    as_of: Any
    proposals: int
    may_change: bool
    may_export: bool


@allowed(*READS)
def customers(request: HttpRequest) -> HttpResponse:
    """The list; HTMX gets the rows alone."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        reading = reading_of(shop, now.date())
    except NotReady as trouble:
        empty = nothing_yet(trouble.code, request.role)  # type: ignore[attr-defined]
        return render(request, "customers/none.html", {"title": _("客户"), "empty": empty})
    given = listing.asked(request.GET)
    wanted, found = listing.narrowed(shop, reading, given, request.user)  # type: ignore[arg-type]
    cut = found is not None and found.more
    if found is not None:
        _note_search(request, given.search, found)
    shown = listing.chosen_columns(shop, request.user)  # type: ignore[arg-type]
    result = listing.page(reading, wanted, given, shown)
    if given.search and result.matched == 1 and not request.htmx:  # type: ignore[attr-defined]
        return redirect("customer", result.rows[0]["person_id"])
    table = listing.table(listing.persons(shop, result.rows, now), shown, given, result)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "customers/list_part.html", {"table": table, "cut": cut})
    page = _list_page(request, reading, given, table, result.matched)
    export_url = reverse("customers_export") + ui.query_with(given.query, after=None, before=None)
    out = {
        "cut": cut,
        "segment_url": segment_url(given),
        "export_url": export_url if page.may_export else "",
        "may_look_up": request.role in (*MARKETING, Role.SERVICE),  # type: ignore[attr-defined]
    }
    return render(request, "customers/list.html", {"page": page, **out})


def _note_search(request: HttpRequest, text: str, found: listing.Searched) -> None:
    """A search for people is an audit row: how many it found and how, never what was typed.

    Its further pages are none, but only after its first: an address can begin anywhere.
    """
    mark = salted_hmac(SEARCHED, text, algorithm="sha256").hexdigest()
    if request.session.get(SEARCHED) == mark and (request.GET.get("after") or request.GET.get("before")):
        return
    request.session[SEARCHED] = mark
    audit.record(
        "contact.search", shop=shop_of(request), actor=request.user, at=clock_of(request).now(),  # type: ignore[arg-type]
        count=len(found.persons), by_part=found.by_part,
    )  # fmt: skip


@allowed(*MARKETING, Role.ANALYST)
def customers_export(request: HttpRequest) -> HttpResponse | PassingFile:
    """The list as a workbook."""
    shop, now = shop_of(request), clock_of(request).now()
    given = listing.asked(request.GET)
    back = redirect(reverse("customers") + "?" + given.query)
    try:
        reading = reading_of(shop, now.date())
        written = export.write(shop, reading, given, request.user, now)  # type: ignore[arg-type]
    except NotReady:
        return back
    except export.TooMany as long:
        said = gettext("符合的有 %(n)s 人，一次最多导出 %(most)s 人。加个条件再导出")
        numbers = {"n": figures.exact(long.matched), "most": figures.exact(export.MOST_ROWS)}
        messages.error(request, said % numbers)
        return back
    name = gettext("客户") + f"-{now:%Y%m%d-%H%M}.xlsx"
    return PassingFile(written.path, name)


def _list_page(
    request: HttpRequest, reading: Reading, given: listing.Asked, table: ui.Table, matched: int
) -> ListPage:
    shop = shop_of(request)
    may_change = may_market(request)
    shown = listing.chosen_columns(shop, request.user)  # type: ignore[arg-type]
    rest = [name for name in listing.COLUMNS if name not in shown]
    tags = list(Tag.objects.filter(shop=shop).order_by("name"))
    return ListPage(
        asked=given,
        table=table,
        matched=matched,
        people=reading.people,
        tabs=_tabs(reading, given),
        filters=_filters(given, matched, shown),
        bulk=_bulk(matched) if may_change and matched else None,
        columns=[(name, listing.COLUMNS[name][0].label, name in shown) for name in [*shown, *rest]],
        choices=listing.choices(shop, reading, tags),
        tags=tags,
        staff=list(Staff.objects.filter(shop=shop).select_related("user").order_by("pk")),
        as_of=reading.as_of,
        proposals=links.waiting_count(shop) if may_change else 0,
        may_change=may_change,
        may_export=may_change or request.role == Role.ANALYST,  # type: ignore[attr-defined]
    )


def _tabs(reading: Reading, given: listing.Asked) -> ui.Tabs:
    groups = reading.reader.remembered(
        "group_counts", shop_id=reading.shop_id, as_of_day=reading.as_of_day
    ).to_pylist()
    stages = reading.reader.remembered(
        "lifecycle_counts", shop_id=reading.shop_id, as_of_day=reading.as_of_day
    ).to_pylist()
    by_group = {row["group3"]: row["persons"] for row in groups}
    by_stage = {row["lifecycle"]: row["persons"] for row in stages}
    here, base = reverse("customers"), given.wanted
    tabs = [ui.Tab(_("全部"), here, not given.query, figures.wan(reading.people))]
    for name in ("loyal", "active", "ordinary"):
        on = base.group3 == name and not base.lifecycle
        tabs.append(
            ui.Tab(words.GROUPS[name], f"{here}?group3={name}", on, figures.wan(by_group.get(name, 0)))
        )
    for name in ("new_customer", "silent", "dormant"):
        on = base.lifecycle == name
        tabs.append(
            ui.Tab(words.LIFECYCLES[name], f"{here}?lifecycle={name}", on, figures.wan(by_stage.get(name, 0)))
        )
    tabs.append(ui.Tab(_("我负责的"), f"{here}?mine=1", given.mine))
    return ui.Tabs(tabs, _("现成的几种"))


def _filters(given: listing.Asked, matched: int, shown: list[str]) -> ui.Filters:
    keep = [(name, value) for name, value in _pairs(given) if name not in ("q", "after", "before")]
    picker = gettext("列 %(n)s/%(all)s") % {"n": len(shown) + 1, "all": len(listing.COLUMNS) + 1}
    return ui.Filters(
        search_value=given.search,
        search_label=_("会员名、手机号、订单号"),
        chips=listing.chips(given),
        keep=keep,
        add=ui.Action(_("条件"), dialog="conditions"),
        count=ngettext("符合 %(n)s 人", "符合 %(n)s 人", matched) % {"n": figures.exact(matched)},
        actions=[ui.Action(picker, dialog="columns", icon="cols", small=True)],
    )


def _pairs(given: listing.Asked) -> list[tuple[str, str]]:
    return [(name, value) for name, value in QueryDict(given.query).items() if isinstance(value, str)]


def _bulk(matched: int) -> ui.Bulk:
    return ui.Bulk(
        "people",
        [ui.Action(_("打标签"), dialog="bulk-tag"), ui.Action(_("指定负责人"), dialog="bulk-assign")],
        _("人"),
        figures.exact(matched),
    )


@allowed(*READS)
def customer(request: HttpRequest, person_id: int) -> HttpResponse:
    """One customer. A number that was merged away leads to the person it belongs to now."""
    shop = shop_of(request)
    members = links.customers_of(shop, person_id)
    if not members:
        now_of = links.person_of(shop, person_id)
        if now_of is None:
            raise Http404
        return redirect("customer", now_of)
    page = profile.page_of(request, shop, person_id, members, clock_of(request).now())
    return render(request, "customers/one.html", {"page": page})


@allowed(*READS)
def customer_keys(request: HttpRequest, person_id: int) -> HttpResponse:
    """By what one customer is recognised: a part of their page, which comes after it."""
    members = links.customers_of(shop_of(request), person_id)
    if not members:
        raise Http404
    return render(request, "customers/keys.html", {"keys": profile.keys_of(members)})


@allowed(*READS)
def customer_history(request: HttpRequest, person_id: int) -> HttpResponse:
    """What happened with one customer, on one line of time: a part of their page, which comes after it."""
    shop, now = shop_of(request), clock_of(request).now()
    members = links.customers_of(shop, person_id)
    if not members:
        raise Http404
    facts = timeline.facts_of(profile.reading_or_none(shop, now), members)
    talks = request.role in profile.MAY_SEE_CONTACTS  # type: ignore[attr-defined]
    told = {
        "history": timeline.history_of(request, shop, person_id, members, facts, now),
        # What a case may be about: the choice stands in the page, the orders come with them.
        "orders": [order["order_id"] for order in facts.orders[:CASE_ORDERS]] if talks else None,
    }
    return parts.respond(request, shop, person_id, "customers/history.html", _("来往"), told)


@allowed(*READS)
def customer_habits(request: HttpRequest, person_id: int) -> HttpResponse:
    """What one customer usually does: a part of their page, which comes after it."""
    shop, now = shop_of(request), clock_of(request).now()
    members = links.customers_of(shop, person_id)
    if not members:
        raise Http404
    found = habits.habits_of(profile.reading_or_none(shop, now), members, now)
    return parts.respond(request, shop, person_id, "customers/habits.html", _("习惯"), {"habits": found})


@allowed(*MARKETING)
def proposals(request: HttpRequest) -> HttpResponse:
    """Pairs that may be one person, to be decided one by one."""
    shop = shop_of(request)
    return render(request, "customers/links.html", {"page": merging.page_of(shop, clock_of(request).now())})


def segment_url(given: listing.Asked) -> str:
    """Where these conditions become a segment; '' when they cannot, or there is no such page."""
    text = listing.as_filter(given)
    try:
        return f"{reverse('segment_new')}?{urlencode({'text': text})}" if text else ""
    except NoReverseMatch:
        return ""
