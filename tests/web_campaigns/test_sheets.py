"""Lists as Excel files."""

from __future__ import annotations

import io

from django.urls import reverse
from python_calamine import CalamineWorkbook

from laoke.shops.models import AuditEvent
from tests.people import Demo
from tests.web_campaigns.planned import planned


def test_a_list_comes_as_a_sheet_of_texts_and_leaves_a_trace(demo: Demo) -> None:
    campaign = planned(demo, '=HYPERLINK("http://x","双11")')
    client = demo.client()

    for url in (
        reverse("campaigns"),
        reverse("rounds"),
        reverse("tasks"),
        reverse("campaign_tasks", args=[campaign.pk]),
    ):
        answer = client.get(url, {"export": "xlsx"})
        rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert len(rows) > 1
    assert '=HYPERLINK("http://x","双11")' in str(
        CalamineWorkbook.from_filelike(
            io.BytesIO(client.get(reverse("campaigns"), {"export": "xlsx"}).content)
        )
        .get_sheet_by_index(0)
        .to_python()
    )
    assert AuditEvent.objects.filter(act="list.export", actor=demo.owner).count() == 5
