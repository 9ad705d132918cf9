"""A server configuration that is safe as shipped; a buffering reverse proxy stands in front."""

import multiprocessing
import os
from pathlib import Path

bind = os.environ.get("AIGUILLEUR_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("AIGUILLEUR_WORKERS", str(2 * multiprocessing.cpu_count())))
threads = 32
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


def post_worker_init(worker):
    """Let each worker follow the configuration's folder at once, and one of them fly the canaries."""
    worker.wsgi.watch()
