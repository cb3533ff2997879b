"""Forms made from a record's dictionary: its shape is checked here, its rules by the command that takes the values."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import request
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    DecimalField,
    EmailField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional

from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind
from web import access
from web.forms import TOO_LONG, Form, choices
from web.languages import joined, zone
from web.record_pages.declaration import RecordPages
from web.record_pages.reading import tags_of

_EMPTY = _l("Fill in “%(field)s”.")


class TagsField(StringField):  # type: ignore[misc]  # wtforms has no usable types
    """A list of tags, written in one line with commas between them."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = tags_of(valuelist[0]) if valuelist else []

    def _value(self) -> str:
        return joined(self.data or ())


class MoneyField(DecimalField):  # type: ignore[misc]
    """An amount, typed in whole units and kept in hundredths."""

    def process_data(self, value: int | None) -> None:
        self.data = None if value is None else Decimal(value) / 100

    @property
    def hundredths(self) -> int | None:
        return None if self.data is None else int((self.data * 100).to_integral_value())


class MomentField(DateTimeLocalField):  # type: ignore[misc]
    """A moment, typed in the tenant's time zone."""

    def process_data(self, value: Any) -> None:
        self.data = value and value.astimezone(zone()).replace(tzinfo=None)


_FIELDS: dict[Kind, Any] = {
    Kind.TEXT: StringField,
    Kind.LONG_TEXT: TextAreaField,
    Kind.EMAIL: EmailField,
    Kind.PHONE: TelField,
    Kind.TAGS: TagsField,
    Kind.NUMBER: IntegerField,
    Kind.MONEY: MoneyField,
    Kind.DATE: DateField,
    Kind.MOMENT: MomentField,
    Kind.BOOLEAN: BooleanField,
}
# What a link to a new record may fill in.
_GIVEN = frozenset({Kind.TEXT, Kind.EMAIL, Kind.PHONE, Kind.CHOICE, Kind.REFERENCE})


@dataclass(frozen=True)
class Group:
    """A heading of a form and the names of the fields below it."""

    heading: str
    names: list[str]


def groups(pages: RecordPages, *, is_new: bool) -> list[Group]:
    """Return the form as declared, without what the actor sees masked or what is settled once the record exists."""
    open_fields = pages.record_type.open_to(access.actor())
    gone = () if is_new else pages.form_only_new
    return [
        Group(str(heading), [name for name in names if name in open_fields and name not in gone])
        for heading, names in pages.form
    ]


def form_of(pages: RecordPages, row: Any = None) -> Form:
    """Return the record's form: as it came with the request, else with the values of `row`, else with the address's."""
    fields = [pages.record_type[name] for group in groups(pages, is_new=row is None) for name in group.names]
    made = {one.name: _field(pages, one) for one in fields}
    form = type("RecordForm", (Form,), {**made, "version": HiddenField()})
    return form(data=_given(fields) if row is None else values_of(pages, row, fields))  # type: ignore[no-any-return]


def _given(fields: Iterable[Field]) -> dict[str, Any]:
    """Return what a new record's form holds at first: what the link to it says, else the defaults."""
    linked = {one.name: request.args[one.name] for one in fields if one.name in request.args and one.kind in _GIVEN}
    return {**{one.name: one.default() for one in fields if one.default}, **linked}


def values_of(pages: RecordPages, row: Any, fields: Iterable[Field]) -> dict[str, Any]:
    """Return what the form of `row` holds before anybody types; of a reference, its id."""
    values = {one.name: one.value_of(row, actor=access.actor()) for one in fields if one.kind is not Kind.REFERENCE}
    ids = {one.name: getattr(row, one.column.key) for one in fields if one.kind is Kind.REFERENCE}
    return {**values, **ids, "version": getattr(row, pages.record_type.version)}


def _field(pages: RecordPages, one: Field) -> Any:
    facts: dict[str, Any] = {"label": one.label, "description": one.hint or "", "validators": list(_validators(one))}
    if one.kind not in (Kind.CHOICE, Kind.REFERENCE):
        return _FIELDS[one.kind](**facts)
    offered = [(str(value), label) for value, label in pages.choices_of(one)]
    blank = [] if one.is_required and one.kind is Kind.CHOICE else [("", "–")]
    return SelectField(**facts, choices=choices([*blank, *offered]), coerce=lambda value: "" if value is None else str(value))


def _validators(one: Field) -> Iterable[Any]:
    yield DataRequired(_EMPTY % {"field": one.label}) if one.is_required else Optional()
    if one.max_length:
        yield Length(max=one.max_length, message=TOO_LONG)


def values_in(pages: RecordPages, form: Form) -> dict[str, Any]:
    """Return what was typed, as the record's commands take it."""
    return {field.name: _value(pages, field) for field in form if field.name in {one.name for one in pages.record_type.fields}}


def _value(pages: RecordPages, field: Any) -> Any:
    if isinstance(field, MoneyField):
        return field.hundredths
    if isinstance(field, MomentField):
        return field.data and field.data.replace(tzinfo=zone())
    one = pages.record_type[field.name]
    if one.kind is Kind.CHOICE:
        return one.choice(field.data) if field.data else None
    if one.kind is Kind.REFERENCE:
        return int(field.data) if field.data else None
    return "" if field.data is None and isinstance(field, StringField) else field.data
