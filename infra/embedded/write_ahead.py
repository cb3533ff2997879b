"""The write-ahead log that is kept beside the backups, so that any moment since the oldest can be had back."""

import os
from pathlib import Path

from infra.embedded.service import Service

# However quiet it is, no more than this much of the present is missing from what is kept.
_HAND_OVER_SECONDS = 60


def is_wanted() -> bool:
    return os.environ.get("FRONTDESK_WAL_ARCHIVE", "0") not in ("", "0")


def folder(home: Path) -> Path:
    return home / "backups" / "log"


def settings_of(service: Service) -> dict[str, str]:
    """Return the settings of a server that keeps its log; the folder is made for it."""
    place = folder(service.home)
    for path in (place.parent, place):
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o711)
    service.identity.own(place)
    # Under its name only when it is whole: a server killed in the middle sends the same file again.
    keep = f'test ! -f "{place}/%f" && cp "%p" "{place}/%f.part" && mv "{place}/%f.part" "{place}/%f"'
    already = f'cmp -s "%p" "{place}/%f"'
    return {
        "archive_mode": "on",
        "archive_command": f"({already}) || ({keep})",
        "archive_timeout": str(_HAND_OVER_SECONDS),
    }


def fetch_command(home: Path) -> str:
    """Return the command by which a server that recovers fetches a piece of the log."""
    return f'cp "{folder(home)}/%f" "%p"'
