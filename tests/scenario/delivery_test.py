"""A dropped artifact comes back protected, with its trace."""

import copy
import grp
import json
import os
import re
import socket
import stat
import subprocess

from tests import runner
from tests.artifacts.make_artifacts import PACKAGE
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.trace_schema import faults_of, validator
from tests.scenario.harness.wait import until

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TRACE_KEYS = {
    "schema", "version", "platform", "file_name", "file_path", "start_time", "protected_output", "commit_sha", "commit",
    "tenant", "portal_url", "folder", "source", "output", "sidecar", "build", "validation", "times", "job", "host", "tool",
}
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class DeliveryCase(ScenarioCase):
    def check_trace(self, trace, source, platform, name):
        """Every key of a trace without sidecars, apart from those that a caller checks itself."""
        self.assertEqual(set(trace), TRACE_KEYS)
        self.assertEqual(faults_of(trace), [])
        self.assertEqual(trace["schema"], "tegodrop-trace/1")
        self.assertEqual((trace["version"], trace["platform"], trace["file_name"]), ("production", platform, name))
        self.assertIs(type(trace["start_time"]), int)
        stored = self.portal.state()["objects"]
        self.assertIn(trace["file_path"], [one["key"] for one in stored])
        self.assertTrue(trace["file_path"].endswith(f"/{trace['start_time']}/{name}"), trace["file_path"])
        self.assertEqual(trace["tenant"], self.portal.tenant)
        self.assertEqual(trace["portal_url"], self.portal.url)
        self.assertEqual(trace["folder"], self.folder.name)
        self.assertEqual(trace["host"], socket.gethostname())
        version = self.site.run("--version", config=False).stdout
        self.assertEqual(trace["tool"]["name"], "tegodrop")
        self.assertIn(trace["tool"]["version"], version)
        self.assertTrue(trace["job"])
        self.check_sizes(trace, source)
        self.check_build(trace)
        self.check_validation(trace["validation"])
        self.check_times(trace["times"])

    def check_sizes(self, trace, source):
        self.assertEqual(set(trace["source"]), {"size", "sha256", "package", "version_name", "version_code"})
        self.assertEqual((trace["source"]["size"], trace["source"]["sha256"]), (os.path.getsize(source), sha256_of(source)))
        protected = os.path.join(self.folder.output, trace["protected_output"])
        self.assertEqual(set(trace["output"]), {"size", "sha256", "package", "version_name", "version_code", "signature_schemes"})
        self.assertEqual((trace["output"]["size"], trace["output"]["sha256"]), (os.path.getsize(protected), sha256_of(protected)))
        for part in (trace["source"], trace["output"]):
            self.assertEqual((part["package"], part["version_name"], part["version_code"]), (PACKAGE, "1.0", "1"))

    def check_build(self, trace):
        rows = [row for row in self.portal.history() if row["start_time"] == trace["start_time"] and row["name"] == trace["file_name"]]
        self.assertEqual(len(rows), 1)
        keys = ("end_time", "name", "signed", "signing_key_id", "signing_key_name", "status_message", "error_message",
                "signing_error_message")
        self.assertEqual(trace["build"], {key: rows[0][key] for key in keys})

    def check_validation(self, validation):
        self.assertEqual(set(validation), {"result", "checks"})
        self.assertIn(validation["result"], ("pass", "warn"))
        self.assertTrue(validation["checks"])
        for check in validation["checks"]:
            self.assertEqual(set(check), {"id", "result", "detail"})
            self.assertIn(check["result"], ("pass", "warn", "skipped"), check)

    def check_times(self, times):
        self.assertEqual(list(sorted(times)), sorted(("detected", "submitted", "completed", "delivered")))
        for name, value in times.items():
            self.assertRegex(value, RFC_3339_UTC, name)
        ordered = [times[name] for name in ("detected", "submitted", "completed", "delivered")]
        self.assertEqual(ordered, sorted(ordered))

    def check_companions(self, trace):
        """The checksum file verifies; modes and group are the folder's."""
        protected = trace["protected_output"]
        checked = subprocess.run(["sha256sum", "--strict", "-c", protected + ".sha256"], cwd=self.folder.output,
                                 capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        for name in self.folder.delivered_names():
            about = os.stat(os.path.join(self.folder.output, name))
            self.assertEqual(stat.S_IMODE(about.st_mode), 0o640, name)
            self.assertEqual(about.st_gid, os.stat(self.folder.output).st_gid, name)

    def check_receipt(self, trace, trace_name, name="{job}.json"):
        receipts = self.folder.receipts()
        self.assertEqual(list(receipts), [name.format(job=trace["job"])])
        receipt = next(iter(receipts.values()))
        self.assertEqual(set(receipt), {"schema", "state", "job", "file_name", "sha256", "trace", "failure"})
        self.assertTrue(receipt["schema"].startswith("tegodrop-receipt/"), receipt["schema"])
        self.assertEqual((receipt["state"], receipt["job"], receipt["file_name"]), ("delivered", trace["job"], trace["file_name"]))
        self.assertEqual(receipt["sha256"], trace["source"]["sha256"])
        self.assertEqual(os.path.basename(receipt["trace"]), trace_name)
        self.assertIsNone(receipt["failure"])


class ArtifactTest(DeliveryCase):
    """Each kind, from the drop to the receipt."""

    def deliver(self, source, platform, name):
        daemon = self.site.start()
        self.folder.drop(source, name)
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery(source=sha256_of(source))
        self.check_trace(trace, source, platform, name)
        stem, ending = os.path.splitext(name)
        self.assertEqual(trace["protected_output"], f"{stem}-protected-{trace['start_time']}{ending}")
        self.assertEqual(trace["commit"], {"origin": None, "conflict": False, "candidates": []})
        self.assertIsNone(trace["commit_sha"])
        self.assertIsNone(trace["sidecar"])
        self.check_companions(trace)
        self.check_receipt(trace, trace["protected_output"] + ".trace.json")
        self.assertEqual(self.folder.waiting_names(), [])
        self.assertEqual(self.folder.room_names("processed"), [name])
        self.assertEqual(sha256_of(self.folder.room("processed", name)), sha256_of(source))
        self.assertEqual(self.folder.room_names("claimed"), [])
        self.stop(daemon)
        return trace

    def test_an_apk_is_delivered(self):
        self.deliver(self.artifacts.apk(), "android", "app-release.apk")

    def test_an_aab_is_delivered(self):
        self.deliver(self.artifacts.aab(), "android", "app-release.aab")

    def test_an_ipa_is_delivered(self):
        self.deliver(self.artifacts.ipa(), "ios", "Demo.ipa")

    def test_the_ending_may_be_in_any_case_and_the_name_may_have_spaces(self):
        self.deliver(self.artifacts.apk(), "android", "My App (1).APK")

    def test_an_artifact_of_three_megabytes_arrives_byte_for_byte(self):
        self.deliver(self.artifacts.apk(size=3 << 20), "android", "large.apk")


class SidecarTest(DeliveryCase):
    def test_the_json_sidecar_is_in_the_trace_and_its_submit_id_names_the_receipt(self):
        source = self.artifacts.apk()
        said = {"commit_sha": COMMIT, "repository": "https://git.example/app", "ref": "refs/tags/v1.0",
                "build_url": "https://ci.example/7", "labels": {"team": "mobile", "kind": "nightly"},
                "sha256": sha256_of(source), "submit_id": "3f6d2a10-ci-7"}
        daemon = self.site.start()
        self.folder.drop(source, "app.apk", json=said)
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery()
        self.check_trace(trace, source, "android", "app.apk")
        self.assertEqual(trace["commit_sha"], COMMIT)
        self.assertEqual(trace["commit"], {"origin": "sidecar", "conflict": False,
                                           "candidates": [{"origin": "sidecar", "sha": COMMIT}]})
        self.assertEqual(trace["sidecar"], {key: said[key] for key in ("repository", "ref", "build_url", "labels")})
        self.check_receipt(trace, trace["protected_output"] + ".trace.json", name="3f6d2a10-ci-7.json")
        self.assertEqual(self.folder.room_names("processed"), ["app.apk", "app.apk.json"])
        self.assertEqual(self.folder.waiting_names(), [])
        self.stop(daemon)

    def test_commit_and_sha256_sidecars_as_windows_and_sha256sum_write_them(self):
        source = self.artifacts.aab()
        daemon = self.site.start()
        self.folder.put("app.aab.commit", ("\ufeff" + COMMIT.upper() + "\r\n").encode("utf-16-le"))
        self.folder.drop(source, "app.aab", sha256=f"{sha256_of(source).upper()} *build/outputs/app.aab\r\n")
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery()
        self.assertEqual((trace["commit_sha"], trace["commit"]["origin"]), (COMMIT, "sidecar"))
        self.assertIsNone(trace["sidecar"])
        self.assertEqual(self.folder.room_names("processed"), ["app.aab", "app.aab.commit", "app.aab.sha256"])
        self.stop(daemon)

    def test_sidecars_that_disagree_on_the_commit_are_flagged(self):
        other = "f" * 40
        daemon = self.site.start()
        self.folder.drop(self.artifacts.ipa(), "app.ipa", commit=COMMIT + "\n", json={"commit_sha": other})
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery()
        self.assertTrue(trace["commit"]["conflict"])
        self.assertEqual({one["sha"] for one in trace["commit"]["candidates"]}, {COMMIT, other})
        self.assertEqual(trace["commit_sha"], trace["commit"]["candidates"][0]["sha"])
        self.stop(daemon)

    def test_a_sidecar_may_ask_for_an_allowed_key(self):
        self.site.configure(allow_keys=["key-uuid-1234"])
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk", json={"signing_key_id": "key-uuid-1234"})
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery()
        self.assertEqual(trace["build"]["signing_key_id"], "key-uuid-1234")
        self.assertTrue(trace["build"]["signed"])
        # Null where schemes are not read; never "none found" on a signed output.
        self.assertNotEqual(trace["output"]["signature_schemes"], [])
        self.stop(daemon)


class ManyTest(DeliveryCase):
    folders = ("first", "second")

    def test_the_same_name_again_is_a_new_build_also_while_the_first_is_in_flight(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 1, "the first is at the portal")
        self.folder.drop(self.artifacts.apk(version_code=2), "app.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 2, "the second is at the portal")
        self.portal.set(hold_builds=False)
        self.folder.wait_for_receipt(2)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt(3)
        traces = self.folder.wait_for_trace(3)
        self.assert_counts(objects_received=3, builds_queued=3)
        self.assertEqual(len({trace["protected_output"].lower() for trace in traces}), 3)
        self.assertEqual(len({(trace["start_time"], trace["file_name"]) for trace in traces}), 3)
        names = self.folder.room_names("processed")
        self.assertEqual(len(names), 3)
        self.assertIn("app.apk", names)
        self.stop(daemon)

    def test_what_is_no_artifact_is_passed_over_and_left_where_it_is(self):
        names = [".hidden.apk", "~lock.apk", "app.apk.part", "app.ipa.crdownload", "app.aab.tmp", "notes.txt",
                 "app.apk.filepart", "app.apk.partial"]
        for name in names:
            self.folder.put(name, "not for us")
        os.mkdir(os.path.join(self.folder.path, "folder.apk"))
        os.mkfifo(os.path.join(self.folder.path, "fifo.apk"))
        os.symlink(self.artifacts.apk(), os.path.join(self.folder.path, "link.apk"))
        before = self.folder.waiting_names()
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assert_one_delivery()
        self.assertEqual(self.folder.waiting_names(), before)
        self.stop(daemon)

    def test_two_folders_deliver_each_into_its_own_output(self):
        first, second = self.site.folders
        self.site.settings["folders"][1].update(version="staging", output_mode="0600", output_name="{stem}-{version}{ext}")
        self.site.write_config()
        daemon = self.site.start()
        first.drop(self.artifacts.apk(), "app.apk")
        second.drop(self.artifacts.ipa(), "app.ipa")
        first.wait_for_receipt()
        second.wait_for_receipt()
        self.assertEqual(first.wait_for_trace()["version"], "production")
        trace = second.wait_for_trace()
        self.assertEqual((trace["version"], trace["folder"], trace["protected_output"]), ("staging", "second", "app-staging.ipa"))
        mode = os.stat(os.path.join(second.output, "app-staging.ipa")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.stop(daemon)

    def test_a_taken_name_in_the_output_folder_is_left_alone(self):
        self.site.configure(output_name="{stem}{ext}")
        existing = os.path.join(self.folder.output, "APP.apk")
        with open(existing, "w", encoding="utf-8") as file:
            file.write("somebody's")
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        trace = self.folder.wait_for_trace()
        self.assertEqual(trace["protected_output"], f"app-{trace['job']}.apk")
        with open(existing, encoding="utf-8") as file:
            self.assertEqual(file.read(), "somebody's")
        self.stop(daemon)


class SlowWriterTest(DeliveryCase):
    def test_a_file_that_is_still_written_is_taken_only_when_it_is_whole(self):
        source = self.artifacts.apk(size=1 << 20)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.ipa(), "before.ipa")
        self.folder.wait_for_receipt()
        with open(source, "rb") as data, open(os.path.join(self.folder.path, "app.apk"), "wb") as target:
            target.write(data.read(500_000))
            target.flush()
            # Others come and go meanwhile; the open one stays.
            self.folder.drop(self.artifacts.aab(), "meanwhile.aab")
            self.folder.wait_for_receipt(2)
            self.assertEqual(self.folder.waiting_names(), ["app.apk"])
            target.write(data.read())
        self.folder.wait_for_receipt(3)
        self.assert_counts(objects_received=3, builds_queued=3)
        self.assertIn(sha256_of(source), [one["source"]["sha256"] for one in self.folder.wait_for_trace(3)])
        self.stop(daemon)


class AfterTest(DeliveryCase):
    def deliver(self, after):
        self.site.configure(after=after)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk", commit=COMMIT)
        trace = self.folder.wait_for_trace()
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.stop(daemon)
        self.assertEqual(trace["commit_sha"], COMMIT)
        self.assert_counts(objects_received=1, builds_queued=1)

    def test_delete_removes_the_source_once_it_is_delivered(self):
        self.deliver("delete")
        self.assertEqual(self.folder.waiting_names(), [])
        self.assertEqual(self.folder.room_names("processed") + self.folder.room_names("claimed"), [])
        self.assertEqual(len(self.folder.receipts()), 1)

    def test_keep_changes_nothing_in_the_drop_folder_and_starts_no_second_build(self):
        self.deliver("keep")
        self.assertEqual(sorted(os.listdir(self.folder.path)), ["app.apk", "app.apk.commit"])
        os.utime(os.path.join(self.folder.path, "app.apk"))
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_counts(objects_received=1, builds_queued=1)


class RoomsTest(DeliveryCase):
    def modes(self, mode):
        os.chmod(self.folder.path, mode)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.stop(daemon)
        group = os.stat(self.folder.path).st_gid
        found = {}
        for room in ("", "claimed", "processed", "receipts"):
            about = os.stat(self.folder.room(room))
            self.assertEqual(about.st_gid, group, grp.getgrgid(about.st_gid))
            found[room] = oct(stat.S_IMODE(about.st_mode))
        return set(found.values())

    def test_rooms_are_open_to_the_group_that_may_write_into_the_drop_folder(self):
        self.assertEqual(self.modes(0o770), {"0o2770"})

    def test_rooms_are_closed_to_a_group_that_may_not(self):
        self.assertEqual(self.modes(0o755), {"0o750"})

    def test_the_room_may_have_another_name(self):
        self.folder.rooms = "_tegodrop"
        self.site.configure(rooms="_tegodrop")
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assertEqual(os.listdir(self.folder.path), ["_tegodrop"])
        with open(self.folder.room("id"), encoding="utf-8") as file:
            self.assertTrue(file.read().strip())
        self.stop(daemon)


def parts_of(value, path=()):
    """Every object, list and value in a document, each by its path."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from parts_of(one, (*path, key))


def with_part(document, path, value):
    """The document with another value in one place; None of a key: without it."""
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


class SchemaTest(DeliveryCase):
    """The published schema takes what is written, and refuses what is not the trace's form."""

    # Whose keys are the sidecar's own.
    FREE = ("sidecar", "labels")

    def refuse(self, changed, what):
        self.assertNotEqual(faults_of(changed), [], what)

    def check_that_other_forms_are_refused(self, document):
        for path, value in parts_of(document):
            if isinstance(value, dict) and path != self.FREE:
                self.refuse(with_part(document, (*path, "more"), "x"), f"{path}: one key more")
            if not path:
                continue
            self.refuse(with_part(document, path, 1.5), f"{path}: a fraction")
            self.refuse(with_part(document, path, [[]]), f"{path}: a list in a list")
            if isinstance(path[-1], str) and path[:-1] != self.FREE and path != ("failure",):
                self.refuse(with_part(document, path, None), f"{path}: left out")
            if isinstance(value, str) and path[:-1] != self.FREE:
                self.refuse(with_part(document, path, 7), f"{path}: a number")

    def test_a_delivery(self):
        self.assertEqual(set(validator().schema["required"]), TRACE_KEYS)
        self.site.configure(signing_key="key-uuid-1234")
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk", commit=COMMIT, json={"ref": "main", "labels": {"team": "mobile"}})
        self.folder.wait_for_receipt()
        trace = self.assert_one_delivery()
        self.check_that_other_forms_are_refused(trace)
        for path, value in ((("version",), "beta"), (("platform",), "windows"), (("start_time",), -1), (("commit_sha",), "abc1234"),
                            (("commit_sha",), COMMIT.upper()), (("commit", "origin"), "guess"), (("source", "sha256"), "0" * 40),
                            (("source", "version_code"), 1), (("output", "signature_schemes"), ["v9"]),
                            (("times", "delivered"), "2026-11-28 01:02:03"), (("times", "delivered"), "2026-11-28T01:02:03+01:00"),
                            (("validation", "result"), "fail"), (("validation", "result"), "good"), (("schema",), "tegodrop-trace/2"),
                            (("commit", "candidates"), [])):
            self.refuse(with_part(trace, path, value), (path, value))
        self.stop(daemon)

    def test_a_refusal(self):
        daemon = self.site.start()
        self.folder.drop(self.artifacts.ipa(), "app.apk")
        _, record = self.folder.wait_for_failure()
        self.assertEqual(faults_of(record), [])
        self.check_that_other_forms_are_refused(record)
        # Without the failure it would be a delivery of nothing.
        self.refuse(with_part(record, ("failure",), None), "no failure")
        self.refuse(with_part(record, ("protected_output",), "app-protected.apk"), "a name")
        self.refuse(with_part(record, ("failure", "kind"), "bad_luck"), "a kind")
        self.stop(daemon)


class JqTest(DeliveryCase):
    def test_jq_reads_the_trace(self):
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk", commit=COMMIT)
        trace = self.folder.wait_for_trace()
        query = "[.version, .start_time, .file_path, .commit_sha, .protected_output]"
        done = subprocess.run(["jq", "-c", query, os.path.join(self.folder.output, trace["protected_output"] + ".trace.json")],
                              capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(done.stdout), ["production", trace["start_time"], trace["file_path"], COMMIT,
                                                   trace["protected_output"]])
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
