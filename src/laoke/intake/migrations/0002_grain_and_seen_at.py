"""What kind of file an import was, and until when it tells, in columns of their own: every page asks for the newest."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import migrations, models


def fill(apps, schema_editor):
    for run in apps.get_model("intake", "ImportRun").objects.all().iterator(chunk_size=500):
        told = run.detail.get("seen_at")
        if told:
            run.seen_at = datetime.fromisoformat(told)
        run.grain = "line" if run.profile == "uci_online_retail" else "order"
        run.save(update_fields=["seen_at", "grain"])


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField("importrun", "grain", models.CharField(default="order", max_length=20)),
        migrations.AddField("importrun", "seen_at", models.DateTimeField(null=True)),
        migrations.AlterField("savedmapping", "grain", models.CharField(default="order", max_length=20)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "importrun", models.Index(fields=["shop", "state", "grain", "seen_at"], name="import_shop_seen")
        ),
    ]
