"""Seller exports made for tests: the 46-column layout of 2017 with all its quirks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

HEADER = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,"
    "联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,"
    "店铺Id,店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,分阶段订单信息,"
    "特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,修改后的收货地址,"
    "异常信息,天猫卡券抵扣,集分宝抵扣,是否是O2O交易,退款金额,预约门店"
).split(",")

SHIPPED = "卖家已发货，等待买家确认"
FINISHED = "交易成功"


@dataclass
class Row:
    """One order as the back office writes it; money as text in yuan."""

    order_id: str
    nick: str = "小棉花"
    total: str = "100.00"
    paid: str = "100.00"
    status: str = FINISHED
    created: str = "2018-10-01 10:00:00"
    paid_at: str = "2018-10-01 10:05:00"
    refunded: str = "0.00"
    phone: str = "'13800000001"
    address: str = "浙江省 杭州市 西湖区 文三路***(310000)"
    message: str = ""
    raw: dict[str, str] = field(default_factory=dict)

    def cells(self) -> list[str]:
        told = {
            "买家会员名": self.nick,
            "买家应付货款": self.total,
            "买家应付邮费": "0.00",
            "总金额": self.total,
            "买家实际支付金额": self.paid,
            "订单状态": self.status,
            "买家留言": self.message,
            "收货人姓名": "张**",
            "收货地址 ": self.address,
            "联系手机": self.phone,
            "订单创建时间": self.created,
            "订单付款时间 ": self.paid_at,
            "宝贝标题 ": "水洗棉四件套",
            "宝贝总数量": "1",
            "订单关闭原因": "订单未关闭",
            "买家服务费": "0元",
            "是否手机订单": "手机订单",
            "退款金额": self.refunded,
            **self.raw,
        }
        return [f'="{self.order_id}"', *(f'"{_quoted(told.get(name, ""))}"' for name in HEADER[1:])]


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def write(path: Path, rows: list[Row], encoding: str = "gb18030") -> Path:
    """Write an export; the header's cells are quoted, the order number stands as `="…"`."""
    lines = [",".join(f'"{name}"' for name in HEADER), *(",".join(row.cells()) for row in rows)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path
