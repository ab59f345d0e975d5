"""Finding a round of this shop with what its pages read."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from laoke.campaigns.models import Round
from laoke.shops.models import Shop

WITH = (
    "campaign__shop",
    "campaign__holdout_signed_by",
    "segment",
    "gateway__shop",
    "template",
    "offer",
    "snapshot",
    "occasion__shop",
    "occasion__gateway",
    "test_occasion",
)


def find_round(shop: Shop, pk: int) -> Round:
    """The round, else 404."""
    return get_object_or_404(Round.objects.select_related(*WITH), campaign__shop=shop, pk=pk)
