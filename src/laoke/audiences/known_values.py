"""Texts that a filter may name, as a shop's facts have them: places, platform levels, products, categories.

They are read once for as long as the facts stay the same, by threads of their own: whoever asks waits for a moment and
gets what is there by then, so that offering words never holds up who is typing. Nothing here names a person.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from laoke.audiences.readings import Reading

# So many of each are read, and so many lists kept: places of some shops, goods of some.
MOST, KEPT = 20_000, 24
READERS = 2

Values = tuple[str, ...]
_lock = threading.Lock()
_kept: OrderedDict[Hashable, Future[Values]] = OrderedDict()
_threads: list[ThreadPoolExecutor] = []


def _places(reading: Reading, column: str) -> Values:
    return _column(
        reading.reader.query(
            "place_counts", shop_id=reading.shop_id, as_of_day=reading.as_of_day, page_rows=MOST
        ),
        column,
    )


def _goods(reading: Reading, column: str) -> Values:
    return _column(reading.reader.query("goods_on_offer", shop_id=reading.shop_id, page_rows=MOST), column)


def _levels(reading: Reading, column: str) -> Values:
    return _column(reading.reader.query("platform_levels", shop_id=reading.shop_id, page_rows=MOST), column)


def _column(rows: Any, name: str) -> Values:
    """The texts of a column, each once, in the order of the rows."""
    return tuple(dict.fromkeys(one for one in rows.column(name).to_pylist() if one))


# What a slot of the language may hold: the table that it hangs on, the column, and who reads it.
SLOTS: Mapping[str, tuple[str, str, Callable[[Reading, str], Values]]] = {
    "city": ("customer_features", "city", _places),
    "province": ("customer_features", "province", _places),
    "platform_level": ("customers", "level", _levels),
    "product": ("products", "title", _goods),
    "category": ("products", "category", _goods),
}


def known_values(reading: Reading, slot: str, seconds: float) -> Values | None:
    """The texts of a slot, the usual ones first; None when they are still being read after so many seconds."""
    try:
        return _asked(reading, slot).result(seconds)
    except TimeoutError:
        return None


def _asked(reading: Reading, slot: str) -> Future[Values]:
    table, column, read = SLOTS[slot]
    reader = reading.reader
    key = (str(reader.root), reading.shop_id, slot, reading.as_of_day, reader.versions.get(table))
    with _lock:
        found = _kept.get(key)
        # A reading that failed is tried again when somebody asks again.
        if found is None or (found.done() and found.exception() is not None):
            if not _threads:
                _threads.append(ThreadPoolExecutor(READERS, thread_name_prefix="known-values"))
            found = _kept[key] = _threads[0].submit(read, reading, column)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return found
