"""The commands from outside: exit codes, what they print, and what they leave alone."""

import json
import os
import re
import shutil
import time

from tests import runner
from tests.scenario.harness import wait
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.wait import until

FIVE_FAULTS = """portal:
  url: http://portal.example/frontend
  tenant: 9f1c0a4e7b8d4a4db52e6a6d5c5c1f11
  token_fil: token
state_dir: state
folders:
  - name: production
    path: drop/first
    output: drop/first/protected
    version: produktion
    settle: 3 parsecs
polling:
  intervall: 15s
"""
# What is wrong, by line: the columns of the key and of its value, and a word that the message needs.
FAULTS_OF_FIVE = {
    2: ((3, 8), "https"),
    4: ((3, 14), "token_file"),
    9: ((5, 13), "output"),
    10: ((5, 14), "production"),
    11: ((5, 13), "settle"),
    13: ((3, 14), "interval"),
}


class CheckTest(ScenarioCase):
    def write(self, text, mode=0o600):
        with open(self.site.config_file, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.site.config_file, mode)

    def faults(self, done):
        """[(line, column, message)] of what a command said."""
        pattern = re.compile(re.escape(self.site.config_file) + r":(\d+):(\d+): (.+)")
        found = [pattern.search(line) for line in (done.stdout + done.stderr).splitlines()]
        return [(int(one[1]), int(one[2]), one[3]) for one in found if one]

    def test_all_faults_are_named_with_line_and_column_and_nothing_is_touched(self):
        self.write(FIVE_FAULTS)
        before = self.site.snapshot()
        for command in (("check",), ("run",), ("run", "--once"), ("status",)):
            with self.subTest(command=command):
                done = self.site.run(*command)
                self.assertEqual(done.returncode, 78, done.stderr)
                found = {line: (column, message) for line, column, message in self.faults(done)}
                self.assertEqual(sorted(found), sorted(FAULTS_OF_FIVE))
                for line, (columns, word) in FAULTS_OF_FIVE.items():
                    self.assertIn(found[line][0], columns, found[line])
                    self.assertIn(word, found[line][1])
                self.assertEqual(len(self.faults(done)), len(FAULTS_OF_FIVE))
                self.assertEqual(self.site.snapshot(), before)
        self.assert_counts(connections=0)

    def test_a_duplicate_key_is_a_fault(self):
        self.write(json.dumps(self.site.settings)[:-1] + ',\n"state_dir": "elsewhere"}\n')
        done = self.site.run("check")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertEqual([line for line, _, _ in self.faults(done)], [2])

    def test_a_good_config_passes_and_nothing_is_touched(self):
        before = self.site.snapshot()
        done = self.site.run("check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.site.snapshot(), before)
        self.assert_counts(connections=0)

    def test_check_as_json(self):
        done = self.site.run("check", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("schema", json.loads(done.stdout))
        self.write(FIVE_FAULTS)
        done = self.site.run("check", "--json")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn("schema", json.loads(done.stdout))

    def test_a_config_that_others_may_write_is_refused(self):
        for mode in (0o620, 0o602):
            with self.subTest(mode=oct(mode)):
                os.chmod(self.site.config_file, mode)
                self.assertEqual(self.site.run("check").returncode, 78)

    def test_a_token_file_that_others_may_read_is_refused(self):
        for mode in (0o640, 0o604, 0o620):
            with self.subTest(mode=oct(mode)):
                os.chmod(self.site.token_file, mode)
                done = self.site.run("check")
                self.assertEqual(done.returncode, 78, done.stderr)
                self.assertNotIn(self.portal.secret, done.stdout + done.stderr)

    def test_a_missing_token_is_78(self):
        os.remove(self.site.token_file)
        self.assertEqual(self.site.run("check").returncode, 78)
        self.assertEqual(self.site.run("run", "--once").returncode, 78)

    def test_a_missing_config_is_78(self):
        os.remove(self.site.config_file)
        done = self.site.run("check")
        self.assertEqual(done.returncode, 78)
        self.assertIn(self.site.config_file, done.stderr)


class HelpTest(ScenarioCase):
    def test_help_and_version_need_no_config(self):
        os.remove(self.site.config_file)
        for arguments in (["--help"], ["--version"], ["run", "--help"], ["check", "--help"], ["status", "--help"]):
            with self.subTest(arguments=arguments):
                done = self.site.run(*arguments, config=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.strip())
                self.assertEqual(done.stderr, "")

    def test_the_version_is_one_line(self):
        done = self.site.run("--version", config=False)
        self.assertRegex(done.stdout, r"\Ategodrop \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage_is_64(self):
        for arguments in (["no-such-command"], ["run", "--no-such-flag"], []):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.site.run(*arguments, config=False).returncode, 64)

    def test_the_config_may_stand_behind_the_command_or_in_the_environment(self):
        for arguments, extra in ((("check", "--config", self.site.config_file), None), (("check", "-c", self.site.config_file), None),
                                 (("-c", self.site.config_file, "check"), None),
                                 (("check",), {"TEGODROP_CONFIG": self.site.config_file})):
            with self.subTest(arguments=arguments):
                done = self.site.run(*arguments, config=False, extra_environment=extra)
                self.assertEqual(done.returncode, 0, done.stderr)


class StatusTest(ScenarioCase):
    folders = ("first", "second")
    job_keys = {"id", "folder", "file_name", "state", "waiting_for", "since", "not_before", "failure", "start_time"}

    def check_document(self, document):
        self.assertEqual(document["schema"], "tegodrop-status/1")
        self.assertEqual([one["name"] for one in document["folders"]], ["first", "second"])
        for folder, one in zip(self.site.folders, document["folders"]):
            self.assertEqual(set(one), {"name", "path", "state", "reason"})
            self.assertEqual((one["path"], one["state"]), (folder.path, "ok"))
        for job in document["jobs"]:
            self.assertLessEqual(self.job_keys, set(job))

    def test_it_shows_the_same_beside_the_daemon_and_without_it(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_for_state("building")
        document = self.site.status()
        self.check_document(document)
        job = document["jobs"][0]
        self.assertEqual((job["folder"], job["file_name"], job["state"]), ("first", "app.apk", "building"))
        self.assertIs(type(job["start_time"]), int)
        self.assertTrue(job["waiting_for"])
        self.assertIsNone(job["failure"])
        self.stop(daemon)
        before = self.site.snapshot()
        without = self.site.status()
        self.assertEqual(self.site.snapshot(), before)
        self.check_document(without)
        self.assertEqual([(one["id"], one["state"], one["start_time"]) for one in without["jobs"]],
                         [(job["id"], "building", job["start_time"])])

    def test_for_people_it_names_jobs_and_folders(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_for_state("building")
        done = self.site.run("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("app.apk", "building", "first", "second"):
            self.assertIn(word, done.stdout)
        self.stop(daemon)

    def test_a_missing_folder_is_shown_and_does_not_end_the_daemon(self):
        second = self.site.folders[1]
        os.rename(second.path, second.path + ".away")
        daemon = self.site.start()
        def missing():
            return [one for one in self.site.status()["folders"] if one["name"] == "second" and one["state"] == "missing"]
        shown = until(missing, "the status says that the folder is missing")
        self.assertTrue(shown[0]["reason"])
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        os.rename(second.path + ".away", second.path)
        until(lambda: self.check_ok("second"), "the folder is back", seconds=90)
        second.drop(self.artifacts.apk(), "app.apk")
        second.wait_for_receipt()
        self.stop(daemon)

    def check_ok(self, name):
        return [one for one in self.site.status()["folders"] if one["name"] == name and one["state"] == "ok"]


class OnceTest(ScenarioCase):
    def once(self, code, *arguments, seconds=60):
        done = self.site.run("run", "--once", *arguments, seconds=seconds)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_0_when_all_were_delivered(self):
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.drop(self.artifacts.ipa(), "app.ipa")
        self.once(0)
        self.assertEqual(len(self.folder.traces()), 2)
        self.assert_counts(objects_received=2, builds_queued=2)
        self.assertEqual(self.folder.waiting_names(), [])

    def test_0_when_there_was_nothing_to_do(self):
        self.once(0)
        self.assert_counts(builds_queued=0)

    def test_1_when_one_was_refused_and_the_other_delivered(self):
        self.folder.drop(self.artifacts.apk(), "good.apk")
        self.folder.drop(self.artifacts.apk(), "bad.apk", sha256="0" * 64 + "\n")
        self.once(1)
        self.assertEqual(len(self.folder.traces()), 1)
        self.assertEqual(len(self.folder.failures()), 1)

    def test_1_when_a_file_is_not_whole_which_is_named_and_left_where_it_is(self):
        with open(self.artifacts.apk(size=100_000), "rb") as file:
            beginning = file.read(50_000)
        path = os.path.join(self.folder.path, "half.apk")
        # Somebody is still writing it.
        with open(path, "wb") as file:
            file.write(beginning)
            file.flush()
            done = self.once(1)
        self.assertIn("half.apk", done.stdout + done.stderr)
        self.assertEqual(self.folder.waiting_names(), ["half.apk"])
        self.assert_counts(upload_requests=0)

    def test_75_when_the_time_is_up_and_the_work_is_kept(self):
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.once(75, "--timeout", "5s")
        self.assertEqual(self.site.jobs()[0]["state"], "building")
        self.portal.set(hold_builds=False)
        self.once(0)
        self.assert_one_delivery()

    def test_77_when_the_credentials_are_refused(self):
        self.site.write_private(self.site.token_file, "wrong:token\n")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.once(77)
        # The work is kept, and goes on under good credentials.
        self.site.write_private(self.site.token_file, self.portal.token + "\n")
        self.once(0)
        self.assert_one_delivery()

    def test_77_when_the_permission_is_missing(self):
        self.portal.set(builds_permission=False)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.once(77)

    def test_78_before_1_when_the_ledger_is_unusable(self):
        self.folder.drop(self.artifacts.ipa(), "app.apk")
        shutil.rmtree(self.site.state_dir)
        with open(self.site.state_dir, "w", encoding="utf-8") as file:
            file.write("no folder")
        self.once(78)

    def test_its_json_is_one_document_on_standard_output(self):
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.once(0, "--json")
        self.assertIn("schema", json.loads(done.stdout))


class LockTest(ScenarioCase):
    def test_a_second_daemon_waits_ten_seconds_for_the_ledger_and_is_75(self):
        first = self.site.start_and_watch()
        begun = time.monotonic()
        second = self.site.start()
        code = second.wait(20)
        waited = time.monotonic() - begun
        self.assertEqual(code, 75, second.stderr())
        self.assertGreater(waited, 9.5)
        self.assertLess(waited, 16 * wait.PATIENCE)
        self.assertIsNone(first.code)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assert_one_delivery()
        self.stop(first)

    def test_a_second_daemon_goes_on_when_the_first_one_ends_meanwhile(self):
        first = self.site.start_and_watch()
        second = self.site.start()
        until(lambda: second.stderr(), "the second says that it waits")
        self.assertIsNone(second.code)
        self.stop(first)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assert_one_delivery()
        self.stop(second)


if __name__ == "__main__":
    runner.main()
