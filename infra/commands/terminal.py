"""What commands share: the database to work on, and a bar while something long runs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.embedded import borrowed
from kernel import settings


@contextmanager
def services() -> Iterator[None]:
    """Have a database to work on: the one that the settings name, or the embedded one, started for as long as needed."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    with borrowed(settings.current().home):
        settings.use(None)
        yield


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar while something long runs; the block calls what it is given with (done, of, remark)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None, rate="", remark="")

        def show(done: int, of: int, remark: str = "") -> None:
            speed = bar.tasks[task].finished_speed or bar.tasks[task].speed
            rate = f"{speed:.0f}/s" if speed else ""
            # Nothing to do is all done, not a bar that never fills.
            bar.update(task, completed=done if of else 1, total=of or 1, rate=rate, remark=remark)

        yield show
