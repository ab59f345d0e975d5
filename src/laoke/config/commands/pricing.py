"""Commands of pricing: quote a basket, store offers, replay them on past orders."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from laoke.config.commands.campaign import (
    ByName,
    CampaignName,
    ShopName,
    clock_of,
    found_campaign,
    refusals,
    the_day,
    the_moment,
    the_user,
)
from laoke.config.console import emit, ready, refuse, the_shop

if TYPE_CHECKING:
    from laoke.promotions.engine import Settlement
    from laoke.promotions.models import Backtest


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("quote")(quote)
    app.command("settle")(settle)
    app.command("backtest")(backtest)
    offers = typer.Typer(help="优惠", no_args_is_help=True)
    offers.command("add")(offer_add)
    offers.command("list")(offer_list)
    offers.command("edit")(offer_edit)
    offers.command("archive")(offer_archive)
    app.add_typer(offers, name="offer")


def _json_file(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        refuse("no_file", f"打不开文件：{file}")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        refuse("not_json", f"{file} 不是 JSON：{error}")


def quote(
    file: Annotated[Path, typer.Argument(help="JSON：basket、offers、at")],
    returned: Annotated[list[str] | None, typer.Option(help="退哪行几件，如 1=2；可多次")] = None,
    best: Annotated[bool, typer.Option("--best", help="手里的券怎么搭配最便宜就怎么用")] = False,
) -> None:
    """给一篮子商品算价：每行多少、每个优惠减多少、为什么没用上；退一部分要退多少。"""
    ready(migrated=False)
    from laoke.money import format_cents
    from laoke.promotions import engine
    from laoke.promotions.offers import OfferRefused
    from laoke.shops.clock import clock_from_env

    data = _json_file(file)
    with refusals():
        try:
            basket, offers, at = engine.request_from_dict(data)
            moment = at or clock_from_env().now()
            found = (
                engine.best_quote(basket, offers, moment).quote
                if best
                else engine.quote(basket, offers, moment)
            )
            back = engine.refund(found, offers, _pieces_back(returned)) if returned else None
        except engine.EngineError as error:
            raise OfferRefused.of(error) from None
    lines = [
        f"{engine.step_sentence(step)}：{format_cents(step.amount_cents)}（{step.rule}）"
        for step in found.trace
    ]
    lines += [f"{one.offer_id}：{engine.next_step_sentence(one)}" for one in found.next_steps]
    lines += [f"没用上 {one.offer_id}：{engine.refusal_sentence(one)}" for one in found.refused]
    told = engine.quote_to_dict(found)
    if back is not None:
        told["refund"] = asdict(back)
        lines += [
            f"退 {one.line_id} 行 {one.pieces} 件：{format_cents(one.cents)}（R30）" for one in back.lines
        ]
        lines += [f"赠品要退回：{gift.title} {gift.pieces} 件" for gift in back.gifts_due]
    emit(told, "\n".join(lines))


def _pieces_back(words: list[str]) -> dict[str, int]:
    """`1=2` as {line: pieces}."""
    pieces = {}
    for word in words:
        line_id, _, count = word.rpartition("=")
        if not line_id or not count.isdecimal():
            raise typer.BadParameter(f"--returned 要写成 行号=件数，不能是 {word!r}")
        pieces[line_id] = int(count)
    return pieces


SETTLED = {
    "completed": "完成",
    "forfeited": "没付尾款，定金不退",
    "waiting": "还没结束",
    "formed": "成团",
    "failed": "没成团，退款",
    "returned": "已退货",
}


def settle(
    file: Annotated[
        Path,
        typer.Argument(help="JSON：offer、orders、at；有 --offer 时也收结算页的 Excel 或 CSV"),
    ],
    offer: Annotated[int | None, typer.Option(help="店里的优惠编号，代替文件里的 offer")] = None,
    shop: ShopName = None,
) -> None:
    """结算定金、拼团、越买越便宜：哪些单完成、哪些团没凑满、退多少、留多少。"""
    ready(migrated=offer is not None)
    from laoke.promotions import engine
    from laoke.promotions.offers import OfferRefused
    from laoke.shops.clock import clock_from_env

    if offer is not None:
        _settle_stored(file, offer, shop)
        return
    data = _json_file(file)
    with refusals():
        try:
            value, orders, at = engine.settling_request_from_dict(data)
            found = engine.settle(value, orders, at or clock_from_env().now())
        except engine.EngineError as error:
            raise OfferRefused.of(error) from None
    emit(engine.settlement_to_dict(found), "\n".join(_settled_lines(found)))


def _settled_lines(found: Settlement) -> list[str]:
    from laoke.money import format_cents

    lines = [
        f"{one.order_id}：{SETTLED[one.state]}，收 {format_cents(one.paid_cents)}，退 {format_cents(one.back_cents)}"
        for one in found.orders
    ]
    return [
        *lines,
        f"共收 {format_cents(found.paid_cents)}，留 {format_cents(found.kept_cents)}，"
        f"退 {format_cents(found.back_cents)}，未定 {format_cents(found.open_cents)}",
    ]


def _settle_stored(file: Path, number: int, shop: str | None) -> None:
    """Settle a file of the page's kind under a stored offer; rows that do not count are told beside the result."""
    from laoke.campaigns.settlement_files import read_payments
    from laoke.campaigns.settlements import file_refusal_text, settle_payments, todo_of
    from laoke.campaigns.table_files import FileRefused
    from laoke.intake.reading.messages import refusal_message
    from laoke.intake.reading.refusals import IntakeRefused
    from laoke.promotions import engine
    from laoke.promotions.offers import offer_value

    target = the_shop(shop)
    value = offer_value(stored_offer(target, number))
    if not isinstance(value.mechanic, engine.SETTLED):
        refuse("nothing_to_settle", "这种优惠没有要结算的：只有定金、拼团、越买越便宜")
    try:
        payments = read_payments(file, value)
    except OSError:
        refuse("no_file", f"打不开文件：{file}")
    except FileRefused as refused:
        refuse(refused.code, file_refusal_text(refused))
    except IntakeRefused as refused:
        refuse(refused.code, refusal_message(refused.code, refused.params))
    found = settle_payments(value, payments, payments.at or clock_of(target).now())
    told = [
        {
            "line": one.line, "column": str(one.column), "found": one.found, "expected": str(one.expected),
            "todo": str(todo_of(one)),
        }
        for one in found.refused
    ]  # fmt: skip
    lines = [f"第 {one['line']} 行没有算：{one['column']} 应该是{one['expected']}" for one in told]
    emit(
        {**engine.settlement_to_dict(found.settlement), "refused": told},
        "\n".join([*_settled_lines(found.settlement), *lines]),
    )


def offer_add(
    campaign: CampaignName,
    name: Annotated[str, typer.Option(help="优惠名")] = "",
    percent: Annotated[str | None, typer.Option(help="打几折，如 8.5")] = None,
    spend: Annotated[str | None, typer.Option(help="满多少元")] = None,
    off: Annotated[str | None, typer.Option(help="减多少元")] = None,
    coupon: Annotated[str | None, typer.Option(help="券的面额（元）")] = None,
    repeating: Annotated[bool, typer.Option(help="每满就减")] = False,
    cap: Annotated[str | None, typer.Option(help="封顶（元）")] = None,
    starts: Annotated[str | None, typer.Option("--from", help="开始；默认活动日零点")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="结束；默认活动日 24 点")] = None,
    file: Annotated[Path | None, typer.Option(help="一个优惠的 JSON，代替上面的选项")] = None,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """给活动加一个优惠。"""
    ready()
    from laoke.campaigns.editing import use_offer
    from laoke.promotions.describing import describe
    from laoke.promotions.offers import add_offer, offer_value

    target = the_shop(shop)
    row = found_campaign(target, campaign)
    user, now = the_user(target, by), clock_of(target).now()
    data = _json_file(file) if file else _typed_offer(name, percent, spend, off, coupon, repeating, cap)
    if isinstance(data, dict) and "window" not in data:
        data["window"] = _window(row.day, starts, ends)
    with refusals():
        offer = add_offer(target, data, by=user, now=now)
        use_offer(row, offer, by=user, now=now)
    what = describe(offer_value(offer))
    emit({"offer": offer.pk, "name": offer.name, "what": what}, f"优惠 {offer.pk} {offer.name}：{what}")


def _window(day: Any, starts: str | None, ends: str | None) -> dict[str, str]:
    from datetime import datetime, time, timedelta

    midnight = datetime.combine(day, time())
    return {
        "start": (the_moment(starts) if starts else midnight).isoformat(),
        "end": (the_moment(ends) if ends else midnight + timedelta(days=1)).isoformat(),
    }


def _typed_offer(
    name: str, percent: str | None, spend: str | None, off: str | None, coupon: str | None, repeating: bool,
    cap: str | None,
) -> dict[str, Any]:  # fmt: skip
    if percent is not None:
        return {
            "name": name or f"{percent} 折", "layer": "item", "mechanic": "percent_off",
            "terms": {"pay_bp": typed_cents(percent, "--percent") * 10},
        }  # fmt: skip
    if coupon is not None:
        terms: dict[str, Any] = {
            "threshold_cents": typed_cents(spend, "--spend") if spend else 0,
            "face_cents": typed_cents(coupon, "--coupon"),
        }
        return {
            "name": name or f"店铺券 {coupon}",
            "layer": "coupon",
            "mechanic": "shop_coupon",
            "terms": terms,
        }
    if spend is None or off is None:
        raise typer.BadParameter("写 --percent，或 --spend 和 --off，或 --coupon")
    terms = {
        "steps": [{"threshold_cents": typed_cents(spend, "--spend"), "off_cents": typed_cents(off, "--off")}],
        "repeating": repeating,
        "cap_cents": typed_cents(cap, "--cap") if cap else None,
    }
    return {
        "name": name or f"满 {spend} 减 {off}", "layer": "shop", "mechanic": "threshold_discount", "terms": terms,
    }  # fmt: skip


def typed_cents(text: str | None, option: str) -> int:
    """An amount as typed, in cents."""
    from laoke.money import MoneyError, parse_cents

    try:
        cents = parse_cents(text or "")
    except MoneyError:
        cents = None
    if cents is None:
        raise typer.BadParameter(f"{option} 要是金额，不能是 {text!r}")
    return cents


def offer_list(
    campaign: Annotated[str | None, typer.Argument(help="活动名；不给则为店里的全部")] = None,
    shop: ShopName = None,
) -> None:
    """列出优惠。"""
    ready()
    from laoke.promotions.describing import describe
    from laoke.promotions.models import Offer
    from laoke.promotions.offers import offer_value

    target = the_shop(shop)
    rows = Offer.objects.filter(shop=target, archived=False).order_by("pk")
    if campaign is not None:
        row = found_campaign(target, campaign)
        rows = rows.filter(pk__in=row.campaign_offers.values_list("offer_id", flat=True))
    told = [
        {
            "id": offer.pk, "name": offer.name, "what": describe(offer_value(offer)), "from": str(offer.starts_at),
            "to": str(offer.ends_at), "offer": offer.terms,
        }
        for offer in rows
    ]  # fmt: skip
    emit({"offers": told}, "\n".join(f"{o['id']}  {o['name']}：{o['what']}" for o in told) or "还没有优惠")


def stored_offer(target: Any, number: int) -> Any:
    """The offer of that number."""
    from laoke.promotions.models import Offer

    offer = Offer.objects.filter(shop=target, pk=number).first()
    if offer is None:
        refuse("no_offer", f"没有编号 {number} 的优惠")
    return offer


def offer_edit(
    number: Annotated[int, typer.Argument(help="优惠编号")],
    file: Annotated[Path, typer.Option(help="整个优惠的 JSON")],
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """改一个优惠；之前看过的回放不再算数。"""
    ready()
    from laoke.promotions.describing import describe
    from laoke.promotions.offers import edit_offer, offer_value

    target = the_shop(shop)
    offer = stored_offer(target, number)
    with refusals():
        edit_offer(offer, _json_file(file), by=the_user(target, by), now=clock_of(target).now())
    emit({"offer": offer.pk, "what": describe(offer_value(offer))}, describe(offer_value(offer)))


def offer_archive(
    number: Annotated[int, typer.Argument(help="优惠编号")], shop: ShopName = None, by: ByName = None
) -> None:
    """收起一个优惠。"""
    ready()
    from laoke.promotions.offers import archive_offer

    target = the_shop(shop)
    offer = stored_offer(target, number)
    with refusals():
        archive_offer(offer, by=the_user(target, by), now=clock_of(target).now())
    emit({"offer": offer.pk, "archived": True}, f"已收起：{offer.name}")


def backtest(
    what: Annotated[str, typer.Argument(help="活动名，或一个含 offers 的 JSON 文件")],
    since: Annotated[
        str | None, typer.Option("--from", help="从哪天；默认上一次同样的活动，没有就去年同期前后 10 天")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="到哪天（含）")] = None,
    offer: Annotated[list[int] | None, typer.Option(help="只看这些优惠编号；可多次")] = None,
    fee: Annotated[str | None, typer.Option(help="平台扣点（%）；默认看价格表")] = None,
    postage: Annotated[str | None, typer.Option(help="每单要贴的运费（元），不算买家付的；默认 0")] = None,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """把优惠放到过去的订单上重算：多少单够格、让利多少、毛利前后、会亏的单、要多卖多少才回本。单数太少就说要多少单。"""
    ready()
    from laoke.campaigns.editing import backtest_seen
    from laoke.campaigns.plan_comparisons import comparable_window, people_then, usual_terms
    from laoke.promotions import backtesting
    from laoke.promotions.depth.net import CostTerms
    from laoke.promotions.models import Offer

    target = the_shop(shop)
    clock = clock_of(target)
    file = Path(what)
    campaign = None if file.suffix == ".json" and file.is_file() else found_campaign(target, what)
    if campaign is None:
        content = _json_file(file)
        offers: list[Any] = (
            content["offers"] if isinstance(content, dict) and "offers" in content else [content]
        )
    else:
        wanted = Offer.objects.filter(pk__in=campaign.campaign_offers.values_list("offer_id", flat=True))
        offers = list((wanted.filter(pk__in=offer) if offer else wanted).order_by("pk"))
    window = comparable_window(target, campaign, clock.today(), backtesting.orders_until(target))
    usual = usual_terms(target, campaign)
    try:
        terms = CostTerms(
            usual.fee_bp if fee is None else typed_cents(fee, "--fee"),
            0 if postage is None else typed_cents(postage, "--postage"),
        )
    except ValueError:
        raise typer.BadParameter(
            "--fee 要在 0 到 99.99 之间，--postage 不能是负数，也不能超过一千万元"
        ) from None
    with refusals():
        try:
            days = (the_day(since) if since else window.first, the_day(until) if until else window.last)
            then = people_then(target, [offers], *days, clock.today())
            row = backtesting.backtest(
                target, offers, *days, by=the_user(target, by), clock=clock, terms=terms, then=then
            )
        except backtesting.BacktestRefused as error:
            refuse(error.code, BACKTEST_REFUSALS[error.code])
    if campaign is not None:
        backtest_seen(campaign, row)
    told = {
        "backtest": row.pk, "from": str(row.period_from), "to": str(row.period_to), "catalog": row.catalog_ref,
        **row.result, **_deeper(row),
    }  # fmt: skip
    emit(told, _backtest_text(row))


def _deeper(row: Backtest) -> dict[str, Any]:
    """Net, break-even, the best step and the best pair of a backtest; empty for a refused one."""
    from laoke.promotions.deepening import Assumed, Depth
    from laoke.promotions.depth.thresholds import best_of, steps_of

    stored = getattr(row, "depth", None)
    if stored is None:
        return {}
    depth = Depth(stored.facts, Assumed.read(stored.assumed))
    fill = depth.fill_up
    best = best_of(steps_of(depth.values, fill)) if fill is not None else None
    pairs = depth.pairs
    pair = pairs.best if pairs is not None else None
    return {
        "terms": stored.facts["terms"],
        "net": stored.facts["net"],
        "break_even": {name: asdict(depth.break_even(name)) for name in ("listed", "paid")},
        "best_step": asdict(best) if best is not None else None,
        "best_pair": asdict(pair) if pair is not None else None,
        "history": stored.facts["history"],
    }


BACKTEST_REFUSALS = {
    "no_facts": "还没有导入订单",
    "no_offers": "没有优惠可以回放，先用 laoke offer add 加一个",
    "period": "结束的日子早于开始",
}


def _backtest_text(row: Backtest) -> str:
    from laoke.money import format_cents

    result = row.result
    head = f"{row.period_from} – {row.period_to}，{result['orders']:,} 单"
    if result.get("refused"):
        return f"{head}：太少，要 {result['needed_orders']:,} 单才说得准，换一段长的"
    lines = [
        head,
        *_unpriced(row),
        *(f"  {offer['assumed']}" for offer in row.offers if offer.get("assumed")),
        f"  够格 {result['discounted_orders']:,} 单，让利 ¥ {format_cents(result['discount_cents'])}",
        f"  成交 ¥ {format_cents(result['revenue_before_cents'])} → ¥ {format_cents(result['revenue_after_cents'])}",
    ]
    if result["margin_before_cents"] is not None:
        lines.append(
            f"  毛利 ¥ {format_cents(result['margin_before_cents'])} → ¥ {format_cents(result['margin_after_cents'])}"
            f"（{result['cost_known_orders']:,} 单知道成本）"
        )
        lines.append(
            f"  亏本卖出 {result['loss_orders_after']:,} 单，共 ¥ {format_cents(result['loss_cents_after'])}"
        )
        lines.append(f"  要多卖才回本：{_lift_text(row)}")
    else:
        lines.append("  商品没有成本，毛利和亏本算不出来")
    return "\n".join(lines)


def _unpriced(row: Backtest) -> list[str]:
    """Which offers leave the orders unpriced of which only the total is known."""
    orders = row.result["basis"]["orders_with_totals"]
    names = "、".join(offer["name"] for offer in row.offers if offer["needs_lines"])
    if not orders or not names:
        return []
    return [f"  其中 {orders:,} 单只有总额，没有明细，这些优惠没算到它们头上：{names}"]


def _lift_text(row: Backtest) -> str:
    """How many more orders pay for the offers, against no offer at all."""
    found = _deeper(row)["break_even"]["listed"]
    if "code" in found:
        return "每单已经不剩钱，多卖只会多亏"
    if not found["lift_bp"]:
        return "不需要"
    return f"比不打折多 {found['lift_bp'] / 100:.2f}%，{found['extra_orders']:,} 单"
