"""What the readers of a demonstration looked for in the last weeks, and what they said about articles."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra.demo.chain import DemoTenant
from kernel import clock
from kernel.actors import VISITOR
from kernel.i18n import BY_CODE
from knowledge_base.articles import commands as articles
from knowledge_base.articles.models import Article
from knowledge_base.questions import commands
from knowledge_base.questions.models import Face
from service_desk.tickets.models import Ticket


def load(session: Session, tenant: DemoTenant) -> None:
    """Live through `questions.jsonl`, where a tenant has one: questions asked `people` times, and votes against articles.

    `ticket` is the subject of the ticket that the first of them sent; `article` is the id of what the others opened; `wrote` of
    them wrote two days later all the same.
    """
    path = tenant.folder / "questions.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines):
        facts = json.loads(line)
        if "reason" in facts:
            _vote(session, facts, visitor=f"demo-vote-{number}")
        else:
            _ask(session, facts, visitor=f"demo-{number}")


def _ask(session: Session, facts: dict[str, Any], *, visitor: str) -> None:
    article = _article(session, facts) if "article" in facts else None
    ticket = session.scalar(select(Ticket).where(Ticket.subject == facts.get("ticket")))
    start = ticket.created_at - timedelta(minutes=4) if ticket else datetime.now(UTC) - timedelta(days=facts["days_ago"])
    for person in range(facts["people"]):
        key = f"{visitor}-{person}"
        given: dict[str, Any] = {"language": BY_CODE[facts["language"]], "face": Face.RESULTS, "hits": facts["hits"]}
        with clock.set_to(min(start + timedelta(hours=7 * person), datetime.now(UTC))):
            question = commands.ask(session, facts["words"], visitor=key, **given)
            assert question is not None
            if ticket and person == 0:
                commands.note_writing(session, visitors=[key], ticket_id=ticket.id, at=ticket.created_at)
            elif article:
                commands.note_opened(session, question.id, visitor=key, article=article)
            if person < facts.get("wrote", 0):
                commands.note_writing(session, visitors=[key], ticket_id=0, at=clock.now() + timedelta(days=2))


def _vote(session: Session, facts: dict[str, Any], *, visitor: str) -> None:
    with clock.set_to(datetime.now(UTC) - timedelta(days=facts["days_ago"])):
        article = _article(session, facts)
        said = {"is_helpful": False, "reason": facts["reason"], "comment": facts["comment"]}
        articles.vote(session, article, visitor=visitor, **said, actor=VISITOR)


def _article(session: Session, facts: dict[str, Any]) -> Article:
    wanted = Article.translation_key == facts["article"], Article.language == facts["language"]
    return session.scalars(select(Article).where(*wanted)).one()
