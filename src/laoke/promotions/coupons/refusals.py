"""Why something about coupons is refused: a stable code and the sentence for it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.shops.refusals import ReasonedRefusal

SENTENCES: dict[str, Promise] = {
    "code_wrong": _("这不是一个券码：抄错了字，或少了字。照着原来的再输一次。"),
    "coupon_unknown": _("没有这个券码。"),
    "reserved": _("这张券正被订单 %(order_id)s 占着，到 %(until)s 为止。等它用掉、撤回或到时。"),
    "redeemed": _("这张券已在订单 %(order_id)s 用掉了。"),
    "expired": _("这张券已过期。"),
    "blocked": _("这张券已停用。"),
    "not_claimable": _("这张券已经有人领了。"),
    "not_blockable": _("这张券是“%(state)s”，停用不了。占着的先撤回，用掉的和过期的不必停。"),
    "not_reserved": _("这张券没有被占着，不能核销。先占用，再核销。"),
    "reservation_over": _("占用在 %(until)s 到时，已放开。再占用一次。"),
    "nothing_to_roll_back": _("订单 %(order_id)s 没有占着或用掉这张券，没有什么可撤回。"),
    "other_order": _("这张券是订单 %(held)s 占着的，不是订单 %(order_id)s。"),
    "not_yet_valid": _("这张券 %(at)s 起才能用。"),
    "issue_stopped": _("这一批券已停发停用。"),
    "promised": _(
        "抽奖“%(lottery)s”已公布要送这一批券，停了就兑不了奖。等它 %(until)s 结束，或请店主在抽奖页提前结束，再停。"
    ),
    "issue_unknown": _("没有这一批券。"),
    "issue_used_up": _("这一批券最多 %(most)s 张，只剩 %(left)s 张。"),
    "issue_kept": _("这一批券有 %(kept)s 张留给已公布的抽奖当奖品，此外只剩 %(left)s 张。"),
    "person_limit": _("每人限领 %(most)s 张，这位客户已领满。"),
    "use_limit": _("每人限用 %(most)s 次，这位客户已用满。"),
    "budget_used_up": _("预算只剩 %(left_cents)s 元，这一单要减 %(wanted_cents)s 元。"),
    "customer_needed": _("这张券认人，要写明是哪位客户用。"),
    "customer_unknown": _("没有这位客户。"),
    "customer_erased": _("这位客户已要求删除资料，不能再给他发券或记账。"),
    "not_for_them": _("这位客户领不了这批券：%(why)s。"),
    "not_theirs": _("这张券是别人领的，这位客户不能用。"),
    "coupon_not_used": _("这一单用不上这张券：%(why)s。"),
    "coupon_second": _("同一个优惠的券每单用一张，这一单用先到期的那张。"),
    "coupons_too_many": _("一次最多比较 %(most)s 张券，这里有 %(found)s 张。写明比较哪几张。"),
    "coupons_named_twice": _("%(fields)s 只写一个。"),
    "offer_not_coupon": _("这个优惠不是要领的券，不能发码。"),
    "offer_over": _("优惠“%(name)s”已归档或已结束。"),
    "name_empty": _("给这一批券起个名字。"),
    "total_wrong": _("总张数要在 1 到 %(most)s 之间。"),
    "per_person_wrong": _("每人限领要在 1 到 %(most)s 之间，不限就留空。"),
    "budget_wrong": _("预算要大于 0，不限就留空。"),
    "days_wrong": _("领后几天有效，要在 1 到 %(most)s 之间。"),
    "validity_missing": _("写明有效到什么时候，或领后几天有效。"),
    "validity_empty": _("有效期的结束要晚于开始。"),
    "count_wrong": _("一次做 1 到 %(most)s 个码。"),
    "key_missing": _("要有 Idempotency-Key 头：每个动作换一个，重试用同一个，断线重发才不会做两次。"),
    "key_wrong": _("Idempotency-Key 要是 1 到 100 个可见的 ASCII 字符。"),
    "key_used": _("这个 Idempotency-Key 在 %(when)s 用在另一个动作或另一份内容上。新的动作换一个新的。"),
    "body_shape": _("“%(field)s”应是 %(expected)s。"),
    "field_missing": _("没有“%(field)s”。"),
    "field_unknown": _("没有“%(field)s”这个字段，只有 %(known)s。"),
    "name_twice": _("“%(name)s”在同一个对象里写了两次。留一个。"),
    "told_by_ledger": _("“%(field)s”由老客的台账决定，请求里不写。"),
}


class CouponRefused(ReasonedRefusal):
    """Something that cannot be done with a coupon; nothing of it was done."""

    reasons = SENTENCES

    @property
    def message(self) -> str:
        """The reason as a sentence."""
        return self.text
