"""A list's address: the URL is the view.  What it says is read here, and links to its neighbours are made here."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _

from kernel.records import NONE, RANGES, Field, Filter, Kind, ListRequest
from web import access
from web.languages import joined
from web.record_pages.declaration import RecordPages

_PAGING = ("after", "before")
_LONGEST = 200


def list_request(pages: RecordPages) -> ListRequest:
    """Return what the present address asks for.  Names it should not know are passed over, values it cannot read are not."""
    fields = pages.record_type.open_to(access.actor())
    asked = request.args.get("sort", "")
    wanted = asked if (known := fields.get(asked.lstrip("-"))) and known.sort_by is not None else pages.sort
    return ListRequest(
        record_type=pages.record_type,
        sort=pages.record_type[wanted.lstrip("-")],
        is_descending=wanted.startswith("-"),
        words=request.args.get("q", "").strip()[:_LONGEST],
        filters=tuple(_filters(pages, fields)),
        after=request.args.get("after", ""),
        before=request.args.get("before", ""),
    )


def _filters(pages: RecordPages, fields: dict[str, Field]) -> Iterator[Filter]:
    for one in (fields[name] for name in pages.filters if name in fields):
        if one.kind in RANGES:
            low, high = (request.args.get(f"{one.name}_{end}", "").strip() for end in ("from", "to"))
            if low or high:
                yield Filter(one, low=low, high=high)
        elif values := tuple(_values(one)):
            yield Filter(one, values)


def _values(one: Field) -> Iterator[str]:
    for value in request.args.getlist(one.name):
        if one.kind is Kind.REFERENCE and value == "me":
            yield str(access.actor().id)
        elif one.kind is Kind.TAGS:
            yield from tags_of(value[:_LONGEST])
        elif value.strip():
            yield value.strip()[:_LONGEST]


def tags_of(text: str) -> list[str]:
    """Return the tags in a line; Chinese keyboards write ， and 、 where Latin ones write a comma."""
    parts = text.replace("，", ",").replace("、", ",").split(",")
    return [tag.strip() for tag in parts if tag.strip()]


def columns(pages: RecordPages) -> list[Field]:
    """Return the columns asked for in the dictionary's order, or those declared in theirs."""
    asked = request.args.getlist("column")
    named = [one for one in pages.record_type.fields if one.name in asked]
    return named or [pages.record_type[name] for name in pages.columns]


def address(drop: tuple[str, ...] = (), **changes: str) -> str:
    """Return this list's address with `changes`, without what `drop` names, and from its first page on."""
    gone = {*drop, *changes, *_PAGING}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in gone and value]
    pairs = kept + [(name, value) for name, value in changes.items() if value]
    return request.path + (f"?{urlencode(pairs)}" if pairs else "")


def query() -> str:
    """Return what makes this list the view that it is: its address's query, wherever in the list one stands."""
    return address().partition("?")[2]


@dataclass(frozen=True)
class Chip:
    """A filter in force, in words, and the address without it."""

    label: str
    text: str
    without: str


def chips(pages: RecordPages, asked: ListRequest) -> list[Chip]:
    return [_chip(pages, one) for one in asked.filters]


def _chip(pages: RecordPages, one: Filter) -> Chip:
    name = one.field.name
    if one.field.kind in RANGES:
        return Chip(str(one.field.label), f"{one.low} – {one.high}".strip(), address((f"{name}_from", f"{name}_to")))
    names = {str(value): str(label) for value, label in filter_choices(pages, one.field)}
    return Chip(str(one.field.label), joined(names.get(value, value) for value in one.values), address((name,)))


def filter_choices(pages: RecordPages, one: Field) -> list[tuple[str, str]]:
    """Return what a field can be filtered by: a reference by nothing, too."""
    choices = [(str(value), str(label)) for value, label in pages.choices_of(one)]
    if one.kind is Kind.BOOLEAN:
        return [("yes", _("Yes")), ("no", _("No"))]
    return [(NONE, str(one.nothing)), *choices] if one.kind is Kind.REFERENCE and not one.is_required else choices
