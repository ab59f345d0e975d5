"""What is asked for after the count: who would have been in it at month ends, and the people as a workbook."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences import counting, wording
from laoke.audiences.readings import NotReady, reading_of
from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.audiences.trends import Trend, trend
from laoke.insights.people import Order, Wanted
from laoke.shops.joins import clauses
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import TooLong
from laoke.web import charts, figures
from laoke.web import components as ui
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.downloads import PassingFile
from laoke.web.pages.customers import export
from laoke.web.pages.segments.places import EXPORTS, LOOKS, builder_with


@require_POST
@allowed(*LOOKS)
def over_time(request: HttpRequest) -> HttpResponse:
    """The trend of a text; one that cannot be read leads back with the reason."""
    shop, now, text = shop_of(request), clock_of(request).now(), request.POST.get("text", "")
    back = builder_with(text)
    try:
        with on_page(SHOWN):
            found = trend(shop, text, now.date())
    except (FilterError, TreeError) as error:
        messages.error(request, wording.refusal_text(error))
        return redirect(back)
    except NotReady as trouble:
        messages.error(request, wording.not_ready_text(trouble.code))
        return redirect(back)
    except TooLong as slow:
        messages.error(request, told(slow))
        return redirect(back)
    page = {"card": _card(found), "sentence": wording.describe(parse(text)), "back": back}
    return render(request, "segments/over_time.html", page)


def _card(found: Trend) -> ui.ChartCard:
    days = [f"{one.day:%Y-%m-%d}" for one in found.moments]
    series = [charts.Series(_("人数"), [one.n for one in found.moments], area=True)]
    columns = [
        ui.Column("day", _("日期"), "nowrap"),
        ui.Column("n", _("人数"), "num"),
        ui.Column("share", _("占当时的客户"), "num"),
    ]
    rows = [
        ui.Row([day, one.n, figures.percent(one.share)]) for day, one in zip(days, found.moments, strict=True)
    ]
    foot = [gettext("用今天的条件，按每个月末那天的数据算")]
    if found.as_now:
        foot.append(gettext("标签、同意、等级、联系方式和客户价值只知道现在的样子"))
    if found.missing:
        foot.append(gettext("还有 %(n)s 个月末没算好") % {"n": len(found.missing)})
    return ui.ChartCard(
        "segment-trend", _("过去 12 个月末"), charts.time_lines(days, series),
        ui.Table(columns, rows, caption=_("过去 12 个月末"), cards=False), label=_("每个月末会在这群人里的人数"),
        foot=clauses(foot),
    )  # fmt: skip


@require_POST
@allowed(*EXPORTS)
def people_as_sheet(request: HttpRequest) -> HttpResponse | PassingFile:
    """The members as a workbook with the columns this colleague sees, masks instead of names; one audit row."""
    shop, now, text = shop_of(request), clock_of(request).now(), request.POST.get("text", "")
    back = redirect(builder_with(text))
    try:
        reading = reading_of(shop, now.date())
        with on_page(SHOWN):
            people = counting.members(shop, text, now.date()).column("person_id").to_pylist()
        if len(people) > export.MOST_ROWS:
            raise export.TooMany(len(people))
        written = export.write_people(
            shop,
            reading,
            Wanted(persons=people),
            Order(),
            request.user,  # type: ignore[arg-type]
            now,
            "segment.export",
        )
    except (FilterError, TreeError) as error:
        messages.error(request, wording.refusal_text(error))
        return back
    except NotReady as trouble:
        messages.error(request, wording.not_ready_text(trouble.code))
        return back
    except TooLong as slow:
        messages.error(request, told(slow))
        return back
    except export.TooMany as long:
        said = gettext("符合的有 %(n)s 人，一次最多导出 %(most)s 人。加个条件再导出")
        numbers = {"n": figures.exact(long.matched), "most": figures.exact(export.MOST_ROWS)}
        messages.error(request, said % numbers)
        return back
    return PassingFile(written.path, gettext("人群") + f"-{now:%Y%m%d-%H%M}.xlsx")
