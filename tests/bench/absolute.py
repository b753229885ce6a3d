"""The rows whose goals are figures of their own, not ratios to somebody else's: which there are, and each measured."""

import json
import os
import subprocess

from tests.bench import found, loop, rename
from tests.bench.scale import main as scale
from tests.scenario.harness.programs import path_of

LOOP = "loop-"  # the rows that need a server and an artifact
NAMES = ("rename-small", "rename-large", "loop-plain", "loop-tls", "polling", "scale-awaited", "scale-finished")


def measure(name, quick, say, loop_needs=None):
    """One row. `loop_needs`: of the rows of the loop (server, ca, source, folder)."""
    say(f"{name} begins")
    load = round(os.getloadavg()[0], 2)
    title, size, measures = _ROWS[name](quick, say, loop_needs)
    return {"name": name, "title": title, "of": size, "load": load,
            "measures": {one: {"kind": kind, "value": value} for one, (kind, value) in measures.items()}}


def _rename_small(quick, say, _):
    return "From the rename into the drop folder to the portal's first request", "1 MiB", rename.small(1 << 20, 5 if quick else 100, say)


def _rename_large(quick, say, _):
    size, count = (20, 2) if quick else (200, 10)
    return ("From the rename into the drop folder to the portal's first request, and one read of the same file by a plain program",
            f"{size} MB", rename.large(size * 10**6, count, say))


def _loop(transport):
    def row(quick, say, needs):
        server, ca, source, folder = needs
        return ("The loop while two uploads in parts and two downloads run: each callback on the clock; a turn, without its waiting, is an "
                "upper bound of each callback in it", f"four transfers of {os.path.getsize(source) // 10**6} MB, {transport}",
                loop.measure(transport, server, ca, source, folder, 1 if quick else 3, say))
    return row


def _polling(quick, _say, _):
    done = subprocess.run([path_of("POLLING_TABLE"), "--goal", *(["--nights", "1"] if quick else [])], check=True, capture_output=True,
                          text=True)
    told = json.loads(done.stdout)
    busy, quiet = told["busy"][0], told["quiet"][0]
    return ("Build done to noticed, by simulated nights whose build times are lognormal: ratios to the portal's example's, of the worst kind of "
            f"night; busy ones with a polling.interval of {busy['interval']} s, quiet ones with {quiet['builds']} builds and "
            f"{quiet['interval']} s", f"{busy['builds']} builds in an hour", found.worst_nights(told))


def _scale_awaited(quick, _say, _):
    size = 100 if quick else 10_000
    return "Builds that one listing tells of", f"{size:,} awaited builds", found.only_point(scale.awaited([size], 3 if quick else 5))


def _scale_finished(quick, _say, _):
    size = 1_000 if quick else 100_000
    return "A ledger of jobs that have ended", f"{size:,} finished jobs", found.only_point(scale.finished([size], 3 if quick else 5))


_ROWS = {"rename-small": _rename_small, "rename-large": _rename_large, "loop-plain": _loop("plain"), "loop-tls": _loop("tls"),
         "polling": _polling, "scale-awaited": _scale_awaited, "scale-finished": _scale_finished}
