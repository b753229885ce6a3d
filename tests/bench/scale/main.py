"""What the daemon costs as its work grows tenfold: awaited builds, finished jobs, entries in a folder, folders.

Run by tests/bench/scale/run. Prints a table for each curve, and at the end what grows faster than its work and which goals are missed.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile

from tests.bench.scale.curves import AWAITED_GOALS, FINISHED_GOALS, Curve, least, median
from tests.bench.scale.site import (Manager, RequestLog, Uploads, command_seconds, cpu_seconds, fill_ledger, memory, start_until_ready,
                                    steps, stop)
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.site import Site
from tests.scenario.harness.wait import until

QUIET = 0.4
MEMORY_DISK = "/dev/shm"


@contextlib.contextmanager
def portal_beside(**switches):
    folder = tempfile.mkdtemp(prefix="tegodrop-portal-", dir="/tmp")
    portal = Portal(folder, log_file=os.path.join(folder, "requests"), **switches)
    try:
        yield portal
        if portal.violations():
            raise AssertionError(f"the client broke the portal's rules: {portal.violations()[:3]}")
    finally:
        portal.program.kill()
        shutil.rmtree(folder)


@contextlib.contextmanager
def site_of(portal, folders=("first",), **of_folders):
    """With the settings that a user has, but for what `of_folders` and the caller change."""
    site = Site(portal.url, portal.tenant, portal.token, folders)
    manager = Manager(site.root)
    try:
        site.settings["log"] = {"level": "warning", "format": "json"}
        for folder in site.settings["folders"]:
            del folder["settle"]
            folder.update(of_folders)
        site.settings["polling"] = {"interval": "15s"}
        site.write_config()
        yield site, manager
    finally:
        manager.close()
        site.close()


def starts(site, manager, rounds):
    """{seconds, processor time, memory} of the daemon until it is ready."""
    waits, costs, sizes = [], [], []
    for _ in range(rounds):
        daemon, seconds, cpu = start_until_ready(site, manager)
        waits.append(seconds)
        costs.append(cpu)
        until(lambda: steps_are_over(daemon), "it has come to rest")
        sizes.append(memory(daemon.pid))
        stop(daemon)
    return {"start to READY": ("s", median(waits)), "CPU of start": ("cpu", least(costs)), "RSS": ("B", median(sizes))}


_seen = {}


def steps_are_over(daemon):
    """Whether it has used no processor time for a while: the last looks, 20 ms apart, all saw the same."""
    looks = _seen.setdefault(daemon.pid, [])
    looks.append(cpu_seconds(daemon.pid))
    return len(looks) > 20 and looks[-20] == looks[-1]


def awaited(sizes, rounds):
    curve = Curve("Awaited builds, all on one version, found by one listing", "builds", AWAITED_GOALS)
    with portal_beside(hold_builds=True, unique_start_time=True) as portal:
        uploads = Uploads(portal)
        for size in sizes:
            uploads.grow_to(size)
            curve.add(size, **await_builds(portal, uploads, size, rounds))
    return curve


def await_builds(portal, uploads, size, rounds):
    with site_of(portal) as (site, manager):
        site.settings["polling"] = {"interval": "3s"}
        site.write_config()
        fill_ledger(site.state_dir, "awaited", portal.url, portal.tenant, site.folder.path, site.folder.output,
                    lines=uploads.lines[:size])
        log = RequestLog(portal.program.out_path.replace("portal.stdout", "requests"))
        daemon, seconds, _ = start_until_ready(site, manager)
        loaded = memory(daemon.pid)
        # The first poll brings every row to its next state: as many writes as there are builds.
        until(lambda: steps_are_over(daemon), "the first poll is over", seconds=600)
        settled = cpu_seconds(daemon.pid)
        at_rest = log.counts()["list"]
        polls = []
        requests = []
        while len(polls) < rounds:
            did = steps(daemon.pid, 1, QUIET, seconds=120)
            asked = log.counts()["list"] - at_rest
            at_rest += asked
            if asked > 0:  # else it was something else that it does now and then
                requests.append(asked)
                if asked == min(requests):  # else two of them without a rest between
                    polls += did
        found = {"pages": ("", -(-size // 50)), "requests of a poll": ("", min(requests)),
                 "CPU of a poll": ("cpu", median([cpu for _, cpu in polls])), "its time": ("s", median([took for took, _ in polls])),
                 "CPU of start and news of all": ("cpu", settled), "RSS when loaded": ("B", loaded), "RSS": ("B", memory(daemon.pid)),
                 "most": ("B", memory(daemon.pid, "VmHWM")), "start to READY": ("s", seconds),
                 "status": ("s", least([command_seconds(site, "status")[0] for _ in range(3)]))}
        if any(one % min(requests) for one in requests):
            raise AssertionError(f"polls of {size} builds took {requests} requests")
        stop(daemon)
        return found


def finished(sizes, rounds):
    curve = Curve("Finished jobs in the ledger", "jobs", FINISHED_GOALS)
    source = tempfile.mkdtemp(prefix="tegodrop-ledger-", dir=MEMORY_DISK if os.path.isdir(MEMORY_DISK) else "/tmp")
    try:
        with portal_beside() as portal:
            there = 0
            for size in sizes:
                fill_ledger(source, "finished", there + 1, size)
                there = size
                with site_of(portal) as (site, manager):
                    shutil.copy(os.path.join(source, "ledger.sqlite"), site.state_dir)
                    ledger = os.path.getsize(os.path.join(site.state_dir, "ledger.sqlite"))
                    stop(start_until_ready(site, manager)[0])  # the folder is new to it, and its pages are read once
                    found = starts(site, manager, rounds)
                    daemon, _, _ = start_until_ready(site, manager)
                    for command in (("status",), ("status", "--json")):
                        looks = [command_seconds(site, *command) for _ in range(rounds)]
                        found[" ".join(command)] = ("s", median([one[0] for one in looks]))
                    found["CPU of it"] = ("cpu", least([one[1] for one in looks]))
                    found["its RSS"] = ("B", looks[0][2])
                    found["ledger"] = ("B", ledger)
                    stop(daemon)
                    curve.add(size, **found)
    finally:
        shutil.rmtree(source)
    return curve


def entries(sizes, rounds):
    curve = Curve("Entries in a polled drop folder, a hundred of them artifacts", "entries", {})
    with portal_beside() as portal:
        for size in sizes:
            with site_of(portal, watch="poll", poll_interval="1s", existing="ignore") as (site, manager):
                for number in range(size):
                    name = f"app-{number}.apk" if number < 100 else f"nightly-build-output-{number:06}.log"
                    with open(os.path.join(site.folder.path, name), "wb") as file:
                        file.write(b"bits")
                stop(start_until_ready(site, manager)[0])
                found = starts(site, manager, rounds)
                daemon, _, _ = start_until_ready(site, manager)
                scans = steps(daemon.pid, 2 * rounds, 0.2, seconds=120)
                found["scan"] = ("s", median([took for took, _ in scans]))
                found["CPU of a scan"] = ("cpu", median([cpu for _, cpu in scans]))
                stop(daemon)
                curve.add(size, **found)
    return curve


def folders(sizes, rounds, idle=10):
    curve = Curve("Drop folders, each with its output folder, watched by the kernel's events", "folders", {})
    with portal_beside() as portal:
        for size in sizes:
            with site_of(portal, folders=[f"folder-{number:02}" for number in range(size)]) as (site, manager):
                stop(start_until_ready(site, manager)[0])
                found = starts(site, manager, rounds)
                daemon, _, _ = start_until_ready(site, manager)
                until(lambda: steps_are_over(daemon), "it has come to rest")
                before = cpu_seconds(daemon.pid)
                until(lambda begun=until_now(): until_now() - begun >= idle, "the time to measure", seconds=idle + 5, every=0.5)
                found[f"CPU of {idle} s idle"] = ("cpu", cpu_seconds(daemon.pid) - before)
                with os.scandir(f"/proc/{daemon.pid}/task") as tasks:
                    found["threads"] = ("", sum(1 for _ in tasks))
                stop(daemon)
                curve.add(size, **found)
    return curve


def until_now():
    return os.times().elapsed


CURVES = {
    "awaited": (awaited, [1, 10, 100, 1_000, 10_000]),
    "finished": (finished, [1, 10, 100, 1_000, 10_000, 100_000]),
    "entries": (entries, [100, 1_000, 10_000, 100_000]),
    "folders": (folders, [1, 5, 50]),
}


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/scale", description=__doc__)
    parser.add_argument("curve", nargs="*", metavar="CURVE", help=f"of {', '.join(CURVES)}; all unless named")
    parser.add_argument("--most", type=int, default=None, help="no size above this")
    parser.add_argument("--rounds", type=int, default=5, help="how often each start, poll, scan and command is measured")
    # tests/bench/scale opens its --json FILE itself, as the user who called it.
    parser.add_argument("--json-fd", type=int, default=None, metavar="N", help="an open file for the curves as JSON")
    arguments = parser.parse_args()
    unknown = [one for one in arguments.curve if one not in CURVES]
    if unknown:
        parser.error(f"no curve {', '.join(unknown)}; there are {', '.join(CURVES)}")
    curves = []
    for name in arguments.curve or CURVES:
        measure, sizes = CURVES[name]
        curve = measure([size for size in sizes if arguments.most is None or size <= arguments.most], arguments.rounds)
        curves.append(curve)
        print(*curve.table(), "", sep="\n", flush=True)
    if arguments.json_fd is not None:
        out = {"schema": "tegodrop-scale/1", "machine": {"cores": os.cpu_count(), "kernel": platform.release()},
               "curves": [curve.document() for curve in curves]}
        with os.fdopen(arguments.json_fd, "w", encoding="utf-8") as file:
            json.dump(out, file, indent=1)
            file.write("\n")
    steep = [f"{curve.name}: {measure} grows as n^{exponent:.2f}" for curve in curves for measure, exponent in curve.too_steep().items()]
    missed = [f"{curve.name}: {measure} is {value:g}, the goal is {most:g}" for curve in curves for measure, value, most in curve.missed()]
    print(*(steep + missed or ["Nothing grows faster than its work, and every goal is met."]), sep="\n")
    sys.exit(1 if steep or missed else 0)


if __name__ == "__main__":
    main()
