"""Compiling the kernels before anyone waits for them.

The first compilation takes seconds; its result is kept on disk by numba, and later processes load it. Reading works
without.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

_HEADER = "订单编号,订单创建时间,总金额,收货地址,宝贝标题,订单状态\n"
_ROW = '1,2018-10-01 09:30:00,1.00,上海 上海市 黄浦区 路,"杯",交易成功\n'


def compile_kernels() -> None:
    """Read a made-up file once in each encoding, so that every kernel is compiled and kept."""
    from laoke.intake.reading.opening import open_source
    from laoke.intake.reading.reading import read_batches

    with tempfile.TemporaryDirectory(prefix="laoke-warming-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "orders.csv"
        for encoding in ("utf-8", "gb18030"):
            path.write_bytes((_HEADER + _ROW).encode(encoding))
            with open_source(path) as source:
                for _ in read_batches(source, engine="compiled"):
                    pass
