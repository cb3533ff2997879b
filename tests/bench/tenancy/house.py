"""A house of its own with N tenants: durable PostgreSQL as it runs in real life, every tenant at head and with a few rows."""

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace

import structlog
from sqlalchemy import select

import rooms
from infra.embedded import EmbeddedServices, temporary_home
from kernel import database, passwords, settings
from kernel.owners import OwnerConnection
from tenants import migrations, provisioning
from tenants.models import State, Tenant
from tests.bench.tenancy.measuring import say
from tests.bench.tenancy.pages import TOKEN

# What a page of the desk reads: somebody who is signed in, 25 requests of a few people, and their messages.
_ROWS = (
    "INSERT INTO staff_member (email, name, sort_key, role, language, created_at)"
    " VALUES ('owner@bench.example', 'Olga', 'olga', 'admin', 'en', now())",
    # Seen in a day: that somebody was seen is written every five minutes, which might fall on one contender alone.
    "INSERT INTO sign_in (token_digest, face, person_id, created_at, seen_at)"
    f" SELECT '{passwords.digest(TOKEN)}', 'desk', id, now(), now() + interval '1 day' FROM staff_member",
    "INSERT INTO customer (id, email, name, language, sort_key, search_text, created_at, updated_at, version)"
    " SELECT n, 'c' || n || '@mail.example', 'Customer ' || n, 'en', n::text, 'customer', now(), now(), 1"
    " FROM generate_series(1, 10) n",
    "INSERT INTO ticket (id, public_id, subject, status, priority, language, tags, customer_id, assignee_id, search_text,"
    " created_at, updated_at, version) SELECT n, gen_random_uuid(), 'Request ' || n, 'new', 1 + n % 4, 'en', '{door,water}',"
    " 1 + n % 10, (SELECT id FROM staff_member), 'request', now(), now(), 1 FROM generate_series(1, 25) n",
    "INSERT INTO ticket_message (ticket_id, kind, author_name, body, search_text, created_at)"
    " SELECT n, 'message', 'Somebody', 'It drips', 'it drips', now() FROM generate_series(1, 25) n",
)


@contextlib.contextmanager
def opened() -> Iterator[EmbeddedServices]:
    """Start the services in a folder that is forgotten at the end, and put their settings in force."""
    with temporary_home() as home, EmbeddedServices(home) as services:
        known = settings.load({"FRONTDESK_HOME": str(home), "FRONTDESK_MODE": "test", "PATH": os.environ["PATH"]})
        # As it runs for customers: otherwise every look at the clock is a look at a file.
        os.environ.setdefault("FRONTDESK_SECRET_KEY", "bench")
        settings.use(replace(known, mode="production"))
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        rooms.open_all()
        migrations.run_all()
        yield services
        database.dispose()


def fill(count: int) -> float:
    """Build spares until there are `count`, give each a name and some rows; return the seconds a spare took."""
    began = time.perf_counter()
    built = provisioning.keep_spares(count, show=lambda built: say(f"building schema {built} of {count}"), pause_seconds=0)
    each = (time.perf_counter() - began) / max(built, 1)
    _move_in()
    return each


def _move_in() -> None:
    """What create_tenant does, for all at once: signing up is measured by itself."""
    with OwnerConnection() as connection:
        with connection.transaction() as opened:
            opened.execute(
                "UPDATE platform.tenant SET state = 'live', slug = 'b' || id, name = 'Tenant ' || id, state_at = now()"
                " WHERE state = 'spare'"
            )
            opened.execute("UPDATE platform.schema_revision SET is_taken = true")
            opened.execute("UPDATE platform.registry_stamp SET version = version + 1")
        for number, tenant in enumerate(live()):
            say(f"rows for tenant {number}")
            with connection.transaction() as opened:
                opened.execute(f'SET LOCAL search_path TO "{tenant.schema_name}", ext'.encode())
                for statement in _ROWS:
                    opened.execute(statement.encode())
            connection.note_schema()


def live() -> list[Tenant]:
    """Return the tenants that have rows, oldest first; those that signed up while it was measured have none."""
    furnished = select(Tenant).where(Tenant.state == State.LIVE, Tenant.slug.startswith("b"))
    with database.transaction() as session:
        return list(session.scalars(furnished.order_by(Tenant.id)))
