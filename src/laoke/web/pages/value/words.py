"""Words of customer value: models, parameters, and refusals as sentences with their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.web import figures
from laoke.web.components.base import Words

MODELS: dict[str, Words] = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "gamma_gamma": "Gamma-Gamma",
    "rates": _("同类客户的回购率"),
}
ABOUT: dict[str, Words] = {
    "bg_nbd": _("每次买完有一定机会离开；没回过头的当作都还在"),
    "mbg_nbd": _("每次买完有一定机会离开，第一次买完也算"),
    "pareto_nbd": _("随时可能离开，和买不买无关"),
    "gamma_gamma": _("每人每次花多少，围着各自的平均数上下"),
    "rates": _("和这位客户买过一样多次、隔了一样久的人，后来平均买了多少"),
}
PARAMETERS: dict[str, Words] = {
    "r": _("购买快慢的形状：越大，大家快慢越接近"),
    "alpha": _("购买快慢的尺度（天）：和 r 相除就是平均隔多久买一次"),
    "a": _("离开机会的形状：a 比 a+b 是平均每次买完离开的机会"),
    "b": _("离开机会的形状"),
    "s": _("离开快慢的形状：越大，大家去留越接近"),
    "beta": _("离开快慢的尺度（天）"),
    "p": _("每次金额的形状：越大，同一个人每次花得越接近"),
    "q": _("各人平均金额的形状：越大，人和人越接近"),
    "gamma": _("金额的尺度（元）"),
}
REFUSALS: dict[str, Words] = {
    "too_few_customers": _("客户只有 %(found)s 位，少于 %(needed)s 位，参数定不下来"),
    "too_few_repeats": _("回过头的客户只有 %(found)s 位，少于 %(needed)s 位，看不出大家的快慢"),
    "too_short": _("订单只有 %(found)s 天，少于 %(needed)s 天，没法拿后一段检验前一段"),
    "value_follows_frequency": _(
        "每次花多少和买得勤不勤有关（相关系数 %(correlation)s，超过 %(limit)s），而这个模型要求两者无关"
    ),
    "border": _("参数 %(parameter)s 一直走到 %(value)s 还在变好：数据里没有模型要的那种差别"),
    "uncertain": _("参数 %(parameter)s 算出来是 %(value)s，误差却有 %(error)s：数据定不下它"),
    "not_converged": _("试了 %(evaluations)s 步还没有走到最好的地方"),
    "misses_total": _("站在检验期之前，它说会有 %(forecast)s 单，实际 %(actual)s 单，差得超过 %(limit)s"),
    "worse_than_rates": _("它给实际结果的可能（平均对数 %(score)s）还不如照各人原来的快慢推（%(rates)s）"),
}


def model(name: str) -> Words:
    return MODELS.get(name, name)


def refusal(row: Mapping[str, Any]) -> str:
    """Why a model is not used, as a sentence."""
    said = str(REFUSALS[row["code"]])
    params = {name: _number(value) for name, value in row["params"].items()}
    if row["code"] == "misses_total":
        params["limit"] = figures.percent(row["params"]["limit"], 0)
        params |= {name: figures.exact(round(row["params"][name])) for name in ("forecast", "actual")}
    return said % params


def _number(value: float | str | None) -> str:
    """A number of a refusal to four digits; what was infinite is without bound."""
    if value is None:
        return gettext("无穷大")
    if isinstance(value, str) or float(value).is_integer():
        return value if isinstance(value, str) else figures.exact(int(value))
    return f"{value:.4g}"


def parameter_number(value: float | None) -> str:
    """A parameter or its error to four digits."""
    return figures.NOTHING if value is None else f"{value:.4g}"
