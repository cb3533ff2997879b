"""Engines: which one keeps the index here, as the settings say."""

from sqlalchemy.orm import Session

from kernel import database, settings
from knowledge_base.search.backend import SearchBackend
from knowledge_base.search.postgres_index import PostgresBackend
from knowledge_base.search.whoosh_index import WhooshBackend


def engine_of(session: Session) -> SearchBackend:
    """Return the index of the tenant in whose schema `session` stands."""
    known = settings.current()
    if known.search_backend == "postgres":
        return PostgresBackend(session)
    return WhooshBackend(known.home / "search" / database.stand_of(session).schema)
