"""One order by its number: state, money, goods, refunds, reviews, and every state that a file told, with the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from laoke.audiences.readings import NotReady, reading_of
from laoke.customers import profiles, review_texts
from laoke.insights.orders import OrderStory, Row, story_of
from laoke.intake.models import ImportRun
from laoke.intake.reading.kinds import ALL
from laoke.shops import audit
from laoke.shops.models import Role, Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import READS, allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.figures import Amount
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.customers.profile import MAY_SEE_CONTACTS
from laoke.web.pages.customers.words import ORDER_STATES
from laoke.web.pages.orders.words import CLOSED, PARCELS, REFUND_KINDS

LONGEST = 64
SEES_IMPORTS = (Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR)


@dataclass(frozen=True)
class OrderPage:
    """One order. What there is none of is None and left out."""

    number: str
    state: ui.Status | None
    flag: ui.Tag | None
    meta: list[str]
    buyer: ui.Action | None
    kpis: ui.Kpis | None
    missing: ui.Notice | None
    history: ui.Timeline
    times: ui.Facts | None
    money: ui.Facts | None
    goods: ui.Table | None
    refunds: ui.Table | None
    reviews: ui.Table | None
    parcels: ui.Table | None
    may_read_words: bool


@allowed(*READS)
@require_GET
def order(request: HttpRequest) -> HttpResponse:
    """An order by the number in the address; without one, where to type it."""
    shop, now = shop_of(request), clock_of(request).now()
    number = request.GET.get("no", "").strip()[:LONGEST]
    search = ui.Filters(search_name="no", search_value=number, search_label=_("订单号"))
    try:
        reading = reading_of(shop)
    except NotReady as trouble:
        empty: ui.Empty = nothing_yet(trouble.code, request.role)  # type: ignore[attr-defined]
        return render(request, "orders/none.html", {"empty": empty, "search": None})
    if not number:
        empty = ui.Empty(_("输入完整的订单号"), _("看这一单的状态怎么一步步变过来、每一步是哪个文件说的。"))
        return render(request, "orders/none.html", {"empty": empty, "search": search})
    story = story_of(reading.reader, shop.pk, number)
    if not story.is_known:
        empty = ui.FilteredOut(_("没有这个单号"), _("检查单号有没有少一位；也可能这一单还没有导入。"))
        return render(request, "orders/none.html", {"empty": empty, "search": search}, status=404)
    page = _page(shop, number, story, now, request.role)  # type: ignore[attr-defined]
    return render(request, "orders/one.html", {"page": page})


def _page(shop: Shop, number: str, story: OrderStory, now: datetime, role: str) -> OrderPage:
    found = story.order
    files = _files(shop, [*story.history, *story.refunds])
    sees_files = role in SEES_IMPORTS
    return OrderPage(
        number=number,
        state=_state(found) if found else None,
        flag=_flag(found) if found else None,
        meta=_meta(found, now) if found else [],
        buyer=_buyer(shop, found) if found else None,
        kpis=_kpis(found) if found else None,
        missing=None if found else ui.Notice(
            _("退款、评价这些先到了。订单文件导进来，就和它们对上。"), _("这一单的订单还没有导入"), "warn"
        ),
        history=ui.Timeline(_moments(story, files, now, links=sees_files)),
        times=_times(found, now) if found else None,
        money=_money(found) if found else None,
        goods=_goods(story.goods),
        refunds=_refunds(story.refunds, files, now),
        reviews=_reviews(story.reviews, story.goods, now),
        parcels=_parcels(story.parcels, now),
        may_read_words=role in MAY_SEE_CONTACTS and bool(review_texts.count_of(shop, number)),
    )  # fmt: skip


def _files(shop: Shop, rows: Sequence[Row]) -> dict[int, str]:
    """The names of the files that told something, by import."""
    ids = {row["import_id"] for row in rows}
    return dict(ImportRun.objects.filter(shop=shop, pk__in=ids).values_list("pk", "file_name"))


def _state(found: Row) -> ui.Status:
    waits = found["status"] in (*CLOSED, "unpaid")
    return ui.Status(ORDER_STATES[found["status"]], "" if waits else "ok")


def _flag(found: Row) -> ui.Tag | None:
    said = {"suspect": _("疑似刷单，不计入"), "confirmed": _("刷单，不计入")}.get(found["flag"])
    return ui.Tag(said, "warn") if said else None


def _meta(found: Row, now: datetime) -> list[str]:
    place = " ".join(dict.fromkeys(filter(None, [found["province"], found["city"]])))
    placed = gettext("%(when)s 下单") % {"when": figures.when(found["created_at"], now)}
    return [part for part in (placed, place, found["close_reason"]) if part]


def _buyer(shop: Shop, found: Row) -> ui.Action | None:
    person = found["person_id"]
    if person is None or not profiles.persons_of(shop, [person]):
        return None
    masks = profiles.masks_of(shop, [person]).get(person, profiles.Masks())
    return ui.Action(title_of(person, masks), reverse("customer", args=[person]), icon="people")


def _kpis(found: Row) -> ui.Kpis:
    net = found["paid_cents"] - found["refunded_cents"]
    return ui.Kpis(
        [
            ui.Kpi(_("买家实付"), Amount.money(found["paid_cents"])),
            ui.Kpi(_("退款"), Amount.money(found["refunded_cents"])),
            ui.Kpi(_("净付"), Amount.money(net)),
            ui.Kpi(_("件数"), Amount.count(found["item_count"], _("件"))),
        ]
    )


def _moments(story: OrderStory, files: dict[int, str], now: datetime, *, links: bool) -> list[ui.Moment]:
    """Every state, newest first: what the order was when a file saw it, what had been paid and given back."""
    moments = []
    for row in story.history:
        name = files.get(row["import_id"], "")
        back = row["refunded_cents"]
        paid = gettext("实付 %(paid)s") % {"paid": figures.yuan(row["paid_cents"])}
        money = paid + gettext("，退 %(back)s") % {"back": figures.yuan(back)} if back else paid
        note = gettext("见于 %(file)s") % {"file": name} if name else gettext("见于已删掉的导入记录")
        moments.append(
            ui.Moment(
                ORDER_STATES[row["status"]],
                figures.when(row["seen_at"], now),
                note=note,
                text=money,
                kind="warn" if back else "key" if row["paid_cents"] else "",
                icon="back" if back else "bag" if row["paid_cents"] else "clock",
                url=reverse("import_result", args=[row["import_id"]]) if links and name else "",
            )
        )
    return moments


def _times(found: Row, now: datetime) -> ui.Facts:
    named: tuple[tuple[Words, str], ...] = (
        (_("下单"), "created_at"), (_("付款"), "paid_at"), (_("发货"), "shipped_at"), (_("完成或关闭"), "finished_at"),
        (_("最后修改"), "modified_at"), (_("按哪一刻的文件"), "seen_at"),
    )  # fmt: skip
    return ui.Facts([(label, figures.when(found[name], now)) for label, name in named if found[name]])


def _money(found: Row) -> ui.Facts:
    named: tuple[tuple[Words, str], ...] = (
        (_("应付"), "total_cents"), (_("货款"), "goods_cents"), (_("邮费"), "postage_cents"),
        (_("店铺优惠"), "seller_discount_cents"), (_("平台优惠"), "platform_discount_cents"),
        (_("实付"), "paid_cents"), (_("退款"), "refunded_cents"),
    )  # fmt: skip
    return ui.Facts([(label, figures.yuan(found[name])) for label, name in named])


def _goods(lines: Sequence[Row]) -> ui.Table | None:
    if not lines:
        return None
    columns = [
        ui.Column("title", pgettext_lazy("one of a list", "商品"), "wrap"),
        ui.Column("quantity", _("件数"), "num", label_on_card=_("件")),
        ui.Column("price", _("单价（元）"), "num", priority=2, card="hide"),
        ui.Column("paid", _("实付（元）"), "num", label_on_card=_("实付")),
        ui.Column("back", _("退款（元）"), "num", label_on_card=_("退款")),
        ui.Column("state", _("这件的状态"), "nowrap", card="wide"),
    ]
    rows = [
        ui.Row(
            [
                ui.Cell(row["title"] or row["product_id"] or row["outer_code"], sub=row["sku"]),
                row["quantity"],
                figures.cents(row["unit_price_cents"]),
                figures.cents(row["paid_cents"]),
                figures.cents(row["refunded_cents"]),
                row["line_status"],
            ]
        )
        for row in lines
    ]
    return ui.Table(columns, rows, caption=_("买了什么"))


def _refunds(refunds: Sequence[Row], files: dict[int, str], now: datetime) -> ui.Table | None:
    if not refunds:
        return None
    columns = [
        ui.Column("id", _("退款编号"), "nowrap"),
        ui.Column("amount", _("金额（元）"), "num", card="end"),
        ui.Column("state", _("状态"), "wrap", card="wide"),
        ui.Column("asked", _("申请"), "nowrap", label_on_card=_("申请")),
        ui.Column("settled", _("完结"), "nowrap", label_on_card=_("完结")),
    ]
    rows = [
        ui.Row(
            [
                ui.Cell(row["refund_id"], sub=files.get(row["import_id"], "")),
                figures.cents(row["amount_cents"]),
                ui.Cell(
                    gettext("退款成功") if row["state"] == "success" else row["state"],
                    sub=" · ".join(filter(None, [str(REFUND_KINDS[row["kind"]]), row["reason"]])),
                ),
                figures.when(row["created_at"], now),
                figures.when(row["finished_at"], now) if row["finished_at"] else "—",
            ]
        )
        for row in refunds
    ]
    return ui.Table(columns, rows, caption=_("退款"))


def _reviews(reviews: Sequence[Row], goods: Sequence[Row], now: datetime) -> ui.Table | None:
    if not reviews:
        return None
    titles = {row["product_id"]: row["title"] for row in goods}
    columns = [
        ui.Column("what", _("评的是"), "wrap"),
        ui.Column("rating", _("评分"), "nowrap", card="end"),
        ui.Column("scores", _("描述 / 服务 / 物流"), "nowrap", label_on_card=_("描述 / 服务 / 物流")),
        ui.Column("at", _("时间"), "nowrap", card="wide"),
    ]
    rows = [
        ui.Row(
            [
                gettext("整单")
                if row["product_id"] == ALL
                else titles.get(row["product_id"]) or row["product_id"],
                ui.Cell(stars(row["rating"]), sub=gettext("有晒图") if row["has_photo"] else ""),
                " / ".join(
                    str(row[f"score_{name}"] or "—") for name in ("description", "service", "logistics")
                ),
                figures.when(row["at"], now),
            ]
        )
        for row in reviews
    ]
    return ui.Table(columns, rows, caption=_("评价"))


def stars(rating: int) -> str:
    """How many stars, in words."""
    return gettext("%(n)s 星") % {"n": rating}


def _parcels(events: Sequence[Row], now: datetime) -> ui.Table | None:
    if not events:
        return None
    columns = [
        ui.Column("what", _("到哪了"), "nowrap"),
        ui.Column("at", _("时间"), "nowrap", card="end"),
        ui.Column("carrier", _("快递公司"), "nowrap", card="wide"),
    ]
    rows = [ui.Row([PARCELS[row["kind"]], figures.when(row["at"], now), row["carrier"]]) for row in events]
    return ui.Table(columns, rows, caption=_("物流"))


@require_POST
@allowed(*MAY_SEE_CONTACTS)
def words(request: HttpRequest) -> HttpResponse:
    """What the buyer wrote in the reviews of an order, in clear: one audit row each time."""
    shop, number = shop_of(request), request.POST.get("no", "").strip()[:LONGEST]
    found = review_texts.words_of(shop, [number]) if number else {}
    if not found:
        raise Http404
    audit.record(
        "review.show", shop=shop, actor=request.user, at=clock_of(request).now(), subject=number, count=len(found)  # type: ignore[arg-type]
    )  # fmt: skip
    said = [text for texts in found.values() for text in texts.values() if text]
    return render(request, "orders/words.html", {"said": said})
