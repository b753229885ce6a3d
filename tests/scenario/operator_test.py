"""What an administrator says to a running daemon, and to a ledger without one: show, retry, redeliver, cancel, pause, resume,
check --accept. The simulator's own count says what was built."""

import json
import os
import shutil
import signal
import socket
import stat

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import names_of_delivery, sha256_of
from tests.scenario.harness.wait import until


class OperatorCase(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.source = self.artifacts.apk(size=1 << 20)
        # Long enough for a person, so that nothing is sent again behind a test's back.
        self.site.settings["polling"].update(confirm_after="30m")
        self.site.write_config()
        self.daemon = None

    def start(self):
        """The daemon, once it takes commands."""
        self.daemon = self.site.start_and_watch()
        until(lambda: os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "the daemon takes commands")

    def end(self):
        self.stop(self.daemon)
        self.assertFalse(os.path.lexists(os.path.join(self.site.state_dir, "control.sock")))

    def drop(self, name="app.apk"):
        self.folder.drop(self.source, name)

    def say(self, *arguments, code=0):
        """A command, with its results."""
        done = self.site.run(*arguments, "--json")
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], f"tegodrop-{arguments[0]}/1")
        for one in document["results"]:
            self.assertTrue(one["message"])
        return document["results"]

    def job(self):
        jobs = self.site.jobs()
        self.assertEqual(len(jobs), 1)
        return jobs[0]

    def show(self, job):
        done = self.site.run("show", job, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], "tegodrop-show/1")
        return document

    def wait_until_put_away(self, state):
        """Waits until the only job is at this end with its receipt; its entry."""
        job = self.site.wait_for_state(state)
        self.folder.wait_for_receipt()
        until(lambda: "put away" in self.show(job["id"])["timeline"][-1]["note"], "all of it is put away")
        return job

    def fail_one(self):
        """A job that the portal has refused, all put away; its id."""
        self.portal.set(controls_enabled=False)
        self.drop()
        job = self.wait_until_put_away("failed")
        self.portal.set(controls_enabled=True)
        self.assertEqual(job["failure"]["kind"], "portal_refused")
        self.assertEqual(self.folder.room_names("failed"), ["app.apk", "app.apk.reason.json"])
        self.assertEqual(len(self.folder.failures()), 1)
        return job["id"]

    def assert_delivered(self, builds=1):
        """One whole delivery and no trace of a failure, after so many builds."""
        self.site.wait_for_state("delivered")
        receipt = until(lambda: [one for one in self.folder.receipts().values() if one["state"] == "delivered"],
                        "the receipt says delivered")
        self.assertEqual(len(receipt), 1)
        self.assert_counts(builds_queued=builds)
        self.assertEqual(len(self.folder.traces()), 1)
        self.assertEqual(self.folder.failures(), {})
        until(lambda: self.folder.room_names("processed") == ["app.apk"], "the source is archived")
        self.assertEqual(self.folder.room_names("failed"), [])
        trace = next(iter(self.folder.traces().values()))
        self.assertEqual(trace["source"]["sha256"], sha256_of(self.source))
        return trace


class CancelTest(OperatorCase):
    def cancel(self, *states, builds):
        job = self.site.wait_for_state(*states)["id"]
        [told] = self.say("cancel", job)
        self.assertEqual((told["job"], told["ok"]), (job, True))
        self.wait_until_put_away("cancelled")
        self.assertEqual(self.folder.room_names("failed"), ["app.apk", "app.apk.reason.json"])
        [record] = self.folder.failures().values()
        self.assertEqual(record["failure"]["kind"], "cancelled")
        self.assertEqual(self.folder.traces(), {})
        self.assert_counts(builds_queued=builds)
        return job

    def test_claimed(self):
        self.portal.fault("upload_request", {"stall": True})
        self.start()
        self.drop()
        until(lambda: self.portal.counters()["upload_requests"], "the request has arrived")
        job = self.cancel("claimed", builds=0)
        [again] = self.say("cancel", job, code=1)
        self.assertFalse(again["ok"])
        # Taken back: nothing was ever sent, so it is sent now.
        self.say("retry", job)
        self.assert_delivered()
        self.end()

    def test_uploading_breaks_the_upload_off(self):
        self.portal.set(upload_bytes_per_second=100_000)
        self.start()
        self.drop()
        until(lambda: self.portal.counters()["puts_started"], "the upload has begun")
        self.cancel("requested", "uploading", builds=0)
        self.assert_counts(objects_received=0)
        self.end()

    def test_an_upload_in_parts_is_aborted(self):
        self.portal.set(multipart_threshold=200_000, chunk_size=300_000, upload_bytes_per_second=20_000)
        self.start()
        self.drop()
        self.site.wait_for_state("uploading")
        self.cancel("uploading", builds=0)
        until(lambda: self.portal.counters()["abort_requests"] == 1, "the upload in parts is aborted")
        self.end()

    def test_building_leaves_the_build_at_the_portal_and_a_retry_awaits_it(self):
        self.portal.set(hold_builds=True)
        self.start()
        self.drop()
        job = self.cancel("building", builds=1)
        self.portal.set(hold_builds=False)
        until(lambda: self.portal.counters()["builds_finished"] == 1, "the portal goes on with it")
        self.assertEqual(self.folder.traces(), {})
        self.say("retry", job)
        self.assert_delivered(builds=1)
        self.end()


class RetryTest(OperatorCase):
    def test_a_refused_job_once_the_portal_allows_it(self):
        self.start()
        job = self.fail_one()
        [told] = self.say("retry", job[:10])
        self.assertEqual((told["job"], told["ok"]), (job, True))
        self.assert_delivered()
        states = [one["state"] for one in self.show(job)["timeline"]]
        self.assertLess(states.index("failed"), states.index("reclaiming"))
        self.assertEqual(states[-1], "delivered")
        self.end()

    def test_all_that_failed(self):
        self.start()
        job = self.fail_one()
        self.folder.drop(self.artifacts.ipa(), "wrong.apk")
        until(lambda: len([one for one in self.site.jobs() if one["state"] == "failed"]) == 2, "another has failed")
        until(lambda: len(self.folder.receipts()) == 2, "and is put away")
        results = {one["job"]: one for one in self.say("retry", "--failed", code=1)}
        self.assertEqual(len(results), 2)
        self.assertTrue(results.pop(job)["ok"])
        [refused] = results.values()
        self.assertFalse(refused["ok"])
        self.assertIn("drop it again", refused["message"])
        until(lambda: self.folder.traces(), "the one is delivered")
        self.assert_counts(builds_queued=1)
        self.end()

    def test_a_failed_build_fails_again_and_a_rebuild_is_delivered(self):
        self.portal.set(fail_build="no manifest")
        self.start()
        self.drop()
        job = self.wait_until_put_away("failed")["id"]
        self.portal.set(fail_build="")
        self.assertIn("--rebuild", self.say("retry", job)[0]["message"])
        until(lambda: [one["state"] for one in self.show(job)["timeline"]].count("failed") > 2, "it has failed again")
        until(lambda: self.show(job)["timeline"][-1]["note"].startswith("the source is put away"), "put away again")
        self.assertEqual(self.folder.room_names("failed"), ["app.apk", "app.apk.reason.json"])
        self.assert_counts(builds_queued=1)
        # A build's identity has one-second resolution: for so long it says no.
        until(lambda: self.site.run("retry", "--rebuild", job).returncode == 0, "it is uploaded anew", every=0.2)
        self.assert_delivered(builds=2)
        # Never a second delivery.
        [told] = self.say("retry", "--rebuild", job, code=1)
        self.assertIn("redeliver", told["message"])
        self.assert_counts(builds_queued=2)
        self.end()

    def test_a_build_that_is_in_the_history_is_delivered_and_not_built_again(self):
        self.site.settings["polling"].update(deadline="1s")
        self.site.write_config()
        self.portal.set(hold_builds=True)
        self.start()
        self.drop()
        job = self.wait_until_put_away("failed")
        self.assertEqual(job["failure"]["kind"], "build_stuck")
        self.portal.set(hold_builds=False)
        until(lambda: self.portal.counters()["builds_finished"] == 1, "the build has ended after all")
        self.say("retry", job["id"])
        self.assert_delivered(builds=1)
        self.end()

    def test_an_artifact_that_somebody_took_away_cannot_be_retried(self):
        self.start()
        job = self.fail_one()
        os.remove(self.folder.room("failed", "app.apk"))
        self.say("retry", job)
        failed = until(lambda: self.job() if (self.job()["failure"] or {}).get("kind") == "unreadable" else None, "it says so")
        self.assertIn("drop the artifact again", failed["failure"]["remedy"])
        self.assert_counts(builds_queued=0)
        self.end()

    def test_where_the_folder_is_not_changed_the_source_in_it_is_taken(self):
        self.site.configure(after="keep")
        self.portal.set(controls_enabled=False)
        self.start()
        self.drop()
        job = self.site.wait_for_state("failed")["id"]
        until(lambda: "put away" in self.show(job)["timeline"][-1]["note"], "all of it is put away")
        self.portal.set(controls_enabled=True)
        self.say("retry", job)
        self.folder.wait_for_trace()
        self.site.wait_for_state("delivered")
        self.assert_counts(builds_queued=1)
        self.assertEqual(self.folder.waiting_names(), ["app.apk"])
        self.assertEqual(self.folder.failures(), {})
        self.end()


class RedeliverTest(OperatorCase):
    def test_twice_gives_three_whole_deliveries_of_one_build(self):
        self.start()
        self.drop()
        job = self.wait_until_put_away("delivered")["id"]
        for count in (2, 3):
            self.assertTrue(self.say("redeliver", job)[0]["ok"])
            self.folder.wait_for_trace(count)
            until(lambda: self.job()["state"] == "delivered", "delivered again")
            until(lambda: "put away" in self.show(job)["timeline"][-1]["note"], "to its end")
        traces = self.folder.traces()
        names = {trace["protected_output"] for trace in traces.values()}
        self.assertEqual(len(names), 3)
        self.assertEqual(len({trace["output"]["sha256"] for trace in traces.values()}), 1)
        for name in names:
            self.assertEqual({f for f in self.folder.delivered_names() if f.startswith(name)},
                             set(names_of_delivery(name)))
        [receipt] = self.folder.receipts().values()
        self.assertEqual(receipt["state"], "delivered")
        newest = max(traces.items(), key=lambda one: one[1]["times"]["delivered"])[0]
        self.assertEqual(os.path.basename(receipt["trace"]), newest)
        self.assertEqual(self.show(job)["output"]["redeliveries"], 2)
        self.say("cancel", job, code=1)
        self.assert_counts(objects_received=1, builds_queued=1)
        self.assertEqual(self.folder.room_names("processed"), ["app.apk"])
        self.end()

    def test_a_job_that_was_never_delivered_is_refused(self):
        self.start()
        [told] = self.say("redeliver", self.fail_one(), code=1)
        self.assertIn("retry", told["message"])
        self.end()


class PauseTest(OperatorCase):
    folders = ("first", "second")

    def folder_states(self):
        return {one["name"]: one["state"] for one in self.site.status()["folders"]}

    def test_a_pause_lasts_over_a_restart_until_it_is_resumed(self):
        self.start()
        self.say("pause", "first")
        self.drop()
        self.site.wait_until_it_waits_for("paused.*tegodrop resume first")
        self.assertEqual(self.folder_states(), {"first": "paused", "second": "ok"})
        self.site.folders[1].drop(self.source, "other.apk")
        self.site.folders[1].wait_for_receipt()
        self.end()
        self.start()
        self.site.wait_until_it_waits_for("paused.*tegodrop resume first")
        self.assert_counts(upload_requests=1)
        self.say("resume", "first")
        self.folder.wait_for_receipt()
        self.assertEqual(self.folder_states(), {"first": "ok", "second": "ok"})
        self.assert_counts(builds_queued=2)
        self.end()

    def test_all_folders_at_once_also_without_a_daemon(self):
        self.say("pause")
        self.drop()
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertIn("paused", done.stderr)
        self.assert_counts(upload_requests=0)
        self.assertEqual(set(self.folder_states().values()), {"paused"})
        [told] = self.say("resume", "first", code=1)
        self.assertFalse(told["ok"])
        self.say("resume")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_counts(builds_queued=1)

    def test_a_folder_that_the_config_has_not_is_64_and_those_it_has_are_named(self):
        for command in ("pause", "resume"):
            [told] = self.say(command, "third", code=64)
            self.assertIn("first, second", told["message"])


class WithoutDaemonTest(OperatorCase):
    def test_retry_and_cancel_are_carried_out_by_the_next_run(self):
        self.start()
        job = self.fail_one()
        self.end()
        [told] = self.say("retry", job)
        self.assertIn("next run", told["message"])
        self.assertEqual(self.job()["state"], "reclaiming")
        [told] = self.say("retry", job, code=1)
        self.say("cancel", job)
        self.assertEqual(self.site.run("run", "--once").returncode, 1)
        self.assertEqual(self.folder.room_names("failed"), ["app.apk", "app.apk.reason.json"])
        self.say("retry", job)
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assert_delivered()
        self.say("redeliver", job)
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assertEqual(len(self.folder.traces()), 2)
        self.assert_counts(builds_queued=1)

    def test_after_a_daemon_that_was_killed(self):
        self.portal.set(hold_builds=True)
        self.start()
        self.drop()
        job = self.site.wait_for_state("building")["id"]
        self.daemon.send(signal.SIGKILL)
        self.daemon.wait(5)
        self.say("cancel", job)
        self.start()
        self.wait_until_put_away("cancelled")
        self.assertTrue(self.say("pause")[0]["ok"])
        self.end()

    def test_unknown_jobs_are_64(self):
        self.assertEqual(self.site.run("show", "nobody").returncode, 64)
        for command in ("retry", "redeliver", "cancel"):
            self.assertFalse(self.say(command, "nobody", code=64)[0]["ok"])
        self.assertEqual(os.listdir(self.site.state_dir), [])
        self.start()
        self.say("cancel", "nobody", code=64)
        self.assertEqual(self.site.run("show", "nobody").returncode, 64)
        self.end()

    def test_a_daemon_that_does_not_answer_is_75(self):
        self.start()
        self.daemon.send(signal.SIGSTOP)
        os.unlink(os.path.join(self.site.state_dir, "control.sock"))
        done = self.site.run("pause")
        self.daemon.send(signal.SIGCONT)
        self.assertEqual(done.returncode, 75, done.stderr)
        self.end()

    def test_wrong_usage_is_64(self):
        for arguments in (["retry"], ["retry", "x", "--failed"], ["cancel"], ["show"], ["show", "a", "b"], ["pause", "a", "b"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.site.run(*arguments).returncode, 64)


class SocketTest(OperatorCase):
    def test_it_stands_in_the_runtime_folder_where_there_is_one_and_nonsense_harms_nothing(self):
        runtime = os.path.join(self.site.root, "runtime")
        os.mkdir(runtime, 0o700)
        self.daemon = self.site.start(extra_environment={"RUNTIME_DIRECTORY": runtime})
        path = os.path.join(runtime, "control.sock")
        link = os.path.join(self.site.state_dir, "control.sock")
        until(lambda: os.path.islink(link), "the link to the socket stands")
        self.assertEqual(os.path.realpath(link), os.path.realpath(path))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        for nonsense in (b"\n", b"{}\n", b"\xff\x00\n", b"[" * 60_000 + b"\n", b'{"tegodrop": 1, "command": "stop"}\n', b"x" * 70_000):
            with self.subTest(nonsense=nonsense[:20]), socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                client.settimeout(10)
                client.sendall(nonsense)
                answer = json.loads(client.makefile("rb").readline())
                self.assertTrue(answer["error"])
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            self.assertTrue(self.say("pause")[0]["ok"], "one that says nothing holds nobody up")
        self.end()
        self.assertEqual(os.listdir(runtime), [])


class AcceptTest(OperatorCase):
    def replace(self):
        """Another folder stands at the path of the drop folder."""
        os.rename(self.folder.path, self.folder.path + ".old")
        os.mkdir(self.folder.path)

    def state(self):
        return self.site.status()["folders"][0]

    def test_a_replaced_folder_is_missing_until_it_is_accepted(self):
        self.start()
        self.replace()
        self.site.settings["folders"][0]["poll_interval"] = "100ms"
        self.end()
        self.daemon = self.site.start()
        # The first daemon may have seen it go; what to do is known once it was tried to be opened anew.
        until(lambda: self.state()["state"] == "missing" and "tegodrop check --accept first" in self.state()["reason"],
              "the folder is missing, and the status says what to do")
        self.drop()
        until(lambda: os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "the daemon takes commands")
        done = self.site.run("check", "--accept", "first")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("accepted", done.stdout)
        self.folder.wait_for_receipt()
        self.assertEqual(self.state()["state"], "ok")
        self.assert_one_delivery()
        self.end()

    def test_without_a_daemon_the_next_run_takes_it(self):
        self.start()
        self.end()
        self.replace()
        self.drop()
        done = self.site.run("check", "--accept", "first", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(json.loads(done.stdout)["accepted"]), 1)
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assert_one_delivery()

    def test_one_that_is_not_there_is_not_accepted_and_the_right_one_is_taken_when_it_is_back(self):
        self.start()
        self.end()
        self.replace()
        shutil.rmtree(self.folder.path)
        self.assertEqual(self.site.run("check", "--accept", "first").returncode, 78)
        os.rename(self.folder.path + ".old", self.folder.path)
        self.drop()
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assert_one_delivery()

    def test_a_folder_that_the_config_has_not_is_64(self):
        self.assertEqual(self.site.run("check", "--accept", "nobody").returncode, 64)


if __name__ == "__main__":
    runner.main()
