"""JupyterHub for a class: the settings that docs/JUPYTERHUB.md explains and `make classroom` runs.

By hand:

    export CLASSROOM_FOLDER=~/classroom CLASSROOM_PASSWORD="a password for all"
    mkdir -p ~/classroom/homes ~/classroom/tmp
    source .venv-classroom/bin/activate
    jupyterhub -f benchmarks/classroom/jupyterhub_config.py
"""

import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["CLASSROOM_FOLDER"]).resolve()  # homes and the hub's own files
PASSWORD = os.environ["CLASSROOM_PASSWORD"]  # eight characters or more
PORT = int(os.environ.get("CLASSROOM_PORT", "8000"))
CULL_KERNELS = int(os.environ.get("CLASSROOM_CULL_KERNELS", "3600"))  # seconds without work; 0: never
CULL_SERVERS = int(os.environ.get("CLASSROOM_CULL_SERVERS", "7200"))
ENVIRONMENT = Path(sys.prefix)

c = get_config()  # noqa: F821

# The hub and its proxy, on this machine alone. A hub that others reach needs HTTPS in front.
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.ConfigurableHTTPProxy.command = [str(ENVIRONMENT / "proxy/node_modules/.bin/configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(FOLDER / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{FOLDER / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(FOLDER / "cookie_secret")

# Who may come in: whoever knows the class's password, under any name. For a trial; a real hub asks the school's log-in.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = PASSWORD
c.Authenticator.allow_all = True

# Where a student's server runs: as a process of the hub's own user, with a home folder of its own. That needs no
# accounts and separates nobody from anybody. A real hub has an account or a container for each student.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(FOLDER / "homes" / "{username}")
c.Spawner.cmd = [str(ENVIRONMENT / "bin/jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.args = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []

# When all come at once a server waits for a processor: the hub's own 60 and 30 seconds would count that as a failure.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300

c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",  # small models on few cores: a student's threads would only wait for those of the others
    "TMPDIR": str(FOLDER / "tmp"),  # what kernels leave behind is cleared away with the folder
}

# Give memory back: kernels where nothing runs any more, then servers where nothing has happened.
if CULL_KERNELS:
    c.Spawner.args += [
        f"--MappingKernelManager.cull_idle_timeout={CULL_KERNELS}",
        f"--MappingKernelManager.cull_interval={max(5, CULL_KERNELS // 10)}",
        "--MappingKernelManager.cull_connected=True",  # a tab that is left open keeps no kernel
    ]
if CULL_SERVERS:
    every = max(5, CULL_SERVERS // 10)
    c.JupyterHub.services = [
        {
            "name": "cull-idle",
            "command": [
                *(sys.executable, "-m", "jupyterhub_idle_culler"),
                *(f"--timeout={CULL_SERVERS}", f"--cull-every={every}"),
            ],
        }
    ]
    c.JupyterHub.load_roles = [
        {
            "name": "cull-idle",
            "services": ["cull-idle"],
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        }
    ]
    # The culler knows of a student's work what servers and proxy last told the hub: by default every five minutes.
    c.JupyterHub.last_activity_interval = min(300, every)
    c.Spawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(min(300, every))
