"""Where things stand in the help centre: the category tree, the order of its articles, and whom an article is for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from kernel import clock, events, outbox
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, InvalidField
from kernel.i18n import CODES
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from knowledge_base.articles import queries, texts
from knowledge_base.articles.models import Article, ArticleKind, Category, Visibility
from tenants.permissions import Permission

DEEPEST = 5


class CategoryNotEmpty(DomainError):
    message = _l("Move or delete the articles and branches of this category first.")


class TooDeep(DomainError):
    message = _l("Categories can stand in each other up to five levels deep.")


class InsideItself(DomainError):
    message = _l("A category cannot be moved into itself or into one of its own branches.")


def add_category(session: Session, *, names: dict[str, str], parent: Category | None, actor: Actor) -> Category:
    """Add a branch at the end of its parent's.  `names` needs a name in at least one language, by code."""
    kept = _names(names)
    parent_id = parent.id if parent else None
    if parent is not None and len(_lineage(session, parent)) >= DEEPEST:
        raise TooDeep()
    last = session.scalar(select(func.max(Category.position)).where(Category.parent_id.is_not_distinct_from(parent_id)))
    category = Category(parent_id=parent_id, names=kept, position=(last or 0) + 1, created_at=clock.now())
    session.add(category)
    events.record(session, "category.added", category, actor=actor, names=kept)
    return category


def _lineage(session: Session, category: Category) -> list[Category]:
    above = session.get(Category, category.parent_id) if category.parent_id else None
    return [*(_lineage(session, above) if above else []), category]


def name_category(session: Session, category: Category, *, language: str, name: str, actor: Actor) -> None:
    """Give a category a name in a language."""
    if category.names.get(language) != name:
        changes = {"names": [category.names, {**category.names, language: name}]}
        category.names = changes["names"][1]
        events.record(session, "category.named", category, actor=actor, changes=changes)


def name_in_all(session: Session, category: Category, *, names: dict[str, str], actor: Actor) -> None:
    """Replace a category's names, by language code; at least one must remain.  Raises `InvalidField`."""
    kept = _names(names)
    if category.names != kept:
        changes = {"names": [category.names, kept]}
        category.names = kept
        events.record(session, "category.named", category, actor=actor, changes=changes)


def mark_as_faq(session: Session, category: Category, *, is_faq: bool, actor: Actor) -> None:
    """Say whether a category's articles are questions with answers, so that search engines are told so."""
    if bool(category.is_faq) != is_faq:
        category.is_faq = is_faq
        events.record(session, "category.marked", category, actor=actor, changes={"is_faq": [not is_faq, is_faq]})


def _names(names: dict[str, str]) -> dict[str, str]:
    kept = {code: clean(name).strip()[:80] for code, name in names.items() if code in CODES and clean(name).strip()}
    if not kept:
        raise InvalidField("name", _l("Enter a name."))
    return kept


def move_category(
    session: Session, category: Category, *, parent: Category | None, before: Category | None = None, actor: Actor
) -> None:
    """Put a category with all its branches into `parent` (the top when none), before one of its branches or at the end.

    Raises `InsideItself` or `TooDeep`.
    """
    tree = _held_tree(session)
    if parent is not None:
        _check_place(category, parent, tree)
    siblings = [one for one in tree if one.parent_id == (parent.id if parent else None) and one is not category]
    place = siblings.index(before) if before in siblings else len(siblings)
    siblings.insert(place, category)
    if category.parent_id == (parent.id if parent else None) and _is_in_order(siblings):
        return
    category.parent_id = parent.id if parent else None
    for position, one in enumerate(siblings, start=1):
        one.position = position
    events.record(session, "category.moved", category, actor=actor, parent_id=category.parent_id)


def _held_tree(session: Session) -> Sequence[Category]:
    """Lock the tree: two moves at once could otherwise hang two branches on each other."""
    query = select(Category).order_by(Category.id).with_for_update().execution_options(populate_existing=True)
    return sorted(session.scalars(query), key=lambda one: (one.position, one.id))


def _check_place(category: Category, parent: Category, tree: Sequence[Category]) -> None:
    by_id = {one.id: one for one in tree}
    above: Category | None = parent
    depth = 0
    while above is not None:
        if above is category:
            raise InsideItself()
        depth, above = depth + 1, by_id.get(above.parent_id or 0)
    if depth + _height(category, tree) > DEEPEST:
        raise TooDeep()


def _height(category: Category, tree: Sequence[Category]) -> int:
    return 1 + max((_height(child, tree) for child in tree if child.parent_id == category.id), default=0)


def _is_in_order(siblings: Sequence[Category]) -> bool:
    return [one.position for one in siblings] == list(range(1, len(siblings) + 1))


STEPS = ("up", "down", "in", "out")


def step_category(session: Session, category: Category, *, step: str, actor: Actor) -> None:
    """Move a category by one step: before its neighbour, behind it, into the one above it, or out behind its parent.

    A step that leads nowhere changes nothing.
    """
    tree = _held_tree(session)
    siblings = [one for one in tree if one.parent_id == category.parent_id]
    place = siblings.index(category)
    parent = next((one for one in tree if one.id == category.parent_id), None)
    if step == "up" and place > 0:
        move_category(session, category, parent=parent, before=siblings[place - 1], actor=actor)
    elif step == "down" and place + 1 < len(siblings):
        after = siblings[place + 2] if place + 2 < len(siblings) else None
        move_category(session, category, parent=parent, before=after, actor=actor)
    elif step == "in" and place > 0:
        move_category(session, category, parent=siblings[place - 1], actor=actor)
    elif step == "out" and parent is not None:
        _move_out(session, category, parent, tree, actor)


def _move_out(session: Session, category: Category, parent: Category, tree: Sequence[Category], actor: Actor) -> None:
    uncles = [one for one in tree if one.parent_id == parent.parent_id]
    behind = uncles[uncles.index(parent) + 1 :]
    above = next((one for one in tree if one.id == parent.parent_id), None)
    move_category(session, category, parent=above, before=behind[0] if behind else None, actor=actor)


def delete_category(session: Session, category: Category, *, actor: Actor) -> None:
    """Delete a category that holds nothing.  Raises `CategoryNotEmpty`."""
    _held_tree(session)
    branch = select(Category.id).where(Category.parent_id == category.id)
    article = select(Article.id).where(Article.category_id == category.id)
    if session.scalar(branch.limit(1)) or session.scalar(article.limit(1)):
        raise CategoryNotEmpty()
    events.record(session, "category.deleted", category, actor=actor, names=category.names)
    session.delete(category)


def last_position(session: Session, category_id: int) -> int:
    return session.scalar(select(func.max(Article.position)).where(Article.category_id == category_id)) or 0


def step_article(session: Session, article: Article, *, step: str, actor: Actor) -> None:
    """Move an article, with its translations, before or behind its neighbour in the category."""
    keys = _ordered_keys(session, article.category_id)
    place = keys.index(article.translation_key)
    other = place + {"up": -1, "down": 1}.get(step, 0)
    if other != place and 0 <= other < len(keys):
        keys[place], keys[other] = keys[other], keys[place]
        _number(session, article, keys, actor)


def put_article_before(session: Session, article: Article, *, before: Article | None, actor: Actor) -> None:
    """Move an article, with its translations, before another of its category, or to the end."""
    keys = _ordered_keys(session, article.category_id)
    wanted = [key for key in keys if key != article.translation_key]
    place = wanted.index(before.translation_key) if before and before.translation_key in wanted else len(wanted)
    wanted.insert(place, article.translation_key)
    if wanted != keys:
        _number(session, article, wanted, actor)


def _ordered_keys(session: Session, category_id: int) -> list[str]:
    """Return the translation keys of a category's articles in their order, the category locked."""
    session.execute(select(Category.id).where(Category.id == category_id).with_for_update())
    query = select(Article.translation_key).where(Article.category_id == category_id)
    return list(
        session.scalars(query.group_by(Article.translation_key).order_by(func.min(Article.position), func.min(Article.id)))
    )


def _number(session: Session, article: Article, keys: list[str], actor: Actor) -> None:
    """Write the order down past the ORM: it is no change that could make anybody's open edit stale."""
    table = Article.__table__
    places = [{"key": key, "place": place} for place, key in enumerate(keys, start=1)]
    query = table.update().where(table.c.translation_key == bindparam("key")).values(position=bindparam("place"))  # type: ignore[attr-defined]
    session.execute(query, places, execution_options={"synchronize_session": False})
    events.record(session, "article.moved", article, actor=actor, position=keys.index(article.translation_key) + 1)


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """Everything about an article but its words.  `groups` count only where `visibility` says so."""

    category: Category
    kind: ArticleKind
    visibility: Visibility
    groups: tuple[str, ...]
    owner_id: int | None
    review_by: date | None
    expires_at: datetime | None


# What the article's dictionary calls a column.
_FIELDS = {"category_id": "category", "owner_id": "owner"}
_SHARED = ("category_id", "kind", "visibility", "groups", "position")


def arrange(session: Session, article: Article, wanted: Arrangement, *, actor: Actor, revision: int | None = None) -> None:
    """Set an article's place, audience and dates; place and audience hold for all its translations.

    Raises `InvalidField`, `StaleEdit`, or `Forbidden` when readers see it and `actor` may only write drafts.
    """
    texts.hold(session, article, revision)
    siblings = queries.every_translation(session, article)
    if any(one.is_published for one in siblings) and not (actor.kind == "system" or actor.may(Permission.ARTICLE_PUBLISH)):
        raise Forbidden()
    values = _values(session, article, wanted)
    changed = sorted(name for name, value in values.items() if getattr(article, name) != value)
    changes = {name: [_told(getattr(article, name)), _told(values[name])] for name in changed if name in _TOLD}
    for one in siblings:
        for name in changed if one is article else [name for name in changed if name in _SHARED]:
            setattr(one, name, values[name])
        if changed:
            one.updated_at = clock.now()
            names = [_FIELDS.get(name, name) for name in changed if name != "position"]
            told = changes if one is article else {name: pair for name, pair in changes.items() if name in _SHARED}
            events.record(session, "article.arranged", one, actor=actor, fields=names, changes=told)
    if "expires_at" in changed and article.expires_at:
        promise_taking_down(session, article)


# Of these the audit trail tells what they were and became; the others are numbers of rows.
_TOLD = ("kind", "visibility", "groups", "review_by", "expires_at")


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def promise_taking_down(session: Session, article: Article) -> None:
    """Promise to take an article down when its time is over."""
    outbox.put(session, "articles.take_down_when_due", {"article_id": article.id}, due_at=article.expires_at)


def _values(session: Session, article: Article, wanted: Arrangement) -> dict[str, Any]:
    visibility = Visibility.STAFF if wanted.kind == ArticleKind.SCRIPT else wanted.visibility
    groups = list(wanted.groups) if visibility == Visibility.GROUPS else []
    if visibility == Visibility.GROUPS and not groups:
        raise InvalidField("groups", _l("Name at least one group: a tag that its customers have."))
    if wanted.expires_at and wanted.expires_at <= clock.now() and wanted.expires_at != article.expires_at:
        raise InvalidField("expires_at", _l("Choose a moment to come."))
    has_moved = wanted.category.id != article.category_id
    return {
        "category_id": wanted.category.id,
        "position": last_position(session, wanted.category.id) + 1 if has_moved else article.position,
        "kind": wanted.kind,
        "visibility": visibility,
        "groups": groups,
        "owner_id": wanted.owner_id,
        "review_by": wanted.review_by,
        "expires_at": wanted.expires_at,
    }


def groups_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return group names as they are kept: those of the customers' tags, without doubles."""
    kept = (clean(word).strip()[:40] for word in words)
    return tuple(dict.fromkeys(word for word in kept if word))[:20]
