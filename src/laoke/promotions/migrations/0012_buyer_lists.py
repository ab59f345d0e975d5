"""Lists of who is in the segments that offers are for, so that a checkout's quote looks a buyer up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("promotions", "0011_draw_links"), ("shops", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BuyerList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40)),
                ("name", models.CharField(blank=True, max_length=60)),
                ("text", models.TextField(blank=True)),
                ("count", models.BigIntegerField(default=0)),
                ("counted_at", models.DateTimeField(null=True)),
                ("catalog_ref", models.BigIntegerField(null=True)),
                ("tried_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=100)),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="buyer_lists", to="shops.shop"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BuyerListMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField(db_index=True)),
                (
                    "of",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="promotions.buyerlist",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="buyerlist",
            constraint=models.UniqueConstraint(fields=("shop", "key"), name="buyer_list_once"),
        ),
        migrations.AddConstraint(
            model_name="buyerlistmember",
            constraint=models.UniqueConstraint(fields=("of", "person_id"), name="buyer_list_person_once"),
        ),
    ]
