"""Words and shapes that several pages of imports share."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from laoke.intake.models import ImportRun, ImportState
from laoke.intake.reading.messages import REFUSALS, refusal_message
from laoke.shops.models import ApiToken
from laoke.web.components.words import State

STATE_SHAPES: dict[ImportState, State] = {
    ImportState.READING: "run",
    ImportState.PEOPLE: "run",
    ImportState.FACTS: "run",
    ImportState.DONE: "ok",
    ImportState.REFUSED: "bad",
    ImportState.CANCELLED: "warn",
    ImportState.UNDONE: "warn",
}

# In the order in which a seller looks for them.
PLATFORMS = (
    "taobao", "tmall", "jd", "pdd", "douyin", "xhs", "wechat", "1688", "youzan", "shopify", "woocommerce", "other",
)  # fmt: skip
# How sure the names of a layout are, and what they mean (docs/reference/layouts.md).
SURE: dict[str, Promise] = {
    "very high": gettext_lazy("很准"),
    "high": gettext_lazy("准"),
    "medium": gettext_lazy("大致准，先核对几单"),
    "low": gettext_lazy("没见过真的导出，列名要你核对"),
}


def refusal_text(run: ImportRun) -> str:
    """Why a file was refused; a reason of another version that has no sentence says only that it could not be read."""
    code, params = run.error.get("code", ""), run.error.get("params", {})
    return refusal_message(code, params) if code in REFUSALS else _("这个文件读不了。")


def sent_by(token: ApiToken) -> str:
    """Which system sent a batch, as people recognise its token."""
    return _("接口发来，令牌“%(name)s”（lk_%(prefix)s…）") % {"name": token.name, "prefix": token.prefix}
