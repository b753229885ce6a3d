"""What cannot be protected goes to failed/ with the reason beside it, and nothing of it reaches the portal."""

import json
import os
import shutil

from tests import runner
from tests.scenario.harness.case import ScenarioCase, is_root
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.trace_schema import faults_of
from tests.scenario.harness.wait import until

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class RefusalCase(ScenarioCase):
    def assert_refused(self, kinds, source, name, failed_names=None):
        """One failed job of one of `kinds`, told in all four places; returns the failure record."""
        record_name, record = self.folder.wait_for_failure()
        receipt = self.folder.wait_for_receipt()
        job = record["job"]
        self.assertIn(record["failure"]["kind"], kinds, record["failure"])
        self.assertEqual(record_name, f"{name}.{job}.failed.json")
        self.assertEqual(faults_of(record), [])
        self.assertEqual((record["schema"], record["file_name"], record["protected_output"]), ("tegodrop-trace/1", name, None))
        self.assertEqual(record["folder"], self.folder.name)
        self.assertLessEqual({"kind", "message", "remedy", "status_message", "error_message", "signing_error_message"},
                             set(record["failure"]))
        self.assertTrue(record["failure"]["message"])
        self.assertTrue(record["failure"]["remedy"])
        self.assertEqual((receipt["state"], receipt["job"], receipt["trace"]), ("failed", job, None))
        self.assertEqual(receipt["failure"]["kind"], record["failure"]["kind"])
        self.check_failed_room(source, name, record, failed_names)
        jobs = self.site.jobs()
        self.assertEqual([(one["id"], one["state"]) for one in jobs], [(job, "failed")])
        self.assertIn(record["failure"]["kind"], json.dumps(jobs[0]["failure"]))
        self.assertEqual(self.folder.traces(), {})
        self.assertEqual(self.folder.waiting_names(), [])
        self.assertEqual(self.folder.room_names("claimed"), [])
        return record

    def check_failed_room(self, source, name, record, failed_names):
        names = self.folder.room_names("failed")
        self.assertEqual(names, sorted(failed_names or [name, name + ".reason.json"]))
        kept = self.folder.room("failed", name)
        self.assertEqual(sha256_of(kept), source if isinstance(source, str) and len(source) == 64 else sha256_of(source))
        with open(kept + ".reason.json", encoding="utf-8") as file:
            reason = json.load(file)
        self.assertEqual(reason["failure"]["kind"], record["failure"]["kind"])
        self.assertEqual(reason["job"], record["job"])

    def assert_portal_untouched(self):
        self.assert_counts(upload_requests=0, puts_started=0, builds_queued=0)

    def scratch(self, name, content):
        path = os.path.join(self.site.root, "outside", name)
        with open(path, "wb") as file:
            file.write(content)
        return path


class ArchiveTest(RefusalCase):
    def test_a_truncated_apk_that_was_renamed_in_is_incomplete(self):
        with open(self.artifacts.apk(size=200_000), "rb") as file:
            source = self.scratch("short.apk", file.read()[:100_000])
        daemon = self.site.start_and_watch()
        self.folder.drop(source, "app.apk")
        self.assert_refused({"incomplete"}, source, "app.apk")
        self.assert_portal_untouched()
        self.stop(daemon)

    def test_text_that_calls_itself_an_ipa_is_refused(self):
        source = self.scratch("text.ipa", b"This is no ZIP.")
        daemon = self.site.start_and_watch()
        self.folder.drop(source, "app.ipa")
        self.assert_refused({"incomplete", "not_an_artifact"}, source, "app.ipa")
        self.assert_portal_untouched()
        self.stop(daemon)

    def test_an_ipa_that_calls_itself_an_apk_is_no_artifact(self):
        source = self.artifacts.ipa()
        daemon = self.site.start_and_watch()
        self.folder.drop(source, "app.apk")
        self.assert_refused({"not_an_artifact"}, source, "app.apk")
        self.assert_portal_untouched()
        self.stop(daemon)

    def test_an_apk_that_calls_itself_an_aab_is_no_artifact(self):
        source = self.artifacts.apk()
        daemon = self.site.start_and_watch()
        self.folder.drop(source, "app.aab")
        self.assert_refused({"not_an_artifact"}, source, "app.aab")
        self.assert_portal_untouched()
        self.stop(daemon)

    def test_an_unfinished_copy_is_refused_after_refuse_after(self):
        self.site.configure(refuse_after="1s")
        source = self.scratch("short.apk", b"PK\3\4 the beginning of an archive")
        daemon = self.site.start_and_watch()
        shutil.copyfile(source, os.path.join(self.folder.path, "app.apk"))
        self.assert_refused({"incomplete"}, source, "app.apk")
        self.assert_portal_untouched()
        self.stop(daemon)

    def test_a_refused_artifact_holds_up_no_other(self):
        source = self.scratch("text.apk", b"no ZIP")
        daemon = self.site.start_and_watch()
        self.folder.drop(source, "bad.apk")
        self.folder.drop(self.artifacts.apk(), "good.apk")
        self.folder.wait_for_failure()
        self.assertEqual(self.folder.wait_for_trace()["file_name"], "good.apk")
        self.stop(daemon)


class SidecarTest(RefusalCase):
    def refuse(self, kinds, name="app.apk", **sidecars):
        source = self.artifacts.apk()
        daemon = self.site.start()
        self.folder.drop(source, name, **sidecars)
        companions = [f"{name}.{kind}" for kind in sidecars]
        record = self.assert_refused(kinds, source, name, [name, name + ".reason.json", *companions])
        self.assert_portal_untouched()
        self.stop(daemon)
        return record

    def test_a_sidecar_that_is_no_json(self):
        self.refuse({"bad_sidecar"}, json='{"commit_sha": ')

    def test_a_commit_that_is_no_sha(self):
        self.refuse({"bad_sidecar"}, commit="v1.0\n")

    def test_a_key_of_a_wrong_type(self):
        self.refuse({"bad_sidecar"}, json={"repository": 7})

    def test_a_signing_key_that_the_folder_does_not_allow(self):
        record = self.refuse({"bad_sidecar"}, json={"signing_key_id": "key-uuid-1234"})
        self.assertIn("key-uuid-1234", record["failure"]["message"])

    def test_a_sha256_of_other_bytes(self):
        record = self.refuse({"checksum"}, sha256=f"{'0' * 64}  app.apk\n", commit="a" * 40)
        self.assertEqual((record["commit_sha"], record["commit"]["candidates"]), (None, []))

    def test_a_sha256_of_other_bytes_in_the_json_sidecar(self):
        record = self.refuse({"checksum"}, json={"sha256": "1" * 64, "commit_sha": COMMIT})
        # Bound to other bytes, so it says nothing about these.
        self.assertIn(record["commit_sha"], (None, COMMIT))

    def test_a_submit_id_names_the_receipt_of_a_refusal_too(self):
        self.refuse({"checksum"}, json={"sha256": "1" * 64, "submit_id": "ci-42"})
        self.assertEqual(list(self.folder.receipts()), ["ci-42.json"])

    def test_a_submit_id_names_the_receipt_of_a_file_that_cannot_be_read_too(self):
        if is_root():
            return  # who may read everything
        self.site.configure(refuse_after="1s")
        staged = self.scratch("incoming", b"secret")
        os.chmod(staged, 0)
        daemon = self.site.start_and_watch()
        self.folder.put("app.apk.json", '{"submit_id": "ci-43"}')
        self.folder.rename_in(staged, "app.apk")
        # It is looked at again after half a minute.
        receipt = self.folder.wait_for_receipt(seconds=60)
        self.assertEqual((receipt["state"], receipt["failure"]["kind"]), ("failed", "unreadable"))
        self.assertEqual(list(self.folder.receipts()), ["ci-43.json"])
        self.assertEqual(self.folder.room_names("failed"), ["app.apk", "app.apk.json", "app.apk.reason.json"])
        self.stop(daemon)


class NameTest(RefusalCase):
    def test_a_name_that_is_not_utf_8_is_a_bad_name(self):
        source = self.artifacts.apk()
        staged = os.path.join(self.site.root, "outside", "incoming")
        shutil.copyfile(source, staged)
        daemon = self.site.start()
        self.folder.rename_in(staged, b"caf\xe9.apk")
        record_name, record = self.folder.wait_for_failure()
        self.assertEqual(record["failure"]["kind"], "bad_name")
        self.assertEqual(record_name, f"caf_.apk.{record['job']}.failed.json")
        self.assertEqual(self.folder.wait_for_receipt()["state"], "failed")
        kept = [name for name in os.listdir(os.fsencode(self.folder.room("failed"))) if not name.endswith(b".json")]
        self.assertEqual(len(kept), 1)
        self.assertEqual(sha256_of(os.path.join(os.fsencode(self.folder.room("failed")), kept[0])), sha256_of(source))
        self.assertEqual(self.folder.waiting_names(), [])
        self.assert_portal_untouched()
        self.stop(daemon)

    def test_an_umlaut_is_no_bad_name(self):
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "Bücher.apk")
        trace = self.folder.wait_for_trace()
        self.assertEqual(trace["protected_output"], f"Bücher-protected-{trace['start_time']}.apk")
        self.stop(daemon)

    def test_the_same_name_fails_twice_and_both_are_kept(self):
        source = self.artifacts.ipa()
        daemon = self.site.start()
        self.folder.drop(source, "app.apk")
        self.folder.wait_for_receipt()
        self.folder.drop(source, "app.apk")
        self.folder.wait_for_receipt(2)
        jobs = [receipt["job"] for receipt in self.folder.receipts().values()]
        names = self.folder.room_names("failed")
        second = next(job for job in jobs if f"app-{job}.apk" in names)
        self.assertEqual(names, sorted(["app.apk", "app.apk.reason.json", f"app-{second}.apk", f"app-{second}.apk.reason.json"]))
        self.assertEqual(len(self.folder.failures()), 2)
        self.stop(daemon)


class GateTest(RefusalCase):
    """The portal's own refusals, and builds that do not pass the release gates."""

    def fail_as(self, *kinds, **of_folder):
        source = self.artifacts.apk()
        self.site.configure(**of_folder)
        daemon = self.site.start()
        self.folder.drop(source, "app.apk")
        record = self.assert_refused(kinds, source, "app.apk")
        self.stop(daemon)
        return record

    def test_an_upload_that_the_portal_refuses(self):
        self.portal.set(controls_enabled=False)
        record = self.fail_as("portal_refused")
        self.assertIn("No protection control is enabled", json.dumps(record["failure"]))
        self.assert_counts(puts_started=0)

    def test_a_build_that_fails(self):
        self.portal.set(fail_build="Unsupported native library")
        record = self.fail_as("build_failed")
        self.assertEqual(record["failure"]["error_message"], "Unsupported native library")
        self.assertEqual(record["build"]["error_message"], "Unsupported native library")
        self.assertIs(type(record["start_time"]), int)
        self.assert_counts(objects_received=1, builds_queued=1)

    def test_a_build_that_is_not_signed_where_a_signature_is_required(self):
        self.portal.set(build_result="success_but_signing_error")
        record = self.fail_as("not_signed", require_signed=True)
        self.assertTrue(record["failure"]["signing_error_message"])

    def test_a_signing_that_fails_is_final(self):
        self.portal.set(build_result="signing_failed")
        record = self.fail_as("build_failed", "not_signed")
        self.assertTrue(record["failure"]["signing_error_message"])

    def test_an_output_that_is_the_source_is_not_delivered(self):
        self.portal.set(build_result="unchanged")
        record = self.fail_as("validation_failed")
        self.assertEqual(record["validation"]["result"], "fail")

    def test_an_output_whose_end_is_missing_is_not_delivered(self):
        self.portal.set(build_result="damaged")
        record = self.fail_as("validation_failed")
        self.assertIn("fail", [check["result"] for check in record["validation"]["checks"]])


class WaitingTest(RefusalCase):
    """What is no failure: the daemon waits, and says so."""

    def test_a_portal_that_answers_503_is_waited_for(self):
        self.portal.fault("upload_request", {"status": 503}, times=2)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("portal")
        self.folder.wait_for_receipt()
        self.assert_one_delivery()
        self.stop(daemon)

    def test_a_portal_that_has_gone_is_waited_for(self):
        self.portal.set(portal_down=True)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("portal")
        self.assertIsNone(daemon.code)
        self.portal.set(portal_down=False)
        self.folder.wait_for_receipt(seconds=60)
        self.assert_one_delivery()
        self.stop(daemon)

    def test_the_limit_of_concurrent_builds_is_waited_for(self):
        self.portal.set(hold_builds=True, concurrent_builds=1)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "first.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 1, "the first is at the portal")
        self.folder.drop(self.artifacts.apk(version_code=2), "second.apk")
        until(lambda: [one for one in self.site.jobs() if one["file_name"] == "second.apk" and one["waiting_for"]],
              "the second one's wait is told")
        self.assertEqual(self.folder.failures(), {})
        self.portal.set(hold_builds=False)
        self.folder.wait_for_receipt(2, seconds=90)
        self.assert_counts(objects_received=2, builds_queued=2)
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
