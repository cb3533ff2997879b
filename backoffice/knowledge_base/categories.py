"""The help centre's tree: its branches with their names in each language, where they stand, and the order of their articles."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectField, StringField
from wtforms.validators import Length

from kernel.errors import NotFound
from kernel.i18n import LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import arranging, commands, queries
from knowledge_base.articles.queries import Article, Branch, Category
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, forms, htmx, modules
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("categories", __name__), Module.KNOWLEDGE_BASE)
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


def _tree() -> list[Branch]:
    return queries.tree(session, spoken(), actor=access.actor())


def _branches() -> list[Branch]:
    return queries.flattened(_tree())


def _new_form(branches: list[Branch], *, is_empty: bool = False) -> CategoryForm:
    form = CategoryForm(formdata=None) if is_empty else CategoryForm()
    indented = [("\u2003" * len(branch.path[1:]) + branch.category.name_in(spoken()), branch) for branch in branches]
    top = ("", _("The top of the help centre"))
    form.parent.choices = forms.choices([top, *((str(one.category.id), name) for name, one in indented)])
    return form


def _show(form: CategoryForm, *, typed: NamesForm | None = None, category_id: int = 0) -> Any:
    """Show the tree.  `typed` are the names refused for one of its categories, as typed."""
    roots = _tree()
    branches = queries.flattened(roots)
    known = {branch.category.id: branch.category.names for branch in branches}
    renaming = {
        key: NamesForm(formdata=None, data={f"name_{code}": name for code, name in names.items()})
        for key, names in known.items()
    }
    if typed is not None:
        renaming[category_id] = typed
    context = {"roots": roots, "branches": branches, "renaming": renaming, "new": form, "refused_id": category_id}
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


@blueprint.post("/categories/<int:category_id>/step")
@requires(Permission.ARTICLE_PUBLISH)
def step(category_id: int) -> Any:
    """Move a category by one step: the buttons' way, for keyboards and without scripts."""
    category = queries.category(session, category_id)
    arranging.step_category(session, category, step=request.form.get("step", ""), actor=access.actor())
    return _moved(category)


@blueprint.post("/categories/<int:category_id>/move")
@requires(Permission.ARTICLE_PUBLISH)
def move(category_id: int) -> Any:
    """Move a category into another, before one of its branches or to its end: the mouse's way, and the menu's."""
    category = queries.category(session, category_id)
    parent, before = (_named(request.form.get(name, "")) for name in ("parent", "before"))
    arranging.move_category(session, category, parent=parent, before=before, actor=access.actor())
    return _moved(category)


def _named(text: str) -> Category | None:
    """Return the category that a form names, none for the top.  Raises `NotFound` for what is none."""
    return queries.category(session, _row_id(text)) if text else None


def _row_id(text: str) -> int:
    """Return the id that a form names; 0, which no row has, when it names none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _moved(category: Category) -> Any:
    if htmx.wants_fragment():
        said = _("“%(name)s” was moved.", name=category.name_in(spoken()))
        body = render_template("backoffice/knowledge_base/_tree.html", roots=_tree(), said=said)
        return htmx.answer(body)
    flash(_("“%(name)s” was moved.", name=category.name_in(spoken())), "success")
    return htmx.redirect_to(url_for(".page"))


@blueprint.post("/categories/<int:category_id>/delete")
@requires(Permission.ARTICLE_PUBLISH)
def delete(category_id: int) -> Any:
    arranging.delete_category(session, queries.category(session, category_id), actor=access.actor())
    flash(_("The category was deleted."), "success")
    return htmx.redirect_to(url_for(".page"))


@blueprint.get("/categories/<int:category_id>/articles")
@requires(Permission.ARTICLE_READ)
def order(category_id: int) -> Any:
    """Show a category's articles in the order that readers see, each once, whatever its languages."""
    branch = queries.find_branch(_tree(), category_id)
    return render_template("backoffice/knowledge_base/order.html", branch=branch, articles=_once_each(category_id), said="")


def _once_each(category_id: int) -> list[Article]:
    """Return the articles of a category, each in the language of the desk, else in that of its source."""
    chosen: dict[str, Article] = {}
    for article in queries.all_in_category(session, category_id, actor=access.actor()):
        known = chosen.setdefault(article.translation_key, article)
        if article.language == spoken().code and known.language != article.language:
            chosen[article.translation_key] = article
    return list(chosen.values())


@blueprint.post("/categories/<int:category_id>/articles")
@requires(Permission.ARTICLE_PUBLISH)
def reorder(category_id: int) -> Any:
    """Move an article one step, or before another: `article` goes `step` up or down, or stands before `before`."""
    article, before = (_article(request.form.get(name, "")) for name in ("article", "before"))
    if article is None or article.category_id != category_id:
        raise NotFound()
    if step := request.form.get("step", ""):
        arranging.step_article(session, article, step=step, actor=access.actor())
    else:
        arranging.put_article_before(session, article, before=before, actor=access.actor())
    if htmx.wants_fragment():
        branch, said = queries.find_branch(_tree(), category_id), _("“%(name)s” was moved.", name=article.title)
        context = {"branch": branch, "articles": _once_each(category_id), "said": said}
        return htmx.answer(render_template("backoffice/knowledge_base/_order.html", **context))
    return htmx.redirect_to(url_for(".order", category_id=category_id))


def _article(text: str) -> Article | None:
    return queries.get(session, _row_id(text), actor=access.actor()) if text else None
