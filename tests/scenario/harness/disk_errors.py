"""One delivery, again and again, each time with another call on the disk that fails: strace answers in the kernel's stead."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import tempfile
import time
import traceback
import unittest

from tests.scenario.harness.case import workshop
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.site import Site, names_of_delivery, sha256_of
from tests.scenario.harness.wait import until

# How often the busiest thread makes each call in one delivery, and a little more: strace counts in each thread.
CALLS = {"pwrite64": 172, "fsync": 17, "fdatasync": 18, "ftruncate": 4, "fallocate": 2, "mkdirat": 8, "renameat2": 8,
         "renameat": 2, "unlinkat": 12, "openat2": 42, "close": 57}
TAKES_ROOM = ("pwrite64", "fallocate", "mkdirat", "renameat2", "renameat", "openat2")
THREADS = 6


def _closes_of_the_loader():
    """The dynamic loader closes a file for each library before the program begins, and itself dies of an error there."""
    listed = subprocess.run(["ldd", path_of("TEGODROP")], capture_output=True, text=True, check=True)
    return len(listed.stdout.splitlines()) + 6


def points():
    """(call, N, errno, lasting): the N-th call of each thread fails, alone or with all that follow until it is mended."""
    # A sanitizer's own start closes files too, and dies of an error there.
    sanitized = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ
    for call, most in CALLS.items():
        if call == "close" and sanitized:
            continue
        for error in ("EIO", "ENOSPC") if call in TAKES_ROOM else ("EIO",):
            first = _closes_of_the_loader() + 1 if call == "close" else 1
            for number in range(first, first + most):
                for lasting in (False, True):
                    yield call, number, error, lasting


class _World:
    def __init__(self):
        self.portals = tempfile.mkdtemp(prefix="tegodrop-portal-", dir="/tmp")
        self.portal = Portal(self.portals, build_seconds=0.1)
        self.site = Site(self.portal.url, self.portal.tenant, self.portal.token)
        self.folder = self.site.folder
        self.strace_log = os.path.join(self.site.logs, "strace")

    def close(self):
        self.site.close()
        self.portal.program.kill()
        shutil.rmtree(self.portals)

    def start_under(self, call, number, error, lasting):
        # LeakSanitizer does not work under a tracer.
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))
        return self.site.start(extra_environment={"ASAN_OPTIONS": options}, under=[
            # The tracer as a grandchild: the process that is started is the daemon. And one that a signal ends.
            "strace", "-D", "-I1", "-f", "-qq", "-o", self.strace_log, "-e", f"trace={call}",
            "-e", f"inject={call}:error={error}:when={number}{'+' if lasting else ''}"])

    def injected(self):
        try:
            with open(self.strace_log, encoding="utf-8", errors="replace") as file:
                return file.read().count("(INJECTED)")
        except FileNotFoundError:
            return 0

    def delivered(self):
        return len(self.folder.receipts()) >= 1

    def mend(self, daemon):
        """The tracer goes, and with it the fault."""
        with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
            tracer = int(re.search(r"TracerPid:\s*(\d+)", file.read())[1])
        if tracer:
            os.kill(tracer, 15)

    def said(self, daemon):
        """What the daemon said in trouble."""
        return [one for one in self.site.log_events(daemon) if one["level"] in ("warning", "error")]

    def play(self, call, number, error, lasting):
        """(whether the fault was met, whether it had to be waited for)"""
        source = workshop().apk(size=100 << 10)
        daemon = self.start_under(call, number, error, lasting)
        self.folder.drop(source, "one.apk")
        waited = False
        if lasting:
            until(lambda: self.delivered() or (self.injected() and self.said(daemon)) or daemon.code is not None,
                  "it is delivered all the same, or the log says what is wrong")
            waited = not self.delivered()
            if daemon.code is None:
                self.mend(daemon)
        # What waits for a disk tries it again within a minute.
        until(lambda: daemon.code is not None or (self.delivered() and self.site.jobs()[0]["state"] == "delivered"),
              "it is delivered once the fault is gone", seconds=90)
        met = self.injected() > 0
        if daemon.code is not None:
            raise AssertionError(f"the daemon ended with {daemon.code}")
        self._judge(source)
        if daemon.stop(20) != 0:
            raise AssertionError(f"it stopped with {daemon.code}")
        if daemon.complaints():
            raise AssertionError("\n".join(daemon.complaints()))
        return met, waited

    def _judge(self, source):
        check = unittest.TestCase()
        counters = self.portal.counters()
        check.assertEqual((counters["objects_received"], counters["builds_queued"]), (1, 1))
        traces = self.folder.traces()
        check.assertEqual(len(traces), 1, traces)
        [trace] = traces.values()
        protected = trace["protected_output"]
        check.assertEqual(self.folder.delivered_names(), names_of_delivery(protected))
        whole = sha256_of(os.path.join(self.folder.output, protected))
        check.assertEqual(whole, self.portal.state()["builds"][0]["output_sha256"])
        check.assertEqual(whole, trace["output"]["sha256"])
        check.assertEqual(self.folder.waiting_names(), [])
        check.assertEqual(self.folder.room_names("failed"), [])
        check.assertEqual(sha256_of(self.folder.room("processed", "one.apk")), sha256_of(source))
        check.assertEqual([one["state"] for one in self.folder.receipts().values()], ["delivered"])
        check.assertEqual(self.portal.violations(), [])


def _try(point):
    world = None
    begun = time.monotonic()
    try:
        world = _World()
        return point, world.play(*point), time.monotonic() - begun, None
    except Exception:  # of whatever kind: it belongs to this point
        evidence = world.site.evidence() if world else ""
        return point, (True, False), time.monotonic() - begun, traceback.format_exc() + evidence
    finally:
        if world is not None:
            world.close()


def play(chosen):
    """Plays each point in a world of its own, prints a table, and gives what went wrong."""
    workshop().apk(size=100 << 10)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        ends = list(pool.map(_try, chosen))
    print("\ncall, errno, once or lasting | points | met | waited for, then delivered | slowest | wrong")
    kinds = {}
    for point, end, took, wrong in ends:
        kinds.setdefault((point[0], point[2], "lasting" if point[3] else "once"), []).append((end, took, wrong))
    for kind, those in kinds.items():
        print(f"{', '.join(kind)} | {len(those)} | {sum(end[0] for end, _, _ in those)} | {sum(end[1] for end, _, _ in those)} | "
              f"{max(took for _, took, _ in those):.1f} s | {sum(wrong is not None for _, _, wrong in those)}")
    return [f"{point}:\n{wrong}" for point, _, _, wrong in ends if wrong is not None]
