"""Cases from before the mirror wait for it like new ones."""

from typing import Any

from django.db import migrations


def mark_all(apps: Any, schema_editor: Any) -> None:
    """Every case of every shop."""
    del schema_editor
    dirty = apps.get_model("shops", "Dirty").objects
    cases = apps.get_model("service", "ServiceCase").objects.order_by("pk")
    dirty.bulk_create(
        (
            dirty.model(shop_id=shop, mirror="service_cases", key=str(case), revision=1)
            for shop, case in cases.values_list("shop_id", "pk").iterator(1_000)
        ),
        batch_size=500,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("service", "0001_initial"), ("shops", "0005_feature_basis")]

    operations = [migrations.RunPython(mark_all, migrations.RunPython.noop)]
