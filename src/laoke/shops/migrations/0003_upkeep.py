from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0002_audit_key")]

    operations = [
        migrations.CreateModel(
            "UpkeepRun",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            "WorkerSeen",
            [
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
