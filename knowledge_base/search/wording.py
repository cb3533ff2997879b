"""Wording: the synonyms that a tenant has agreed on, a group a line."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import database, events
from kernel.actors import Actor
from kernel.errors import InvalidField, StaleEdit
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from knowledge_base.search import analysis
from knowledge_base.search.models import SearchWording

MOST_GROUPS, MOST_LETTERS = 500, 20_000
_SYNONYMS = select(SearchWording.__table__.c.synonyms)
_COMMAS = re.compile(r"[,，、;；]")


def wording(session: Session) -> SearchWording:
    """Return the tenant's wording; one that was never saved is empty and has no version."""
    return session.scalar(select(SearchWording)) or SearchWording(synonyms=[])


def synonyms(session: Session) -> tuple[tuple[str, ...], ...]:
    """Return the groups of phrases that mean the same here."""
    return tuple(_phrases(line) for (lines,) in database.rows(session, _SYNONYMS) for line in lines)


def _phrases(line: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in _COMMAS.split(line) if phrase.strip())


def agree(session: Session, *, lines: str, version: int | None, actor: Actor) -> None:
    """Replace the synonyms: a group a line, phrases separated by commas.

    Raises `InvalidField` for a line that says nothing, `StaleEdit` when they are no longer at the `version` that was edited.
    """
    kept = wording(session)
    if version != kept.version:
        raise StaleEdit()
    kept.synonyms = [", ".join(_checked(line)) for line in clean(lines).splitlines() if line.strip()]
    if len(kept.synonyms) > MOST_GROUPS or len(lines) > MOST_LETTERS:
        raise InvalidField("synonyms", _l("At most 500 groups and 20,000 characters are kept."))
    session.add(kept)
    events.record(session, "synonyms.changed", kept, actor=actor, groups=len(kept.synonyms))


def _checked(line: str) -> tuple[str, ...]:
    phrases = _phrases(line)
    if len(phrases) < 2 or not all(analysis.terms(phrase) for phrase in phrases):
        raise InvalidField(
            "synonyms", _l("“%(line)s”: write at least two words or phrases with a comma between them.") % {"line": line}
        )
    return phrases
