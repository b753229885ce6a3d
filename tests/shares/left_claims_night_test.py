"""A host on a share dies for good: after an hour another one shows what it has claimed, and `retry` takes it over. Lasts that hour."""

from tests.scenario.harness import namespace
from tests.scenario.harness.ssh_server import SshServer
from tests.scenario.harness.wait import until
from tests.shares.harness.case import BACK_WITHIN
from tests.shares.harness.hosts import TwoHostsCase
from tests.shares.harness.mounts import SshfsMount

# An hour, two looks, and what a busy machine takes.
SHOWN_WITHIN = 3600 + 2 * 300 + 120


class LeftClaimsTest(TwoHostsCase):
    switches = {"build_seconds": 20, "concurrent_builds": 100}

    def prepare(self):
        self.server = SshServer(f"{self.site.root}/ssh", self.site.logs)
        self.addCleanup(self.server.close)

    def mount(self, name, path, far):
        return SshfsMount(name, path, far, self.site.logs, self.server, "dir_cache=no")

    def state_of_job(self, host, name):
        return next((one["state"] for one in host.site.jobs() if one["file_name"] == name), None)

    def claims_shown(self, host):
        return [one for one in host.site.status()["notices"] if one["about"].startswith("claim ")]

    def job_of(self, host, name):
        return next(one["id"] for one in host.site.jobs() if one["file_name"] == name)

    def retry(self, host, job):
        done = host.site.run("retry", job)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_what_a_dead_host_has_claimed_is_taken_over_and_built_once(self):
        gone, other = self.hosts
        gone.start()
        built = self.tell(1, ("commit",))
        until(lambda: self.state_of_job(gone, built) in ("submitted", "building"), "the first artifact is at the portal")
        self.portal.fault("upload_request", {"status": 503}, times=1000)
        never_sent = self.tell(2, ("commit", "json"))
        until(lambda: self.state_of_job(gone, never_sent) == "claimed", "the second one is claimed and waits")
        jobs = {name: self.job_of(gone, name) for name in (built, never_sent)}
        gone.kill()
        self.portal.clear_faults()
        other.start()
        self.tell(3)
        until(lambda: len(other.traces()) == 1, "the other host goes on", BACK_WITHIN)
        self.assertEqual(self.claims_shown(other), [])
        until(lambda: len(self.claims_shown(other)) == 2, "both claims are shown", SHOWN_WITHIN, every=5)
        for one in self.claims_shown(other):
            self.assertIn(f"'tegodrop retry {one['about'].removeprefix('claim ')}'", one["message"])
        self.assertIn("history", self.retry(other, jobs[built]))
        self.assertIn("uploaded", self.retry(other, jobs[never_sent]))
        until(lambda: len(other.traces()) == 3, "all are delivered", BACK_WITHIN)
        self.assertEqual(self.claims_shown(other), [])
        # The one that was given up comes back, and finds that nothing of it is its own any more.
        gone.start()
        until(lambda: all(one["state"] == "cancelled" for one in gone.site.jobs()), "the first host leaves both alone", BACK_WITHIN)
        self.stop_and_judge_both()


if __name__ == "__main__":
    namespace.main()
