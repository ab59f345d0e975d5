"""The sentence for every code of a refused batch and of a refused row: what was found, what is expected, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.intake.reading.messages import REFUSALS, ROW_REASONS, refusal_message, row_message
from laoke.intake.sent.fields import Field
from laoke.shops.joins import listed

SENT_REASONS: dict[str, Promise] = {
    "row_not_object": _("这一行是“%(found)s”，应是一个 JSON 对象：{\"字段\": 值}。"),
    "field_unknown": _("没有“%(column)s”这个字段。去掉它，或照接口说明改名。"),
    "field_twice": _("“%(column)s”在同一个对象里写了两次，不知道该信哪个。留一个。"),
    "field_missing": _("没有“%(column)s”。每一行都要有它。"),
    "field_left_out": _("这一行没有“%(column)s”，而第一行有。没有值就写 null；不想动它的行，放到另一批里发。"),
    "field_added": _("这一行有“%(column)s”，而第一行没有。每一行的字段要一样；把它们放到另一批里发。"),
    "one_of_missing": _("%(fields)s 至少要填一个。"),
    "id_text_wanted": _("“%(column)s”是 %(found)s，编号要写成文字：放进引号，免得丢位数。"),
    "id_strange": _("“%(column)s”是“%(found)s”，不像编号。只含数字、字母和 _ . : # / -，最多 64 个，不能是科学计数。"),
    "text_wanted": _("“%(column)s”是 %(found)s，应是文字：放进引号。"),
    "text_unreadable": _("“%(column)s”里有不能保存的字符（空字符、控制字符、半个代理对）。去掉再发。"),
    "text_too_long": _("“%(column)s”超过 %(most)s 个字。缩短再发。"),
    "cents_wanted": _("“%(column)s”是 %(found)s，应是整数分：19.99 元写成 1999，不带引号和小数。"),
    "count_wanted": _("“%(column)s”是 %(found)s，应是整数，不带引号和小数。"),
    "time_wanted": _(
        "“%(column)s”是“%(found)s”，应是时间：2026-11-11 00:00:01 是店铺当地时间，带时区的（+08:00、Z）会换算。"
    ),
    "day_wanted": _("“%(column)s”是“%(found)s”，应是日期，如 2026-11-11。"),
    "choice_unknown": _("“%(column)s”是“%(found)s”，应是其中一个：%(choices)s。"),
    "flag_wanted": _("“%(column)s”是 %(found)s，应是 true 或 false，不带引号。"),
    "percent_wanted": _("“%(column)s”是 %(found)s，应是 0 到 100 的数，最多两位小数。"),
    "number_wanted": _("“%(column)s”是 %(found)s，应是 0 到 86400 的数，最多两位小数。"),
    "buyer_wanted": _("“%(column)s”应是一个 JSON 对象，如 {\"nick\": \"…\", \"phone\": \"…\"}。"),
    "lines_wanted": _("“%(column)s”应是一个数组，每件商品一个对象。"),
    "lines_count": _(
        "“%(column)s”有 %(found)s 件，应有 1 到 %(most)s 件。没有明细的订单不写这个字段，放到另一批里发。"
    ),
    "told_by_lines": _("“%(column)s”从明细算出来。有明细的订单不写它。"),
    "visitors_wanted": _("“%(column)s”要和访客数一起发：按人的平均，乘上访客数才是合计。"),
    "order_twice": _("订单“%(found)s”在第 %(first)s 行（从 0 数）已经有了。一批里一单只发一次。"),
    "batch_lines": _("这一批的明细超过 %(most)s 件，从这一单起没收。把后面的订单放到另一批里发。"),
}  # fmt: skip

BATCH_REASONS: dict[str, Promise] = {
    "body_shape": _("内容应是 {\"rows\": [ … ]}：rows 是数组，as_of 是文字，all_or_nothing 是 true 或 false。"),
    "name_unknown": _("最外层没有“%(name)s”这个名字，只有 %(known)s。"),
    "name_twice": _("最外层的“%(name)s”写了两次。留一个。"),
    "no_rows": _("rows 是空的。至少发一行。"),
    "too_many_rows": _("这一批有 %(found)s 行，一批最多 %(most)s 行。分成几批发。"),
    "too_large": _("内容超过 %(most)s 字节。分成几批发。"),
    "not_utf8": _("内容不是 UTF-8（第 %(at)s 个字节）。用 UTF-8 编码再发。"),
    "not_json": _("内容不是 JSON（第 %(line)s 行第 %(column)s 个字符）。改好再发。"),
    "not_a_number": _("%(name)s 不是 JSON 的数。没有值就写 null。"),
    "too_deep": _("内容嵌套超过 %(most)s 层。照接口说明的形状发。"),
    "as_of_wrong": _("as_of 是“%(found)s”，应是不晚于现在的时间，如 2026-11-11 00:00:01。"),
    "rows_refused": _("有 %(n)s 行不能收，整批都没有收。照每一行的说明改好再发。"),
    "media_type": _("Content-Type 要是 application/json（UTF-8）。"),
    "encoding": _("不收压缩过的内容。去掉 Content-Encoding，直接发 JSON。"),
    "key_missing": _("要有 Idempotency-Key 头：每一批换一个，重试用同一个，断线重发才不会做两次。"),
    "key_wrong": _("Idempotency-Key 要是 1 到 100 个可见的 ASCII 字符。"),
    "key_used": _("这个 Idempotency-Key 在 %(when)s 用在另一批内容上。新的内容换一个新的。"),
    "token_missing": _("要有 Authorization: Bearer 头。令牌在设置的“接口令牌”里建。"),
    "token_wrong": _("这个令牌不对、已停用或过期了。在设置的“接口令牌”里看，或另建一个。"),
    "scope_missing": _("这个令牌没有“%(scope)s”这个权限。另建一个有它的。"),
    "too_many_requests": _("每个令牌一分钟最多 %(most)s 次，%(seconds)s 秒后再发。"),
    "too_many_waiting": _("这家店有 %(found)s 批还没写完，最多等 %(most)s 批。%(seconds)s 秒后再发。"),
    "not_found": _("没有这个地址，或没有这一批。批次的答复留 %(days)s 天。"),
    "method": _("这个地址只收 %(allowed)s。"),
    "disk_full": _("磁盘满了，没做成，已有的数据没有变。腾出地方，换一个 Idempotency-Key 再发。"),
    "broken": _("没做成，已有的数据没有变。换一个 Idempotency-Key 再发；还不行就看老客的日志。"),
    "cancelled": _("导入被人取消了，这一批没有收。换一个 Idempotency-Key 再发。"),
}  # fmt: skip

EXPECTED: dict[str, Promise] = {
    "id": _("文字编号，最多 64 个字符"),
    "text": _("文字，最多 %(most)s 个字"),
    "cents": _("整数分，不为负"),
    "signed": _("整数分，可以为负"),
    "count": _("整数，不为负"),
    "time": _("YYYY-MM-DD HH:MM:SS，店铺当地时间，或带时区"),
    "day": _("YYYY-MM-DD"),
    "choice": _("其中一个：%(choices)s"),
    "flag": _("true 或 false"),
    "percent": _("0 到 100，最多两位小数"),
    "number": _("0 到 86400，最多两位小数"),
    "buyer": _("JSON 对象"),
    "lines": _("对象的数组"),
}


def reason_told(code: str, params: Mapping[str, Any]) -> str:
    """Why a row is refused, of a batch or of a file; a code of an older version without a sentence shows itself."""
    if code in SENT_REASONS:
        return str(SENT_REASONS[code]) % _shown(params)
    return row_message(code, params) if code in ROW_REASONS else code


def refusal_told(code: str, params: Mapping[str, Any]) -> str:
    """Why a whole batch is refused, or was not done; the log knows more of a code without a sentence."""
    if code in REFUSALS:
        return refusal_message(code, params)
    return str(BATCH_REASONS.get(code, BATCH_REASONS["broken"])) % _shown(params)


def expected_of(one: Field | None) -> str:
    """What a field may hold, in a few words."""
    if one is None:
        return gettext("接口说明里有的字段")
    return str(EXPECTED[one.type]) % {"most": one.longest, "choices": ", ".join(one.words)}


def _shown(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: listed(value) if isinstance(value, list) else value for name, value in params.items()}
