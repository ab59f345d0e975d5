"""The very file the peers are measured with, taken in whole: 1,000,000 orders in 12 columns, GBK, `="…"` cells.

It stands in the folder of the peers (`laoke bench --peers FOLDER`); without one there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.exports import import_measured
from laoke.config.bench.measures import Bench, Figure, Measured, Size
from laoke.config.bench.peers import peers_file

ROLES = {
    "order_id": "订单编号", "nick": "买家会员名", "receiver_name": "收货人姓名", "phone": "联系手机",
    "address": "收货地址", "titles": "宝贝标题", "status": "订单状态", "paid": "实付金额", "refunded": "退款金额",
    "item_count": "宝贝数量", "created_at": "订单创建时间", "coupon_used": "使用优惠券",
}  # fmt: skip


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    path = peers_file(folder)
    if path is None:
        return
    run, whole = import_measured(path, mapping=ROLES)
    people = run.detail["seconds"]["people"]
    note = f"to the visible catalog entry; people ({run.detail['people']['new']:,} new) {people:.1f} s more"
    facts = whole.wall - people
    yield Measured("import_facts_peers_file", facts, whole.n, facts, whole.cpu, note=note)


BENCH = Bench(figures={"import_facts_peers_file": Figure("s")}, sides={"laoke": _laoke})
