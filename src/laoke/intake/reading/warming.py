"""Compiling and loading the kernels before anyone waits for them.

The first compilation takes seconds; its result is kept on disk by numba, and later processes load it, which takes half
a second. Reading works without.
"""

from __future__ import annotations

import tempfile
import threading
from functools import cache
from pathlib import Path

from laoke.intake.reading.refusals import DEFAULT_LIMITS, Limits

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


def load_kernels_for(path: Path) -> None:
    """Begin to load the kernels in a thread beside whoever goes on, where a file is large enough to need them."""
    if path.stat().st_size > DEFAULT_LIMITS.plain_bytes:
        _begin_to_load()


@cache
def _begin_to_load() -> None:
    """Once a process: whoever begins an import and whoever runs it both ask."""
    threading.Thread(target=load_kernels, name="laoke-kernels").start()


def load_kernels() -> None:
    """Have the kernels ready in this process: they are loaded when they are called first."""
    import numpy as np

    _without_linear_algebra()
    from laoke.intake.reading.compiled import Scratch
    from laoke.intake.reading.profiles import layout_of

    names = _HEADER.strip().split(",")[:3]
    mapping = dict(zip(("order_id", "created_at", "total"), names, strict=True))
    few = Limits(batch_rows=1, buffer_bytes=16)
    scratch = Scratch(layout_of(names, mapping, id="mapping", grain="order"), "gb18030", few)
    scratch.read(np.zeros(few.buffer_bytes, np.uint8), 0, 0, True, 1, 1)


def _without_linear_algebra() -> None:
    """numba's functions over arrays, without the linear algebra of scipy that they look for as they are imported.

    No kernel of reading needs it, and it is a third of what an import waits for before its first row. What is compiled
    with linear algebra elsewhere still asks for it where it is used. A numba that is made otherwise only takes longer.
    """
    try:
        from numba.np import linalg

        asked = linalg.ensure_blas
    except (ImportError, AttributeError):
        return
    linalg.ensure_blas = _no_blas
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        linalg.ensure_blas = asked


def _no_blas() -> None:
    raise ImportError
