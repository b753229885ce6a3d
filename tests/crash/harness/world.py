"""A site with its portal and artifacts, a daemon that is killed and started anew, and the judgement at the end.

Made many at a time, one for each moment of dying: so it is no test case, and what is wrong comes back as lines of text.
"""

import json
import os
import shutil
import tempfile
import time

from tests.crash.harness.open_uploads import OpenUploads
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.site import Site, names_of_delivery, sha256_of
from tests.scenario.harness.wait import PATIENCE, Late, until

CONFIRM_AFTER = 2.0
# After a start with the portal there; a job whose upload's outcome is unknown has the history's time besides. By day the machine
# may have much else to do, and three times as long proves no less that all goes on by itself.
RECOVERY = 5.0 if os.environ.get("CRASH_NIGHT") else 15.0
UNKNOWN = ("uploading", "completing", "confirming")
# What may stand in the state folder of a daemon that has nothing left to do.
AT_REST = {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.lock", "ledger.looked", "control.sock", "spool", "pause"}


def is_held(job):
    """Whether this entry of the status waits for a person, who is told what to say."""
    return job["state"] == "confirming" and "retry --rebuild" in (job["waiting_for"] or "")


class Expected:
    """What must become of one dropped artifact: delivered, or failed with a kind. `source` stays unchanged meanwhile."""

    def __init__(self, folder, name, source, failure=None):
        self.folder, self.name, self.failure = folder, name, failure
        self.source_sha256 = sha256_of(source)


class World:
    def __init__(self, folders=("first",), switches=None, settings=None, of_folder=None):
        self._portals = tempfile.mkdtemp(prefix="tegodrop-portal-", dir="/tmp")
        self.portal = Portal(self._portals, **{"build_seconds": 0.1, "history_lag": 0.3, **(switches or {})})
        self.site = Site(self.portal.url, self.portal.tenant, self.portal.token, folders)
        self.site.settings["polling"].update(confirm_after=f"{CONFIRM_AFTER:g}s")
        self.site.settings.update(settings or {})
        for folder in self.site.settings["folders"]:
            folder.update(of_folder or {})
        self.keeps = (of_folder or {}).get("after") == "keep"
        self.site.write_config()
        self.expected = []
        self.kills = 0
        self.confirming = False
        # How many multipart uploads may stay open at most; of each one OpenUploads knows whether it may.
        self.unknowable = 0
        self.open_uploads = OpenUploads(self.site.state_dir)
        # Of the artifacts that fail, those of which the portal had the bytes.
        self.failed_builds = 0

    def close(self):
        try:
            self.site.close()
        finally:
            self.portal.program.kill()
            shutil.rmtree(self._portals)

    def drop(self, name, source, folder=0, failure=None):
        place = self.site.folders[folder]
        place.drop(source, name)
        self.expected.append(Expected(place, name, source, failure))

    # Lives.

    def start(self, at=None, after=False):
        """Starts the daemon; with `at` it dies at that one of its calls. What it did is told by calls()."""
        if at is None:
            return self.site.start()
        log = os.path.join(self.site.logs, f"calls-{len(self.site.programs)}")
        under = [path_of("KILL_AT"), "--at", str(at), *(["--after"] if after else []), "--log", log, "--"]
        # What looks for leaks would be a second tracer; other lives, which nobody traces, are looked at.
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))
        program = self.site.start(under=under, extra_environment={"ASAN_OPTIONS": options})
        program.calls = log
        return program

    def calls(self, program):
        """The calls of a life as the log has them, its last one last."""
        try:
            with open(program.calls, encoding="utf-8", errors="replace") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def live_until_death(self, at, after=False, seconds=60):
        """One life that ends at its `at`-th call, or by itself, at its end, when it makes fewer. (killed, at what)"""
        program = self.start(at, after)
        until(lambda: program.code is not None or (self._has_looked(program) and self.at_their_end()),
              "it is dead, or all is done", seconds)
        code = program.stop(seconds=20)
        told = self.calls(program)
        killed = code == 137
        if not killed and code != 0:
            raise AssertionError(f"the daemon ended with {code}: {program.stderr()[-1000:]}")
        self.kills += killed
        self._look_between_lives()
        return killed, (told[-1] if told else "?")

    def _look_between_lives(self):
        """The status works without the daemon, whatever it died at, once there is a ledger that was whole."""
        done = self.site.run("status", "--json")
        states = [one["state"] for one in json.loads(done.stdout)["jobs"]] if done.returncode == 0 else []
        self.open_uploads.look(alive=False)
        self.confirming |= any(one in UNKNOWN for one in states)
        if {"claimed", "completing", "confirming"} & set(states):
            self.unknowable = self.portal.counters()["multipart_open"]

    def recover(self):
        """The last life: carries all to its end. (seconds that it took, what is wrong)"""
        return self.finish(self.site.start())

    def finish(self, program, seconds=60, at_once=True):
        """A life that has just begun, to its end. (seconds that it took, what is wrong, be it that it took long)"""
        begun = time.monotonic()
        wrong = ["the last life ended by itself"]
        took = None
        deadline = begun + seconds * PATIENCE
        # Of a life that has looked at its folders: what a killed one had finished is no merit of this one.
        done = lambda: program.code is not None or (self._has_looked(program) and self.at_their_end())
        while wrong and program.code is None and time.monotonic() < deadline:
            try:
                until(done, "all is at its end", max(0.01, deadline - time.monotonic()) / PATIENCE)
            except Late as late:
                wrong = [str(late), *self.judge()]
                continue
            if program.code is None:
                wrong = self.judge()
                took = time.monotonic() - begun
        code = program.stop(seconds=20)
        if code != 0:
            wrong.append(f"the last life ended with {code}")
        # What it did on its way out counts too.
        wrong = wrong or self.judge()
        wrong += self.site.complaints() + self.portal.program.complaints()
        took = took if took is not None else time.monotonic() - begun
        allowed = RECOVERY + (CONFIRM_AFTER if self.confirming else 0)
        if at_once and not wrong and took > allowed * PATIENCE:
            wrong.append(f"recovered only after {took:.1f} s, allowed are {allowed:g}")
        return took, wrong

    def _has_looked(self, program):
        return program.stderr().count('"event":"folder.open"') >= len(self.site.folders)

    def at_their_end(self):
        """Cheap: each artifact has the receipt that it should."""
        if sum(len(folder.room_names("receipts")) for folder in self.site.folders) < len(self.expected) and not self.keeps:
            return False
        told = sorted(one["state"] for folder in self.site.folders for one in self._receipts(folder))
        return told == sorted("failed" if one.failure else "delivered" for one in self.expected)

    def _receipts(self, folder):
        """With `after: keep` they stand in the output folder's room."""
        room = os.path.join(folder.output, folder.rooms, "receipts") if self.keeps else folder.room("receipts")
        # Dot files are being written, and may be gone again.
        names = [name for name in os.listdir(room) if not name.startswith(".")] if os.path.isdir(room) else []
        found = []
        for name in names:
            with open(os.path.join(room, name), encoding="utf-8") as file:
                found.append(json.load(file))
        return found

    # Judgement.

    def judge(self):
        """What is wrong, as lines; nothing when each artifact had one build and one delivery, or its failure, and nothing is left."""
        state = self.portal.state()
        wrong = [f"violation: {one}" for one in state["violations"]]
        delivered = [one for one in self.expected if one.failure is None]
        received = len(delivered) + self.failed_builds
        for counter, count in (("objects_received", received), ("builds_queued", received)):
            if state["counters"][counter] != count:
                wrong.append(f"{counter} is {state['counters'][counter]}, not {count}")
        if state["counters"]["multipart_open"] > self.unknowable:
            wrong.append(f"{state['counters']['multipart_open']} multipart uploads are open, at most {self.unknowable} by right")
        wrong += self.open_uploads.wrong(state["open_uploads"], alive=self.site.programs[-1].code is None)
        wrong += [f"object {one['key']} was put {one['puts']} times" for one in state["objects"] if one["puts"] != 1]
        builds = {(one["start_time"], one["name"]): one for one in state["builds"]}
        for folder in self.site.folders:
            wrong += self._judge_folder(folder, [one for one in self.expected if one.folder is folder], builds)
        return wrong + self._judge_status() + self._judge_state_dir()

    def _judge_folder(self, folder, expected, builds):
        wrong = []
        traces, failures = folder.traces(), folder.failures()
        names = set(traces) | set(failures)
        seen = []
        for name, trace in traces.items():
            names |= set(names_of_delivery(trace["protected_output"]))
            wrong += self._judge_trace(folder, name, trace, builds)
            seen.append((trace["file_name"], trace["source"]["sha256"], None))
        for failed in failures.values():
            source = (failed.get("source") or {}).get("sha256")
            seen.append((failed["file_name"], source, failed["failure"]["kind"]))
            if not failed["failure"]["remedy"]:
                wrong.append(f"{failed['file_name']}: a failure without a remedy")
        want = [(one.name, one.source_sha256, one.failure) for one in expected]
        if sorted(seen, key=repr) != sorted(want, key=repr):
            wrong.append(f"{folder.name}: outcomes are {sorted(seen, key=repr)}, not {sorted(want, key=repr)}")
        if set(folder.delivered_names()) != names:
            wrong.append(f"{folder.name}: strangers in the output: {sorted(set(folder.delivered_names()) ^ names)}")
        return wrong + self._judge_rooms(folder, expected) + self._judge_leftovers(folder)

    @staticmethod
    def _judge_trace(folder, name, trace, builds):
        wrong = []
        protected = os.path.join(folder.output, trace["protected_output"])
        build = builds.get((trace["start_time"], trace["file_name"]))
        try:
            with open(protected + ".sha256", encoding="utf-8") as file:
                told = file.read().split()[0]
            hashes = {"file": sha256_of(protected), "trace": trace["output"]["sha256"], "sha256sum": told,
                      "portal": build and build["output_sha256"]}
        except (OSError, LookupError) as error:
            return [f"{name}: {error!r}"]
        if len(set(hashes.values())) != 1:
            wrong.append(f"{name}: {hashes}")
        if build and build["source_sha256"] != trace["source"]["sha256"]:
            wrong.append(f"{name}: the portal got other bytes")
        return wrong

    def _judge_rooms(self, folder, expected):
        def hashes(where):
            names = sorted(os.listdir(where)) if os.path.isdir(where) else []
            return sorted(sha256_of(os.path.join(where, one)) for one in names
                          if not one.endswith(".reason.json") and os.path.isfile(os.path.join(where, one)))

        wrong = []
        good = sorted(one.source_sha256 for one in expected if one.failure is None)
        bad = sorted(one.source_sha256 for one in expected if one.failure is not None)
        places = {folder.path: sorted(good + bad)} if self.keeps else {
            folder.path: [], folder.room("processed"): good, folder.room("failed"): bad}
        for where, want in places.items():
            if hashes(where) != want:
                wrong.append(f"{where} holds {os.listdir(where)}: not the {len(want)} sources that it should")
        reasons = [one for one in folder.room_names("failed") if one.endswith(".reason.json")]
        if not self.keeps and len(reasons) != len(bad):
            wrong.append(f"{folder.name}: reasons beside the failed artifacts: {reasons}")
        receipts = len(self._receipts(folder))
        if receipts != len(expected):
            wrong.append(f"{folder.name}: {receipts} receipts for {len(expected)} artifacts")
        return wrong

    @staticmethod
    def _judge_leftovers(folder):
        rooms = [folder.room("claimed"), folder.room("receipts"), folder.room("processed"), folder.room("failed"),
                 os.path.join(folder.output, folder.rooms, "staging"), folder.room()]
        left = []
        for room in rooms:
            # Dot files are being written; in claimed and staging nothing stands for long.
            everything = os.path.basename(room) in ("claimed", "staging")
            left += [os.path.join(room, one) for one in (os.listdir(room) if os.path.isdir(room) else ())
                     if everything or one.startswith(".")]
        return [f"left behind: {one}" for one in left]

    def _judge_status(self):
        jobs = self.site.jobs()
        wrong = [f"status: {one}" for one in jobs if one["state"] not in ("delivered", "failed") or one["waiting_for"]]
        if len(jobs) != len(self.expected):
            wrong.append(f"status: {len(jobs)} jobs for {len(self.expected)} artifacts")
        return wrong

    def _judge_state_dir(self):
        names = os.listdir(self.site.state_dir)
        wrong = [f"left behind in the state folder: {one}" for one in names if one not in AT_REST]
        spool = os.path.join(self.site.state_dir, "spool")
        return wrong + [f"left behind in the spool: {one}" for one in os.listdir(spool)]

    def evidence(self):
        parts = [self.site.evidence(), repr(self.portal.state()["counters"]), repr(self.portal.requests()[-12:])]
        return "\n".join(parts)
