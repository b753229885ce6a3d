"""The base of every scenario: a simulator, a site, and their clean end."""

import atexit
import os
import shutil
import tempfile
import unittest

from tests.artifacts.make_artifacts import Workshop
from tests.scenario.harness.portal import Portal
from tests.scenario.harness.site import Site, names_of_delivery
from tests.scenario.harness.trace_schema import faults_of

_workshop = None


def workshop():
    """The process's one workshop: an artifact is made once for all tests of a file."""
    global _workshop
    if _workshop is None:
        _workshop = Workshop(tempfile.mkdtemp(prefix="tegodrop-artifacts-", dir="/tmp"))
        atexit.register(shutil.rmtree, _workshop.folder)
    return _workshop


class ScenarioCase(unittest.TestCase):
    """Gives `self.portal`, `self.site` and `self.folder`. The simulator must have seen no violation at the end."""

    maxDiff = None
    https = False
    folders = ("first",)
    # The simulator's switches; builds take no longer than a test needs.
    switches = {"build_seconds": 0.2}

    def setUp(self):
        self._portals = tempfile.mkdtemp(prefix="tegodrop-portal-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self._portals)
        self.portal = Portal(self._portals, https=self.https, **self.switches)
        self.addCleanup(self.portal.program.kill)
        self.site = Site(self.portal.url, self.portal.tenant, self.portal.token, self.folders)
        self.addCleanup(self.site.close)
        self.folder = self.site.folder
        self.artifacts = workshop()

    def tearDown(self):
        self.assertEqual([*self.site.complaints(), *self.portal.program.complaints()], [], "a sanitizer complains")
        self.assertEqual(self.portal.violations(), [], "the client broke the portal's rules")

    def stop(self, program):
        """SIGTERM ends the daemon within 5 s, cleanly."""
        code = program.stop(seconds=5)
        self.assertEqual(code, 0, program.stderr()[-2000:])

    def assert_counts(self, **expected):
        counters = self.portal.counters()
        self.assertEqual({name: counters[name] for name in expected}, expected)

    def assert_one_delivery(self, folder=None, source=None):
        """One object, one build, one whole delivery with the bytes that the portal made; returns the trace."""
        folder = folder or self.folder
        self.assert_counts(objects_received=1, builds_queued=1)
        traces = folder.traces()
        self.assertEqual(len(traces), 1, folder.delivered_names())
        name, trace = next(iter(traces.items()))
        self.assertEqual(name, trace["protected_output"] + ".trace.json")
        self.assertEqual(folder.delivered_names(), names_of_delivery(trace["protected_output"]))
        self.assertEqual(faults_of(trace), [])
        build = self.portal.state()["builds"][0]
        self.assertEqual(trace["output"]["sha256"], build["output_sha256"])
        if source is not None:
            self.assertEqual(build["source_sha256"], source)
        receipts = folder.receipts()
        self.assertEqual([one["state"] for one in receipts.values()], ["delivered"])
        return trace

    def evidence(self):
        parts = [f"exit codes: {[(one.name, one.code) for one in self.site.programs]}", self.site.evidence()]
        with open(self.portal.program.err_path, encoding="utf-8", errors="replace") as file:
            parts += ["--- portal.stderr, its last lines:", *file.read().splitlines()[-30:]]
        if self.portal.program.code is None:
            state = self.portal.state()
            parts += ["--- counters, last requests, last builds", repr(state["counters"]), repr(state["requests"][-10:]),
                      repr(state["builds"][-5:])]
        return "\n".join(parts)


def is_root():
    return os.geteuid() == 0
