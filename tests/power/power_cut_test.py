"""A real power cut, five times in a night: the daemon in a virtual machine whose qemu is killed, and booted again.

What the guest has not synced is lost with it. The portal simulator runs on the host and lives on, so its counters are the truth.
"""

import collections
import os
import random
import shutil
import sys
import tempfile
import time
import unittest

from tests.artifacts.make_artifacts import Workshop
from tests.machine.deliveries import check_drop_folder, check_output_folder
from tests.machine.machine import Line, Machine, orders_socket, pause
from tests.machine.payload import Payload
from tests.runner import main
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.site import sha256_of

HERE = os.path.dirname(os.path.abspath(__file__))
CUTS = 5
ARTIFACTS = 40
KIB = 1 << 10
# In one piece, and in parts.
SWITCHES = {"build_seconds": 5, "history_lag": 1, "multipart_threshold": 600 * KIB, "chunk_size": 256 * KIB}
PROMISED_END = 240


class Drop:
    """One artifact that was told to be dropped: `durable` once the guest said so."""

    def __init__(self, name, source):
        self.name, self.source, self.durable = name, source, False


class PowerCutTest(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("POWER_SEED", random.SystemRandom().randrange(1 << 32)))
        self.random = random.Random(self.seed)
        self.room = tempfile.mkdtemp(prefix="tegodrop-power-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.room)
        self.portal = Portal(os.path.join(self.room, "portal"), **SWITCHES)
        self.addCleanup(self.portal.program.kill)
        self.orders, self.orders_port = orders_socket()
        self.addCleanup(self.orders.close)
        self.drops = []
        self.machine = Machine(self.room, self._make_payload(), self.orders)
        self.addCleanup(self.machine.cut)

    def _make_payload(self):
        preload = os.environ.get("POWER_PRELOAD")
        payload = Payload(os.path.join(self.room, "payload"), self.portal, os.path.join(HERE, "guest.py"), {
            "orders_port": self.orders_port,
            # A program that must fail this test runs with a library in front that forgets to sync.
            "environment": {"LD_PRELOAD": "/payload/bin/preload.so"} if preload else {}})
        for folder in ("drop", "protected"):
            os.makedirs(payload.path(folder))
        os.makedirs(payload.path("state"), mode=0o750)
        if preload:
            shutil.copy(preload, payload.path("bin", "preload.so"))
        folders = [{"name": "night", "path": "/payload/drop", "output": "/payload/protected", "version": "production", "settle": "500ms"}]
        payload.write("tegodrop.yaml", payload.config(folders, polling={"interval": "1s", "confirm_after": "10s"}), 0o600)
        workshop = Workshop(payload.path("samples", "workshop"))
        makers = (workshop.apk, workshop.aab, workshop.ipa)
        for number in range(ARTIFACTS):
            made = makers[number % len(makers)](size=(200 + number * 30) * KIB, marker=f"night {number}")
            name = f"app-{number:02}{os.path.splitext(made)[1]}"
            shutil.move(made, payload.path("samples", name))
            self.drops.append(Drop(name, sha256_of(payload.path("samples", name))))
        shutil.rmtree(workshop.folder)
        self.waiting = collections.deque(self.drops)
        self.told = []
        return payload.folder

    def drop_next(self, line, seconds):
        drop = self.waiting.popleft()
        self.told.append(drop)
        answer = line.ask(seconds, do="drop", source=drop.name, folder="/payload/drop", name=drop.name)
        drop.durable = answer["durable"] == drop.name

    def live_until_the_cut(self, line):
        """Drops artifacts at random moments until, at a random one, the power is gone. The seconds that it lived."""
        begun = time.monotonic()
        lives = self.random.uniform(4, 20)
        try:
            while (left := begun + lives - time.monotonic()) > 0:
                if self.waiting and len(self.waiting) > ARTIFACTS // (2 * CUTS):
                    self.drop_next(line, left)
                pause(min(left, self.random.uniform(0.1, 2)))
        except Line.Cut:
            pass  # in the middle of a drop
        self.machine.cut()
        return time.monotonic() - begun

    def test_five_cuts_in_one_night(self):
        print(f"\nseed {self.seed} (POWER_SEED)\ncut | after | dropped, durable | in the ledger afterwards", flush=True)
        line = self.machine.boot()
        self.assertEqual(line.hear(60)["found"]["jobs"], [])
        for cut in range(1, CUTS + 1):
            lived = self.live_until_the_cut(line)
            booting = time.monotonic()
            line = self.machine.boot()
            found = line.hear(120)["found"]
            states = collections.Counter(job["state"] for job in found["jobs"])
            self.assertNotIn("error", found, "the ledger cannot be read after the cut")
            print(f"{cut} | {lived:.1f} s | {len(self.told)}, {sum(one.durable for one in self.told)} | "
                  f"{dict(sorted(states.items()))} | up again in {time.monotonic() - booting:.0f} s", flush=True)
            self.assertEqual(states["failed"] + states["cancelled"], 0, found)
        while self.waiting:
            self.drop_next(line, 60)
        self.assert_all_is_delivered(line)

    def assert_all_is_delivered(self, line):
        begun = time.monotonic()
        must = {one.name for one in self.told if one.durable}
        done = set()
        while time.monotonic() - begun < PROMISED_END:
            answer = line.ask(60, do="status")
            self.assertTrue(answer["running"], self.machine.console[-3000:])
            jobs = answer["status"]["jobs"]
            done = {job["file_name"] for job in jobs if job["state"] == "delivered"}
            if must <= done and all(job["state"] == "delivered" for job in jobs):
                break
            pause(1)
        self.assertEqual(must - done, set(), f"lost or late: {answer['status']}\n{self.machine.console[-3000:]}")
        print(f"all delivered {time.monotonic() - begun:.0f} s after the last boot's drops", flush=True)
        self.assertEqual(line.ask(60, do="stop")["code"], 0, self.machine.console[-3000:])
        self.machine.wait_for_the_end()
        self.judge(done)

    def judge(self, done):
        code, words = self.machine.check_disk()
        self.assertEqual(code, 0, words)
        out = os.path.join(self.room, "out")
        protected = self.machine.copy_out("/protected", out)
        drop = self.machine.copy_out("/drop", os.path.join(self.room, "in"))
        builds = self.portal.state()["builds"]
        # Whether a drop that the guest did not acknowledge exists is the cut's to say; it is delivered once or never was.
        self.assertEqual(len(builds), len(done))
        self.assertEqual(sorted(one["source_sha256"] for one in builds),
                         sorted(one.source for one in self.told if one.name in done), "built twice, or not at all")
        traces = check_output_folder(self, protected, builds)
        self.assertEqual(len(traces), len(done), "each artifact is delivered once")
        check_drop_folder(self, drop, {one.name: one.source for one in self.told if one.name in done})
        self.assertEqual(self.portal.violations(), [])
        print(f"end | {CUTS} cuts, {len(self.told)} dropped ({sum(one.durable for one in self.told)} acknowledged as durable), "
              f"{len(builds)} builds, {len(traces)} deliveries, 0 doubles, 0 losses, e2fsck clean", flush=True)

    def evidence(self):
        return self.machine.console[-6000:]


if __name__ == "__main__":
    main()
    sys.exit(0)
