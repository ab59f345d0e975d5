"""The buyers of the demo shop: nicks, contacts and addresses, all made up and all computed from a number.

Phones begin with 100, a range that is never assigned, so nothing sent to them can reach anybody. A *household* is
where parcels go: a buyer's own, the second receiver of a buyer who sends gifts, or an address shared by brushers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from laoke.intake.demo import texts
from laoke.intake.demo.draws import Bools, Draws, Ints, shuffled
from laoke.intake.demo.places import CITIES, ESTATES, MOST_DISTRICTS, STREETS

TWO_NICKS_SHARE = 0.06  # half of them order often enough to be seen with both
GIFT_SENDER_SHARE = 0.04
CONSENT_SHARE = 0.62
BIRTHDAY_SHARE = 0.45
TEAM_SIZE = 9  # brushers who work together …
TEAM_HOUSEHOLDS = 3  # … and share so many phones and addresses

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余"
_GIVEN_FIRST = "小晓若雨思子梦安清知一云书语景秋可以南心初怀沐念青向望禾予栩"
_GIVEN_LAST = "棉禾舟桐溪苗朵岚宁晴柚笙阳竹枫莹澄麦杉涵月星然凡苒乔言松暖冉"
_WORDS = (
    "棉花糖", "小星星", "爱睡觉的猫", "暖阳", "云朵", "橘子汽水", "早安", "慢慢来", "小确幸", "麦芽",
    "南风", "胖达", "栗子", "芝士", "夏天的海", "团子", "青柠", "拾光", "阿柚", "木木",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """All buyers; numbers run from 0 and the last ones are the brushers. Arrays in, Arrow columns out."""

    draws: Draws
    buyers: int
    brushers: int

    @property
    def ordinary(self) -> int:
        return self.buyers - self.brushers

    def has_second_nick(self, who: Ints) -> Bools:
        return self.draws.chance("two nicks", who, TWO_NICKS_SHARE) & (who < self.ordinary)

    def sends_gifts(self, who: Ints) -> Bools:
        return self.draws.chance("gift sender", who, GIFT_SENDER_SHARE) & (who < self.ordinary)

    def home(self, who: Ints) -> Ints:
        """The household of each buyer."""
        member = who - self.ordinary
        shared = 2 * self.buyers + member // TEAM_SIZE * TEAM_HOUSEHOLDS + member % TEAM_HOUSEHOLDS
        return np.where(member >= 0, shared, who)

    def gift_household(self, who: Ints) -> Ints:
        """Where a buyer's gifts go."""
        return who + self.buyers

    def nicks(self, who: Ints, second: Bools) -> pa.Array:
        """The nick used; unique, because its number scatters the number of buyer and nick one to one."""
        slot = who + np.where(second, self.buyers, 0)
        number = texts.digits(shuffled(slot, 10**9), 9)
        style = self.draws.weighted("nick style", slot, (0.55, *[0.45 / len(_WORDS)] * len(_WORDS)))
        word = texts.picked(("tb", *(f"{word}_" for word in _WORDS)), style)
        return texts.joined(word, number)

    def phones(self, household: Ints) -> pa.StringArray:
        return texts.digits(10_000_000_000 + shuffled(household, 10**8), 11)

    def emails(self, who: Ints) -> pa.Array:
        return texts.joined(pa.scalar("u"), texts.digits(shuffled(who, 10**8), 8), pa.scalar("@example.com"))

    def receivers(self, household: Ints) -> pa.Array:
        """Names put together from common characters; they stand for nobody."""
        middle = self.draws.integers("given first", household, len(_GIVEN_FIRST) + 8)
        return texts.joined(
            texts.picked(_SURNAMES, self.draws.integers("surname", household, len(_SURNAMES))),
            texts.picked([*_GIVEN_FIRST, *[""] * 8], middle),
            texts.picked(_GIVEN_LAST, self.draws.integers("given last", household, len(_GIVEN_LAST))),
        )

    def city_of(self, household: Ints) -> Ints:
        """Position in CITIES."""
        return self.draws.weighted("city", household, [place.weight for place in CITIES])

    def places(self, household: Ints) -> dict[str, pa.Array]:
        """Columns province, city, district."""
        city = self.city_of(household)
        count = np.array([len(place.districts) for place in CITIES])
        district = city * MOST_DISTRICTS + self.draws.integers("district", household, count[city])
        padded = [(*place.districts, *[""] * MOST_DISTRICTS)[:MOST_DISTRICTS] for place in CITIES]
        return {
            "province": texts.picked([place.province for place in CITIES], city),
            "city": texts.picked([place.city for place in CITIES], city),
            "district": texts.picked([name for names in padded for name in names], district),
        }

    def streets(self, household: Ints) -> pa.Array:
        draw = self.draws.integers
        return texts.joined(
            texts.picked(STREETS, draw("street", household, len(STREETS))),
            pa.array(draw("street number", household, 299) + 1).cast(pa.string()),
            pa.scalar("号"),
            texts.picked(ESTATES, draw("estate", household, len(ESTATES))),
            pa.array(draw("building", household, 40) + 1).cast(pa.string()),
            pa.scalar("幢"),
            pa.array(draw("flat", household, 30) * 100 + draw("door", household, 4) + 101).cast(pa.string()),
            pa.scalar("室"),
        )

    def birthdays(self, who: Ints) -> pa.Array:
        """'MM-DD' for those who told it, else null."""
        days = np.datetime_as_string(np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]"))
        index = self.draws.integers("birthday", who, len(days))
        told = self.draws.chance("birthday told", who, BIRTHDAY_SHARE)
        return pa.array([str(day)[5:] for day in days]).take(pa.array(index, mask=~told))

    def table(self, first: int = 0, last: int | None = None) -> pa.Table:
        """Buyers number `first` … `last` − 1; `buyer_no` counts from 1."""
        who = np.arange(first, self.buyers if last is None else last)
        home, no = self.home(who), np.zeros(len(who), dtype=bool)
        second = self.nicks(who, ~no)
        return pa.table(
            {
                "buyer_no": who + 1,
                "nick": self.nicks(who, no),
                "second_nick": pc.if_else(
                    pa.array(self.has_second_nick(who)), second, pa.scalar(None, pa.string())
                ),
                "phone": self.phones(home),
                "email": self.emails(who),
                "receiver_name": self.receivers(home),
                **self.places(home),
                "street": self.streets(home),
                "birthday": self.birthdays(who),
                "consent": pa.array(self.draws.chance("consent", who, CONSENT_SHARE)),
            }
        )
