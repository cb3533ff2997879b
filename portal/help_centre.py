"""Categories and articles, and what their readers think of them."""

import math
import uuid
from collections.abc import Callable, Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Optional

from kernel import i18n
from kernel.errors import NotFound
from kernel.i18n import BY_CODE, Language
from kernel.i18n import lazy_text as _l
from kernel.text import slug as slug_of
from knowledge_base.articles import commands, open_to_all, queries, reading, relating
from knowledge_base.articles.queries import Article, Branch, Category, Vote
from portal import navigation, shelf, structured_data, visitors
from tenants.modules import Module
from web import htmx, modules
from web.access import actor, public
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("help_centre", __name__), Module.KNOWLEDGE_BASE)

_PAGE = 25
_LETTERS_PER_MINUTE, _WORDS_PER_MINUTE = 400, 220
_LEAST_HEADINGS = 3
_REASON_NAMES = (
    ("outdated", _l("It is out of date")),
    ("unclear", _l("It is hard to understand")),
    ("did_not_work", _l("I did what it says, and it did not work")),
    ("other", _l("Something else")),
)


def category_url(category: Category, language: Language | None = None) -> str:
    language = language or i18n.spoken()
    name = slug_of(category.name_in(language))
    return url_for("help_centre.category", language=language.path, category_id=category.id, slug=name)


def article_url(article: Article, language: Language | None = None) -> str:
    """Return the address of an article: in its own language, unless a page in another shall show it."""
    language = language or BY_CODE[article.language]
    return url_for("help_centre.article", language=language.path, article_id=article.id, slug=article.slug)


@blueprint.app_context_processor
def _addresses() -> dict[str, Callable[..., str]]:
    return {"category_url": category_url, "article_url": article_url}


@blueprint.get("/<language:language>/c/<int:category_id>", defaults={"slug": ""})
@blueprint.get("/<language:language>/c/<int:category_id>-<slug>")
@public("the help centre is open to everybody")
def category(category_id: int, slug: str) -> str | Response:
    stock = shelf.stocked()
    branch = queries.find_branch(stock.roots, category_id)
    if branch.is_hidden:
        raise NotFound()
    here = category_url(branch.category)
    if slug != slug_of(branch.category.name_in(i18n.spoken())):
        return redirect(here, 301)
    found = queries.in_category(session, [category_id], stock.language, actor=actor())
    page = max(1, request.args.get("page", 1, type=int))
    paths = {language.code: category_url(branch.category, language) for language in i18n.LANGUAGES}
    filled = open_to_all.languages_of_category(session, category_id)
    address = navigation.absolute(here)
    return render_template(
        "portal/help_centre/category.html",
        shelf=stock,
        branch=branch,
        branches=[below for below in branch.branches if below.article_count],
        articles=found[(page - 1) * _PAGE : page * _PAGE],
        previous_url=f"{here}?page={page - 1}" if page > 1 else None,
        next_url=f"{here}?page={page + 1}" if len(found) > page * _PAGE else None,
        canonical=f"{address}?page={page}" if page > 1 else address,
        alternates=navigation.alternates({code: paths[code] for code in paths if code in filled}) if page == 1 else [],
        structured=_about_category(branch, stock.language, address),
        language_url=lambda language: paths[language.code],
    )


def _about_category(branch: Branch, language: Language, url: str) -> structured_data.Data:
    answers = open_to_all.answers(session, branch.category.id, language) if branch.category.is_faq else []
    return structured_data.of_category(answers, name=branch.category.name_in(i18n.spoken()), url=url, language=language)


@blueprint.get("/<language:language>/a/<int:article_id>", defaults={"slug": ""})
@blueprint.get("/<language:language>/a/<int:article_id>-<slug>")
@public("the help centre is open to everybody")
def article(article_id: int, slug: str) -> str | Response:
    found = queries.get(session, article_id, actor=actor())
    translations = queries.translations(session, found, actor=actor())
    own = translations.get(i18n.spoken().code)
    if own is not None and own.id != found.id:
        return redirect(article_url(own))
    if slug != found.slug:
        return redirect(article_url(found, i18n.spoken()), 301)
    visitors.opened(found)
    return _page_of(found, translations)


def _page_of(found: Article, translations: dict[str, Article]) -> str:
    shown = reading.of(found, i18n.spoken())
    headings = [heading for heading in shown.headings if heading[0] <= 3]
    paths = {code: article_url(translation) for code, translation in translations.items()}
    path, address = _branch_of(found).path, navigation.absolute(article_url(found))

    def language_url(language: Language) -> str:
        return paths.get(language.code) or article_url(found, language)

    return render_template(
        "portal/help_centre/article.html",
        article=found,
        shown=shown,
        translations=[other for code, other in BY_CODE.items() if code in translations],
        path=path,
        headings=headings if len(headings) >= _LEAST_HEADINGS else [],
        minutes=reading_minutes(found.body_text),
        related=relating.related(session, found, actor=actor()),
        vote=_vote_of_visitor(found),
        reasons=_REASON_NAMES,
        canonical=address,
        alternates=navigation.alternates(paths),
        markdown=url_for("plain_texts.article", language=BY_CODE[found.language].path, article_id=found.id),
        structured=structured_data.of_article(found, url=address, above=_crumbs(path)),
        language_url=language_url,
    )


def _crumbs(path: Sequence[Category]) -> list[tuple[str, str]]:
    return [(str(_("Help centre")), url_for("home.page")), *((one.name_in(i18n.spoken()), category_url(one)) for one in path)]


def _branch_of(found: Article) -> Branch:
    return queries.find_branch(queries.tree(session, BY_CODE[found.language], actor=actor()), found.category_id)


def reading_minutes(text: str) -> int:
    """Return how long a text takes to read, at least a minute: Han by characters, the rest by words."""
    han = sum("\u2e80" <= letter <= "\u9fff" for letter in text)
    words = sum(not "\u2e80" <= word[0] <= "\u9fff" for word in text.split())
    return max(1, math.ceil(han / _LETTERS_PER_MINUTE + words / _WORDS_PER_MINUTE))


class VoteForm(Form):
    """A vote; `reason` and `comment` follow when it was no."""

    helpful = RadioField(choices=["yes", "no"], validators=[InputRequired()])
    reason = RadioField(choices=[name for name, _label in _REASON_NAMES], validators=[Optional()])
    comment = TextAreaField()


@blueprint.post("/<language:language>/a/<int:article_id>/vote")
@public("every reader may say whether an article helped")
def vote(article_id: int) -> Response | str:
    form = VoteForm()
    if not form.validate():
        abort(422)
    found = queries.get(session, article_id, actor=actor())
    # Who says why without choosing a reason has one that is not in the list.
    reason = form.reason.data or ("other" if form.comment.data else "")
    cast = commands.vote(
        session,
        found,
        visitor=cookie.setdefault("visitor", uuid.uuid4().hex),
        is_helpful=form.helpful.data == "yes",
        reason=reason,
        comment=form.comment.data or "",
        actor=actor(),
    )
    if htmx.wants_fragment():
        return render_template("portal/help_centre/_feedback.html", article=found, vote=cast, reasons=_REASON_NAMES)
    return htmx.redirect_to(f"{article_url(found, i18n.spoken())}#feedback")


def _vote_of_visitor(found: Article) -> Vote | None:
    """Return how this browser voted; one that never did costs no look."""
    return queries.vote_of(session, found, cookie["visitor"]) if "visitor" in cookie else None
