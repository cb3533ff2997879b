"""Exporting articles as lines of JSON that `importing` reads back to the same articles."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from kernel import database
from kernel.i18n import BY_CODE, Language
from kernel.tenancy import Stand
from knowledge_base.articles.models import Article, Category


def export_all(stand: Stand, file: Path) -> int:
    """Write every article of a tenant, drafts too, into `file`, and return how many there were.

    What was in the file before is replaced at the end, in one move: half an export is none.
    """
    draft = file.with_name(f"{file.name}.part")
    count = 0
    with draft.open("w", encoding="utf-8") as out:
        for facts in _articles(stand):
            out.write(json.dumps(facts, ensure_ascii=False) + "\n")
            count += 1
    draft.replace(file)
    return count


def _articles(stand: Stand) -> Iterator[dict[str, Any]]:
    with database.transaction(stand) as session:
        categories = {one.id: one for one in session.scalars(select(Category))}
        query = select(Article).order_by(Article.id).execution_options(yield_per=200)
        for article in session.scalars(query):
            yield _facts(article, categories)


def _facts(article: Article, categories: dict[int, Category]) -> dict[str, Any]:
    language = BY_CODE[article.language]
    return {
        "id": article.external_id or article.translation_key,
        "lang": language.tag,
        "title": article.title,
        "summary": article.summary,
        "body": article.body,
        "category": " / ".join(_path(categories, article.category_id, language)),
        "keywords": article.keywords,
        "asked_as": article.asked_as or [],
        "status": article.status,
    }


def _path(categories: dict[int, Category], category_id: int | None, language: Language) -> list[str]:
    names: list[str] = []
    while category_id is not None:
        category = categories[category_id]
        # What the import takes for the line between two categories must not stand in the name of one.
        names.insert(0, category.name_in(language).replace(" / ", "/"))
        category_id = category.parent_id
    return names
