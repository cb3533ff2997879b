"""Keeping the search index equal to the articles."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.events import Event, listens_to
from kernel.i18n import BY_CODE
from kernel.jobs import job
from knowledge_base.articles import queries
from knowledge_base.articles.finding import index_folder
from knowledge_base.articles.models import Article
from knowledge_base.search import index
from knowledge_base.search.index import Document


@listens_to("article.written", "article.changed", "article.published", "article.withdrawn")
def on_article_changed(session: Session, event: Event) -> None:
    """Bring the index up to the article as it is now: running late, twice or out of order ends in the same place."""
    article = session.get(Article, event.subject_id)
    upserts, deletes = ([_document(article)], []) if article else ([], [event.subject_id])
    try:
        index.apply(index_folder(session), upserts, deletes)
    except index.NeedsRebuild:
        reindex(session)


@job("articles.repair_index")
def repair_index(session: Session) -> None:
    """Make the index anew where it does not hold exactly what the database holds."""
    folder = index_folder(session)
    try:
        is_equal = not index.is_stale(folder) and index.contents(folder) == queries.revisions(session)
    except index.NeedsRebuild:
        is_equal = False
    if not is_equal:
        reindex(session)


def reindex(session: Session, progress: Callable[[int], None] | None = None) -> int:
    """Build the tenant's index afresh, swap it in, and return how many articles it holds; readers go on with the old one."""
    documents = [_document(article) for article in session.scalars(select(Article).order_by(Article.id))]
    index.rebuild(index_folder(session), documents, progress)
    return len(documents)


def _document(article: Article) -> Document:
    return Document(
        article_id=article.id,
        revision=article.revision,
        language=BY_CODE[article.language].code,
        title=article.title,
        body=f"{article.summary}\n{article.body_text}",
        keywords=" ".join(article.keywords),
        is_public=article.is_published,
    )
