"""Rows for every tenant table, made from the metadata alone: whatever text a table can hold says whose row it is.

A new table is filled by itself.  Where a column takes only certain words, the filler must be told one of them in `WORDS`.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kernel import passwords
from kernel.database import TenantBase

PASSWORD = "a long enough password"
PHONE = "+447700900123"
# Nobody has these: what is asked with them must look like what is asked with a stranger's.
NO_NUMBER, NO_WORD = 6_666_666, "n0b0dy5"
NO_UUID = uuid.UUID("66666666-6666-4666-8666-666666666666")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)


@dataclass
class Shelf:
    """One row for each table, whose texts all begin with `mark`; a row refers to the others of its shelf.

    `special` are further rows of some tables (an internal note, a draft), as `(table, name, values)`.
    """

    mark: str
    first_id: int
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    special: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for table in TenantBase.metadata.sorted_tables:
            self.rows[table.name] = self.row_of(table, self.id_of(table.name), self.mark)

    def id_of(self, table: str) -> int:
        return self.first_id + sorted(TenantBase.metadata.tables).index(table)

    def row_of(self, table: Table, number: int, mark: str) -> dict[str, Any]:
        return {column.name: self._value(table, column, number, mark) for column in table.columns}

    def add(self, table: str, name: str, **values: Any) -> dict[str, Any]:
        """Put a further row on the shelf, whose texts are marked with its own `name`."""
        number = self.first_id + 500 + len(self.special)
        row = {**self.row_of(TenantBase.metadata.tables[table], number, f"{self.mark}{name}"), **values}
        self.special.append((table, name, row))
        return row

    def everything(self) -> Iterable[tuple[str, dict[str, Any]]]:
        yield from self.rows.items()
        yield from ((table, row) for table, _name, row in self.special)

    @property
    def number(self) -> int:
        return self.first_id + 900

    @property
    def public_id(self) -> str:
        return str(self.rows["ticket"]["public_id"])

    @property
    def picture(self) -> bytes:
        return b"\x89PNG\r\n\x1a\n" + f" {self.mark}-stored_file-content ".encode()

    @property
    def thumbnail(self) -> bytes:
        return b"RIFF\x00\x00\x00\x00WEBP" + f" {self.mark}-stored_file-content ".encode()

    # What the crawl sends itself, and pages may repeat, must not hold the mark.
    @property
    def email(self) -> str:
        return f"{_hash(self.mark)[:12]}@mail.example"

    @property
    def link_token(self) -> str:
        return _hash(f"{self.mark} link")[:43]

    def sign_in_token(self, face: str) -> str:
        return _hash(f"{self.mark} {face}")[:43]

    def _value(self, table: Table, column: Column[Any], number: int, mark: str) -> Any:
        for name in (f"{table.name}.{column.name}", column.name):
            if name in WORDS:
                word = WORDS[name]
                return word(self, mark) if callable(word) else word
        reference = next(iter(column.foreign_keys), None)
        if reference is not None:
            parent = reference.column.table.name
            return None if parent == table.name else self.rows[parent][reference.column.name]
        if column.name.removesuffix("_id") in TenantBase.metadata.tables and isinstance(column.type, BigInteger):
            return self.id_of(column.name.removesuffix("_id"))
        return self._by_type(table, column, number, mark)

    def _by_type(self, table: Table, column: Column[Any], number: int, mark: str) -> Any:
        text = f"{mark}-{table.name}-{column.name}"
        kind = column.type
        if isinstance(kind, Uuid):
            return uuid.uuid5(NO_UUID, f"{text}-{number}")
        if isinstance(kind, BigInteger | Integer) and column.primary_key:
            return number
        if column.nullable and not isinstance(kind, Text | ARRAY | JSONB):
            return None
        if isinstance(kind, ARRAY):
            return [text] if isinstance(kind.item_type, Text) else []
        if isinstance(kind, JSONB):
            return Jsonb({"en": text, "text": text})
        then = datetime(2026, 1, 5, 9, tzinfo=UTC)
        made = {Boolean: True, DateTime: then, Date: then.date(), Integer: 1, BigInteger: number}
        length = getattr(kind, "length", None)
        return next((value for known, value in made.items() if isinstance(kind, known)), text[:length])


def _news(shelf: Shelf, mark: str) -> Jsonb:
    facts = {"number": shelf.number, "subject": f"{mark}-bell_item-data", "who": f"{mark}-bell_item-data"}
    return Jsonb({**facts, "status": "new", "text": f"{mark}-event-data"})


def _mail(shelf: Shelf, mark: str) -> str:
    return shelf.email if mark == shelf.mark else f"{_hash(mark)[:12]}@mail.example"


# Columns that take only certain words, by name or as table.column.  Everything else is filled by its type.
WORDS: dict[str, Any] = {
    "language": "en",
    "status": "new",
    "password_hash": lambda shelf, mark: password_hash(),
    "email": _mail,
    "to_address": _mail,
    "phone": PHONE,
    "version": 1,
    "revision": 1,
    "totp_secret": None,
    "ended_at": None,
    "form_key": lambda shelf, mark: _hash(mark)[:32],
    "is_active": True,
    "staff_member.role": "admin",
    "access_pass.role": "admin",
    "person_id": lambda shelf, mark: shelf.id_of("staff_member"),
    "staff_id": lambda shelf, mark: shelf.id_of("staff_member"),
    "owner_id": lambda shelf, mark: shelf.id_of("staff_member"),
    "author_id": lambda shelf, mark: shelf.id_of("staff_member"),
    "actor_id": lambda shelf, mark: shelf.id_of("staff_member"),
    "sign_in.face": "desk",
    "token_digest": lambda shelf, mark: passwords.digest(shelf.sign_in_token("desk")),
    "code_digest": None,
    "link_digest": lambda shelf, mark: passwords.digest(shelf.link_token),
    "sign_in_code.created_at": lambda shelf, mark: datetime.now(UTC),
    "sign_in.seen_at": lambda shelf, mark: datetime.now(UTC),
    "sign_in_code.return_to": "",
    "tries": 0,
    "digest": lambda shelf, mark: passwords.digest(shelf.link_token),
    "purpose": "invitation",
    "expires_at": datetime(2099, 1, 1, tzinfo=UTC),
    "permissions": ["ticket.read"],
    "priority": 2,
    "rating_comment": "",
    "article.status": "published",
    "article.headings": Jsonb([]),
    "article.kind": "answer",
    "article.visibility": "public",
    "article.groups": [],
    "article.next_status": None,
    "article.live_number": 1,
    "article.expires_at": None,
    "article_version.state": "published",
    "ticket_message.kind": "customer",
    "bell_item.kind": "ticket.created",
    "bell_item.data": _news,
    "event.name": "ticket.created",
    "event.subject_type": "ticket",
    "event.subject_id": lambda shelf, mark: shelf.id_of("ticket"),
    "event.actor_kind": "staff",
    "event.data": lambda shelf, mark: Jsonb({"status": "new", "text": f"{mark}-event-data"}),
    "ticket.number": lambda shelf, mark: shelf.number,
    "saved_view.record_type": "ticket",
    "saved_view.query": "view=all",
    "media_type": "image/png",
    "sha256": lambda shelf, mark: hashlib.sha256(shelf.picture).hexdigest(),
    "thumbnail_sha256": lambda shelf, mark: hashlib.sha256(shelf.thumbnail).hexdigest(),
    "letter": "ticket_received",
    "refused": "",
}
