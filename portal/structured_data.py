"""What a page is about, in the words of schema.org (JSON-LD), for search engines."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from kernel.i18n import BY_CODE, Language
from knowledge_base.articles.open_to_all import Answer
from knowledge_base.articles.queries import Article
from portal import machines, navigation
from web import hosts

Data = dict[str, Any]


def of_home() -> Data:
    return {"@context": "https://schema.org", **_organization()}


def _organization() -> Data:
    tenant = hosts.tenant()
    assert tenant is not None
    phone = {"telephone": tenant.phone} if tenant.phone else {}
    return {"@type": "Organization", "name": tenant.name, "url": tenant.url("/"), **phone}


def of_article(article: Article, *, url: str, above: Sequence[tuple[str, str]]) -> Data:
    """Return what an article at the absolute `url` is; `above` are the names and paths of the pages that lead to it."""
    written_at = article.text_at or article.updated_at
    published_at = article.published_at or written_at
    about: Data = {
        "@type": "Article",
        "headline": article.title,
        "inLanguage": BY_CODE[article.language].tag,
        "datePublished": machines.moment(published_at),
        "dateModified": machines.moment(max(published_at, written_at)),
        "mainEntityOfPage": url,
        "author": _organization(),
        "publisher": _organization(),
    }
    if article.summary:
        about["description"] = article.summary
    return _graph(about, _breadcrumb([*above, (article.title, url)]))


def of_category(answers: Sequence[Answer], *, name: str, url: str, language: Language) -> Data:
    """Return the way to a category, and its questions and answers where the tenant says that they are such."""
    crumbs = _breadcrumb([(str(_("Help centre")), url_for("home.page")), (name, url)])
    if not answers:
        return _graph(crumbs)
    return _graph({"@type": "FAQPage", "inLanguage": language.tag, "mainEntity": [_question(one) for one in answers]}, crumbs)


def _question(one: Answer) -> Data:
    return {"@type": "Question", "name": one.question, "acceptedAnswer": {"@type": "Answer", "text": one.answer}}


def _breadcrumb(pages: Sequence[tuple[str, str]]) -> Data:
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": navigation.absolute(url) if url.startswith("/") else url}
        for place, (name, url) in enumerate(pages, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def _graph(*parts: Data) -> Data:
    return {"@context": "https://schema.org", "@graph": list(parts)}
