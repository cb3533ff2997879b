"""`frontdesk migrate`: bring every schema to head, and see how that stands."""

import sys

import click

from infra.commands.terminal import progress, services
from kernel import database, settings
from tenants import migrations
from tenants.migrations import backfills, drift, linting
from tenants.migrations.ledger import RING_NAMES, problems, refreshed, states
from tenants.migrations.running import THREADS
from tenants.migrations.shared import advice


@click.group(invoke_without_command=True)
@click.option("--threads", default=THREADS, show_default=True, type=click.IntRange(1, 32))
@click.pass_context
def migrate(context: click.Context, threads: int) -> None:
    """Bring the shared schemas and every tenant's to the newest revision; may be killed and called again."""
    if context.invoked_subcommand:
        return
    with services():
        _migrate(threads)
        for line in (line for placement in settings.current().placements for line in _advice(placement)):
            click.echo(line, err=True)


def _migrate(threads: int) -> None:
    try:
        with progress("Migrating") as show:
            tally = migrations.run(lambda tally: show(tally.done, tally.of, _remark(tally)), threads=threads)
    except migrations.MigrationsFailed as failure:
        for schema, error in failure.failed.items():
            click.echo(f"{schema}: {error}", err=True)
        raise click.ClickException(f"{failure} (call again when it is mended: whatever is done stays done)") from failure
    click.echo(f"{tally.changed} schemas changed, all at {migrations.head('tenant')}.")


def _remark(tally: migrations.Tally) -> str:
    failures = f", {len(tally.failed)} failed" if tally.failed else ""
    return f"{RING_NAMES[tally.ring]}, {tally.of - tally.done - len(tally.failed)} left{failures}"


def _advice(placement: str) -> list[str]:
    """What is missing for a tenant's wall to hold against an injected SELECT, in words and as SQL."""
    lines = advice(placement)
    if not lines:
        return []
    return [f"\nWARNING: the database “{placement}” is not closed. Let a superuser run in it:", *lines]


@migrate.command()
def status() -> None:
    """Say how far the schemas of every database are, and what went wrong."""
    with services():
        refreshed()
        for row in states():
            click.echo(f"{row.placement:<12}{row.state:<12}{row.revision or '-':<10}{row.count:>7}")
        for problem in problems():
            click.echo(f"{problem.placement}: {problem.schema} ({problem.name}): {problem.error}", err=True)
        standing = migrations.standing()
    click.echo(f"Head is {migrations.head('tenant')}; {standing.tenants_behind} tenants are behind it.")
    if not standing.is_at_head:
        sys.exit(1)


@migrate.command()
def lint() -> None:
    """Check the tenants' revisions against the rules of expand and contract."""
    found = linting.problems()
    for problem in found:
        click.echo(str(problem), err=True)
    click.echo(f"{len(migrations.steps('tenant'))} revisions, {len(found)} problems.")
    if found:
        sys.exit(1)


@migrate.command("backfill")
def backfill() -> None:
    """Go on with every backfill until all are done; workers do the same, more slowly."""
    with services():
        with progress("Backfilling") as show:
            tally = backfills.run(lambda tally: show(tally.done + tally.failed, tally.of, f"{tally.rows} rows"))
        database.dispose()
    click.echo(f"{tally.done} done, {tally.rows} rows changed, {tally.failed} failed.")
    if tally.failed:
        sys.exit(1)


@migrate.command("drift")
def check_drift() -> None:
    """Compare every schema with a fresh one."""
    with services(), progress("Comparing") as show:
        drifted = drift.check(lambda done, of: show(done, of, ""))
    for found in drifted:
        click.echo(f"{found.schema} has drifted:\n{found}", err=True)
    click.echo(f"{len(drifted)} schemas differ from a fresh one.")
    if drifted:
        sys.exit(1)
