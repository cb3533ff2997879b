"""As whom a service runs: PostgreSQL refuses root, and neither service needs it."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.settings import PROJECT

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_INNER_ID = 1000  # any but 0: what the service sees of itself inside its user namespace


class NoUnprivilegedAccount(RuntimeError):
    """We are root and found no way to run a service as anybody else; the text says what to do."""


@dataclass(frozen=True)
class Identity:
    """Ourselves (no `account`), another account, or ourselves under another number in a user namespace."""

    account: pwd.struct_passwd | None = None
    is_namespaced: bool = False

    @property
    def popen_arguments(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def own(self, path: Path) -> Path:
        """Hand `path` to the account."""
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
        return path

    def before_exec(self, death_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
        """Return what the child does between fork and exec.

        It asks for `death_signal` when its parent dies, however that ends.  A change of uid clears the wish, so it is
        made last; `Popen` has changed the uid by then.
        """
        launcher = os.getpid()

        def prepare() -> None:
            if self.is_namespaced:
                _enter_namespace()
            if sys.platform == "linux":
                _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
                if os.getppid() != launcher:
                    os._exit(1)

        return prepare


def choose(program: Path, directory: Path) -> Identity:
    """Return the identity under which `program` can work in `directory`, which exists and may hold data already."""
    if os.geteuid() != 0:
        return Identity()
    data = directory / "data"
    candidates = _accounts(data) if data.exists() else _accounts(PROJECT, "postgres", "nobody")
    for account in candidates:
        identity = Identity(account)
        if _works(identity, program, directory):
            return identity
    namespaced = Identity(is_namespaced=True)
    if _works(namespaced, program, directory) and not (data.exists() and data.stat().st_uid):
        return namespaced
    raise NoUnprivilegedAccount(
        f"{program.name} must not run as root, and no other account on this machine can both run {program} and enter "
        f"{directory}. Run Frontdesk as an ordinary user; or move it to a place that others may enter, such as /opt; "
        "or name running servers in DATABASE_URL and REDIS_URL."
    )


def _accounts(owned: Path, *names: str) -> Iterable[pwd.struct_passwd]:
    """Yield the owner of `owned` and the accounts called `names`, leaving out root and the absent."""
    for lookup, key in ((pwd.getpwuid, owned.stat().st_uid), *((pwd.getpwnam, name) for name in names)):
        try:
            account = lookup(key)  # type: ignore[operator]
        except KeyError:
            continue
        if account.pw_uid:
            yield account


def _works(identity: Identity, program: Path, directory: Path) -> bool:
    """Try it, since asking would mean to repeat the kernel's rules: path modes, ACLs, mount options, libraries."""
    probe = '"$1" --version && test -x "$2"'
    try:
        tried = subprocess.run(
            ["/bin/sh", "-c", probe, "sh", program, directory],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=identity.before_exec(),
            check=False,
            **identity.popen_arguments,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _enter_namespace() -> None:
    """Become `_INNER_ID` in our own eyes while staying the same owner of files in everybody else's."""
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{_INNER_ID} {gid} 1")
    Path("/proc/self/uid_map").write_text(f"{_INNER_ID} {uid} 1")
