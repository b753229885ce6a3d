"""https only to whom the system's authorities or `ca_file` vouch for; plain http only to a loopback address."""

from tests import runner
from tests.scenario.harness.case import ScenarioCase


class HttpsTest(ScenarioCase):
    https = True

    def trust(self, path):
        self.site.settings["portal"]["ca_file"] = path
        self.site.write_config()

    def test_a_portal_that_ca_file_vouches_for(self):
        self.assertTrue(self.portal.url.startswith("https://"), self.portal.url)
        self.trust(self.portal.ca_file)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assertEqual(self.assert_one_delivery()["portal_url"], self.portal.url)
        self.stop(daemon)

    def test_a_portal_that_nobody_vouches_for_gets_nothing_and_the_daemon_waits(self):
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("certificate")
        self.assertIsNone(daemon.code)
        self.assert_counts(upload_requests=0, puts_started=0)
        self.assertEqual(self.folder.failures(), {})
        self.stop(daemon)
        # With the authority's certificate the same job goes on.
        self.trust(self.portal.ca_file)
        daemon = self.site.start()
        self.folder.wait_for_receipt(seconds=60)
        self.assert_one_delivery()
        self.stop(daemon)

    def test_a_certificate_for_another_name_gets_nothing(self):
        # It is made out for 127.0.0.1, ::1 and localhost; 0.0.0.0 leads there too, under a name that it lacks.
        self.trust(self.portal.ca_file)
        self.site.settings["portal"]["url"] = self.portal.url.replace("127.0.0.1", "0.0.0.0")
        self.site.write_config()
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("certificate")
        self.assert_counts(upload_requests=0)
        self.stop(daemon)

    def test_a_ca_file_that_is_not_there_or_no_certificate_is_78(self):
        for path in ("/nonexistent/ca.pem", self.site.config_file):
            with self.subTest(path=path):
                self.trust(path)
                self.assertEqual(self.site.run("check").returncode, 78)


class PlainHttpTest(ScenarioCase):
    def test_plain_http_to_another_machine_is_a_fault_of_the_config(self):
        self.site.settings["portal"]["url"] = "http://portal.example/frontend"
        self.site.write_config()
        done = self.site.run("check")
        self.assertEqual(done.returncode, 78)
        self.assertIn("https", done.stdout + done.stderr)


if __name__ == "__main__":
    runner.main()
