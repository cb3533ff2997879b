"""Work that is killed at its n-th statement, in a fork: as sudden as a SIGKILL from outside, and cheap."""

import itertools
import os
import signal
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from kernel import database


def is_finished(work: Callable[[], Any], *, kill_at: int) -> bool:
    """Run `work` in a process that kills itself before its n-th statement, BEGIN and COMMIT counted; whether it was done first.

    Raises `AssertionError` when it failed by itself.
    """
    database.dispose()  # a connection must not be shared with the fork
    child = os.fork()
    if child == 0:
        _work_and_die(work, kill_at)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "it failed by itself; see above"
    return True


def kill_again_and_again(work: Callable[[], Any], schedule: Iterable[int], look: Callable[[], None]) -> int:
    """Kill `work` at each point of the schedule until it comes to its end, `look` every time; return how many kills it took."""
    points = iter(schedule)
    for kills in itertools.count():
        if is_finished(work, kill_at=next(points)):
            look()
            return kills
        look()
    raise AssertionError("the schedule never ends")


def _work_and_die(work: Callable[[], Any], kill_at: int) -> None:
    statements = itertools.count(1)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def count_and_call(*given: Any, **named: Any) -> Any:
            if next(statements) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)

        return count_and_call

    psycopg.Cursor.execute = counted(psycopg.Cursor.execute)
    psycopg.Connection._exec_command = counted(psycopg.Connection._exec_command)
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
