"""The page that is compared, and visits to it and to pages of the product.

The page is what a desk has at its heart: who is signed in (a row of the sign-in, a row of the person), counts, a list of 25
with the people of each, the messages of one, and one row written, all in one transaction.  The template in `templates/bench` is
rendered by Jinja here and, the same file, by Django's own engine in `rival.py`; both send it through everything that a request
goes through there: host to tenant, session, person, permission, forgery token, headers.  In bare psycopg it is what PostgreSQL
itself takes.
"""

import random
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import psycopg
from flask import Blueprint, Flask, render_template
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer
from jinja2 import FileSystemLoader
from sqlalchemy import Table, func, insert, select

from backoffice import app as backoffice
from kernel import clock, database, passwords, settings
from kernel.events import Event
from service_desk.tickets import queries
from service_desk.tickets.models import Message, Ticket
from tenants.models import Tenant
from tenants.permissions import Permission
from tests.bench.tenancy import calling
from tests.bench.tenancy.calling import PAGES
from tests.bench.tenancy.measuring import timed
from web import access, face, hosts
from web.lifecycle import session

# The token in every browser of the bench; its digest is a row of each tenant (house.py).
TOKEN = "bench"
_blueprint = Blueprint("bench", __name__)
# As `kernel.events` writes it.
_NOTE = insert(cast(Table, Event.__table__))


@_blueprint.get("/")
@access.requires(Permission.TICKET_READ)
def _page() -> str:
    who = access.actor()
    counts = session.execute(select(Ticket.status, func.count()).group_by(Ticket.status)).all()
    listed = select(Ticket).options(*queries.WITH_PEOPLE).order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(25)
    rows = session.scalars(listed).all()
    messages = session.scalars(select(Message).where(Message.ticket_id == rows[0].id).order_by(Message.id)).all()
    line: dict[str, Any] = {"subject_type": "ticket", "subject_id": rows[0].id, "actor_kind": "staff", "actor_id": who.id}
    line |= {"id": uuid.uuid4(), "at": clock.now(), "name": "page.seen", "actor_name": who.name, "data": {}, "address": ""}
    session.execute(_NOTE, line)
    shown = {"who": who.name, "counts": [tuple(row) for row in counts], "rows": rows, "messages": messages}
    return render_template("bench/page.html", token=generate_csrf(), **shown)


@cache
def application() -> Flask:
    """Return a face like the desk's, with this page alone."""
    app = face.create(
        "desk",
        package="backoffice",
        load_person=backoffice._load_person,
        ask_to_sign_in=backoffice._ask_to_sign_in,
        enter=hosts.enter_tenant,
        speak=backoffice._speak,
    )
    app.jinja_loader = FileSystemLoader(Path(__file__).with_name("templates"))
    app.jinja_env.filters["stamp"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M")
    app.register_blueprint(_blueprint)
    return app


def visits(
    front_door: Callable[..., Any],
    path: str,
    hosts: Sequence[str],
    *,
    favour_few: bool,
    signed_in: bool = True,
    pages: int = PAGES,
) -> Callable[[], list[float]]:
    """Return a turn: so many visits to tenants drawn at random, all alike or, as in life, few of them often."""
    draw = calling.drawn(hosts, favour_few=favour_few)
    cookies: dict[str, str] = {}

    def visit(host: str) -> float:
        if signed_in and host not in cookies:
            fresh = _signed_in(host)
            # Like a browser that has been here: its session has the secret of its forms.
            cookies[host] = calling.call(front_door, host, path, fresh)[1] or fresh
        return calling.visit(front_door, host, path, cookies.get(host, ""))

    return lambda: [visit(host) for host in draw(pages)]


def _signed_in(host: str) -> str:
    """Return the cookie of somebody who is signed in at the desk of a host."""
    app = application()
    with app.test_request_context(base_url=f"http://{host}"):
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        assert isinstance(serializer, URLSafeTimedSerializer)
        signed = serializer.dumps({"_user_id": TOKEN, "_fresh": True, "_permanent": True})
    return f"{app.config['SESSION_COOKIE_NAME']}={signed!s}"


def hosts_of(tenants: Sequence[Tenant]) -> list[str]:
    return [settings.current().tenant_host(tenant.slug or "") for tenant in tenants]


_RAW = (
    f"SELECT * FROM sign_in WHERE token_digest = '{passwords.digest(TOKEN)}'",
    "SELECT * FROM staff_member WHERE email = 'owner@bench.example'",
    "SELECT status, count(*) FROM ticket GROUP BY status",
    "SELECT * FROM ticket t JOIN customer c ON c.id = t.customer_id LEFT JOIN staff_member s ON s.id = t.assignee_id"
    " ORDER BY t.updated_at DESC, t.id DESC LIMIT 25",
    "SELECT * FROM ticket_message WHERE ticket_id = 25 ORDER BY id",
    "INSERT INTO event (id, at, name, subject_type, subject_id, actor_kind, actor_name, data)"
    " VALUES (gen_random_uuid(), now(), 'page.seen', 'ticket', 1, 'staff', 'Olga', '{}')",
)


def raw_visits(tenants: Sequence[Tenant], *, favour_few: bool) -> Callable[[], list[float]]:
    """Return a turn of the same statements by the bare driver over one connection that is never replaced."""
    connection = psycopg.connect(database.plain_address(settings.current().database_url), prepare_threshold=None)
    weights = [1 / (place + 1) if favour_few else 1.0 for place in range(len(tenants))]
    dice = random.Random(7)

    def visit(tenant: Tenant) -> None:
        with connection.transaction():
            connection.execute(tenant.stand.sql.encode())
            for statement in _RAW:
                cursor = connection.execute(statement.encode())
                if cursor.description:
                    cursor.fetchall()

    return lambda: [timed(lambda one=one: visit(one)) for one in dice.choices(tenants, weights, k=PAGES)]
