"""`frontdesk backup`: the embedded database and all files, as they are now."""

import click

from infra import backups
from infra.commands.terminal import progress, services


@click.command()
@click.option("--keep", default=7, show_default=True, type=click.IntRange(1, 1000), help="How many backups stay.")
def backup(keep: int) -> None:
    """Back up the embedded PostgreSQL and all files; with FRONTDESK_WAL_ARCHIVE=1 any moment since can be restored."""
    with services(), progress("Backing up") as show:
        made = backups.make(keep=keep, show=show)
    click.echo(f"Backed up to {made.folder}: {made.files} files, checked.")
    if not made.has_log:
        click.echo("Only this moment can be restored. Set FRONTDESK_WAL_ARCHIVE=1 to be able to restore any moment after it.")
