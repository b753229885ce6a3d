"""Scenarios on disks that are small enough to be full: tmpfs mounts in a user and mount namespace of the test's own."""

import errno
import os

from tests.scenario.harness import namespace
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.namespace import main  # for the files that use this one

__all__ = ["Disk", "SmallDisksCase", "main"]


class Disk:
    """A mounted tmpfs of so many KiB."""

    def __init__(self, path, kib):
        self.path = path
        namespace.mount("-t", "tmpfs", "-o", f"size={kib}k,mode=0750", "tmpfs", path)
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
        namespace.mount("-o", f"remount,{options}", "tmpfs", self.path)

    def unmount(self):
        namespace.unmount(self.path)


class SmallDisksCase(ScenarioCase):
    """Gives `self.disk_on(path, kib)`; the daemon and its commands run as an ordinary user."""

    def setUp(self):
        namespace.run_daemon_as_ordinary(self)
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
