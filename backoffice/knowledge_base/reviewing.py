"""An article's way to its readers, button by button: review, approval, publication, and back."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, TextAreaField

from backoffice.knowledge_base.articles import PAGES
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import commands, workflow
from knowledge_base.articles.queries import Article
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, forms, htmx, modules
from web.access import requires
from web.forms import Form
from web.languages import format_time, zone
from web.lifecycle import session
from web.record_pages.forms import MomentField

blueprint = modules.belongs_to(Blueprint("reviewing", __name__), Module.KNOWLEDGE_BASE)


class ReviewForm(Form):
    """What a reviewer says; `version` is the revision that was read, `then` what shall follow an approval."""

    note = TextAreaField(_l("What should change?"))
    publish_at = MomentField(_l("Publish on"))
    version = HiddenField()
    then = HiddenField()

    @property
    def seen(self) -> int | None:
        """The revision that was read; without one, whatever it is now."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@blueprint.post("/articles/<int:record_id>/submit")
@requires(Permission.ARTICLE_WRITE)
def submit(record_id: int) -> Response:
    return _done(record_id, workflow.submit, _l("Somebody who may publish will look at it."))


@blueprint.post("/articles/<int:record_id>/approve")
@requires(Permission.ARTICLE_PUBLISH)
def approve(record_id: int) -> Response:
    """Approve, and publish at once, at the hour given, or (`then=wait`) when somebody presses the button."""
    form, article = ReviewForm(), PAGES.get(record_id)
    with form.refusals():
        workflow.approve(session, article, actor=access.actor(), revision=form.seen)
        return _passed_on(form, article)
    return _shown(form, record_id)


def _passed_on(form: ReviewForm, article: Article) -> Response:
    if form.then.data == "wait":
        flash(_("The text is approved and waits to be published."), "success")
    elif form.then.data == "schedule":
        return _scheduled(form, article)
    else:
        commands.publish(session, article, actor=access.actor())
        flash(str(_PUBLISHED), "success")
    return _back(article.id)


_PUBLISHED = _l("The article is published. Readers find it within a minute.")


@blueprint.post("/articles/<int:record_id>/schedule")
@requires(Permission.ARTICLE_PUBLISH)
def schedule(record_id: int) -> Response:
    form, article = ReviewForm(), PAGES.get(record_id)
    with form.refusals():
        return _scheduled(form, article)
    return _shown(form, record_id)


def _scheduled(form: ReviewForm, article: Article) -> Response:
    moment = form.publish_at.data.replace(tzinfo=zone()) if form.publish_at.data else None
    workflow.schedule(session, article, at=moment, actor=access.actor())
    assert moment is not None, "the command has refused to schedule without a moment"
    flash(_("It will be published on %(date)s.", date=format_time(moment)), "success")
    return _back(article.id)


@blueprint.post("/articles/<int:record_id>/send-back")
@requires(Permission.ARTICLE_PUBLISH)
def send_back(record_id: int) -> Response:
    form, article = ReviewForm(), PAGES.get(record_id)
    with form.refusals():
        workflow.send_back(session, article, note=form.note.data or "", actor=access.actor(), revision=form.seen)
        flash(_("The text is a draft again, with what you asked for."), "success")
        return _back(record_id)
    return _shown(form, record_id)


def _shown(form: ReviewForm, record_id: int) -> Response:
    """Show the article again with what was refused, as typed."""
    return forms.show("backoffice/knowledge_base/review.html", form, article=PAGES.get(record_id), asked=request.endpoint)


@blueprint.post("/articles/<int:record_id>/unschedule")
@requires(Permission.ARTICLE_PUBLISH)
def unschedule(record_id: int) -> Response:
    return _done(record_id, workflow.unschedule, _l("It waits for somebody to publish it."))


@blueprint.post("/articles/<int:record_id>/publish")
@requires(Permission.ARTICLE_PUBLISH)
def publish(record_id: int) -> Response:
    return _done(record_id, commands.publish, _PUBLISHED)


@blueprint.post("/articles/<int:record_id>/withdraw")
@requires(Permission.ARTICLE_PUBLISH)
def withdraw(record_id: int) -> Response:
    return _done(record_id, commands.withdraw, _l("The article is a draft again. No reader sees it."))


@blueprint.post("/articles/<int:record_id>/archive")
@requires(Permission.ARTICLE_PUBLISH)
def archive(record_id: int) -> Response:
    return _done(record_id, workflow.archive, _l("The article is archived. No reader sees it."))


@blueprint.post("/articles/<int:record_id>/discard")
@requires(Permission.ARTICLE_WRITE)
def discard(record_id: int) -> Response:
    return _done(record_id, workflow.discard, _l("The next version was given up. It stays in the history."))


def _done(record_id: int, command: Callable[..., Any], said: LazyText) -> Response:
    """Do what a button says, and return to the article; what is refused is an error page that says why."""
    command(session, PAGES.get(record_id), actor=access.actor())
    flash(str(said), "success")
    return _back(record_id)


def _back(record_id: int) -> Response:
    return htmx.redirect_to(url_for("articles.show", record_id=record_id))
