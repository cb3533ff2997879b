"""What a new tenant of a trade begins with: categories, first articles, kinds of request with their saved views."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml
from sqlalchemy.orm import Session

from kernel.actors import SYSTEM
from kernel.i18n import BY_CODE
from knowledge_base.articles import commands as articles
from knowledge_base.articles.models import ArticleStatus, Category
from service_desk.tickets.fields import TICKET
from tenants import saved_views
from tenants.furnishing import BLANK, TEMPLATE_NAMES, UnknownTemplate

_FOLDER = Path(__file__).parent


def furnish(session: Session, name: str, *, language: str) -> None:
    """Put in what the template `name` holds; names of views and requests in `language`, articles in all of ours.

    Raises `UnknownTemplate`.
    """
    if name not in TEMPLATE_NAMES:
        raise UnknownTemplate(name=name)
    if name != BLANK:
        _Furnishing(session, language, _content(name)).put()


@cache
def _content(name: str) -> dict[str, Any]:
    """Return the template with what all of them begin with."""
    own, common = (yaml.safe_load((_FOLDER / f"{one}.yaml").read_text("utf-8")) for one in (name, "common"))
    return {part: [*own.get(part, []), *common.get(part, [])] for part in ("categories", "articles", "requests")}


@dataclass(frozen=True)
class _Furnishing:
    """One template being put into one tenant."""

    session: Session
    language: str
    content: dict[str, Any]

    def put(self) -> None:
        places = {category["key"]: self._category(category["names"]) for category in self.content["categories"]}
        for article in self.content["articles"]:
            for code in BY_CODE:
                self._article(article, code, places[article["category"]])
        for kind in self.content["requests"]:
            self._view_of(kind[self.language])

    def _category(self, names: dict[str, str]) -> Category:
        return articles.add_category(self.session, names=names, parent=None, actor=SYSTEM)

    def _article(self, article: dict[str, Any], code: str, place: Category) -> None:
        facts = article[code]
        articles.write(
            self.session,
            category=place,
            language=code,
            translation_key=article["key"],
            title=facts["title"],
            summary=facts["summary"],
            body=facts["body"],
            # They say only what is true in any house of the trade, so they can be read at once.
            status=ArticleStatus.PUBLISHED,
            actor=SYSTEM,
        )

    def _view_of(self, request: str) -> None:
        """A kind of request is a tag, and has a view of the inbox that the whole team sees."""
        query = urlencode({"tags": request})
        saved_views.save(self.session, TICKET.name, name=request, query=query, is_shared=True, actor=SYSTEM)
