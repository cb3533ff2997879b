"""The help centre beside a ticket: articles that may answer it, and the article that it becomes."""

from typing import Any

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

from kernel.i18n import BY_CODE
from knowledge_base.articles import queries as articles
from knowledge_base.articles.queries import Article
from knowledge_base.questions import commands as questions
from knowledge_base.questions import deflection
from knowledge_base.questions.queries import Face
from service_desk.answers import commands, queries
from service_desk.tickets import queries as tickets
from service_desk.tickets.queries import Message, Ticket
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, hosts, htmx, modules
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("ticket_answers", __name__), Module.REQUESTS)
_EXCERPT = 300


def panel(ticket: Ticket, messages: list[Message]) -> dict[str, Any]:
    """Return what the panel shows: what was searched for, or else what the ticket's own words find."""
    words = " ".join(request.args.get("answers", "").split())[:200]
    found = _searched(ticket, words) if words else queries.suggested(session, ticket, messages)
    return {
        "answer_words": words,
        "answers": [(find.article, BY_CODE[find.article.language]) for find in found],
        "link_text": link_text,
        "excerpt_text": excerpt_text,
    }


def _searched(ticket: Ticket, words: str) -> list[queries.Find]:
    found = queries.found(session, ticket, words)
    actor, language = access.actor(), BY_CODE[ticket.language]
    visitor = questions.key_of(session, actor)
    questions.ask(session, words, language=language, face=Face.DESK, visitor=visitor, hits=len(found))
    return found


def link_text(article: Article) -> str:
    """Return what a reply says to send an article: its title, and its address as the customer knows us."""
    tenant = hosts.tenant()
    assert tenant is not None
    return f"{article.title}\n{tenant.url(article.public_path)}"


def excerpt_text(article: Article) -> str:
    """Return the gist of an article with its address: its summary, else how it begins."""
    start = article.summary or article.body_text[:_EXCERPT].rstrip()
    ellipsis = "…" if not article.summary and len(article.body_text) > _EXCERPT else ""
    return f"{start}{ellipsis}\n\n{link_text(article)}"


def inserted(ticket: Ticket) -> str:
    """Return what the reply begins with when somebody without scripts pressed a button of the panel."""
    number, is_excerpt = request.args.get("insert", 0, type=int), "excerpt" in request.args
    if not number:
        return ""
    article = queries.sendable(session, ticket, number)
    return excerpt_text(article) if is_excerpt else link_text(article)


@blueprint.get("/tickets/<int:number>/answers")
@requires(Permission.TICKET_READ)
def search(number: int) -> Any:
    """Return the panel for other words; without scripts the ticket's page shows it."""
    if not htmx.wants_fragment():
        return htmx.redirect_to(url_for("tickets.page", number=number, answers=request.args.get("answers")))
    ticket = tickets.get(session, number, actor=access.actor())
    messages = list(tickets.conversation(session, ticket, actor=access.actor()))
    return render_template("backoffice/service_desk/_answers.html", ticket=ticket, **panel(ticket, messages))


@blueprint.post("/tickets/<int:number>/article")
@requires(Permission.ARTICLE_WRITE)
def write(number: int) -> Any:
    ticket = tickets.get(session, number, actor=access.actor())
    messages = list(tickets.conversation(session, ticket, actor=access.actor()))
    article = commands.draft_from(session, ticket, messages, actor=access.actor())
    flash(_("Here is the draft. Names, telephones and numbers were taken out: read it before somebody approves it."), "success")
    return htmx.redirect_to(url_for("articles.show", record_id=article.id))


class LearnForm(Form):
    """Which article shall be found by the ticket's words."""

    article = IntegerField(validators=[InputRequired(), NumberRange(1, 2**63 - 1)])


@blueprint.post("/tickets/<int:number>/learn")
@requires(Permission.ARTICLE_WRITE)
def learn(number: int) -> Any:
    """Let an article be found by the words of a ticket that it answered."""
    form = LearnForm()
    if not form.validate():
        abort(422)
    article = articles.get(session, form.article.data, actor=access.actor())
    ticket = queries.linked(session, article, number, actor=access.actor())
    commands.learn_from(session, article, ticket, actor=access.actor())
    flash(_("Who asks in these words finds “%(title)s” from now on.", title=article.title), "success")
    return htmx.redirect_to(url_for("articles.show", record_id=article.id))


def measures(article: Article) -> dict[str, Any]:
    """Return what an article did, for its page at the desk: whom it deflected, and which tickets it answered."""
    known = questions.words_of(article)
    linked = queries.tickets_of(session, article, actor=access.actor())
    return {
        "outcome": deflection.deflection_by(session, article),
        "reply_count": queries.reply_count(session, article),
        "linked": [(ticket, questions.phrase_of(ticket.subject) in known) for ticket in linked],
    }
