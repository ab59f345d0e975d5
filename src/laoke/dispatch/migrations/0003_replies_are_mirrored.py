from __future__ import annotations

from typing import Any

from django.db import migrations


def mark_all(apps: Any, schema_editor: Any) -> None:
    """Replies from before the mirror wait for it like new ones."""
    del schema_editor
    dirty = apps.get_model("shops", "Dirty").objects
    replies = apps.get_model("dispatch", "Reply").objects.exclude(person_id=None)
    dirty.bulk_create(
        (
            dirty.model(shop_id=shop, mirror="replies", key=str(reply), revision=1)
            for shop, reply in replies.values_list("shop_id", "pk").iterator(1_000)
        ),
        batch_size=500,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_lists_are_forgotten"), ("shops", "0005_feature_basis")]

    operations = [migrations.RunPython(mark_all, migrations.RunPython.noop)]
