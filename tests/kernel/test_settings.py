"""Settings come from the environment, and what it leaves open from what the launcher wrote down."""

import stat
from pathlib import Path

import pytest

from kernel import settings
from kernel.settings import SettingMissing, load


@pytest.fixture
def home(tmp_path):
    """A home in which the launcher has written down its embedded services."""
    (tmp_path / "run").mkdir()
    lines = "DATABASE_URL=postgresql://app@embedded/fd\nOWNER_DATABASE_URL=postgresql://owner@embedded/fd\nREDIS_URL=redis://embedded\n"
    (tmp_path / "run" / "services.env").write_text(lines)
    return tmp_path


def test_with_nothing_said_it_is_a_demonstration_on_port_8000(tmp_path):
    made = load({"FRONTDESK_HOME": str(tmp_path)})
    assert (made.mode, made.port, made.platform_host, made.scheme) == ("demo", 8000, "localhost:8000", "http")
    assert made.has_test_hooks


def test_the_port_is_part_of_the_host(tmp_path):
    assert load({"FRONTDESK_HOME": str(tmp_path), "FRONTDESK_PORT": "8104"}).platform_url == "http://localhost:8104"


def test_tenants_live_at_their_own_hosts(tmp_path):
    made = load({"FRONTDESK_HOME": str(tmp_path), "FRONTDESK_HOST": "desk.example", "FRONTDESK_SCHEME": "https"})
    assert made.tenant_url("acme", "/en/") == "https://acme.desk.example/en/"


def test_the_embedded_services_are_found_where_the_launcher_wrote_them(home):
    made = load({"FRONTDESK_HOME": str(home)})
    assert made.database_url == "postgresql+psycopg://app@embedded/fd"
    assert made.owner_database_url == "postgresql+psycopg://owner@embedded/fd"
    assert made.redis_url == "redis://embedded"


def test_each_service_is_replaced_by_the_environment_on_its_own(home):
    made = load({"FRONTDESK_HOME": str(home), "REDIS_URL": "redis://elsewhere"})
    assert (made.redis_url, made.database_url) == ("redis://elsewhere", "postgresql+psycopg://app@embedded/fd")


def test_a_database_of_ones_own_is_never_completed_with_the_embedded_ones_owner(home):
    made = load({"FRONTDESK_HOME": str(home), "DATABASE_URL": "postgres://me@elsewhere/fd"})
    assert made.owner_database_url == made.database_url == "postgresql+psycopg://me@elsewhere/fd"


def test_a_database_may_have_an_owner_of_its_own(home):
    urls = {"DATABASE_URL": "postgres://me@elsewhere/fd", "OWNER_DATABASE_URL": "postgresql://boss@elsewhere/fd"}
    assert load({"FRONTDESK_HOME": str(home), **urls}).owner_database_url == "postgresql+psycopg://boss@elsewhere/fd"


@pytest.mark.parametrize(("mode", "has_hooks"), [("demo", True), ("test", True), ("production", False)])
def test_hooks_for_verification_exist_in_demo_and_test_mode_only(tmp_path, mode, has_hooks):
    assert load({"FRONTDESK_HOME": str(tmp_path), "FRONTDESK_MODE": mode}).has_test_hooks is has_hooks


def test_the_key_that_signs_cookies_is_made_once_and_readable_by_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.delenv("FRONTDESK_SECRET_KEY", raising=False)
    first = load({"FRONTDESK_HOME": str(tmp_path)}).secret_key
    assert load({"FRONTDESK_HOME": str(tmp_path)}).secret_key == first
    assert len(first) >= 43
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_the_environment_may_give_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTDESK_SECRET_KEY", "given")
    assert load({"FRONTDESK_HOME": str(tmp_path)}).secret_key == "given"
    assert not (tmp_path / "secret_key").exists()


def test_production_makes_no_key_by_itself(tmp_path, monkeypatch):
    monkeypatch.delenv("FRONTDESK_SECRET_KEY", raising=False)
    with pytest.raises(SettingMissing, match="FRONTDESK_SECRET_KEY"):
        _ = load({"FRONTDESK_HOME": str(tmp_path), "FRONTDESK_MODE": "production"}).secret_key


def test_a_file_of_settings_may_hold_blanks_and_lines_without_a_value(tmp_path):
    path = tmp_path / "env"
    path.write_text("A = 1\n\nno value\nB=x=y\n")
    assert settings.read_env_file(path) == {"A": "1", "B": "x=y"}
    assert settings.read_env_file(Path("/nowhere")) == {}


def test_how_many_spares_are_kept_is_said_or_three():
    assert settings.load({}).spares == 3
    assert settings.load({"FRONTDESK_SPARES": "12"}).spares == 12
    assert settings.load({"FRONTDESK_SPARES": "0"}).spares == 0


def test_search_lives_in_files_unless_told_otherwise(tmp_path):
    home = {"FRONTDESK_HOME": str(tmp_path)}
    assert (settings.load(home).search_backend, settings.load(home).search_meaning) == ("whoosh", False)
    chosen = settings.load({**home, "SEARCH_BACKEND": "postgres", "FRONTDESK_SEARCH_MEANING": "1"})
    assert (chosen.search_backend, chosen.search_meaning) == ("postgres", True)
    with pytest.raises(settings.SettingUnknown, match="elastic"):
        settings.load({**home, "SEARCH_BACKEND": "elastic"})
