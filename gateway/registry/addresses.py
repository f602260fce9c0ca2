"""Whether an address lies in Moscow, by its text: participants sell in the city (decree 213-ПП, appendix 4).

An address is in Moscow if its postal code, should it have one, is one of Moscow's (101000 to 135999, inside
which the post gives out the city's codes; 14…… are the region's), and if the first part that is neither code
nor country names the city. A city inside Moscow is written after it: «г. Москва, г. Зеленоград, …». There is
no register of addresses here: the rule keeps out mistakes and other regions, and a person who reviews an
application sees the address.
"""

import re
from typing import Final

POSTAL_CODE_MIN: Final = 101000
POSTAL_CODE_MAX: Final = 135999

_POSTAL_CODE: Final = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])", re.ASCII)
_COUNTRY: Final = re.compile(r"(россия|рф|российская федерация)\b[\s,;.]*")
_REGION_CODE: Final = re.compile(r"(77|97|99)\s*[,;]\s*")
_CITY: Final = re.compile(r"(г\.?|гор\.?|город)?\s*москва(\s+(г\.?|город))?(?=\s*$|\s*[,;]|\s+(?!обл)\S)")
_OTHER_REGION: Final = re.compile(r"\b(обл|область|край|респ|республика)\b")
# «Москва ул.» as the first part would be a street of some other town.
_STREET_AFTER: Final = re.compile(r"москва\s+(ул|улица|пр-кт|проспект|пер|переулок)\b\.?\s*(,|$)")


def is_in_moscow(address: str) -> bool:
    """Whether an address as people write it is one in Moscow."""
    text = " ".join(address.casefold().replace("ё", "е").split())
    codes = [int(code) for code in _POSTAL_CODE.findall(text)]
    if any(not POSTAL_CODE_MIN <= code <= POSTAL_CODE_MAX for code in codes[:1]):
        return False
    rest = _POSTAL_CODE.sub("", text, count=1).strip(" ,;.")
    for leading in (_COUNTRY, _REGION_CODE):
        found = leading.match(rest)
        if found:
            rest = rest[found.end() :].strip(" ,;.")
    return bool(_CITY.match(rest)) and not _OTHER_REGION.search(rest) and not _STREET_AFTER.match(rest)
