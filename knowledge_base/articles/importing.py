"""Importing articles: a folder of Markdown with front matter, or lines of JSON; again and again without doubling anything."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import frontmatter
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import database
from kernel.actors import SYSTEM
from kernel.errors import DomainError, InvalidField
from kernel.i18n import BY_CODE, LANGUAGES, Language
from kernel.i18n import lazy_text as _l
from kernel.tenancy import Stand
from kernel.text import clean
from knowledge_base.articles import commands
from knowledge_base.articles.models import Article, ArticleStatus, Category
from tenants import registry

_BATCH = 50
_BY_ANY_NAME = {name.lower(): language for language in LANGUAGES for name in (language.code, language.path, language.tag)}
_BY_ANY_NAME |= {
    "zh": BY_CODE["zh_Hans"],
    "zh-cn": BY_CODE["zh_Hans"],
    "zh-tw": BY_CODE["zh_Hant"],
    "zh-hk": BY_CODE["zh_Hant"],
}


class UnreadableFile(DomainError):
    message = _l("This file cannot be read: %(reason)s")


@dataclass(frozen=True)
class Source:
    """One article as it comes in.

    `path` is the category's, from the root, in the article's language.  A source that says nothing of `asked_as` leaves what
    has been collected here.
    """

    where: str
    key: str
    language: Language
    title: str
    body: str
    summary: str
    keywords: list[str]
    asked_as: list[str] | None
    path: tuple[str, ...]
    status: ArticleStatus


@dataclass
class Result:
    """What became of the sources; `problems` are sentences, each with the place it is about."""

    written: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


Progress = Callable[[int, int], None]


def import_all(stand: Stand, place: Path, progress: Progress = lambda done, of: None) -> Result:
    """Import every article under `place` into the tenant, fifty a transaction; show (done, of) as it goes.

    An article whose id and language are known is changed, so that an interrupted import is simply run again.  What cannot be
    read is reported and leaves the rest alone.
    """
    result = Result()
    sources = _in_order(list(_sources(place, result)), stand)
    for start in range(0, len(sources), _BATCH):
        with database.transaction(stand) as session:
            for source in sources[start : start + _BATCH]:
                _import_one(session, source, result)
        progress(min(start + _BATCH, len(sources)), len(sources))
    return result


def _in_order(sources: list[Source], stand: Stand) -> list[Source]:
    """The tenant's own language first: it makes the categories, translations then name them."""
    with database.transaction(stand) as session:
        home = registry.of(session).language
    return sorted(sources, key=lambda source: (source.language != home, source.where))


def _sources(place: Path, result: Result) -> Iterator[Source]:
    items = _markdown_files(place) if place.is_dir() else _json_lines(place)
    for where, read in items:
        try:
            yield read()
        except DomainError as error:
            result.problems.append(f"{where}: {error}")
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            result.problems.append(f"{where}: {UnreadableFile(reason=error)}")


def _markdown_files(folder: Path) -> Iterator[tuple[str, Callable[[], Source]]]:
    for path in sorted(folder.rglob("*.md")):
        where = str(path.relative_to(folder))
        yield where, lambda path=path, where=where: _from_markdown(path, where)  # type: ignore[misc]


def _from_markdown(path: Path, where: str) -> Source:
    try:
        post = frontmatter.loads(path.read_text("utf-8-sig"))
    except Exception as error:  # the YAML reader raises many kinds, each with a place and a reason
        raise UnreadableFile(reason=error) from error
    return _source(where, {"id": path.stem, **post.metadata}, post.content, default_status=ArticleStatus.PUBLISHED)


def _json_lines(path: Path) -> Iterator[tuple[str, Callable[[], Source]]]:
    # Cut at line feeds only, and decoded line by line: U+2028 is a letter here, and one bad byte spoils one line.
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            where = f"{path.name}:{number}"
            yield where, lambda line=line, where=where: _from_json(line, where)  # type: ignore[misc]


def _from_json(line: bytes, where: str) -> Source:
    facts = json.loads(line.decode("utf-8"))
    language = facts.get("language") or facts.get("lang") or ""
    return _source(where, {**facts, "language": language}, facts.get("body") or "", default_status=ArticleStatus.PUBLISHED)


def _source(where: str, facts: dict[str, Any], body: str, *, default_status: ArticleStatus) -> Source:
    language = language_named(str(facts.get("language") or "en"))
    keywords = facts.get("keywords") or []
    return Source(
        where=where,
        key=_key(facts),
        language=language,
        title=_text(facts, "title"),
        body=_text({"body": body}, "body"),
        summary=_text(facts, "summary"),
        keywords=[str(word) for word in (keywords if isinstance(keywords, list) else str(keywords).split(","))],
        asked_as=[str(phrase) for phrase in facts["asked_as"]] if isinstance(facts.get("asked_as"), list) else None,
        path=tuple(part.strip() for part in _text(facts, "category").split(" / ") if part.strip()) or ("—",),
        status=ArticleStatus(str(facts.get("status") or default_status)),
    )


def language_named(name: str) -> Language:
    """Return the language of a code, path or tag in any case.  Raises `InvalidField`."""
    language = _BY_ANY_NAME.get(name.lower())
    if language is None:
        raise InvalidField("language", _l("Choose one of the languages offered."))
    return language


def _key(facts: dict[str, Any]) -> str:
    if not (key := _text(facts, "id").strip()):
        raise ValueError("it has no id")
    return key[:200]


def _text(facts: dict[str, Any], name: str) -> str:
    """Return a text of the source, clean; a number is read as written, anything else that is no text raises."""
    value = facts.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int | float | date):
        raise TypeError(f"{name} is not a text")
    text = clean(str(value))
    text.encode()  # a lone surrogate, which JSON can spell and nothing can store, raises here
    return text


def _import_one(session: Session, source: Source, result: Result) -> None:
    try:
        with session.begin_nested():
            kind = _write_or_change(session, source)
        setattr(result, kind, getattr(result, kind) + 1)
    except DomainError as error:
        result.problems.append(f"{source.where}: {error}")


def _write_or_change(session: Session, source: Source) -> str:
    siblings = _siblings(session, source)
    known = siblings.get(source.language.code)
    category = _category(session, source, known or next(iter(siblings.values()), None))
    values: dict[str, Any] = {"title": source.title, "summary": source.summary, "body": source.body}
    values |= {"keywords": source.keywords, "category": category}
    if source.asked_as is not None:
        values["asked_as"] = source.asked_as
    if known is None:
        key = next((sibling.translation_key for sibling in siblings.values()), source.key)
        place: dict[str, Any] = {"language": source.language.code, "translation_key": key, "external_id": source.key}
        commands.write(session, **values, **place, status=source.status, actor=SYSTEM)
        return "written"
    known.category = session.get_one(Category, known.category_id)
    before = (known.revision, known.status)
    commands.change(session, known, values=values, revision=None, actor=SYSTEM)
    move = commands.publish if source.status == ArticleStatus.PUBLISHED else commands.withdraw
    move(session, known, actor=SYSTEM)
    session.flush()
    return "unchanged" if (known.revision, known.status) == before else "changed"


def _siblings(session: Session, source: Source) -> dict[str, Article]:
    """Return what was imported under the source's id before, by language.

    What came in before there was a column for it has the id as its translation key.
    """
    is_ours = (Article.external_id == source.key) | (Article.external_id.is_(None) & (Article.translation_key == source.key))
    found = {article.language: article for article in session.scalars(select(Article).where(is_ours))}
    for article in found.values():
        article.external_id = source.key
    return found


def _category(session: Session, source: Source, sibling: Article | None) -> Category:
    """Return the category at the source's path: found by name, or as that of a translation, named in this language too."""
    lineage = _lineage(session, sibling.category_id) if sibling else []
    parent: Category | None = None
    for depth, name in enumerate(source.path):
        known = lineage[depth] if len(lineage) == len(source.path) else _child(session, parent, name)
        if known is None:
            known = commands.add_category(session, names={source.language.code: name}, parent=parent, actor=SYSTEM)
        elif source.language.code not in known.names:
            commands.name_category(session, known, language=source.language.code, name=name, actor=SYSTEM)
        parent = known
    assert parent is not None
    return parent


def _lineage(session: Session, category_id: int | None) -> list[Category]:
    lineage: list[Category] = []
    while category_id is not None:
        category = session.get_one(Category, category_id)
        lineage.insert(0, category)
        category_id = category.parent_id
    return lineage


def _child(session: Session, parent: Category | None, name: str) -> Category | None:
    query = select(Category).where(Category.parent_id.is_not_distinct_from(parent.id if parent else None))
    return next((child for child in session.scalars(query) if name in child.names.values()), None)
