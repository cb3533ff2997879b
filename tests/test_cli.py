"""The `frontdesk` command, as operators type it."""

import json
import uuid

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import cli
from kernel import clock, database
from kernel.actors import SYSTEM
from knowledge_base.articles import queries as articles
from tenants import audit, provisioning, registry, staff
from tenants.models import Tenant
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def frontdesk(house):
    """Type a command; returns what it printed and how it ended."""
    return lambda *words: CliRunner().invoke(cli.main, list(words))


@pytest.fixture
def slug():
    return f"s{uuid.uuid4().hex[:10]}"


def create(frontdesk, slug, **options):
    given = {"name": "Harbour Hotels", "admin-email": f"admin@{slug}.example", "admin-password": "a long enough password"}
    return frontdesk("tenants", "create", slug, *(f"--{key}={value}" for key, value in {**given, **options}.items()))


def test_a_tenant_made_at_the_terminal_can_be_used_at_once(frontdesk, slug, browse):
    assert create(frontdesk, slug, locale="zh_Hant").exit_code == 0
    facts = registry.find(slug)
    assert browse(facts).get("/").headers["Location"].endswith("/en/")
    with database.transaction(facts.stand) as session:
        assert staff.by_email(session, f"admin@{slug}.example").role == Role.ADMIN


def test_without_a_password_one_is_made_and_shown_once(frontdesk, slug, browse):
    result = frontdesk("tenants", "create", slug, "--name=Harbour", f"--admin-email=admin@{slug}.example")
    password = result.output.partition("signs in with ")[2].split()[0]
    form = {"email": f"admin@{slug}.example", "password": password}
    assert browse(registry.find(slug)).submit("/desk/signin", form).status_code == 303


@pytest.mark.parametrize("bad", ["Big", "a_b", "x-", "ops", "x" * 41, "ü"])
def test_an_unfit_address_is_refused_in_a_sentence(frontdesk, bad):
    result = create(frontdesk, bad, **{"admin-email": "admin@mail.example"})
    assert result.exit_code == 1
    assert "cannot be an address" in result.output


def test_a_tenant_may_begin_with_a_template_and_demo_data(frontdesk, slug):
    result = create(frontdesk, slug, template="hotel", locale="zh_Hans")
    assert result.exit_code == 0, result.output
    made = frontdesk("tenants", "create", f"{slug}2", "--name", "X", "--admin-email", "a@x.example", "--with-demo")
    assert made.exit_code == 0, made.output
    with database.transaction() as session:
        rows = {row.slug: (row.template, row.has_demo_data) for row in session.scalars(select(Tenant))}
    assert (rows[slug], rows[f"{slug}2"]) == (("hotel", False), ("blank", True))


def test_a_taken_address_is_refused(frontdesk, slug):
    create(frontdesk, slug)
    assert "is taken" in create(frontdesk, slug).output


def test_a_bad_mail_address_makes_no_tenant(frontdesk, slug):
    assert create(frontdesk, slug, **{"admin-email": "nonsense"}).exit_code == 1
    assert registry.find(slug) is None


def test_a_tenant_that_was_killed_before_it_opened_is_finished_by_the_next_call(frontdesk, slug):
    def die(session):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provisioning.create_tenant(slug, name="Half", furnish=die)
    assert registry.find(slug) is None
    assert create(frontdesk, slug).exit_code == 0
    assert registry.find(slug) is not None


def test_the_clock_moves_for_everybody(frontdesk):
    before = clock.now()
    assert frontdesk("clock", "advance", "3d").exit_code == 0
    assert (clock.now() - before).days == 3
    assert frontdesk("clock", "advance", "soon").exit_code == 1


def test_due_jobs_run_on_demand(frontdesk, alpha, in_tenant):
    with in_tenant(alpha) as session:
        staff.add(session, email="new@alpha.example", name="New", role=Role.AGENT, actor=SYSTEM)
    assert frontdesk("jobs", "run-due").output.startswith("1 jobs done")


def test_articles_come_from_lines_of_json_and_a_broken_line_is_named(frontdesk, alpha, in_tenant, tmp_path):
    file = tmp_path / "articles.jsonl"
    good = {"id": "x1", "lang": "en", "title": "Parking", "body": "Behind the house.", "category": "Arrival / By car"}
    file.write_text(json.dumps(good) + "\n{broken\n")
    result = frontdesk("kb", "import", str(file), "--tenant", "alpha")
    assert "1 written" in result.output
    assert "articles.jsonl:2" in result.output
    assert result.exit_code == 1
    with in_tenant(alpha) as session:
        assert len(articles.revisions(session)) == 1


@pytest.fixture
def questions(frontdesk, alpha, tmp_path):
    """Two articles in alpha, and a file of questions about them: a right one, one that finds another, one that finds none."""
    articles_file, file = tmp_path / "articles.jsonl", tmp_path / "questions.jsonl"
    parking = {"id": "p-1", "lang": "zh-Hans", "title": "停车", "body": "停车场在楼后。", "keywords": ["泊车"]}
    tea = {"id": "t-1", "lang": "en", "title": "Tea", "body": "Tea is served at five."}
    articles_file.write_text("\n".join(map(json.dumps, (parking, tea))))
    frontdesk("kb", "import", str(articles_file), "--tenant", "alpha")
    frontdesk("kb", "reindex", "--tenant", "alpha")
    asked = [
        {"qid": "1", "lang": "zh-Hans", "text": "泊車", "relevant": ["p-1"], "kind": "natural"},
        {"qid": "2", "lang": "en", "text": "when is tea", "relevant": ["p-1", "t-1"], "kind": "natural"},
        {"qid": "3", "lang": "en", "text": "tea", "relevant": ["nothing"], "kind": "odd"},
    ]
    file.write_text("\n".join(map(json.dumps, asked)))
    return str(file)


def test_search_is_evaluated_as_a_visitor_would_ask(frontdesk, questions):
    result = frontdesk("kb", "evaluate", questions, "--tenant", "alpha", "--json")
    report = json.loads(result.stdout)
    assert {name: report[name] for name in ("n", "s1", "s5", "mrr")} == {"n": 3, "s1": 0.6667, "s5": 0.6667, "mrr": 0.6667}
    assert report["p95_ms"] >= report["p50_ms"] > 0
    assert {name: of["s1"] for name, of in report["by"].items()} == {"en natural": 1.0, "en odd": 0.0, "zh-Hans natural": 1.0}
    table = frontdesk("kb", "evaluate", questions, "--tenant", "alpha").stdout
    assert "zh-Hans natural" in table
    assert "66.7" in table


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"text": "tea"}', "2: KeyError"),
        ('{"text": "tea", "relevant": "t-1"}', "2: TypeError"),
        ('{"text": null, "relevant": ["t-1"]}', "2: TypeError"),
        ('{"text": "tea", "relevant": ["t-1"], "lang": "tlh"}', "2: 'tlh'"),
        ('{"text": "tea", "relevant": [', "2: JSONDecodeError"),
        ("[1]", "2: AttributeError"),
    ],
)
def test_a_question_that_cannot_be_read_is_named(frontdesk, alpha, tmp_path, line, told):
    file = tmp_path / "broken.jsonl"
    file.write_text(f'{{"text": "tea", "relevant": ["t-1"]}}\n{line}\n')
    result = frontdesk("kb", "evaluate", str(file), "--tenant", "alpha", "--json")
    assert result.exit_code == 1
    assert told in result.output


def test_no_questions_are_no_error(frontdesk, alpha, tmp_path):
    file = tmp_path / "empty.jsonl"
    file.write_text("")
    report = json.loads(frontdesk("kb", "evaluate", str(file), "--tenant", "alpha", "--json").stdout)
    assert report == {"n": 0, "s1": 0.0, "s5": 0.0, "mrr": 0.0, "p50_ms": 0.0, "p95_ms": 0.0, "by": {}}


def test_a_tenant_that_does_not_exist_is_named(frontdesk, tmp_path):
    assert "no tenant 'nobody'" in frontdesk("kb", "reindex", "--tenant", "nobody").output


def test_articles_exported_at_the_terminal_can_be_imported_elsewhere(frontdesk, slug, alpha, in_tenant, tmp_path):
    with in_tenant(alpha) as session:
        factories.article(session, title="Parking")
    create(frontdesk, slug)
    file = tmp_path / "all.jsonl"
    assert "1 articles exported" in frontdesk("kb", "export", str(file), "--tenant", "alpha").output
    assert "1 written" in frontdesk("kb", "import", str(file), "--tenant", slug).output
    assert "There is no tenant" in frontdesk("kb", "export", str(file), "--tenant", "nobody").output


def test_the_audit_trail_is_verified_and_tampering_told(frontdesk, alpha, in_tenant, broom):
    with in_tenant(alpha) as session:
        staff.add(session, email="sam@alpha.example", name="Sam", role=Role.AGENT, actor=SYSTEM)
        audit.seal(session)
    sound = frontdesk("audit", "verify", "--tenant", "alpha")
    assert (sound.exit_code, sound.output) == (0, "1 entries sealed, 0 waiting, 0 faults.\n")
    broom.execute(f"UPDATE \"{alpha.stand.schema}\".event SET actor_name = 'Eve'")
    broken = frontdesk("audit", "verify", "--tenant", "alpha")
    assert broken.exit_code == 1
    assert "changed\tentry 1" in broken.output
