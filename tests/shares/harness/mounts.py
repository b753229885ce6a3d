"""Network folders for tests: the file system that fails on command, and sshfs; both end with the test's namespace."""

import json
import os
import socket
import sys

from tests.scenario.harness import namespace
from tests.scenario.harness.programs import Program
from tests.scenario.harness.wait import until


class _Mount:
    """A program that serves a mount at `path`, of what really lies at `far`."""

    def __init__(self, name, path, far, logs):
        self.name, self.path, self.far = name, path, far
        self._logs = logs
        self._under = os.stat(path).st_dev
        os.makedirs(far, exist_ok=True)
        if not os.path.exists("/dev/fuse") or not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise AssertionError("/dev/fuse cannot be opened; udev gives it to everybody, third_party/install does where there is no udev")

    def mount(self):
        self.program = Program(self.name, self._command(), self._logs)

        def mounted():
            if self.program.code is not None:
                raise AssertionError(f"{self.name} ended with {self.program.code}:\n{self.program.stdout()}{self.program.stderr()}")
            return os.stat(self.path).st_dev != self._under
        until(mounted, f"{self.path} is mounted")

    def kill(self):
        """The program dies: whoever waits for an answer gets an error, and the mount itself may stay, as a dead one."""
        self.program.kill()

    def unmount(self):
        namespace.unmount(self.path)

    def close(self):
        self.kill()
        while self.is_mounted():
            self.unmount()

    def is_mounted(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return any(line.split()[4] == self.path for line in file)

    def _command(self):
        raise NotImplementedError


class FaultyMount(_Mount):
    """The file system of faulty_fs.py."""

    def __init__(self, name, path, far, logs):
        super().__init__(name, path, far, logs)
        # Two mounts may show one folder.
        self._address = os.path.join(os.path.dirname(far), f"{name}.socket")
        self.mount()

    def mount(self):
        if os.path.exists(self._address):
            os.unlink(self._address)
        super().mount()

    def fail(self, operation, error, path="*", times=None):
        """From now on, and instead of what was ordered before. `error`: an errno's name, or `stall`."""
        self.fail_each((operation, error, path, times))

    def fail_each(self, *rules):
        self._ask({"rules": [dict(zip(("operation", "error", "path", "times"), one)) for one in rules]})

    def mend(self):
        """Nothing fails any more; what hung goes on."""
        self._ask({"rules": []})

    def hits(self):
        """How often what is ordered has struck."""
        return sum(self._ask({})["hits"])

    def calls(self):
        """{operation: how often it was asked for since the mount}"""
        return self._ask({})["calls"]

    def _ask(self, request):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(self._address)
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()
                return json.loads(stream.readline())

    def _command(self):
        return ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.shares.harness.faulty_fs", self.far, self.path, self._address]


class SshfsMount(_Mount):
    """sshfs, as administrators mount it, from a SshServer; `options` go to its -o."""

    def __init__(self, name, path, far, logs, server, *options):
        super().__init__(name, path, far, logs)
        self._server, self._options = server, options
        self.mount()

    def _command(self):
        # Who mounts here and who logs in there are the same person under two numbers.
        options = [part for one in ("idmap=user", *self._options) for part in ("-o", one)]
        return ["setpriv", "--pdeathsig", "KILL", "sshfs", "-f", "-F", self._server.client_config, f"far:{self.far}", self.path, *options]
