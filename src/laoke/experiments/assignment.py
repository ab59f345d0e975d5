"""Random shares and arms by one integer mix of the id.

The mix is written in `+`, `*` and `%` on numbers that never leave a signed 64-bit integer, so Python,
numpy, DuckDB and Spark give the same answer; `docs/why/proof.md` lists test vectors. Who was placed where
is recorded by the caller: a recorded arm wins over the hash (`settle_arm`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TREATED = "treated"
HELD_OUT = "held_out"

# The largest prime below 2**31 for which cubing is a permutation (it is 2 modulo 3): a product of two
# residues stays below 2**62. The second prime only splits the id; id % Q and id % R together tell apart
# all ids below Q * R, about 2**62.
Q = 2147483579
R = 2147483549

_A = 1103515245
_B = 1597334677
_C = 747796405

_MAX_ID = 2**63 - 1
_MAX_PARTS = 1_000_000

Level = Literal["shop", "campaign", "round"]
LEVELS: tuple[Level, ...] = ("shop", "campaign", "round")


def salt_of(*names: str | int) -> int:
    """The salt of a named draw, such as ``salt_of("campaign", shop_id, campaign_id)``: 0 <= salt < Q * Q.

    The names are joined with a zero byte, so ("a", "bc") and ("ab", "c") are different draws.
    """
    if not names:
        raise ValueError("a salt needs at least one name")
    text = "\x00".join(str(name) for name in names)
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return int.from_bytes(digest[:16], "big") % (Q * Q)


def mix(person_id: int, salt: int) -> int:
    """A number 0 <= mix < Q that looks random in the id and in the salt.

    Three rounds of 'add a key, cube' modulo Q, after the MiMC permutation; the second residue of the id
    enters before the second round. Ids are 0 … 2**63 - 1; others raise ValueError.
    """
    if not 0 <= person_id <= _MAX_ID:
        raise ValueError(f"an id lies between 0 and 2**63 - 1, found {person_id}")
    first, second, third = _round_keys(salt)
    x = _cube((person_id % Q * _A + first) % Q)
    x = _cube((x + person_id % R * _B % Q + second) % Q)
    return _cube((x * _C + third) % Q)


def mix_array(person_ids: "NDArray[np.int64]", salt: int) -> "NDArray[np.int64]":
    """`mix` of a whole int64 array; the same numbers, without a Python loop."""
    import numpy as np

    ids = np.asarray(person_ids)
    if ids.dtype != np.int64:
        raise ValueError(f"ids are int64, found {ids.dtype}")
    if ids.size and int(ids.min()) < 0:
        raise ValueError(f"an id lies between 0 and 2**63 - 1, found {int(ids.min())}")
    first, second, third = (np.int64(key) for key in _round_keys(salt))
    q, r = np.int64(Q), np.int64(R)
    x = _cube_array((ids % q * np.int64(_A) + first) % q)
    x = _cube_array((x + ids % r * np.int64(_B) % q + second) % q)
    return _cube_array((x * np.int64(_C) + third) % q)


def mix_sql(column: str, salt: int) -> str:
    """`mix` as a SQL expression over a BIGINT column without negatives; DuckDB and Spark read it alike.

    `column` is pasted as it stands: it is a column name of ours, never something a user typed. An
    expression has no variables, so the text repeats its parts (about 3 kB); the engines compute each
    repeated part once.
    """
    first, second, third = _round_keys(salt)
    ident = f"CAST({column} AS BIGINT)"
    x = _cube_sql(f"(({ident} % {Q} * {_A} + {first}) % {Q})")
    x = _cube_sql(f"(({x} + {ident} % {R} * {_B} % {Q} + {second}) % {Q})")
    return _cube_sql(f"(({x} * {_C} + {third}) % {Q})")


def _round_keys(salt: int) -> tuple[int, int, int]:
    if not 0 <= salt < Q * Q:
        raise ValueError(f"a salt lies between 0 and Q * Q, found {salt}; take one from salt_of")
    low, high = salt % Q, salt // Q
    return low, high, (low * 3 + high * 5 + 7) % Q


def _cube(x: int) -> int:
    return x * x % Q * x % Q


def _cube_array(x: "NDArray[np.int64]") -> "NDArray[np.int64]":
    return x * x % Q * x % Q


def _cube_sql(x: str) -> str:
    return f"({x} * {x} % {Q} * {x} % {Q})"


def arm_of(person_id: int, salt: int, shares: Mapping[str, int]) -> str:
    """The arm of a person; shares are whole parts of their sum, such as {"held_out": 10, "treated": 90}.

    The order of the mapping matters: put the holdout first, and raising its share later keeps everyone in
    it who was.
    """
    total = check_shares(shares)
    drawn = mix(person_id, salt) * total
    bound = 0
    for arm, parts in shares.items():
        bound += parts
        if drawn < bound * Q:
            return arm
    raise AssertionError("the shares cover every draw")


def arm_indexes(person_ids: "NDArray[np.int64]", salt: int, shares: Mapping[str, int]) -> "NDArray[np.int64]":
    """The arm of each id as its position in `shares`; the same answer as `arm_of`."""
    import numpy as np

    total = check_shares(shares)
    bounds = np.cumsum(np.array(list(shares.values()), dtype=np.int64)) * Q
    return np.searchsorted(bounds, mix_array(person_ids, salt) * total, side="right")


def arm_sql(column: str, salt: int, shares: Mapping[str, int]) -> str:
    """`arm_of` as a SQL CASE expression giving the arm's name (letters, digits and underscore only)."""
    total = check_shares(shares)
    for arm in shares:
        if not arm.isidentifier() or not arm.isascii():
            raise ValueError(f"an arm's name is letters, digits and underscore, found {arm!r}")
    drawn = f"{mix_sql(column, salt)} * {total}"
    arms = list(shares)
    cases, bound = [], 0
    for arm in arms[:-1]:
        bound += shares[arm]
        cases.append(f"WHEN {drawn} < {bound * Q} THEN '{arm}'")
    if not cases:
        return f"'{arms[-1]}'"
    return f"CASE {' '.join(cases)} ELSE '{arms[-1]}' END"


def check_shares(shares: Mapping[str, int]) -> int:
    """The sum of the shares; ValueError when it is not 1 … 1,000,000 or a share is negative."""
    if any(parts < 0 for parts in shares.values()):
        raise ValueError(f"a share is not negative, found {dict(shares)}")
    total = sum(shares.values())
    if not 1 <= total <= _MAX_PARTS:
        raise ValueError(f"the shares add up to 1 … {_MAX_PARTS}, found {total}")
    return total


@dataclass(frozen=True)
class Holdout:
    """One level's holdout: `share_bp` is in parts of 10,000 (500 = 5 %)."""

    level: Level
    salt: int
    share_bp: int

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"a holdout's level is one of {', '.join(LEVELS)}, found {self.level!r}")
        if not 0 <= self.share_bp <= 10_000:
            raise ValueError(f"a holdout's share is 0 … 10000 parts of 10,000, found {self.share_bp}")

    def shares(self) -> dict[str, int]:
        """The shares for `arm_of`, the holdout first."""
        return {HELD_OUT: self.share_bp, TREATED: 10_000 - self.share_bp}


@dataclass(frozen=True)
class Placement:
    """Where a person stands: the arm, and at which level they are held out (None when treated)."""

    arm: str
    level: Level | None


def place(person_id: int, holdouts: Sequence[Holdout]) -> Placement:
    """The widest level that holds the person out: shop before campaign before round, whatever order is given.

    People of a wider level never enter a narrower comparison: they have missed the earlier campaigns too.
    """
    for holdout in sorted(holdouts, key=lambda one: LEVELS.index(one.level)):
        if arm_of(person_id, holdout.salt, holdout.shares()) == HELD_OUT:
            return Placement(HELD_OUT, holdout.level)
    return Placement(TREATED, None)


@dataclass(frozen=True)
class SettledArm:
    """The arm that counts; `arm` is None for a person merged from identities of different arms."""

    arm: str | None
    source: Literal["recorded", "hash", "merged_across_arms"]


def settle_arm(recorded: Iterable[str], hashed: str) -> SettledArm:
    """The recorded arm wins over the hash; records that disagree leave the person out of the analysis."""
    arms = set(recorded)
    if not arms:
        return SettledArm(hashed, "hash")
    if len(arms) == 1:
        return SettledArm(arms.pop(), "recorded")
    return SettledArm(None, "merged_across_arms")
