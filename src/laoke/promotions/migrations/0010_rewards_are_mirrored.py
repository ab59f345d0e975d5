"""Points, draws and referrals from before the mirrors wait for them like new ones."""

from typing import Any

from django.db import migrations
from django.db.models import Q


def mark_all(apps: Any, schema_editor: Any) -> None:
    """Customers with points, draws and referrals that are somebody's."""
    del schema_editor

    def rows(name: str) -> Any:
        return apps.get_model("promotions", name).objects.order_by("pk")

    lots = rows("PointsLot").filter(customer_id__isnull=False).order_by().distinct()
    draws = rows("LotteryDraw").filter(customer_id__isnull=False)
    brought = rows("Referral").filter(Q(referrer_id__isnull=False) | Q(friend_id__isnull=False))
    dirty = apps.get_model("shops", "Dirty").objects
    for mirror, found in (
        ("points_events", lots.values_list("shop_id", "customer_id")),
        ("lottery_draws", draws.values_list("lottery__shop_id", "pk")),
        ("referrals", brought.values_list("shop_id", "pk")),
    ):
        dirty.bulk_create(
            (
                dirty.model(shop_id=shop, mirror=mirror, key=str(key), revision=1)
                for shop, key in found.iterator(1_000)
            ),
            batch_size=500,
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):
    dependencies = [("promotions", "0009_refunded_orders"), ("shops", "0005_feature_basis")]

    operations = [migrations.RunPython(mark_all, migrations.RunPython.noop)]
