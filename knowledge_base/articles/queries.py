"""What may be read in the help centre, and by whom."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, case, distinct, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased, defer, joinedload, load_only, raiseload
from sqlalchemy.sql.base import ExecutableOption

from kernel import clock, database
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import Language
from knowledge_base.articles.models import ARTICLE_STATUS_NAMES as ARTICLE_STATUS_NAMES
from knowledge_base.articles.models import DISCARDED, OPEN
from knowledge_base.articles.models import VISIBILITY_NAMES as VISIBILITY_NAMES
from knowledge_base.articles.models import Article as Article
from knowledge_base.articles.models import ArticleKind as ArticleKind
from knowledge_base.articles.models import ArticleStatus as ArticleStatus
from knowledge_base.articles.models import Category as Category
from knowledge_base.articles.models import Version as Version
from knowledge_base.articles.models import Visibility as Visibility
from knowledge_base.articles.models import Vote as Vote
from knowledge_base.articles.scripts import other_script
from tenants.permissions import Permission


def visible_to(actor: Actor) -> Select[Article]:
    """Staff with the permission see every article, everybody else what is published for them."""
    return select(Article).where(is_visible(Article, actor))


def is_visible(article: Any, actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` may read `article`, the entity or an alias of it."""
    return _may_read(article, _reader(actor))


class _Reader(NamedTuple):
    """As much of an actor as decides what they may read: those who may read the same share the queries of a search."""

    sees_all: bool
    is_customer: bool
    groups: tuple[str, ...]


def _reader(actor: Actor) -> _Reader:
    sees_all = actor.kind == "system" or actor.may(Permission.ARTICLE_READ)
    return _Reader(sees_all, actor.kind == "customer", tuple(sorted(actor.groups)))


def _may_read(article: Any, reader: _Reader) -> ColumnElement[bool]:
    if reader.sees_all:
        return true()
    audiences = [article.visibility == Visibility.PUBLIC]
    if reader.is_customer:
        audiences.append(article.visibility == Visibility.CUSTOMERS)
        audiences.append(and_(article.visibility == Visibility.GROUPS, article.groups.overlap(reader.groups)))
    return and_(article.status == ArticleStatus.PUBLISHED, or_(*audiences))


def in_language(language: Language, actor: Actor) -> ColumnElement[bool]:
    """Return the condition of what a reader of `language` is shown.

    That is its articles, and those of the other Chinese script that have no translation that `actor` may read.
    """
    own: ColumnElement[bool] = Article.language == language.code
    other = other_script(language)
    if other is None:
        return own
    twin = aliased(Article)
    has_twin = exists().where(
        twin.translation_key == Article.translation_key, twin.language == language.code, is_visible(twin, actor)
    )
    return or_(own, and_(Article.language == other.code, ~has_twin))


def get(session: Session, article_id: int, *, actor: Actor) -> Article:
    """Return one article with its category, or raise `NotFound`."""
    article = session.scalar(visible_to(actor).where(Article.id == article_id).options(*whole()))
    if article is None:
        raise NotFound()
    return article


def has_any_of_staff(session: Session) -> bool:
    """Whether somebody who works here wrote an article: what came with a template or as a sample has no author."""
    return session.scalar(select(Article.id).where(Article.author_id.is_not(None)).limit(1)) is not None


def whole() -> tuple[ExecutableOption, ...]:
    """Return what to load to show an article: its texts, its category and its owner."""
    return (joinedload(Article.category), joinedload(Article.owner), raiseload("*"))


def for_lists() -> tuple[ExecutableOption, ...]:
    """Return what to load for a list: an article's category and owner, not its texts."""
    texts = (Article.body, Article.body_html, Article.body_text, Article.headings)
    return (*(defer(text, raiseload=True) for text in texts), joinedload(Article.category), joinedload(Article.owner))


def listed(session: Session, ids: Sequence[int], *, actor: Actor, to_read: bool = False) -> list[Article]:
    """Return the articles with these ids that `actor` may read, in the order given (the index proposes, this decides).

    No more of them is loaded than a list of answers shows, and what it takes `to_read` them there if asked for.
    """
    if not ids:
        return []
    found = session.scalars(_listed_for(_reader(actor), to_read=to_read), {"ids": list(ids)})
    by_id = {article.id: article for article in found}
    return [by_id[article_id] for article_id in ids if article_id in by_id]


# Building a query takes SQLAlchemy as long as running it takes PostgreSQL; these two are most of what a search asks.
_PREPARED = 64
_ANY_OF_THEM = func.any(bindparam("ids", type_=ARRAY(BigInteger)))


@lru_cache(maxsize=_PREPARED)
def _listed_for(reader: _Reader, *, to_read: bool) -> Select[Article]:
    texts = (Article.title, Article.summary, Article.body_text, *((Article.body_html,) if to_read else ()))
    shown = (Article.translation_key, Article.language, Article.category_id, *texts)
    query = select(Article).where(_may_read(Article, reader), Article.id == _ANY_OF_THEM)
    return query.options(load_only(*shown, raiseload=True), joinedload(Article.category), raiseload("*"))


@dataclass(frozen=True)
class Place:
    """Where an article stands: as much of it as tells whether to show it or one of its translations."""

    id: int
    translation_key: str
    language: str
    category_id: int
    title: str


def places_of(session: Session, ids: Sequence[int], *, actor: Actor) -> list[Place]:
    """Return the places of the articles with these ids that `actor` may read, in the order given: fifty cost what one does."""
    if not ids:
        return []
    by_id = {row[0]: Place(*row) for row in database.rows(session, _places_for(_reader(actor)), {"ids": list(ids)})}
    return [by_id[article_id] for article_id in ids if article_id in by_id]


@lru_cache(maxsize=_PREPARED)
def _places_for(reader: _Reader) -> Select[Any]:
    article = Article.__table__.c
    columns = (article.id, article.translation_key, article.language, article.category_id, article.title)
    return select(*columns).where(_may_read(article, reader), article.id == _ANY_OF_THEM)


def categories_of(session: Session, places: Iterable[Place]) -> list[tuple[Category, int]]:
    """Return the categories that these stand in, the fullest first, each with how many do.

    Those that the session has read already, with the articles of a page, are not asked for again.
    """
    counted = Counter(place.category_id for place in places)
    known = {row.id: row for row in session.identity_map.values() if isinstance(row, Category)}
    if missing := counted.keys() - known.keys():
        known |= {row.id: row for row in session.scalars(select(Category).where(Category.id.in_(missing)))}
    return [(known[category_id], count) for category_id, count in counted.most_common()]


def titles_of(session: Session, ids: Sequence[int], *, actor: Actor) -> list[Article]:
    """Return the same without their texts."""
    if not ids:
        return []
    query = visible_to(actor).where(Article.id.in_(ids)).options(*for_lists(), raiseload("*"))
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
    """Return the articles of these categories as a reader of `language` is shown them, in the order their editors chose."""
    query = visible_to(actor).where(Article.category_id.in_(category_ids), in_language(language, actor))
    return session.scalars(query.options(*_without_text()).order_by(Article.position, Article.id)).all()


def all_in_category(session: Session, category_id: int, *, actor: Actor) -> Sequence[Article]:
    """Return every article of a category in every language, in the order their editors chose."""
    query = visible_to(actor).where(Article.category_id == category_id).options(*_without_text())
    return session.scalars(query.order_by(Article.position, Article.id)).all()


def popular(session: Session, language: Language, *, actor: Actor, limit: int = 5) -> Sequence[Article]:
    """Return the articles that helped most readers."""
    query = visible_to(actor).where(in_language(language, actor)).options(*_without_text())
    return session.scalars(query.order_by(Article.helpful_count.desc(), Article.id).limit(limit)).all()


def _views(actor: Actor) -> dict[str, ColumnElement[bool]]:
    """Return the editors' views of the articles, as conditions."""

    def stands(*states: ArticleStatus) -> ColumnElement[bool]:
        return or_(Article.status.in_(states), Article.next_status.in_(states))

    return {
        "all": true(),
        "mine": Article.owner_id == actor.id,
        "review": stands(ArticleStatus.IN_REVIEW),
        "drafts": stands(ArticleStatus.DRAFT, ArticleStatus.APPROVED),
        "scheduled": stands(ArticleStatus.SCHEDULED),
        "published": Article.status == ArticleStatus.PUBLISHED,
        "overdue": and_(Article.review_by <= clock.now().date(), Article.status != ArticleStatus.ARCHIVED),
        "archived": Article.status == ArticleStatus.ARCHIVED,
    }


def in_view(query: Select[Article], view: str, *, actor: Actor) -> Select[Article]:
    return query.where(_views(actor)[view])


def view_counts(session: Session, *, actor: Actor) -> dict[str, int]:
    """Return how many articles each view holds, in one statement."""
    conditions = _views(actor)
    counts = visible_to(actor).with_only_columns(*(func.count().filter(condition) for condition in conditions.values()))
    return dict(zip(conditions, session.execute(counts).one(), strict=True))


_NEIGHBOURS = 40


def neighbours(session: Session, article: Article, ids: Sequence[int], *, actor: Actor) -> Sequence[Article]:
    """Return what stands near an article in its language: those of `ids`, then the most helpful of its category."""
    is_near = Article.id.in_(ids)
    query = visible_to(actor).where(
        Article.language == article.language,
        Article.translation_key != article.translation_key,
        or_(is_near, Article.category_id == article.category_id),
    )
    ordered = query.order_by(is_near.desc(), Article.helpful_count.desc(), Article.id)
    return session.scalars(ordered.options(*_without_text()).limit(_NEIGHBOURS)).all()


@dataclass(frozen=True)
class Branch:
    """A category in its place: its path from the root, its branches, and how many articles it and they hold for the reader.

    `is_hidden` says that it holds articles, and none, in no language, that the reader may see: even its name is not for them.
    """

    category: Category
    path: tuple[Category, ...]
    branches: tuple["Branch", ...]
    article_count: int
    is_hidden: bool = False

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
    visible = is_visible(Article, actor)
    per_category = select(
        Article.category_id,
        func.count(distinct(case((and_(visible, in_language(language, actor)), Article.translation_key)))),
        func.count(case((visible, 1))),
        func.count(),
    ).group_by(Article.category_id)
    counts = {row[0]: _Counts(*row[1:]) for row in session.execute(per_category)}
    children: dict[int | None, list[Category]] = {}
    for category in categories:
        children.setdefault(category.parent_id, []).append(category)
    return [_branch(category, (), children, counts)[0] for category in children.get(None, [])]


@dataclass(frozen=True)
class _Counts:
    """How many articles: that the reader is shown, may see in any language, and there are."""

    shown: int = 0
    visible: int = 0
    all: int = 0

    def __add__(self, other: "_Counts") -> "_Counts":
        return _Counts(self.shown + other.shown, self.visible + other.visible, self.all + other.all)


def _branch(
    category: Category, above: tuple[Category, ...], children: dict[int | None, list[Category]], counts: dict[int, _Counts]
) -> tuple[Branch, _Counts]:
    path = (*above, category)
    below = [_branch(child, path, children, counts) for child in children.get(category.id, [])]
    total = sum((count for _branch, count in below), counts.get(category.id, _Counts()))
    branches = tuple(branch for branch, _count in below)
    return Branch(category, path, branches, total.shown, is_hidden=bool(total.all) and not total.visible), total


def find_branch(roots: Sequence[Branch], category_id: int) -> Branch:
    """Return the branch of a category, or raise `NotFound`."""
    for branch in flattened(roots):
        if branch.category.id == category_id:
            return branch
    raise NotFound()


def flattened(roots: Sequence[Branch]) -> list[Branch]:
    """Return the tree in reading order."""
    return [one for root in roots for one in (root, *flattened(root.branches))]


def open_version(session: Session, article: Article) -> Version | None:
    """Return the version that is being worked on, if any."""
    query = select(Version).where(Version.article_id == article.id, Version.state.in_(OPEN))
    # Read anew: a command has locked the article since a page may have looked.
    newest = query.order_by(Version.number.desc()).limit(1).execution_options(populate_existing=True)
    return session.scalar(newest)


def latest(session: Session, article: Article) -> Version:
    """Return the newest version that nobody has discarded; of an article put away before its first day, the newest."""
    query = select(Version).where(Version.article_id == article.id)
    version = session.scalar(query.order_by(Version.state == DISCARDED, Version.number.desc()).limit(1))
    assert version is not None, "an article has a version from its first day on"
    return version


def version(session: Session, article: Article, number: int) -> Version:
    """Return one version, or raise `NotFound`."""
    found = session.scalar(select(Version).where(Version.article_id == article.id, Version.number == number))
    if found is None:
        raise NotFound()
    return found


def versions(session: Session, article: Article, *, limit: int = 100) -> Sequence[Version]:
    """Return an article's versions, newest first: for staff, who may read the article's every word."""
    query = select(Version).where(Version.article_id == article.id).order_by(Version.number.desc())
    return session.scalars(query.limit(limit)).all()


def source_of(session: Session, translation_key: str) -> Article | None:
    """Return the article that its translations follow: the one written first."""
    query = select(Article).where(Article.translation_key == translation_key)
    return session.scalar(query.options(*_without_text()).order_by(Article.id).limit(1))


def every_translation(session: Session, article: Article) -> Sequence[Article]:
    """Return the article in all its languages, locked, for commands that change them together."""
    query = select(Article).where(Article.translation_key == article.translation_key).order_by(Article.id)
    with_place = query.options(joinedload(Article.category, innerjoin=True)).with_for_update(of=Article)
    return session.scalars(with_place.execution_options(populate_existing=True)).all()


def vote_of(session: Session, article: Article, visitor: str) -> Vote | None:
    return session.scalar(select(Vote).where(Vote.article_id == article.id, Vote.visitor == visitor))


def revisions(session: Session) -> dict[int, int]:
    """Return the revision of every article by id that the search index should know."""
    return dict(session.execute(select(Article.id, Article.indexed_revision)).all())


def count(session: Session) -> int:
    """Return how many articles there are, whoever may read them."""
    return session.scalar(select(func.count()).select_from(Article)) or 0
