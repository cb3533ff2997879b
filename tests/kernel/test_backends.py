"""Backends: a connection that has served too many tenants is let go."""

from sqlalchemy import text

from kernel import backends, database


def backend_of(session):
    return session.scalar(text("SELECT pg_backend_pid()"))


def test_a_backend_tells_how_much_memory_it_holds(alpha, in_tenant):
    with in_tenant(alpha) as session:
        session.execute(text("SELECT count(*) FROM ticket"))
    connection = database.engine().raw_connection()
    assert 1_000_000 < backends.memory_of(connection.driver_connection) < backends.MOST_BYTES
    connection.close()


def serve_many(monkeypatch, alpha, in_tenant):
    """Let one connection look as if it had served a hundred tenants; return its backend and the next one's."""
    database.dispose()
    with in_tenant(alpha) as session:
        first = backend_of(session)
        session.connection().connection.info["tenants"].update(f"t_{number}" for number in range(100))
    with in_tenant(alpha) as session:
        return first, backend_of(session)


def test_a_heavy_backend_is_replaced(alpha, in_tenant, monkeypatch):
    monkeypatch.setattr(backends, "MOST_BYTES", 1_000)
    first, second = serve_many(monkeypatch, alpha, in_tenant)
    assert first != second


def test_a_light_one_is_kept_however_many_it_served(alpha, in_tenant, monkeypatch):
    first, second = serve_many(monkeypatch, alpha, in_tenant)
    assert first == second


def test_where_the_server_does_not_let_us_look_the_number_of_tenants_decides(alpha, in_tenant, monkeypatch):
    monkeypatch.setattr(backends, "memory_of", lambda driver: 0)
    first, second = serve_many(monkeypatch, alpha, in_tenant)
    assert first != second
