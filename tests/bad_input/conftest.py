"""The demo shop whose stores a bad file must leave alone."""

import pytest


@pytest.fixture
def no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features follow from facts and cost as much as an import: what is asked here is what became of the file."""
    monkeypatch.setattr("laoke.config.importing.features_behind", lambda shop: False)
