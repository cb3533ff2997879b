"""Where ids can be put: every route with its arguments, and which row's id each argument or field takes."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import wsgi
from kernel.database import TenantBase
from kernel.settings import PROJECT
from tests.isolation.canaries import NO_NUMBER, NO_UUID, NO_WORD, Shelf
from web import access

# Route arguments and form fields by the row whose id they take.  "x_id" and "x" of a table x need no line.
TAKES = {
    "number": "ticket.number",
    "public_id": "ticket.public_id",
    "export_key": "data_export.key",
    "file_id": "stored_file.public_id",
    "file": "stored_file.public_id",
    "view_id": "saved_view.id",
    "token_digest": "sign_in.token_digest",
    "assignee": "staff_member.id",
    "staff_id": "staff_member.id",
    "role_id": "staff_role.id",
    "pass_id": "access_pass.id",
    "parent": "category.id",
    "translation_of": "article.id",
    "form_key": "ticket.form_key",
    "last_seen": "ticket_message.id",
    "email": "customer.email",
    "to": "customer.email",
}
# Arguments that name no row by themselves, by name or as endpoint.name; a new one is declared here or above.
WORDS = {
    "language": "en",
    "code": "en",
    "chosen": "en",
    "slug": "anything",
    "format": "csv",
    "path": "x",
    "filename": "x",
    "history.restore.number": "1",
    "placement": "main",
    "step": "suspend",
    "tenant_id": "424242",
}
# What stands for a row that is not in a tenant's table: the token of a mailed link, a dead promise, a captured mail.
_ELSEWHERE = ("token", "row_id", "key")


@dataclass(frozen=True)
class Ask:
    """One route by one method: what the crawl asks."""

    face: str
    method: str
    rule: str
    endpoint: str
    arguments: tuple[str, ...]
    permission: str | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def rows(self) -> tuple[str, ...]:
        """The arguments that name a row."""
        words = {argument for argument in self.arguments if {argument, f"{self.endpoint}.{argument}"} & set(WORDS)}
        return tuple(argument for argument in self.arguments if argument not in words)

    def path(self, ids: Mapping[str, str]) -> str:
        return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda place: ids[place[1]], self.rule)


@cache
def asks(face: str) -> tuple[Ask, ...]:
    """Return every route of a face by every method that it answers."""
    app = wsgi.faces()[face]
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        declared = access.access_of(app, rule.endpoint)
        permission = declared.permission if declared else None
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            arguments = tuple(sorted(rule.arguments))
            found.append(Ask(face, method, rule.rule, rule.endpoint, arguments, permission))
    return tuple(found)


def ids_of(ask: Ask, shelf: Shelf, row_id: str) -> dict[str, str]:
    """Return what this shelf's rows are called in the arguments of a route."""
    return {argument: _argument(ask, argument, shelf, row_id) for argument in ask.arguments}


def _argument(ask: Ask, argument: str, shelf: Shelf, row_id: str) -> str:
    word = WORDS.get(f"{ask.endpoint}.{argument}", WORDS.get(argument))
    if word is not None:
        return word
    if argument in _ELSEWHERE:
        return {"token": shelf.link_token, "row_id": row_id, "key": "platform-canary@x"}[argument]
    place = f"{_record_table(ask)}.id" if argument == "record_id" else place_of(argument)
    assert place, f"{ask.name}: say in tests/isolation/places.py which row <{argument}> names, or that it names none"
    return value_at(place, shelf)


def _record_table(ask: Ask) -> str:
    """Return the table behind a record type's pages: their list has the declaration bound to it, which knows their path."""
    for view in wsgi.faces()[ask.face].view_functions.values():
        pages = next(iter(getattr(view, "args", ())), None)
        if pages is not None and f"{pages.path}/<int:record_id>" in ask.rule:
            return str(pages.record_type.entity.__tablename__)
    raise AssertionError(f"{ask.name}: say in tests/isolation/places.py which row <record_id> names")


def place_of(name: str) -> str | None:
    """Return the table and column whose value an argument or field of this name takes, if it takes any."""
    plain = name.removeprefix("value-").removesuffix("_ids")
    if plain in TAKES:
        return TAKES[plain]
    table = plain.removesuffix("_id")
    table = table if table in TenantBase.metadata.tables else table.removesuffix("s")
    is_table = table in TenantBase.metadata.tables and "id" in TenantBase.metadata.tables[table].columns
    return f"{table}.id" if is_table else None


def value_at(place: str, shelf: Shelf) -> str:
    table, _dot, column = place.partition(".")
    return str(shelf.rows[table][column])


def nobodys(value: str) -> str:
    """Return an id of the same shape that nothing has."""
    if value.isdecimal():
        return str(NO_NUMBER)
    try:
        uuid.UUID(value)
    except ValueError:
        return f"{NO_WORD}@mail.example" if "@" in value else NO_WORD + value[len(NO_WORD) :]
    return str(NO_UUID) if "-" in value else NO_UUID.hex


@cache
def names_read() -> tuple[str, ...]:
    """Return every name that a view reads from a query, form or JSON, found in the source; and what forgers would try."""
    sources = r"\b(?:args|form|values|json|given)"
    reads = re.compile(rf"{sources}\.get(?:list)?\(\s*\"([\w-]+)\"|{sources}\[\"([\w-]+)\"\]")
    found = {"id", "ids", "customer", "customer_id", "ticket_id", "number", "assignee_id", "staff_id", "category_id"}
    found |= {"article_id", "file_id", "public_id", "record_id", "view_id", "parent_id", "author_id", "person_id"}
    for room in ("web", "portal", "backoffice", "api"):
        for source in (PROJECT / room).rglob("*.py"):
            if "node_modules" not in source.parts:
                found |= {one or other for one, other in reads.findall(source.read_text("utf-8"))}
    return tuple(sorted(name for name in found if place_of(name) or name in ("id", "ids", "record_id")))


def forged_fields(shelf: Shelf) -> dict[str, str]:
    """Return one value for every name that might be read as an id: of its row, or of a ticket where none is said."""
    return {name: value_at(place_of(name) or "ticket.id", shelf) for name in names_read()}
