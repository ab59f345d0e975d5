"""Reviews from files and pulls: of one review the latest tells, whatever comes first; the words go to the vault.

A review may come before its order. It is stored all the same (a rating of goods needs no buyer); its words are claimed
for the buyer as soon as the order is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.customers import review_texts
from laoke.intake.loading.fact_files import last_of_each, stored_with_keys
from laoke.shops.models import Shop
from laoke.warehouse.contracts import CONTRACTS

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.loading.stage import Stage
    from laoke.warehouse.engine import Reader

TEXT_ROLES = ("review_title", "review_text", "review_more")
_KEY = ("order_id", "product_id")


def newest(reader: Reader, rows: pa.Table, *, shop_id: int) -> tuple[pa.Table, int]:
    """The latest row of each review that is not older than the stored one, and for how many no order is known."""
    import pyarrow.compute as pc

    ordered = rows.take(pc.sort_indices(rows, [("at", "ascending")]))
    latest = last_of_each(ordered, CONTRACTS["reviews"])
    stored = stored_with_keys(reader, "reviews", latest["order_id"], shop_id)
    place = pc.index_in(_keys(latest), value_set=_keys(stored))
    before = stored["at"].combine_chunks().take(place)
    kept = latest.filter(pc.fill_null(pc.greater_equal(latest["at"], before), True))
    orders = stored_with_keys(reader, "orders", kept["order_id"], shop_id)
    known = pc.is_in(kept["order_id"], value_set=orders["order_id"].combine_chunks())
    return kept, kept.num_rows - (pc.sum(known).as_py() or 0)


def _keys(rows: pa.Table) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(*(rows[name] for name in _KEY), "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def keep_words(shop: Shop, rows: pa.Table, identities: pa.Table) -> None:
    """Seal what the buyers wrote; rows without a word leave what is stored."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # a platform tells less than a file
    roles = [role for role in TEXT_ROLES if role in identities.column_names]
    columns: dict[str, list[Any]] = {
        **{name: rows[name].to_pylist() for name in _KEY},
        "at": pc.cast(rows["at"], pa.int64()).to_pylist(),
        **{role: identities[role].to_pylist() for role in roles},
    }
    told = []
    for order_id, product_id, at, *words in zip(*columns.values(), strict=True):
        texts = {role: text for role, text in zip(roles, words, strict=True) if text}
        if texts:
            told.append(review_texts.Words(order_id, product_id, at, texts))
    if told:
        review_texts.keep(shop, told)


def claim_words(shop: Shop, reader: Reader, stage: Stage) -> None:
    """Give words to the buyers of their orders: of the orders that come, and of those that were there before."""
    if not review_texts.any_waits(shop):
        return  # the buyers of a million orders fill 200 MB
    buyers = _buyers(stage.parts.get("orders", []))
    if reviews := stage.parts.get("reviews"):
        ids = _read(reviews, ["order_id"])["order_id"]
        orders = stored_with_keys(reader, "orders", ids, shop.pk)
        buyers |= dict(zip(orders["order_id"].to_pylist(), orders["customer_id"].to_pylist(), strict=True))
    review_texts.claim(shop, {order: buyer for order, buyer in buyers.items() if buyer is not None})


def _buyers(parts: list[Path]) -> dict[str, Any]:
    if not parts:
        return {}
    rows = _read(parts, ["order_id", "customer_id"])
    return dict(zip(rows["order_id"].to_pylist(), rows["customer_id"].to_pylist(), strict=True))


def _read(parts: list[Path], columns: list[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa.concat_tables(pq.read_table(part, columns=columns, partitioning=None) for part in parts)
