"""A user and mount namespace of the test's own: it may mount what it needs, and all of it is gone when its last process is.

A test file ends with `namespace.main()` instead of `runner.main()`. Inside, the test itself is a mapped root, which mounts; the daemon
and the servers that it talks to are ordinary users (`ordinary`), so that every permission check is real.
"""

import os
import subprocess
import sys
import tempfile

from tests.runner import main as run_tests
from tests.scenario.harness.programs import path_of

_INSIDE = "TEGODROP_TEST_NAMESPACE"
_ENTER = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private"]
# An account that every Debian has and that nobody locks; servers look themselves up in the system's list.
SERVER_USER = "daemon"
_SERVER_ID = 1


def main():
    """Starts the file again inside the namespace, then runs its tests."""
    if os.environ.get(_INSIDE):
        return run_tests()
    tried = subprocess.run([*_ENTER, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        sys.exit("these tests mount file systems of their own and need unprivileged user namespaces, which this machine does not "
                 f"give (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces): {tried.stderr.strip()}")
    os.environ[_INSIDE] = "1"
    module = sys.modules["__main__"].__spec__.name
    os.execvp(_ENTER[0], [*_ENTER, sys.executable, "-m", module, *sys.argv[1:]])


def run_daemon_as_ordinary(case):
    """Until the end of `case`, $TEGODROP is the same program as an ordinary user. The process keeps its id, which the harness sends
    signals to."""
    program = path_of("TEGODROP")
    with tempfile.NamedTemporaryFile("w", prefix="tegodrop-", dir="/tmp", delete=False) as script:
        script.write("#!/bin/sh\n" f"exec unshare --user --map-user=1000 --map-group=1000 -- '{program}' \"$@\"\n")
    os.chmod(script.name, 0o755)
    case.addCleanup(os.unlink, script.name)
    os.environ["TEGODROP"] = script.name
    case.addCleanup(os.environ.__setitem__, "TEGODROP", program)


def as_server(*command):
    """The command of a server that runs as SERVER_USER and ends when the test ends, however that is."""
    return ["unshare", "--user", f"--map-user={_SERVER_ID}", f"--map-group={_SERVER_ID}", "--", "setpriv", "--pdeathsig", "KILL",
            *command]


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"mount {' '.join(arguments)}: {done.stderr}")


def unmount(path):
    """Also when the file system does not answer. Passed over when nothing is mounted there."""
    subprocess.run(["umount", "--lazy", path], capture_output=True, check=False)
