"""Stored offers: rows around the engine's values, with every refusal said in Chinese at its field.

`Offer.terms` holds the whole offer as JSON (`engine.offer_to_dict`); name, mechanic and window stand beside it as
columns for lists. The platform executes offers; what is stored here is what was set up there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext, gettext_noop

from laoke.money import format_cents
from laoke.promotions import engine
from laoke.promotions.buyer_lists import segment_number
from laoke.promotions.coupons.rows import mark_offer
from laoke.promotions.models import BuyerList, Offer
from laoke.promotions.rewards import promised
from laoke.promotions.setup.links import check_activity_id
from laoke.shops import audit
from laoke.shops.models import Shop, User

MOST_AT_ONCE = 2
MOST_VALUES_KEPT = 1_000

_values: dict[int, tuple[Any, engine.Offer]] = {}
_texts: dict[int, tuple[str, engine.Offer]] = {}

REFUSALS: dict[str, str] = {
    "missing": gettext_noop("%(field)s没有填"),
    "empty": gettext_noop("%(field)s不能为空"),
    "out_of_range": gettext_noop("%(field)s要在 %(least)s 到 %(most)s 之间，不能是 %(found)s"),
    "not_a_whole_number": gettext_noop("%(field)s要是整数"),
    "off_above_threshold": gettext_noop("%(field)s比门槛还大"),
    "no_steps": gettext_noop("至少写一档"),
    "repeating_needs_one_step": gettext_noop("每满减只能有一档，这里有 %(found)s 档"),
    "steps_must_rise": gettext_noop("各档的门槛和减额要一档比一档高"),
    "rates_must_fall": gettext_noop("各档的门槛要一档比一档高，折扣要一档比一档低"),
    "cap_needs_repeating": gettext_noop("只有每满减才有封顶"),
    "time_with_zone": gettext_noop("%(field)s不要带时区，写店铺当地时间"),
    "window_ends_before_start": gettext_noop("结束时间要晚于开始时间"),
    "mechanic_not_in_layer": gettext_noop("这种优惠不能放在「%(layer)s」层"),
    "unknown_choice": gettext_noop("%(field)s不能是 %(found)s，可选：%(known)s"),
    "unknown_field": gettext_noop("不认识 %(field)s"),
    "not_an_object": gettext_noop("%(field)s要是一组键和值"),
    "not_a_list": gettext_noop("%(field)s要是一个列表"),
    "not_a_text": gettext_noop("%(field)s要是文字"),
    "not_a_list_of_texts": gettext_noop("%(field)s要是文字的列表"),
    "not_true_or_false": gettext_noop("%(field)s要是 true 或 false"),
    "not_a_time": gettext_noop("%(field)s要写成 2026-11-11T00:00:00 的样子"),
    "was_not_above_now": gettext_noop("原价要高于现价"),
    "no_products": gettext_noop("%(field)s至少写一个商品"),
    "too_many_products": gettext_noop("%(field)s最多写 %(most)s 个商品，这里有 %(found)s 个"),
    "product_twice": gettext_noop("商品 %(product_id)s 写了两次"),
    "deposit_must_grow": gettext_noop("定金抵的钱要比定金多"),
    "balance_before_deposit": gettext_noop("付尾款要在付定金结束之后"),
    "deposit_outside_window": gettext_noop("付定金的截止要晚于优惠的开始"),
    "balance_outside_window": gettext_noop("付尾款的开始要早于优惠的结束"),
    "days_of_a_period": gettext_noop("退货期和质保要写多几天，其他权益不写天数"),
    "value_of_a_gift": gettext_noop("礼品要写价值，其他权益不写"),
    "levels_must_rise": gettext_noop("各级的消费额要一级比一级高"),
    "duplicate_order_id": gettext_noop("订单 %(order_id)s 出现了两次"),
    "order_after_settling": gettext_noop("订单 %(order_id)s 晚于结算的时间"),
    "order_out_of_window": gettext_noop("订单 %(order_id)s 不在优惠的时间里"),
    "deposit_out_of_time": gettext_noop("订单 %(order_id)s 的定金付在截止之后，不算定金"),
    "balance_out_of_time": gettext_noop("订单 %(order_id)s 的尾款不在付尾款的时间里"),
    "nothing_to_settle": gettext_noop("这种优惠没有要结算的：只有定金、拼团、越买越便宜"),
    "gifts_must_rise": gettext_noop("各档的门槛要一档比一档高"),
    "early_must_rise": gettext_noop("早鸟价各档的时间要一档比一档晚，折扣要一档比一档高"),
    "level_twice": gettext_noop("等级 %(group)s 写了两次"),
    "one_piece_is_no_set": gettext_noop("套餐至少要两件"),
    "scope_in_terms": gettext_noop("这种优惠自己列出商品，不要再写适用范围"),
    "unknown_segment": gettext_noop("店里没有这个人群，重新选一个"),
    "unknown_offer": gettext_noop("店里没有这个优惠：%(field)s要是已存优惠的编号"),
    "no_window": gettext_noop("写明从几时到几时"),
    "promised": gettext_noop(
        "抽奖「%(lottery)s」已公布要送这个优惠的券，不能改，也不能收起。等它 %(until)s 结束，或请店主在抽奖页提前结束"
    ),
    "duplicate_offer_id": gettext_noop("优惠编号 %(offer_id)s 出现了两次"),
    "duplicate_line_id": gettext_noop("行号 %(line_id)s 出现了两次"),
    "unknown_line": gettext_noop("购物篮里没有 %(line_id)s 行"),
    "no_lines": gettext_noop("购物篮是空的"),
    "too_many_offers": gettext_noop("「%(layer)s」层有 %(found)s 个优惠，最多 %(most)s 个"),
    "basket_too_large": gettext_noop("购物篮金额太大，算不了"),
}
FIELDS: dict[str, str] = {
    "name": gettext_noop("名称"),
    "layer": gettext_noop("层级"),
    "mechanic": gettext_noop("优惠方式"),
    "pay_bp": gettext_noop("折扣"),
    "threshold_cents": gettext_noop("门槛"),
    "off_cents": gettext_noop("减额"),
    "face_cents": gettext_noop("面额"),
    "cap_cents": gettext_noop("封顶"),
    "price_cents": gettext_noop("价格"),
    "was_cents": gettext_noop("原价"),
    "steps": gettext_noop("各档"),
    "pieces": gettext_noop("件数"),
    "nth": gettext_noop("第几件"),
    "buy": gettext_noop("买几件"),
    "get": gettext_noop("送几件"),
    "most_times": gettext_noop("每单最多几次"),
    "most_pieces": gettext_noop("最多换购几件"),
    "prices": gettext_noop("商品和价格"),
    "parts": gettext_noop("套餐里的商品"),
    "choices": gettext_noop("换购的商品"),
    "product_id": gettext_noop("商品编号"),
    "title": gettext_noop("赠品名称"),
    "value_cents": gettext_noop("赠品价值"),
    "cost_cents": gettext_noop("成本"),
    "stock": gettext_noop("数量"),
    "threshold": gettext_noop("门槛"),
    "levels": gettext_noop("会员等级"),
    "group": gettext_noop("会员等级"),
    "until": gettext_noop("截止时间"),
    "deposit_cents": gettext_noop("定金"),
    "counts_cents": gettext_noop("定金抵多少"),
    "deposit_until": gettext_noop("付定金截止"),
    "balance_from": gettext_noop("付尾款开始"),
    "assumed_bp": gettext_noop("回放假设"),
    "assumed_buyers": gettext_noop("回放假设"),
    "people": gettext_noop("几人成团"),
    "hours": gettext_noop("几小时内凑满"),
    "buyers": gettext_noop("人数"),
    "kind": gettext_noop("权益"),
    "days": gettext_noop("多几天"),
    "spend_cents": gettext_noop("消费额"),
    "reward": gettext_noop("升级礼"),
    "term_days": gettext_noop("算最近几天的消费"),
    "at": gettext_noop("时间"),
    "balance_at": gettext_noop("付尾款的时间"),
    "by": gettext_noop("按什么算"),
    "excluded_regions": gettext_noop("不包邮的地区"),
    "start": gettext_noop("开始"),
    "end": gettext_noop("结束"),
    "per_person": gettext_noop("每人限用"),
    "audience": gettext_noop("给谁"),
    "quantity": gettext_noop("件数"),
    "unit_price_cents": gettext_noop("单价"),
    "terms": gettext_noop("优惠内容"),
    "limits_of": gettext_noop("按哪个优惠的券限量（limits_of）"),
}


class OfferRefused(Exception):
    """An offer that cannot be stored. `field` is the path in the JSON, `message` the Chinese sentence."""

    def __init__(self, code: str, field: str = "", **params: Any) -> None:
        super().__init__(f"{field}: {code}")
        self.code, self.field, self.params = code, field, params

    @property
    def message(self) -> str:
        """The reason as a sentence."""
        return refusal_message(self.code, self.field, self.params)

    @classmethod
    def of(cls, error: engine.EngineError) -> OfferRefused:
        return cls(error.code, error.field, **error.params)


def refusal_message(
    code: str, field: str, params: Mapping[str, Any], translate: Callable[[str], str] = gettext
) -> str:
    """The sentence for an engine's code at a field; amounts in yuan."""
    word = field.rsplit(".", 1)[-1].split("[", 1)[0]
    values = {
        name: format_cents(value) if isinstance(value, int) and word.endswith("_cents") else value
        for name, value in params.items()
    }
    label = translate(FIELDS[word]) if word in FIELDS else word or field
    return translate(REFUSALS.get(code, gettext_noop("%(field)s不对"))) % {**values, "field": label}


def offer_value(row: Offer) -> engine.Offer:
    """The engine's value of a stored offer.

    Reading takes longer than pricing, so the last values stay, each beside a copy of the terms that it was read from.
    """
    return _value_of(row.pk, row.terms)


def _value_of(pk: int, terms: Any) -> engine.Offer:
    known = _values.get(pk)
    if known is not None and known[0] == terms:
        return known[1]
    value = engine.offer_from_dict(terms)
    if len(_values) >= MOST_VALUES_KEPT:
        _values.clear()
    _values[pk] = (deepcopy(terms), value)
    return value


def running(shop: Shop, at: datetime) -> dict[int, engine.Offer]:
    """The values of a shop's offers that run at a moment, by the number of their row."""
    found = Offer.objects.filter(shop=shop, archived=False, starts_at__lte=at, ends_at__gt=at).order_by("pk")
    return {pk: _value_of_text(pk, text) for pk, text in found.values_list("pk", Cast("terms", TextField()))}


def _value_of_text(pk: int, text: str) -> engine.Offer:
    """`_value_of` terms as the ledger keeps them: a checkout asks for all that run each time, and mostly nothing
    changed."""
    known = _texts.get(pk)
    if known is not None and known[0] == text:
        return known[1]
    value = _value_of(pk, json.loads(text))
    if len(_texts) >= MOST_VALUES_KEPT:
        _texts.clear()
    _texts[pk] = (text, value)
    return value


def running_beside(row: Offer) -> list[engine.Offer]:
    """The shop's other offers that run when this one starts."""
    return [value for pk, value in running(row.shop, row.starts_at).items() if pk != row.pk]


def read_offer(data: Mapping[str, Any]) -> engine.Offer:
    """Check an offer given as JSON; a missing `offer_id` is filled, the window must be closed.

    Raises
    ------
    OfferRefused
        with the first wrong field.
    """
    wanted = dict(data) if isinstance(data, Mapping) else data
    if isinstance(wanted, dict):
        wanted.setdefault("offer_id", "new")
    try:
        value = engine.offer_from_dict(wanted)
    except engine.EngineError as error:
        raise OfferRefused.of(error) from None
    if not value.name.strip():
        raise OfferRefused("empty", "offer.name")
    if value.window.start is None or value.window.end is None:
        raise OfferRefused("no_window", "offer.window")
    return value


def add_offer(shop: Shop, data: Mapping[str, Any], *, by: User | None, now: datetime) -> Offer:
    """Store an offer. Its engine id is given here, so that rows and quotes name the same thing.

    Raises
    ------
    OfferRefused
        with the first wrong field; `unknown_segment` for a segment of which the shop has no list.
    """
    value = read_offer(data)
    _check_segment(shop, value)
    with transaction.atomic():
        row = Offer.objects.create(
            shop=shop, created_by=by, created_at=now, updated_at=now, **_columns(value, {})
        )
        row.terms = {**engine.offer_to_dict(value), "offer_id": f"offer-{row.pk}"}
        row.save(update_fields=["terms"])
        audit.record("offer.add", shop=shop, actor=by, at=now, subject=str(row.pk), mechanic=row.mechanic)
    return row


def edit_offer(row: Offer, data: Mapping[str, Any], *, by: User | None, now: datetime) -> Offer:
    """Change an offer; the whole offer is given. A backtest made before no longer counts as seen for it.

    Raises
    ------
    OfferRefused
        with the first wrong field, or while a published lottery that is not over promises coupons of it; nothing is
        changed then.
    """
    value = read_offer({**data, "offer_id": f"offer-{row.pk}"})
    _check_segment(row.shop, value)
    columns = _columns(value, engine.offer_to_dict(value))
    with transaction.atomic():
        _check_not_promised(row, now)
        for name, content in columns.items():
            setattr(row, name, content)
        row.updated_at = now
        row.save(update_fields=[*columns, "updated_at"])
        mark_offer(row)
        audit.record("offer.edit", shop=row.shop, actor=by, at=now, subject=str(row.pk))
    return row


def _check_segment(shop: Shop, value: engine.Offer) -> None:
    if segment_number(value.audience) is None:
        return
    if not BuyerList.objects.filter(shop=shop, key=value.audience).exists():
        raise OfferRefused("unknown_segment", "offer.audience")


def archive_offer(row: Offer, *, by: User | None, now: datetime, archived: bool = True) -> None:
    """Take an offer out of the lists (or back); what named it goes on naming it.

    Raises
    ------
    OfferRefused
        while a published lottery that is not over promises coupons of it.
    """
    with transaction.atomic():
        if archived:
            _check_not_promised(row, now)
        row.archived, row.updated_at = archived, now
        row.save(update_fields=["archived", "updated_at"])
        mark_offer(row)
        audit.record("offer.archive", shop=row.shop, actor=by, at=now, subject=str(row.pk), archived=archived)


def _check_not_promised(row: Offer, now: datetime) -> None:
    """Holds the offer, so that no lottery promises its coupons until the transaction ends."""
    Offer.objects.select_for_update(no_key=True).get(pk=row.pk)
    if (lottery := promised.promising(now, offer=row.pk)) is not None:
        raise OfferRefused("promised", **promised.told_of(lottery))


def set_activity_id(row: Offer, platform_activity_id: str, *, by: User | None, now: datetime) -> None:
    """Note under which number the platform runs it. The offer stays as it was, and so do the backtests seen for it.

    Raises
    ------
    SetupRefused
        `activity_id`
    """
    row.platform_activity_id = check_activity_id(platform_activity_id)
    with transaction.atomic():
        row.save(update_fields=["platform_activity_id"])
        audit.record("offer.activity", shop=row.shop, actor=by, at=now, subject=str(row.pk))


def _columns(value: engine.Offer, terms: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": value.name.strip()[:80],
        "mechanic": engine.offer_to_dict(value)["mechanic"],
        "terms": dict(terms),
        "starts_at": value.window.start,
        "ends_at": value.window.end,
    }


def round_amount(cents: int) -> int:
    """A threshold or face value as shops write it: two leading digits at most, never zero. Rounded once: 334.53 is 330,
    though it is 335 to the yuan.

    >>> round_amount(23_780), round_amount(1_940), round_amount(80), round_amount(33_453)
    (24000, 1900, 100, 33000)
    """
    digits = len(str(max(1, (cents + 50) // 100)))
    step = 10 ** max(2, digits)
    return max(100, (cents + step // 2) // step * step)
