"""How the list files are written: one strict model for each kind of file, with no key left over."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.domain.category import OKPD2_FORM, GoodsClass, UnknownGoodsPolicy, is_undivided_subclass
from gateway.domain.money import AMOUNT_MAX_KOPECKS


def _check_code(value: str) -> str:
    if not OKPD2_FORM.fullmatch(value):
        raise ValueError(f"{value!r} is no ОКПД2 code")
    if is_undivided_subclass(value):
        raise ValueError(f"{value!r} is all of class {value[:2]!r}: name that, or a group such as 11.05")
    return value


Code = Annotated[str, AfterValidator(_check_code)]
CodeOrNone = Annotated[str, AfterValidator(lambda value: value and _check_code(value))]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{1,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
Kopecks = Annotated[int, Field(gt=0, le=AMOUNT_MAX_KOPECKS)]
# TOML has no enumerations: their names are written as text, which strict mode would not take.
Class = Annotated[GoodsClass, Field(strict=False)]
UnknownGoods = Annotated[UnknownGoodsPolicy, Field(strict=False)]


class Row(BaseModel):
    """What all of them share: nothing is converted, nothing is left over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class RuleRow(Row):
    """One `[[rule]]` of a prohibited list."""

    id: Id
    okpd2: Code
    decision: Literal["deny", "allow"]
    title: Text


class Rules(Row):
    """What a prohibited list says; of when and by which act it is, its publication tells."""

    rule: Annotated[list[RuleRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        _check_distinct("rule id", [rule.id for rule in self.rule])
        _check_distinct("okpd2", [rule.okpd2 for rule in self.rule])
        return self


class ProhibitedFile(Rules):
    """`prohibited/<date>.toml`."""

    version: Text
    effective_from: date
    act: Text


class Classes(Row):
    """Which goods classes an ОКПД2 code is."""

    classes: Annotated[dict[Code, list[Class]], Field(min_length=1)]


class ClassesFile(Classes):
    """`classes.toml`."""

    version: Text


class FolderRow(Row):
    """One `[[folder]]` of a category map: its code, and the categories below it that have another."""

    path: Text
    okpd2: CodeOrNone
    below: dict[CodeOrNone, list[Text]] = {}


class CategoriesFile(Row):
    """`categories/<catalogue>.toml`."""

    version: Text
    catalogue: Text
    folder: Annotated[list[FolderRow], Field(min_length=1)]


class CeilingRow(Row):
    """One `[[ceiling]]` of a program."""

    okpd2: Code
    unit_kopecks: Kopecks


class ProgramFile(Row):
    """`programs/<code>-<version>.toml`."""

    code: Id
    version: Annotated[int, Field(gt=0)]
    name_ru: Text
    name_en: Text
    goods_class: Class
    allowed_classes: Annotated[list[Class], Field(min_length=1)]
    is_one_shot: bool = False
    rest_lapses_at_capture: bool = True
    allows_own_money: bool = True
    hold_ttl_s: Annotated[int, Field(ge=60, le=86_400)] | None = None
    unknown_goods: UnknownGoods = UnknownGoodsPolicy.REFUSE
    unknown_goods_up_to_kopecks: Kopecks | None = None
    ceiling: list[CeilingRow] = []

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        _check_distinct("ceiling", [ceiling.okpd2 for ceiling in self.ceiling])
        allows_unknown = self.unknown_goods is UnknownGoodsPolicy.ALLOW_UP_TO
        if allows_unknown != (self.unknown_goods_up_to_kopecks is not None):
            raise ValueError("unknown_goods_up_to_kopecks goes with unknown_goods = 'allow_up_to'")
        return self


class NominalRow(Row):
    """One `[[nominal]]`: all nominal values of a class from a day on."""

    goods_class: Class
    effective_from: date
    nominals_kopecks: Annotated[list[Kopecks], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        _check_distinct("nominal", [str(value) for value in self.nominals_kopecks])
        return self


class NominalsFile(Row):
    """`nominals.toml`."""

    nominal: list[NominalRow]

    @model_validator(mode="after")
    def _check_dates(self) -> Self:
        _check_distinct("nominal of", [f"{row.goods_class} {row.effective_from}" for row in self.nominal])
        return self


class Programs(NominalsFile):
    """All programs with all their versions, and the nominal values of every class, as one document."""

    program: Annotated[list[ProgramFile], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_programs(self) -> Self:
        _check_distinct("program", [f"{row.code} {row.version}" for row in self.program])
        return self


def _check_distinct(what: str, values: list[str]) -> None:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{what} {', '.join(repeated)} occurs twice")
