"""What happens to articles by itself: the search index follows them, their hour comes, their snippets change."""

from collections.abc import Callable, Collection, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import clock, database, outbox
from kernel.actors import SYSTEM
from kernel.events import Event, listens_to
from kernel.i18n import BY_CODE
from kernel.jobs import job
from knowledge_base.articles import arranging, audience, queries, snippets, texts, workflow
from knowledge_base.articles.models import Article, ArticleStatus, Version
from knowledge_base.search.documents import Document, NeedsRebuild
from knowledge_base.search.engines import engine_of
from tenants.archive.importing import after_import
from tenants.migrations.backfills import Batch, backfill

# An import promises an event for each article; whichever is told first indexes so many of those that changed with it.
_BATCH = 200


@listens_to("article.written", "article.changed", "article.published", "article.withdrawn")
@listens_to("article.archived", "article.arranged", "article.rolled_back", "article.rendered")
def on_article_changed(session: Session, event: Event) -> None:
    """Bring the index up to the article as it is now: running late, twice or out of order ends in the same place."""
    engine = engine_of(session)
    if not engine.exists():
        reindex(session)
        return
    try:
        if waiting := _behind(session, event.subject_id):
            # A generator, because the articles must be read when the index's one writer has its turn, not before.
            engine.apply(_documents(session, waiting), waiting)
    except NeedsRebuild:
        reindex(session)


def _behind(session: Session, article_id: int) -> list[int]:
    """Return the article and what else was changed of late, as far as the index does not know it yet."""
    mine = select(Article.id, Article.indexed_revision).where(Article.id == article_id)
    revisions = dict(session.execute(mine).all())
    engine = engine_of(session)
    if revisions == engine.revisions([article_id]):
        return []
    lately = select(Article.id, Article.indexed_revision).order_by(Article.updated_at.desc(), Article.id.desc()).limit(_BATCH)
    revisions |= dict(session.execute(lately).all())
    known = engine.revisions(list(revisions))
    return [article_id, *(one for one, revision in revisions.items() if known.get(one) != revision and one != article_id)]


def _documents(session: Session, article_ids: Collection[int]) -> Iterator[Document]:
    some = select(Article).where(Article.id.in_(article_ids)).execution_options(populate_existing=True)
    return (_document(article) for article in session.scalars(some))


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


@job("articles.promise_hours")
def promise_hours(session: Session) -> None:
    """Promise again what is to happen to articles at its hour: promises do not travel with a tenant's data."""
    for version in session.scalars(select(Version).where(Version.state == ArticleStatus.SCHEDULED)):
        workflow.promise_publishing(session, version)
    for article in session.scalars(select(Article).where(Article.expires_at.is_not(None))):
        arranging.promise_taking_down(session, article)


after_import("articles.promise_hours", renews=("articles.publish_when_due", "articles.take_down_when_due"))


@listens_to("snippet.changed")
def on_snippet_changed(session: Session, event: Event) -> None:
    snippets.render_again(session, event.data["snippet"], actor=SYSTEM)


# Rendering the longest articles that may be takes a tenth of a second each; of usual ones a batch takes about that.
_RENDERED_AT_ONCE = 20


@backfill("articles.render_again", since="0014")
def render_again(session: Session, position: str) -> Batch:
    """Render once more what an earlier release has rendered: its plain text ran words together where a line ends."""
    query = select(Article).where(Article.id > int(position or 0)).order_by(Article.id).limit(_RENDERED_AT_ONCE)
    some = session.scalars(query.with_for_update()).all()
    if changed := sum(texts.render_again(session, article) for article in some):
        # One comparison for them all, where an event for each would fill the trail with what nobody did.
        promise_repair(session)
    return Batch(changed, str(some[-1].id) if len(some) == _RENDERED_AT_ONCE else None)


@job("articles.repair_index")
def repair_index(session: Session) -> None:
    """Bring the index up to what the database holds, wherever it does not hold exactly that."""
    engine = engine_of(session)
    if not engine.exists() or engine.is_stale():
        reindex(session)
        return
    try:
        known, wanted = engine.contents(), queries.revisions(session)
        behind = [article_id for article_id, revision in wanted.items() if known.get(article_id) != revision]
        if wrong := [*behind, *(known.keys() - wanted.keys())]:
            database.be_patient(session)
            engine.apply(_documents(session, behind), wrong)
    except NeedsRebuild:
        reindex(session)


after_import("articles.repair_index")


def promise_repair(session: Session) -> None:
    """Let a worker look soon whether the tenant's index is what it should be."""
    outbox.put(session, "articles.repair_index", {})


def reindex(session: Session, progress: Callable[[int], None] | None = None) -> int:
    """Build the tenant's index afresh, swap it in, and return how many articles it holds; readers go on with the old one."""
    everything = select(Article).order_by(Article.id).execution_options(populate_existing=True, yield_per=_BATCH)
    engine = engine_of(session)
    # Whoosh sorts and writes for a minute where there are thousands of articles, and asks the database nothing meanwhile.
    database.be_patient(session)
    engine.rebuild((_document(article) for article in session.scalars(everything)), progress)
    return len(engine.contents())


def _document(article: Article) -> Document:
    return Document(
        article_id=article.id,
        revision=article.indexed_revision,
        language=BY_CODE[article.language].code,
        title=article.title,
        body=f"{article.summary}\n{article.body_text}",
        keywords="\n".join(article.keywords),
        asked_as="\n".join(article.asked_as or ()),
        audience=audience.of_article(article),
    )
