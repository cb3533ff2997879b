"""Who asks, as far as the query log may know: a random key of the browser, and whether a person asks at all."""

import re
import uuid

from flask import request
from flask import session as cookie

from crm.customers.queries import Customer
from kernel import clock, database, i18n
from knowledge_base.articles.queries import Article
from knowledge_base.questions import commands
from knowledge_base.questions.queries import Face
from service_desk.tickets.queries import Ticket
from web import access
from web.lifecycle import session

# What says of itself that it is no person; what lies about it is counted, and its one visit does little harm.
_MACHINE = re.compile(r"bot|crawl|spider|slurp|preview|archiv|scan|monitor|lighthouse|curl|wget|python-|okhttp|go-http", re.I)
_QUESTION = "question"


def key() -> str:
    """Return the visitor's key: of whoever is signed in, else of this browser, which gets one when it has none."""
    actor = access.actor()
    return commands.key_of(session, actor) if actor.id else str(cookie.setdefault("visitor", uuid.uuid4().hex))


def asked(words: str, *, face: Face, hits: int) -> None:
    """Note a question of a person; a machine's, or a page fetched in case somebody wants it, is none."""
    if not _is_a_person_looking():
        return
    database.need_not_wait(session)
    question = commands.ask(session, words, language=i18n.spoken(), face=face, visitor=key(), hits=hits)
    if question is not None and cookie.get(_QUESTION) != question.id:
        cookie[_QUESTION] = question.id


def _is_a_person_looking() -> bool:
    purpose = request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or request.headers.get("X-Moz") or ""
    agent = request.user_agent.string
    return request.method == "GET" and "prefetch" not in purpose and bool(agent) and not _MACHINE.search(agent)


def opened(article: Article) -> None:
    """Note that an article was opened after a question; whoever asked none costs nothing."""
    if _QUESTION in cookie and _is_a_person_looking():
        database.need_not_wait(session)
        commands.note_opened(session, cookie.pop(_QUESTION), visitor=key(), article=article)


def was_helped(article: Article) -> None:
    """Note that an article made a request needless."""
    cookie.pop(_QUESTION, None)
    commands.note_solved(session, visitor=key(), article=article)


def wrote(ticket: Ticket, customer: Customer) -> None:
    """Note that this browser's questions were not answered; a guest has just become somebody, so both keys count."""
    cookie.pop(_QUESTION, None)
    keys = {commands.key_of(session, customer.as_actor()), *([cookie["visitor"]] if "visitor" in cookie else [])}
    commands.note_writing(session, visitors=keys, ticket_id=ticket.id, at=clock.now())
