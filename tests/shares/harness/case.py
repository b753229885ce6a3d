"""Scenarios with drop folders on shares: the harness drops and looks on the far side, the daemon has the mount."""

import collections
import os

from tests.scenario.harness import namespace
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.mint import Mint
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

# How long a folder that hangs may go unnoticed: the alarm is after 30 s.
STALLED_WITHIN = 45
# Whatever was in trouble is tried again within a minute.
BACK_WITHIN = 90


class SharesCase(ScenarioCase):
    """Every folder but the last is to be put on a share by the test (`to_share`); the last one is local. The file ends with
    `namespace.main()`."""

    folders = ("share", "local")
    quick = {"settle": "1s", "poll_interval": "1s"}

    def setUp(self):
        namespace.run_daemon_as_ordinary(self)
        super().setUp()
        for of_folder in self.site.settings["folders"][:-1]:
            of_folder.update(self.quick)
        self.site.write_config()
        self.mounts = []
        self.local = self.site.folders[-1]
        self.mint = Mint(self.artifacts.apk())
        # SHA-256 of each drop of this test, by folder.
        self.dropped = collections.defaultdict(list)
        self._number = 0

    def to_share(self, folder, make):
        """Mounts over a drop folder's path by `make(name, path, far)`; from then on the harness's own `folder` is the far side."""
        mounted = make(f"mount-{folder.name}", folder.path, os.path.join(self.site.root, "far", folder.name))
        # Before the site is removed: cleanups run last in, first out.
        self.addCleanup(mounted.close)
        self.mounts.append(mounted)
        folder.path = mounted.far
        return mounted

    def drop(self, folder, name=None, size=40 << 10):
        """A new artifact, renamed in on the far side; its name."""
        self._number += 1
        name = name or f"drop-{self._number}.apk"
        source = os.path.join(self.site.root, "source")
        with open(source, "wb") as file:
            file.write(self.mint.make(self._number, size))
        self.dropped[folder.name].append(sha256_of(source))
        folder.drop(source, name)
        os.unlink(source)
        return name

    def state_of(self, folder):
        return self.entry_of(folder)["state"]

    def entry_of(self, folder):
        return next(one for one in self.site.status()["folders"] if one["name"] == folder.name)

    def wait_until_state(self, folder, *states, seconds=STALLED_WITHIN):
        """Waits until `status` says one of `states` of the folder, with a reason unless all is well; the entry."""
        def said():
            entry = self.entry_of(folder)
            return entry if entry["state"] in states else None
        entry = until(said, f"status says that folder {folder.name} is {' or '.join(states)}", seconds, every=0.2)
        if entry["state"] != "ok":
            self.assertTrue(entry["reason"], entry)
        return entry

    def wait_until_all_delivered(self, folder, seconds=BACK_WITHIN):
        """Every drop of the folder has its trace and its receipt."""
        count = len(self.dropped[folder.name])
        until(lambda: len(folder.traces()) >= count and len(folder.receipts()) >= count,
              f"all {count} drops of folder {folder.name} are delivered", seconds, every=0.1)

    def others_go_on(self):
        """A drop into the local folder is delivered in its usual time."""
        self.drop(self.local)
        self.wait_until_all_delivered(self.local, seconds=10)

    def judge(self):
        """Each drop of this test was received, built and delivered once, and lies in processed/; nothing else was."""
        dropped = collections.Counter(one for those in self.dropped.values() for one in those)
        builds = self.portal.state()["builds"]
        self.assertEqual(collections.Counter(one["source_sha256"] for one in builds), dropped)
        self.assert_counts(objects_received=dropped.total(), builds_queued=dropped.total())
        for folder in self.site.folders:
            mine = collections.Counter(self.dropped[folder.name])
            self.assertEqual(collections.Counter(one["source"]["sha256"] for one in folder.traces().values()), mine)
            self.assertEqual(folder.failures(), {})
            self.assertEqual(folder.waiting_names(), [])
            self.assertEqual(folder.room_names("failed"), [])
            self.assertEqual(collections.Counter(one["state"] for one in folder.receipts().values()),
                             collections.Counter(delivered=mine.total()) if mine else collections.Counter())
            # Its sidecars lie beside each.
            kept = collections.Counter(sha256_of(folder.room("processed", name)) for name in folder.room_names("processed")
                                       if name.endswith(".apk"))
            self.assertEqual(kept, mine)

    def stop_and_judge(self, daemon):
        """Of what is delivered the source is put away a moment after the receipt."""
        until(lambda: all(one["state"] == "delivered" for one in self.site.jobs()), "all rows say delivered", BACK_WITHIN)
        self.stop(daemon)
        self.judge()

    def local_names_below(self, mounted):
        """What has been written into the folder that a mount covers; asked for while it is not mounted."""
        self.assertFalse(mounted.is_mounted())
        return sorted(os.listdir(mounted.path))

    def evidence(self):
        # What hangs would hang whoever looks.
        for mounted in self.mounts:
            mounted.close()
        return super().evidence()

