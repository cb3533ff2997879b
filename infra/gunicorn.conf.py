"""How gunicorn serves `wsgi:application`; the figures come from the settings."""

import os
from pathlib import Path

from infra import address
from kernel import settings

_settings = settings.current()
_memory = Path("/dev/shm")

bind = address.as_text(*address.bound(_settings))
worker_class = "gthread"
workers = _settings.web_processes
threads = _settings.web_threads
# Loaded once and forked: a killed server is back in half the time.  Nothing of ours connects to anything before the fork.
preload_app = True
timeout = 60
graceful_timeout = 20
keepalive = 5
# A Chinese search term is nine characters a letter once percent-encoded; gunicorn's own limit of 4094 is soon reached.
limit_request_line = 8190
accesslog = None
errorlog = "-"
# A busy disk must not look like a hung worker.
worker_tmp_dir = str(_memory) if os.access(_memory, os.W_OK) else None
control_socket_disable = True
