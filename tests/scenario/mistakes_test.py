"""What people get wrong, and what they are told: folders that lead to each other, variables that are not set, names, pipes."""

import json
import os
import subprocess

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.wait import PATIENCE, until


class FoldersTest(ScenarioCase):
    folders = ("first", "second")

    def test_a_link_does_not_make_an_output_folder_of_a_drop_folder(self):
        link = os.path.join(self.site.root, "link")
        os.symlink(self.folder.path, link)
        self.site.settings["folders"][0]["output"] = link
        self.site.write_config()
        for command in (("check",), ("run", "--once")):
            done = self.site.run(*command)
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(f"'{link}' (which leads to '{os.path.realpath(self.folder.path)}') is also the drop folder", done.stderr)

    def test_nor_two_drop_folders_of_one(self):
        link = os.path.join(self.site.root, "link")
        os.symlink(self.site.root, link)
        self.site.settings["folders"][1]["path"] = os.path.join(link, os.path.relpath(self.folder.path, self.site.root))
        self.site.write_config()
        self.assertIn("is also that on line", self.site.run("check").stderr)

    def test_nothing_is_taken_from_where_outputs_are_put_by_another_path(self):
        """As a bind mount or a link made later would lead there."""
        daemon = self.site.start_and_watch()
        staging = self.folder.room("staging")
        os.mkdir(staging)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        shown = until(lambda: [one for one in self.site.status()["folders"]
                               if one["name"] == "first" and one["state"] == "degraded"], "the folder is not used")
        self.assertIn("is an output folder", shown[0]["reason"])
        self.assertEqual(self.folder.waiting_names(), ["app.apk"])
        os.rmdir(staging)
        self.folder.drop(self.artifacts.apk(), "next.apk")
        self.folder.wait_for_receipt(2)
        self.stop(daemon)
        self.assert_counts(builds_queued=2)


class NamesTest(ScenarioCase):
    def test_a_name_that_the_portal_would_cut_is_refused_before_anything_is_sent(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "a\\b.apk")
        _, failure = self.folder.wait_for_failure()
        self.assertEqual(failure["failure"]["kind"], "bad_name")
        self.stop(daemon)
        self.assert_counts(upload_requests=0)

    def test_a_name_without_room_for_a_sidecar_is_taken(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "x" * 251 + ".apk")
        self.folder.wait_for_receipt()
        self.stop(daemon)
        self.assert_one_delivery()

    def test_whoever_waits_by_a_submit_id_hears_of_another_fault_in_its_sidecar(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk", json=json.dumps({"submit_id": "build-17", "commit_sha": "abc"}))
        until(lambda: "build-17.json" in self.folder.receipts(), "its receipt is there under its id")
        self.assertEqual(self.folder.receipts()["build-17.json"]["failure"]["kind"], "bad_sidecar")
        self.stop(daemon)


class CommandLineTest(ScenarioCase):
    def test_an_empty_value_is_a_variable_that_is_not_set_and_means_nothing(self):
        for arguments in (("pause", ""), ("resume", ""), ("cancel", ""), ("retry", ""), ("redeliver", ""), ("show", ""),
                          ("check", "--accept", ""), ("report", "--html", ""), ("report", "--since", ""),
                          ("run", "--once", "--timeout", ""), ("submit", "a.apk", "--folder", self.folder.path, "--commit", ""),
                          ("report", "--html=", "--json"), ("status", "-c", "")):
            with self.subTest(arguments=arguments):
                done = self.site.run(*arguments, config="-c" not in arguments and arguments[0] != "submit")
                self.assertEqual(done.returncode, 64, done.stderr + done.stdout)
                self.assertIn("has an empty value", done.stderr)

    def test_a_mistyped_command_is_named_and_the_known_ones_too(self):
        done = self.site.run("staus", config=False)
        self.assertEqual(done.returncode, 64)
        self.assertIn("'staus' is no command; there are run, check", done.stderr)
        done = self.site.run("report", "--sinse", "1d", config=False)
        self.assertIn("Try 'tegodrop report --help'", done.stderr)

    def test_what_did_not_arrive_on_standard_output_is_no_success(self):
        self.site.run("run", "--once")
        for arguments in (("status",), ("status", "--json"), ("check", "--json"), ("report",), ("--help",)):
            with self.subTest(arguments=arguments), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([path_of("TEGODROP"), "-c", self.site.config_file, *arguments], stdout=full, check=False,
                                      stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE)
                self.assertEqual(done.returncode, 73, done.stderr)
                self.assertIn("standard output cannot be written", done.stderr)
        # What is done is done, and is not to be done twice.
        source = self.artifacts.apk()
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([path_of("TEGODROP"), "submit", source, "--folder", self.folder.path, "--json"], stdout=full,
                                  env=self.site.environment, check=False, stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.folder.waiting_names().count(os.path.basename(source)), 1)

    def test_health_is_0_or_1_whatever_is_wrong(self):
        self.site.run("run", "--once")
        with open(os.path.join(self.site.state_dir, "ledger.sqlite"), "r+b") as ledger:
            ledger.write(b"x" * 4096)
        done = self.site.run("status", "--health")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the ledger cannot be read", done.stdout)
        self.assertEqual(self.site.run("status").returncode, 78)
        with open(self.site.config_file, "a", encoding="utf-8") as config:
            config.write("\n: {")
        done = self.site.run("status", "--health")
        self.assertEqual((done.returncode, done.stdout), (1, "the config cannot be used: 'tegodrop check' says why\n"))

    def test_a_run_whose_time_is_over_names_what_it_leaves(self):
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once", "--timeout", "5s")
        self.assertEqual(done.returncode, 75, done.stderr)
        left = [line for line in done.stderr.splitlines() if "job.left" in line]
        self.assertEqual(len(left), 1, done.stderr)
        self.assertIn("app.apk", left[0])

    def test_without_a_journal_its_log_goes_to_standard_error(self):
        self.site.settings["log"] = {"format": "journal"}
        self.site.write_config()
        has_one = os.access("/run/systemd/journal/socket", os.W_OK)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual("no journal listens on this machine" in done.stderr, not has_one)


class UmaskTest(ScenarioCase):
    def test_one_that_takes_our_own_rights_away_is_not_followed(self):
        daemon = self.site.start(under=("sh", "-c", 'umask 0177; exec "$@"', "sh"))
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.stop(daemon)
        self.assert_one_delivery()


class HealthOfOutputsTest(ScenarioCase):
    def test_an_output_folder_that_holds_jobs_up_is_something_to_do(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        os.rename(self.folder.output, self.folder.output + ".away")
        os.mkdir(self.folder.output)
        self.folder.drop(self.artifacts.apk(), "other.apk")
        told = until(lambda: [line for line in self.site.run("status", "--health").stdout.splitlines()
                              if "its output folder" in line], "health names it", seconds=60)
        self.assertIn("tegodrop check --accept", told[0])
        self.assertIn("1 artifact waits for its output folder", self.site.run("report").stdout)
        os.rmdir(self.folder.output)
        os.rename(self.folder.output + ".away", self.folder.output)
        self.folder.wait_for_receipt(2, seconds=60)
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
