"""Articles in a tenant's export: Markdown files with front matter, as `frontdesk kb import` reads them."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.i18n import BY_CODE
from kernel.text import slug
from knowledge_base.articles.models import Article, Category
from tenants.archive import writing


@writing.adds("articles")
def markdown(session: Session) -> Iterator[tuple[str, bytes]]:
    """Yield every article by the path of its file: language, number and what its address says."""
    categories = {category.id: category for category in session.scalars(select(Category))}
    articles = session.execute(select(*_COLUMNS).order_by(Article.id)).all()
    for path, article in sorted((_name(article), article) for article in articles):
        facts = {
            "id": article.translation_key,
            "title": article.title,
            "language": article.language,
            "category": " / ".join(_path(categories, article.category_id, article.language)),
            "summary": article.summary,
            "keywords": list(article.keywords),
            "status": article.status,
        }
        # What is JSON is YAML too, and comes fifty times as fast.
        head = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in facts.items())
        yield path, f"---\n{head}---\n\n{article.body}\n".encode()


_COLUMNS = (
    *(Article.id, Article.translation_key, Article.title, Article.language, Article.category_id),
    *(Article.summary, Article.keywords, Article.status, Article.body),
)


def _name(article: Any) -> str:
    return f"{article.language}/{article.id}-{slug(article.title)[:60]}.md"


def _path(categories: dict[int, Category], category_id: int | None, code: str) -> list[str]:
    path: list[str] = []
    while category_id is not None:
        category = categories[category_id]
        path.insert(0, category.name_in(BY_CODE[code]))
        category_id = category.parent_id
    return path
