"""Which addresses are in Moscow, as people write them."""

import pytest

from gateway.registry.addresses import is_in_moscow


@pytest.mark.parametrize(
    "address",
    [
        "125009, г. Москва, ул. Тверская, д. 1",
        "г. Москва, ул. Тверская, д. 1",
        "Москва, Примерная ул., д. 2",
        "Россия, 101000, город Москва, Мясницкая улица, 5",
        "Российская Федерация, г Москва, пр-кт Мира, д 1",
        "77, г. Москва, ул. Тверская, 1",
        "124365, г. Москва, г. Зеленоград, корп. 1505",
        "108840, г. Москва, г. Троицк, Сиреневый б-р, 1",
        "МОСКВА Г., УЛ. ЛЕНИНСКАЯ, 3",
        "135999, Москва, ул. Крайняя, 1",
        "г.Москва, ул. Московская, 1",
        "Москва",
    ],
)
def test_addresses_of_the_city_are_taken(address: str) -> None:
    """With and without code and country, and cities inside Moscow after it."""
    assert is_in_moscow(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "141400, Московская обл., г. Химки, ул. Московская, 1",
        "г. Химки, ул. Москва, 1",
        "141400, г. Москва, ул. Тверская, 1",  # the code is the region's
        "190000, г. Санкт-Петербург, Невский пр., 1",
        "г. Тверь, ул. Московская, д. 5",
        "Московская область, г. Москва, 1",
        "г. Московский, ул. Радужная, 1",
        "Москва ул., д. 1, г. Тверь",
        "Тула, Москва ул., 5",
        "100999, Москва, ул. Первая, 1",
        "136000, Москва, ул. Первая, 1",
        "Зеленоград, корп. 1505",
        "г. Москва, Московская обл., г. Химки",
        "Подмосковье, Москва",
        "Нью-Москва, 1",
        "москварек, 1",
    ],
)
def test_addresses_elsewhere_are_not(address: str) -> None:
    """The region around the city, other towns with streets named after it, and codes of others."""
    assert not is_in_moscow(address)
