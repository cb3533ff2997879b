"""The page that is compared: five statements in one transaction, as the ticket desk has, in the least of Flask and SQLAlchemy.

The same page in django-tenants is in `rival.py`, and in bare psycopg here: what PostgreSQL itself takes for it.
"""

import random
import uuid
from collections.abc import Callable, Sequence

import psycopg
from flask import Flask, request
from sqlalchemy import func, select
from werkzeug.test import Client, EnvironBuilder

from crm.customers.models import Customer
from kernel import clock, database, settings
from kernel.events import Event
from service_desk.tickets.models import Message, Ticket
from tenants import registry
from tenants.models import StaffMember, Tenant
from tests.bench.tenancy.measuring import timed

PAGES = 60
application = Flask(__name__)


@application.get("/")
def page() -> str:
    facts = registry.at(request.host)
    assert facts is not None
    with database.transaction(facts.stand) as session:
        owner = session.scalars(select(StaffMember).where(StaffMember.email == "owner@bench.example")).one()
        counts = session.execute(select(Ticket.status, func.count()).group_by(Ticket.status)).all()
        rows = session.execute(
            select(Ticket, Customer.name)
            .join(Customer, Customer.id == Ticket.customer_id)
            .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
            .limit(25)
        ).all()
        messages = session.scalars(select(Message).where(Message.ticket_id == rows[0][0].id)).all()
        facts_of_event = {
            "subject_type": "ticket",
            "subject_id": 1,
            "actor_kind": "staff",
            "actor_name": owner.name,
            "data": {},
        }
        session.add(Event(id=uuid.uuid4(), at=clock.now(), name="page.seen", actor_id=None, **facts_of_event))
    lines = [f"<li>{ticket.number} {ticket.subject} {name}</li>" for ticket, name in rows]
    return f"<h1>{owner.name} {counts} {len(messages)}</h1><ul>{''.join(lines)}</ul>"


def visits(
    front_door: Callable[..., object], path: str, hosts: Sequence[str], *, favour_few: bool, pages: int = PAGES
) -> Callable[[], list[float]]:
    """Return a turn: so many visits to tenants drawn at random, all alike or, as in life, few of them often."""
    client = Client(front_door)
    weights = [1 / (place + 1) if favour_few else 1.0 for place in range(len(hosts))]
    dice = random.Random(7)

    def visit(host: str) -> None:
        answer = client.open(EnvironBuilder(path=path, base_url=f"http://{host}"))
        assert answer.status_code == 200, answer.status

    return lambda: [timed(lambda host=host: visit(host)) for host in dice.choices(hosts, weights, k=pages)]


def hosts_of(tenants: Sequence[Tenant]) -> list[str]:
    return [settings.current().tenant_host(tenant.slug or "") for tenant in tenants]


_RAW = (
    "SELECT id, email, name, role, language FROM staff_member WHERE email = 'owner@bench.example'",
    "SELECT status, count(*) FROM ticket GROUP BY status",
    "SELECT t.*, c.name FROM ticket t JOIN customer c ON c.id = t.customer_id ORDER BY t.updated_at DESC, t.id DESC LIMIT 25",
    "SELECT * FROM ticket_message WHERE ticket_id = 25",
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
