"""From events to mails and bells: each event tells each of its readers once."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.customers.models import Customer
from kernel import clock, database, events, outbox
from kernel.actors import SYSTEM
from kernel.events import Event, Listener, listens_to
from kernel.i18n import BY_CODE, Language
from kernel.jobs import job
from knowledge_base.articles import queries as articles
from knowledge_base.articles.models import Article, ArticleStatus, Version
from notifications import letters
from notifications.channels import mail as channel
from notifications.models import BellItem, Mail
from service_desk.tickets import queries as tickets
from service_desk.tickets.models import Status, Ticket
from tenants import registry, sign_ins, staff, staff_links
from tenants.archive.models import DataExport
from tenants.models import SignInCode, StaffLink, StaffMember, Tenant
from tenants.permissions import Permission

# Whoever answers for the house; to the customer it is the house that answers.
_OF_THE_HOUSE = ("staff", "operator")


def _tells(*names: str) -> Callable[[Listener], Listener]:
    """Declare what tells readers of these events: a second run finds what the first has written, and ends well."""

    def declare(listener: Listener) -> Listener:
        @listens_to(*names)
        @wraps(listener)
        def once(session: Session, event: Event) -> None:
            if not _is_told(session, event):
                listener(session, event)

        return once

    return declare


def _is_told(session: Session, event: Event) -> bool:
    written = (select(table.id).where(table.event_id == event.id).exists() for table in (Mail, BellItem))
    return any(session.execute(select(*written)).one())


@_tells("ticket.created")
def on_ticket_created(session: Session, event: Event) -> None:
    ticket = tickets.by_id(session, event.subject_id)
    _write_to_customer(session, event, ticket, "ticket_received")
    _ring_bell(session, event, ticket, staff.with_permission(session, Permission.TICKET_WRITE))


@_tells("ticket.replied")
def on_ticket_replied(session: Session, event: Event) -> None:
    ticket = tickets.by_id(session, event.subject_id)
    if event.actor_kind in _OF_THE_HOUSE:
        _write_to_customer(session, event, ticket, "ticket_replied", is_solved=event.data["status"] == Status.SOLVED)
        return
    readers = [ticket.assignee] if ticket.assignee else staff.with_permission(session, Permission.TICKET_WRITE)
    _ring_bell(session, event, ticket, readers)
    if ticket.assignee:
        _write_to_staff(session, event, ticket, ticket.assignee, "staff_customer_replied")


@_tells("ticket.status_changed")
def on_ticket_status_changed(session: Session, event: Event) -> None:
    if event.actor_kind in _OF_THE_HOUSE and event.data["status"] == Status.SOLVED:
        ticket = tickets.by_id(session, event.subject_id)
        _write_to_customer(session, event, ticket, "ticket_solved", is_solved=True)


@_tells("ticket.assigned")
def on_ticket_assigned(session: Session, event: Event) -> None:
    assignee_id = event.data["assignee_id"]
    if assignee_id is None or (event.actor_kind == "staff" and event.actor_id == assignee_id):
        return
    ticket = tickets.by_id(session, event.subject_id)
    assignee = staff.named(session, {assignee_id})[assignee_id]
    _ring_bell(session, event, ticket, [assignee])
    _write_to_staff(session, event, ticket, assignee, "staff_ticket_assigned")


@_tells("ticket.rated")
def on_ticket_rated(session: Session, event: Event) -> None:
    ticket = tickets.by_id(session, event.subject_id)
    if ticket.assignee:
        _ring_bell(session, event, ticket, [ticket.assignee])


@_tells("article.submitted")
def on_article_submitted(session: Session, event: Event) -> None:
    """Ring with those who may publish; with its own authors only where nobody else may."""
    article, version = _text_of(session, event)
    reviewers = staff.with_permission(session, Permission.ARTICLE_PUBLISH)
    others = [member for member in reviewers if member.id not in version.author_ids]
    _ring_for_article(session, event, article, version, others or reviewers)


@_tells("article.approved", "article.sent_back", "article.published")
def on_article_reviewed(session: Session, event: Event) -> None:
    """Ring with all who wrote on the text.  Publishing answers a request for review too, when nobody approved it before."""
    status = event.data.get("changes", {}).get("status", ())
    if event.name == "article.published" and ArticleStatus.IN_REVIEW not in status:
        return
    article, version = _text_of(session, event)
    authors = [member for member in staff.active(session) if member.id in version.author_ids]
    _ring_for_article(session, event, article, version, authors)


def _text_of(session: Session, event: Event) -> tuple[Article, Version]:
    article = session.get_one(Article, event.subject_id)
    return article, articles.version(session, article, event.data["number"])


@_tells("sign_in_code.requested")
def on_sign_in_code_requested(session: Session, event: Event) -> None:
    row = session.get_one(SignInCode, event.subject_id)
    made = sign_ins.make_code(row)
    url = _url(session, f"/signin/link/{made.token}")
    _write(session, event, row.email, row.email, "sign_in_code", BY_CODE[row.language], {"code": made.code, "url": url})


@_tells("tenant.closing", "tenant.closes_soon")
def on_tenant_closing(session: Session, event: Event) -> None:
    """Write to the administrators; a notice given is repeated twice, a week and a day before the end."""
    purge_at = datetime.fromisoformat(event.data["purge_at"])
    values = {"url": _url(session, "/desk/settings/closing")}
    for reader in staff.with_permission(session, Permission.TENANT_CLOSE):
        language = BY_CODE[reader.language]
        day = format_date(purge_at.astimezone(ZoneInfo(registry.of(session).time_zone)), "long", locale=language.code)
        _write(session, event, reader.email, reader.name, "tenant_closing", language, {**values, "day": day})
    if event.name == "tenant.closing":
        for days_left in _REMIND_DAYS_BEFORE:
            reminder = {"purge_at": event.data["purge_at"], "days_left": days_left}
            outbox.put(session, "notifications.remind_of_closing", reminder, due_at=purge_at - timedelta(days=days_left))


_REMIND_DAYS_BEFORE = (7, 1)


@job("notifications.remind_of_closing")
def remind_of_closing(session: Session, *, purge_at: str, days_left: int) -> None:
    """Say once more that the tenant will be erased, unless it was reopened meanwhile."""
    with database.transaction() as platform:
        tenant = platform.get_one(Tenant, registry.of(session).id)
    if tenant.purge_at == datetime.fromisoformat(purge_at):
        events.record(session, "tenant.closes_soon", tenant, actor=SYSTEM, purge_at=purge_at, days_left=days_left)


@_tells("data_export.ready")
def on_data_export_ready(session: Session, event: Event) -> None:
    export = session.get(DataExport, event.subject_id)
    reader = staff.signed_in(session, export.asked_by) if export else None
    if reader is not None:
        url = _url(session, "/desk/settings/export")
        _write(session, event, reader.email, reader.name, "data_export_ready", BY_CODE[reader.language], {"url": url})


@_tells("staff_member.invited")
def on_staff_member_invited(session: Session, event: Event) -> None:
    _write_link(session, event, "staff_invited", "/desk/welcome/", {"author": event.actor_name})


@_tells("staff_member.reset_requested")
def on_staff_member_reset_requested(session: Session, event: Event) -> None:
    _write_link(session, event, "staff_password_reset", "/desk/signin/reset/", {})


def _write_link(session: Session, event: Event, letter: str, path: str, values: dict[str, Any]) -> None:
    """Write the letter that holds a link, unless the link has ended meanwhile."""
    link = session.get_one(StaffLink, event.data["link_id"])
    if link.ended_at is not None:
        return
    reader = session.get_one(StaffMember, link.staff_id)
    url = _url(session, path + staff_links.make_token(link))
    named = {"email": reader.email, "url": url, **values}
    _write(session, event, reader.email, reader.name, letter, BY_CODE[reader.language], named)


def _write_to_customer(session: Session, event: Event, ticket: Ticket, letter: str, *, is_solved: bool = False) -> None:
    customer: Customer = ticket.customer
    if not customer.email:
        return
    language = BY_CODE[ticket.language]
    page = _url(session, f"/{language.path}/requests/{ticket.public_id}")
    stars = [{"score": score, "url": f"{page}/rate?score={score}"} for score in range(1, 6)] if is_solved else []
    values = {"name": customer.name, "url": page, "rating_links": stars, **_about(session, event, ticket)}
    _write(session, event, customer.email, customer.name, letter, language, values)


def _write_to_staff(session: Session, event: Event, ticket: Ticket, reader: StaffMember, letter: str) -> None:
    values = {"url": _url(session, f"/desk/tickets/{ticket.number}"), **_about(session, event, ticket)}
    _write(session, event, reader.email, reader.name, letter, BY_CODE[reader.language], values)


def _about(session: Session, event: Event, ticket: Ticket) -> dict[str, Any]:
    message = tickets.message(session, event.data["message_id"]).body if "message_id" in event.data else ""
    people = {"author": event.actor_name, "customer": ticket.customer.name}
    return {"number": ticket.number, "subject": ticket.subject, "message": message, **people}


def _url(session: Session, path: str) -> str:
    """Return an address of the tenant: always from its registry row, never from a request's Host header."""
    return registry.of(session).url(path)


def _write(
    session: Session, event: Event, address: str, name: str, letter: str, language: Language, values: dict[str, Any]
) -> None:
    """Write a mail and promise to send it; the two, and the mark that the event was told, are one transaction."""
    tenant = registry.of(session)
    composed = letters.compose(letter, language, {"company": tenant.name, **values})
    mail = Mail(
        event_id=event.id,
        to_address=address,
        to_name=name,
        letter=letter,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        message_id=f"<{uuid.uuid5(event.id, address)}@{tenant.host.partition(':')[0]}>",
        created_at=clock.now(),
    )
    session.add(mail)
    session.flush()
    outbox.put(session, "notifications.send_mail", {"mail_id": mail.id})


def _ring_bell(session: Session, event: Event, ticket: Ticket, readers: list[StaffMember]) -> None:
    """Put an item about a ticket on each reader's bell but that of whoever did it."""
    data = {"number": ticket.number, "subject": ticket.subject, "who": event.actor_name, **event.data}
    _ring(session, event, readers, ticket_id=ticket.id, data=data)


def _ring_for_article(session: Session, event: Event, article: Article, version: Version, readers: list[StaffMember]) -> None:
    data = {"number": version.number, "subject": version.title, "who": event.actor_name}
    _ring(session, event, readers, article_id=article.id, data=data)


def _ring(session: Session, event: Event, readers: list[StaffMember], **facts: Any) -> None:
    for reader in readers:
        if not (event.actor_kind == "staff" and event.actor_id == reader.id):
            session.add(BellItem(staff_id=reader.id, event_id=event.id, kind=event.name, at=event.at, **facts))


@job("notifications.send_mail")
def send_mail(session: Session, *, mail_id: int) -> None:
    mail = session.get_one(Mail, mail_id)
    if mail.sent_at is not None or mail.refused:
        return
    sent_at = clock.now()
    try:
        channel.send(
            channel.Envelope(
                sender_name=registry.of(session).name,
                to_address=mail.to_address,
                to_name=mail.to_name,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                message_id=mail.message_id,
                sent_at=sent_at,
            )
        )
        mail.sent_at = sent_at
    except channel.Refused as refusal:
        mail.refused = str(refusal)
