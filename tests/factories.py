"""Rows for tests: state what matters, the rest is filled in.  Everything is made by the commands that people use."""

import itertools
from typing import Any

from sqlalchemy.orm import Session

from crm.customers import commands as customers
from crm.customers import queries as customer_queries
from crm.customers.models import Customer
from kernel.actors import SYSTEM
from knowledge_base.articles import commands as articles
from knowledge_base.articles.models import Article, ArticleStatus, Category
from service_desk.tickets import commands as tickets
from service_desk.tickets.models import Ticket
from tenants import staff
from tenants.models import StaffMember
from tenants.permissions import Role

_count = itertools.count(1)


def staff_member(session: Session, **facts: Any) -> StaffMember:
    number = next(_count)
    given = {"email": f"staff{number}@alpha.example", "name": f"Staff {number}", "role": Role.AGENT, "actor": SYSTEM}
    return staff.add(session, **{**given, **facts})


def customer(session: Session, **facts: Any) -> Customer:
    number = next(_count)
    given = {"name": f"Customer {number}", "email": f"customer{number}@mail.example", "actor": SYSTEM}
    return customers.add(session, **{**given, **facts})


def customer_with_password(session: Session, *, email: str, password: str) -> Customer:
    """Return the customer with this address, made when unknown, who can sign in with this password."""
    found = customer_queries.by_email(session, email) or customer(session, email=email, name=email.partition("@")[0].title())
    customers.set_password(session, found, password=password)
    return found


def ticket(session: Session, **facts: Any) -> Ticket:
    sender = facts.pop("customer", None) or customer(session)
    given = {"subject": "The air conditioner drips", "body": "Room 301, since last night.", "language": "en"}
    return tickets.create(session, customer=sender, **{**given, "actor": sender.as_actor(), **facts})


def category(session: Session, name: str = "Rooms", parent: Category | None = None, language: str = "en") -> Category:
    return articles.add_category(session, names={language: name}, parent=parent, actor=SYSTEM)


def article(session: Session, **facts: Any) -> Article:
    """A published article in English unless told otherwise."""
    given = {
        "title": f"How to check out late {next(_count)}",
        "body": "Ask at the front desk before ten. It is free for members.",
        "language": "en",
        "status": ArticleStatus.PUBLISHED,
        "actor": SYSTEM,
    }
    place = facts.pop("category", None) or category(session, language=facts.get("language", "en"))
    return articles.write(session, category=place, **{**given, **facts})
