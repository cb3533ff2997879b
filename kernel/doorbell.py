"""The doorbell: the one door to RQ and Valkey.  It wakes workers; what they must do is remembered by PostgreSQL."""

import os
import socket
import threading
import uuid
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from kernel import database, logs, settings
from kernel.settings import HOME_PLACEMENT

GRACE = timedelta(seconds=3)
_QUEUE = "frontdesk"
_BATCH = 25
# A bell nobody answered for so long is forgotten: the sweeper has rung again, and would fill the queue with echoes.
_STALE_SECONDS = 30
# The longest work is to pack a large tenant; what hangs on the database is ended by its own limits.
_RING: dict[str, Any] = {"job_timeout": 3600, "result_ttl": 0, "failure_ttl": 300, "ttl": _STALE_SECONDS}
_ALIVE_SECONDS = 10
_log = logs.get(__name__)


@cache
def _valkey() -> Redis:
    # Short patience: a web request must not wait for a bell that does not ring.
    return Redis.from_url(settings.current().redis_url, socket_connect_timeout=0.3, socket_timeout=1)


def forget_connection() -> None:
    """Connect afresh at next use (after a fork, when a test moves the server)."""
    _valkey.cache_clear()


def ring(row_ids: list[uuid.UUID], placement: str = HOME_PLACEMENT) -> bool:
    """Wake workers for these rows of one database's outbox; say whether the bell rang: if not, the sweeper rings later."""
    try:
        queue = Queue(_QUEUE, connection=_valkey(), serializer=JSONSerializer)
        # In one round trip, whatever RQ writes down about a job.
        with _valkey().pipeline() as pipe:
            for start in range(0, len(row_ids), _BATCH):
                batch = [str(row_id) for row_id in row_ids[start : start + _BATCH]]
                queue.enqueue("kernel.jobs.drain", batch, placement, pipeline=pipe, **_RING)
            pipe.execute()
        return True
    except RedisError as error:
        _log.warning("doorbell silent", error=str(error), rows=len(row_ids))
        return False


def ring_after_commit(session: Session, row_id: uuid.UUID) -> None:
    """Ring once, after the commit, for all rows that the session's transaction put into the outbox."""
    if rows := session.info.get("rung"):
        rows.append(row_id)
        return
    rows = session.info["rung"] = [row_id]
    database.after_commit(session, partial(_ring_and_forget, session, rows))


def _ring_and_forget(session: Session, rows: list[uuid.UUID]) -> None:
    session.info.pop("rung", None)
    ring(rows, database.stand_of(session).placement)


def is_alive() -> bool:
    try:
        return bool(_valkey().ping())
    except RedisError:
        return False


def alive(kind: str) -> int:
    """Return how many processes of `kind` ("worker", "sweeper") have shown a sign of life in the last ten seconds."""
    try:
        return sum(1 for _ in _valkey().scan_iter(f"frontdesk:alive:{kind}:*"))
    except RedisError:
        return 0


def queue_length() -> int | None:
    try:
        return Queue(_QUEUE, connection=_valkey(), serializer=JSONSerializer).count
    except RedisError:
        return None


def show_life(kind: str) -> None:
    """Let a thread of this process tell that it lives, until it does not."""
    key = f"frontdesk:alive:{kind}:{socket.gethostname()}:{os.getpid()}"

    def beat() -> None:
        while True:
            with suppress(RedisError):
                _valkey().setex(key, _ALIVE_SECONDS, "1")
            pause.wait(_ALIVE_SECONDS / 4)

    pause = threading.Event()
    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


def answer() -> None:
    """Work off the queue until told to stop (SIGTERM finishes the job in hand).

    Jobs run in this process: a fork a job would cost twice the time of the job, and a job that kills its worker is
    counted by the outbox before it starts.
    """
    show_life("worker")
    connection = Redis.from_url(settings.current().redis_url, socket_connect_timeout=1, health_check_interval=15)
    worker = SimpleWorker([_QUEUE], connection=connection, serializer=JSONSerializer, maintenance_interval=60, worker_ttl=60)
    # After an outage RQ would sleep for up to a minute before it tries again.
    worker.max_connection_wait_time = 1
    worker.work(logging_level="WARNING")
