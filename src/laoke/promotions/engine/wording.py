"""Refusals and trace steps as sentences, in Chinese and English.

The engine answers in codes and figures; here each code has its sentence, so that the command line, pages and
exports say the same. Amounts in parameters whose name ends in `_cents` are shown in yuan.
"""

from laoke.money import format_cents
from laoke.money.formatting import Language
from laoke.promotions.engine.results import Params, Refusal, TraceStep

REFUSALS: dict[str, dict[Language, str]] = {
    "out_of_window": {"zh": "不在活动时间内", "en": "outside its time window"},
    "not_in_audience": {"zh": "买家不在人群「{audience}」里", "en": "the buyer is not in “{audience}”"},
    "coupon_not_held": {"zh": "买家没有领这张券", "en": "the buyer does not hold this coupon"},
    "limit_reached": {
        "zh": "每人限用 {per_person} 次，已用 {used} 次",
        "en": "used {used} times, the limit per person is {per_person}",
    },
    "nothing_in_scope": {"zh": "没有适用的商品", "en": "no line is in its scope"},
    "threshold_not_met": {
        "zh": "满 {threshold_cents} 可用，还差 {missing_cents}",
        "en": "{missing_cents} short of {threshold_cents}",
    },
    "loses_to_better": {
        "zh": "「{better}」更优惠，同层只用一个",
        "en": "“{better}” takes more off in the same layer",
    },
    "nothing_to_take": {"zh": "没有可减的金额", "en": "there is nothing left to take off"},
}

STEPS: dict[str, dict[Language, str]] = {
    "list_price": {"zh": "商品原价，共 {lines} 行", "en": "list price of {lines} lines"},
    "item_price": {
        "zh": "单品折扣「{offer_id}」，{lines} 行",
        "en": "item price “{offer_id}” on {lines} lines",
    },
    "shop": {
        "zh": "店铺满减「{offer_id}」，按 {scope_cents} 计，{times} 次",
        "en": "shop discount “{offer_id}” on {scope_cents}, {times} times",
    },
    "coupon": {
        "zh": "店铺券「{offer_id}」，按 {scope_cents} 计",
        "en": "shop coupon “{offer_id}” on {scope_cents}",
    },
    "official_cut": {
        "zh": "官方立减「{offer_id}」，按 {scope_cents} 计",
        "en": "official cut “{offer_id}” on {scope_cents}",
    },
    "cross_shop": {
        "zh": "跨店满减「{offer_id}」，按 {scope_cents} 计，{times} 次",
        "en": "cross-shop discount “{offer_id}” on {scope_cents}, {times} times",
    },
    "category_coupon": {
        "zh": "品类券「{offer_id}」，按 {scope_cents} 计",
        "en": "category coupon “{offer_id}” on {scope_cents}",
    },
    "no_room_left": {
        "zh": "「{offer_id}」有 {lost_cents} 无处可减：商品已减到 0",
        "en": "{lost_cents} of “{offer_id}” found no line above zero",
    },
    "postage": {"zh": "运费，不参与优惠", "en": "postage, outside every offer"},
    "payable": {"zh": "应付", "en": "payable"},
}


def refusal_sentence(refusal: Refusal, language: Language = "zh") -> str:
    """Why the offer was not used, as a clause to stand after its name."""
    return _filled(REFUSALS[refusal.code][language], refusal.params)


def step_sentence(step: TraceStep, language: Language = "zh") -> str:
    """What a step of the calculation did; its amount and rule stand beside it."""
    return _filled(STEPS[step.code][language], step.params)


def _filled(sentence: str, params: Params) -> str:
    return sentence.format(
        **{
            name: format_cents(value) if name.endswith("_cents") and isinstance(value, int) else value
            for name, value in params.items()
        }
    )
