"""The `frontdesk` command: what operators and scripts do from a terminal."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

import rooms
from infra import supervisor, templates
from infra.commands import archives, backups, houses
from infra.commands.migrating import migrate
from infra.commands.plain import PlainSpoken
from infra.demo import loading as demo
from infra.demo import trial
from infra.demo.welcome import welcome
from kernel import clock, database, jobs, logs, passwords, settings
from kernel.actors import SYSTEM
from kernel.errors import DomainError
from kernel.i18n import CODES
from knowledge_base.articles import evaluating, exporting, importing
from knowledge_base.articles import jobs as article_jobs
from knowledge_base.articles import queries as articles
from tenants import audit, migrations, operators, provisioning, registry, staff, vendor
from tenants.furnishing import BLANK, TEMPLATE_NAMES
from tenants.permissions import Role
from tenants.registry import TenantFacts

_DURATION = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@click.group()
def main() -> None:
    """Frontdesk: a service desk for many tenants."""
    rooms.open_all()
    is_about_services = click.get_current_context().invoked_subcommand in ("up", "migrate", "backup")
    if not is_about_services and not settings.current().database_url and "--help" not in sys.argv:
        raise click.ClickException("Frontdesk is not running here. Start it with `make run`, or set DATABASE_URL.")


@contextmanager
def _clear_refusals() -> Iterator[None]:
    """What the business refuses is a sentence on the terminal too, not a stack trace."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while something long runs; the block calls what it is given with (done, of)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(title, total=None)
        # Nothing to do is all done, not a bar that never fills.
        yield lambda done, of: bar.update(task, completed=done if of else 1, total=of or 1)


@main.command()
def up() -> None:
    """Start everything and keep it running: database, queue, web, workers, sweeper."""
    sys.exit(supervisor.up(settings.current(), prepare=_prepare, greeting=_greeting))


def _prepare() -> None:
    """What must be true before the doors open: schemas at head, and in demo mode the demo chain."""
    try:
        with _progress("Migrating") as show:
            migrations.run_all(lambda _name, done, of: show(done, of))
    except migrations.MigrationsFailed as failure:
        # Every release serves the revision before its own: one tenant's trouble does not close the house to the others.
        click.echo(f"{failure} See `frontdesk migrate status`.", err=True)
    if settings.current().mode == "demo" and not demo.is_loaded():
        with _progress("Loading the demo chain") as show:
            demo.load(show)
    database.dispose()


def _greeting() -> str:
    return welcome() if settings.current().mode == "demo" else settings.current().platform_url


main.add_command(migrate)


@main.group(cls=PlainSpoken)
def tenants() -> None:
    """Make, list, move, suspend, export, restore and erase tenants."""


for command in (*houses.COMMANDS, *archives.COMMANDS):
    tenants.add_command(command)
main.add_command(backups.backup)


@tenants.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="What the company is called.")
@click.option("--admin-email", required=True, help="Who administers it first.")
@click.option("--admin-password", help="Leave it out to have one made and shown.")
@click.option("--locale", default="en", type=click.Choice(CODES))
@click.option("--time-zone", default="UTC")
@click.option("--region", default="", help="Where its data must lie; the emptiest database that serves it is taken.")
@click.option("--template", default=BLANK, type=click.Choice(list(TEMPLATE_NAMES)), help="What it begins with.")
@click.option("--with-demo", is_flag=True, help="Demo data to try things on; it can be removed again.")
def create_tenant(slug: str, name: str, admin_email: str, admin_password: str | None, **given: Any) -> None:
    """Make a tenant that can be used at once; an interrupted call leaves nothing."""
    password = admin_password or passwords.new_password()
    locale = given["locale"]
    with _clear_refusals(), _progress("Making the tenant") as show:
        address = staff.mail_address(admin_email)
        who: dict[str, Any] = {"email": address, "name": address.partition("@")[0], "language": locale}

        def furnish(session: Session) -> None:
            staff.add(session, role=Role.ADMIN, password=password, actor=SYSTEM, **who)
            templates.furnish(session, given["template"], language=locale)
            if given["with_demo"]:
                trial.load(session, locale)

        kept = {option: given[option] for option in ("locale", "time_zone", "region", "template")}
        facts = provisioning.create_tenant(slug, name=name, **kept, show=show, furnish=furnish)
        show(1, 1)
    click.echo(f"{facts.name} lives at {facts.url()} and its staff sign in at /desk/.")
    if not admin_password:
        click.echo(f"{address} signs in with {password} (shown only now; change it under /desk/me).")


@tenants.command("spares")
@click.argument("wanted", type=click.IntRange(0, 2000))
def build_spares(wanted: int) -> None:
    """Build spare schemas until every database has WANTED of them, as fast as it goes (the sweeper is in no hurry)."""
    places = len(settings.current().placements)
    with _progress("Building spares") as show:
        built = provisioning.keep_spares(wanted, show=lambda built: show(built, wanted * places), pause_seconds=0)
    click.echo(f"{built} spares built.")


@tenants.command("list")
def list_tenants() -> None:
    """List the tenants."""
    for facts in registry.all_tenants():
        click.echo(f"{facts.slug}\t{facts.state}\t{facts.name}\t{facts.url()}")


@tenants.command("set-up-help-desk")
@click.option("--name", default="Frontdesk", show_default=True, help="What tenants know you by.")
@click.option("--admin-email", required=True, help="Who administers it first.")
@click.option("--locale", default="en", type=click.Choice(CODES))
@click.option("--time-zone", default="UTC")
def set_up_help_desk(name: str, admin_email: str, locale: str, time_zone: str) -> None:
    """Make the house from which you answer your tenants' questions."""
    password = passwords.new_password()
    with _clear_refusals():
        address = staff.mail_address(admin_email)
        who: dict[str, Any] = {"email": address, "name": address.partition("@")[0], "language": locale, "password": password}
        facts = vendor.set_up(
            name=name,
            locale=locale,
            time_zone=time_zone,
            furnish=lambda session: staff.add(session, role=Role.ADMIN, actor=SYSTEM, **who),
        )
    click.echo(f"Your tenants reach you under “Help from Frontdesk”; you answer at {facts.url('/desk/')}.")
    click.echo(f"{address} signs in with {password} (shown only now; change it under /desk/me).")


@main.group()
def kb() -> None:
    """The help centre's articles."""


@kb.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--tenant", "slug", required=True)
def import_articles(source: Path, slug: str) -> None:
    """Import a folder of Markdown files, or a JSONL file, into a tenant's help centre."""
    facts = _tenant(slug)
    with _clear_refusals(), _progress("Importing") as show:
        result = importing.import_all(facts.stand, source, show)
    for problem in result.problems:
        click.echo(problem, err=True)
    click.echo(
        f"{result.written} written, {result.changed} changed, {result.unchanged} unchanged, {len(result.problems)} refused."
    )
    if result.problems:
        sys.exit(1)


@kb.command("export")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tenant", "slug", required=True)
def export_articles(target: Path, slug: str) -> None:
    """Export a tenant's articles, drafts too, to a JSONL file that `kb import` reads."""
    facts = _tenant(slug)
    click.echo(f"{exporting.export_all(facts.stand, target)} articles exported to {target}.")


@kb.command("reindex")
@click.option("--tenant", "slug", required=True)
def reindex(slug: str) -> None:
    """Build a tenant's search index afresh."""
    facts = _tenant(slug)
    with _progress("Indexing") as show, database.transaction(facts.stand) as session:
        total = articles.count(session)
        count = article_jobs.reindex(session, lambda done: show(done, max(done, total)))
    click.echo(f"{count} articles indexed.")


@kb.command("evaluate")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", "slug", required=True)
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object and nothing else.")
def evaluate(source: Path, slug: str, is_json: bool) -> None:
    """Ask the questions of a JSONL file as a visitor would, and say how many were answered first, and among the first five."""
    facts = _tenant(slug)
    with _clear_refusals(), _progress("Asking") as show:
        report = evaluating.report(evaluating.ask_all(facts.stand, evaluating.read(source), show))
    if is_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    click.echo(f"{'questions':<24}{'n':>6}{'S@1':>8}{'S@5':>8}{'MRR':>8}{'p50 ms':>9}{'p95 ms':>9}")
    for name, of in {"all": report, **report["by"]}.items():
        shares = f"{100 * of['s1']:>8.1f}{100 * of['s5']:>8.1f}{of['mrr']:>8.3f}"
        click.echo(f"{name:<24}{of['n']:>6}{shares}{of['p50_ms']:>9.1f}{of['p95_ms']:>9.1f}")


def _tenant(slug: str) -> TenantFacts:
    facts = registry.find(slug)
    if facts is None:
        raise click.ClickException(f"There is no tenant {slug!r}.")
    return facts


@main.group("audit")
def audit_commands() -> None:
    """The audit trail of a tenant."""


@audit_commands.command("verify")
@click.option("--tenant", "slug", required=True)
def verify_audit(slug: str) -> None:
    """Compare every event with its seal; says what does not fit, and exits with 1 when anything does not."""
    with database.transaction(_tenant(slug).stand) as session:
        found = audit.verify(session)
    for finding in found.findings:
        click.echo(f"{finding.fault}\tentry {finding.number or '-'}\tevent {finding.event_id or '-'}", err=True)
    click.echo(f"{found.sealed} entries sealed, {found.waiting} waiting, {len(found.findings)} faults.")
    if not found.is_sound:
        sys.exit(1)


@main.group("clock")
def clock_commands() -> None:
    """The one clock of all processes (demo and test mode)."""


@clock_commands.command("advance")
@click.argument("by")
def advance(by: str) -> None:
    """Move the clock forward by a time such as 90s, 15m, 2h or 3d."""
    match = _DURATION.fullmatch(by)
    if match is None:
        raise click.ClickException("Say how far, such as 90s, 15m, 2h or 3d.")
    _only_with_hooks()
    try:
        now = clock.advance(timedelta(**{_UNITS[match[2]]: int(match[1])}))
    except OverflowError as error:
        raise click.ClickException("No calendar goes that far.") from error
    click.echo(f"It is now {now.isoformat(timespec='seconds')}.")


@main.group("jobs")
def job_commands() -> None:
    """The work that the outbox has promised."""


@job_commands.command("run-due")
def run_due() -> None:
    """Run, here and now, everything that is due (demo and test mode)."""
    _only_with_hooks()
    logs.configure()
    click.echo(f"{jobs.run_due()} jobs done.")


def _only_with_hooks() -> None:
    if not settings.current().has_test_hooks:
        raise click.ClickException("This exists in demo and test mode only.")


@main.command()
@click.argument("email")
@click.option("--name", required=True)
@click.option("--password", help="Leave it out to have one made and shown.")
def operator(email: str, **options: Any) -> None:
    """Let somebody operate the platform."""
    password = options["password"] or passwords.new_password()
    with _clear_refusals(), database.transaction() as session:
        operators.add(session, email=email, name=options["name"], password=password)
    click.echo(f"{email} signs in at {settings.current().platform_url}/ops/.")
    if not options["password"]:
        click.echo(f"The password is {password} (shown only now).")


if __name__ == "__main__":
    main()
