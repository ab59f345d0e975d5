"""Why something about rewards is refused: a stable code and the sentence for it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.shops.refusals import ReasonedRefusal

POINTS: dict[str, Promise] = {
    "no_points_scheme": _("还没有积分规则。先在积分页写好，再记分、用分。"),
    "earning_stopped": _("积分停发了：不再记新的，已有的照样能用。"),
    "earn_wrong": _("每消费多少元得多少分，两个数都要大于 0。"),
    "burn_wrong": _("多少分抵多少元，两个数都要大于 0。"),
    "share_wrong": _("一单最多抵的比例要在 1%% 到 100%% 之间。"),
    "least_wrong": _("一次至少用多少分，要是“多少分抵多少元”里分数的整倍。"),
    "day_wrong": _("每人每天最多用的分不能少于一次至少用的分，不限就留空。"),
    "good_days_wrong": _("有效天数要在 1 到 %(most)s 之间，永久有效就留空。"),
    "wait_days_wrong": _("几天后能用，要在 0 到 %(most)s 之间，并且比有效天数短。"),
    "points_wrong": _("积分要在 1 到 %(most)s 之间。"),
    "reason_missing": _("写一句为什么，客户问起来要答得上。"),
    "order_earned": _("订单 %(order_id)s 已经记过积分。"),
    "order_unknown": _("订单 %(order_id)s 没有记过积分，没有什么可收回。"),
    "refund_above_paid": _("退款加起来超过了这一单付的 %(paid_cents)s 元。"),
    "points_step": _("积分要按 %(step)s 的整倍用。"),
    "points_least": _("一次至少用 %(least)s 分。"),
    "points_share": _("这一单最多用 %(most)s 分。"),
    "points_day": _("每人每天最多用 %(most)s 分，今天还能用 %(left)s 分。"),
    "points_short": _("积分不够：能用的只有 %(have)s 分，要用 %(wanted)s 分。"),
    "order_has_points": _("订单 %(order_id)s 已经占着或用了积分。先撤回，再占一次。"),
    "no_points_held": _("订单 %(order_id)s 没有占着积分。先占用，再核销。"),
    "points_redeemed": _("订单 %(order_id)s 的积分已经用掉了。"),
    "no_points_used": _("订单 %(order_id)s 没有占着或用掉积分，没有什么可撤回。"),
    "points_hold_over": _("占用在 %(until)s 到时，积分已放开。再占用一次。"),
}
LOTTERY: dict[str, Promise] = {
    "name_missing": _("起个名字。"),
    "organiser_missing": _("写明主办单位：有奖销售要公示。"),
    "conditions_missing": _("写明参加条件、兑奖方式和期限：有奖销售要公示。"),
    "lottery_times": _("结束要晚于开始。"),
    "lottery_person_wrong": _("每人限抽要在 1 到 %(most)s 次之间。"),
    "lottery_day_wrong": _("每人每天限抽要在 1 到 %(most)s 次之间，不限就留空。"),
    "lottery_prizes": _("奖品要 1 到 %(most)s 种。"),
    "prize_wrong": _("每种奖品要有名字，数量至少 1。"),
    "lottery_cards": _("刮刮卡的总张数不能少于奖品的 %(stock)s 份，最多 %(most)s 张。"),
    "lottery_odds": _("每种奖品要写中奖概率，加起来不超过 100%%。"),
    "prize_points": _("“%(title)s”送多少积分？"),
    "prize_issue": _("“%(title)s”送哪一批券？"),
    "prize_value": _("“%(title)s”值多少元？按同样商品的市场价写。"),
    "prize_too_high": _(
        "“%(title)s”值 %(value_cents)s 元：抽奖的最高奖不得超过 %(most_cents)s 元（《规范促销行为暂行规定》）。"
    ),
    "prize_issue_short": _(
        "“%(title)s”要 %(stock)s 张券，那一批只够 %(left)s 张，或在抽奖结束前就停了、到期了。"
    ),
    "lottery_published": _("已经公布，不能再改：规则、概率和数量都写进了公布的摘要。"),
    "lottery_past": _("结束时间已经过去，改了再公布。"),
    "lottery_unknown": _("没有这个抽奖。"),
    "lottery_not_open": _("这个抽奖还没公布，或已经结束。"),
    "lottery_not_yet": _("%(at)s 才开始。"),
    "lottery_over": _("抽奖结束了。"),
    "lottery_person": _("每人限抽 %(most)s 次，已抽满。"),
    "lottery_not_for_them": _("这位客户抽不了：奖品里有「%(name)s」，%(why)s。"),
    "lottery_day": _("每人每天限抽 %(most)s 次，今天已抽满。"),
    "text_too_long": _("自己写的那段话最多 %(most)s 个字。"),
    "nothing_due": _("这一抽没有要兑的奖。"),
}
REFERRAL: dict[str, Promise] = {
    "no_referral_scheme": _("还没有老带新的规则。先写好，再邀请。"),
    "referral_stopped": _("老带新停了：不再收新朋友，已经来的照样给。"),
    "referral_steps": _("每位朋友给多少分：第 1 位起要写，人数和积分都要一档比一档多，最多 %(most)s 档。"),
    "referral_window": _("付款后几天算数，要在 0 到 %(most)s 之间。"),
    "referral_least": _("首单至少付多少，不能是负的。"),
    "referral_most": _("每人最多得几次要大于 0，不限就留空。"),
    "referral_likes": _("每个赞的积分不能是负的，每人每天最多算 %(most)s 个赞。"),
    "invitation_unknown": _("没有这个邀请码。"),
    "referral_same_person": _("不能自己邀请自己。"),
    "referral_household": _("你们用过同一个电话或邮箱，算一家人，不能互相邀请。"),
    "referral_already": _("这位朋友已经由人邀请过了。"),
    "referral_not_new": _("这位朋友以前买过，不算新朋友。"),
    "likes_not_rewarded": _("现在分享不送积分。"),
    "share_of_another": _("这次分享是别人的。"),
}
SENTENCES: dict[str, Promise] = {**POINTS, **LOTTERY, **REFERRAL}


class RewardRefused(ReasonedRefusal):
    """Something that cannot be done with a reward; nothing of it was done."""

    reasons = SENTENCES

    @property
    def message(self) -> str:
        """The reason as a sentence."""
        return self.text
