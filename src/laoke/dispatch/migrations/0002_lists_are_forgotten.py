from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F


def written_when_made(apps: Any, schema_editor: Any) -> None:
    """Lists that have a file already were written when they were made: their time runs from then."""
    del schema_editor
    files = apps.get_model("dispatch", "HandoverFile").objects
    files.exclude(path="").update(written_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial")]

    operations = [
        migrations.AddField("handoverfile", "written_at", models.DateTimeField(null=True)),
        migrations.AddField("handoverfile", "forget_asked_at", models.DateTimeField(null=True)),
        migrations.AddField("handoverfile", "forgotten_at", models.DateTimeField(null=True)),
        migrations.RunPython(written_when_made, migrations.RunPython.noop),
    ]
