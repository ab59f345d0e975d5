"""The demo's orders as the seller back office exports them, with the quirks that real files have.

`="…"` around order numbers, an apostrophe before mobiles, header names with trailing blanks, `元` behind some
amounts, `(000000)` behind addresses, CRLF, GB18030, newest order first. One word, 交易关闭, stands for both kinds
of closed orders, and a signed parcel is still 卖家已发货，等待买家确认.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from laoke.intake.demo import progress as life
from laoke.intake.demo import texts
from laoke.intake.demo.buying import fake_mask
from laoke.intake.demo.draws import shuffled
from laoke.intake.demo.goods import SHOP_NAME
from laoke.intake.demo.shop import DemoPlan, DemoShop, plan
from laoke.intake.demo.tables import STATUS_TEXTS, Run

_BASE = (
    "订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "买家支付积分", "总金额", "返点积分",
    "买家实际支付金额", "买家实际支付积分", "订单状态", "买家留言", "收货人姓名", "收货地址 ", "运送方式", "联系电话 ",
    "联系手机", "订单创建时间", "订单付款时间 ", "宝贝标题 ", "宝贝种类 ", "物流单号 ", "物流公司", "订单备注",
    "宝贝总数量", "店铺Id", "店铺名称", "订单关闭原因", "卖家服务费", "买家服务费", "发票抬头", "是否手机订单",
    "分阶段订单信息", "特权订金订单id", "是否上传合同照片", "是否上传小票", "是否代付", "定金排名", "修改后的sku",
    "修改后的收货地址", "异常信息", "天猫卡券抵扣", "集分宝抵扣", "是否是O2O交易",
)  # fmt: skip
LAYOUTS = {
    "tb_orderlist_46_2017": (*_BASE, "退款金额", "预约门店"),
    "tb_orderlist_54_2018": (
        *_BASE, "新零售交易类型", "新零售导购门店名称", "新零售导购门店id", "新零售发货门店名称", "新零售发货门店id",
        "退款金额", "预约门店", "确认收货时间", "打款商家金额", "含应开票给个人的个人红包",
    ),
}  # fmt: skip
_MESSAGES = ("", "麻烦尽快发货，谢谢", "放门口快递柜就好", "送人的，别放价格单", "周末在家，工作日别派")
_RUN_ROWS = 50_000


def write_export(
    demo: DemoShop | DemoPlan,
    path: Path,
    layout: str = "tb_orderlist_54_2018",
    encoding: str = "gb18030",
) -> int:
    """Write all orders of a demo shop as an order export; gives the number of rows.

    Raises
    ------
    ValueError
        when the layout is not one of `LAYOUTS`.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout {layout}: expected one of {', '.join(LAYOUTS)}")
    planned = demo.plan if isinstance(demo, DemoShop) else demo
    names = LAYOUTS[layout]
    with path.open("wb") as file:
        file.write((",".join(f'"{name}"' for name in names) + "\r\n").encode(encoding))
        for run in _newest_first(planned):
            file.write(_rows(run, names).encode(encoding))
    return planned.orders


def write_gbk_bench_export(path: Path, rows: int, people: int, seed: int) -> int:
    """A big GB18030 export for measuring: `rows` orders of `people` buyers in the two years up to 2018-10-31."""
    return write_export(plan(seed, people, rows, datetime(2018, 10, 31, 12)), path)


def _newest_first(planned: DemoPlan) -> Iterator[Run]:
    starts = range(0, planned.orders, _RUN_ROWS)
    for first in reversed(starts):
        yield planned.run(first, _RUN_ROWS)


def _rows(run: Run, names: tuple[str, ...]) -> str:
    cells = _cells(run)
    parts: list[pa.Array] = []
    constant = ""
    for number, name in enumerate(names):
        value = cells.get(name.strip(), "")
        before, after = ('="', '"') if name in ("订单编号", "特权订金订单id") else ('"', '"')
        constant += ("," if number else "") + before
        if isinstance(value, str):
            constant += value + after
        else:
            parts += [pa.scalar(constant), value]
            constant = after
    parts.append(pa.scalar(constant + "\r\n"))
    lines = texts.joined(*parts)
    newest_first = lines.take(pa.array(np.arange(len(lines))[::-1]))
    return texts.run_together(newest_first)


def _cells(run: Run) -> dict[str, pa.Array | str]:
    """The filled cells by header name (blanks stripped); a plain text stands in every row."""
    return {**_money_cells(run), **_people_cells(run), **_parcel_cells(run), **_plain_cells(run)}


def _money_cells(run: Run) -> dict[str, pa.Array | str]:
    basket, lived = run.basket, run.life
    finished = lived.status == life.FINISHED
    # A fully refunded order shows 0.00 as paid and its money as 退款金额.
    received = np.where(run.paid & (lived.status != life.CLOSED_REFUNDED), basket.total, 0)
    paid_out = np.where(finished, basket.total - run.refunded, 0)
    stages = run.placed.balance > 0
    deposit = texts.joined(
        pa.scalar("阶段1 已付款 "), texts.money(basket.deposit), pa.scalar("元;阶段2 "),
        texts.picked(("等待付款 ", "已付款 "), run.paid.astype(int)),
        texts.money(np.maximum(basket.total - basket.deposit, 0)), pa.scalar("元"),
    )  # fmt: skip
    return {
        "买家应付货款": texts.money(basket.total - basket.postage),
        "买家应付邮费": texts.money(basket.postage),
        "买家支付积分": "0",
        "总金额": texts.money(basket.total),
        "返点积分": "0",
        "买家实际支付金额": texts.money(received),
        "买家实际支付积分": "0",
        "卖家服务费": "0",
        "买家服务费": "0元",
        "分阶段订单信息": texts.chosen(stages, deposit, ""),
        "退款金额": texts.money(run.refunded),
        "打款商家金额": texts.joined(texts.money(paid_out), pa.scalar("元")),
    }


def _people_cells(run: Run) -> dict[str, pa.Array | str]:
    household, people = run.household, run.people
    place = people.places(household)
    address = texts.joined(
        place["province"], pa.scalar(" "), place["city"], pa.scalar(" "), place["district"], pa.scalar(" "),
        people.streets(household), pa.scalar("(000000)"),
    )  # fmt: skip
    message = run.draws.weighted("message", run.index, (0.93, 0.03, 0.02, 0.0, 0.02))
    return {
        "买家会员名": people.nicks(run.placed.buyer, run.second_nick),
        "买家支付宝账号": people.emails(run.placed.buyer),
        "买家留言": texts.picked(_MESSAGES, np.where(run.gift, 3, message)),
        "收货人姓名": people.receivers(household),
        "收货地址": address,
        "联系手机": texts.joined(pa.scalar("'"), people.phones(household)),
    }


def _parcel_cells(run: Run) -> dict[str, pa.Array | str]:
    lived = run.life
    sent = lived.shipped <= run.end
    number = texts.joined(pa.scalar("No:7"), texts.digits(shuffled(run.waybill, 10**12), 13))
    return {
        "订单状态": texts.picked(STATUS_TEXTS, lived.status),
        "运送方式": "快递",
        "订单创建时间": texts.moment_text(texts.moments(run.placed.created)),
        "订单付款时间": texts.moment_text(run.seen(lived.paid)),
        "确认收货时间": texts.moment_text(run.seen(lived.finished)),
        "物流单号": texts.chosen(sent, number, ""),
        "物流公司": texts.chosen(sent, run.carrier, ""),
        "订单关闭原因": texts.chosen(lived.closed <= run.end, run.close_reasons, "订单未关闭"),
    }


def _plain_cells(run: Run) -> dict[str, pa.Array | str]:
    flagged = np.where(run.memo_flag > 0, 1 + fake_mask(run.placed), 0)
    mobile = run.mobile
    return {
        "订单编号": run.order_ids,
        "宝贝标题": run.titles,
        "宝贝种类": texts.digits(run.basket.used.sum(axis=1), 1),
        "宝贝总数量": pa.array(run.basket.quantity.sum(axis=1)).cast(pa.string()),
        "店铺Id": "0",
        "店铺名称": SHOP_NAME,
        "订单备注": texts.picked(("", "已电话确认颜色", "福利单"), flagged),
        "是否手机订单": texts.picked(("", "手机订单"), mobile.astype(int)),
        "是否上传合同照片": "否",
        "是否上传小票": "否",
        "是否代付": "否",
    }
