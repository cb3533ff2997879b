"""Records: a type described once, field by field, and the lists that can be asked of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Select, and_, false, func, literal, or_, select
from sqlalchemy.orm import Session

from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from kernel.keyset import Cut, after_cut, cut_of, ordering
from kernel.text import fold


class Kind(StrEnum):
    """What a field holds.  It decides how the field is read, written, filtered and exported.

    Money is whole hundredths of its field's `unit`; moments are aware; tags are a list of text; a reference names another
    record by id.
    """

    TEXT = "text"
    LONG_TEXT = "long_text"
    EMAIL = "email"
    PHONE = "phone"
    CHOICE = "choice"
    TAGS = "tags"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    REFERENCE = "reference"


RANGES = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.MOMENT})
MASK = "•••"
NONE = "none"  # as a reference's value: where there is none
_NOTHING = _l("None")


class UnreadableList(DomainError):
    """A list's address holds what no page of ours would have put there."""

    status = 400
    message = _l("The address of this list is damaged. Open the list again, then filter and sort it anew.")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a record type.

    `read` takes it from a row (its attribute of the same name, unless told otherwise); a reference reads as the other record's
    name.  `column` is what filters look at, none for a field without filter.  `sort_by` orders lists and must never be NULL.
    `nothing` is what a filter calls a reference to no record.
    Who lacks the permission `unmasked_by` sees that there is something, not what, and can neither filter nor sort by it.
    """

    name: str
    label: LazyText
    kind: Kind = Kind.TEXT
    column: Any = None
    sort_by: Any = None
    read: Callable[[Any], Any] | None = None
    choices: Mapping[Any, LazyText | str] = field(default_factory=dict)
    nothing: LazyText = _NOTHING
    unit: str = ""
    hint: LazyText | None = None
    default: Callable[[], Any] | None = None
    max_length: int | None = None
    is_required: bool = False
    is_bulk_editable: bool = False
    is_exported: bool = True
    unmasked_by: str | None = None

    def is_open_to(self, actor: Actor) -> bool:
        return self.unmasked_by is None or actor.may(self.unmasked_by)

    def value_of(self, row: Any, *, actor: Actor) -> Any:
        """Return the row's value as stored, or the mask when there is something that `actor` may not see."""
        value = (self.read or attrgetter(self.name))(row)
        return value if self.is_open_to(actor) or not value else MASK

    def choice(self, text: str) -> Any:
        """Return the stored value of the choice that an address or form names by `text`.  Raises `UnreadableList`."""
        for value in self.choices:
            if str(value) == text:
                return value
        raise UnreadableList()


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """A record type's dictionary.  `name` is its word in events and saved views, `title` the field that names a row."""

    name: str
    entity: type[Any]
    plural: LazyText
    fields: tuple[Field, ...]
    title: str
    search_column: Any

    def __getitem__(self, name: str) -> Field:
        return next(one for one in self.fields if one.name == name)

    @property
    def version(self) -> str:
        """The attribute that counts a row's changes."""
        return str(self.entity.__mapper__.version_id_col.key)

    def open_to(self, actor: Actor) -> dict[str, Field]:
        """Return the fields that `actor` sees unmasked, by name."""
        return {one.name: one for one in self.fields if one.is_open_to(actor)}

    def found(self, query: Select[Any], words: str) -> Select[Any]:
        """Narrow `query` to rows that hold every word of the folded `words`; one Chinese character is a word."""
        return query.where(*(self.search_column.contains(word, autoescape=True) for word in words.split()))


@dataclass(frozen=True)
class Filter:
    """What a field must be, as typed or chosen: one of `values`, or from `low` to `high`, both included."""

    field: Field
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""

    def condition(self, zone: tzinfo) -> ColumnElement[bool]:
        """Days of moments begin and end in `zone`.  Raises `UnreadableList`."""
        if self.field.kind in RANGES:
            return _within(self, zone)
        return _CONDITIONS.get(self.field.kind, _containing)(self.field, self.values)


def _within(asked: Filter, zone: tzinfo) -> ColumnElement[bool]:
    read = {Kind.DATE: _day, Kind.MOMENT: _day, Kind.MONEY: _hundredths}.get(asked.field.kind, _number)
    column, low, high = asked.field.column, read(asked.low), read(asked.high)
    bounds = []
    if asked.field.kind is Kind.MOMENT:
        low = low and datetime.combine(low, time(), zone)
        high = high and datetime.combine(high + timedelta(days=1), time(), zone)
    if low is not None:
        bounds.append(column >= low)
    if high is not None:
        bounds.append(column < high if asked.field.kind is Kind.MOMENT else column <= high)
    return and_(*bounds)


def _day(text: str) -> date | None:
    """Return a day some centuries from now at most: what lies beyond, no calendar of ours can count on from."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableList() from error
    if not 1000 <= day.year <= 9000:
        raise UnreadableList()
    return day


_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


def _number(text: str) -> Any:
    if not text:
        return None
    if not _DECIMAL.fullmatch(text.strip()):
        raise UnreadableList()
    return literal(Decimal(text.strip()), Numeric)


def _hundredths(text: str) -> Any:
    number = _number(text)
    return None if number is None else number * 100


def _containing(asked: Field, values: tuple[str, ...]) -> ColumnElement[bool]:
    return or_(*(asked.column.icontains(value, autoescape=True) for value in values))


def _chosen(asked: Field, values: tuple[str, ...]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = asked.column.in_([asked.choice(value) for value in values])
    return condition


def _tagged(asked: Field, values: tuple[str, ...]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = asked.column.overlap(list(values))
    return condition


def _true_or_false(asked: Field, values: tuple[str, ...]) -> ColumnElement[bool]:
    return or_(false(), *(asked.column.is_(value == "yes") for value in values))


def _referring(asked: Field, values: tuple[str, ...]) -> ColumnElement[bool]:
    ids = [value for value in values if value != NONE]
    if not all(value.isascii() and value.isdecimal() and len(value) <= 18 for value in ids):
        raise UnreadableList()
    nowhere = [asked.column.is_(None)] if NONE in values else []
    return or_(asked.column.in_([int(value) for value in ids]), *nowhere)


_CONDITIONS: dict[Kind, Callable[[Field, tuple[str, ...]], ColumnElement[bool]]] = {
    Kind.CHOICE: _chosen,
    Kind.TAGS: _tagged,
    Kind.BOOLEAN: _true_or_false,
    Kind.REFERENCE: _referring,
}

Search = Callable[[Select[Any], str], Select[Any]]


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """What a list is asked for.  `after` and `before` are the ends of a page shown earlier."""

    record_type: RecordType
    sort: Field
    is_descending: bool = False
    words: str = ""
    filters: tuple[Filter, ...] = ()
    after: str = ""
    before: str = ""
    limit: int = 50

    def narrow(self, query: Select[Any], *, zone: tzinfo, search: Search | None = None) -> Select[Any]:
        """Narrow `query`, which holds what the actor may see, to what is asked for."""
        query = query.where(*(asked.condition(zone) for asked in self.filters))
        words = fold(self.words).strip()
        return (search or self.record_type.found)(query, words) if words else query

    def ordered(self, query: Select[Any]) -> Select[Any]:
        return query.order_by(*ordering(self._keys, is_descending=self.is_descending))

    @property
    def _keys(self) -> tuple[Any, Any]:
        return self.sort.sort_by, self.record_type.entity.id

    def page(self, session: Session, query: Select[Any]) -> "Page":
        """Return one page of the narrowed `query`.  Raises `UnreadableList` for an end that we never gave out."""
        is_backward = bool(self.before)
        is_descending = self.is_descending != is_backward
        if end := self.before or self.after:
            query = query.where(after_cut(self._keys, _read_cut(end, self._keys), is_descending=is_descending))
        query = query.add_columns(self.sort.sort_by).order_by(*ordering(self._keys, is_descending=is_descending))
        found = list(session.execute(query.limit(self.limit + 1)))
        has_more = len(found) > self.limit
        found = found[: self.limit]
        if is_backward:
            found.reverse()
        ends = [Cut(key, row.id).text for row, key in (found[0], found[-1])] if found else ["", ""]
        has_previous, has_next = (has_more, True) if is_backward else (bool(self.after), has_more)
        rows = [row for row, _key in found]
        return Page(rows, ends[0] if has_previous else "", ends[1] if has_next else "")


def _read_cut(text: str, keys: tuple[Any, Any]) -> Cut:
    try:
        return cut_of(text, keys[0].type.python_type)
    except ValueError as error:
        raise UnreadableList() from error


@dataclass(frozen=True)
class Page:
    """Rows in the order asked for; `previous` and `next` continue before and after them, and are empty at the list's ends."""

    rows: list[Any]
    previous: str
    next: str


COUNT_LIMIT = 10_000


def count(session: Session, query: Select[Any], record_type: RecordType) -> int:
    """Return how many rows `query` holds, at most `COUNT_LIMIT` + 1: nobody reads further, and counting on costs seconds."""
    some = query.with_only_columns(record_type.entity.id).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0
