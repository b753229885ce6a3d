"""The portal's page by command line: every endpoint, every refusal, what is asked before something is destroyed."""

import hashlib
import os
import subprocess

from tests import runner
from tests.scenario.harness.page_case import PASSWORD, PageCase
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

DAY = 24 * 3600


class EveryEndpointTest(PageCase):
    # Parts for a file of a few megabytes.
    switches = {"build_seconds": 0.2, "multipart_threshold": 4 << 20, "chunk_size": 2 << 20}

    def setUp(self):
        super().setUp()
        self.table = []
        self.seen = 0

    def asked(self, command):
        """What was sent since the last call; a line of the table for each."""
        bodies = self.portal.bodies()
        new, self.seen = bodies[self.seen:], len(bodies)
        self.table += [(command, *one) for one in new]
        return new

    def test_each_is_called_as_the_page_says(self):
        self.folder.drop(self.artifacts.apk(size=5 << 20), "large.apk")
        [row] = self.deliver("app.apk")
        sent = {endpoint: body for endpoint, body in self.asked("run --once")}
        self.assertLessEqual({"upload_application_build", "complete_multipart_upload", "get_application_builds",
                              "download_application_build"}, set(sent))
        which = {"version": "production", "platform": "android", "start_time": row["start_time"], "file_name": "app.apk"}
        self.abort_one()

        apps = self.tell("apps", "list")
        self.assertEqual(self.asked("apps list"), [["get_applications", {}]])
        app = next(one for one in apps["applications"] if one["build_name"] == "app")["application_id"]
        listed = self.tell("builds", "list", "--version", "production")
        self.assertEqual(self.asked("builds list"),
                         [["get_application_builds", {"version": "production", "page": 1, "page_size": 50}]])
        self.assertEqual({**listed, "schema": None}, {"schema": None, "results": self.portal.history(), "total_count": 2, "page": 1,
                                                      "page_size": 50, "total_pages": 1, "builds_used_apple": 0,
                                                      "builds_used_android": 2, "still_waiting": False})
        self.seen = len(self.portal.bodies())
        output = os.path.join(self.place, "out.apk")
        self.say("builds", "download", *self.build_arguments(row), "--output", output)
        self.assertEqual(self.asked("builds download")[-1], ["download_application_build", which])
        self.assertEqual(sha256_of(output), next(one for one in self.portal.state()["builds"] if one["name"] == "app.apk")["output_sha256"])

        key = self.tell("keys", "upload", self.key_file(), "--name", "Release \"1\"", "--platform", "android", "--alias", "rel",
                        "--default", "--password-file", self.password_file())["key_id"]
        self.assertEqual(self.asked("keys upload"),
                         [["upload_signing_key", {"key_name": "Release \"1\"", "platform": "android", "file_name": "release.jks",
                                                  "password": "(hidden)", "alias": "rel", "file_size": 4096, "is_default": False}],
                          # Once its file is there.
                          ["set_default_signing_key", {"platform": "android", "key_id": key}]])
        listed = self.tell("keys", "list")["signing_keys"]
        self.assertEqual(self.asked("keys list"), [["get_signing_keys", {}]])
        self.assertIn((key, "Release \"1\"", True), [(one["key_id"], one["key_name"], one["is_default"]) for one in listed])
        self.say("keys", "clear-default", "--platform", "android")
        self.assertEqual(self.asked("keys clear-default"), [["set_default_signing_key", {"platform": "android"}]])
        self.say("keys", "set-default", key, "--platform", "android")
        self.assertEqual(self.asked("keys set-default"), [["set_default_signing_key", {"platform": "android", "key_id": key}]])
        self.say("signing-file", "upload", self.key_file("legacy.jks"), "--application", app, "--platform", "android", "--alias", "old",
                 "--password-file", self.password_file())
        self.assertEqual(self.asked("signing-file upload"),
                         [["upload_code_signing_file", {"file": "legacy.jks", "password": "(hidden)", "application_id": app,
                                                        "platform": "android", "alias": "old"}]])
        self.check_stored(key, app)
        self.say("builds", "sign", *self.build_arguments(row, version=False))
        self.assertEqual(self.asked("builds sign"),
                         [["sign_application_build", {"platform": "android", "name": "app.apk", "start_time": row["start_time"]}]])
        self.say("keys", "delete", key, "--yes")
        self.assertEqual(self.asked("keys delete"), [["delete_signing_key", {"key_id": key}]])
        # The build is being signed; then it may go.
        self.portal.advance(8 * DAY)
        self.say("builds", "delete", *self.build_arguments(row), "--yes")
        self.assertEqual(self.asked("builds delete"), [["delete_application_build", which]])
        self.say("apps", "delete", app, "--yes")
        self.assertEqual(self.asked("apps delete"), [["delete_application", {"application_id": app}]])
        self.assert_counts(keys_deleted=1, builds_deleted=1, applications_deleted=1, key_files_received=2)
        self.print_table()
        self.assertEqual(self.portal.violations(), [])

    def abort_one(self):
        """A part that is lost and a job that is given up: what stood open there is aborted."""
        self.portal.fault("part", {"status": 503}, times=1000)
        self.folder.drop(self.artifacts.apk(size=6 << 20), "given-up.apk")
        daemon = self.site.start_and_watch()
        job = until(lambda: next((one for one in self.site.jobs() if one["state"] == "uploading"), None), "its parts are lost")
        self.say("cancel", job["id"])
        self.folder.wait_for_receipt(3)
        until(lambda: self.portal.counters()["uploads_aborted"] == 1, "what stood open at the portal is aborted")
        self.stop(daemon)
        self.portal.clear_faults()
        self.assertIn("abort_multipart_upload", [endpoint for endpoint, _ in self.asked("cancel")])

    def check_stored(self, key, app):
        state = self.portal.state()
        stored = next(one for one in state["signing_keys"] if one["key_id"] == key)
        self.assertEqual((stored["password_sha256"], stored["file_sha256"]),
                         (hashlib.sha256(PASSWORD.encode()).hexdigest(), sha256_of(os.path.join(self.place, "release.jks"))))
        application = next(one for one in state["applications"] if one["application_id"] == app)
        self.assertEqual(application["signing_file_sha256"], sha256_of(os.path.join(self.place, "legacy.jks")))

    def print_table(self):
        print("\ncommand | endpoint | request as sent")
        for row in dict.fromkeys((command, endpoint, str(body)) for command, endpoint, body in self.table):
            print(" | ".join(row))
        self.assertEqual({endpoint for _, endpoint, _ in self.table},
                         {"get_applications", "get_application_builds", "upload_application_build", "complete_multipart_upload",
                          "abort_multipart_upload", "download_application_build", "delete_application_build", "delete_application",
                          "get_signing_keys", "upload_signing_key", "set_default_signing_key", "delete_signing_key",
                          "upload_code_signing_file", "sign_application_build"})


class RefusalsTest(PageCase):
    """What the page lets the portal refuse, as a person sees it."""

    def refused(self, code, words, *arguments):
        said = self.say(*arguments, code=code)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertIn(words, said)
        print(f"{code} | tegodrop {' '.join(arguments)[:60]} | {said.strip()}")

    def key_arguments(self, *changed, file=None):
        return ["keys", "upload", file or self.key_file(), "--name", "Release", "--platform", "android", "--alias", "rel",
                "--password-file", self.password_file(), *changed]

    def test_unknown_ids(self):
        for arguments, look in ((("apps", "delete", "app-x", "--yes"), "apps list"), (("keys", "delete", "key-x", "--yes"), "keys list"),
                                (("keys", "set-default", "key-x", "--platform", "ios"), "keys list")):
            self.refused(1, f"see 'tegodrop {look}'", *arguments)
        nothing = {"version": "staging", "platform": "ios", "start_time": 1700000000, "name": "no.ipa"}
        self.refused(1, "see 'tegodrop builds list --version staging'", "builds", "delete", *self.build_arguments(nothing), "--yes")
        self.refused(1, "has no such build", "builds", "download", *self.build_arguments(nothing), "--output", self.place)
        self.refused(1, "There is no such build", "builds", "sign", *self.build_arguments(nothing, version=False))

    def test_seven_days(self):
        self.deliver("app.apk")
        app = self.tell("apps", "list")["applications"][0]["application_id"]
        self.refused(1, "within 7 days of its creation; do as the portal says", "apps", "delete", app, "--yes")

    def test_the_permission_and_the_plan(self):
        self.portal.set(builds_permission=False)
        self.refused(77, "permissions (Builds)", "keys", "delete", "key-1", "--yes")
        self.refused(77, "permissions (Builds)", *self.key_arguments())
        self.portal.set(builds_permission=True, plan="FREE")
        self.refused(77, "Team or Enterprise plan", "keys", "list")
        self.assertEqual(self.tell("apps", "list")["applications"], [])

    def test_credentials(self):
        self.site.write_private(self.site.token_file, "wrong:secret-of-nobody\n")
        self.refused(77, "put a token", "builds", "list", "--version", "production")
        os.remove(self.site.token_file)
        self.refused(78, "the token file", "apps", "list")

    def test_ten_megabytes_the_ending_and_the_alias_before_anything_is_sent(self):
        self.refused(1, "over 10 MB", *self.key_arguments(file=self.key_file("big.jks", (10 << 20) + 1)))
        self.refused(1, ".jks, .keystore", *self.key_arguments(file=self.key_file("key.pem")))
        self.refused(1, "is empty", *self.key_arguments(file=self.key_file("empty.jks", 0)))
        self.refused(1, "No such file", *self.key_arguments(file=os.path.join(self.place, "none.jks")))
        os.chmod(self.password_file(), 0o644)
        self.assertIn("chmod 600", self.say("signing-file", "upload", self.key_file("key.p12"), "--application", "a", "--platform", "ios",
                                            "--password-file", os.path.join(self.place, "password"), code=1))
        said = self.say("keys", "upload", self.key_file(), "--name", "Release", "--platform", "android", code=64)
        self.assertIn("an android key needs its --alias", said)
        self.assertEqual(self.portal.requests(), [])

    def test_no_control_enabled_two_gigabytes_and_build_limits_fail_or_hold_the_job(self):
        self.portal.set(controls_enabled=False)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 1, done.stderr)
        _, failure = self.folder.wait_for_failure()
        self.assertEqual(failure["failure"]["kind"], "portal_refused")
        self.assertTrue(failure["failure"]["remedy"])
        print(f"1 | run --once | {failure['failure']['message']}; {failure['failure']['remedy']}")
        self.portal.set(controls_enabled=True, max_file_size=1000)
        self.folder.drop(self.artifacts.apk(), "large.apk")
        self.assertEqual(self.site.run("run", "--once").returncode, 1)
        failure = next(one for one in self.folder.failures().values() if one["file_name"] == "large.apk")["failure"]
        self.assertIn(failure["kind"], ("too_large", "portal_refused"))
        print(f"1 | run --once | {failure['message']}; {failure['remedy']}")
        self.portal.set(max_file_size=2 << 30, build_quota=1)
        self.deliver("one.apk")
        self.folder.drop(self.artifacts.apk(), "many.apk")
        done = self.site.run("run", "--once", "--timeout", "3s")
        self.assertEqual(done.returncode, 75, done.stderr)
        [waits] = [one for one in self.site.jobs() if one["file_name"] == "many.apk"]
        print(f"75 | run --once --timeout 3s | {waits['waiting_for']}")
        self.assertIn("quota", waits["waiting_for"])

    def test_a_portal_that_is_away_and_one_in_trouble(self):
        self.portal.fault("applications", {"status": 503}, times=2)
        self.assertEqual(self.tell("apps", "list")["applications"], [], "passing trouble is met with more tries")
        self.portal.set(portal_down=True)
        self.refused(69, "wait for the portal", "apps", "list")

    def test_what_may_have_been_done_says_so(self):
        [row] = self.deliver("app.apk")
        self.portal.fault("delete_build", {"lost_answer": True})
        self.refused(69, "it may have been done all the same: look with 'tegodrop builds list", "builds", "delete",
                     *self.build_arguments(row), "--yes")
        self.assert_counts(builds_deleted=1, delete_build_requests=1)


    def test_a_name_that_is_no_builds_is_refused_before_anything_is_sent(self):
        """The portal cuts a path off: another build than the named one would go."""
        [row] = self.deliver("app.apk")
        asked = len(self.portal.requests())
        for name, words in (("other/app.apk", "no path"), ("other\\app.apk", "no path"), ("app.ipa", ".apk or .aab"), ("app", ".apk or .aab")):
            for command in (("delete", "--yes", "--version", "production"), ("download", "--output", self.place, "--version", "production"),
                            ("sign",)):
                self.assertIn(words, self.say("builds", *command, *self.build_arguments({**row, "name": name}, version=False), code=64))
        self.assertEqual(len(self.portal.requests()), asked)

    def test_mistakes(self):
        self.assertIn("'foo' is no command; there are list, download, delete, sign, prune", self.say("builds", "foo", code=64))
        self.assertIn("'foo' is no command; there are run", self.say("foo", code=64))
        row = {"version": "production", "platform": "ios", "start_time": 1, "name": "a.ipa"}
        self.assertIn("no download to standard output", self.say("builds", "download", *self.build_arguments(row), "--output", "-", code=64))
        self.assertIn("lies in the drop folder first", self.say("builds", "download", *self.build_arguments(row), "--output", self.folder.path, code=64))
        link = os.path.join(self.place, "link")
        os.symlink(self.folder.path, link)
        self.assertIn("lies in the drop folder first", self.say("builds", "download", *self.build_arguments(row), "--output",
                                                                os.path.join(link, "a.ipa"), code=64))
        self.assertEqual(self.portal.requests(), [])

    def test_streams_that_are_closed(self):
        for arguments in ("apps list", "builds list --version production", "keys list"):
            for closed, code in (("<&-", 0), ("2>&-", 0), (">&-", 73)):
                with self.subTest(arguments=arguments, closed=closed):
                    done = subprocess.run(["sh", "-c", f'exec "$0" --config "$1" {arguments} {closed}', path_of("TEGODROP"), self.site.config_file],
                                          env=self.site.environment, capture_output=True, check=False)
                    self.assertEqual(done.returncode, code, done.stderr)


class AskingTest(PageCase):
    def test_what_destroys_shows_it_and_asks(self):
        [row] = self.deliver("app.apk")
        self.portal.advance(8 * DAY)
        app = self.tell("apps", "list")["applications"][0]["application_id"]
        key = self.tell("keys", "upload", self.key_file(), "--name", "Mine", "--platform", "android", "--alias", "a", "--password-file",
                        self.password_file())["key_id"]
        for arguments, shown, counter in ((("apps", "delete", app), "app, android", "applications_deleted"),
                                          (("builds", "delete", *self.build_arguments(row)), "app.apk (production, android",
                                           "builds_deleted"),
                                          (("keys", "delete", key), "Mine, android, release.jks", "keys_deleted")):
            with self.subTest(arguments[:2]):
                self.assertIn("give --yes", self.say(*arguments, code=64))
                for answer in ("no", "", "y", "YES PLEASE"):
                    asked = self.terminal(*arguments)
                    self.assertIn(shown, asked.read_until("[yes/no]").replace("\r\n", ""))
                    asked.type(answer)
                    self.assertEqual(asked.end(), 1, asked.shown)
                    self.assertIn("nothing was deleted", asked.shown)
                self.assert_counts(**{counter: 0})
                asked = self.terminal(*arguments)
                asked.read_until("[yes/no]")
                asked.type("yes")
                self.assertEqual(asked.end(), 0, asked.shown)
                self.assert_counts(**{counter: 1})

    def test_the_config_that_names_a_key_is_told_of(self):
        self.site.settings["folders"][0]["signing_key"] = "key-1"
        self.site.write_config()
        self.portal.set(signing_keys="key-1:android:Mine")
        done = self.site.run("keys", "delete", "key-1", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the config names key key-1 for first", done.stderr)


class SigningTest(PageCase):
    def test_a_build_that_is_signed_by_hand_meanwhile_is_awaited_and_delivered_signed(self):
        self.deliver("app.apk")
        app = self.tell("apps", "list")["applications"][0]["application_id"]
        self.say("signing-file", "upload", self.key_file("legacy.p12"), "--application", app, "--platform", "android", "--alias", "old",
                 "--password-file", self.password_file())
        self.site.settings["polling"] = {"interval": "4s"}
        self.site.write_config()
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        row = until(lambda: next((one for one in self.portal.history() if one["success"] and one["start_time"] != self.first()), None), "the portal is done, and nobody looked yet")
        self.portal.set(build_seconds=6)
        self.say("builds", "sign", *self.build_arguments(row, version=False))
        shown = self.tell("builds", "list", "--version", "production", "--name", "app.apk")["results"]
        self.assertEqual(next(one for one in shown if one["start_time"] == row["start_time"])["success"], False)
        self.assertIn("reset", self.say("builds", "list", "--version", "production", "--state", "reset"))
        waits = until(lambda: [one["waiting_for"] for one in self.site.jobs() if "sign" in (one["waiting_for"] or "")], "it says what it waits for")
        print(f"waiting_for | {waits[0]}")
        self.folder.wait_for_trace(2)
        trace = next(one for one in self.folder.traces().values() if one["start_time"] == row["start_time"])
        self.assertEqual(trace["build"]["signed"], True)
        self.assertEqual(self.folder.failures(), {})
        self.stop(daemon)
        self.assert_counts(builds_queued=2)

    def first(self):
        [trace] = self.folder.traces().values()
        return trace["start_time"]


if __name__ == "__main__":
    runner.main()
