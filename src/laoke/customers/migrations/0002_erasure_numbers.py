from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [migrations.AddField("erasure", "numbers", models.JSONField(default=list))]
