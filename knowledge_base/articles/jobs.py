"""What happens to articles by itself: the search index follows them, their hour comes, their snippets change."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import clock, outbox
from kernel.actors import SYSTEM
from kernel.events import Event, listens_to
from kernel.i18n import BY_CODE
from kernel.jobs import job
from knowledge_base.articles import queries, snippets, texts, workflow
from knowledge_base.articles.finding import index_folder
from knowledge_base.articles.models import Article, ArticleStatus
from knowledge_base.search import index
from knowledge_base.search.index import Document


@listens_to("article.written", "article.changed", "article.published", "article.withdrawn")
@listens_to("article.archived", "article.arranged", "article.rolled_back", "article.rendered")
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


@job("articles.publish_when_due")
def publish_when_due(session: Session, *, article_id: int, number: int) -> None:
    """Publish a scheduled version, unless it was taken back or put off since this was promised."""
    article = session.get(Article, article_id)
    if article is None:
        return
    texts.hold(session, article)
    version = queries.open_version(session, article)
    is_due = version is not None and version.publish_at is not None and version.publish_at <= clock.now()
    if version is not None and is_due and version.number == number and version.state == ArticleStatus.SCHEDULED:
        workflow.publish(session, article, actor=SYSTEM)


@job("articles.take_down_when_due")
def take_down_when_due(session: Session, *, article_id: int) -> None:
    """Archive an article whose time is over, unless it has been given more since this was promised."""
    article = session.get(Article, article_id)
    if article is not None and article.is_published and article.expires_at and article.expires_at <= clock.now():
        workflow.archive(session, article, actor=SYSTEM)


@listens_to("snippet.changed")
def on_snippet_changed(session: Session, event: Event) -> None:
    snippets.render_again(session, event.data["snippet"], actor=SYSTEM)


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
        is_public=article.is_public,
    )
