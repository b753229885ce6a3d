"""Drop and output folders on real CIFS and NFS mounts: written on the servers' side, claimed and published there, the servers gone
and back. In a virtual machine, because a mount of that kind is the kernel's, and one that hangs is nothing for the machine of a test.

The portal simulator runs on the host; its counters are the truth.
"""

import collections
import datetime
import json
import os
import re
import shutil
import sys
import tempfile
import time
import unittest

from tests.artifacts.make_artifacts import Workshop
from tests.machine.deliveries import check_drop_folder, check_output_folder
from tests.machine.machine import Machine, orders_socket
from tests.machine.payload import Payload
from tests.runner import main
from tests.scenario.harness.mint import Mint, sha256
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.wait import PATIENCE, until

HERE = os.path.dirname(os.path.abspath(__file__))
KIB = 1 << 10
SHARES = ("cifs", "nfs")
ARTIFACTS = 30
# As what is mounted without a thought is known to remember attributes: mount.cifs(8), nfs(5).
ATTRIBUTE_CACHE = {"cifs": 1, "nfs": 60}
IDLE_POLL = 30
# An emulated machine reads and hashes slowly, and its clock stands beside the scheduler's whims.
SLOWNESS = 15 * PATIENCE
# What nobody promises a time for.
AT_MOST = 300
# Of a folder whose server is away, and of a daemon that is to end meanwhile. $TEST_PATIENCE stretches these too: the machine is
# emulated, on cores that others may use.
TOLD_WITHIN = 60 * PATIENCE
ENDS_WITHIN = 10 * PATIENCE


def seconds_of(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class Written:
    """One artifact that was written into a drop folder: its name there, SHA-256, when it was whole, and its inode on the server."""

    def __init__(self, name, source, answer):
        self.name, self.source, self.whole, self.inode = name, source, answer["whole"], answer["inode"]


class MountsTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.room = tempfile.mkdtemp(prefix="tegodrop-mounts-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.room)
        self.portal = Portal(os.path.join(self.room, "portal"), build_seconds=1)
        self.addCleanup(self.portal.program.kill)
        self.orders, self.orders_port = orders_socket()
        self.addCleanup(self.orders.close)
        self.written = collections.defaultdict(list)
        self.waiting = collections.deque()  # artifacts that nobody has written yet: name and SHA-256
        self.machine = Machine(self.room, self._make_payload(), self.orders, cores=1)
        self.addCleanup(self.machine.cut)

    def _make_payload(self):
        self.payload = Payload(os.path.join(self.room, "payload"), self.portal, os.path.join(HERE, "guest.py"),
                               {"orders_port": self.orders_port})
        shutil.copy(os.path.join(HERE, "shares.py"), self.payload.folder)
        os.makedirs(self.payload.path("state"), mode=0o750)
        self.payload.write("tegodrop.yaml", self.config("auto", "auto"))
        workshop = Workshop(self.payload.path("samples", "workshop"))
        mint = Mint(workshop.apk())
        for number in range(ARTIFACTS):
            content = mint.make(number, (150 + number * 20) * KIB)
            name = f"app-{number:02}.apk"
            with open(self.payload.path("samples", name), "wb") as file:
                file.write(content)
            self.waiting.append((name, sha256(content)))
        shutil.rmtree(workshop.folder)
        return self.payload.folder

    def config(self, settle, poll_interval):
        on_share = {"version": "production", "settle": settle, "poll_interval": poll_interval}
        return self.payload.config(
            [{"name": name, "path": f"/mnt/{name}/drop", "output": f"/mnt/{name}/protected", **on_share} for name in SHARES] +
            [{"name": "local", "path": "/payload/local/drop", "output": "/payload/local/protected", "version": "production"}],
            polling={"interval": "1s", "confirm_after": "10s"})

    # What is told to the guest.

    def tell(self, order, seconds=AT_MOST, **words):
        return self.line.ask(seconds * PATIENCE, do=order, **words)

    def write(self, folder, how="cp", **more):
        name, source = self.waiting.popleft()
        answer = self.tell("write", folder=folder, how=how, source=name, name=name, **more)
        self.written[folder].append(Written(name, source, answer))
        return self.written[folder][-1]

    def status(self):
        answer = self.tell("status")
        self.assertTrue(answer["running"], "the daemon runs")
        if "error" in answer["status"]:
            raise ValueError(answer["status"]["error"])
        return answer["status"]

    def entry_of(self, folder):
        return next(one for one in self.status()["folders"] if one["name"] == folder)

    def wait_until_open(self):
        until(lambda: all(one["state"] == "ok" for one in self.status()["folders"]), "every folder is ok", AT_MOST, every=2)

    def files_of(self, folder):
        """What lies in a drop folder on the server's side: {path below it: inode}. Cheap, and needs no command to be started."""
        files = self.tell("served", folder=folder)["files"]
        self.assertEqual([path for path in files if path.startswith(".tegodrop/failed/")], [])
        return files

    def wait_until_delivered(self, *folders, seconds=AT_MOST):
        """All that was written into these is put away, which comes after the delivery, and has its receipt, which comes after that."""
        for folder in folders:
            must = {f".tegodrop/processed/{one.name}" for one in self.written[folder]}

            def all_there():
                files = self.files_of(folder).keys()
                receipts = [one for one in files if re.fullmatch(r"\.tegodrop/receipts/[^.][^/]*\.json", one)]
                return must <= files and len(receipts) == len(must)
            until(all_there, f"all of {folder} is delivered", seconds, every=0.5)

    def end(self):
        """SIGTERM to the daemon; the seconds that it took."""
        answer = self.tell("end")
        self.assertEqual(answer["code"], 0)
        self.assertLessEqual(answer["seconds"], ENDS_WITHIN)
        return answer["seconds"]

    @staticmethod
    def row(share, what, outcome):
        print(f"{share} | {what} | {outcome}", flush=True)

    # One night.

    def test_real_mounts(self):
        print("\nshare | what | outcome", flush=True)
        self.line = self.machine.boot(AT_MOST * PATIENCE)
        self.line.hear(AT_MOST)
        self.assertEqual(self.tell("prepare")["trouble"], "")
        mounts = self.tell("mounts")["lines"]
        for share in SHARES:
            line = next(one for one in mounts if f" /mnt/{share} " in one)
            self.assertNotRegex(line, "acregmax|acdirmax", "attributes are remembered as by default")
            self.row(share, "mounted", re.sub(r",.*", "", line.split(" - ")[1]))
        self.tell("start")
        self.wait_until_open()
        self.as_it_is_by_default()
        self.end()
        self.tell("configure", text=self.config("3s", "1s"))
        self.tell("start")
        self.wait_until_open()
        self.written_in_every_way()
        self.servers_away("server stopped", "kill", "start")
        self.servers_away("line cut", "silence", "speak")
        self.end()
        self.tell("stop")
        self.machine.wait_for_the_end()
        self.judge()

    def as_it_is_by_default(self):
        """`settle` and `poll_interval` are auto: in time, and not before its time."""
        for share in SHARES:
            self.write(share)
        self.wait_until_delivered(*SHARES)
        for share in SHARES:
            one = self.written[share][0]
            settle = max(30, 2 * ATTRIBUTE_CACHE[share])
            took = seconds_of(self.story_of(share, one.name)["times"]["claimed"]) - one.whole
            self.row(share, "settle: auto", f"claimed {took:.0f} s after it was whole; at most {settle} s and a poll of {IDLE_POLL} s")
            self.assertGreaterEqual(took, settle)
            self.assertLessEqual(took, settle + IDLE_POLL + SLOWNESS)

    def story_of(self, share, name):
        job = next(one["id"] for one in self.status()["jobs"] if (one["folder"], one["file_name"]) == (share, name))
        done = self.tell("tegodrop", arguments=["show", job, "--json"])
        self.assertEqual(done["code"], 0, done)
        return json.loads(done["out"])

    def written_in_every_way(self):
        self.portal.set(hold_builds=True)
        ways = (("cp", {}), ("renamed", {}), ("slowly", {"pause": 5}), ("slowly", {"pause": 0.5}))
        for share in SHARES:
            for how, more in ways:
                one = self.write(share, how, **more)
                claimed = until(lambda: self.claimed(share, one), f"{one.name} is claimed in {share}", AT_MOST, every=0.5)
                about = f"written {how}" + (f", pauses of {more['pause']} s" if more else "")
                self.row(share, about, f"renamed to {claimed} on the server's side")
        self.portal.set(hold_builds=False)
        self.wait_until_delivered(*SHARES)
        for share in SHARES:
            files = self.files_of(share)
            for one in self.written[share]:
                self.assertEqual(files.get(f".tegodrop/processed/{one.name}"), one.inode, files)
            self.row(share, "all of these", f"delivered, {len(self.written[share])} of {len(self.written[share])} in processed/")

    def claimed(self, share, one):
        """Where the very file that was written stands on the server's side, once it is claimed."""
        files = self.files_of(share)
        return next((os.path.dirname(path) for path, inode in files.items()
                     if path.startswith(".tegodrop/claimed/") and path.endswith(f"/{one.name}") and inode == one.inode), None)

    def servers_away(self, trouble, go, come):
        self.portal.set(hold_builds=True)
        for share in SHARES:
            self.write(share)
            one = self.written[share][-1]
            until(lambda: self.claimed(share, one), "it is claimed", AT_MOST, every=0.5)
            # Perhaps just being looked at when the server goes, perhaps not yet seen.
            self.write(share)
        self.tell("servers", what=go)
        away = time.monotonic()
        for share in SHARES:
            self.write(share, "renamed")
        self.portal.set(hold_builds=False)
        self.local_goes_on()
        self.both_are_told_of(trouble, away)
        self.row("both", trouble, f"SIGTERM ended the daemon in {self.end():.1f} s")
        self.tell("start")
        self.local_goes_on()
        # From before, or anew: what matters is that nobody takes them for well.
        self.both_are_told_of(f"{trouble}, daemon started again")
        self.tell("servers", what=come)
        back = time.monotonic()
        for share in SHARES:
            until(lambda: self.entry_of(share)["state"] == "ok", f"{share} is back", AT_MOST, every=2)
            self.row(share, f"{trouble}, then back", f"ok after {time.monotonic() - back:.0f} s")
        self.wait_until_delivered(*SHARES, "local")
        self.row("both", f"{trouble}, then back", f"all delivered after {time.monotonic() - back:.0f} s")

    def local_goes_on(self):
        begun = time.monotonic()
        self.write("local")
        self.wait_until_delivered("local")
        self.row("local", "meanwhile", f"delivered in {time.monotonic() - begun:.0f} s")

    def both_are_told_of(self, trouble, since=None):
        told = {}

        def all_told():
            status = self.status()
            for entry in status["folders"]:
                if entry["name"] in SHARES and entry["name"] not in told and entry["state"] != "ok":
                    told[entry["name"]] = (entry["state"], entry["reason"], time.monotonic())
            return len(told) == len(SHARES)
        until(all_told, f"status tells of {trouble}", 90, every=2)
        waiting = self.status()["jobs"]
        for share, (state, reason, when) in told.items():
            after = f" after {when - since:.0f} s" if since else ""
            self.row(share, trouble, f"{state}{after}: {reason}")
            self.assertIn(state, ("stalled", "degraded", "missing"))
            self.assertTrue(reason)
            if since:
                self.assertLessEqual(when - since, TOLD_WITHIN)
            for job in waiting:
                if job["folder"] == share and job["waiting_for"]:
                    self.row(share, trouble, f"{job['file_name']} is {job['state']}, waits for: {job['waiting_for']}")

    def judge(self):
        code, words = self.machine.check_disk()
        self.assertEqual(code, 0, words)
        state = self.portal.state()
        everything = sorted(one.source for those in self.written.values() for one in those)
        self.assertEqual(sorted(one["source_sha256"] for one in state["builds"]), everything, "built twice, half, or not at all")
        self.assertEqual((state["counters"]["objects_received"], state["counters"]["builds_queued"]), (len(everything),) * 2)
        self.assertEqual(self.portal.violations(), [])
        for name, those in self.written.items():
            # As the server has it, whatever a client would say.
            served = self.machine.copy_out("/local" if name == "local" else f"/served/{name}", os.path.join(self.room, "out", name))
            traces = check_output_folder(self, os.path.join(served, "protected"), state["builds"])
            self.assertEqual(sorted(one["source"]["sha256"] for one in traces), sorted(one.source for one in those))
            self.assertEqual({one["folder"] for one in traces}, {name})
            check_drop_folder(self, os.path.join(served, "drop"), {one.name: one.source for one in those})
            self.row(name, "in the end", f"{len(those)} written, {len(those)} built, {len(traces)} delivered, 0 doubles, 0 losses")

    def evidence(self):
        return self.machine.console[-20000:]


if __name__ == "__main__":
    main()
    sys.exit(0)
