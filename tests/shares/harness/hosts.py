"""Two hosts on one share: each with a mount, a state folder, an output folder and a daemon of its own; and the judge of both."""

import collections
import os

from tests.scenario.harness.mint import sha256
from tests.scenario.harness.site import Folder, Site, sha256_of
from tests.scenario.harness.wait import until
from tests.shares.harness.case import BACK_WITHIN, SharesCase

HEX_OF_A_COMMIT = 40


class Host:
    """One of those that look after the share."""

    def __init__(self, name, site):
        self.name, self.site = name, site
        self.mounted = self.daemon = None

    @property
    def path(self):
        return self.site.settings["folders"][0]["path"]

    def start(self):
        self.daemon = self.site.start()

    def kill(self):
        """SIGKILL, at whatever it does just now."""
        self.daemon.kill()

    def traces(self):
        return list(self.site.folder.traces().values())

    def claimed(self):
        """So many artifacts its ledger has a row of."""
        return len(self.site.jobs())


class TwoHostsCase(SharesCase):
    """Gives `self.hosts`, both on one folder, and `self.far`, that folder as its server has it. `mount(name, path, far)`, of the
    test, makes a mount."""

    def setUp(self):
        super().setUp()
        other = Site(self.portal.url, self.portal.tenant, self.portal.token, self.folders)
        self.addCleanup(other.close)
        other.settings["folders"][0].update(self.quick)
        for site in (self.site, other):
            site.settings["log"]["level"] = "info"
            site.write_config()
        self.hosts = [Host("first", self.site), Host("second", other)]
        self.far = Folder(os.path.join(self.site.root, "server"), "share")
        self.prepare()
        for host in self.hosts:
            host.mounted = self.mount(f"mount-{host.name}", host.path, self.far.path)
            self.addCleanup(host.mounted.close)
            self.mounts.append(host.mounted)
        # {SHA-256: (name, commit or None, its sidecars' names)}
        self.told = {}

    def prepare(self):
        """What `mount` needs."""

    def mount(self, name, path, far):
        raise NotImplementedError

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.hosts[1].site.complaints(), [], "a sanitizer complains")

    def start_both(self):
        for host in self.hosts:
            host.start()
        for host in self.hosts:
            until(lambda: host.site.status()["folders"][0]["state"] == "ok", f"the {host.name} host has the share", every=0.2)

    def tell(self, number, kinds=(), size=20 << 10):
        """A new artifact on the far side, its sidecars of these kinds first, each by rename; its name."""
        name = f"drop-{number}.apk"
        content = self.mint.make(number, size)
        digest, commit = sha256(content), f"{number:0{HEX_OF_A_COMMIT}x}"
        texts = {"commit": f"{commit}\n", "sha256": f"{digest}  {name}\n", "json": f'{{"ref": "refs/heads/{number}"}}\n'}
        for kind in kinds:
            self.far.put(f"{name}.{kind}", texts[kind])
        self.told[digest] = (name, commit if "commit" in kinds else None, sorted(f"{name}.{kind}" for kind in kinds))
        self.far.put(name, content)
        return name

    def wait_until_all_told_are_delivered(self, seconds=BACK_WITHIN):
        """By either; and that each row of both is at its end."""
        def all_there():
            return sum(len(host.traces()) for host in self.hosts) >= len(self.told) <= len(self.far.receipts())
        until(all_there, f"all {len(self.told)} artifacts are delivered", seconds, every=0.5)
        for host in self.hosts:
            until(lambda: all(one["state"] == "delivered" for one in host.site.jobs()), f"all rows of the {host.name} host say delivered",
                  BACK_WITHIN, every=0.5)

    def stop_and_judge_both(self):
        """Every artifact was received, built and delivered once, whoever did it; nothing lies where nothing may."""
        for host in self.hosts:
            self.stop(host.daemon)
        once = collections.Counter(list(self.told))
        self.assertEqual(collections.Counter(one["source_sha256"] for one in self.portal.state()["builds"]), once)
        self.assert_counts(objects_received=once.total(), builds_queued=once.total())
        traces = [one for host in self.hosts for one in host.traces()]
        self.assertEqual(collections.Counter(one["source"]["sha256"] for one in traces), once)
        self.assertEqual([host.site.folder.failures() for host in self.hosts], [{}, {}])
        self.assertEqual({one["file_name"]: one["commit_sha"] for one in traces}, {name: commit for name, commit, _ in self.told.values()})
        self.assertEqual(self.far.waiting_names(), [])
        self.assertEqual(self.far.room_names("claimed"), [])
        self.assertEqual(self.far.room_names("failed"), [])
        self.assertEqual([one["state"] for one in self.far.receipts().values()], ["delivered"] * once.total())
        kept = self.far.room_names("processed")
        self.assertEqual(collections.Counter(sha256_of(self.far.room("processed", one)) for one in kept if one.endswith(".apk")), once)
        self.assertEqual([one for one in kept if not one.endswith(".apk")],
                         sorted(one for _, _, sidecars in self.told.values() for one in sidecars))

    def evidence(self):
        mine = super().evidence()
        return f"{mine}\n=== the second host:\n{self.hosts[1].site.evidence()}"
