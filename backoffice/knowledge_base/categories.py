"""The help centre's tree: its branches and their names in each language."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from wtforms import SelectField, StringField
from wtforms.validators import Length

from kernel.i18n import LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import commands, queries
from knowledge_base.articles.queries import Branch
from tenants.permissions import Permission
from web import access, forms, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("categories", __name__)
_NAME_LENGTH = 80


class NamesForm(Form):
    """A category's names, one field a language; `name` is where the command's complaint about them belongs."""

    def names(self) -> dict[str, str]:
        return {language.code: self[f"name_{language.code}"].data or "" for language in LANGUAGES}


for _language in LANGUAGES:
    _fits = Length(max=_NAME_LENGTH, message=forms.TOO_LONG)
    setattr(NamesForm, f"name_{_language.code}", StringField(_language.name, [_fits]))


class CategoryForm(NamesForm):
    parent = SelectField(_l("Inside"), coerce=str)


@blueprint.get("/categories")
@requires(Permission.ARTICLE_READ)
def page() -> Any:
    return _show(_new_form(_branches()))


def _branches() -> list[Branch]:
    return queries.flattened(queries.tree(session, spoken(), actor=access.actor()))


def _new_form(branches: list[Branch], *, is_empty: bool = False) -> CategoryForm:
    form = CategoryForm(formdata=None) if is_empty else CategoryForm()
    indented = [("\u2003" * len(branch.path[1:]) + branch.category.name_in(spoken()), branch) for branch in branches]
    top = ("", _("The top of the help centre"))
    form.parent.choices = forms.choices([top, *((str(one.category.id), name) for name, one in indented)])
    return form


def _show(form: CategoryForm, *, typed: NamesForm | None = None, category_id: int = 0) -> Any:
    """Show the tree.  `typed` are the names refused for one of its categories, as typed."""
    branches = _branches()
    known = {branch.category.id: branch.category.names for branch in branches}
    renaming = {
        key: NamesForm(formdata=None, data={f"name_{code}": name for code, name in names.items()})
        for key, names in known.items()
    }
    if typed is not None:
        renaming[category_id] = typed
    context = {"branches": branches, "renaming": renaming, "new": form, "refused_id": category_id}
    return forms.show("backoffice/knowledge_base/categories.html", typed or form, **context)


@blueprint.post("/categories")
@requires(Permission.ARTICLE_PUBLISH)
def add() -> Any:
    form = _new_form(_branches())
    if form.validate_on_submit():
        with form.refusals():
            parent = queries.category(session, int(form.parent.data)) if form.parent.data else None
            commands.add_category(session, names=form.names(), parent=parent, actor=access.actor())
            flash(_("The category was added."), "success")
            return htmx.redirect_to(url_for(".page"))
    return _show(form)


@blueprint.post("/categories/<int:category_id>")
@requires(Permission.ARTICLE_PUBLISH)
def rename(category_id: int) -> Any:
    category = queries.category(session, category_id)
    form = NamesForm()
    if form.validate_on_submit():
        with form.refusals():
            commands.name_in_all(session, category, names=form.names(), actor=access.actor())
            flash(_("The names were saved."), "success")
            return htmx.redirect_to(url_for(".page"))
    return _show(_new_form(_branches(), is_empty=True), typed=form, category_id=category_id)
