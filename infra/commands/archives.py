"""`frontdesk tenants export | import | restore`: a tenant's data as one file, and back."""

from datetime import UTC, datetime
from pathlib import Path

import click

from infra import restoring
from infra.commands.terminal import progress
from kernel.actors import SYSTEM
from tenants import registry
from tenants.archive import exports, importing, reading
from tenants.lifecycle import NoSuchTenant


@click.command("export")
@click.argument("slug")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def export(slug: str, target: Path) -> None:
    """Write everything of a tenant into one zip file (docs/export-format.md)."""
    facts = registry.at_slug(slug)
    if facts is None:
        raise NoSuchTenant(slug=slug)
    with progress("Exporting") as show:
        receipt = exports.write_for_operator(facts, target, actor=SYSTEM, progress=lambda done, of: show(done, of, ""))
    click.echo(f"{receipt.rows} rows and {receipt.files} files are in {target} ({receipt.size} bytes).")
    click.echo(f"SHA-256 {receipt.sha256}")


@click.command("import")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--slug", required=True, help="The address that the tenant gets here.")
def import_archive(source: Path, slug: str) -> None:
    """Make a tenant of an export; it may be interrupted and called again."""
    with progress("Checking") as show:
        archive = reading.check(source, progress=lambda done, of: show(done, of, ""))
    with progress("Importing") as show:
        facts = importing.import_as(slug, archive, progress=lambda done, of: show(done, of, ""))
    click.echo(f"{facts.name} lives at {facts.url()}: {archive.rows} rows. Its people sign in with the passwords they had.")


@click.command()
@click.argument("slug")
@click.option("--to", "moment", help="The moment, such as 2026-03-01T22:00+08:00 (UTC without a zone); else the last backup.")
@click.option("--as", "new_slug", help="The address of the restored tenant; else SLUG-restored.")
@click.option("--from-url", help="A PostgreSQL that you have recovered to that moment yourselves.")
def restore(slug: str, moment: str | None, new_slug: str | None, from_url: str | None) -> None:
    """Bring one tenant back as it was at a moment, as a new tenant beside the live one; nobody else is touched."""
    to = _moment(moment) if moment else None
    with progress("Restoring") as show:
        facts = restoring.restore(slug, to=to, new_slug=new_slug or f"{slug}-restored", from_url=from_url, show=show)
    click.echo(f"{facts.name} as it was lives at {facts.url()}, beside {slug}.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.ClickException("Say when, such as 2026-03-01T22:00+08:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


COMMANDS = (export, import_archive, restore)
