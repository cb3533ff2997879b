"""An article's way to its readers: draft, review, approval, the hour of publication, and back."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel import clock, events, outbox
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, InvalidField
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from knowledge_base.articles import queries, texts
from knowledge_base.articles.models import DISCARDED, OPEN, REPLACED, Article, ArticleStatus, Version
from tenants import staff
from tenants.permissions import Permission


class OwnArticle(DomainError):
    message = _l("You wrote on this text yourself. Somebody else must approve it.")


class NotInThatState(DomainError):
    status = 409
    message = _l("The article has moved on meanwhile. Look at its present state, then try again.")


def submit(session: Session, article: Article, *, actor: Actor, revision: int | None = None) -> None:
    """Ask for a review."""
    version = _open(session, article, ArticleStatus.DRAFT, revision=revision)
    version.note = ""
    _pass_on(session, article, version, ArticleStatus.IN_REVIEW, "article.submitted", actor)


def send_back(session: Session, article: Article, *, note: str, actor: Actor, revision: int | None = None) -> None:
    """Hand the text back to its author, with what the reviewer asks for.  Raises `InvalidField` for an empty `note`."""
    if not (wanted := clean(note).strip()[:2000]):
        raise InvalidField("note", _l("Say what should change."))
    version = _open(session, article, *_REVIEWED, revision=revision)
    version.note, version.publish_at = wanted, None
    _pass_on(session, article, version, ArticleStatus.DRAFT, "article.sent_back", actor)


def approve(session: Session, article: Article, *, actor: Actor, revision: int | None = None) -> None:
    """Find the text fit for its readers.  Raises `OwnArticle` when `actor` wrote on it."""
    version = _open(session, article, ArticleStatus.IN_REVIEW, revision=revision)
    _check_second_person(session, version, actor)
    version.reviewer_name = actor.name
    _pass_on(session, article, version, ArticleStatus.APPROVED, "article.approved", actor)


def schedule(session: Session, article: Article, *, at: datetime | None, actor: Actor) -> None:
    """Let an approved text appear by itself `at` a moment to come."""
    if at is None or at <= clock.now():
        raise InvalidField("publish_at", _l("Choose a moment to come."))
    version = _open(session, article, ArticleStatus.APPROVED, ArticleStatus.SCHEDULED)
    version.publish_at = at
    promise_publishing(session, version)
    _pass_on(session, article, version, ArticleStatus.SCHEDULED, "article.scheduled", actor, at=at.isoformat())


def promise_publishing(session: Session, version: Version) -> None:
    """Promise to publish a version at its hour."""
    what = {"article_id": version.article_id, "number": version.number}
    outbox.put(session, "articles.publish_when_due", what, due_at=version.publish_at)


def unschedule(session: Session, article: Article, *, actor: Actor) -> None:
    """Let an approved text wait for somebody to publish it."""
    version = _open(session, article, ArticleStatus.SCHEDULED)
    version.publish_at = None
    _pass_on(session, article, version, ArticleStatus.APPROVED, "article.unscheduled", actor)


def discard(session: Session, article: Article, *, actor: Actor) -> None:
    """Give up the next version of a published article; it stays in the history."""
    version = _open(session, article, *OPEN)
    if not article.is_published:
        raise NotInThatState()
    if version.state in (ArticleStatus.APPROVED, ArticleStatus.SCHEDULED) and not actor.may(Permission.ARTICLE_PUBLISH):
        raise Forbidden()
    before = version.state
    version.state, version.publish_at, article.next_status = DISCARDED, None, None
    _record(session, article, "article.discarded", actor, status=(before, DISCARDED), number=version.number)


_REVIEWED = (ArticleStatus.IN_REVIEW, ArticleStatus.APPROVED, ArticleStatus.SCHEDULED)


def _open(session: Session, article: Article, *states: ArticleStatus, revision: int | None = None) -> Version:
    texts.hold(session, article, revision)
    version = queries.open_version(session, article)
    if version is None or version.state not in states:
        raise NotInThatState()
    return version


def _pass_on(
    session: Session, article: Article, version: Version, state: ArticleStatus, event: str, actor: Actor, **facts: str
) -> None:
    before, version.state = version.state, state
    if article.is_published:
        article.next_status = state
    else:
        article.status = state
    _record(session, article, event, actor, status=(before, state), number=version.number, **facts)


def _record(
    session: Session, article: Article, event: str, actor: Actor, *, status: tuple[str, str], **facts: int | str
) -> None:
    """Write down that a text has moved on: `status` is what it was, and what it is now."""
    article.updated_at = clock.now()
    events.record(session, event, article, actor=actor, changes={"status": [str(one) for one in status]}, **facts)


def publish(session: Session, article: Article, *, actor: Actor, revision: int | None = None) -> None:
    """Show readers the text that is being worked on, or an archived article again; one that is live stays as it is.

    Raises `OwnArticle` when nobody else has approved the text and `actor` wrote on it.
    """
    texts.hold(session, article, revision)
    version = queries.open_version(session, article) or (None if article.is_published else queries.latest(session, article))
    if version is None:
        return
    if version.state not in (ArticleStatus.APPROVED, ArticleStatus.SCHEDULED, REPLACED):
        _check_second_person(session, version, actor)
    version.reviewer_name = version.reviewer_name or actor.name
    before = version.state if version.state in OPEN else article.status
    release(session, article, version)
    _record(session, article, "article.published", actor, status=(before, article.status), number=version.number)


def needs_second_person(session: Session, version: Version, *, actor: Actor) -> bool:
    """Whether somebody else must approve a text, because `actor` wrote on it and is not the only one who may publish.

    Four eyes see more than two; where there are only two, theirs must do (docs/decisions/0025).
    """
    if actor.id not in version.author_ids or actor.kind == "system":
        return False
    others = (member for member in staff.active(session) if member.id != actor.id)
    return any(member.as_actor().may(Permission.ARTICLE_PUBLISH) for member in others)


def _check_second_person(session: Session, version: Version, actor: Actor) -> None:
    if needs_second_person(session, version, actor=actor):
        raise OwnArticle()


def release(session: Session, article: Article, version: Version) -> None:
    """Put a version in front of readers, in place of the one they saw."""
    now = clock.now()
    _retire(session, article)
    version.state, version.publish_at, version.published_at = ArticleStatus.PUBLISHED, None, now
    texts.put_in_place(session, article, version)
    still_open = queries.open_version(session, article)
    article.next_status = still_open.state if still_open else None
    article.status, article.live_number = ArticleStatus.PUBLISHED, version.number
    article.published_at = article.published_at or now
    article.updated_at = now


def _retire(session: Session, article: Article) -> None:
    if article.live_number is not None:
        live = queries.version(session, article, article.live_number)
        live.state, article.live_number = REPLACED, None
        session.flush()


def withdraw(session: Session, article: Article, *, actor: Actor) -> None:
    """Take the article back to a draft; from the commit on no reader finds it."""
    texts.hold(session, article)
    if article.status == ArticleStatus.DRAFT:
        return
    open_version = queries.open_version(session, article)
    version = open_version or texts.copy(session, article, queries.latest(session, article))
    _retire(session, article)
    before, article.status = article.status, ArticleStatus.DRAFT
    version.state, version.publish_at = ArticleStatus.DRAFT, None
    texts.reflect(session, article, version)
    _record(session, article, "article.withdrawn", actor, status=(before, article.status))


def archive(session: Session, article: Article, *, actor: Actor) -> None:
    """Put the article away: no reader finds it, nobody works on it, and its history stays."""
    texts.hold(session, article)
    if article.status == ArticleStatus.ARCHIVED:
        return
    if version := queries.open_version(session, article):
        version.state, version.publish_at = DISCARDED, None
    _retire(session, article)
    before, article.status = article.status, ArticleStatus.ARCHIVED
    article.next_status, article.expires_at = None, None
    _record(session, article, "article.archived", actor, status=(before, article.status))


def roll_back(session: Session, article: Article, *, number: int, actor: Actor) -> None:
    """Show readers an earlier published version again, as a new one with the same words and the same day."""
    texts.hold(session, article)
    old = queries.version(session, article, number)
    if not article.is_published or old.published_at is None:
        raise NotInThatState()
    if number == article.live_number:
        return
    again = texts.copy(session, article, old)
    again.reviewer_name = actor.name
    release(session, article, again)
    events.record(session, "article.rolled_back", article, actor=actor, number=again.number, to=number)
