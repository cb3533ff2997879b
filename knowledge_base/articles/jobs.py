"""Keeping the search index equal to the articles."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import outbox
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
    folder = index_folder(session)
    if not index.exists(folder):
        reindex(session)
        return
    # Generators, because the articles must be read when the index's one writer has its turn, not before.
    mine = select(Article).where(Article.id == event.subject_id).execution_options(populate_existing=True)
    try:
        index.apply(folder, (_document(article) for article in session.scalars(mine)), [event.subject_id])
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


def promise_repair(session: Session) -> None:
    """Let a worker look soon whether the tenant's index is what it should be."""
    outbox.put(session, "articles.repair_index", {})


def reindex(session: Session, progress: Callable[[int], None] | None = None) -> int:
    """Build the tenant's index afresh, swap it in, and return how many articles it holds; readers go on with the old one."""
    everything = select(Article).order_by(Article.id).execution_options(populate_existing=True)
    index.rebuild(index_folder(session), (_document(article) for article in session.scalars(everything)), progress)
    return len(index.contents(index_folder(session)))


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
