"""Mistakes about what somebody sees: rows without conditions, refusals that tell, answers that others may keep."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, true

from crm.customers.models import Customer
from kernel import database
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, NotFound
from kernel.i18n import LazyText
from knowledge_base.articles import queries as articles
from knowledge_base.articles.models import Article
from notifications import queries as notifications
from notifications.models import BellItem
from service_desk.tickets import queries as tickets
from service_desk.tickets.models import Ticket
from tenants import registry, saved_views, sign_ins
from tenants.models import SignIn, Tenant
from tests.isolation.houses import Town
from web import attachments, security
from web.record_pages import routes

Patch = pytest.MonkeyPatch


def all_tickets(patch: Patch, town: Town) -> None:
    patch.setattr(tickets, "visible_to", lambda actor: select(Ticket))


def drafts(patch: Patch, town: Town) -> None:
    patch.setattr(articles, "visible_to", lambda actor: select(Article))


def notes(patch: Patch, town: Town) -> None:
    conversation = tickets.conversation
    anybody = Actor(kind="system")
    patch.setattr(tickets, "conversation", lambda session, ticket, *, actor: conversation(session, ticket, actor=anybody))


def file_of_any_ticket(patch: Patch, town: Town) -> None:
    def found(session: Any, ticket: Any, file_id: Any, *, actor: Actor) -> Any:
        file = session.scalar(select(tickets.StoredFile).where(tickets.StoredFile.public_id == file_id))
        if file is None:
            raise NotFound()
        return file

    patch.setattr(tickets, "file_of", found)


def all_views(patch: Patch, town: Town) -> None:
    patch.setattr(saved_views, "_visible_to", lambda actor: select(saved_views.SavedView).where(true()))


def all_bells(patch: Patch, town: Town) -> None:
    patch.setattr(notifications, "bell", lambda session, *, actor, limit: session.scalars(select(BellItem)).all())


def all_browsers(patch: Patch, town: Town) -> None:
    patch.setattr(sign_ins, "open_sign_ins", lambda session, *, face, person_id: session.scalars(select(SignIn)).all())


def bulk_anything(patch: Patch, town: Town) -> None:
    """Whoever has the id has the row: looked for in whichever schema."""
    picked = routes._picked

    def from_everywhere(pages: Any) -> Any:
        ids = routes.request.form.getlist("ids")
        town.broom.execute(f"UPDATE \"{town.foreign.schema}\".ticket SET tags = '{{x}}' WHERE id = ANY(%s::bigint[])", [ids])
        return picked(pages)

    patch.setattr(routes, "_picked", from_everywhere)


def export_everything(patch: Patch, town: Town) -> None:
    exported = routes._exported

    def of_all(pages: Any) -> Iterator[Any]:
        yield from exported(pages)
        with database.transaction(town.foreign.tenant.stand) as other:
            yield from other.scalars(select(Customer))

    patch.setattr(routes, "_exported", of_all)


def _is_a_strangers(town: Town, number: int) -> bool:
    return number == town.foreign.mine.number


def forbidden_not_missing(patch: Patch, town: Town) -> None:
    get = tickets.get

    def told(session: Any, number: int, *, actor: Actor) -> Ticket:
        if _is_a_strangers(town, number):
            raise Forbidden()
        return get(session, number, actor=actor)

    patch.setattr(tickets, "get", told)


def refusal_names_owner(patch: Patch, town: Town) -> None:
    get = tickets.get

    class NotYours(DomainError):
        status = 404
        message = LazyText(f"This belongs to {town.foreign.tenant.name}.")

    def told(session: Any, number: int, *, actor: Actor) -> Ticket:
        if _is_a_strangers(town, number):
            raise NotYours()
        return get(session, number, actor=actor)

    patch.setattr(tickets, "get", told)


def console_shows_rows(patch: Patch, town: Town) -> None:
    def behind(session: Any, head: str, *, limit: int = 100) -> list[Tenant]:
        with database.transaction(town.foreign.tenant.stand) as other:
            name = other.scalars(select(Customer.name)).first()
        facts = {"slug": "one", "schema_name": "t_one", "state": "live", "revision": "0001", "placement": "main"}
        return [Tenant(id=town.foreign.tenant.id, name=str(name), migration_error="", **facts)]

    patch.setattr(registry, "behind", behind)


def public_pages(patch: Patch, town: Town) -> None:
    def keep(response: Any) -> None:
        response.headers["Cache-Control"] = "public, max-age=60"

    patch.setattr(security, "_keep_private", keep)


def public_files(patch: Patch, town: Town) -> None:
    send = attachments.send

    def for_all(file: Any, *, thumbnail: bool = False) -> Any:
        answer = send(file, thumbnail=thumbnail)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer

    patch.setattr(attachments, "send", for_all)
