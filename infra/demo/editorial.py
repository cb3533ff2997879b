"""The help centre at work in the demo chain: a review that waits, a script for staff, a scheduled text, a snippet."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra.demo.chain import CONTENT, DemoTenant
from kernel import clock
from kernel.actors import SYSTEM, Actor
from knowledge_base.articles import arranging, commands, snippets, workflow
from knowledge_base.articles.models import Article, ArticleKind, ArticleStatus, Category, Visibility


def load(session: Session, tenant: DemoTenant, *, author: Actor, reviewer: Actor) -> None:
    """Let `author` and `reviewer` do what they would have done by today."""
    words = json.loads((CONTENT / "editorial.json").read_text("utf-8").replace("%(phone)s", tenant.phone))[tenant.locale]
    snippet = words["snippet"]
    snippets.add(session, name=snippet["name"], words={tenant.locale: snippet["text"]}, actor=reviewer)
    names = {tenant.locale: words["category"]}
    place = commands.add_category(session, names=names, parent=None, actor=reviewer)

    def written(name: str, **facts: Any) -> Article:
        text = {part: words[name][part] for part in ("title", "summary", "body")}
        return commands.write(session, **text, language=tenant.locale, category=place, actor=author, **facts)

    script, group = (written(name, status=ArticleStatus.PUBLISHED) for name in ("script", "group"))
    _arrange(session, script, place, author, kind=ArticleKind.SCRIPT)
    _arrange(session, group, place, author, visibility=Visibility.GROUPS, groups=tuple(words["groups"]))
    workflow.submit(session, written("review"), actor=author)
    scheduled = written("scheduled")
    workflow.submit(session, scheduled, actor=author)
    workflow.approve(session, scheduled, actor=reviewer)
    workflow.schedule(session, scheduled, at=_nine_in_the_morning(days=3), actor=reviewer)


def _arrange(session: Session, article: Article, place: Category, owner: Actor, **facts: Any) -> None:
    due = clock.now().date() + timedelta(days=-3 if facts.get("kind") == ArticleKind.SCRIPT else 60)
    given: dict[str, Any] = {"kind": ArticleKind.ANSWER, "visibility": Visibility.PUBLIC, "groups": (), **facts}
    wanted = arranging.Arrangement(category=place, owner_id=owner.id, review_by=due, expires_at=None, **given)
    arranging.arrange(session, article, wanted, actor=SYSTEM)


def _nine_in_the_morning(*, days: int) -> datetime:
    return (clock.now() + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)
