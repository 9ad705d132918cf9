"""A server configuration that is safe as shipped, behind a buffering proxy; docs/deploy.md says why each value."""

import os
import resource
import sys
from pathlib import Path

from gunicorn.glogging import Logger

# This file is read again at a HUP, by a process that has the old code in memory.
_again = "aiguilleur.metrics.listener" in sys.modules

from aiguilleur.metrics import listener  # noqa: E402


class WithoutVisitors(Logger):
    """The server's log, without the addresses and the text of clients whose requests it refuses."""

    def warning(self, msg, *args, **kwargs):
        """As gunicorn's, but for what it says of a request that cannot be read."""
        if str(msg).startswith("Invalid request from ip="):
            msg, args = "a request that cannot be read was refused", ()
        super().warning(msg, *args, **kwargs)

    def exception(self, msg, *args, **kwargs):
        """As gunicorn's, but for the address that was asked for."""
        if str(msg).startswith("Error handling request"):
            msg, args = "a request could not be answered", ()
        super().exception(msg, *args, **kwargs)


logger_class = WithoutVisitors

bind = os.environ.get("AIGUILLEUR_BIND", "127.0.0.1:8000")
# gthread, with each answer in one piece.
worker_class = "aiguilleur.web.worker.Worker"
workers = int(os.environ.get("AIGUILLEUR_WORKERS", str(2 * len(os.sched_getaffinity(0)))))
threads = 32
# A worker that can open nothing more when a browser connects dies, with all that it was answering: each takes what the
# system allows at most, whatever the shell gave, and keeps enough of it for probes and files.
_allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
_descriptors = 65536 if _allowed == resource.RLIM_INFINITY else min(_allowed, 65536)
worker_connections = min(1000, max(threads + 1, _descriptors - 200))
# gthread enforces no request timeout: this only finds dead workers. Deadlines are the application's own.
timeout = 30
graceful_timeout = 20
keepalive = 5
limit_request_line = 4094
limit_request_fields = 64
# On a shared parent domain cookies pile up; the default of 8190 would answer 431 to families.
limit_request_field_size = 16380
header_map = "drop"
forwarder_headers = ""
forwarded_allow_ips = "127.0.0.1"
control_socket_disable = True
# One parser, whatever optional wheel is installed.
http_parser = "python"
preload_app = False
# The workers' heartbeat must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = None


def on_starting(_server):
    """Answer Prometheus from this process, on an address of its own, if the configuration wants it."""
    listener.start()


def post_fork(_server, _worker):
    """Let the workers of a HUP import the code that is installed now, not what the first process has in memory."""
    if _again:
        for name in [name for name in sys.modules if name.partition(".")[0] == "aiguilleur"]:
            del sys.modules[name]


def child_exit(_server, worker):
    """Keep what a worker has counted, whatever ended it."""
    listener.bury(worker.pid)


def on_exit(_server):
    """Stop answering."""
    listener.stop()


def post_worker_init(worker):
    """Let each worker follow the configuration's folder at once, and one of them fly the canaries."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_descriptors, _allowed))
    worker.wsgi.watch()
