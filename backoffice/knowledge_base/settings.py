"""An article's settings: where it stands, whom it is for, who looks after it, until when it is shown."""

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import DateField, HiddenField, RadioField, SelectField
from wtforms.validators import Optional

from backoffice.knowledge_base import articles as overview
from kernel.errors import Forbidden, StaleEdit
from knowledge_base.articles import arranging, queries, translating
from knowledge_base.articles.fields import ARTICLE
from knowledge_base.articles.queries import Article, ArticleKind, Visibility
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, forms, htmx, modules
from web.access import requires
from web.forms import Form
from web.languages import zone
from web.lifecycle import session
from web.record_pages.forms import MomentField, TagsField

blueprint = modules.belongs_to(Blueprint("article_settings", __name__), Module.KNOWLEDGE_BASE)


class SettingsForm(Form):
    """Everything about an article but its words; `version` is the revision that the editor saw."""

    category = SelectField(ARTICLE["category"].label, coerce=str)
    kind = SelectField(ARTICLE["kind"].label, choices=forms.choices(ARTICLE["kind"].choices.items()))
    visibility = RadioField(ARTICLE["visibility"].label, choices=forms.choices(ARTICLE["visibility"].choices.items()))
    groups = TagsField(ARTICLE["groups"].label, description=ARTICLE["groups"].hint or "")
    owner = SelectField(ARTICLE["owner"].label, coerce=str, description=ARTICLE["owner"].hint or "")
    review_by = DateField(ARTICLE["review_by"].label, [Optional()], description=ARTICLE["review_by"].hint or "")
    expires_at = MomentField(ARTICLE["expires_at"].label, [Optional()], description=ARTICLE["expires_at"].hint or "")
    version = HiddenField()

    @property
    def seen(self) -> int:
        text = self.version.data if isinstance(self.version.data, str) else ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


@blueprint.get("/articles/<int:record_id>/settings")
@requires(Permission.ARTICLE_WRITE)
def page(record_id: int) -> Response:
    article = _article(record_id)
    return _shown(_form(article), article)


def _article(record_id: int) -> Article:
    """Return an article whose settings the actor may change, or raise `Forbidden`."""
    article: Article = overview.PAGES.get(record_id)
    if not overview.may_arrange(translating.rows(session, [article.translation_key], actor=access.actor())[0]):
        raise Forbidden()
    return article


def _form(article: Article) -> SettingsForm:
    names = ("kind", "visibility", "groups", "review_by", "expires_at")
    keys = {"category": str(article.category_id), "owner": str(article.owner_id or ""), "version": article.revision}
    form = SettingsForm(data={**{name: getattr(article, name) for name in names}, **keys})
    form.category.choices = forms.choices((str(key), name) for key, name in overview.categories())
    owners = {str(key): name for key, name in overview.people()}
    if article.owner:
        owners.setdefault(str(article.owner_id), article.owner.name)
    form.owner.choices = forms.choices([("", ARTICLE["owner"].nothing), *owners.items()])
    return form


@blueprint.post("/articles/<int:record_id>/settings")
@requires(Permission.ARTICLE_WRITE)
def save(record_id: int) -> Response:
    article = _article(record_id)
    form = _form(article)
    if form.validate_on_submit():
        with form.refusals():
            arranging.arrange(session, article, _wanted(form), actor=access.actor(), revision=form.seen)
            flash(_("Saved."), "success")
            return htmx.redirect_to(url_for("articles.show", record_id=record_id))
    return _shown(form, _article(record_id))


def _wanted(form: SettingsForm) -> arranging.Arrangement:
    return arranging.Arrangement(
        category=queries.category(session, int(form.category.data)),
        kind=ArticleKind(form.kind.data),
        visibility=Visibility(form.visibility.data),
        groups=arranging.groups_of(form.groups.data or ()),
        owner_id=int(form.owner.data) if form.owner.data else None,
        review_by=form.review_by.data,
        expires_at=form.expires_at.data.replace(tzinfo=zone()) if form.expires_at.data else None,
    )


def _shown(form: SettingsForm, article: Article) -> Response:
    is_stale = isinstance(form.refusal, StaleEdit)
    if is_stale:
        form.version.data = str(article.revision)
    return forms.show("backoffice/knowledge_base/settings.html", form, article=article, is_stale=is_stale)
