"""Drop folders on shares that fail on command, one for each operation."""

from tests.shares.harness.case import BACK_WITHIN, SharesCase
from tests.shares.harness.mounts import FaultyMount

# One folder for each, all in one daemon: what one suffers, the others must not feel.
OPERATIONS = ("open", "readdir", "getattr", "read", "rename", "create", "write", "fsync", "unlink", "statfs", "mkdir")
# Those without which nothing can be taken from a folder and no receipt written into it.
NEEDED = ("open", "readdir", "getattr", "read", "rename", "create", "write", "mkdir")


class FaultsCase(SharesCase):
    def setUp(self):
        super().setUp()
        self.faulty = {folder.name: self.to_share(folder, lambda *where: FaultyMount(*where, self.site.logs))
                       for folder in self.site.folders[:-1]}

    def start(self):
        daemon = self.site.start_and_watch()
        for folder in self.site.folders:
            self.wait_until_state(folder, "ok")
        return daemon

    def is_delivered(self, folder):
        count = len(self.dropped[folder.name])
        return len(folder.traces()) >= count and len(folder.receipts()) >= count

    def words_of(self, folder):
        """What `status` says of a folder that is not well, or of a job of it that waits, if it names the place of the trouble."""
        status = self.site.status()
        entry = next(one for one in status["folders"] if one["name"] == folder.name)
        if entry["state"] != "ok":
            return f"{entry['state']}: {entry['reason']}"
        return next((one["waiting_for"] for one in status["jobs"]
                     if one["folder"] == folder.name and f"/{folder.name}" in (one["waiting_for"] or "")), None)


class EveryOperationCase(FaultsCase):
    """A folder named for each operation, and `local`."""

    folders = (*OPERATIONS, "local")

    def fail_and_drop(self, error, times=None):
        """In each folder its operation, and a drop that meets it."""
        for folder in self.site.folders[:-1]:
            self.faulty[folder.name].fail(folder.name, error, times=times)
            self.drop(folder)

    def mend(self):
        for mounted in self.faulty.values():
            mounted.mend()

    def all_come_back(self):
        for folder in self.site.folders[:-1]:
            self.wait_until_all_delivered(folder)
            self.wait_until_state(folder, "ok", seconds=BACK_WITHIN)
