"""The ledger's migrations say what its models say."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command


def test_no_model_waits_for_a_migration(db: None) -> None:
    said = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said, skip_checks=True)
    except SystemExit:
        raise AssertionError(said.getvalue()) from None
