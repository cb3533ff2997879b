"""An article's words: checked as they come in, kept version by version, and put in front of readers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import clock
from kernel.actors import Actor
from kernel.errors import InvalidField, StaleEdit
from kernel.i18n import BY_CODE
from kernel.i18n import lazy_text as _l
from kernel.text import clean, search_text
from knowledge_base.articles import queries
from knowledge_base.articles.models import Article, ArticleStatus, Snippet, Version
from knowledge_base.articles.rendering import Rendered, render, snippets_in

TITLE_LENGTH = 200
BODY_LENGTH = 200_000


def _title(value: str) -> str:
    title = " ".join(clean(value).split())
    if not title:
        raise InvalidField("title", _l("Enter a title."))
    if len(title) > TITLE_LENGTH:
        raise InvalidField("title", _l("A title has at most 200 characters."))
    return title


def _body(value: str) -> str:
    body = clean(value).strip()
    if not body:
        raise InvalidField("body", _l("Write the article's text."))
    if len(body) > BODY_LENGTH:
        raise InvalidField("body", _l("An article has at most 200,000 characters."))
    return body


def _keywords(value: Sequence[str]) -> list[str]:
    words = (clean(word).strip()[:40] for word in value)
    return list(dict.fromkeys(word for word in words if word))[:30]


def _summary(value: str) -> str:
    return " ".join(clean(value).split())[:300]


# What a version holds, and how each part is checked.
CHECKS: dict[str, Any] = {"title": _title, "summary": _summary, "body": _body, "keywords": _keywords}


def first(session: Session, article: Article, values: dict[str, Any], *, actor: Actor) -> Version:
    """Return the first version of a new article, its words put into `article` as well.  Raises `InvalidField`."""
    version = _version({name: check(values.get(name, "")) for name, check in CHECKS.items()}, actor)
    version.number = 1
    put_in_place(session, article, version)
    return version


def keep(session: Session, article: Article, version: Version) -> None:
    """Store a version of an article that has its id by now."""
    version.article_id = article.id
    version.number = version.number or last_number(session, article) + 1
    session.add(version)
    session.flush()


def copy(session: Session, article: Article, old: Version) -> Version:
    """Return a new draft with the words, the authors and the day of an old version."""
    words = {name: getattr(old, name) for name in CHECKS}
    again = Version(**words, state=ArticleStatus.DRAFT, author_ids=old.author_ids, author_name=old.author_name)
    again.created_at, again.updated_at = clock.now(), old.updated_at
    keep(session, article, again)
    return again


def last_number(session: Session, article: Article) -> int:
    return session.scalar(select(func.max(Version.number)).where(Version.article_id == article.id)) or 0


def _version(words: dict[str, Any], actor: Actor) -> Version:
    now = clock.now()
    return Version(
        state=ArticleStatus.DRAFT,
        author_ids=[actor.id] if actor.id else [],
        author_name=actor.name,
        created_at=now,
        updated_at=now,
        **words,
    )


def edit(session: Session, article: Article, values: dict[str, Any], *, actor: Actor) -> list[str]:
    """Put words into the version that is being worked on, made now where there is none; return the names of those changed.

    What was approved before is a draft again: nobody has approved these words.
    """
    version = queries.open_version(session, article)
    words = _changes(version or article, values)
    if not words:
        return []
    version = version or _next(session, article, actor)
    _apply(version, words, actor)
    if version.state in (ArticleStatus.APPROVED, ArticleStatus.SCHEDULED):
        version.state, version.publish_at = ArticleStatus.DRAFT, None
    reflect(session, article, version)
    return list(words)


def corrected(session: Session, article: Article, values: dict[str, Any], *, actor: Actor) -> tuple[Version | None, list[str]]:
    """Return a new version of what readers see with other words, and the names of those changed; none where none is."""
    words = _changes(article, values)
    if not words:
        return None, []
    version = _next(session, article, actor)
    _apply(version, words, actor)
    return version, list(words)


def _changes(before: Version | Article, values: dict[str, Any]) -> dict[str, Any]:
    words = {name: CHECKS[name](value) for name, value in values.items()}
    return {name: value for name, value in words.items() if getattr(before, name) != value}


def _next(session: Session, article: Article, actor: Actor) -> Version:
    version = _version({name: getattr(article, name) for name in CHECKS}, actor)
    keep(session, article, version)
    return version


def _apply(version: Version, words: dict[str, Any], actor: Actor) -> None:
    for name, value in words.items():
        setattr(version, name, value)
    version.updated_at = clock.now()
    version.author_name = actor.name
    if actor.id and actor.id not in version.author_ids:
        version.author_ids = [*version.author_ids, actor.id]


def reflect(session: Session, article: Article, version: Version) -> None:
    """Let the article say how its open version stands; where readers have none yet, its words are the article's."""
    if article.is_published:
        article.next_status = version.state
    else:
        article.status, article.next_status = version.state, None
        put_in_place(session, article, version)


def put_in_place(session: Session, article: Article, version: Version) -> None:
    """Make a version's words those of the article, with all that follows from them."""
    article.title, article.summary, article.body = version.title, version.summary, version.body
    article.keywords, article.text_at = version.keywords, version.updated_at
    article.search_text = search_text(article.title, *article.keywords)
    place(article, rendered(session, article.body, article.language))


def place(article: Article, shown: Rendered) -> None:
    article.body_html, article.body_text = shown.html, shown.text
    article.headings = [list(heading) for heading in shown.headings]
    article.file_ids = shown.file_ids


def render_again(session: Session, article: Article) -> bool:
    """Bring what readers get up to today's snippets and rules of rendering; return whether that is anything else.

    Written past the ORM: it is no change that could make anybody's open edit stale.
    """
    shown = rendered(session, article.body, article.language)
    values: dict[str, Any] = {
        "body_html": shown.html,
        "body_text": shown.text,
        "headings": [list(heading) for heading in shown.headings],
        "file_ids": shown.file_ids,
    }
    if all(getattr(article, name) == value for name, value in values.items()):
        return False
    table = Article.__table__
    values["renderings"] = func.coalesce(table.c.renderings, 0) + 1
    session.execute(table.update().where(table.c.id == article.id).values(**values))  # type: ignore[attr-defined]
    return True


def rendered(session: Session, body: str, language: str) -> Rendered:
    """Return what readers of an article in this language get of its Markdown, snippets filled in."""
    spoken = BY_CODE[language]
    names = snippets_in(body)
    known = {one.name: one.text_in(spoken) for one in _snippets(session, names)} if names else {}
    return render(body, language=spoken, snippets=known.get)


def _snippets(session: Session, names: set[str]) -> Sequence[Snippet]:
    return session.scalars(select(Snippet).where(Snippet.name.in_(names))).all()


_COLUMNS = [column.key for column in Article.__mapper__.column_attrs]


def hold(session: Session, article: Article, revision: int | None = None) -> None:
    """Lock an article for the rest of the transaction and read it again: one command after the other.

    Raises `StaleEdit` when it is no longer at the `revision` that somebody saw.
    """
    session.flush()
    session.refresh(article, _COLUMNS, with_for_update=True)
    if revision is not None and revision != article.revision:
        raise StaleEdit()
