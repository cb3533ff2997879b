"""Two houses that are strangers, furnished with the same kinds of rows, and a hash over all that one of them has."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from kernel import database, passwords, settings
from kernel.database import TenantBase
from knowledge_base.articles.jobs import reindex
from tenants import registry
from tenants.registry import TenantFacts
from tests import citus
from tests.isolation.canaries import PASSWORD, Shelf, password_hash

CANARY = "canary-7f3a"
PLATFORM_CANARY = "platform-canary"
# A domain of the foreign house's own: it stands in a table of the platform, where no schema keeps houses apart.
DOMAIN = f"{PLATFORM_CANARY}.example"
OPERATOR_TOKEN = "operator-token".ljust(43, "x")
_THEN, _NOW = "2026-01-05 09:00+00", datetime.now(UTC).isoformat()
# What a refusal may leave behind: that somebody tried.
_TRACES_OF_TRIES = ("sign_in_try", "sign_in_code", "seq")
_SEQUENCES = ("ids", "ticket_numbers")


@dataclass
class House:
    """A tenant with one shelf of rows (`mine`) or two: what is its people's own, and what is their colleagues'."""

    tenant: TenantFacts
    mine: Shelf
    other: Shelf | None = None

    @property
    def shelves(self) -> list[Shelf]:
        return [shelf for shelf in (self.mine, self.other) if shelf]

    @property
    def schema(self) -> str:
        return self.tenant.stand.schema

    def furnishing(self) -> str:
        """Return the statements that empty every table and put the shelves' rows back: the same ones every time."""
        tables = [table.name for table in TenantBase.metadata.sorted_tables]
        parts = [f'DELETE FROM "{self.schema}"."{table}"' for table in reversed(tables)]
        for shelf in self.shelves:
            parts += [self._insert(table, row) for table, row in shelf.everything()]
        # Each house counts in a range of its own, so that what answers to a number can only be one house's.
        last = max(shelf.first_id for shelf in self.shelves) + 5_000
        parts += [f"SELECT setval('\"{self.schema}\".{name}', {last})" for name in _SEQUENCES]
        return "; ".join(parts)

    def _insert(self, table: str, row: dict[str, Any]) -> str:
        columns, values = map(sql.Identifier, row), map(sql.Literal, row.values())
        places = sql.Identifier(self.schema, table), sql.SQL(", ").join(columns), sql.SQL(", ").join(values)
        return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(*places).as_string(None)

    def put_files(self) -> None:
        for shelf in self.shelves:
            row = shelf.rows["stored_file"]
            for digest, content in ((row["sha256"], shelf.picture), (row["thumbnail_sha256"], shelf.thumbnail)):
                path = settings.current().home / "files" / self.schema / digest[:2] / digest
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        # Its articles are the same every time, so an index that nobody touched since is still the right one.
        if _indexes.get(self.schema) != (present := list(_files(self.schema, "search"))) or not present:
            with database.transaction(self.tenant.stand) as session:
                reindex(session)
            _indexes[self.schema] = list(_files(self.schema, "search"))


def foreign_house(tenant: TenantFacts) -> House:
    house = House(tenant, Shelf(CANARY, 7_000_000))
    house.mine.add("ticket_message", "note", kind="note")
    house.mine.add("article", "draft", status="draft")
    _open_portal(house.mine)
    return house


def own_house(tenant: TenantFacts) -> House:
    """The house of those who ask; what its people see of each other is told apart by `mine` and `other`."""
    house = House(tenant, Shelf("inhouse-mine", 10_000), Shelf("inhouse-other", 20_000))
    for shelf in house.shelves:
        shelf.add("ticket_message", "note", kind="note")
        shelf.add("article", "draft", status="draft")
        _open_portal(shelf)
    return house


def _open_portal(shelf: Shelf) -> None:
    digest = passwords.digest(shelf.sign_in_token("portal"))
    shelf.add("sign_in", "portal", face="portal", person_id=shelf.id_of("customer"), token_digest=digest)


class Town:
    """Both houses and the platform: furnished at the beginning, and put right again after whatever was done to them."""

    def __init__(self, broom: psycopg.Connection[Any], foreign: House, own: House) -> None:
        self.broom, self.foreign, self.own = broom, foreign, own
        self._furnishing = {house.schema: house.furnishing() for house in (foreign, own)}
        self._queries: dict[str, str] = {}
        self._last_seen: dict[str, str] = {}
        self._entries = {house.tenant.id: self._entry(house) for house in (foreign, own)}
        self.restore()
        for house in (foreign, own):
            house.put_files()
        self.untouched = {house.schema: self.state(house) for house in (foreign, own)}

    def restore(self) -> None:
        self.broom.execute("; ".join([*self._furnishing.values(), *self._platform()]).encode())
        for house in (self.foreign, self.own):
            self._restore_entry(house)
        self._last_seen = dict.fromkeys(self._furnishing, self._writes())

    def _writes(self) -> str:
        """Return what is another text after whatever was written anywhere, so that few questions need a look at every table.

        The snapshot names the transactions that wrote and ended; a sequence counts up without being in any.  What the nodes of
        Citus write is in no snapshot of its coordinator's: there everything is looked at.
        """
        if citus.URL:
            return secrets.token_hex(8)
        counters = [f'(SELECT last_value FROM "{schema}"."{name}")' for schema in self._furnishing for name in _SEQUENCES]
        columns = ", ".join(["pg_current_snapshot()::text", *counters])
        return repr(self.broom.execute(f"SELECT {columns}".encode()).fetchone())

    def _is_as_last_seen(self, house: House) -> bool:
        return self._last_seen.get(house.schema) == self._writes()

    def give_role(self, role: str) -> None:
        """Let the member of staff who asks have this role from now on."""
        self.own.mine.rows["staff_member"]["role"] = role
        self._furnishing[self.own.schema] = self.own.furnishing()
        self._last_seen = {}
        self.restore_own()
        self.untouched[self.own.schema] = self.state(self.own)

    def restore_own(self) -> None:
        if self._is_as_last_seen(self.own):
            return
        is_foreign_sound = self._is_as_last_seen(self.foreign)
        # The end of its audit chain lies outside of its schema.
        anchor = f"DELETE FROM platform.audit_anchor WHERE tenant_id = {self.own.tenant.id}"
        self.broom.execute("; ".join((self._furnishing[self.own.schema], anchor)).encode())
        self._restore_entry(self.own)
        self._last_seen = dict.fromkeys((self.own.schema, *([self.foreign.schema] if is_foreign_sound else [])), self._writes())

    def _entry(self, house: House) -> dict[str, Any]:
        """Return what the registry says of a house, its number aside."""
        query = "SELECT to_jsonb(t) - 'id' FROM platform.tenant t WHERE id = %s"
        (entry,) = self.broom.execute(query, [house.tenant.id]).fetchone() or ({},)
        return dict(entry)

    def _restore_entry(self, house: House) -> None:
        """Put the registry right; the rooms of settings change what it says of their own house."""
        entry = self._entries[house.tenant.id]
        columns = sql.SQL(", ").join(map(sql.Identifier, entry))
        query = sql.SQL(
            "UPDATE platform.tenant t SET ({0}) = (SELECT {0} FROM jsonb_populate_record(t, %s))"
            " WHERE id = %s AND to_jsonb(t) - 'id' <> %s"
        ).format(columns)
        if self.broom.execute(query, [Jsonb(entry), house.tenant.id, Jsonb(entry)]).rowcount:
            registry.forget()

    def _platform(self) -> Iterator[str]:
        """What the platform knows: an operator who is signed in; of the foreign house a dead promise, a mail and a domain."""
        tables = ("outbox", "captured_mail", "operator_sign_in_try", "operator_sign_in", "operator")
        yield from (f"DELETE FROM platform.{table}" for table in tables)
        ids = f"{self.foreign.tenant.id}, {self.own.tenant.id}"
        yield from (f"DELETE FROM platform.{table} WHERE tenant_id IN ({ids})" for table in self._tables_about_tenants)
        tenant, row_id = self.foreign.tenant, self.row_id
        yield (
            "INSERT INTO platform.operator (email, name, password_hash, language, created_at)"
            f" VALUES ('{PLATFORM_CANARY}@ops.example', '{PLATFORM_CANARY}', '{password_hash()}', 'en', '{_THEN}')"
        )
        yield (
            "INSERT INTO platform.operator_sign_in (token_digest, operator_id, created_at, seen_at)"
            f" SELECT '{passwords.digest(OPERATOR_TOKEN)}', id, '{_NOW}', '{_NOW}' FROM platform.operator"
        )
        yield (
            "INSERT INTO platform.outbox (id, tenant_id, tenant_role, job, args, created_at, due_at, ring_at, dead_at, error)"
            f" VALUES ('{row_id}', {tenant.id}, '{tenant.stand.role}', 'articles.repair_index', '{{}}',"
            f" '{_THEN}', '{_THEN}', '{_THEN}', '{_THEN}', '{PLATFORM_CANARY}')"
        )
        yield (
            "INSERT INTO platform.captured_mail (message_id, to_address, sender, subject, text, html, sent_at)"
            f" VALUES ('<{PLATFORM_CANARY}@x>', '{PLATFORM_CANARY}@mail.example', 'x', '{PLATFORM_CANARY}',"
            f" '{PLATFORM_CANARY}', '<p>{PLATFORM_CANARY}</p>', '{_THEN}')"
        )

        yield (
            "INSERT INTO platform.host_name (host, tenant_id, kind, state, token, created_at)"
            f" VALUES ('{DOMAIN}', {tenant.id}, 'custom', 'verified', '{PLATFORM_CANARY}', '{_THEN}')"
        )

    @property
    def row_id(self) -> str:
        return str(self.foreign.mine.rows["event"]["id"])

    def state(self, house: House) -> dict[str, str]:
        """Return a hash for each table and sequence, for the files, and for what the platform's tables say of the house."""
        if house.schema not in self._queries:
            self._queries[house.schema] = " UNION ALL ".join(self._hashes(house))
        hashes = dict(self.broom.execute(self._queries[house.schema].encode()).fetchall())
        return {**hashes, "files": self._files_of(house)}

    @staticmethod
    def _files_of(house: House) -> str:
        return repr(list(_files(house.schema)))

    def _hashes(self, house: House) -> Iterator[str]:
        hashed = "md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), ''))"
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1"
        for (table,) in self.broom.execute(tables, [house.schema]).fetchall():
            yield f'SELECT \'{table}\', {hashed} FROM "{house.schema}"."{table}" x'
        ids, numbers = (f'"{house.schema}"."{name}"' for name in _SEQUENCES)
        yield f"SELECT 'seq', i.last_value || ' ' || n.last_value FROM {ids} i, {numbers} n"
        for table in self._tables_about_tenants:
            yield f"SELECT 'platform.{table}', {hashed} FROM platform.{table} x WHERE tenant_id = {house.tenant.id}"
        yield f"SELECT 'platform.tenant', {hashed} FROM platform.tenant x WHERE id = {house.tenant.id}"

    @cached_property
    def _tables_about_tenants(self) -> list[str]:
        query = "SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = %s"
        return sorted(table for (table,) in self.broom.execute(query, ["platform", "tenant_id"]).fetchall())

    def damage(self) -> list[str]:
        """Say what changed in the foreign house, and put it right."""
        return self._changes(self.foreign, but=())

    def traces(self) -> list[str]:
        """Say what changed in the house of those who asked, other than that somebody tried; and put it right."""
        return self._changes(self.own, but=(*_TRACES_OF_TRIES, "platform.outbox"))

    def _changes(self, house: House, but: tuple[str, ...]) -> list[str]:
        before = self.untouched[house.schema]
        if self._is_as_last_seen(house) and before["files"] == self._files_of(house):
            return []
        seen, now = self._writes(), self.state(house)
        changed = sorted(name for name in now if now[name] != before.get(name) and name not in but)
        if now != before:
            self.restore()
            before["files"] = now["files"]
        else:
            self._last_seen[house.schema] = seen
        return changed


_indexes: dict[str, list[tuple[str, int, int]]] = {}


def _files(schema: str, *kinds: str) -> Iterator[tuple[str, int, int]]:
    for kind in kinds or ("files", "search"):
        for folder, _folders, names in sorted(os.walk(settings.current().home / kind / schema)):
            for name in sorted(names):
                facts = (Path(folder) / name).stat()
                yield str(Path(folder) / name), facts.st_size, facts.st_mtime_ns


__all__ = ["CANARY", "DOMAIN", "OPERATOR_TOKEN", "PASSWORD", "PLATFORM_CANARY", "House", "Town", "foreign_house", "own_house"]
