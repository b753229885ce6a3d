"""Every trouble of a connection at every step of the main job: one build and one delivery of each artifact all the same.

Part of tests/night: each waits for its retries in real time.
"""

import re

from tests import runner
from tests.scenario.harness.two_artifacts import TwoArtifactsCase

API = ("upload_request", "complete", "abort", "list", "download_request")
SENT = ("put", "part")
ALL = (*API, *SENT, "get")

# (what, where, action)
TROUBLES = [
    *(("busy", where, {"status": 503, "headers": {"Retry-After": "1"}}) for where in ALL),
    *(("internal error", where, {"status": 500, "body": "<html>sorry</html>"}) for where in ALL),
    *(("closed at once", where, {"close_after_bytes": 0}) for where in ALL),
    *(("reset in its request", where, {"close_after_bytes": 1000, "of": "request", "reset": True}) for where in SENT),
    *(("closed in its answer", where, {"close_after_bytes": 5, "of": "answer"}) for where in (*API, "get")),
    *(("reset in its answer", where, {"close_after_bytes": 5, "of": "answer", "reset": True}) for where in (*API, "get")),
    *(("answer lost", where, {"lost_answer": True}) for where in ALL),
    *(("answer lost by a reset", where, {"lost_answer": True, "reset": True}) for where in ALL),
    *(("garbage", where, {"garbage": "SSH-2.0-OpenSSH_9.2\r\n"}) for where in ALL),
    *(("an answer that is damaged", where, {"corrupt_at": 0}) for where in API),
    *(("an answer that is cut and says so", where, {"short_by": 3}) for where in (*API, "get")),
    *(("an answer that is too long", where, {"longer_by": 3}) for where in (*API, "get")),
    *(("early refusal of the URL", where, {"status": 403, "early": True}) for where in SENT),
    ("Expect is ignored", "put", {"ignore_expect": True}),
    *(("slow", where, {"drip": 400_000}) for where in (*SENT, "get")),
    *(("stall", where, {"stall": True, "after_bytes": 100_000}) for where in (*SENT, "get")),
    ("an output with another byte", "get", {"corrupt_at": 100}),
]


class FaultsTest(TwoArtifactsCase):
    def play(self, what, where, action):
        if where == "abort":
            self.portal.fault("part", {"status": 403})
        self.portal.fault(where, action)
        self.start_with_both()
        self.expect_both_delivered(seconds=150)
        self.say(f"{where}: {what}", "delivered")
        self.assertEqual(self.portal.state()["faults_left"], 0, "the trouble has happened")


def _add_rows():
    for number, (what, where, action) in enumerate(TROUBLES):
        def test(self, row=(what, where, action)):
            self.play(*row)

        words = re.sub(r"\W+", "_", f"{where}_{what}").lower()
        setattr(FaultsTest, f"test_{number:03}_{words}", test)


_add_rows()

if __name__ == "__main__":
    runner.main()
