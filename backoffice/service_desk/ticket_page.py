"""What the ticket page shows, read in as many statements for ten messages as for a thousand."""

from typing import Any

from sqlalchemy.orm import Session

from backoffice.service_desk import ticket_history
from kernel import events
from kernel.actors import Actor
from kernel.i18n import BY_CODE
from service_desk.tickets import queries
from service_desk.tickets.queries import PRIORITY_NAMES, STATUS_NAMES, Priority, Status, Ticket
from tenants import staff


def whole(session: Session, ticket: Ticket, *, actor: Actor, seen: int | None = None) -> dict[str, Any]:
    """Return what `ticket.html` needs.  Messages after `seen`, the newest that the writer knew, are marked as new."""
    messages = queries.conversation(session, ticket, actor=actor)
    return {
        **about(session, ticket, actor=actor),
        "messages": messages,
        "last_seen": messages[-1].id if messages else 0,
        "new_after": seen,
    }


def about(session: Session, ticket: Ticket, *, actor: Actor) -> dict[str, Any]:
    """Return what the head and the side of the page need: the ticket's facts, its customer and its history."""
    others = queries.latest_of_customer(session, ticket.customer_id, actor=actor, limit=6)
    return {
        "ticket": ticket,
        "status_name": STATUS_NAMES[Status(ticket.status)],
        "statuses": [(status, STATUS_NAMES[status]) for status in Status if status in (ticket.status, *_CHOSEN)],
        "status_names": STATUS_NAMES,
        "priority_name": PRIORITY_NAMES[Priority(ticket.priority)],
        "priority_mark": Priority(ticket.priority).name.lower(),
        "priorities": [(int(priority), PRIORITY_NAMES[priority]) for priority in reversed(Priority)],
        "people": _people(session, ticket),
        "spoken_language": BY_CODE[ticket.language],
        "other_tickets": [other for other in others if other.id != ticket.id][:5],
        "history": ticket_history.lines(session, events.history(session, ticket, limit=200)),
        "subject": ticket.subject,
        "problem": "",
    }


# A ticket is new only until somebody touches it.
_CHOSEN = tuple(status for status in Status if status is not Status.NEW)


def _people(session: Session, ticket: Ticket) -> list[tuple[int, str]]:
    """Return to whom the ticket can be given, and who has it, even if they could not be given it any more."""
    people = {member.id: member.name for member in staff.assignable(session)}
    if ticket.assignee is not None:
        people.setdefault(ticket.assignee.id, ticket.assignee.name)
    return list(people.items())
