"""Two artifacts, one that goes up in one piece and one that goes up in parts, through whatever the portal is set to do."""

import re

from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

THRESHOLD = 512 << 10
CHUNK = 256 << 10
NAMES = ("single.apk", "parts.apk")


class TwoArtifactsCase(ScenarioCase):
    switches = {"build_seconds": 0.1, "multipart_threshold": THRESHOLD, "chunk_size": CHUNK}

    def start_with_both(self, **of_folder):
        self.site.settings["polling"].update(confirm_after="1s")
        # One after the other: the second one meets what the first one has used up.
        self.site.settings["limits"] = {"concurrent_uploads": 1}
        self.site.configure(**of_folder)
        self.sources = dict(zip(NAMES, (self.artifacts.apk(size=THRESHOLD // 2), self.artifacts.apk(size=THRESHOLD * 2))))
        self.daemon = self.site.start()
        for name, source in self.sources.items():
            self.folder.drop(source, name)

    def expect_both_delivered(self, signed=False, seconds=30):
        traces = {one["file_name"]: one for one in self.folder.wait_for_trace(2, seconds)}
        self.assertEqual(set(traces), set(NAMES))
        self.assert_counts(objects_received=2, builds_queued=2)
        outputs = {one["output_sha256"] for one in self.portal.state()["builds"]}
        for name, trace in traces.items():
            self.assertEqual(trace["source"]["sha256"], sha256_of(self.sources[name]))
            self.assertIn(trace["output"]["sha256"], outputs)
            self.assertEqual(bool(trace["build"]["signed"]), signed)
        self.folder.wait_for_receipt(2)
        self.assertEqual(self.folder.failures(), {})

    def expect_both_failed(self, kind, words):
        self.folder.wait_for_receipt(2, seconds=60)
        for failed in self.folder.failures().values():
            self.assertEqual(failed["failure"]["kind"], kind, failed["failure"])
            self.assertTrue(re.search(words, failed["failure"]["message"], re.IGNORECASE), failed["failure"])
            self.assertTrue(failed["failure"]["remedy"])
        self.assertEqual(len(self.folder.failures()), 2)
        self.assertEqual(self.folder.traces(), {})
        until(lambda: self.folder.room_names("failed") and not self.folder.room_names("claimed"), "both are in failed/")

    def say(self, what, outcome):
        """A line of the table that the file's log holds at the end."""
        counters = self.portal.counters()
        print(f"{what} | {outcome} | objects {counters['objects_received']}, builds {counters['builds_queued']} ", end="")
