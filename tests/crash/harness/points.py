"""Many worlds at once, and what they add up to."""

import concurrent.futures
import os
import threading
import traceback

THREADS = int(os.environ.get("CRASH_THREADS", "4"))
# How many convictions are shown with all that a person wants to see.
SHOWN = 3


def of_this_shard(points):
    """The part of `points` that this shard of the test has to do, spread evenly."""
    total, index = int(os.environ.get("TEST_TOTAL_SHARDS", "1")), int(os.environ.get("TEST_SHARD_INDEX", "0"))
    status = os.environ.get("TEST_SHARD_STATUS_FILE")
    if status:
        with open(status, "w", encoding="utf-8"):
            pass
    return list(points)[index::total]


class Totals:
    """What a set of worlds came to, by the portal's own count."""

    def __init__(self, name):
        self.name = name
        self._lock = threading.Lock()
        self.points = self.kills = self.artifacts = self.failures = 0
        self.builds = self.deliveries = self.doubles = self.losses = 0
        self.slowest = 0.0
        self.wrong = []

    def add(self, world, label, took, wrong):
        counters = world.portal.counters()
        deliveries = sum(len(folder.traces()) for folder in world.site.folders)
        failures = sum(1 for one in world.expected if one.failure)
        delivered = len(world.expected) - failures
        evidence = world.evidence() if wrong and len(self.wrong) < SHOWN else ""
        with self._lock:
            self.points += 1
            self.kills += world.kills
            self.artifacts += len(world.expected)
            self.failures += failures
            self.builds += counters["builds_queued"]
            self.deliveries += deliveries
            self.doubles += max(0, counters["builds_queued"] - delivered - world.failed_builds) + max(0, deliveries - delivered)
            self.losses += max(0, delivered - deliveries)
            self.slowest = max(self.slowest, took)
            if wrong:
                self.wrong.append("\n".join([f"{label}:", *wrong, evidence]))

    def broke(self, label, text):
        with self._lock:
            self.wrong.append(f"{label}: {text}")

    def __str__(self):
        return (f"{self.name}: {self.points} points, {self.kills} kills, {self.artifacts} artifacts ({self.failures} to fail), "
                f"{self.builds} builds queued, {self.deliveries} deliveries, {self.doubles} doubles, {self.losses} losses, "
                f"slowest recovery {self.slowest:.1f} s, {len(self.wrong)} wrong")


def play_all(name, points, make, play, by_point=False):
    """`make()` gives a world, `make(point)` with `by_point`; `play(world, point)` gives (label, seconds, what is wrong). The totals."""
    totals = Totals(name)

    def one(point):
        world = None
        try:
            world = make(point) if by_point else make()
            label, took, wrong = play(world, point)
            totals.add(world, label, took, wrong)
        except Exception:  # of whatever kind: it belongs to this point
            totals.broke(f"{point}", traceback.format_exc() + (world.evidence() if world and len(totals.wrong) < SHOWN else ""))
        finally:
            if world is not None:
                world.close()

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, points))
    print(totals, flush=True)
    return totals
