"""Listening to tickets on behalf of the help centre: who wrote was not helped, and which articles were sent."""

import re

from sqlalchemy.orm import Session

from kernel.events import Event, listens_to
from kernel.i18n import BY_PATH
from knowledge_base.questions import commands as questions
from service_desk.answers import commands
from service_desk.tickets import queries as tickets

# An address of ours in whatever form it is sent: on our own name, on the tenant's, with or without its words.
_ARTICLE_LINK = re.compile(rf"/(?:{'|'.join(BY_PATH)})/a/(\d{{1,18}})\b")


@listens_to("ticket.created", "ticket.replied")
def on_customer_wrote(session: Session, event: Event) -> None:
    """Note by the seven-day rule that a customer wrote, by whatever channel; a ticket that staff took down counts too."""
    if event.name == "ticket.created" or event.actor_kind == "customer":
        ticket = tickets.by_id(session, event.subject_id)
        visitor = questions.key_of(session, ticket.customer.as_actor())
        questions.note_writing(session, visitors=[visitor], ticket_id=ticket.id, at=event.at)


@listens_to("ticket.replied")
def on_staff_replied(session: Session, event: Event) -> None:
    """Count the articles that a reply sends: by its text, so that a link typed by hand counts like an inserted one."""
    if event.actor_kind == "staff":
        message = tickets.message(session, event.data["message_id"])
        ids = {int(found) for found in _ARTICLE_LINK.findall(message.body)}
        commands.note_sent(session, tickets.by_id(session, event.subject_id), ids)
