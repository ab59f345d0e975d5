"""What a page of facts shows while there are none: where orders come in, or what to wait for."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from laoke.web import components as ui
from laoke.web.access import MARKETING


def nothing_yet(code: str, role: str) -> ui.Empty:
    """For the code of a `NotReady`; the way to the import only for those who may go it."""
    if code == "no_features":
        return ui.Empty(_("客户正在计算"), _("订单已经在，几分钟后再来看"))
    leads = ui.Action(_("导入订单"), reverse("import_new"), "primary", icon="upload")
    return ui.Empty(
        _("还没有订单"),
        _("从千牛导出订单报表，导进来就能看到老客。"),
        leads if role in MARKETING else None,
    )
