"""Province, city and district from `省 市 区 街道…(邮编)`, and from the same without blanks as JD writes it.

Only these three ever leave an address for the facts, so each must look like what it claims to be: the province must be
one of the 34, the city and district must be short Chinese names of their kind. Anything else gives an empty
text, never a piece of a street.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_MUNICIPALITIES = ("北京", "上海", "天津", "重庆")
_PROVINCE_WORDS = (
    "北京 天津 河北 山西 内蒙古 辽宁 吉林 黑龙江 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 广西 海南 "
    "重庆 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 台湾 香港 澳门"
)
_PROVINCES = frozenset(_PROVINCE_WORDS.split())
_SUFFIX = re.compile(r"(?:省|市|特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区)$")
_CITY = re.compile(r"[\u4e00-\u9fff]{1,14}(?:市|自治州|州|地区|盟|区|县|群岛|岛)")
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{1,19}(?:区|县|市|旗|镇|岛|林区|特区|新区|管委会|街道)|其它区|其他区")
_DIRECT = re.compile(r"(?:省|自治区)直辖.*|直辖.*")
# Of an address without blanks the city ends with the first word for one and has at most four characters before it; a
# district has at most four that name no street and no estate. What is not sure stays empty.
_JOINED_PROVINCE = re.compile(
    "(" + "|".join(_PROVINCE_WORDS.split()) + ")(?:省|特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区)?"
)
_JOINED_CITY = re.compile(
    r"((?:[\u4e00-\u9fff]城|[\u4e00-\u9fff]{1,3}?[^\W城])市|[\u4e00-\u9fff]{2,9}?(?:自治州|地区|盟))"
)
_JOINED_DISTRICT = re.compile(
    r"([^\W\d_镇乡路街道村号弄巷园栋楼]{1,4}?(?:区|县|市|旗))(?<![小社校厂景]区)(?<!工业区)"
)
_REGIONS_WITHOUT_SUFFIX = frozenset({"九龙", "新界", "香港岛", "离岛", "澳门半岛"})


_SHORTEST_ADDRESS = 6


class Place(NamedTuple):
    """Where an order went, in the names that facts use; unknown parts are empty text."""

    province: str = ""
    city: str = ""
    district: str = ""


NOWHERE = Place()


def province_of(text: str) -> str:
    """The short name (浙江, 内蒙古) of a province however it was written, or empty text."""
    short = _SUFFIX.sub("", text)
    return short if short in _PROVINCES else ""


def province_name(text: str) -> str:
    """The short name of a province; of anything else, such as a country, the text itself."""
    return province_of(text) or text


@lru_cache(maxsize=16_384)
def place_of(address: str) -> Place:
    """The place of an address whose parts are set apart by single blanks.

    浙江省 杭州市 西湖区 … → 浙江, 杭州, 西湖区. In a municipality the city is the municipality; a county ruled
    by the province directly (湖北省 省直辖县级行政区划 仙桃市) takes the county as city.
    """
    parts = address.split(" ", 3)
    province = province_of(parts[0])
    if not province:
        return _joined_place(parts[0])
    city = parts[1] if len(parts) > 1 else ""
    district = parts[2] if len(parts) > 2 and _DISTRICT.fullmatch(parts[2]) else ""
    if province in _MUNICIPALITIES:
        if not district and _DISTRICT.fullmatch(city) and province not in city:
            district = city
        return Place(province, province, district)
    if _DIRECT.fullmatch(city):
        return Place(province, short_city(district), "")
    if city in _REGIONS_WITHOUT_SUFFIX:
        return Place(province, city, district)
    return Place(province, short_city(city) if _CITY.fullmatch(city) else "", district)


def begins_with_province(text: str) -> bool:
    """Whether a text says at its beginning which province it speaks of."""
    return _JOINED_PROVINCE.match(text) is not None


def _joined_place(address: str) -> Place:
    """江西南昌市青山湖区昌东… → 江西, 南昌, 青山湖区; 北京朝阳区… → 北京, 北京, 朝阳区."""
    found = _JOINED_PROVINCE.match(address)
    if found is None or len(address) < _SHORTEST_ADDRESS:
        return NOWHERE
    province, at = found[1], found.end()
    if province in _MUNICIPALITIES:
        at += address.startswith("市", at)
        district = _JOINED_DISTRICT.match(address, at)
        return Place(province, province, district[1] if district else "")
    city = _JOINED_CITY.match(address, at)
    if city is None:
        return Place(province)
    district = _JOINED_DISTRICT.match(address, city.end())
    return Place(province, short_city(city[1]), district[1] if district else "")


def short_city(city: str) -> str:
    """杭州市 → 杭州; prefectures, leagues and regions keep their full name."""
    return city[:-1] if city.endswith("市") and len(city) > 2 else city
