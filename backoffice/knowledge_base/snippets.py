"""Snippets at the desk: texts that many articles name, written in one place."""

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from kernel.errors import StaleEdit
from kernel.i18n import LANGUAGES
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import snippets
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, forms, htmx, modules
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("snippets", __name__), Module.KNOWLEDGE_BASE)


class TextsForm(Form):
    """A snippet's texts, one field a language; `text` is where the command's complaint about them belongs."""

    version = HiddenField()

    def words(self) -> dict[str, str]:
        return {language.code: self[f"text_{language.code}"].data or "" for language in LANGUAGES}

    @property
    def seen(self) -> int:
        text = self.version.data if isinstance(self.version.data, str) else ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


for _language in LANGUAGES:
    _fits = Length(max=snippets.TEXT_LENGTH, message=forms.TOO_LONG)
    setattr(TextsForm, f"text_{_language.code}", TextAreaField(_language.name, [_fits]))


class SnippetForm(TextsForm):
    name = StringField(_l("Name"), description=_l("Short; articles will call it by this name"))


@blueprint.get("/snippets")
@requires(Permission.ARTICLE_READ)
def page() -> Response:
    return _shown(SnippetForm(formdata=None))


def _shown(form: SnippetForm) -> Response:
    known = snippets.all_of_them(session)
    users = snippets.users_of(session, known)
    return forms.show("backoffice/knowledge_base/snippets.html", form, snippets=known, users=users)


@blueprint.post("/snippets")
@requires(Permission.ARTICLE_PUBLISH)
def add() -> Response:
    form = SnippetForm()
    if form.validate_on_submit():
        with form.refusals():
            snippets.add(session, name=form.name.data or "", words=form.words(), actor=access.actor())
            flash(_("The snippet was added."), "success")
            return htmx.redirect_to(url_for(".page"))
    return _shown(form)


@blueprint.get("/snippets/<int:snippet_id>")
@requires(Permission.ARTICLE_PUBLISH)
def edit(snippet_id: int) -> Response:
    return _edited(_form(snippet_id), snippet_id)


def _form(snippet_id: int) -> TextsForm:
    snippet = snippets.get(session, snippet_id)
    words = {f"text_{language.code}": snippet.texts.get(language.code, "") for language in LANGUAGES}
    return TextsForm(data={**words, "version": snippet.version})


def _edited(form: TextsForm, snippet_id: int) -> Response:
    """Show the form as typed.  Where somebody else was faster, their texts stand beside it, and saving again overwrites."""
    snippet = snippets.get(session, snippet_id)
    theirs = []
    if isinstance(form.refusal, StaleEdit):
        form.version.data = str(snippet.version)
        theirs = [(language.name, text) for language in LANGUAGES if (text := snippet.texts.get(language.code))]
    users = snippets.users_of(session, [snippet]).get(snippet.name, 0)
    return forms.show("backoffice/knowledge_base/snippet.html", form, snippet=snippet, theirs=theirs, users=users)


@blueprint.post("/snippets/<int:snippet_id>")
@requires(Permission.ARTICLE_PUBLISH)
def save(snippet_id: int) -> Response:
    snippet, form = snippets.get(session, snippet_id), _form(snippet_id)
    if form.validate_on_submit():
        with form.refusals():
            snippets.change(session, snippet, words=form.words(), version=form.seen, actor=access.actor())
            flash(_("The snippet was saved. Articles that use it follow within a minute."), "success")
            return htmx.redirect_to(url_for(".page"))
    return _edited(form, snippet_id)


@blueprint.post("/snippets/<int:snippet_id>/delete")
@requires(Permission.ARTICLE_PUBLISH)
def delete(snippet_id: int) -> Response:
    snippets.delete(session, snippets.get(session, snippet_id), actor=access.actor())
    flash(_("The snippet was deleted."), "success")
    return htmx.redirect_to(url_for(".page"))
