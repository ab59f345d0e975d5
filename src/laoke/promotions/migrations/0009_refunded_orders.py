"""The orders that were refunded: none of them makes a friend's first one, whenever it is told."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("promotions", "0008_coupon_order"), ("shops", "0005_feature_basis")]

    operations = [
        migrations.CreateModel(
            name="RefundedOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_id", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="shops.shop"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("shop", "order_id"), name="refunded_order_once")],
            },
        ),
    ]
