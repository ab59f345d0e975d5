"""The way out: the opt-out words at the end of a marketing text, and reading what people reply (RULES 1.4).

Reading errs on the side of the person: what may be a refusal counts as one, except words that plainly ask
for service (退货, 退款, 取消订单), which go to the service inbox.
"""

import re
import unicodedata
from dataclasses import dataclass

from laoke.dispatch.text.gateways import GatewayRules
from laoke.dispatch.text.hours import Kind
from laoke.dispatch.text.issues import Issue, error

_PHRASE = re.compile(r"(?:拒收请?回复?|退订请?回复?)(?:TD|[RTN])|回复?(?:TD|[RTN])退订")
_PUNCTUATION = "，。！？；、,.!?; "

_MARKETING_WORDS = (
    "优惠", "满减", "立减", "直降", "折扣", "打折", "促销", "大促", "双11", "双十一", "限时", "秒杀", "抢购", "特价",
    "红包", "赠品", "领券", "优惠券", "包邮", "新品上市",
)  # fmt: skip


def with_opt_out(body: str, kind: Kind, rules: GatewayRules) -> str:
    """The body with the gateway's opt-out words exactly once at its end when it is marketing.

    Other opt-out words at the end give way to them; after a full stop the comma of the suffix is left out. A notice
    comes back as it is.
    """
    if kind != "marketing":
        return body
    bare = without_opt_out(body, rules)
    return bare + (_wanted(rules) if bare[-1:] in _PUNCTUATION else rules.opt_out_suffix)


def without_opt_out(body: str, rules: GatewayRules) -> str:
    """The body without opt-out words at its end and without the comma before them."""
    bare = body.rstrip(_PUNCTUATION)
    ends = [match.start() for match in _PHRASE.finditer(bare) if match.end() == len(bare)]
    if bare.endswith(_wanted(rules)):
        ends.append(len(bare) - len(_wanted(rules)))
    return bare[: min(ends)].rstrip("，, ") if ends else body


def check_opt_out(body: str, kind: Kind, rules: GatewayRules) -> list[Issue]:
    """A marketing text ends with the gateway's opt-out words, once; a notice has neither them nor offers."""
    wanted = _wanted(rules)
    count = max(len(_PHRASE.findall(body)), body.count(wanted))
    if kind == "marketing":
        if count > 1:
            return [error("opt_out_repeated", count=count)]
        return [] if body.endswith(wanted) else [error("opt_out_missing", wanted=wanted)]
    found = [error("opt_out_in_notice")] if count else []
    words = [word for word in _MARKETING_WORDS if word in body]
    return [*found, error("marketing_in_notice", words=words)] if words else found


def _wanted(rules: GatewayRules) -> str:
    return rules.opt_out_suffix.lstrip(_PUNCTUATION)


_LATIN = re.compile(r"(?:0000|TUI|TD|T(?!恤)|R|N)(?![0-9A-Z])")
_CHINESE = re.compile(
    r"拒收|不要再发|别发了|别再发|退订|取消(?!订单|发货|付款|退款|申请|购买|拍下|交易|这|那)"
    r"|退(?!货|款|换|钱|运费|回|差价|掉|单|税|件|不)"
)
_ANYWHERE = re.compile(r"退订|不要再发|别发了|别再发")
_LEAD = re.compile(r"(?:请?回复?)+(?=0000|TUI|TD|T|R|N|退订)")


@dataclass(frozen=True)
class Reply:
    """What a person wrote back: the normalised text, and the words that make it an opt-out (None: service inbox)."""

    text: str
    keyword: str | None

    @property
    def opts_out(self) -> bool:
        """Whether the person no longer wants marketing on this channel."""
        return self.keyword is not None


def read_reply(raw: str) -> Reply:
    """Read an inbound message: full width becomes half, letters upper case, punctuation and spaces go.

    Keywords count at the start; a single letter only when no other letter or digit follows. Plain
    refusals (退订, 别发了) count anywhere.
    """
    text = unicodedata.normalize("NFKC", raw).upper()
    kept = "".join(c for c in text if unicodedata.category(c)[0] in "LN")
    # a letter followed by a space and more words is still the keyword: look before the spaces are gone
    first_word = re.match(r"[^\w]*([0-9A-Z]+)(?![0-9A-Z\u3400-\u9fff])", text)
    bare = _LEAD.sub("", kept, count=1) if _LEAD.match(kept) else kept
    keyword = _LATIN.match(bare) or _CHINESE.match(bare) or _ANYWHERE.search(bare)
    if keyword:
        return Reply(kept, keyword.group())
    if first_word and _LATIN.fullmatch(first_word.group(1)):
        return Reply(kept, first_word.group(1))
    return Reply(kept, None)
