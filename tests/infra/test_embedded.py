"""The embedded services keep what they are told, through every kind of death, and let in nobody without a password."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.embedded import (
    EmbeddedServices,
    HomeInUse,
    ServiceFailed,
    Valkey,
    borrowed,
    identity,
    make_home,
    processes,
    temporary_home,
)
from infra.embedded.service import Service
from kernel.settings import PROJECT, load

is_root = os.geteuid() == 0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with temporary_home() as directory:
        yield directory


@pytest.fixture(scope="module")
def services(home: Path) -> Iterator[EmbeddedServices]:
    with EmbeddedServices(home) as running:
        yield running


def test_committed_rows_survive_the_sudden_death_of_postgres(services: EmbeddedServices) -> None:
    with psycopg.connect(services.postgres.url()) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('退款')")
    kill(services.postgres)
    services.postgres.restart()
    with psycopg.connect(services.postgres.url()) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("退款",)]


def test_queued_jobs_survive_the_sudden_death_of_valkey(services: EmbeddedServices) -> None:
    assert ask(services.valkey, "SET job 42") == "+OK"
    kill(services.valkey)
    services.valkey.restart()
    assert ask(services.valkey, "GET job").endswith("42")


def test_a_killed_service_is_noticed(services: EmbeddedServices) -> None:
    assert services.is_alive()
    kill(services.valkey)
    assert not services.is_alive()
    services.valkey.restart()
    assert services.is_alive()


def test_trigrams_see_chinese(services: EmbeddedServices) -> None:
    with psycopg.connect(services.postgres.url("frontdesk_owner")) as connection:
        assert connection.execute("SELECT cardinality(ext.show_trgm('退款流程'))").fetchone() == (5,)


def test_the_app_owns_nothing_and_stands_in_no_tenant(services: EmbeddedServices) -> None:
    with psycopg.connect(services.postgres.url("frontdesk_app")) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("no_tenant",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE SCHEMA mine")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine ()")


def test_the_owner_makes_schemas_and_roles(services: EmbeddedServices) -> None:
    with psycopg.connect(services.postgres.url("frontdesk_owner")) as connection:
        connection.execute("CREATE ROLE r_t_1 NOLOGIN; GRANT r_t_1 TO frontdesk_app; CREATE SCHEMA t_1")
        connection.rollback()


@pytest.mark.parametrize("role", ["postgres", "frontdesk_owner", "frontdesk_app"])
def test_nobody_gets_in_without_a_password(services: EmbeddedServices, role: str) -> None:
    without = f"postgresql://{role}@127.0.0.1:{services.postgres.port}/frontdesk"
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(without, passfile="/nowhere")
    with socket.create_connection(("127.0.0.1", services.valkey.port)) as connection:
        connection.sendall(b"GET job\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


def test_secrets_are_for_our_eyes_only(services: EmbeddedServices, home: Path) -> None:
    private = ["run/services.env", "postgres/passwords.json", "valkey/passwords.json", "valkey/valkey.conf"]
    for path in (home / name for name in private):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((home / "postgres" / "data").stat().st_mode) == 0o700
    shown = "".join(line for _, line in processes.commands())
    secrets = [*services.postgres.passwords.values(), *services.valkey.passwords.values()]
    assert not [secret for secret in secrets if secret in shown]


def test_the_settings_find_the_services(services: EmbeddedServices, home: Path) -> None:
    settings = load({"FRONTDESK_HOME": str(home)})
    assert f":{services.postgres.port}/frontdesk" in settings.database_url
    assert "frontdesk_owner" in settings.owner_database_url
    assert f":{services.valkey.port}/" in settings.redis_url


def test_a_second_launcher_is_refused_in_words(services: EmbeddedServices, home: Path) -> None:
    with pytest.raises(HomeInUse, match=f"already running in {home} \\(process {os.getpid()}\\)"):
        EmbeddedServices(home).start()


def test_a_command_borrows_the_running_services(services: EmbeddedServices, home: Path) -> None:
    with borrowed(home) as environment:
        assert environment["DATABASE_URL"] == services.postgres.url("frontdesk_app")
    assert services.is_alive()


@pytest.mark.skipif(not is_root, reason="only root has anything to drop")
def test_root_is_dropped(services: EmbeddedServices, home: Path) -> None:
    account = services.postgres.identity.account
    assert account or services.postgres.identity.is_namespaced
    owner = (home / "postgres" / "data").stat().st_uid
    assert owner == (account.pw_uid if account else 0)


@pytest.mark.skipif(not is_root, reason="only root has anything to drop")
def test_root_in_a_closed_place_uses_a_user_namespace(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    if not identity._works(identity.Identity(is_namespaced=True), Valkey(tmp_path).program, tmp_path):
        pytest.skip("this kernel grants no user namespaces")
    before = tmp_path.stat()
    with EmbeddedServices(tmp_path / "home", durable=False, valkey=False) as services:
        assert services.postgres.identity.is_namespaced
        with psycopg.connect(services.postgres.url()) as connection:
            connection.execute("SELECT 1")
    assert tmp_path.stat().st_mode == before.st_mode


@pytest.mark.skipif(not is_root, reason="only root has anything to drop")
def test_root_without_any_way_out_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_works", lambda *tried: False)
    with pytest.raises(identity.NoUnprivilegedAccount, match="DATABASE_URL"):
        EmbeddedServices(tmp_path / "home").start()


def test_services_of_a_killed_launcher_are_replaced_and_keep_their_port(tmp_path: Path) -> None:
    with temporary_home() as home:
        launcher = launch(home)
        port = (home / "run" / "postgres.port").read_text()
        launcher.kill()
        launcher.wait()
        with EmbeddedServices(home) as services:
            assert str(services.postgres.port) == port
            assert processes.marked(f"cluster_name={services.postgres.mark}") == [services.postgres.pid]
            with psycopg.connect(services.postgres.url()) as connection:
                connection.execute("SELECT 1")


def test_a_stale_pid_file_that_names_somebody_else_does_not_matter() -> None:
    with temporary_home() as home:
        services = EmbeddedServices(home, durable=False, valkey=False)
        services.start()
        services.stop()
        (home / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
        with services:
            assert services.is_alive()


def test_a_damaged_installation_shows_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_home() as home:
        make_home(home)
        valkey = Valkey(home)
        monkeypatch.setattr(valkey, "_configuration", lambda: "no-such-setting 1\n")
        with pytest.raises(ServiceFailed, match="no-such-setting"):
            valkey.start()


def launch(home: Path) -> subprocess.Popen[str]:
    """Start the services from another process and return it once they are up."""
    script = (
        "import sys, time; from pathlib import Path; from infra.embedded import EmbeddedServices\n"
        "EmbeddedServices(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(home)]
    launcher = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout
    assert launcher.stdout.readline() == "up\n"
    return launcher


def kill(service: Service) -> None:
    """Kill and wait for the end."""
    assert service.pid
    os.kill(service.pid, signal.SIGKILL)
    assert service._process
    service._process.wait()


def ask(valkey: Valkey, command: str) -> str:
    """Return the answer to one command, as it comes over the wire."""
    password = valkey.passwords["default"]
    with socket.create_connection(("127.0.0.1", valkey.port)) as connection:
        connection.sendall(f"AUTH {password}\r\n{command}\r\nQUIT\r\n".encode())
        with connection.makefile() as answers:
            return " ".join(answers.read().split("\n")[1:-2]).strip()
