"""`frontdesk tenants …`: what happens to a tenant after it was made, up to its end."""

import click

from infra import templates
from infra.commands.terminal import progress
from infra.demo import trial
from kernel import database
from kernel.actors import SYSTEM
from tenants import lifecycle, purging, registry, trail
from tenants.furnishing import TEMPLATE_NAMES
from tenants.lifecycle import NoSuchTenant, called
from tenants.registry import TenantFacts


@click.command()
@click.argument("slug")
@click.argument("new_slug")
@click.option("--free", is_flag=True, help="Let the old address go at once, for another tenant to take its place.")
def rename(slug: str, new_slug: str, free: bool) -> None:
    """Give a tenant another address; the old one leads there for 90 days."""
    with database.transaction() as session:
        lifecycle.rename(session, called(session, slug).id, slug=new_slug, actor=SYSTEM, keeps_former=not free)
    facts = registry.at_slug(new_slug)
    click.echo(f"{facts.name} lives at {facts.url()} now." if facts else "Done.")


@click.command()
@click.argument("slug")
@click.option("--reason", required=True, help="Kept in the log.")
def suspend(slug: str, reason: str) -> None:
    """Shut a tenant's doors for now; nothing is lost."""
    with database.transaction() as session:
        lifecycle.suspend(session, called(session, slug).id, reason=reason, actor=SYSTEM)
    click.echo(f"{slug} is suspended. Its pages say so, its work waits: `frontdesk tenants resume {slug}`.")


@click.command()
@click.argument("slug")
def resume(slug: str) -> None:
    """Open a suspended tenant again."""
    with database.transaction() as session:
        lifecycle.resume(session, called(session, slug).id, actor=SYSTEM)
    click.echo(f"{slug} is open, and the work that waited goes on.")


@click.command()
@click.argument("slug")
@click.option("--reason", default="", help="Kept in the log.")
def close(slug: str, reason: str) -> None:
    """Give a tenant notice: after 30 days everything of it is erased."""
    with database.transaction() as session:
        tenant = called(session, slug)
        lifecycle.close(session, tenant.id, reason=reason, actor=SYSTEM)
        day = lifecycle.purge_at(session, tenant.id)
    click.echo(
        f"{slug} is closing and will be erased at {day:%Y-%m-%d %H:%M} UTC. `frontdesk tenants reopen {slug}` undoes it."
    )


@click.command()
@click.argument("slug")
def reopen(slug: str) -> None:
    """Take a notice back."""
    with database.transaction() as session:
        lifecycle.reopen(session, called(session, slug).id, actor=SYSTEM)
    click.echo(f"{slug} is not closing any more.")


@click.command()
@click.argument("slug", required=False)
@click.option("--now", is_flag=True, help="Do not wait for the end of the 30 days (it must have been given notice).")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(slug: str | None, now: bool, yes: bool) -> None:
    """Erase a tenant whose 30 days are over; without SLUG, finish what was begun and interrupted."""
    with database.transaction() as session:
        ids = [called(session, slug).id] if slug else purging.unfinished(session)
    if slug and not yes and click.prompt(f"Everything of {slug} will be gone for good. Type its address to go on") != slug:
        raise click.ClickException("Nothing was erased.")
    for tenant_id in ids:
        _purge(tenant_id, is_due_only=not now)
    if not ids:
        click.echo("Nothing is unfinished.")


def _purge(tenant_id: int, *, is_due_only: bool) -> None:
    with progress("Erasing") as show:
        proof = purging.purge(
            tenant_id, actor=SYSTEM, is_due_only=is_due_only, progress=lambda what, done, of: show(done, of, what)
        )
    rows = sum(proof.removed["rows"].values())
    click.echo(f"Tenant {tenant_id} is erased: {rows} rows, {proof.removed['files']} files.")
    click.echo(f"Certificate (SHA-256): {proof.digest}")


@click.command("log")
@click.argument("slug", required=False)
@click.option("--drills", is_flag=True, help="Only backups and restores.")
def show_log(slug: str | None, drills: bool) -> None:
    """Show what was done to tenants, newest first."""
    with database.transaction() as session:
        if slug:
            lines = trail.of_tenant(session, called(session, slug).id)
        else:
            lines = trail.drills(session) if drills else trail.latest(session)
    for line in lines:
        facts = " ".join(f"{key}={value}" for key, value in line.data.items() if value not in ("", None))
        click.echo(f"{line.at:%Y-%m-%d %H:%M:%S}  {line.tenant_id or '-':>6}  {line.name:<20} {line.actor_name}  {facts}")


@click.command()
@click.argument("slug")
@click.option("--template", required=True, type=click.Choice(list(TEMPLATE_NAMES)), help="The trade.")
@click.option("--with-demo", is_flag=True, help="Demo data too, to try things on.")
def furnish(slug: str, template: str, with_demo: bool) -> None:
    """Put categories, first articles and kinds of request of a trade into a tenant."""
    facts = _live(slug)
    with database.transaction(facts.stand) as session:
        templates.furnish(session, template, language=facts.language.code)
        if with_demo:
            trial.load(session, facts.language.code)
    with database.transaction() as session:
        registry.set_facts(session, facts.id, template=template)
    click.echo(f"{facts.name} is furnished: {facts.url()}")


@click.group()
def demo() -> None:
    """A trial's demo data: made-up customers and requests."""


@demo.command("load")
@click.argument("slug")
def load_demo(slug: str) -> None:
    """Put demo data into a tenant."""
    facts = _live(slug)
    with database.transaction(facts.stand) as session:
        count = trial.load(session, facts.language.code)
    click.echo(f"{count} rows of demo data loaded. `frontdesk tenants demo remove {slug}` takes them out again.")


@demo.command("remove")
@click.argument("slug")
def remove_demo(slug: str) -> None:
    """Take the demo data out of a tenant; what is its own stays."""
    facts = _live(slug)
    with database.transaction(facts.stand) as session:
        count = trial.remove(session)
    click.echo(f"{count} rows removed.")


def _live(slug: str) -> TenantFacts:
    facts = registry.find(slug)
    if facts is None:
        raise NoSuchTenant(slug=slug)
    return facts


COMMANDS = (rename, suspend, resume, close, reopen, purge, show_log, furnish, demo)
