"""A builder of spares that somebody else tells when to work: `go` and `stop` on standard input."""

import sys
import threading

from tenants.provisioning import pool


def main() -> None:
    is_wanted, built = threading.Event(), [0]

    def work() -> None:
        while is_wanted.wait():
            built[0] += pool.keep_spares(_spares() + 1)

    threading.Thread(target=work, daemon=True).start()
    for line in sys.stdin:
        (is_wanted.set if line.strip() == "go" else is_wanted.clear)()
        print(built[0], flush=True)


def _spares() -> int:
    from kernel import database
    from tenants.models import State, Tenant

    with database.transaction() as session:
        return session.query(Tenant).filter(Tenant.state.in_((State.SPARE, State.BUILDING))).count()


if __name__ == "__main__":
    main()
