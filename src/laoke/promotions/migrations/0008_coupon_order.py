"""The coupons that an order has, found by its number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("promotions", "0007_referrals")]

    operations = [
        migrations.AddIndex(
            model_name="coupon",
            index=models.Index(
                fields=["shop", "order_id"], condition=models.Q(order_id__gt=""), name="coupon_order"
            ),
        ),
    ]
