from __future__ import annotations

from typing import Any

from django.db import migrations

from laoke.customers.sealing import VaultError, open_sealed, seal

PREFIX = "review:"
AT_ONCE = 1_000


def move(apps: Any, schema_editor: Any) -> None:
    """Words of reviews that lay beside the memos of their orders go where files of reviews put theirs."""
    del schema_editor
    order_texts = apps.get_model("customers", "OrderText").objects
    review_text = apps.get_model("customers", "ReviewText")
    last = 0
    while rows := list(order_texts.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = rows[-1].pk
        taken = [one for row in rows for one in _taken_out(row, review_text)]
        review_text.objects.bulk_create(taken, ignore_conflicts=True)


def _taken_out(row: Any, review_text: Any) -> list[Any]:
    """The words of reviews in a row, which keeps what else is in it."""
    bound = f"order|{row.shop_id}|{row.order_id}|v1"
    try:
        text = open_sealed(bytes(row.sealed), row.key_id, bound)
    except VaultError:  # what does not open stays as it is, for whoever still has its key
        return []
    reviews = {name.removeprefix(PREFIX): text.pop(name) for name in list(text) if name.startswith(PREFIX)}
    if reviews and text:
        row.sealed, row.key_id = seal(text, bound)
        row.save(update_fields=["sealed", "key_id"])
    elif reviews:
        row.delete()
    found = []
    for product_id, words in reviews.items():
        sealed, key_id = seal(
            {"review_text": words}, f"review|{row.shop_id}|{row.order_id}|{product_id}|v1"
        )
        # Their time stands with the facts alone: at 0, whatever tells the same review next replaces them.
        found.append(
            review_text(
                shop_id=row.shop_id, order_id=row.order_id, product_id=product_id, customer_id=row.customer_id,
                at_micros=0, sealed=sealed, key_id=key_id,
            )
        )  # fmt: skip
    return found


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_review_texts")]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
