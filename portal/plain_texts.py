"""Articles as their authors wrote them, and the list of them for language models (llmstxt.org)."""

from collections import defaultdict
from collections.abc import Sequence

from flask import Blueprint, Response, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import i18n
from kernel.actors import VISITOR
from kernel.i18n import BY_CODE, LANGUAGES, Language
from knowledge_base.articles import open_to_all, queries
from knowledge_base.articles.queries import Article
from portal import help_centre, machines, navigation
from tenants.modules import Module
from web import hosts, modules
from web.access import public
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("plain_texts", __name__), Module.KNOWLEDGE_BASE)


@blueprint.get("/<language:language>/a/<int:article_id>.md")
@public("machines read what everybody may read")
def article(article_id: int) -> AnyResponse:
    """Return an article's Markdown with its title and source; search engines shall list the page instead."""
    found = open_to_all.article(session, article_id)
    if found.language != i18n.spoken().code:
        return redirect(markdown_url(found), 301)
    source = navigation.absolute(help_centre.article_url(found))
    summary = f"> {found.summary}\n\n" if found.summary else ""
    text = f"# {found.title}\n\n{summary}{found.body}\n\n---\n{source}\n"
    response = machines.answer(text, "text/markdown")
    response.headers["Content-Language"] = i18n.spoken().tag
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Link"] = f'<{source}>; rel="canonical"'
    return response


def markdown_url(found: Article) -> str:
    return url_for("plain_texts.article", language=BY_CODE[found.language].path, article_id=found.id)


@blueprint.get("/llms.txt")
@public("machines read what everybody may read")
def for_models() -> Response:
    """List every article by language and category, the tenant's own language first."""
    tenant = hosts.tenant()
    assert tenant is not None
    by_language = defaultdict[str, list[Article]](list)
    for one in open_to_all.everything(session):
        by_language[one.language].append(one)
    languages = sorted((one for one in LANGUAGES if by_language[one.code]), key=lambda one: one != tenant.language)
    parts = [f"# {_line(tenant.name)}", f"> {_line(_('Answers from %(name)s, and a way to ask.', name=tenant.name))}"]
    for language in languages:
        parts += _sections(language, by_language[language.code])
    return machines.answer("\n\n".join(parts) + "\n", "text/plain")


def _sections(language: Language, articles: Sequence[Article]) -> list[str]:
    """Return a section for each category that has articles in a language, in the order of the tree."""
    by_category = defaultdict[int, list[str]](list)
    for one in articles:
        summary = f": {_line(one.summary)}" if one.summary else ""
        title = _line(one.title).replace("[", "(").replace("]", ")")
        by_category[one.category_id].append(f"- [{title}]({navigation.absolute(markdown_url(one))}){summary}")
    branches = queries.flattened(queries.tree(session, language, actor=VISITOR))
    return [
        f"## {language.name}: {_line(' / '.join(part.name_in(language) for part in branch.path))}\n\n"
        + "\n".join(by_category[branch.category.id])
        for branch in branches
        if branch.category.id in by_category
    ]


def _line(text: str) -> str:
    return " ".join(text.split())
