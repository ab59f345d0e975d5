"""An installation of the bench's own: keys, ledger and a shop in the home that the run was given."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from laoke.shops.models import Shop

NOW = datetime(2018, 11, 1, 9, 0)


def open_house() -> None:
    """Set Django up on a migrated, empty ledger."""
    from laoke.config.commands.house import make_installation

    make_installation()


def new_shop() -> Shop:
    """A demo shop without facts; made-up numbers are valid in it."""
    from laoke.shops.setup import add_shop

    return add_shop("bench", now=NOW, is_demo=True)
