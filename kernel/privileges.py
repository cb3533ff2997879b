"""What PostgreSQL lets everybody do by default and Frontdesk must not: a superuser's step in every database."""

from typing import Any, LiteralString

import psycopg

# With these a mere SELECT could change its role, run a text as a statement of its own, or outlive its transaction.
_RISKY: LiteralString = """
    pronamespace = 'pg_catalog'::regnamespace AND (
      proname = 'set_config' OR proname ~ '^(query|table|cursor|schema|database)_to_xml'
      -- Those of Citus that send a text to a node.
      OR proname ~ '^run_command_on_' OR proname IN ('master_run_on_worker', 'citus_run_local_command')
      OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_advisory_lock', 'pg_advisory_lock_shared',
                     'pg_try_advisory_lock', 'pg_try_advisory_lock_shared', 'pg_notify'))"""
REVOKE_RISKY_FUNCTIONS: LiteralString = f"""DO $$ DECLARE risky regprocedure; BEGIN
  FOR risky IN SELECT oid FROM pg_proc WHERE {_RISKY}
  LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', risky); END LOOP;
  -- Blocks of code such as this one, which could take another role on the way.
  REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
END $$"""
# pg_dump, run by the owner, names its path with set_config; a backend's memory tells when a connection should be let go.
GRANTS_TO_OWN_ROLES: tuple[LiteralString, ...] = (
    "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO frontdesk_owner",
    "GRANT USAGE ON LANGUAGE plpgsql TO frontdesk_owner",
    "GRANT SELECT ON pg_backend_memory_contexts TO frontdesk_platform",
    "GRANT EXECUTE ON FUNCTION pg_get_backend_memory_contexts() TO frontdesk_platform",
)


def risky_functions(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the functions of this database that everybody may still call and nobody should."""
    is_public = "EXISTS (SELECT 1 FROM aclexplode(COALESCE(proacl, acldefault('f', proowner))) g WHERE g.grantee = 0)"
    rows = connection.execute(f"SELECT DISTINCT proname FROM pg_proc WHERE {_RISKY} AND {is_public} ORDER BY 1")
    return [row[0] for row in rows.fetchall()]
