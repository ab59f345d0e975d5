from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0004_api_tokens")]

    operations = [
        migrations.CreateModel(
            "FeatureBasis",
            [
                ("shop", models.OneToOneField(on_delete=models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False, to="shops.shop")),
                ("as_of_day", models.DateField()),
                ("recipe", models.CharField(max_length=64)),
                ("entry", models.ForeignKey(on_delete=models.deletion.CASCADE, related_name="+", to="shops.catalogentry")),
            ],
        ),
    ]
