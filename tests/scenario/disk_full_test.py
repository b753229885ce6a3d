"""Disks that are full or read-only: the daemon waits and says so, goes on with what does not need them, and with all of it after."""

import os
import re
import unittest

from tests.scenario.harness.service_manager import ServiceManager
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.small_disks import SmallDisksCase, main
from tests.scenario.harness.wait import until

STATE_KIB = 2048
ARTIFACT = 300 << 10


class DiskCase(SmallDisksCase):
    def setUp(self):
        super().setUp()
        self.sources = {name: self.artifacts.apk(size=ARTIFACT + 4096 * number)
                        for number, name in enumerate(("one.apk", "two.apk", "three.apk"))}

    def drop(self, name, folder=None):
        (folder or self.folder).drop(self.sources[name], name)

    def wait_for_event(self, daemon, event, count=1, seconds=30):
        return until(lambda: [one for one in self.site.log_events(daemon) if one["event"] == event][count - 1:],
                     f"the log has {event}", seconds)

    def expect_delivered(self, *names, folder=None, seconds=60):
        """Each of them once and whole, and none of them left anywhere."""
        folder = folder or self.folder
        folder.wait_for_receipt(len(names), seconds)
        folder.wait_for_trace(len(names), seconds)
        # The row is the last of a delivery.
        until(lambda: {one["file_name"] for one in self.site.jobs()
                       if one["folder"] == folder.name and one["state"] == "delivered"} == set(names), "all rows say so", seconds)
        traces = folder.traces()
        self.assertEqual(sorted(one["file_name"] for one in traces.values()), sorted(names))
        builds = {one["output_sha256"] for one in self.portal.state()["builds"]}
        for trace in traces.values():
            protected = os.path.join(folder.output, trace["protected_output"])
            self.assertEqual(sha256_of(protected), trace["output"]["sha256"])
            self.assertIn(trace["output"]["sha256"], builds)
            self.assertEqual(trace["source"]["sha256"], sha256_of(self.sources[trace["file_name"]]))
        self.assertEqual(folder.failures(), {})
        self.assertEqual(folder.waiting_names(), [])
        self.assertEqual({one["state"] for one in folder.receipts().values()}, {"delivered"})

    def expect_folders_say(self, words):
        """What `status` says of every folder, in the document and for people."""
        for folder in self.site.status()["folders"]:
            self.assertRegex(folder["reason"] or "", words)
            self.assertEqual(folder["state"], "degraded")
        text = self.site.run("status")
        self.assertRegex(text.stdout, words)
        self.assertEqual(text.returncode, 0, text.stderr)


class FullAtTheStart(DiskCase):
    def test_a_state_disk_without_room_is_waited_for(self):
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        disk.fill()
        manager = ServiceManager(self.site.root)
        self.addCleanup(manager.close)
        daemon = self.site.start(extra_environment=manager.environment)
        self.drop("one.apk")
        said = self.wait_for_event(daemon, "ledger.waiting")[0]
        # One that is not ready in time would be killed and started again, all night.
        manager.wait_for("READY=1")
        self.assertRegex(manager.read()[0], "STATUS=waits for the disk of state_dir: .*full")
        self.assertRegex(said["message"], "(full|No space left).*goes on by itself")
        self.assertIn(self.site.state_dir, said["message"])
        self.expect_folders_say("state_dir .* is full .*make room")
        self.assertIsNone(daemon.code)
        self.assert_counts(objects_received=0)
        self.assertEqual(self.folder.waiting_names(), ["one.apk"])
        disk.make_room()
        self.expect_delivered("one.apk")
        self.assertEqual(len(self.wait_for_event(daemon, "ledger.waiting")), 1, "one trouble is said once")
        until(lambda: "STATUS=1 folder" in manager.read(), "the service manager is told that it goes on")
        self.stop(daemon)

    def test_a_full_disk_that_already_has_a_ledger_is_waited_for_and_status_still_tells(self):
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        daemon = self.site.start()
        self.drop("one.apk")
        self.expect_delivered("one.apk")
        self.stop(daemon)
        disk.fill()
        daemon = self.site.start()
        self.drop("two.apk")
        # It may open its ledger on what room its own log left; then it waits with its first write.
        until(lambda: [one for one in self.site.log_events(daemon)
                       if one["event"] in ("ledger.waiting", "artifact.claim_failed")], "it says what it waits for")
        self.expect_folders_say("is full")
        self.assertEqual([one["state"] for one in self.site.jobs()], ["delivered"])
        disk.make_room()
        self.expect_delivered("one.apk", "two.apk")
        self.assert_counts(objects_received=2, builds_queued=2)
        self.stop(daemon)

    def test_a_read_only_state_disk_is_waited_for(self):
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        daemon = self.site.start()
        self.drop("one.apk")
        self.expect_delivered("one.apk")
        self.stop(daemon)
        disk.set_read_only(True)
        daemon = self.site.start()
        self.drop("two.apk")
        self.assertRegex(self.wait_for_event(daemon, "ledger.waiting")[0]["message"], "(?i)read-only")
        self.expect_folders_say("mounted read-only")
        self.assertEqual([one["state"] for one in self.site.jobs()], ["delivered"])
        retried = self.site.run("retry", "--failed")
        self.assertEqual(retried.returncode, 75, retried.stderr)
        disk.set_read_only(False)
        self.expect_delivered("one.apk", "two.apk")
        self.stop(daemon)

    def test_a_stop_ends_the_wait_at_once_and_nobody_is_locked_out_by_it(self):
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        disk.fill()
        first = self.site.start()
        second = self.site.start()
        for daemon in (first, second):
            self.wait_for_event(daemon, "ledger.waiting")
        self.stop(first)
        disk.make_room()
        self.drop("one.apk")
        self.expect_delivered("one.apk")
        self.stop(second)

    def test_of_two_that_waited_one_works_and_the_other_gives_way(self):
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        disk.fill()
        daemons = [self.site.start(), self.site.start()]
        for daemon in daemons:
            self.wait_for_event(daemon, "ledger.waiting")
        disk.make_room()
        self.drop("one.apk")
        self.expect_delivered("one.apk")
        loser = until(lambda: [one for one in daemons if one.code is not None], "one gives way", seconds=30)[0]
        self.assertEqual(loser.code, 75, loser.stderr()[-500:])
        self.stop(daemons[1 - daemons.index(loser)])
        self.assert_counts(objects_received=1, builds_queued=1)

    def test_once_ends_with_75_when_its_time_is_over(self):
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        disk.fill()
        self.drop("one.apk")
        done = self.site.run("run", "--once", "--timeout", "1s")
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertIn("ledger.waiting", done.stderr)
        self.assertEqual(self.folder.waiting_names(), ["one.apk"])
        disk.make_room()
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.expect_delivered("one.apk")

    def test_a_wrong_state_folder_is_no_trouble_that_passes(self):
        self.site.settings["state_dir"] = os.path.join(self.site.root, "nowhere", "state")
        self.site.write_config()
        done = self.site.run("run")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.site.settings["state_dir"] = self.site.token_file
        self.site.write_config()
        done = self.site.run("run")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.site.settings["state_dir"] = self.site.state_dir
        self.site.write_config()
        os.chmod(self.site.state_dir, 0o500)
        done = self.site.run("run")
        self.assertEqual(done.returncode, 78, done.stderr)
        os.chmod(self.site.state_dir, 0o700)


class StateDiskWhileRunning(DiskCase):
    switches = {"build_seconds": 3600}

    def start_with_one_building(self):
        self.disk = self.disk_on(self.site.state_dir, STATE_KIB)
        self.daemon = self.site.start_and_watch()
        self.drop("one.apk")
        self.site.wait_for_state("building")

    def test_nothing_is_begun_that_could_not_be_recorded_and_all_is_done_after(self):
        self.start_with_one_building()
        self.disk.fill()
        self.drop("two.apk")
        self.portal.advance(7200)
        until(lambda: {"artifact.claim_failed", "ledger.error"} <= {one["event"] for one in self.site.log_events(self.daemon)},
              "the log says that neither the new file nor the end of the build can be recorded")
        self.expect_folders_say("is full")
        jobs = self.site.jobs()
        self.assertEqual([one["state"] for one in jobs], ["building"], "what was recorded stays")
        self.assertRegex(jobs[0]["waiting_for"], "disk of state_dir .* is full")
        self.assert_counts(objects_received=1, builds_queued=1)
        self.assertEqual(self.folder.waiting_names(), ["two.apk"])
        self.assertEqual(self.folder.delivered_names(), [])
        self.portal.set(build_seconds=0.2)
        self.disk.make_room()
        self.expect_delivered("one.apk", "two.apk")
        self.assert_counts(objects_received=2, builds_queued=2)
        self.assertNotRegex(self.site.status()["folders"][0]["reason"] or "", "full")
        self.stop(self.daemon)

    def test_a_read_only_remount_and_back(self):
        self.start_with_one_building()
        try:
            self.disk.set_read_only(True)
        except AssertionError as error:
            # As the kernel does by itself after an I/O error; by hand it refuses while files are open for writing.
            self.assertRegex(str(error), "busy")
        self.drop("two.apk")
        self.portal.set(build_seconds=0.2)
        self.portal.advance(7200)
        self.disk.set_read_only(False)
        self.expect_delivered("one.apk", "two.apk")
        self.stop(self.daemon)

    def test_a_stop_on_a_full_disk_is_clean_and_the_next_start_goes_on(self):
        self.start_with_one_building()
        self.disk.fill()
        self.portal.advance(7200)
        self.wait_for_event(self.daemon, "ledger.error")
        self.stop(self.daemon)
        self.disk.make_room()
        daemon = self.site.start()
        self.expect_delivered("one.apk")
        self.assert_counts(objects_received=1, builds_queued=1)
        self.stop(daemon)


class Spool(DiskCase):
    def test_a_copy_that_finds_no_room_leaves_the_artifact_in_its_folder(self):
        self.site.configure(after="keep")
        disk = self.disk_on(self.site.state_dir, STATE_KIB)
        self.sources["large.apk"] = self.artifacts.apk(size=3 << 20)
        daemon = self.site.start_and_watch()
        self.drop("large.apk")
        self.drop("one.apk")
        self.site.wait_until_it_waits_for("its claim: .*(No space left|room)")
        self.assertEqual(self.folder.waiting_names(), ["large.apk", "one.apk"])
        # One large file holds up no small one.
        until(lambda: [one for one in self.site.jobs() if one["file_name"] == "one.apk" and one["state"] == "delivered"],
              "the small one is delivered")
        disk.resize(16384)
        until(lambda: len(self.folder.traces()) == 2, "both are delivered", seconds=60)
        self.assert_counts(objects_received=2, builds_queued=2)
        self.assertEqual(self.folder.waiting_names(), ["large.apk", "one.apk"])
        until(lambda: os.listdir(os.path.join(self.site.state_dir, "spool")) == [], "no copy is left")
        self.stop(daemon)


class OutputDisk(DiskCase):
    folders = ("first", "second")

    def setUp(self):
        super().setUp()
        self.other = self.site.folders[1]
        self.disk = self.disk_on(self.folder.output, 32 << 10)

    def waiting(self, name):
        return next((one["waiting_for"] or "" for one in self.site.jobs() if one["file_name"] == name), "")

    def blocked(self, words):
        daemon = self.site.start_and_watch()
        self.drop("one.apk")
        self.drop("two.apk")
        for name in ("one.apk", "two.apk"):
            until(lambda name=name: re.search(words, self.waiting(name)), f"status says what {name} waits for: {words}")
            self.assertIn(self.folder.output, self.waiting(name))
        self.assert_counts(objects_received=2, builds_queued=2)
        # Others go on, and so do the uploads of this folder.
        self.drop("three.apk", self.other)
        self.expect_delivered("three.apk", folder=self.other)
        self.drop("three.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 4, "uploads of the same folder go on")
        self.assertEqual(self.folder.delivered_names(), [])
        return daemon

    def expect_all(self, daemon):
        self.expect_delivered("one.apk", "two.apk", "three.apk")
        self.assert_counts(objects_received=4, builds_queued=4)
        room = os.path.join(self.folder.output, ".tegodrop")
        left = [os.path.join(folder, name) for folder, _, names in os.walk(room) for name in names if name != "id"]
        self.assertEqual(left, [], "no staged bytes are left")
        self.stop(daemon)

    def test_full(self):
        self.disk.fill()
        daemon = self.blocked("(?i)(not enough room|no space left)")
        self.disk.make_room()
        self.expect_all(daemon)

    def test_room_for_the_file_alone_is_not_enough_and_nothing_half_is_left(self):
        self.disk.fill(leave_kib=100)
        daemon = self.blocked("(?i)(not enough room|no space left)")
        self.disk.make_room()
        self.expect_all(daemon)

    def test_read_only(self):
        self.disk.set_read_only(True)
        daemon = self.blocked("(?i)read-only")
        self.disk.set_read_only(False)
        self.expect_all(daemon)


class DropDisk(DiskCase):
    switches = {"build_seconds": 3600}

    def test_rooms_that_cannot_be_written_hold_up_the_end_and_nothing_else(self):
        disk = self.drop_disk_on(self.folder, 8 << 10)
        daemon = self.site.start_and_watch()
        self.drop("one.apk")
        self.site.wait_for_state("building")
        disk.fill()
        self.portal.advance(7200)
        self.folder.wait_for_trace()
        job = until(lambda: next((one for one in self.site.jobs() if one["waiting_for"] and one["state"] != "building"), None),
                    "status says what the end waits for")
        self.assertRegex(job["waiting_for"], "No space left")
        self.assertIn(self.folder.path, job["waiting_for"])
        self.assertEqual(self.folder.receipts(), {})
        disk.make_room()
        self.folder.wait_for_receipt()
        self.site.wait_for_state("delivered")
        self.assert_one_delivery()
        self.stop(daemon)


if __name__ == "__main__":
    main()
