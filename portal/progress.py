"""A request's way through its statuses, as its customer understands it."""

from collections.abc import Sequence
from typing import NamedTuple

from flask_babel import gettext as _

from service_desk.tickets.queries import CUSTOMER_STATUS_NAMES, Status, StatusStep, Ticket
from web.languages import format_time


class Step(NamedTuple):
    """A step as `ui.timeline` draws it; `state` is done, current or next."""

    label: str
    note: str
    state: str


def steps(ticket: Ticket, way: Sequence[StatusStep]) -> list[Step]:
    """Return the steps so far, the present one, and the one that everybody hopes for."""
    so_far = [_step(step, "done") for step in way[:-1]]
    here = way[-1] if way else StatusStep(Status(ticket.status), ticket.created_at)
    ahead = [Step(str(CUSTOMER_STATUS_NAMES[Status.SOLVED]), "", "next")] if ticket.is_unsolved else []
    return [*so_far, _step(here, "current" if ticket.is_unsolved else "done"), *ahead]


def _step(step: StatusStep, state: str) -> Step:
    waits_for_customer = step.status == Status.WAITING and state == "current"
    note = _("We need an answer from you") if waits_for_customer else format_time(step.at)
    return Step(str(CUSTOMER_STATUS_NAMES[step.status]), note, state)
