"""What the platform's troubles and our refusals of a connection mean, and what to do, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TROUBLES: dict[str, Promise] = {
    "busy": _("平台说调用太多，会自己慢下来再拉。"),
    "away": _("平台没有回应，过一会儿会自己再拉。"),
    "sign_in": _("授权过期了。到平台重新授权，把新的 session 填进来。"),
    "keys": _("App Key 或 App Secret 不对。忘掉这个连接，重新填。"),
    "clock": _("这台电脑的时间和平台差了 10 分钟以上。校准时间，会自己再拉。"),
    "permission": _("这个应用没有拉订单要的权限。在开放平台给应用申请，再点继续。"),
    "refused": _("平台不接受这样的请求。把下面的代码告诉维护的人，再点继续。"),
    "answer": _(
        "平台答的是 %(found)s，应为 %(expected)s。没有收，从原处会自己再问；一直这样就告诉维护的人。"
    ),
    "trial": _(
        "演练地址 %(found)s 上没有演练平台，开着的是：%(expected)s。先开 laoke gateway top，会自己再拉。"
    ),
    "sealed": _(
        "存着的 App Secret 和 session 打不开。把原来的钥匙文件放回去再点继续，或忘掉这个连接重新填。"
    ),
}
# Of one stream, while the others go on; of the line of messages.
STREAM_TROUBLES: dict[str, Promise] = {
    "permission": _("这个应用没有读这一项的权限，别的照拉。在开放平台申请好了，暂停再继续，马上再试。"),
    "refused": _("平台不接受这样的请求，别的照拉。把代码告诉维护的人。"),
}
LINE_TROUBLES: dict[str, Promise] = {
    "away": _("消息服务没有回应，会自己再连。订单照常每几分钟拉一次。"),
    "permission": _("这个应用没有开通消息服务。订单照常每几分钟拉一次；开通了，暂停再继续，马上再连。"),
    "refused": _("消息服务不接受这个应用。订单照常每几分钟拉一次；把代码告诉维护的人。"),
}
REFUSALS: dict[str, Promise] = {
    "demo_shop": _("示例店不接平台。另建一家店。"),
    "zone": _("平台用北京时间，这家店的时区不是。"),
    "empty": _("App Key、App Secret、session 都要填。"),
    "gateway": _("只能是平台自己的地址，或本机的演练地址。"),
    "trial_needs_own_shop": _("演练的订单会留在店里。另建一家空的店来演练。"),
    "trial_shop": _("这家店装着演练的订单，不能接真的平台。另建一家店。"),
    "connected": _("这家店已经接上了。先忘掉原来的连接。"),
    "trial_away": _(
        "演练地址 %(found)s 上没有演练平台，开着的是：%(expected)s。先开 laoke gateway top，填它打印的地址。"
    ),
    "sealed": _("存着的 App Secret 打不开。把原来的钥匙文件放回去，或忘掉这个连接重新填。"),
}


def refusal_text(code: str, params: Mapping[str, str]) -> str:
    """The sentence of a refused connection."""
    return str(REFUSALS[code]) % params


def trouble_text(trouble: Mapping[str, Any]) -> str:
    """The sentence of a connection's trouble; empty where there is none."""
    return _filled(TROUBLES.get(str(trouble.get("kind")), ""), trouble)


def stream_trouble_text(trouble: Mapping[str, Any]) -> str:
    """The sentence of one stream's trouble."""
    kind = str(trouble.get("kind"))
    return _filled(STREAM_TROUBLES.get(kind, TROUBLES.get(kind, "")), trouble)


def line_trouble_text(trouble: Mapping[str, Any]) -> str:
    """The sentence of the trouble with messages."""
    kind = str(trouble.get("kind"))
    return _filled(LINE_TROUBLES.get(kind, TROUBLES.get(kind, "")), trouble)


def _filled(sentence: Promise | str, trouble: Mapping[str, Any]) -> str:
    return str(sentence) % {name: trouble.get(name, "") for name in ("found", "expected")}


def trouble_detail(trouble: Mapping[str, Any]) -> str:
    """What the platform said itself, for whoever has to ask there."""
    return " ".join(part for part in (str(trouble.get(n) or "") for n in ("method", "code", "text")) if part)
