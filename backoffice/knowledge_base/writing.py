"""Writing an article: the form of its words, with preview, pictures and snippets; nothing typed is ever lost."""

from typing import Any

from flask import Blueprint, flash, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, MultipleFileField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from backoffice.knowledge_base import articles as overview
from kernel.errors import DomainError, StaleEdit
from kernel.files import ACCEPTED
from kernel.i18n import BY_CODE, Language, spoken
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import arranging, commands, media, queries, snippets, texts, translating, workflow
from knowledge_base.articles.fields import ARTICLE
from knowledge_base.articles.queries import Article, ArticleKind, ArticleStatus, Version, Visibility
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, attachments, forms, htmx, modules
from web.access import requires
from web.forms import LANGUAGE_CHOICES, TOO_LONG, Form
from web.lifecycle import session
from web.record_pages.forms import TagsField

blueprint = modules.belongs_to(Blueprint("writing", __name__), Module.KNOWLEDGE_BASE)


class WordsForm(Form):
    """An article's words; `version` is the revision that the editor saw."""

    title = StringField(ARTICLE["title"].label, [InputRequired(_l("Enter a title.")), Length(max=200, message=TOO_LONG)])
    summary = TextAreaField(
        ARTICLE["summary"].label, [Length(max=300, message=TOO_LONG)], description=ARTICLE["summary"].hint or ""
    )
    body = TextAreaField(ARTICLE["body"].label)
    keywords = TagsField(ARTICLE["keywords"].label, description=ARTICLE["keywords"].hint or "")
    asked_as = TextAreaField(ARTICLE["asked_as"].label, description=ARTICLE["asked_as"].hint or "")
    files = MultipleFileField(_l("Pictures and files"), description=_l("They are added at the end of the text."))
    version = HiddenField()

    def words(self) -> dict[str, Any]:
        names = ("title", "summary", "body", "keywords")
        return {name: self[name].data or ([] if name == "keywords" else "") for name in names}

    @property
    def seen(self) -> int:
        """The revision that the form was opened with; one that none has, when it tells none."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


# Groups have names of their own: they are chosen in the settings.
_AUDIENCES = [(key, name) for key, name in ARTICLE["visibility"].choices.items() if key != Visibility.GROUPS]


class NewArticleForm(WordsForm):
    """A new article's words, and where it belongs."""

    language = SelectField(ARTICLE["language"].label, choices=LANGUAGE_CHOICES)
    category = SelectField(ARTICLE["category"].label, [InputRequired(_l("Choose a category."))], coerce=str)
    kind = SelectField(ARTICLE["kind"].label, choices=forms.choices(ARTICLE["kind"].choices.items()), default="answer")
    visibility = SelectField(ARTICLE["visibility"].label, choices=forms.choices(_AUDIENCES), default="public")


@blueprint.get("/articles/new")
@requires(Permission.ARTICLE_WRITE)
def new() -> Response:
    given = {name: request.args[name] for name in ("title", "language", "category") if name in request.args}
    return _shown(_new_form({"language": spoken().code, **given}))


def _new_form(data: dict[str, Any] | None = None) -> NewArticleForm:
    form = NewArticleForm(data=data)
    form.category.choices = forms.choices([("", "–"), *((str(key), name) for key, name in overview.categories())])
    return form


@blueprint.post("/articles/new")
@requires(Permission.ARTICLE_WRITE)
def create() -> Response:
    form = _new_form()
    if form.validate_on_submit():
        with form.refusals():
            article = _write(form)
            return _saved(article)
    return _shown(form)


def _write(form: NewArticleForm) -> Article:
    who = access.actor()
    category = queries.category(session, int(form.category.data))
    language = form.language.data or spoken().code
    article = commands.write(session, **_with_files(form), language=language, category=category, actor=who)
    wanted = arranging.Arrangement(
        category=category,
        kind=ArticleKind(form.kind.data),
        visibility=Visibility(form.visibility.data),
        groups=(),
        owner_id=who.id,
        review_by=None,
        expires_at=None,
    )
    arranging.arrange(session, article, wanted, actor=who)
    return article


def _with_files(form: WordsForm) -> dict[str, Any]:
    """Return what was typed, the files that came with the form at the end of the text."""
    stored = media.store(session, attachments.arrived())
    added = [media.markdown_of(session, file) for file in stored]
    words = {**form.words(), "asked_as": form.asked_as.data or ""}
    return {**words, "body": "\n\n".join([words["body"], *added])} if added else words


def _saved(article: Article) -> Response:
    in_hand = queries.open_version(session, article)
    if "submit" in request.form and in_hand and in_hand.state == ArticleStatus.DRAFT:
        workflow.submit(session, article, actor=access.actor())
        flash(_("Saved. Somebody who may publish will look at it."), "success")
    else:
        flash(_("Saved."), "success")
    return htmx.redirect_to(url_for("articles.show", record_id=article.id))


@blueprint.get("/articles/<int:record_id>/edit")
@requires(Permission.ARTICLE_WRITE)
def edit(record_id: int) -> Response:
    article = overview.PAGES.get(record_id)
    return _shown(_form_of(article), article)


def _form_of(article: Article) -> WordsForm:
    """Return the form with what came with the request, else with the words in hand."""
    words = _in_hand(article)
    names = ("title", "summary", "body", "keywords")
    besides = {"asked_as": "\n".join(article.asked_as or ()), "version": article.revision}
    return WordsForm(data={**{name: getattr(words, name) for name in names}, **besides})


def _in_hand(article: Article) -> Article | Version:
    return queries.open_version(session, article) or article


@blueprint.post("/articles/<int:record_id>/edit")
@requires(Permission.ARTICLE_WRITE)
def save(record_id: int) -> Response:
    article = overview.PAGES.get(record_id)
    form = _form_of(article)
    if form.validate_on_submit():
        with form.refusals():
            commands.change(session, article, values=_with_files(form), revision=form.seen, actor=access.actor())
            return _saved(article)
    return _shown(form, overview.PAGES.get(record_id))


def _shown(form: WordsForm, article: Article | None = None) -> Response:
    """Show the form as typed.  Where somebody else was faster, their words stand beside it, and saving again overwrites."""
    theirs: list[tuple[Any, Any]] = []
    if article is not None and isinstance(form.refusal, StaleEdit):
        now, typed = _in_hand(article), form.words()
        form.version.data = str(article.revision)
        theirs = [(ARTICLE[name].label, getattr(now, name)) for name in typed if getattr(now, name) != typed[name]]
    language = _language(article)
    return forms.show(
        "backoffice/knowledge_base/writing.html",
        form,
        article=article,
        language_of_text=language,
        theirs=theirs,
        source=translating.source_for(session, article, actor=access.actor()) if article else None,
        snippets=snippets.all_of_them(session),
        preview=texts.rendered(session, form.body.data or "", language.code).html,
        accepted_files=ACCEPTED,
        has_lost_files=bool(form.errors and attachments.arrived()),
    )


def _language(article: Article | None) -> Language:
    chosen = article.language if article else request.values.get("language", "")
    return BY_CODE.get(chosen, spoken())


@blueprint.post("/articles/preview")
@requires(Permission.ARTICLE_WRITE)
def preview() -> str:
    """Return the text of the form as its readers would see it: into the page, or as a page of its own without scripts."""
    text = request.form.get("body", "")[: texts.BODY_LENGTH]
    html = texts.rendered(session, text, _language(None).code).html
    template = "_preview.html" if htmx.wants_fragment() else "preview.html"
    title = request.form.get("title", "")[: texts.TITLE_LENGTH]
    return render_template(f"backoffice/knowledge_base/{template}", html=html, title=title)


@blueprint.post("/articles/files")
@requires(Permission.ARTICLE_WRITE)
def upload() -> Response:
    """Keep what was pasted or dropped into the text, and answer with the Markdown that shows it."""
    try:
        stored = media.store(session, attachments.arrived())
    except DomainError as error:
        refusal: Response = jsonify(error=str(error))
        refusal.status_code = error.status
        return refusal
    return jsonify(markdown=[media.markdown_of(session, file) for file in stored])


@blueprint.get("/files/<file_id>")
@requires(Permission.ARTICLE_READ)
def file(file_id: str) -> Response:
    return attachments.send(media.get(session, attachments.parse_id(file_id), actor=access.actor()))


@blueprint.app_template_filter("at_the_desk")
def _at_the_desk(html: str) -> str:
    """Let sanitised HTML find its files where staff may open them, drafts' included."""
    return html.replace('"/files/', '"/desk/files/')
