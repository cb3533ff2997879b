"""A worker, or with `--sweeper` the sweeper: the processes that keep what the outbox promised."""

import signal
import sys
import threading
import time
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

import rooms
from kernel import database, doorbell, jobs, logs
from knowledge_base.articles import jobs as articles
from knowledge_base.questions import commands as questions
from tenants import audit, registry, signing_up, upkeep, usage

_SWEEP_SECONDS = 0.5
_HOUSEKEEPING_SECONDS = 3600
_log = logs.get(__name__)


def main(arguments: list[str]) -> None:
    logs.configure()
    rooms.open_all()
    if "--sweeper" in arguments:
        sweep_until_told_to_stop()
    else:
        doorbell.answer()


def sweep_until_told_to_stop() -> None:
    """Ring for due work twice a second, keep house once an hour, and keep spares and schemas in order beside it."""
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    doorbell.show_life("sweeper")
    upkeep.begin(stop)
    next_cleaning = time.monotonic()
    while not stop.wait(_SWEEP_SECONDS):
        try:
            jobs.sweep()
            if time.monotonic() >= next_cleaning:
                next_cleaning = time.monotonic() + _HOUSEKEEPING_SECONDS
                keep_house()
        except SQLAlchemyError as error:
            # The database may be away for a while; the promises are in it, so nothing is lost by waiting.
            _log.warning("sweep failed", error=repr(error))


def keep_house() -> None:
    """Forget what was long ago, let usage be counted, audit trails sealed, and search indexes compared with their articles."""
    jobs.forget_done()
    with database.transaction() as session:
        usage.promise_due(session)
        signing_up.forget_old(session)
    for tenant in registry.all_tenants():
        if tenant.state == "live":
            with database.transaction(tenant.stand) as session:
                articles.promise_repair(session)
                questions.forget_old(session)
                audit.promise_seal(session)


if __name__ == "__main__":
    main(sys.argv[1:])
