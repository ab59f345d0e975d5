from __future__ import annotations

from typing import Any

from django.db import migrations, models

from laoke.shops import audit
from laoke.shops.clock import live_now


def close_off(apps: Any, schema_editor: Any) -> None:
    """Rows without key are closed off by one with: from here on they can be neither changed nor added to."""
    del schema_editor
    events = apps.get_model("shops", "AuditEvent")
    last = events.objects.order_by("-pk").first()
    if last is None:
        return
    event = events(
        at=live_now(), actor_name="laoke", act=audit.KEYED, count=events.objects.count(), detail={},
        previous_hash=last.hash,
    )  # fmt: skip
    audit.sign(event)
    event.save(force_insert=True)


class Migration(migrations.Migration):
    dependencies = [("shops", "0001_initial")]

    operations = [
        migrations.AddField("auditevent", "key_id", models.CharField(default="", max_length=40)),
        migrations.RunPython(close_off, migrations.RunPython.noop),
    ]
