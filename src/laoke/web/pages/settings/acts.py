"""What people did, in words: the acts that the audit trail writes down."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from laoke.web.components.base import Words

ACTS: dict[str, Words] = {
    "audit.anchor": _("留审计锚点"),
    "audit.export": _("导出审计"),
    "audit.keyed": _("审计链开始用钥匙"),
    "backtest.make": _("做回放"),
    "campaign.edit": _("改活动"),
    "campaign.holdout": _("改对照比例"),
    "campaign.offer": _("活动加优惠"),
    "campaign.offer_drop": _("活动去掉优惠"),
    "campaign.plan": _("建活动"),
    "campaign.review": _("算复盘"),
    "campaign.shift": _("挪活动日"),
    "card.assign": _("分派客户"),
    "consent.declare": _("登记同意依据"),
    "consent.withdraw": _("收回同意依据"),
    "contact.show": _("看联系方式"),
    "customers.export": _("导出客户"),
    "demo.clock": _("拨示例店时钟"),
    "gateway.change": _("改网关"),
    "gateway.make": _("建网关"),
    "gateway.release": _("放行网关"),
    "handover.again": _("再写名单"),
    "handover.download": _("下载名单"),
    "handover.forget": _("忘掉名单文件"),
    "handover.list": _("备名单"),
    "handover.results": _("导入名单结果"),
    "import": _("导入文件"),
    "keys.drop": _("拿掉旧钥匙"),
    "keys.export": _("抄出钥匙文件"),
    "keys.reseal": _("改用新钥匙"),
    "keys.rotate": _("换钥匙"),
    "list.export": _("导出列表"),
    "message.decide": _("定未知结果"),
    "message.test": _("试发"),
    "occasion.cancel": _("取消发送"),
    "occasion.launch": _("开始发送"),
    "occasion.pause": _("暂停发送"),
    "occasion.resume": _("继续发送"),
    "offer.activity": _("填平台活动号"),
    "offer.add": _("建优惠"),
    "offer.archive": _("收起优惠"),
    "offer.edit": _("改优惠"),
    "password.change": _("换密码"),
    "person.erase": _("删除个人信息"),
    "person.join": _("合并客户"),
    "person.keep_apart": _("认定不是同一人"),
    "person.reopen": _("重新看是不是同一人"),
    "person.split": _("拆开客户"),
    "phase.move": _("挪阶段"),
    "quarantine.export": _("下载隔离行"),
    "reply.handled": _("处理回复"),
    "reply.show": _("看回复原文"),
    "segment.freeze": _("定格名单"),
    "shop.add": _("建店"),
    "shop.rename": _("改店名"),
    "shop.settings": _("改设置"),
    "staff.add": _("加入店铺"),
    "staff.dismiss": _("移除员工"),
    "staff.role": _("改角色"),
    "tag.set": _("打标签"),
    "target.set": _("改目标"),
    "task.assign": _("分派任务"),
    "task.edit": _("改任务"),
    "task.state": _("改任务状态"),
    "template.save": _("存消息模板"),
    "user.add": _("加账号"),
    "user.reset": _("重置密码"),
    "user.unlock": _("解锁账号"),
}
ROUND = _("改轮次")


def act_name(act: str) -> str:
    """An act in words; one of an older version without words shows its code."""
    return str(ACTS.get(act, ROUND if act.startswith("round.") else act))
