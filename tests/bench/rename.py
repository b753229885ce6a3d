"""From the rename into a drop folder to the portal's first request about it: the daemon itself, beside the simulator."""

import os
import queue
import subprocess
import time
import urllib.parse

from tests.bench import found
from tests.bench.artifact import Artifacts
from tests.bench.rounds import Failed
from tests.bench.scale.main import portal_beside, site_of, steps_are_over
from tests.bench.scale.site import stop
from tests.bench.stamps import Stamps
from tests.scenario.harness.wait import until

# The first that is asked about an artifact.
FIRST = b"/upload_application_build "
SECONDS = 60


def small(size, count, say):
    waits, _ = _renames(size, count, False, say)
    return {**found.waits(waits), "renames": ("", count)}


def large(size, count, say):
    """Beside each rename, what one reading of that file costs a plain program."""
    waits, reads = _renames(size, count, True, say)
    return {**found.waits(waits), **found.beyond_reads(waits, reads), "renames": ("", count)}


def _renames(size, count, with_reads, say):
    """(seconds of each, [(seconds of reading, of reading and hashing)] of each)."""
    waits, reads = [], []
    with portal_beside() as portal, site_of(portal) as (site, _):
        url = urllib.parse.urlsplit(portal.url)
        stamps = Stamps((url.hostname, url.port), FIRST)
        try:
            site.settings["portal"]["url"] = url._replace(netloc="{}:{}".format(*stamps.address)).geturl()
            # As users have it, but for how often a build is asked for: only so that each job ends soon.
            site.settings["polling"] = {"interval": "100ms"}
            site.settings["log"] = {"level": "info", "format": "json"}
            site.write_config()
            files = os.path.join(site.root, "outside")
            artifacts = Artifacts(files)
            staged = [artifacts.make(size, number) for number in range(1, count + 1)]
            output = artifacts.make(1 << 20)
            daemon = site.start_and_watch()
            for number, path in enumerate(staged, 1):
                portal.give_output(output)
                # No earlier job's files, nor the simulator's, are written to the disk meanwhile.
                os.sync()
                if with_reads:
                    reads.append((_seconds_of("cat", path), _seconds_of("openssl", "dgst", "-sha256", path)))
                until(lambda: steps_are_over(daemon), "it has come to rest")
                waits.append(_first_request(site.folder, path, stamps))
                until(lambda: _delivered(site.folder) == number, f"artifact {number} is delivered", SECONDS)
                if with_reads or number % 10 == 0:
                    beside = f", one read {reads[-1][1] * 1000:.0f} ms" if with_reads else ""
                    say(f"rename of {size} bytes: {number} of {count}, {waits[-1] * 1000:.0f} ms{beside}")
            stop(daemon)
            if not stamps.none_left():
                raise Failed("an upload was asked for more than once")
        finally:
            stamps.close()
    return waits, reads


def _first_request(folder, path, stamps):
    if not stamps.none_left():
        raise Failed("a request came when nothing had been dropped")
    begun = time.monotonic()
    folder.rename_in(path, os.path.basename(path))
    try:
        return stamps.next(SECONDS) - begun
    except queue.Empty:
        raise Failed(f"no request about {path} within {SECONDS} s") from None


def _delivered(folder):
    return sum(name.endswith(".trace.json") for name in folder.delivered_names())


def _seconds_of(*command):
    begun = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun
