"""A turn of pulling: what it needs from outside, what it did, and how a batch of it becomes visible."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from laoke.intake.loading.pulled import Pulled, load_pulled
from laoke.intake.loading.run import Surroundings
from laoke.intake.models import Connection
from laoke.intake.top import connections
from laoke.intake.top.call import WAITS, TopClient, TopTrouble
from laoke.intake.top.staging import Gathered, staged
from laoke.intake.top.staging_others import staged_levels, staged_ratings, staged_traces
from laoke.shops.place import Place


@dataclass(frozen=True)
class Pulling:
    """What a turn needs from outside. `step` is called after each step (tests kill there); `seconds` is how long a turn
    may go on before it leaves the rest to the next, None for no limit."""

    place: Place
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    spread: Callable[[], float] = lambda: 0.5
    seconds: float | None = None
    waits: tuple[float, ...] = WAITS
    step: Callable[[str], None] = lambda name: None
    told: Callable[[str, datetime], None] = lambda stream, reached: None


@dataclass
class Turn:
    """What a turn did; `trouble` is what ended it early, `done` whether everything up to now is stored.

    A trade that two streams told counts once."""

    orders: set[str] = field(default_factory=set, repr=False)
    refund_ids: set[str] = field(default_factory=set, repr=False)
    others: int = 0
    aside: int = 0
    imports: list[int] = field(default_factory=list)
    calls: int = 0
    done: bool = False
    trouble: TopTrouble | None = None

    @property
    def trades(self) -> int:
        return len(self.orders)

    @property
    def refunds(self) -> int:
        return len(self.refund_ids)


@dataclass(frozen=True)
class Asker:
    """Whoever asks in a turn: for which connection, by which client, and whether there is time left."""

    connection: Connection
    client: TopClient
    around: Pulling
    turn: Turn
    in_time: Callable[[], bool]

    def check(self) -> None:
        """Make sure that the connection is still there and ours. Raises LeaseLost."""
        connections.held(self.connection, self.around.now())

    def load(self, gathered: Gathered, name: str, moved: Callable[[], None]) -> None:
        """Make what was gathered visible; `moved` writes in the same transaction how far it came."""
        around, turn = self.around, self.turn
        # Before people are stored too: of a connection that is gone nothing more comes in.
        self.check()
        batch = _batch(gathered, name, self.connection.is_loopback, around.now())
        surroundings = Surroundings(place=around.place, now=around.now, step=around.step)
        run = load_pulled(self.connection.shop, batch, surroundings, moved=moved)
        turn.imports.append(run.pk)
        turn.orders.update(gathered.trades)
        turn.refund_ids.update(gathered.refunds)
        turn.others += len(gathered.ratings) + len(gathered.traces) + len(gathered.members)
        turn.aside += len(gathered.aside)


def _batch(gathered: Gathered, name: str, trial: bool, now: datetime) -> Pulled:
    """One stream is gathered at a time, so there is one kind of fact."""
    if gathered.ratings:
        return staged_ratings(gathered, name=name, trial=trial)
    if gathered.traces:
        return staged_traces(gathered, name=name, trial=trial)
    if gathered.members:
        return staged_levels(gathered, name=name, trial=trial, now=now)
    return staged(gathered, name=name, trial=trial)
