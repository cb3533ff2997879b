"""Articles by language: which translations there are, which are out of date, and how one is begun."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import clock, events
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.i18n import BY_CODE, LANGUAGES, Language
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import commands, queries, texts
from knowledge_base.articles.models import Article, Category
from knowledge_base.articles.scripts import in_script


class SourceItself(DomainError):
    message = _l("This is the text that the translations follow.")


@dataclass(frozen=True)
class Row:
    """An article in all its languages; `source` is the one written first, which the others follow."""

    source: Article
    by_code: dict[str, Article]

    def is_outdated(self, language: Language) -> bool:
        """Whether the source was written anew after this translation was written or last found true to it."""
        one = self.by_code.get(language.code)
        if one is None or one is self.source:
            return False
        seen = [moment for moment in (one.text_at, one.checked_at) if moment]
        return self.source.text_at is not None and bool(seen) and self.source.text_at > max(seen)

    @property
    def outdated(self) -> list[Language]:
        return [language for language in LANGUAGES if self.is_outdated(language)]


def grid(session: Session, *, actor: Actor, page: int, size: int = 50) -> tuple[list[Row], int]:
    """Return a page of articles, the last changed first, each with its translations, and how many articles there are."""
    seen = queries.visible_to(actor).with_only_columns(Article.translation_key, Article.updated_at).subquery()
    keys = select(seen.c.translation_key, func.max(seen.c.updated_at).label("at")).group_by(seen.c.translation_key)
    total = session.scalar(select(func.count()).select_from(keys.subquery())) or 0
    ordered = keys.order_by(func.max(seen.c.updated_at).desc(), seen.c.translation_key)
    wanted = list(session.scalars(ordered.limit(size).offset((page - 1) * size)))
    return rows(session, wanted, actor=actor), total


def rows(session: Session, keys: Sequence[str], *, actor: Actor) -> list[Row]:
    query = queries.visible_to(actor).where(Article.translation_key.in_(keys)).options(*queries.for_lists())
    found: dict[str, list[Article]] = {key: [] for key in keys}
    for article in session.scalars(query.order_by(Article.id)):
        found[article.translation_key].append(article)
    return [Row(articles[0], {one.language: one for one in articles}) for articles in found.values() if articles]


def source_for(session: Session, article: Article, *, actor: Actor) -> Article | None:
    """Return the whole text that a translation follows; none for an article that is the source itself."""
    query = queries.visible_to(actor).where(Article.translation_key == article.translation_key, Article.id < article.id)
    return session.scalar(query.options(*queries.whole()).order_by(Article.id).limit(1))


def begin(session: Session, source: Article, *, language: Language, actor: Actor) -> Article:
    """Write the draft of a translation: the source's own words, to be replaced; Chinese ones in the other script already.

    Raises `TranslationExists`.
    """

    def said(text: str) -> str:
        return in_script(text, written=BY_CODE[source.language], wanted=language)

    return commands.write(
        session,
        title=said(source.title),
        summary=said(source.summary),
        body=said(source.body),
        keywords=[said(word) for word in source.keywords],
        language=language.code,
        category=session.get_one(Category, source.category_id),
        translation_key=source.translation_key,
        actor=actor,
    )


def confirm(session: Session, translation: Article, *, actor: Actor) -> None:
    """Say that a translation is still true to its source.  Raises `SourceItself`."""
    texts.hold(session, translation)
    source = queries.source_of(session, translation.translation_key)
    if source is None or source.id == translation.id:
        raise SourceItself()
    translation.checked_at = translation.updated_at = clock.now()
    events.record(session, "article.confirmed", translation, actor=actor)
