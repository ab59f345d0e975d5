"""Words a text may not carry: paid praise, absolute claims, leading buyers off the platform (RULES 1.3,
3.9, 4.2).

The lists are data and may be replaced by a shop's own. Exempt phrases are taken out first, then the
longest word wins, so 第一次 is fine and 第一品牌 is one finding, not two.
"""

import re
import unicodedata
from dataclasses import dataclass

from laoke.dispatch.text.issues import Issue, error, warning


@dataclass(frozen=True)
class Wording:
    """The lists: `hard` refuses, `soft` warns, `exempt` and `praise` are regular expressions on the squeezed text."""

    hard: tuple[str, ...]
    soft: tuple[str, ...]
    exempt: tuple[str, ...]
    praise: tuple[str, ...]
    lead_away: tuple[str, ...]


_GAP = r"[^，。！？；,.!?;]{0,6}"
_REWARD = r"(?:返现|返(?!场)|红包|送(?!达|货)|赠|领(?!先|带)|有礼|奖励|免单|优惠券|礼品)"

DEFAULT_WORDING = Wording(
    hard=(
        "国家级", "最高级", "最佳", "世界级", "顶级", "极品", "第一品牌", "全国第一", "全网第一", "销量第一",
        "国家领导人推荐", "驰名商标", "特供", "专供", "免检", "100%有效", "根治",
    ),
    soft=(
        "最低", "最好", "最大", "最新", "最便宜", "最优", "最先进", "最受欢迎", "第一", "唯一", "首选", "首个",
        "首家", "独家", "冠军", "销量冠军", "金牌", "王牌", "顶尖", "巅峰", "极致", "完美", "绝对", "永久", "万能",
        "世界领先", "空前绝后", "史无前例", "前无古人", "全网最低价", "抄底价", "史上最低", "仅此一次", "错过不再",
        "最后一波", "点击有惊喜", "秒杀全网",
    ),
    exempt=(
        r"最佳(?:食用|使用|赏味)期?", r"最大尺码", r"最晚发货", r"最后\d+个?(?:小时|分钟)", r"第一[次步]", r"第一时间",
        r"最近", r"唯一编号",
    ),
    praise=(
        rf"好评{_GAP}{_REWARD}", rf"(?:[五5]星|全5分|全五分|满分){_GAP}{_REWARD}", r"全[5五]分",
        rf"晒[图单]{_GAP}{_REWARD}", rf"追评{_GAP}{_REWARD}", rf"截图{_GAP}领{_GAP}红包", rf"(?:返现|红包){_GAP}好评",
    ),
    lead_away=("加微信", "加V信", "加薇信", "加VX", "微信号", "加QQ"),
)  # fmt: skip


def check_wording(text: str, wording: Wording = DEFAULT_WORDING) -> list[Issue]:
    """All findings in a text, each word once. Spaces and full-width forms do not hide a word."""
    squeezed = "".join(unicodedata.normalize("NFKC", text).split())
    found = [error("paid_praise", words=words) for words in [_praise(squeezed, wording)] if words]
    hard, soft = _absolute(squeezed, wording)
    found += [error("absolute_word", word=word) for word in hard]
    found += [warning("strong_word", word=word) for word in soft]
    upper = squeezed.upper()
    away = [word for word in wording.lead_away if word in upper]
    return [*found, warning("leads_away", words=away)] if away else found


def _praise(text: str, wording: Wording) -> list[str]:
    hits = (match.group() for pattern in wording.praise for match in re.finditer(pattern, text))
    words = list(dict.fromkeys(hits))
    return [word for word in words if not any(word != other and word in other for other in words)]


def _absolute(text: str, wording: Wording) -> tuple[list[str], list[str]]:
    left = re.sub("|".join(wording.exempt), "\x00", text) if wording.exempt else text
    words = sorted({*wording.hard, *wording.soft}, key=len, reverse=True)
    if not words:
        return [], []
    pattern = "|".join(re.escape(word) for word in words)
    hits = list(dict.fromkeys(match.group() for match in re.finditer(pattern, left)))
    hard = set(wording.hard)
    return [word for word in hits if word in hard], [word for word in hits if word not in hard]
