"""What readers look for: gaps, phrases that find nothing or that nobody follows, and what is done about each."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, render_template, request, send_file, url_for
from flask_babel import gettext as _
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from kernel import clock, events
from kernel.i18n import BY_CODE, spoken
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import finding
from knowledge_base.articles import queries as articles
from knowledge_base.questions import commands, deflection, queries
from knowledge_base.questions.fields import PHRASE
from knowledge_base.questions.queries import DecisionKind, Face
from service_desk.answers import queries as answers
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, htmx, modules, returning
from web.access import requires
from web.forms import Form
from web.languages import zone
from web.lifecycle import session
from web.record_pages import exporting

blueprint = modules.belongs_to(Blueprint("questions", __name__), Module.KNOWLEDGE_BASE)

_PERIODS = (7, 30, 90)
_TABS = {
    "gaps": _l("Gaps"),
    "in_vain": _l("Nothing found"),
    "unopened": _l("Nothing opened"),
    "dismissed": _l("Dismissed"),
}


@blueprint.get("/questions")
@requires(Permission.ARTICLE_READ)
def page() -> str:
    tab, days, language = _asked()
    since = clock.now() - timedelta(days=days)
    return render_template(
        "backoffice/knowledge_base/questions.html",
        tab=tab,
        tabs=[(key, label, url_for(".page", tab=key, days=days, language=language or None)) for key, label in _TABS.items()],
        days=days,
        periods=_PERIODS,
        chosen_language=language,
        gaps=deflection.gaps(session) if tab == "gaps" else [],
        lines=queries.report(session, tab, since=since, language=language) if tab in queries.REPORTS else [],
        asked=queries.asked(session, since=since),
        deflection=deflection.deflection(session, since=since),
        kinds=DecisionKind,
    )


def _asked() -> tuple[str, int, str]:
    """Return the report, the period in days and the language that the address asks for; what it cannot know is as usual."""
    days = request.args.get("days", 30, type=int)
    tab, language = request.args.get("tab", "gaps"), request.args.get("language", "")
    return (
        tab if tab in _TABS else "gaps",
        days if days in _PERIODS else 30,
        language if language in BY_CODE else "",
    )


@blueprint.get("/questions/export.<format>")
@requires(Permission.RECORD_EXPORT)
def export(format: str) -> Response:
    """Send a report as a file.  Who took what is written down."""
    tab, days, language = _asked()
    if format not in exporting.FORMATS or tab not in queries.REPORTS:
        abort(404)
    lines = queries.report(session, tab, since=clock.now() - timedelta(days=days), language=language, limit=10_000)
    write, media_type = exporting.FORMATS[format]
    file, count = exporting.as_file(write, PHRASE, lines, actor=access.actor())
    person = access.current_person()
    assert person is not None
    facts = {"record_type": "question", "format": format, "query": f"tab={tab}&days={days}", "rows": count}
    events.record(session, "records.exported", person.record, actor=access.actor(), **facts)
    name = exporting.file_name(str(_TABS[tab]), clock.now().astimezone(zone()).date(), format)
    return send_file(file, mimetype=media_type, as_attachment=True, download_name=name)


@blueprint.get("/questions/phrase")
@requires(Permission.ARTICLE_READ)
def phrase() -> str:
    """Show one phrase: how it was typed, what became of it, and which articles come close."""
    asked = request.args.get("phrase", "")
    gap = deflection.gap_of(session, asked)
    words = " ".join(request.args.get("q", "").split())[:200]
    actor = access.actor()
    found = finding.find(session, words or gap.line.wording, spoken(), actor=actor, limit=5)
    if words:
        visitor = commands.key_of(session, actor)
        commands.ask(session, words, language=spoken(), face=Face.DESK, visitor=visitor, hits=found.total)
    ids = queries.tickets_of(session, asked)
    return render_template(
        "backoffice/knowledge_base/question.html",
        gap=gap,
        words=words,
        steps=queries.steps(session, asked),
        wordings=[(BY_CODE[one.language], one) for one in queries.wordings(session, asked)],
        tickets=answers.tickets_by_id(session, ids, actor=actor),
        found=[find.article for find in found.finds],
        kinds=DecisionKind,
    )


class PhraseForm(Form):
    """Which phrase is meant, and which article, where one is."""

    phrase = StringField(validators=[InputRequired()])
    article = IntegerField(validators=[Optional(), NumberRange(1, 2**63 - 1)])


def _form() -> PhraseForm:
    """Return what a button said; one that names no phrase that anybody asked was not ours."""
    form = PhraseForm()
    if not form.validate():
        abort(422)
    queries.steps(session, form.phrase.data)
    return form


@blueprint.post("/questions/write")
@requires(Permission.ARTICLE_WRITE)
def write() -> Any:
    article = commands.write_about(session, _form().phrase.data, actor=access.actor())
    flash(_("The draft is ready. Write the answer, then have it published."), "success")
    return htmx.redirect_to(f"{url_for('articles.show', record_id=article.id)}/edit")


@blueprint.post("/questions/also-asked")
@requires(Permission.ARTICLE_WRITE)
def also_asked() -> Any:
    form = _form()
    article = articles.get(session, form.article.data or 0, actor=access.actor())
    commands.also_ask(session, form.phrase.data, article=article, actor=access.actor())
    flash(_("Who asks this finds “%(title)s” from now on.", title=article.title), "success")
    return htmx.redirect_to(url_for(".phrase", phrase=form.phrase.data))


@blueprint.post("/questions/dismiss")
@requires(Permission.ARTICLE_WRITE)
def dismiss() -> Any:
    commands.dismiss(session, _form().phrase.data, actor=access.actor())
    flash(_("The phrase is off the reports."), "success")
    return htmx.redirect_to(returning.local_path(request.form.get("next"), url_for(".page")))


@blueprint.post("/questions/reconsider")
@requires(Permission.ARTICLE_WRITE)
def reconsider() -> Any:
    form = _form()
    commands.reconsider(session, form.phrase.data, actor=access.actor())
    flash(_("The phrase is in the reports again."), "success")
    return htmx.redirect_to(url_for(".phrase", phrase=form.phrase.data))
