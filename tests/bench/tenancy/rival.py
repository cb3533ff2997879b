"""django-tenants at the same work, in a process of its own: an interpreter where it is installed is needed.

The first line on standard input says where its database is and what tables we have; then it speaks lines: a command with its
number, answered by a JSON list of seconds on standard output.  A tenant gets as many tables, columns, indexes and migrations as
ours, and beside them what django-tenants' own tutorial gives each: Django's people, their rights and sessions.  Defaults else.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import calling

_SESSION = "s" * 32
_TEMPLATES = Path(__file__).parent / "templates"
# Django's field, and what stands in it where nothing was given and nothing may not be.
_KINDS = {
    "big": ("BigIntegerField", "0"),
    "int": ("IntegerField", "0"),
    "bool": ("BooleanField", "False"),
    "time": ("DateTimeField", "timezone.now"),
    "date": ("DateField", "timezone.now"),
    "json": ("JSONField", "list"),
    "uuid": ("UUIDField", "uuid.uuid4"),
    "bytes": ("BinaryField", "bytes"),
    "text": ("TextField", "''"),
}
_IMPORTS = "import uuid\nfrom django.db import migrations, models\nfrom django.utils import timezone\n"


class Table:
    """One of our tables, as Django would have it; a key of one column is Django's as well, unless Django numbers the rows."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.model = _model(told["name"])
        self._key = told["key"][0] if len(told["key"]) == 1 else ""
        self._fields = {column["name"]: _field_name(column) for column in told["columns"]}
        numbered = [column for column in told["columns"] if column["name"] == self._key == "id" and column["kind"] == "big"]
        self._columns = [column for column in told["columns"] if column not in numbered]
        self.is_numbered = len(numbered) == 1 or not self._key

    def fields(self, app: str, step: int | None = None) -> list[tuple[str, str]]:
        """Return names and the fields as Python, for a model (`app` empty) or for one migration of an app."""
        wanted = [column for column in self._columns if step in (None, column["step"])]
        return [(_field_name(column), f"models.{self._field(column, app)}") for column in wanted]

    def _field(self, column: dict[str, Any], app: str) -> str:
        is_key = column["name"] == self._key
        key = ", primary_key=True" if is_key else ""
        null = "null=True" if column["null"] else ""
        if column["foreign"]:
            kind = "OneToOneField" if is_key else "ForeignKey"
            return f"{kind}('{app}{_model(column['foreign'])}', models.CASCADE, related_name='+'{key}, {null})"
        kind, default = _KINDS[column["kind"]]
        alone = ", unique=True" if [[column["name"]], column["step"]] in self.told["unique"] else ""
        return f"{kind}({null or f'default={default}'}{key}{alone})"

    def unique(self, step: int | None = None) -> list[str]:
        """Return which columns must be unique together, as Python, of the whole model or of one migration."""
        name = f"'u%d_{self.told['name']}'"
        told = enumerate(one for one in self.told["unique"] if len(one[0]) > 1)
        made = "models.UniqueConstraint(fields={}, name={})"
        return [made.format(self._named(columns), name % number) for number, (columns, at) in told if step in (None, at)]

    def indexes(self, step: int | None = None) -> list[str]:
        name = f"'i%d_{self.told['name']}'"
        told = enumerate(self.told["indexes"])
        made = "models.Index(fields={}, name={})"
        return [made.format(self._named(columns), name % number) for number, (columns, at) in told if step in (None, at)]

    def operations(self, step: int) -> list[str]:
        """Return what one migration does about this table: makes it, or adds to it what came later."""
        fields, unique, indexes = self.fields("desk.", step), self.unique(step), self.indexes(step)
        if step == self.told["step"]:
            own = ["('id', models.BigAutoField(primary_key=True))"] if self.is_numbered else []
            own += [f"('{name}', {field})" for name, field in fields]
            options = f"{{'constraints': [{', '.join(unique)}], 'indexes': [{', '.join(indexes)}]}}"
            return [f"migrations.CreateModel('{self.model}', [{', '.join(own)}], options={options})"]
        return [
            *(f"migrations.AddField('{self.model}', '{name}', {field})" for name, field in fields),
            *(f"migrations.AddConstraint('{self.model}', {one})" for one in unique),
            *(f"migrations.AddIndex('{self.model}', {one})" for one in indexes),
        ]

    def _named(self, columns: list[str]) -> list[str]:
        return [self._fields[column] for column in columns]


def _model(table: str) -> str:
    return "".join(part.title() for part in table.split("_"))


def _field_name(column: dict[str, Any]) -> str:
    name: str = column["name"]
    return name.removesuffix("_id") if column["foreign"] else name


def _write_project(folder: Path, tables: list[Table], migrations: int) -> None:
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
    (folder / "filters.py").write_text(
        "from django.template import Library\nregister = Library()\n"
        "register.filter('stamp', lambda moment: moment.strftime('%Y-%m-%d %H:%M'))\n"
    )
    models = [_IMPORTS]
    for table in tables:
        models += [f"class {table.model}(models.Model):", *(f"    {name} = {field}" for name, field in table.fields(""))]
        models.append(f"    class Meta:\n        constraints = [{', '.join(table.unique())}]")
        models.append(f"        indexes = [{', '.join(table.indexes())}]")
    (folder / "desk" / "models.py").write_text("\n".join(models) + "\n")
    for step in range(migrations):
        before = f"('desk', '{step:04d}_step')" if step else ""
        operations = ",\n        ".join(one for table in tables for one in table.operations(step))
        (folder / "desk" / "migrations" / f"{step + 1:04d}_step.py").write_text(
            f"{_IMPORTS}class Migration(migrations.Migration):\n    dependencies = [{before}]\n"
            f"    operations = [{operations}]\n"
        )


def _configure(address: dict[str, str]) -> None:
    from django.conf import settings

    # In both, as in the tutorial: a tenant's people and what they may do are its own, as ours are.
    both = [f"django.contrib.{name}" for name in ("contenttypes", "auth", "admin", "sessions", "messages")]
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    settings.configure(
        DEBUG=False,
        USE_TZ=True,
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django_tenants.postgresql_backend", "CONN_MAX_AGE": None, **address}},
        DATABASE_ROUTERS=["django_tenants.routers.TenantSyncRouter"],
        SHARED_APPS=["django_tenants", "registry", *both],
        TENANT_APPS=[*both, "desk"],
        INSTALLED_APPS=["django_tenants", "registry", *both, "desk"],
        TENANT_MODEL="registry.Client",
        TENANT_DOMAIN_MODEL="registry.Domain",
        # Those that `startproject` writes.
        MIDDLEWARE=[
            "django_tenants.middleware.main.TenantMainMiddleware",
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [str(_TEMPLATES)],
                "OPTIONS": {
                    "builtins": ["filters"],
                    "context_processors": [*processors, "django.contrib.messages.context_processors.messages"],
                },
            }
        ],
        ROOT_URLCONF=__name__,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    import django

    django.setup()


urlpatterns: list[object] = []


def _page(request: Any) -> object:
    from desk.models import Event, Ticket, TicketMessage
    from django.db import transaction
    from django.db.models import Count
    from django.middleware.csrf import get_token
    from django.shortcuts import render

    with transaction.atomic():
        counts = [(row["status"], row["n"]) for row in Ticket.objects.values("status").annotate(n=Count("id"))]
        rows = list(Ticket.objects.select_related("customer", "assignee").order_by("-updated_at", "-id")[:25])
        messages = list(TicketMessage.objects.filter(ticket_id=rows[0].id).order_by("id"))
        line = {"subject_type": "ticket", "subject_id": rows[0].id, "actor_kind": "staff", "actor_id": request.user.id}
        Event.objects.create(name="page.seen", actor_name=request.user.first_name, **line)
    shown = {"who": request.user.first_name, "counts": counts, "rows": rows, "messages": messages}
    return render(request, "bench/page.html", {"token": get_token(request), **shown})


def _create(count: int) -> list[float]:
    from desk.models import StaffMember
    from django_tenants.utils import tenant_context
    from registry.models import Client, Domain

    took = []
    for _tenant in range(count):
        number = Client.objects.count()
        began = time.perf_counter()
        client = Client(schema_name=f"d{number}", name=f"Tenant {number}")
        client.save()
        Domain.objects.create(domain=f"d{number}.localhost", tenant=client, is_primary=True)
        with tenant_context(client):
            owner = StaffMember.objects.create(email="owner@bench.example", name="Olga", role="admin", language="en")
        took.append(time.perf_counter() - began)
        with tenant_context(client):
            _move_in(owner)
            _sign_in()
    return took


def _move_in(owner: object) -> None:
    from desk.models import Customer, Ticket, TicketMessage

    now = datetime.now(UTC)
    people = Customer.objects.bulk_create(
        Customer(name=f"Customer {n}", email=f"c{n}@mail.example", version=1) for n in range(10)
    )
    given = {"status": "new", "tags": ["door", "water"], "language": "en", "assignee": owner, "version": 1}
    tickets = Ticket.objects.bulk_create(
        Ticket(subject=f"Request {n}", number=n, customer=people[n % 10], priority=1 + n % 4, updated_at=now, **given)
        for n in range(25)
    )
    TicketMessage.objects.bulk_create(
        TicketMessage(body="It drips", author_name="Somebody", ticket=ticket) for ticket in tickets
    )


def _sign_in() -> None:
    """Let somebody be signed in at this tenant, by a cookie that reads the same at all of them."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    user = User.objects.create(username="owner@bench.example", first_name="Olga", password="!")
    backend = "django.contrib.auth.backends.ModelBackend"
    known = {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: user.get_session_auth_hash()}
    until = datetime.now(UTC) + timedelta(days=1)
    Session.objects.create(session_key=_SESSION, session_data=SessionStore().encode(known), expire_date=until)


def _visit(favour_few: int) -> list[float]:
    from registry.models import Domain

    if not _door:
        from django.core.wsgi import get_wsgi_application

        _door.append(get_wsgi_application())
    if favour_few not in _drawing:
        hosts = list(Domain.objects.order_by("id").values_list("domain", flat=True))
        _drawing[favour_few] = calling.drawn(hosts, favour_few=bool(favour_few))
    # Like a browser that has been here before.
    cookie = f"sessionid={_SESSION}; csrftoken={'a' * 32}"
    return [calling.visit(_door[0], host, "/", cookie) for host in _drawing[favour_few](calling.PAGES)]


_door: list[Any] = []
_drawing: dict[int, Any] = {}


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
    told = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sys.path.insert(0, name)
        _write_project(folder, [Table(table) for table in told["tables"]], told["migrations"])
        _configure(told["address"])
        from django.contrib.auth.decorators import login_required
        from django.core.management import call_command
        from django.urls import path

        urlpatterns.append(path("", login_required(_page)))
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
