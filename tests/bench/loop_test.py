"""Four transfers in one process arrive whole, over plain HTTP and TLS, and the loop that carried them was measured."""

import os
import tempfile
import unittest

from tests import runner
from tests.bench import loop, servers
from tests.bench.artifact import Artifacts
from tests.bench.rounds import Failed


class LoopTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.source = Artifacts(self.folder).make(25_000_000)
        self.ca = servers.make_certificates(self.folder)
        self.server = servers.Discarding(os.path.abspath(os.environ["DISCARDING_SERVER"]), self.folder, [self.source])
        self.addCleanup(self.server.close)

    def measure(self, transport, ca):
        return loop.measure(transport, self.server, ca, self.source, self.folder, 2, lambda text: None)

    def test_callbacks_are_measured_and_a_turn_holds_them(self):
        for transport in ("plain", "tls"):
            measures = {name: value for name, (_, value) in self.measure(transport, self.ca).items()}
            # Of six parts each up, and as much down, more than one callback each.
            self.assertGreater(measures["callbacks"], 24)
            self.assertTrue(0 < measures["callback p50"] <= measures["callback p99"] <= measures["callback max"])
            self.assertGreaterEqual(measures["turn max"], measures["callback max"])

    def test_transfers_that_fail_are_no_measurement(self):
        with self.assertRaisesRegex(Failed, "loop_client: "):
            self.measure("tls", os.path.join(self.folder, "no-such-ca"))


if __name__ == "__main__":
    runner.main()
