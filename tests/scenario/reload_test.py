"""The config and the token read again by a daemon that works: 'tegodrop reload', and SIGHUP, while jobs go on."""

import json
import os
import shutil
import signal

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import Folder
from tests.scenario.harness.wait import until


class ReloadCase(ScenarioCase):
    def start(self):
        self.daemon = self.site.start_and_watch()
        until(lambda: os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "the daemon takes commands")

    def reload(self, code=0):
        """The command's messages."""
        done = self.site.run("reload", "--json")
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], "tegodrop-reload/1")
        self.assertEqual(document["loaded"], code == 0)
        return "\n".join(document["messages"])

    def add_folder(self, name, **settings):
        folder = Folder(self.site.root, name)
        self.site.folders.append(folder)
        self.site.settings["folders"].append({"name": name, "path": folder.path, "output": folder.output,
                                              "version": "staging", "settle": "200ms", **settings})
        self.site.write_config()
        return folder

    def states(self):
        return {one["name"]: one["state"] for one in self.site.status()["folders"]}


class FoldersTest(ReloadCase):
    def test_one_that_is_added_is_watched_at_once(self):
        self.start()
        second = self.add_folder("second")
        self.assertIn("added: second", self.reload())
        until(lambda: self.states() == {"first": "ok", "second": "ok"}, "both are open")
        second.drop(self.artifacts.apk(), "new.apk")
        trace = second.wait_for_trace()
        self.assertEqual((trace["folder"], trace["version"]), ("second", "staging"))
        self.folder.drop(self.artifacts.apk(), "old.apk")
        self.folder.wait_for_trace()
        self.stop(self.daemon)

    def test_one_that_is_removed_takes_nothing_more_and_its_jobs_go_on(self):
        second = self.add_folder("second")
        self.portal.set(hold_builds=True)
        self.start()
        second.drop(self.artifacts.apk(), "begun.apk")
        self.site.wait_for_state("building", "submitted")
        removed = self.site.settings["folders"].pop()
        self.site.write_config()
        self.assertIn("removed: second", self.reload())
        second.drop(self.artifacts.apk(), "late.apk")
        # Another folder's whole life passes, and nobody has touched it.
        self.portal.set(hold_builds=False)
        self.folder.drop(self.artifacts.apk(), "other.apk")
        self.folder.wait_for_trace()
        second.wait_for_trace()
        until(lambda: second.room_names("processed") == ["begun.apk"], "its job is carried to its end")
        self.assertEqual(second.waiting_names(), ["late.apk"])
        self.assertEqual(self.states(), {"first": "ok"})

        # And back again.
        self.site.settings["folders"].append(removed)
        self.site.write_config()
        self.assertIn("added: second", self.reload())
        second.wait_for_trace(count=2)
        self.assert_counts(builds_queued=3, objects_received=3)
        self.stop(self.daemon)

    def test_one_that_changes_takes_files_in_the_new_way_and_begun_jobs_stay_what_they_were(self):
        self.portal.set(hold_builds=True)
        self.start()
        self.folder.drop(self.artifacts.apk(), "before.apk")
        self.site.wait_for_state("building", "submitted")
        elsewhere = os.path.join(self.site.root, "elsewhere")
        os.mkdir(elsewhere)
        inside = os.path.join(self.folder.path, "team")
        os.mkdir(inside)
        shutil.copyfile(self.artifacts.apk(), os.path.join(inside, "deep.apk"))
        self.site.configure(version="staging", output=elsewhere, recursive=True)
        self.assertIn("changed: first", self.reload())
        self.portal.set(hold_builds=False)
        self.assertEqual(self.folder.wait_for_trace()["version"], "production")
        def traces_elsewhere():
            return [name for name in os.listdir(elsewhere) if name.endswith(".trace.json")]
        until(traces_elsewhere, "what lies in a folder inside is delivered to the new output")
        with open(os.path.join(elsewhere, traces_elsewhere()[0]), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["version"], "staging")
        self.assert_counts(builds_queued=2, objects_received=2)
        self.stop(self.daemon)

    def test_an_upload_goes_on_while_its_folder_changes(self):
        self.portal.set(upload_bytes_per_second=400_000)
        self.start()
        self.folder.drop(self.artifacts.apk(size=1 << 20), "app.apk")
        until(lambda: self.portal.counters()["puts_started"], "the upload has begun")
        self.site.configure(priority=5, keep_processed="1d")
        self.reload()
        self.folder.wait_for_trace()
        self.assert_counts(puts_started=1, objects_received=1, builds_queued=1)
        self.stop(self.daemon)

    def test_fifty_times_in_a_row_and_nothing_is_lost_or_done_twice(self):
        self.start()
        names = []
        for number in range(50):
            name = f"app-{number}.apk"
            names.append(name)
            self.folder.drop(self.artifacts.apk(), name)
            self.site.configure(priority=number)
            self.reload()
        self.folder.wait_for_trace(count=50, seconds=60)
        until(lambda: self.folder.room_names("processed") == sorted(names), "all are put away")
        self.assert_counts(builds_queued=50, objects_received=50)
        self.stop(self.daemon)


class SettingsTest(ReloadCase):
    folders = ("first", "second")

    def test_limits_hold_from_now_on(self):
        self.site.settings["limits"] = {"upload_rate": "1KiB", "concurrent_uploads": 1}
        self.site.write_config()
        self.start()
        # At this rate it would take a quarter of an hour, and the second would wait for it.
        self.folders_drop()
        until(lambda: self.portal.counters()["puts_started"] == 1, "one upload has begun")
        self.site.settings["limits"] = {"upload_rate": "unlimited", "concurrent_uploads": 2}
        self.site.write_config()
        self.reload()
        for folder in self.site.folders:
            folder.wait_for_trace()
        self.assert_counts(puts_started=2, objects_received=2)
        self.stop(self.daemon)

    def folders_drop(self):
        for folder in self.site.folders:
            folder.drop(self.artifacts.apk(size=1 << 20), "app.apk")

    def test_the_log_tells_as_much_as_it_says_now(self):
        self.start()
        self.site.settings["log"]["level"] = "error"
        self.site.write_config()
        self.reload()
        before = len(self.site.log_events(self.daemon))
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_trace()
        self.assertEqual(self.site.log_events(self.daemon)[before:], [])
        self.stop(self.daemon)

    def test_a_new_token_goes_on_with_what_the_old_one_was_refused_for(self):
        self.site.write_private(self.site.token_file, f"{self.portal.key}:{self.portal.secret}x\n")
        self.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("credentials|token")
        self.site.write_private(self.site.token_file, self.portal.token + "\n")
        self.reload()
        self.folder.wait_for_trace()
        self.stop(self.daemon)

    def test_what_needs_a_restart_is_named_and_the_rest_is_used(self):
        self.start()
        self.site.settings["state_dir"] = self.site.state_dir + "-2"
        self.site.settings["portal"]["tenant"] = "0" * 32
        self.site.settings["log"]["format"] = "text"
        removed = self.site.settings["folders"].pop()
        self.site.write_config()
        # The command looks for the daemon where the config says that it is.
        self.assertEqual(self.site.run("reload").returncode, 69)
        self.daemon.send(signal.SIGHUP)
        def told():
            return [one["message"] for one in self.site.log_events(self.daemon)
                    if one["event"] == "daemon.reload" and "restart" in one["message"]]
        until(told, "what needs a restart is named")
        self.assertIn("portal.tenant, state_dir, log.format", told()[0])
        self.site.settings["state_dir"] = self.site.state_dir
        self.site.settings["folders"].append(removed)
        self.site.write_config()
        self.assertIn("portal.tenant, log.format changed too", self.reload())
        self.folder.drop(self.artifacts.apk(), "app.apk")
        trace = self.folder.wait_for_trace()
        self.assertEqual(trace["tenant"], self.portal.tenant)
        self.stop(self.daemon)


class RefusalTest(ReloadCase):
    def test_a_config_with_faults_is_refused_with_each_of_them_and_the_old_one_stays(self):
        self.start()
        self.site.settings["folders"][0]["setle"] = "1s"
        self.site.settings["limits"] = {"concurrent_uploads": 0}
        self.site.write_config()
        done = self.site.run("reload")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn("unknown key 'setle'", done.stderr)
        self.assertIn("concurrent_uploads", done.stderr)
        self.assertIn("keeps the config from before", done.stderr)
        self.daemon.send(signal.SIGHUP)
        def faults():
            return [one for one in self.site.log_events(self.daemon)
                    if one["event"] == "daemon.reload" and one["level"] == "error"]
        until(lambda: len(faults()) >= 3, "both faults, and what follows")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_trace()
        self.stop(self.daemon)

    def test_a_token_that_others_may_read_is_refused_by_the_daemon_itself(self):
        self.start()
        os.chmod(self.site.token_file, 0o644)
        self.assertIn("token", self.reload(code=78))
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_trace()
        self.stop(self.daemon)

    def test_without_a_daemon_there_is_nothing_to_reload(self):
        done = self.site.run("reload")
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("no daemon runs", done.stderr)


if __name__ == "__main__":
    runner.main()
