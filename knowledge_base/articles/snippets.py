"""Snippets: a text that many articles name, written in one place."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import clock, database, events
from kernel.actors import Actor
from kernel.errors import DomainError, InvalidField, NotFound, StaleEdit
from kernel.i18n import CODES
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from knowledge_base.articles import texts
from knowledge_base.articles.models import Article, Snippet, Version
from knowledge_base.articles.rendering import snippets_in

NAME_LENGTH = 60
TEXT_LENGTH = 20_000


class SnippetExists(DomainError):
    status = 409
    message = _l("There is a snippet of this name already.")


class SnippetInUse(DomainError):
    message = _l("%(count)s articles use this snippet. Take it out of them first.")


def all_of_them(session: Session) -> Sequence[Snippet]:
    return session.scalars(select(Snippet).order_by(Snippet.name)).all()


def get(session: Session, snippet_id: int) -> Snippet:
    """Return one snippet, or raise `NotFound`."""
    found = session.get(Snippet, snippet_id)
    if found is None:
        raise NotFound()
    return found


def add(session: Session, *, name: str, words: dict[str, str], actor: Actor) -> Snippet:
    """Write a new snippet, its text by language code.  Raises `InvalidField` or `SnippetExists`."""
    snippet = Snippet(name=_name(name), texts=_texts(words), updated_at=clock.now())
    database.insert_or_refuse(session, snippet, SnippetExists())
    events.record(session, "snippet.changed", snippet, actor=actor, snippet=snippet.name)
    return snippet


def change(session: Session, snippet: Snippet, *, words: dict[str, str], version: int, actor: Actor) -> None:
    """Change a snippet's texts; every article that names it is rendered anew soon after.  Its name stays: articles hold it.

    Raises `InvalidField` or `StaleEdit`.
    """
    session.refresh(snippet, with_for_update=True)
    if version != snippet.version:
        raise StaleEdit()
    if snippet.texts != (kept := _texts(words)):
        snippet.texts, snippet.updated_at = kept, clock.now()
        events.record(session, "snippet.changed", snippet, actor=actor, snippet=snippet.name)


def delete(session: Session, snippet: Snippet, *, actor: Actor) -> None:
    """Delete a snippet that no article names, in what readers see or in what is being written.  Raises `SnippetInUse`."""
    if users := users_of(session, [snippet]).get(snippet.name):
        raise SnippetInUse(count=users)
    events.record(session, "snippet.deleted", snippet, actor=actor, snippet=snippet.name)
    session.delete(snippet)


def users_of(session: Session, snippets: Sequence[Snippet]) -> dict[str, int]:
    """Return how many articles name each snippet in their words, now or in the next version."""
    names: dict[str, set[int]] = {snippet.name: set() for snippet in snippets}
    mark = "%{{%snippet:%"
    live = select(Article.id, Article.body).where(Article.body.like(mark))
    coming = select(Version.article_id, Version.body).join(Article, Article.id == Version.article_id)
    coming = coming.where(Version.state == Article.next_status, Version.body.like(mark))
    for article_id, body in [*session.execute(live), *session.execute(coming)]:
        for name in snippets_in(body) & names.keys():
            names[name].add(article_id)
    return {name: len(ids) for name, ids in names.items() if ids}


def render_again(session: Session, name: str, *, actor: Actor) -> None:
    """Bring what readers see up to a snippet's present text."""
    query = select(Article).where(Article.body.like("%{{%snippet:%")).order_by(Article.id).with_for_update()
    for article in session.scalars(query):
        if name in snippets_in(article.body) and texts.render_again(session, article):
            events.record(session, "article.rendered", article, actor=actor, snippet=name)


def _name(value: str) -> str:
    name = " ".join(clean(value).split())
    if not name or len(name) > NAME_LENGTH or set(name) & set("{}:"):
        raise InvalidField("name", _l("Give it a short name without braces and colons."))
    return name


def _texts(words: dict[str, str]) -> dict[str, str]:
    kept = {code: clean(text).strip()[:TEXT_LENGTH] for code, text in words.items() if code in CODES}
    if not any(kept.values()):
        raise InvalidField("text", _l("Write the text in at least one language."))
    return {code: text for code, text in kept.items() if text}
