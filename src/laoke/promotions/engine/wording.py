"""Refusals and trace steps as sentences, in Chinese and English.

The engine answers in codes and figures; here each code has its sentence, so that the command line, pages and
exports say the same. Amounts in parameters whose name ends in `_cents` are shown in yuan.
"""

from laoke.money import format_cents
from laoke.money.formatting import Language
from laoke.promotions.engine.results import NextStep, Params, Refusal, TraceStep

REFUSALS: dict[str, dict[Language, str]] = {
    "out_of_window": {"zh": "不在活动时间内", "en": "outside its time window"},
    "not_in_audience": {"zh": "买家不在人群「{audience}」里", "en": "the buyer is not in “{audience}”"},
    "not_in_segment": {
        "zh": "买家不在人群「{segment}」里（{counted} 数的）",
        "en": "the buyer is not in the segment “{segment}” as counted at {counted}",
    },
    "buyer_unknown": {
        "zh": "不知道买家是谁，或没有见过，不算在人群「{segment}」里",
        "en": "the buyer is not named or was never seen, and so not in the segment “{segment}”",
    },
    "segment_not_counted": {
        "zh": "人群「{segment}」还没有数好，现在没有人能用",
        "en": "the segment “{segment}” has not been counted yet, so nobody is in it",
    },
    "segment_broken": {
        "zh": "人群「{segment}」已收起，或用到了已经没有的东西，现在没有人能用",
        "en": "the segment “{segment}” was put away or refers to something that is gone, so nobody is in it",
    },
    "has_bought": {"zh": "买家在店里付过款，不是首单", "en": "the buyer has bought from the shop before"},
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
    "pieces_not_met": {
        "zh": "满 {pieces} 件可用，还差 {missing} 件",
        "en": "it takes {pieces} pieces, {missing} more than there are",
    },
    "no_addon_picked": {"zh": "没有选换购的商品", "en": "no add-on item was picked"},
    "no_member_level": {"zh": "买家不是这里的会员", "en": "the buyer has none of its member levels"},
    "early_bird_over": {"zh": "早鸟价到 {until} 为止", "en": "its early prices ended at {until}"},
    "sold_out": {
        "zh": "只剩 {left} 件，这单要 {wanted} 件",
        "en": "{left} pieces are left, the order asks for {wanted}",
    },
    "deposit_over": {"zh": "付定金到 {until} 为止", "en": "its deposits ended at {until}"},
    "balance_not_yet": {"zh": "定金已付，{start} 起付尾款", "en": "the balance is paid from {start} on"},
    "deposit_short": {
        "zh": "付了 {paid} 件的定金，这单要 {wanted} 件",
        "en": "a deposit was paid for {paid} pieces, the order asks for {wanted}",
    },
    "group_not_joined": {"zh": "这单没有拼团（{people} 人成团）", "en": "not bought in a group of {people}"},
    "group_full": {"zh": "这个团 {people} 人满了", "en": "the group of {people} is full"},
    "too_few_buyers": {
        "zh": "{buyers} 人买才开始降价，还差 {missing} 人",
        "en": "cheaper from {buyers} buyers on, {missing} more than there are",
    },
    "level_not_passed": {
        "zh": "满 {threshold_cents} 升「{level}」，还差 {missing_cents}",
        "en": "“{level}” from {threshold_cents} on, {missing_cents} more",
    },
    "highest_level": {"zh": "已经是最高等级", "en": "no level is left above the buyer's"},
    "gift_gone": {"zh": "赠品送完了", "en": "the gifts have run out"},
    "region_excluded": {"zh": "「{region}」不包邮", "en": "not to “{region}”"},
    "loses_to_better": {
        "zh": "「{better}」更优惠，同层只用一个",
        "en": "“{better}” takes more off in the same layer",
    },
    "same_as_other": {
        "zh": "和「{other}」减的一样，每单用一张",
        "en": "it takes off what “{other}” does, and an order takes one of them",
    },
    "kept_other": {
        "zh": "这一单已经占着「{other}」，同层只用一个",
        "en": "the order keeps “{other}” already, and takes one of a layer",
    },
    "dearer_with_it": {
        "zh": "用它要比这样搭配多付 {more_cents}",
        "en": "with it the order would cost {more_cents} more",
    },
    "no_cheaper": {"zh": "用上它也不会更便宜", "en": "with it the order would cost the same"},
    "budget_too_small": {
        "zh": "它的预算只剩 {left_cents}，这一单要减 {wanted_cents}",
        "en": "{left_cents} are left of its budget, this order would take {wanted_cents}",
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
    "addon": {
        "zh": "加价购「{offer_id}」，换购的商品按换购价",
        "en": "add-on purchase “{offer_id}”: the added items at their add-on prices",
    },
    "threshold_rate": {
        "zh": "满折「{offer_id}」，按 {scope_cents} 计",
        "en": "percent off “{offer_id}” on {scope_cents}",
    },
    "count_discount": {
        "zh": "满件折「{offer_id}」，按 {scope_cents} 计",
        "en": "percent off by pieces “{offer_id}” on {scope_cents}",
    },
    "count_off": {
        "zh": "满件减「{offer_id}」，{times} 次",
        "en": "amount off by pieces “{offer_id}”, {times} times",
    },
    "nth_piece": {
        "zh": "第几件优惠「{offer_id}」，{times} 件，从便宜的算起",
        "en": "n-th piece offer “{offer_id}” on {times} pieces, the cheapest first",
    },
    "buy_get": {
        "zh": "买送「{offer_id}」，{times} 次，送便宜的",
        "en": "buy and get “{offer_id}”, {times} times, the cheapest pieces free",
    },
    "any_bundle": {
        "zh": "任选「{offer_id}」，够 {times} 组，从贵的算起",
        "en": "bundle “{offer_id}”, enough for {times}, the dearest pieces first",
    },
    "set_bundle": {
        "zh": "套餐「{offer_id}」，够 {times} 套",
        "en": "set “{offer_id}”, enough for {times}",
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
    "gift": {
        "zh": "满赠「{offer_id}」，送「{title}」{pieces} 件，每件值 {value_cents}",
        "en": "gift of “{offer_id}”: {pieces} × “{title}”, worth {value_cents} each",
    },
    "benefit_gift": {
        "zh": "老客权益「{offer_id}」，送「{title}」，值 {value_cents}",
        "en": "benefit “{offer_id}”: “{title}” as a gift, worth {value_cents}",
    },
    "benefit_longer_return": {
        "zh": "老客权益「{offer_id}」，退货期多 {days} 天",
        "en": "benefit “{offer_id}”: {days} more days to return",
    },
    "benefit_longer_warranty": {
        "zh": "老客权益「{offer_id}」，质保多 {days} 天",
        "en": "benefit “{offer_id}”: {days} more days of warranty",
    },
    "benefit_service": {
        "zh": "老客权益「{offer_id}」：{title}",
        "en": "benefit “{offer_id}”: {title}",
    },
    "benefit_level": {
        "zh": "升级礼「{offer_id}」，升到「{level}」，送「{title}」",
        "en": "level reward “{offer_id}”: “{level}” is reached, “{title}” is due",
    },
    "deposit": {
        "zh": "其中定金 {deposit_cents}，尾款 {balance_cents}",
        "en": "of which {deposit_cents} is the deposit and {balance_cents} the balance",
    },
    "first_order_overruled": {
        "zh": "收银说买家是首单，店里有他付过款的订单，按老客算",
        "en": "the checkout calls it a first order, but the shop has an earlier one of the buyer: an old customer",
    },
    "first_order_believed": {
        "zh": "是不是首单按收银说的算：店里没有这位买家付过款的订单",
        "en": "whether it is a first order is as the checkout says: the shop has no paid order of this buyer",
    },
    "first_order_unknown": {
        "zh": "是不是首单按收银说的算：不知道买家是谁，或没有见过",
        "en": "whether it is a first order is as the checkout says: the buyer is not named or was never seen",
    },
    "old_customer_known": {
        "zh": "买家是老客：店里有他付过款的订单",
        "en": "the buyer is an old customer: the shop has a paid order of theirs",
    },
    "postage": {"zh": "运费，不算进门槛", "en": "postage, outside every threshold"},
    "free_postage": {"zh": "包邮「{offer_id}」", "en": "free postage “{offer_id}”"},
    "payable": {"zh": "应付", "en": "payable"},
}


NEXT_STEPS: dict[str, dict[Language, str]] = {
    "cents_off": {
        "zh": "再买 {missing_cents}，共减 {off_cents}",
        "en": "{missing_cents} more for {off_cents} off",
    },
    "cents_rate": {
        "zh": "再买 {missing_cents}，打 {tenths} 折",
        "en": "{missing_cents} more to pay {percent} %",
    },
    "cents_addon": {
        "zh": "再买 {missing_cents} 可以换购",
        "en": "{missing_cents} more to add an item at its price",
    },
    "cents_gift": {"zh": "再买 {missing_cents} 送赠品", "en": "{missing_cents} more for a gift"},
    "pieces_gift": {"zh": "再买 {missing} 件送赠品", "en": "{missing} more pieces for a gift"},
    "cents_postage": {"zh": "再买 {missing_cents} 包邮", "en": "{missing_cents} more for free postage"},
    "pieces_postage": {"zh": "再买 {missing} 件包邮", "en": "{missing} more pieces for free postage"},
    "pieces_off": {
        "zh": "再买 {missing} 件，共减 {off_cents}",
        "en": "{missing} more pieces for {off_cents} off",
    },
    "pieces_rate": {
        "zh": "再买 {missing} 件，打 {tenths} 折",
        "en": "{missing} more pieces to pay {percent} %",
    },
    "piece_rate": {
        "zh": "再买 {missing} 件，其中一件 {tenths} 折",
        "en": "{missing} more pieces to pay {percent} % for one of them",
    },
    "piece_free": {"zh": "再买 {missing} 件，其中一件免费", "en": "{missing} more pieces, one of them free"},
    "pieces_free": {
        "zh": "再买 {missing} 件，其中几件免费",
        "en": "{missing} more pieces, some of them free",
    },
    "buyers_group": {"zh": "再来 {missing} 人成团", "en": "{missing} more people fill the group"},
    "buyers_rate": {
        "zh": "再来 {missing} 人，打 {tenths} 折",
        "en": "{missing} more buyers to pay {percent} %",
    },
    "cents_level": {"zh": "再付 {missing_cents} 升级", "en": "{missing_cents} more to the next level"},
    "pieces": {"zh": "再买 {missing} 件又够一次", "en": "{missing} more pieces for once more"},
}


def next_step_sentence(step: NextStep, language: Language = "zh") -> str:
    """What is missing to the next step of an offer and what it gives, as a clause to stand after its name."""
    params: Params = {
        "missing": step.missing,
        "missing_cents": step.missing,
        "off_cents": step.off_cents or 0,
    }
    code = "piece" if step.gives == "one" else f"{step.unit}_{step.gives}" if step.gives else step.unit
    if step.off_cents is not None:
        code += "_off"
    elif step.pay_bp is not None:
        code += "_rate" if step.pay_bp else "_free"
        params |= {"tenths": f"{step.pay_bp / 1000:g}", "percent": f"{step.pay_bp / 100:g}"}
    return _filled(NEXT_STEPS[code][language], params)


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
