"""A redelivery that does not come to its end takes nothing from the delivery before it."""

from tests import runner
from tests.scenario.harness.wait import until
from tests.scenario.operator_test import OperatorCase


class UnfinishedRedeliveryTest(OperatorCase):
    def test_one_that_is_given_up_leaves_what_was_delivered_with_its_receipt(self):
        self.start()
        self.drop()
        self.folder.wait_for_receipt()
        until(lambda: self.job()["state"] == "delivered", "delivered")
        job = self.job()["id"]
        before = self.folder.receipts()
        self.portal.fault("get", {"stall": True})
        self.say("redeliver", job)
        until(lambda: self.job()["state"] == "built", "it is fetched again")
        self.say("cancel", job)
        until(lambda: self.job()["state"] == "cancelled", "it is given up")
        until(lambda: "redelivery has ended" in self.show(job)["timeline"][-1]["note"], "to its end")
        self.assertEqual(self.folder.receipts(), before)
        self.assertEqual([name for name in self.folder.delivered_names() if name.endswith(".failed.json")], [])
        self.assertIn("what was delivered before stands", self.job()["failure"]["message"])
        self.assertNotIn(".failed.json", self.site.run("report", "--json").stdout)
        self.portal.fault("get", {"stall": True})
        self.say("redeliver", job)
        until(lambda: self.job()["state"] == "built", "it is fetched once more")
        self.assertEqual(self.folder.receipts(), before)
        self.say("cancel", job)
        until(lambda: self.job()["state"] == "cancelled", "it is given up again")
        until(lambda: "redelivery has ended" in self.show(job)["timeline"][-1]["note"], "to its end again")
        self.assertEqual(self.folder.receipts(), before)
        self.say("redeliver", job)
        until(lambda: self.job()["state"] == "delivered", "delivered again")
        self.assertEqual(len(self.folder.traces()), 2)
        self.assert_counts(builds_queued=1)
        self.end()


if __name__ == "__main__":
    runner.main()
