"""submit: dropping from a build agent that has the folder alone, and its exit code as the release gate."""

import json
import os

from tests import runner
from tests.scenario.harness.case import is_root
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.submit_case import COMMIT, SubmitCase
from tests.scenario.harness.wait import until


class OutcomeTest(SubmitCase):
    """What --wait says of each end, and that the receipt has the submit_id for its name in all of them."""

    def assert_failed(self, kind, source, *arguments, file_name="app.apk"):
        done = self.submit(source, "--wait", "--timeout", "60s", *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        receipts = self.folder.receipts()
        receipt = receipts[self.id_of(done.stderr) + ".json"]
        self.assertEqual((receipt["state"], receipt["failure"]["kind"]), ("failed", kind))
        last = done.stderr.splitlines()[-1]
        for part in (f"{file_name}: failed ({kind})", receipt["job"], receipt["failure"]["message"], receipt["failure"]["remedy"]):
            self.assertIn(part, last)
        return receipt

    def test_a_delivery_ends_with_the_path_of_its_trace(self):
        daemon = self.site.start_and_watch()
        source = self.build(self.artifacts.apk())
        done = self.submit(source, "--commit", COMMIT.upper(), "--wait", "--timeout", "60s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("\n"), 1)
        with open(done.stdout.split()[-1], encoding="utf-8") as file:
            trace = json.load(file)
        self.assertEqual((trace["file_name"], trace["commit_sha"], trace["commit"]["origin"]), ("app.apk", COMMIT, "sidecar"))
        self.assertEqual(trace["source"]["sha256"], sha256_of(source))
        self.assertEqual(list(self.folder.receipts()), [self.id_of(done.stderr) + ".json"])
        self.assert_one_delivery(source=sha256_of(source))
        self.assertEqual(self.folder.room_names("processed"), ["app.apk", "app.apk.json", "app.apk.sha256"])
        self.assertEqual(self.everything_in_the_folder(), [])
        self.stop(daemon)

    def test_a_build_that_fails(self):
        self.portal.set(fail_build="Unsupported native library")
        daemon = self.site.start_and_watch()
        self.assert_failed("build_failed", self.build(self.artifacts.apk()))
        self.stop(daemon)

    def test_what_the_daemon_refuses(self):
        daemon = self.site.start_and_watch()
        with open(self.artifacts.apk(size=200_000), "rb") as file:
            self.assert_failed("incomplete", self.scratch("short.apk", file.read()[:100_000]), file_name="short.apk")
        self.assert_failed("not_an_artifact", self.build(self.artifacts.ipa(), "other.apk"), file_name="other.apk")
        key = self.scratch("ci.json", b'{"signing_key_id": "not-allowed"}')
        self.assert_failed("bad_sidecar", self.build(self.artifacts.apk()), "--json-sidecar", key)
        self.assertEqual(len(self.folder.receipts()), 3)
        self.assert_counts(upload_requests=0)
        self.stop(daemon)

    def test_the_bytes_of_an_earlier_delivery_pass(self):
        self.site.configure(same_bytes="skip")
        daemon = self.site.start_and_watch()
        source = self.build(self.artifacts.apk())
        first = self.submit(source, "--wait", "--timeout", "60s")
        second = self.submit(source, "--wait", "--timeout", "60s")
        self.assertEqual((first.returncode, second.returncode), (0, 0), second.stderr)
        self.assertIn("delivered before", second.stdout)
        self.assertEqual(second.stdout.split()[-1], first.stdout.split()[-1])
        receipt = self.folder.receipts()[self.id_of(second.stderr) + ".json"]
        self.assertEqual(receipt["state"], "duplicate")
        self.assert_counts(builds_queued=1)
        self.stop(daemon)

    def test_the_same_file_twice_in_a_row_gives_two_builds(self):
        daemon = self.site.start_and_watch()
        source = self.build(self.artifacts.apk())
        self.assertEqual(self.submit(source).returncode, 0)
        until(lambda: self.everything_in_the_folder() == [], "the first is taken")
        self.assertEqual(self.submit(source).returncode, 0)
        self.folder.wait_for_receipt(2)
        self.assert_counts(objects_received=2, builds_queued=2)
        self.assertEqual(len(self.folder.traces()), 2)
        self.stop(daemon)

    def test_a_cancelled_job_has_its_receipt_too(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start_and_watch()
        waiting = self.start_submit(self.build(self.artifacts.apk()), "--wait")
        until(lambda: self.portal.counters()["builds_queued"] == 1, "the build is queued")
        self.assertEqual(self.site.run("cancel", self.site.jobs()[0]["id"]).returncode, 0)
        self.assertEqual(waiting.wait(30), 1)
        self.assertIn("(cancelled)", waiting.stderr())
        self.stop(daemon)

    def test_two_files_and_their_document(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start_and_watch()
        files = [self.build(self.artifacts.apk(), "a.apk"), self.build(self.artifacts.ipa(), "b.ipa")]
        sidecar = self.scratch("ci.json", json.dumps({
            "repository": "https://git.example/app", "ref": "refs/heads/main", "build_url": "https://ci.example/7",
            "labels": {"team": "payments"}}).encode())
        program = self.start_submit(*files, "--wait", "--json", "--commit", COMMIT, "--json-sidecar", sidecar)
        until(lambda: self.portal.counters()["builds_queued"] == 2, "both builds are queued")
        self.portal.set(hold_builds=False)
        self.assertEqual(program.wait(60), 0, program.stderr())
        document = json.loads(program.stdout())
        self.assertEqual((document["schema"], document["folder"]), ("tegodrop-submit/1", self.folder.path))
        self.assertEqual([one["file"] for one in document["artifacts"]], files)
        for one in document["artifacts"]:
            with open(one["trace"], encoding="utf-8") as file:
                trace = json.load(file)
            self.assertEqual((one["state"], one["failure"], one["commit_sha"]), ("delivered", None, COMMIT))
            self.assertEqual((trace["file_name"], trace["source"]["sha256"]), (one["file_name"], one["sha256"]))
            self.assertEqual((trace["job"], trace["source"]["size"]), (one["job"], one["size"]))
            self.assertEqual(trace["sidecar"], {"repository": "https://git.example/app", "ref": "refs/heads/main",
                                                "build_url": "https://ci.example/7", "labels": {"team": "payments"}})
        self.assertEqual(sorted(self.folder.receipts()), sorted(one["submit_id"] + ".json" for one in document["artifacts"]))
        self.stop(daemon)

    def test_a_submit_id_of_ones_own(self):
        daemon = self.site.start_and_watch()
        sidecar = self.scratch("ci.json", b'{"submit_id": "pipeline-42.1"}')
        source = self.build(self.artifacts.apk())
        done = self.submit(source, "--json-sidecar", sidecar, "--wait", "--timeout", "60s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(self.folder.receipts()), ["pipeline-42.1.json"])
        again = self.submit(source, "--json-sidecar", sidecar, "--wait")
        self.assertEqual(again.returncode, 1)
        self.assert_one_line(again.stderr, "pipeline-42.1 has a receipt already")
        self.stop(daemon)

    def test_a_timeout_loses_nothing_and_its_command_looks_again(self):
        done = self.submit(self.build(self.artifacts.apk()), "--wait", "--timeout", "1s")
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertIn("app.apk still lies in", done.stderr)
        arguments = done.stderr.splitlines()[-1].partition("to look again: tegodrop submit ")[2]
        submit_id = self.id_of(done.stderr)
        self.assertEqual(arguments, f"--folder '{self.folder.path}' --receipt {submit_id} --wait --timeout 1s")
        daemon = self.site.start()
        again = self.submit("--receipt", submit_id, "--timeout", "60s")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertTrue(os.path.exists(again.stdout.split()[-1]), again.stdout)
        self.assert_one_delivery()
        self.stop(daemon)


class CommitTest(SubmitCase):
    """Where the commit of a drop comes from."""

    def delivered(self, *arguments, **environment):
        """What standard error said, and the trace."""
        done = self.submit(self.build(self.artifacts.apk()), *arguments, "--wait", "--timeout", "60s", environment=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(done.stdout.split()[-1], encoding="utf-8") as file:
            return done.stderr, json.load(file)

    def test_the_ci_names_it_unless_the_command_does(self):
        daemon = self.site.start_and_watch()
        told, trace = self.delivered(GITHUB_SHA="main", CI_COMMIT_SHA=COMMIT.upper(), GIT_COMMIT="f" * 40)
        self.assertEqual((trace["commit_sha"], trace["commit"]["origin"]), (COMMIT, "sidecar"))
        self.assertIn(f"the commit is {COMMIT}, from CI_COMMIT_SHA\n", told)
        self.assertIn("GITHUB_SHA holds no commit SHA", told)
        told, trace = self.delivered("--commit", COMMIT, GITHUB_SHA="f" * 40)
        self.assertEqual((trace["commit_sha"], trace["commit"]["candidates"]), (COMMIT, [{"origin": "sidecar", "sha": COMMIT}]))
        self.assertNotIn("GITHUB_SHA", told)
        self.stop(daemon)

    def test_what_git_describe_prints_is_the_ref_and_no_commit(self):
        daemon = self.site.start_and_watch()
        for arguments, environment in ((["--commit", "v1.2-3-gabcdef0"], {"GITHUB_SHA": "f" * 40}), ([], {"GIT_COMMIT": "v1.2-3-gabcdef0"})):
            with self.subTest(arguments=arguments):
                told, trace = self.delivered(*arguments, **environment)
                self.assertIn("git describe output", told)
                self.assertEqual((trace["commit_sha"], trace["commit"]["candidates"]), (None, []))
                self.assertEqual(trace["sidecar"]["ref"], "v1.2-3-gabcdef0")
        self.stop(daemon)

    def test_so_it_is_in_a_sidecar_by_hand(self):
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk", commit="v1.2-3-gabcdef0\n")
        trace = self.folder.wait_for_trace()
        self.assertEqual((trace["commit_sha"], trace["sidecar"]["ref"]), (None, "v1.2-3-gabcdef0"))
        self.stop(daemon)

    def test_the_document_says_where_it_is_from(self):
        done = self.submit(self.build(self.artifacts.apk()), "--json", environment={"BUILD_SOURCEVERSION": COMMIT})
        self.assertEqual(done.returncode, 0, done.stderr)
        one = json.loads(done.stdout)["artifacts"][0]
        self.assertEqual((one["commit_sha"], one["commit_from"]), (COMMIT, "BUILD_SOURCEVERSION"))
        done = self.submit(self.build(self.artifacts.apk(), "b.apk"), "--json")
        one = json.loads(done.stdout)["artifacts"][0]
        self.assertEqual((one["commit_sha"], one["commit_from"]), (None, None))


class RefusalTest(SubmitCase):
    """What is refused here leaves the folder as it was."""

    def assert_refused(self, code, *arguments, said=(), folder=None):
        before = self.everything_in_the_folder()
        done = self.submit(*arguments, folder=folder)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for part in said:
            self.assertIn(part, done.stderr)
        self.assertEqual(self.everything_in_the_folder(), before)
        return done

    def test_files_that_are_none(self):
        self.assert_one_line(self.assert_refused(1, "gone.apk", said=["gone.apk"]).stderr)
        os.mkdir(os.path.join(self.checkout, "folder.apk"))
        self.assert_one_line(self.assert_refused(1, "folder.apk", said=["not a regular file"]).stderr)
        self.assert_one_line(self.assert_refused(1, self.scratch("notes.txt", b"x"), said=["neither in .apk"]).stderr)
        self.assert_one_line(self.assert_refused(1, self.scratch(".app.apk", b"x"), said=["pass over"]).stderr)
        odd = os.fsencode(self.checkout) + b"/caf\xe9.apk"
        with open(odd, "wb"):
            self.assert_one_line(self.assert_refused(1, odd, said=["not UTF-8"]).stderr)
        unreadable = self.scratch("app.apk", b"x")
        os.chmod(unreadable, 0)
        if not is_root():
            self.assert_one_line(self.assert_refused(1, unreadable, said=["Permission denied"]).stderr)

    def test_a_name_that_still_waits(self):
        self.folder.put("app.apk", b"somebody's")
        source = self.build(self.artifacts.apk())
        self.assert_one_line(self.assert_refused(1, source, said=["is there already", "Submit it again"]).stderr)
        with open(os.path.join(self.folder.path, "app.apk"), "rb") as file:
            self.assertEqual(file.read(), b"somebody's")

    def test_folders_that_are_none(self):
        source = self.build(self.artifacts.apk())
        self.assert_one_line(self.assert_refused(73, source, folder=self.site.root + "/nowhere", said=["nowhere"]).stderr)
        self.assert_one_line(self.assert_refused(73, source, folder=source, said=["Not a directory"]).stderr)
        os.chmod(self.folder.path, 0o555)
        if not is_root():
            self.assert_one_line(self.assert_refused(73, source, said=["cannot write into the drop folder"]).stderr)

    def test_wrong_words(self):
        source = self.build(self.artifacts.apk())
        self.assert_refused(64, source, "--commit", "main", said=["40 or 64 hex digits", "under ref in --json-sidecar"])
        self.assert_refused(64, said=["wants files"])
        self.assert_refused(64, source, "--timeout", "5m", said=["--wait"])
        self.assert_refused(64, source, "--wait", "--timeout", "soon", said=["duration"])
        self.assert_refused(64, source, "--receipt", "x", said=["--receipt"])
        self.assert_refused(64, "--receipt", "../x", said=["--receipt"])
        self.assert_refused(64, "--receipt", "x", source, said=["wants files, or --receipt"])
        self.assert_refused(64, source, "./app.apk", said=["one after the other"])
        self.assert_refused(64, source, "--rooms", "a/b", said=["--rooms"])

    def test_sidecars_that_the_daemon_would_not_take(self):
        source = self.build(self.artifacts.apk())
        for text, said in ((b"{", "not JSON"), (b"[]", "no object"), (b'{"ref": 7}', "'ref'"), (b"[" * 100_000, "64 KiB"),
                           (b'{"commit_sha": "%s"}' % (b"a" * 40), "--commit is"), (b'{"submit_id": "a b"}', "submit_id"),
                           (b'{"sha256": "%s"}' % (b"0" * 64), "its sidecar names")):
            with self.subTest(text=text[:40]):
                sidecar = self.scratch("ci.json", text)
                self.assert_refused(1, source, "--commit", COMMIT, "--json-sidecar", sidecar, said=[said])

    def test_the_help_needs_no_folder(self):
        done = self.site.run("submit", "--help", config=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("after: keep", done.stdout)


class BreakingOffTest(SubmitCase):
    """Stopped and killed in the middle of the copy, nothing is left behind."""

    def copying(self):
        """A submit whose copy has begun, and the process of it that copies."""
        program = self.start_submit(self.large(), "--wait")

        def begun():
            sizes = [os.path.getsize(os.path.join(self.folder.path, name)) for name in self.everything_in_the_folder()]
            return sizes and sizes[0] > 0
        until(begun, "the copy has begun", every=0.001)
        names = self.everything_in_the_folder()
        self.assertEqual(len(names), 1)
        self.assertRegex(names[0], r"^\.tegodrop-submit-[0-9a-z]{16}\.part$")
        return program

    def child_of(self, program):
        """The process of it that touches the folder."""
        with open(f"/proc/{program.pid}/task/{program.pid}/children", encoding="ascii") as file:
            return int(file.read())

    def test_stopped_by_each_signal(self):
        for number in (15, 2):
            with self.subTest(signal=number):
                program = self.copying()
                program.send(number)
                self.assertEqual(program.wait(30), 75)
                self.assertIn("stopped; nothing was dropped", program.stderr())
                self.assertEqual(self.everything_in_the_folder(), [])

    def test_killed(self):
        program = self.copying()
        program.kill()
        until(lambda: self.everything_in_the_folder() == [], "what was begun is removed")

    def test_a_folder_that_hangs_is_named_and_left_behind(self):
        program = self.copying()
        hung = self.child_of(program)
        os.kill(hung, 19)
        try:
            until(lambda: "no answer for" in program.stderr(), "it says what it waits for")
            self.assertIn("copying", program.stderr())
            self.assertIn(self.folder.path, program.stderr())
            program.send(15)
            self.assertEqual(program.wait(20), 75)
            self.assertIn("gave up", program.stderr())
        finally:
            os.kill(hung, 18)
        until(lambda: self.everything_in_the_folder() == [], "what was begun is removed once the folder answers")


if __name__ == "__main__":
    runner.main()
