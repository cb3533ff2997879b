"""Upkeep: what the sweeper does beside ringing, in a thread of its own: spares, backfills, a look at every schema a day."""

import threading
import time

from kernel import logs, settings
from tenants.migrations import backfills, drift
from tenants.provisioning import keep_spares

# So that a start is not slowed by what nobody needs yet.
_FIRST_AFTER_SECONDS = 10
_EVERY_SECONDS = 5
_LONGEST_WAIT_SECONDS = 300
_BACKFILL_SECONDS = 5
_DRIFT_EVERY_SECONDS = 3600
_DRIFT_HOURS = 24
_log = logs.get(__name__)


def begin(stop: threading.Event) -> threading.Thread:
    """Keep up until `stop` is set, however often something fails: it is tried again with growing patience."""
    thread = threading.Thread(target=_keep_up, args=[stop], name="upkeep", daemon=True)
    thread.start()
    return thread


def _keep_up(stop: threading.Event) -> None:
    pause, next_look = float(_FIRST_AFTER_SECONDS), time.monotonic()
    while not stop.wait(pause):
        is_time_to_look = time.monotonic() >= next_look
        try:
            once(with_drift=is_time_to_look)
            if is_time_to_look:
                next_look = time.monotonic() + _DRIFT_EVERY_SECONDS
            pause = _EVERY_SECONDS
        except Exception as error:
            pause = min(pause * 2, _LONGEST_WAIT_SECONDS)
            _log.warning("upkeep failed", error=repr(error), again_in_seconds=pause)


def once(*, with_drift: bool) -> None:
    """Keep as many spares as are wanted, go on with the backfills for a moment, and look for schemas that have drifted."""
    keep_spares(settings.current().spares)
    backfills.run(seconds=_BACKFILL_SECONDS)
    if with_drift:
        drift.check(unless_within_hours=_DRIFT_HOURS)
