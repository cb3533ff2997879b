"""What may be read in the help centre, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer, joinedload, raiseload
from sqlalchemy.sql.base import ExecutableOption

from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import Language
from knowledge_base.articles.models import Article as Article
from knowledge_base.articles.models import ArticleStatus
from knowledge_base.articles.models import Category as Category
from knowledge_base.articles.models import Vote as Vote
from tenants.permissions import Permission


def visible_to(actor: Actor) -> Select[Article]:
    """Staff with the permission see every article, everybody else what is published."""
    query = select(Article)
    if actor.kind == "system" or actor.may(Permission.ARTICLE_READ):
        return query
    return query.where(Article.status == ArticleStatus.PUBLISHED)


def get(session: Session, article_id: int, *, actor: Actor) -> Article:
    """Return one article with its category, or raise `NotFound`."""
    article = session.scalar(visible_to(actor).where(Article.id == article_id).options(*whole()))
    if article is None:
        raise NotFound()
    return article


def whole() -> tuple[ExecutableOption, ...]:
    """Return what to load to show an article: its texts and its category."""
    return (joinedload(Article.category), raiseload("*"))


def for_lists() -> tuple[ExecutableOption, ...]:
    """Return what to load for a list: an article's category, not its texts."""
    texts = (Article.body, Article.body_html, Article.body_text, Article.headings)
    return (*(defer(text, raiseload=True) for text in texts), joinedload(Article.category))


def listed(session: Session, ids: Sequence[int], *, actor: Actor) -> list[Article]:
    """Return the articles with these ids that `actor` may read, in the order given (the index proposes, this decides)."""
    if not ids:
        return []
    query = visible_to(actor).where(Article.id.in_(ids)).options(joinedload(Article.category), raiseload("*"))
    by_id = {article.id: article for article in session.scalars(query)}
    return [by_id[article_id] for article_id in ids if article_id in by_id]


def translations(session: Session, article: Article, *, actor: Actor) -> dict[str, Article]:
    """Return the article in every language `actor` may read it in, by language code."""
    query = visible_to(actor).where(Article.translation_key == article.translation_key)
    return {other.language: other for other in session.scalars(query.options(*_without_text()))}


def _without_text() -> tuple[ExecutableOption, ...]:
    """Lists show titles; the texts would be most of what the database sends."""
    texts = (Article.body, Article.body_html, Article.body_text, Article.headings)
    return (*(defer(text, raiseload=True) for text in texts), raiseload(Article.category))


def in_category(session: Session, category_ids: Sequence[int], language: Language, *, actor: Actor) -> Sequence[Article]:
    query = visible_to(actor).where(Article.category_id.in_(category_ids), Article.language == language.code)
    return session.scalars(query.options(*_without_text()).order_by(Article.id)).all()


def popular(session: Session, language: Language, *, actor: Actor, limit: int = 5) -> Sequence[Article]:
    """Return the articles that helped most readers."""
    query = visible_to(actor).where(Article.language == language.code).options(*_without_text())
    return session.scalars(query.order_by(Article.helpful_count.desc(), Article.id).limit(limit)).all()


def related(session: Session, article: Article, *, actor: Actor, limit: int = 5) -> Sequence[Article]:
    """Return the neighbours of an article: the same category and language, the most helpful first."""
    query = visible_to(actor).where(
        Article.category_id == article.category_id, Article.language == article.language, Article.id != article.id
    )
    return session.scalars(query.options(*_without_text()).order_by(Article.helpful_count.desc()).limit(limit)).all()


@dataclass(frozen=True)
class Branch:
    """A category in its place: its path from the root, its branches, and how many articles it and they hold."""

    category: Category
    path: tuple[Category, ...]
    branches: tuple["Branch", ...]
    article_count: int

    @property
    def all_ids(self) -> list[int]:
        return [self.category.id, *(id for branch in self.branches for id in branch.all_ids)]


def category(session: Session, category_id: int) -> Category:
    """Return one category, or raise `NotFound`."""
    found = session.get(Category, category_id)
    if found is None:
        raise NotFound()
    return found


def tree(session: Session, language: Language, *, actor: Actor) -> list[Branch]:
    """Return the roots of the category tree with the counts of what `actor` may read in `language`, in two statements."""
    categories = session.scalars(select(Category).order_by(Category.position, Category.id)).all()
    per_category = (
        visible_to(actor)
        .where(Article.language == language.code)
        .with_only_columns(Article.category_id, func.count())
        .group_by(Article.category_id)
    )
    counts = {category_id: count for category_id, count in session.execute(per_category)}
    children: dict[int | None, list[Category]] = {}
    for category in categories:
        children.setdefault(category.parent_id, []).append(category)
    return [_branch(category, (), children, counts) for category in children.get(None, [])]


def _branch(
    category: Category, above: tuple[Category, ...], children: dict[int | None, list[Category]], counts: dict[int, int]
) -> Branch:
    path = (*above, category)
    branches = tuple(_branch(child, path, children, counts) for child in children.get(category.id, []))
    total = counts.get(category.id, 0) + sum(branch.article_count for branch in branches)
    return Branch(category, path, branches, total)


def find_branch(roots: Sequence[Branch], category_id: int) -> Branch:
    """Return the branch of a category, or raise `NotFound`."""
    for branch in flattened(roots):
        if branch.category.id == category_id:
            return branch
    raise NotFound()


def flattened(roots: Sequence[Branch]) -> list[Branch]:
    """Return the tree in reading order."""
    return [one for root in roots for one in (root, *flattened(root.branches))]


def vote_of(session: Session, article: Article, visitor: str) -> Vote | None:
    return session.scalar(select(Vote).where(Vote.article_id == article.id, Vote.visitor == visitor))


def revisions(session: Session) -> dict[int, int]:
    """Return the revision of every article by id: what the search index should know."""
    return {article_id: revision for article_id, revision in session.execute(select(Article.id, Article.revision))}
