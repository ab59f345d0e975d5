"""Each draw of a lottery binds all draws before it by a hash that whoever drew is given."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("promotions", "0010_rewards_are_mirrored")]

    operations = [
        migrations.AddField(
            model_name="lottery",
            name="link",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="lotterydraw",
            name="link",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
