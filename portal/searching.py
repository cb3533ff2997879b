"""Searching the help centre: as one types, and the page of results."""

from flask import Blueprint, render_template, request, url_for

from kernel import i18n
from knowledge_base.articles import finding, queries
from knowledge_base.questions.queries import Face
from portal import robots, shelf, visitors
from tenants.modules import Module
from web import modules
from web.access import actor, public
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("searching", __name__), Module.KNOWLEDGE_BASE)
blueprint.after_request(robots.keep_out)

_PAGE = 10
_POPULAR = 3
_CATEGORIES = 6
LONGEST_QUESTION = 200


def question(argument: str = "q") -> str:
    """Return what is asked for, in one line; nobody means more than two hundred characters."""
    return " ".join(request.args.get(argument, "").split())[:LONGEST_QUESTION]


def means_something(words: str) -> bool:
    """Whether a question is long enough to ask: one Chinese character or two Latin letters are."""
    return len(words) >= 2 or not words.isascii()


@blueprint.get("/<language:language>/search")
@public("the help centre is open to everybody")
def results() -> str:
    words = question()
    page = max(1, request.args.get("page", 1, type=int))
    category_id = request.args.get("category", type=int)
    found = _found(words, page, category_id)
    if words and page == 1 and category_id is None:
        # A guess has no word of the question: whoever was shown one was not answered.
        visitors.asked(words, face=Face.RESULTS, hits=found.total if found.is_answered else 0)
    return render_template(
        "portal/search/results.html",
        words=words,
        found=found,
        category_id=category_id,
        categories=found.categories[:_CATEGORIES] if found.is_answered and len(found.categories) > 1 else [],
        popular=[] if found.is_answered else _popular(),
        previous_url=_address(words, category_id, page - 1) if page > 1 else None,
        next_url=_address(words, category_id, page + 1) if found.total > page * _PAGE else None,
    )


def _address(words: str, category_id: int | None, page: int) -> str:
    return url_for("searching.results", q=words, category=category_id, page=page)


def _found(words: str, page: int, category_id: int | None) -> finding.Finds:
    """Return one page of what answers `words`: the one place where the help centre is asked."""
    if not words:
        return finding.Finds()
    start = (page - 1) * _PAGE
    return finding.find(session, words, i18n.spoken(), actor=actor(), start=start, limit=_PAGE, category_id=category_id)


def _popular() -> list[queries.Article]:
    return list(queries.popular(session, shelf.stocked().language, actor=actor(), limit=_POPULAR))


@blueprint.get("/<language:language>/search/suggestions")
@public("the help centre is open to everybody")
def suggestions() -> str:
    words = question()
    if not means_something(words):
        return render_template("portal/search/_suggestions.html", words=words, articles=[], categories=[])
    articles = finding.suggest(session, words, i18n.spoken(), actor=actor())
    visitors.asked(words, face=Face.SUGGESTIONS, hits=len(articles))
    categories = finding.categories_named(session, words, i18n.spoken(), actor=actor())
    return render_template("portal/search/_suggestions.html", words=words, articles=articles, categories=categories)
