"""The database: engines, sessions that stand in one place for one transaction, and the one commit."""

import re
import select
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar, LiteralString, cast

import psycopg
from sqlalchemy import BigInteger, DateTime, Engine, Executable, MetaData, Sequence, Text, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from kernel import backends, logs, settings
from kernel.errors import DomainError
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import PLATFORM, Stand

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_COLUMN_TYPES: dict[Any, Any] = {datetime: DateTime(timezone=True), str: Text, dict[str, Any]: JSONB}


class TenantBase(DeclarativeBase):
    """Tables that every tenant has in its own schema; the search path decides whose they are."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = _COLUMN_TYPES


class PlatformBase(DeclarativeBase):
    """Tables of the one shared schema."""

    metadata = MetaData(schema="platform", naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = _COLUMN_TYPES


# What a table or a column may say of itself (`info`) for the day when a tenant takes its data along: that it stays, because it
# is a secret or means nothing elsewhere; for a table also which of its rows leave, as SQL.
STAYS_HERE = {"stays_here": True}


def rows_that_leave(condition: str) -> dict[str, Any]:
    return {"rows_that_leave": condition}


def tenant_id_column() -> Mapped[int]:
    """A primary key drawn from the tenant's one sequence: one a table would cost half a millisecond each at sign-up."""
    return mapped_column(BigInteger, Sequence("ids"), primary_key=True)


_engines: dict[str, Engine] = {}
_sharded: dict[str, bool] = {}
_making = Lock()
IS_CITUS: LiteralString = "SELECT 1 FROM pg_extension WHERE extname = 'citus'"


def engine(placement: str = HOME_PLACEMENT) -> Engine:
    """Return the process's engine for one database, made at first use."""
    made = _engines.get(placement)
    if made is None:
        with _making:
            made = _engines.get(placement) or make_engine(settings.current().placements[placement].url)
            _engines[placement] = made
    return made


def dispose() -> None:
    """Close all connections (before a fork, after a test)."""
    for made in _engines.values():
        made.dispose()
    _engines.clear()
    _sharded.clear()


def make_engine(url: str, *, pool_size: int = 5) -> Engine:
    """Return an engine whose transactions all begin with taking their stand, in one round trip.

    The driver runs in autocommit, so that the BEGIN is ours; statements are never prepared, because PostgreSQL plans again
    whenever the search path changes and a migration would break the cached plan.  No start-up options are sent, which
    pgbouncer would refuse: that the login role finds nothing by itself is a setting of the role.
    """
    made = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={"prepare_threshold": None, "connect_timeout": 5, "cursor_factory": OneStatementCursor},
    )
    event.listen(made, "connect", _begin_is_ours)
    event.listen(made, "begin", _take_stand)
    event.listen(made, "checkout", _refuse_a_dead_line)
    event.listen(made, "checkin", backends.retire_when_heavy)
    return made


# Words by which a statement could step out of where its transaction stands, outlive it, or hide that it does behind a remark
# or an empty statement.
_STEPS_OUT = re.compile(
    rb"""[\s;]*(?:(?:SET(?!\s+LOCAL\s+(?:\w+_timeout|enable_seqscan)\b)|RESET|DISCARD|DO|CALL|PREPARE|EXECUTE|BEGIN|START|COMMIT|END
    |ABORT|ROLLBACK(?!\s+TO\b)|ALTER\s+(?:ROLE|USER|GROUP)|DECLARE|LISTEN|NOTIFY)\b|--|/\*)""",
    re.IGNORECASE | re.VERBOSE,
)


class OneStatementCursor(psycopg.Cursor[Any]):
    """A cursor that can send one statement at a time, and none that would stand elsewhere after it.

    What somebody smuggles in behind a semicolon is refused: the driver uses the protocol that knows no second statement only
    for queries with parameters, here it always does.  Nor does a whole statement of a stranger's making switch the role: the
    login may become any tenant, so the database would let it.  Where sessions stand is said by `_say` alone.
    """

    def _execute_send(self, query: Any, *, force_extended: bool = False, **options: Any) -> None:
        if _STEPS_OUT.match(query.query):
            raise psycopg.ProgrammingError(f"a session may not say {query.query[:20]!r}")
        super()._execute_send(query, force_extended=True, **options)


def _begin_is_ours(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.autocommit = True


def _refuse_a_dead_line(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Let the pool replace a connection that the server has ended: there is something to read on it, though nobody asked.

    A ping would find it out as well, at the price of a round trip in every transaction.
    """
    line = cast("psycopg.Connection[Any]", connection)
    if line.closed or _is_readable(line.fileno()):
        raise InvalidatePoolError()


def _is_readable(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN)
    return bool(waiting.poll(0))


def _take_stand(connection: Connection) -> None:
    stand = connection.get_execution_options().get("stand")
    if stand is None:
        raise RuntimeError("A transaction must say where it stands: open it with database.session_at(stand).")
    is_snapshot = connection.get_execution_options().get("snapshot", False)
    _say(connection, f"{_BEGIN_SNAPSHOT if is_snapshot else 'BEGIN'}; {stand.sql}; {_PATIENCE if is_snapshot else _LIMITS}")
    backends.note_visit(connection.connection, stand)


def _limits(*, lock: str, statement: str, idle: str) -> str:
    limits = {"lock_timeout": lock, "statement_timeout": statement, "idle_in_transaction_session_timeout": idle}
    return "; ".join(f"SET LOCAL {name} = '{limit}'" for name, limit in limits.items())


_LIMITS = _limits(lock="5s", statement="30s", idle="60s")
_BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Everything is read in one go, and between two tables gigabytes of files may be packed.  Written the same on every server.
_PATIENCE = f"{_limits(lock='5s', statement='15min', idle='30min')}; SET LOCAL timezone TO 'UTC'; SET LOCAL datestyle TO 'ISO'"


def _say(connection: Connection, statements: str) -> None:
    """Send several statements of our own making in one round trip."""
    psycopg.Cursor(cast(Any, connection.connection.driver_connection)).execute(statements.encode())


def session_at(stand: Stand) -> Session:
    """Return a session for one transaction in `stand`; whoever opens it must `settle` it."""
    session = Session(engine(stand.placement).execution_options(stand=stand), expire_on_commit=False)
    session.info["stand"] = stand
    return session


def stand_of(session: Session) -> Stand:
    stand: Stand = session.info["stand"]
    return stand


def is_sharded(session: Session) -> bool:
    """Whether the session's database is Citus, where no statement writes both in a tenant's schema and in the shared one.

    Asked once for every database.
    """
    placement = stand_of(session).placement
    if placement not in _sharded:
        _sharded[placement] = driver_of(session).execute(IS_CITUS).fetchone() is not None
    return _sharded[placement]


def move(session: Session, stand: Stand) -> None:
    """Let the session's open transaction stand elsewhere in its database: a promise is the platform's, its work a tenant's."""
    if stand.placement != stand_of(session).placement:
        raise ValueError("A transaction cannot move to another database.")
    session.flush()
    _say(session.connection(), stand.sql)
    backends.note_visit(session.connection().connection, stand)
    session.info["stand"] = stand


def be_patient(session: Session) -> None:
    """Let the session's transaction stay open for as long as its work outside of the database takes."""
    _say(session.connection(), "SET LOCAL idle_in_transaction_session_timeout = 0")


def before_commit(session: Session, key: str, call: Callable[[Session], None]) -> None:
    """Run `call` as the last thing of the session's transaction, once for each `key`; what it raises undoes everything."""
    session.info.setdefault("before_commit", {}).setdefault(key, call)


def after_commit(session: Session, call: Callable[[], None]) -> None:
    """Run `call` once the session's transaction is safely on disk, or never."""
    session.info.setdefault("after_commit", []).append(call)


def need_not_wait(session: Session) -> None:
    """Let this transaction's commit return before the disk has it: for lines of a log that a power cut may take along."""
    _say(session.connection(), "SET LOCAL synchronous_commit TO OFF")


def settle(session: Session, *, keep: bool) -> None:
    """End the session's one transaction: commit when `keep`, else leave no trace."""
    try:
        if keep:
            for call in session.info.pop("before_commit", {}).values():
                call(session)
            session.commit()
        else:
            session.rollback()
    finally:
        session.close()
    if keep:
        for call in session.info.pop("after_commit", []):
            _call_safely(call)


def _call_safely(call: Callable[[], None]) -> None:
    """What follows a commit must not make it look undone: the sweeper sees to what was promised."""
    try:
        call()
    except Exception as error:
        logs.get(__name__).error("after commit", exc_info=error)


def insert_or_refuse(session: Session, row: DeclarativeBase, refusal: DomainError) -> None:
    """Insert `row` now; raise `refusal` when a value of it that must be unique is taken, be it in the same instant."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise refusal from error
        raise


@contextmanager
def transaction(stand: Stand = PLATFORM) -> Iterator[Session]:
    """One transaction in `stand`: kept when the block ends well, else gone."""
    session = session_at(stand)
    try:
        yield session
    except BaseException:
        settle(session, keep=False)
        raise
    settle(session, keep=True)


@contextmanager
def snapshot(stand: Stand) -> Iterator[Session]:
    """Everything in `stand` as it is at this instant, to be read only: what others change meanwhile is not seen."""
    session = Session(engine(stand.placement).execution_options(stand=stand, snapshot=True), expire_on_commit=False)
    session.info["stand"] = stand
    try:
        yield session
    finally:
        settle(session, keep=False)


def rows(session: Session, query: Executable, values: Mapping[str, Any] | None = None) -> list[Any]:
    """Return what a query of tables, not of models, finds: past the session's own machinery, which takes longer to read a few
    rows than the database does to find them."""
    session.flush()
    return list(session.connection().execute(query, values or {}))


def driver_of(session: Session) -> psycopg.Connection[Any]:
    """Return the driver's own connection that the session's transaction runs on: for COPY, which SQLAlchemy does not know."""
    return cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)


@contextmanager
def owner_transaction(placement: str = HOME_PLACEMENT) -> Iterator[psycopg.Connection[Any]]:
    """One transaction of the role that owns the schemas: for migrations and provisioning, never for a request."""
    with psycopg.connect(
        plain_address(settings.current().placements[placement].owner_url), prepare_threshold=None
    ) as connection:
        connection.execute("SET LOCAL lock_timeout = '5s'")
        yield connection


def plain_address(url: str) -> str:
    """Return SQLAlchemy's address of a database as the driver itself reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


_PROBE_SECONDS = 2


def probe(query: LiteralString, *values: Any) -> tuple[Any, ...]:
    """Return the row of `query`, asked on the platform by a connection of its own within a few seconds, or raise.

    For questions about our own health: the pool may be busy, and it is patient.
    """
    address = plain_address(settings.current().database_url)
    with psycopg.connect(address, prepare_threshold=None, connect_timeout=_PROBE_SECONDS) as connection:
        # Not as a start-up option, which pgbouncer would refuse.
        connection.execute(f"{PLATFORM.sql}; SET LOCAL statement_timeout = '{_PROBE_SECONDS}s'".encode())
        row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
    assert row is not None, "a probe asks for exactly one row"
    return row
