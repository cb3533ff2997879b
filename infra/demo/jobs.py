"""Furnishing a tenant that somebody else has made, and taking a trial's demo data out again."""

from sqlalchemy.orm import Session

from infra import templates
from infra.demo import trial
from kernel.jobs import job


@job("templates.furnish")
def furnish(session: Session, *, template: str, language: str) -> None:
    templates.furnish(session, template, language=language)


@job("demo.load")
def load(session: Session, *, language: str) -> None:
    trial.load(session, language)


@job("demo.remove")
def remove(session: Session) -> None:
    trial.remove(session)
