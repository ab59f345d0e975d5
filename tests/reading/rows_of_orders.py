"""Exports of other platforms made up for the tests: what stands on which row of an order, and the quirks of each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from tests.reading.exports import table_text

Cells = Mapping[str, str]


def header_of(layout: str) -> list[str]:
    """The column names of a layout as its export writes them."""
    file = resources.files("laoke.intake").joinpath("layouts", f"{layout}.toml")
    return list(tomllib.loads(file.read_text(encoding="utf-8"))["header"])


def export_text(
    layout: str, rows: Sequence[Cells], *, header: Sequence[str] | None = None, more: str = ""
) -> str:
    """Rows below the header of a layout; `more` is put behind every row. A cell of no column is a slip of the test."""
    names = list(header or header_of(layout))
    assert not {name for row in rows for name in row} - set(names)
    text = table_text(names, *[[row.get(name, "") for name in names] for row in rows])
    return "".join(line + (more if place else "") + "\n" for place, line in enumerate(text.splitlines()))


def repeated(order: Cells, *lines: Cells) -> list[Cells]:
    """An order whose own cells stand on every row."""
    return [{**order, **line} for line in lines]


def on_first_row(order: Cells, *lines: Cells, keep: Sequence[str] = ()) -> list[Cells]:
    """An order whose own cells stand on its first row; those of `keep` on every row."""
    kept = {name: order[name] for name in keep}
    return [{**(order if place == 0 else kept), **line} for place, line in enumerate(lines)]


JD = repeated(
    {
        "订单号": "11729384072", "下单时间": "2016-12-31 23:19:56", "订单金额": "350.00", "结算金额": "300.01",
        "余额支付": "0.00", "应付金额": "300.01", "订单状态": "完成", "下单帐号": "jd_one", "客户姓名": "某**",
        "客户地址": "江西南昌市青山湖区昌东工业区某号", "联系电话": "139****0000", "运费金额": "10.00",
        "付款确认时间": "2016-12-31 23:20:30", "订单完成时间": "2017-01-05 08:00:00", "订单来源": "移动端订单",
    },
    {"商品ID": "101", "商品名称": "杯", "订购数量": "2", "京东价": "100.00"},
    {"商品ID": "102", "商品名称": "壶", "订购数量": "1", "京东价": "150.00"},
) + repeated(
    {
        "订单号": "11729384073", "下单时间": "2017-01-02 10:00:00", "订单金额": "99.00", "应付金额": "99.00",
        "订单状态": "(删除)等待出库", "下单帐号": "jd_one", "运费金额": "0.00", "付款确认时间": "2017-01-02 10:01:00",
        "订单来源": "",
    },
    {"商品ID": "103", "商品名称": "盘", "订购数量": "1", "京东价": "99.00"},
) + repeated(
    {
        "订单号": "11729384074", "下单时间": "2017-01-03 10:00:00", "订单金额": "50.00", "应付金额": "50.00",
        "订单状态": "(删除)等待付款", "下单帐号": "jd_two", "运费金额": "0.00",
    },
    {"商品ID": "103", "商品名称": "盘", "订购数量": "1", "京东价": "50.00"},
) + repeated(
    {  # paid in cash at the door: no time of payment
        "订单号": "11729384075", "下单时间": "2017-01-04 10:00:00", "订单金额": "20.00", "应付金额": "20.00",
        "订单状态": "完成", "下单帐号": "jd_two", "运费金额": "0.00",
    },
    {"商品ID": "104", "商品名称": "勺", "订购数量": "3", "京东价": "6.67"},
)  # fmt: skip

PDD: list[Cells] = [
    {
        "订单成交时间": "2026-05-17 10:00:00\t", "商品": "毛巾", "订单号": "260517-607198974342268\t",
        "订单状态": "已收货\t", "商品总价(元)": "30.00\t", "邮费(元)": "2.00\t", "店铺优惠折扣(元)": "5.00\t",
        "平台优惠折扣(元)": "1.00\t", "用户实付金额(元)": "26.00\t", "商家实收金额(元)": "27.00\t",
        "商品数量(件)": "3\t", "商品id": "900\t", "商品规格": "蓝", "商家编码-规格维度": "MJ-L",
        "售后状态": "无售后或售后取消",
    },
    {
        "商品": "毛巾", "订单号": "260516-107198974342269\t", "订单状态": "已取消", "商品总价(元)": "10.00",
        "邮费(元)": "0.00", "用户实付金额(元)": "10.00", "商品数量(件)": "1", "商品id": "900", "订单成交时间": "",
    },
    {
        "订单成交时间": "2026-05-18 09:00", "商品": "皂", "订单号": "260518-207198974342270",
        "订单状态": "未发货，退款成功", "商品总价(元)": "8.80", "邮费(元)": "0.00", "用户实付金额(元)": "8.80",
        "商品数量(件)": "2", "商品id": "901",
    },
]  # fmt: skip

_DOUYIN = {"主订单编号": "6920000000000000001\t", "订单提交时间": "2024-11-11 00:00:01", "收件人": "张**",
           "收件人手机号": "138****0000", "省": "浙江省", "市": "杭州市", "区": "西湖区"}  # fmt: skip
DOUYIN: list[Cells] = [
    {
        **_DOUYIN, "子订单编号": "6920000000000000002\t", "选购商品": "衣", "商品ID": "31\t", "商家编码": "Y-1",
        "商品数量": "2", "商品金额": "50.00", "支付完成时间": "2024-11-11 00:00:20", "发货时间": "2024-11-12 09:00:00",
        "订单完成时间": "2024-11-20 09:00:00", "订单状态": "已完成", "订单应付金额": "95.00", "运费": "5.00",
        "商家优惠": "10.00",
    },
    {
        **_DOUYIN, "子订单编号": "6920000000000000003\t", "选购商品": "裤", "商品ID": "32\t", "商品数量": "1",
        "商品金额": "80.00", "支付完成时间": "2024-11-11 00:00:20", "订单状态": "已关闭", "取消原因": "不想要了",
        "订单应付金额": "80.00", "运费": "0.00", "商家优惠": "0.00",
    },
    {
        **_DOUYIN, "主订单编号": "6920000000000000009", "子订单编号": "6920000000000000009", "选购商品": "衣",
        "商品ID": "31", "商品数量": "1", "商品金额": "50.00", "订单状态": "待支付", "订单应付金额": "50.00",
        "运费": "0.00",
    },
]  # fmt: skip

XHS = repeated(
    {
        "订单号": "P800000000000000001", "订单状态": "已完成", "支付时间": "2025-03-01 12:00:05",
        "订单创建时间": "2025-03-01 12:00:00",
    },
    {
        "商家编码": "K1", "商品名称": "香", "SKU规格": "30ml", "SKU件数": "1", "商品总价(元)": "60.00",
        "商家应收金额(元)（支付金额）": "55.50",
    },
    {
        "商家编码": "K2", "商品名称": "皂", "SKU规格": "", "SKU件数": "2", "商品总价(元)": "20.00",
        "商家应收金额(元)（支付金额）": "20.00",
    },
)  # fmt: skip

ALIBABA = on_first_row(
    {
        "订单编号": "1234567890123456789", "买家会员名": "factory_a", "货品总价(元)": "300.00", "运费": "12.00",
        "涨价或折扣(元)": "-2.00", "实付款": "310.00", "订单状态": "等待买家确认收货",
        "订单创建时间": "2024-05-01 08:00:00", "订单付款时间": "2024-05-01 08:10:00", "收货地址": "浙江省 义乌市 某路",
    },
    {"货品标题": "说明书纸盒", "单价(元)": "1.00", "数量": "100", "货号": "H1"},
    {"货品标题": "说明书纸袋", "单价(元)": "2.00", "数量": "100", "货号": "H2"},
) + on_first_row(
    {
        "订单编号": "1234567890123456790", "买家会员名": "factory_b", "运费": "0.00", "实付款": "5.00",
        "订单状态": "交易关闭", "订单创建时间": "2024-05-02 08:00:00",
    },
    {"货品标题": "纸袋", "单价(元)": "5.00", "数量": "1", "货号": "H2"},
)  # fmt: skip

SHOPIFY = on_first_row(
    {
        "Name": "#1001", "Email": "ann@example.com", "Financial Status": "partially_refunded",
        "Paid at": "2024-01-02 10:00:00 +0900", "Fulfillment Status": "fulfilled",
        "Fulfilled at": "2024-01-03 09:00:00 +0900", "Currency": "JPY", "Subtotal": "29.98", "Shipping": "5.00",
        "Taxes": "0.00", "Total": "34.98", "Discount Code": "TEN", "Discount Amount": "0.00",
        "Created at": "2024-01-02 00:30:00 +0900", "Shipping City": "Tokyo", "Shipping Country": "JP",
        "Shipping Zip": "'100-0001", "Refunded Amount": "10.00", "Outstanding Balance": "0.00",
    },
    {"Lineitem quantity": "2", "Lineitem name": "Tee - Black", "Lineitem price": "9.99", "Lineitem sku": "TEE"},
    {"Lineitem quantity": "1", "Lineitem name": "Mug", "Lineitem price": "10.00", "Lineitem sku": ""},
    keep=("Name",),
) + on_first_row(
    {
        "Name": "#1002", "Email": "bob@example.com", "Financial Status": "partially_paid",
        "Fulfillment Status": "unfulfilled", "Currency": "JPY", "Subtotal": "50.00", "Shipping": "0.00",
        "Total": "50.00", "Created at": "2024-01-04 10:00:00 +0900", "Refunded Amount": "0.00",
        "Outstanding Balance": "20.00",
    },
    {"Lineitem quantity": "1", "Lineitem name": "Tee - Black", "Lineitem price": "50.00", "Lineitem sku": "TEE"},
)  # fmt: skip

WECHAT = repeated(
    {
        "订单号": "3720000000000000001", "订单下单时间": "2025-10-01 20:00:00", "订单状态": "已完成",
        "收件人姓名": "某*", "省": "广东省", "市": "深圳市", "区": "南山区", "收件人手机": "138****0000",
        "打标颜色": "红",
        "订单实际支付金额": "105.00", "订单运费": "5.00", "支付时间": "2025-10-01 20:00:30",
        "订单确认收货时间": "2025-10-09 20:00:00",
    },
    {
        "商品名称": "茶", "商品编码(平台)": "1000000000001", "商品编码(自定义)": "C1", "商品属性": "500g",
        "商品价格(单件)": "40.00", "商品实际价格(总共)": "70.00", "商品数量": "2", "商品已退款金额": "35.00",
    },
    {
        "商品名称": "壶", "商品编码(平台)": "1000000000002", "商品价格(单件)": "30.00", "商品实际价格(总共)": "30.00",
        "商品数量": "1", "商品已退款金额": "0.00",
    },
)  # fmt: skip

YOUZAN: list[Cells] = [
    {
        "订单号": "E20240101000000000000001", "订单状态": "交易完成", "订单创建时间": "2024-01-01 10:00:00",
        "买家付款时间": "2024-01-01 10:00:20", "交易成功时间": "2024-01-08 10:00:00", "商品金额合计": "120.00",
        "运费": "8.00", "店铺优惠合计": "20.00", "应收订单金额": "108.00", "订单实付金额": "108.00",
        "支付优惠合计": " ", "全部商品名称": "花", "收货人省份": "江苏省", "收货人城市": "南京市",
        "收货人地区": "玄武区",
        "买家昵称": "小明", "买家手机号": "10012345678", "订单已退款金额": "8.50", "商家订单备注": "——",
    },
    {
        "订单号": "E20240101000000000000002", "订单状态": "交易关闭", "订单创建时间": "2024-01-02 10:00:00",
        "商品金额合计": "20.00", "运费": "0.00", "应收订单金额": "20.00", "订单实付金额": "0.00", "买家昵称": "小明",
        "买家手机号": "186******05", "订单已退款金额": " ",
    },
]  # fmt: skip

WOOCOMMERCE: list[Cells] = [
    {
        "order_id": "501", "order_number": "501", "order_date": "2025-08-05 11:11:03",
        "paid_date": "2025-08-05 11:11:07", "status": "processing", "shipping_total": "4.00",
        "discount_total": "1.00", "order_total": "33.00",
        "order_subtotal": "30.00", "order_currency": "EUR", "customer_id": "0", "customer_email": "anna@example.com",
        "billing_email": "anna@example.com", "shipping_city": "Lecce", "shipping_country": "IT",
    },
    {
        "order_id": "502", "order_number": "502", "order_date": "2025-08-06 11:11:03", "status": "cancelled",
        "shipping_total": "0", "order_total": "12.50", "order_currency": "EUR", "billing_email": "ugo@example.com",
    },
]  # fmt: skip

EXPORTS: dict[str, list[Any]] = {
    "jd_order_30_2016": JD,
    "jd_order_38_2018": JD,
    "pdd_order_23": PDD,
    "douyin_order_75": DOUYIN,
    "xhs_order": XHS,
    "alibaba1688_order": ALIBABA,
    "shopify_order_79": SHOPIFY,
    "wechat_shop_57": WECHAT,
    "youzan_order_60": YOUZAN,
    "woocommerce_order_55": WOOCOMMERCE,
}
# What a platform puts behind every row.
BEHIND = {"youzan_order_60": ",", "jd_order_30_2016": ","}
