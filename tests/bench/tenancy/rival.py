"""django-tenants at the same work, in a process of its own: an interpreter where it is installed is needed.

Speaks lines: a command with its number on standard input, a JSON list of seconds on standard output.  It gets tables like
ours (as many, with as many indexes, in as many migrations), nothing of Django's own beside them, and its defaults.
"""

import json
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

# Table: (columns beside the id, columns with an index, columns that are unique).
_TABLES = {
    "Event": (("name", "subject_id", "actor_name", "data"), ("at", "subject_type"), ()),
    "StaffMember": (("name", "role", "language"), (), ("email",)),
    "SignIn": (("agent", "address"), ("face",), ("token",)),
    "SignInTry": (("address",), ("key",), ()),
    "SignInCode": (("language",), ("email",), ("digest",)),
    "StoredFile": (("name", "media_type"), (), ("public_id",)),
    "Customer": (("name", "search_text"), ("sort_key", "language"), ("email",)),
    "Ticket": (
        ("subject", "status", "priority", "tags", "language", "created_at", "replied_at", "solved_at", "rating", "comment"),
        ("assignee", "updated_at", "search_text"),
        ("number", "form_key"),
    ),
    "TicketMessage": (("kind", "author_name", "body"), ("search_text",), ("form_key",)),
    "TicketAttachment": (("file",), ("message",), ()),
    "Category": (("names",), (), ()),
    "Article": (("title", "body", "status"), ("category", "updated_at", "search_text"), ("translation_key",)),
    "ArticleVote": (("comment",), (), ("visitor",)),
    "Mail": (("to_address", "subject", "text"), (), ("event_id",)),
    "BellItem": (("kind", "data"), ("staff",), ("event_id",)),
    "SavedView": (("name", "query"), (), ()),
}
_FOREIGN = {"Ticket": "Customer", "TicketMessage": "Ticket"}
_MIGRATIONS = (6, 1, 3, 3, 2, 1)
_PAGES = 60


# The columns of a list are of the types that ours are.
_KINDS = {
    **dict.fromkeys(("created_at", "updated_at", "replied_at", "solved_at"), "DateTimeField(null=True, db_index={index})"),
    **dict.fromkeys(("priority", "rating"), "IntegerField(null=True, db_index={index})"),
    "tags": "JSONField(default=list)",
}


def _column(name: str, *, index: bool = False) -> str:
    kind = _KINDS.get(name, "CharField(max_length=200, default='', db_index={index})")
    return f"{name} = models.{kind.format(index=index)}"


def _fields(table: str) -> list[str]:
    plain, indexed, unique = _TABLES[table]
    lines = [_column(name) for name in plain]
    lines += [_column(name, index=True) for name in indexed]
    # Unique and empty at once would collide; a null does not.
    lines += [f"{name} = models.CharField(max_length=200, null=True, unique=True)" for name in unique]
    if table in _FOREIGN:
        lines.append(f"parent = models.ForeignKey('{_FOREIGN[table]}', on_delete=models.CASCADE)")
    return lines


def _write_project(folder: Path) -> None:
    """Write two applications: the registry (shared) and the desk (each tenant's), the latter with its migrations."""
    for name in ("registry", "desk"):
        (folder / name / "migrations").mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "migrations" / "__init__.py").touch()
    (folder / "registry" / "models.py").write_text(
        "from django.db import models\nfrom django_tenants.models import DomainMixin, TenantMixin\n"
        "class Client(TenantMixin):\n    name = models.CharField(max_length=100)\n    auto_create_schema = True\n"
        "class Domain(DomainMixin):\n    pass\n"
    )
    models = ["from django.db import models"]
    for table in _TABLES:
        models += [f"class {table}(models.Model):", *(f"    {line}" for line in _fields(table))]
    (folder / "desk" / "models.py").write_text("\n".join(models) + "\n")
    names = list(_TABLES)
    for number, count in enumerate(_MIGRATIONS, start=1):
        _write_migration(folder / "desk" / "migrations", number, names[:count])
        names = names[count:]


def _write_migration(folder: Path, number: int, tables: list[str]) -> None:
    before = f"('desk', '{number - 1:04d}_step')" if number > 1 else ""
    lines = ["from django.db import migrations, models", "class Migration(migrations.Migration):"]
    lines += [f"    dependencies = [{before}]", "    operations = ["]
    for table in tables:
        pairs = [line.replace("ForeignKey('", "ForeignKey('desk.").split(" = ", 1) for line in _fields(table)]
        fields = ["('id', models.BigAutoField(primary_key=True))", *(f"('{name}', {kind})" for name, kind in pairs)]
        lines.append(f"        migrations.CreateModel('{table}', [{', '.join(fields)}]),")
    lines.append("    ]")
    (folder / f"{number:04d}_step.py").write_text("\n".join(lines) + "\n")


def _configure(address: dict[str, str]) -> None:
    from django.conf import settings

    database = {"ENGINE": "django_tenants.postgresql_backend", "CONN_MAX_AGE": None, **address}
    settings.configure(
        DEBUG=False,
        USE_TZ=True,
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database},
        DATABASE_ROUTERS=["django_tenants.routers.TenantSyncRouter"],
        SHARED_APPS=["django_tenants", "django.contrib.contenttypes", "registry"],
        TENANT_APPS=["desk"],
        INSTALLED_APPS=["django_tenants", "django.contrib.contenttypes", "registry", "desk"],
        TENANT_MODEL="registry.Client",
        TENANT_DOMAIN_MODEL="registry.Domain",
        MIDDLEWARE=["django_tenants.middleware.main.TenantMainMiddleware"],
        ROOT_URLCONF=__name__,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    import django

    django.setup()


urlpatterns: list[object] = []


def _page(request: object) -> object:
    from desk.models import Event, StaffMember, Ticket, TicketMessage
    from django.db import transaction
    from django.db.models import Count, F
    from django.http import HttpResponse

    with transaction.atomic():
        owner = StaffMember.objects.get(email="owner@bench.example")
        counts = list(Ticket.objects.values("status").annotate(n=Count("id")))
        rows = list(Ticket.objects.annotate(who=F("parent__name")).order_by("-updated_at", "-id")[:25])
        messages = list(TicketMessage.objects.filter(parent_id=rows[0].id))
        Event.objects.create(at="now", name="page.seen", subject_type="ticket", subject_id="1", actor_name=owner.name)
    lines = "".join(f"<li>{row.number} {row.subject} {row.who}</li>" for row in rows)
    return HttpResponse(f"<h1>{owner.name} {counts} {len(messages)}</h1><ul>{lines}</ul>")


def _create(count: int) -> list[float]:
    from registry.models import Client, Domain

    took = []
    for _tenant in range(count):
        number = Client.objects.count()
        began = time.perf_counter()
        client = Client(schema_name=f"d{number}", name=f"Tenant {number}")
        client.save()
        Domain.objects.create(domain=f"d{number}.localhost", tenant=client, is_primary=True)
        took.append(time.perf_counter() - began)
        _move_in(client)
    return took


def _move_in(client: object) -> None:
    from desk.models import Customer, StaffMember, Ticket, TicketMessage
    from django_tenants.utils import tenant_context

    now = datetime.now(UTC)
    with tenant_context(client):
        StaffMember.objects.create(email="owner@bench.example", name="Olga", role="admin", language="en")
        people = Customer.objects.bulk_create(Customer(name=f"Customer {n}", email=f"c{n}@mail.example") for n in range(10))
        tickets = Ticket.objects.bulk_create(
            Ticket(subject=f"Request {n}", status="new", number=str(n), parent=people[n % 10], updated_at=now, created_at=now)
            for n in range(25)
        )
        TicketMessage.objects.bulk_create(TicketMessage(body="It drips", parent=ticket) for ticket in tickets)


def _visit(favour_few: int) -> list[float]:
    from registry.models import Domain

    hosts = list(Domain.objects.order_by("id").values_list("domain", flat=True))
    weights = [1 / (place + 1) if favour_few else 1.0 for place in range(len(hosts))]
    took = []
    for host in random.Random(7).choices(hosts, weights, k=_PAGES):
        began = time.perf_counter()
        answer = _client().get("/", HTTP_HOST=host)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.content
    return took


def _client() -> object:
    from django.test import Client

    if not _clients:
        _clients.append(Client())
    return _clients[0]


_clients: list[object] = []


def _migrate(folder: Path, column: str) -> list[float]:
    """Add a nullable column to one table of every tenant, then again with nothing to do."""
    from django.core.management import call_command

    if column:
        last = sorted((folder / "desk" / "migrations").glob("0*.py"))[-1].stem
        (folder / "desk" / "migrations" / f"{int(last[:4]) + 1:04d}_step.py").write_text(
            "from django.db import migrations, models\nclass Migration(migrations.Migration):\n"
            f"    dependencies = [('desk', '{last}')]\n"
            f"    operations = [migrations.AddField('Ticket', '{column}', models.CharField(max_length=9, null=True))]\n"
        )
    began = time.perf_counter()
    call_command("migrate_schemas", verbosity=0)
    return [time.perf_counter() - began]


def main() -> None:
    # What it prints while it works is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sys.path.insert(0, name)
        _write_project(folder)
        _configure(json.loads(os.environ["RIVAL_DATABASE"]))
        from django.core.management import call_command
        from django.urls import path

        urlpatterns.append(path("", _page))
        call_command("makemigrations", "registry", verbosity=0)
        call_command("migrate_schemas", shared=True, verbosity=0)
        print(json.dumps([]), file=answers, flush=True)
        commands = {
            "create": _create,
            "visit": _visit,
            "migrate": lambda number: _migrate(folder, f"column{number}"),
            "nothing": lambda _number: _migrate(folder, ""),
        }
        for line in sys.stdin:
            command, number = line.split()
            print(json.dumps(commands[command](int(number))), file=answers, flush=True)


if __name__ == "__main__":
    sys.modules[__name__] = sys.modules["__main__"]
    main()
