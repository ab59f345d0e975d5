from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audiences", "0001_initial")]

    operations = [migrations.AddField("snapshot", "erased", models.BigIntegerField(default=0))]
