"""The probes tell load balancers the truth, quickly, and name nobody."""

import socket
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from kernel import database, doorbell, settings
from tenants import migrations
from tenants.migrations import Standing


@pytest.fixture
def all_alive(house, monkeypatch):
    monkeypatch.setattr(doorbell, "alive", lambda kind: 1)


def _with(house, **changes):
    settings.use(replace(house, **changes))
    doorbell.forget_connection()
    database.dispose()


@pytest.fixture
def restored(house):
    yield
    settings.use(house)
    doorbell.forget_connection()
    database.dispose()


def test_a_living_process_says_so_on_every_host(alpha, browse):
    for tenant in (None, alpha):
        assert browse(tenant).get("/healthz").json == {"status": "alive"}


def test_ready_means_that_everything_is_there(all_alive, browse):
    answer = browse(None).get("/readyz")
    checks = {"database": "up", "migrations": "current", "valkey": "up", "workers": "up", "sweeper": "up"}
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "checks": checks})


def test_readiness_is_told_on_any_host_and_names_no_tenant(all_alive, alpha, browse):
    browser = browse(alpha)
    assert browser.get("/readyz").json["status"] == "ready"
    browser.host = "10.0.0.7:8000"
    assert browser.get("/readyz").json["status"] == "ready"
    assert "alpha" not in browser.get("/readyz").text.lower()


def test_without_workers_the_service_is_degraded_and_stays_in_service(house, browse):
    answer = browse(None).get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert (answer.json["checks"]["workers"], answer.json["checks"]["sweeper"]) == ("missing", "missing")


def test_without_valkey_the_service_is_degraded_because_postgresql_remembers(house, browse, restored):
    _with(house, redis_url="redis://127.0.0.1:1/0")
    answer = browse(None).get("/readyz")
    assert (answer.status_code, answer.json["status"], answer.json["checks"]["valkey"]) == (200, "degraded", "down")


def test_without_a_database_the_service_is_down_and_says_so_quickly(all_alive, house, browse, restored):
    _with(house, database_url="postgresql+psycopg://frontdesk_app@127.0.0.1:1/frontdesk")
    started = time.monotonic()
    answer = browse(None).get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "down")
    assert (answer.json["checks"]["database"], answer.json["checks"]["migrations"]) == ("down", "unknown")
    assert time.monotonic() - started < 3


def test_a_database_that_accepts_and_never_answers_is_down_within_seconds(all_alive, house, browse, restored):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _with(house, database_url=f"postgresql+psycopg://frontdesk_app@127.0.0.1:{silent.getsockname()[1]}/frontdesk")
        started = time.monotonic()
        assert browse(None).get("/readyz").status_code == 503
    assert time.monotonic() - started < 5


def test_a_pool_that_is_all_in_use_does_not_make_the_probe_wait(all_alive, house, browse):
    held = [database.session_at(database.PLATFORM) for _place in range(15)]
    try:
        for session in held:
            session.execute(text("SELECT 1"))
        assert browse(None).get("/readyz").json["checks"]["database"] == "up"
    finally:
        for session in held:
            database.settle(session, keep=False)


def test_a_tenant_behind_is_degraded_because_two_releases_may_serve_side_by_side(all_alive, browse, monkeypatch):
    monkeypatch.setattr(migrations, "standing", lambda: Standing(is_shared_at_head=True, tenants_behind=1))
    answer = browse(None).get("/readyz")
    assert (answer.status_code, answer.json["status"], answer.json["checks"]["migrations"]) == (200, "degraded", "behind")


def test_a_shared_schema_behind_is_down(all_alive, browse, monkeypatch):
    monkeypatch.setattr(migrations, "standing", lambda: Standing(is_shared_at_head=False, tenants_behind=0))
    answer = browse(None).get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "down")
