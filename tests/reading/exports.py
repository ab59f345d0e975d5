"""Exports made up for the tests, in the seller back office's own manner."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from laoke.intake.reading import (
    Limits,
    Reading,
    StagedBatch,
    choose_layout,
    open_source,
    profiles,
    read_batches,
)

HEADER_46 = profiles()["tb_orderlist_46_2017"].header

ORDER = {
    "订单编号": '="100002206068248022"',
    "买家会员名": "tb341298787",
    "买家应付货款": "88.00",
    "买家应付邮费": "10.00",
    "总金额": "98.00",
    "买家实际支付金额": "98.00",
    "订单状态": "交易成功",
    "收货人姓名": "某**",
    "收货地址": "浙江省 杭州市 西湖区 某某路1号(310000)",
    "联系手机": "'10012345678",
    "订单创建时间": "2018-10-01 09:30:00",
    "订单付款时间": "2018-10-01 09:31:05",
    "宝贝标题": "保温杯",
    "宝贝总数量": "2",
    "订单关闭原因": "订单未关闭",
    "是否手机订单": "手机订单",
    "退款金额": "0.00",
    "买家服务费": "0元",
}


def order(number: int = 0, **changes: str) -> dict[str, str]:
    """A good order whose number ends in `number`, with some cells changed."""
    return ORDER | {"订单编号": f'="2100000000000{number:06d}"'} | changes


def csv_text(rows: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER_46) -> str:
    """Rows as the back office writes them: everything quoted but the numbers guarded by =."""
    lines = [",".join(f'"{name}"' for name in header)]
    for row in rows:
        cells = (row.get(name, "") for name in header)
        lines.append(",".join(c if c.startswith('="') else '"' + c.replace('"', '""') + '"' for c in cells))
    return "\r\n".join(lines) + "\r\n"


def write(folder: Path, text: str, name: str = "orders.csv", encoding: str = "gb18030") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def table_text(*rows: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def read_all(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    *,
    limits: Limits | None = None,
    grain: Any = "order",
    **options: Any,
) -> tuple[list[StagedBatch], Reading]:
    """Every batch of a file, and the reading with its summary, whose sums are checked here once for all tests."""
    with open_source(path, limits=limits or Limits(), mapping=mapping) as source:
        reading = read_batches(source, choose_layout(source, mapping, grain=grain), **options)
        batches = list(reading)
    assert reading.summary.adds_up
    return batches, reading


def orders_of(batches: Sequence[StagedBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.orders.to_pylist()]


def reasons_of(batches: Sequence[StagedBatch]) -> list[tuple[int, str]]:
    return [(row.line, row.reason_code) for batch in batches for row in batch.quarantined]
