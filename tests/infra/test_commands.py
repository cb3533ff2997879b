"""`frontdesk tenants …` after a tenant was made."""

import pytest
from click.testing import CliRunner

import cli
from kernel import database
from tenants import provisioning, registry
from tenants.models import Tenant
from tests import factories


@pytest.fixture
def gamma(house):
    facts = provisioning.create_tenant("gamma", name="Gamma Inn")
    with database.transaction(facts.stand) as session:
        factories.ticket(session)
    return facts


@pytest.fixture
def tenants(house):
    def run(*arguments, **options):
        return CliRunner().invoke(cli.main, ["tenants", *map(str, arguments)], **options)

    return run


def test_a_life_by_the_terminal(gamma, tenants, tmp_path):
    assert "is suspended" in tenants("suspend", "gamma", "--reason", "unpaid").output
    assert "is open" in tenants("resume", "gamma").output
    assert "delta.localhost" in tenants("rename", "gamma", "delta").output
    exported = tenants("export", "delta", tmp_path / "a.zip")
    assert (exported.exit_code, "SHA-256" in exported.output) == (0, True), exported.output
    imported = tenants("import", tmp_path / "a.zip", "--slug", "epsilon")
    assert "Gamma Inn lives at http://epsilon.localhost:8000/" in imported.output
    assert "will be erased at" in tenants("close", "delta", "--reason", "moved").output
    assert "not closing any more" in tenants("reopen", "delta").output
    log = tenants("log", "delta").output
    assert [line.split()[3] for line in log.splitlines()] == [
        *("tenant.reopened", "tenant.closing", "tenant.exported", "tenant.renamed", "tenant.resumed", "tenant.suspended"),
    ]
    assert "reason=unpaid" in log


def test_erasing_asks_first_and_shows_the_certificate(gamma, tenants):
    tenants("close", "gamma")
    early = tenants("purge", "gamma", "--yes")
    assert (early.exit_code, "is closing" in early.output) == (1, True)
    wrong = tenants("purge", "gamma", "--now", input="alpha\n")
    assert (wrong.exit_code, "Nothing was erased" in wrong.output) == (1, True)
    done = tenants("purge", "gamma", "--now", input="gamma\n")
    assert "Certificate (SHA-256): " in done.output
    assert "Nothing is unfinished" in tenants("purge").output
    with database.transaction() as session:
        assert session.get_one(Tenant, gamma.id).slug is None


def test_a_tenant_is_furnished_for_its_trade(gamma, tenants):
    assert "is furnished" in tenants("furnish", "gamma", "--template", "hotel", "--with-demo").output
    with database.transaction() as session:
        row = session.get_one(Tenant, gamma.id)
        assert (row.template, row.has_demo_data) == ("hotel", True)


def test_demo_data_comes_and_goes(gamma, tenants):
    assert "rows of demo data loaded" in tenants("demo", "load", "gamma").output
    assert "rows removed" in tenants("demo", "remove", "gamma").output


@pytest.mark.parametrize(
    "arguments",
    [("suspend", "nobody", "--reason", "x"), ("export", "nobody", "a.zip"), ("demo", "load", "nobody"), ("log", "nobody")],
)
def test_a_tenant_that_is_not_there_is_named(tenants, arguments):
    result = tenants(*arguments)
    assert (result.exit_code, "no tenant “nobody”" in result.output) == (1, True), result.output


def test_a_refusal_is_a_sentence(gamma, tenants, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"not a zip")
    result = tenants("import", tmp_path / "a.zip", "--slug", "epsilon")
    assert (result.exit_code, "damaged or was changed" in result.output) == (1, True)
    assert "Traceback" not in result.output
    assert "to 40 small letters" in tenants("rename", "gamma", "WWW!").output
    assert registry.find("gamma") is not None


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01"])
def test_a_moment_must_be_one(gamma, tenants, moment):
    assert "Say when" in tenants("restore", "gamma", "--to", moment).output
