"""Scenarios on disks that are small enough to be full: tmpfs mounts in a user and mount namespace of the test's own."""

import errno
import os
import subprocess
import sys
import tempfile

from tests.runner import main as run_tests
from tests.scenario.harness.case import ScenarioCase

_INSIDE = "TEGODROP_TEST_NAMESPACE"
_ENTER = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private"]
# From the mapped root that mounts to an ordinary user, without its capabilities: every permission check is real. The process
# keeps its id, which the harness sends signals to.
_ORDINARY = "exec unshare --user --map-user=1000 --map-group=1000 -- {program} \"$@\""


def main():
    """Called by a test file instead of runner.main: starts the file again inside the namespace, then runs its tests."""
    if os.environ.get(_INSIDE):
        return run_tests()
    tried = subprocess.run([*_ENTER, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        sys.exit("these tests mount small disks of their own and need unprivileged user namespaces, which this machine does not "
                 f"give (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces): {tried.stderr.strip()}")
    os.environ[_INSIDE] = "1"
    module = sys.modules["__main__"].__spec__.name
    os.execvp(_ENTER[0], [*_ENTER, sys.executable, "-m", module, *sys.argv[1:]])


class Disk:
    """A mounted tmpfs of so many KiB."""

    def __init__(self, path, kib):
        self.path = path
        self._mount("-t", "tmpfs", "-o", f"size={kib}k,mode=0750", "tmpfs", path)
        self._filler = os.path.join(path, ".filler")

    def fill(self, leave_kib=0):
        """Takes all the room there is."""
        with open(self._filler, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            if leave_kib:
                file.truncate(file.tell() - leave_kib * 1024)

    def make_room(self):
        os.unlink(self._filler)

    def resize(self, kib):
        self._remount(f"size={kib}k")

    def set_read_only(self, read_only):
        self._remount("ro" if read_only else "rw")

    def _remount(self, options):
        # With its source named: else mount(8) repeats the options that it finds, with ids that do not exist in here.
        self._mount("-o", f"remount,{options}", "tmpfs", self.path)

    def unmount(self):
        subprocess.run(["umount", "--lazy", self.path], check=True)

    @staticmethod
    def _mount(*arguments):
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"mount {' '.join(arguments)}: {done.stderr}")


class SmallDisksCase(ScenarioCase):
    """Gives `self.disk_on(path, kib)`; the daemon and its commands run as an ordinary user."""

    def setUp(self):
        program = os.path.abspath(os.environ["TEGODROP"])
        with tempfile.NamedTemporaryFile("w", prefix="tegodrop-", dir="/tmp", delete=False) as script:
            script.write("#!/bin/sh\n" + _ORDINARY.format(program=f"'{program}'") + "\n")
        os.chmod(script.name, 0o755)
        self.addCleanup(os.unlink, script.name)
        os.environ["TEGODROP"] = script.name
        self.addCleanup(os.environ.__setitem__, "TEGODROP", program)
        super().setUp()

    def disk_on(self, path, kib):
        disk = Disk(path, kib)
        # Before the site is removed: cleanups run last in, first out.
        self.addCleanup(disk.unmount)
        return disk

    def drop_disk_on(self, folder, kib):
        """A disk under a drop folder; what is dropped is staged on it, as a rename needs."""
        disk = self.disk_on(folder.path, kib)
        folder.stage_in(os.path.join(folder.path, ".incoming"))
        return disk
