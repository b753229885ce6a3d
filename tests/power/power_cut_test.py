"""A real power cut, five times in a night: the daemon in a virtual machine whose qemu is killed, and booted again.

What the guest has not synced is lost with it. The portal simulator runs on the host and lives on, so its counters are the truth.
"""

import collections
import json
import os
import random
import shutil
import sys
import tempfile
import time
import unittest
import urllib.parse

from tests.artifacts.make_artifacts import Workshop
from tests.power.machine import HERE, Line, Machine, orders_socket, pause
from tests.runner import main
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.site import sha256_of

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
        payload = os.path.join(self.room, "payload")
        for folder in ("bin", "samples", "drop", "protected"):
            os.makedirs(os.path.join(payload, folder))
        os.makedirs(os.path.join(payload, "state"), mode=0o750)
        shutil.copy(path_of("TEGODROP"), os.path.join(payload, "bin", "tegodrop"))
        shutil.copy(os.path.join(HERE, "guest.py"), payload)
        self._write(payload, "run", "#!/bin/sh\nexec python3 /payload/guest.py\n", 0o755)
        self._write(payload, "token", self.portal.token + "\n", 0o600)
        self._write(payload, "plan.json", json.dumps({
            "portal_port": urllib.parse.urlsplit(self.portal.url).port, "orders_port": self.orders_port,
            # A program that must fail this test runs with a library in front that forgets to sync.
            "environment": {"LD_PRELOAD": "/payload/bin/preload.so"} if os.environ.get("POWER_PRELOAD") else {}}))
        if os.environ.get("POWER_PRELOAD"):
            shutil.copy(os.environ["POWER_PRELOAD"], os.path.join(payload, "bin", "preload.so"))
        self._write(payload, "tegodrop.yaml", json.dumps({
            "portal": {"url": self.portal.url, "tenant": self.portal.tenant, "token_file": "/payload/token"},
            "state_dir": "/payload/state",
            "folders": [{"name": "night", "path": "/payload/drop", "output": "/payload/protected", "version": "production",
                         "settle": "500ms"}],
            "polling": {"interval": "1s", "confirm_after": "10s"},
            "log": {"level": "info", "format": "json"}}), 0o600)
        workshop = Workshop(os.path.join(payload, "samples", "workshop"))
        makers = (workshop.apk, workshop.aab, workshop.ipa)
        samples = os.path.join(payload, "samples")
        for number in range(ARTIFACTS):
            made = makers[number % len(makers)](size=(200 + number * 30) * KIB, marker=f"night {number}")
            name = f"app-{number:02}{os.path.splitext(made)[1]}"
            shutil.move(made, os.path.join(samples, name))
            self.drops.append(Drop(name, sha256_of(os.path.join(samples, name))))
        shutil.rmtree(workshop.folder)
        self.waiting = collections.deque(self.drops)
        self.told = []
        return payload

    @staticmethod
    def _write(folder, name, text, mode=0o644):
        with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)

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
        by_source = {one["source_sha256"]: one for one in builds}
        names = [name for name in os.listdir(protected) if not name.startswith(".")]
        traces = [name for name in names if name.endswith(".trace.json")]
        expected = set()
        for name in traces:
            with open(os.path.join(protected, name), encoding="utf-8") as file:
                trace = json.load(file)
            output = trace["protected_output"]
            expected |= {name, output, output + ".sha256"}
            whole = sha256_of(os.path.join(protected, output))
            self.assertEqual(whole, trace["output"]["sha256"])
            self.assertEqual(whole, by_source[trace["source"]["sha256"]]["output_sha256"])
            with open(os.path.join(protected, output + ".sha256"), encoding="utf-8") as file:
                self.assertEqual(file.read().split()[0], whole)
        self.assertEqual(len(traces), len(done), "each artifact is delivered once")
        self.assertEqual(set(names), expected, "nothing half stands in the output folder")
        room = os.path.join(drop, ".tegodrop")
        self.assertEqual([name for name in os.listdir(drop) if not name.startswith(".")], [])
        # What an unfinished drop left under its temporary name is not ours.
        self.assertEqual(os.listdir(os.path.join(room, "failed")) if os.path.isdir(os.path.join(room, "failed")) else [], [])
        self.assertEqual(os.listdir(os.path.join(room, "claimed")), [])
        self.assertEqual(sorted(os.listdir(os.path.join(room, "processed"))), sorted(done))
        for drop_made in self.told:
            if drop_made.name in done:
                self.assertEqual(sha256_of(os.path.join(room, "processed", drop_made.name)), drop_made.source)
        self.assertEqual(len(os.listdir(os.path.join(room, "receipts"))), len(done))
        self.assertEqual(self.portal.violations(), [])
        print(f"end | {CUTS} cuts, {len(self.told)} dropped ({sum(one.durable for one in self.told)} acknowledged as durable), "
              f"{len(builds)} builds, {len(traces)} deliveries, 0 doubles, 0 losses, e2fsck clean", flush=True)

    def evidence(self):
        return self.machine.console[-6000:]


if __name__ == "__main__":
    main()
    sys.exit(0)
