"""A worker, or with `--sweeper` the sweeper: the processes that keep what the outbox promised."""

import signal
import sys
import threading
import time
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

import rooms
from kernel import doorbell, jobs, logs

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
    """Ring for due work twice a second, and once an hour forget what was done long ago."""
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    doorbell.show_life("sweeper")
    next_cleaning = time.monotonic()
    while not stop.wait(_SWEEP_SECONDS):
        try:
            jobs.sweep()
            if time.monotonic() >= next_cleaning:
                jobs.forget_done()
                next_cleaning = time.monotonic() + _HOUSEKEEPING_SECONDS
        except SQLAlchemyError as error:
            # The database may be away for a while; the promises are in it, so nothing is lost by waiting.
            _log.warning("sweep failed", error=repr(error))


if __name__ == "__main__":
    main(sys.argv[1:])
