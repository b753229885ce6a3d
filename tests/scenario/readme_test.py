"""Every example of the README, run as it stands there; only paths, portal and tenant are this test's own."""

import json
import os
import re
import subprocess

import yaml

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.exposition import read_metrics
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.receiver import Receiver
from tests.scenario.harness.wait import until


def examples():
    """The fenced blocks of the README that a comment above them names."""
    with open("README.md", encoding="utf-8") as file:
        text = file.read()
    return dict(re.findall(r"<!-- example: (\w+) -->\n```\w+\n(.*?)```", text, re.DOTALL)), text


class ReadmeTest(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.examples, self.text = examples()
        programs = os.path.join(self.site.root, "bin")
        os.mkdir(programs)
        os.symlink(path_of("TEGODROP"), os.path.join(programs, "tegodrop"))
        self.environment = {**self.site.environment, "PATH": f"{programs}:/usr/bin:/bin",
                            "TEGODROP_CONFIG": self.site.config_file, "GIT_CONFIG_GLOBAL": "/dev/null"}
        os.mkdir(os.path.join(self.site.root, "textfile"))
        os.mkdir(os.path.join(self.site.root, "reports"))
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.site.write_private(os.path.join(self.site.root, "webhook"), self.receiver.url + "\n")
        config = self.here(self.examples["config"] + self.examples["metrics"] + self.examples["nights"] + self.examples["notify"]).replace("https://app.apptego.com/frontend", self.portal.url)
        config = config.replace("9f1c0a4e7b8d4a4db52e6a6d5c5c1f11", self.portal.tenant)
        # What an administrator adds for a rehearsal: a state folder of its own, and no waiting.
        self.site.write_private(self.site.config_file,
                                f"{config}{self.examples['limits']}state_dir: {self.site.state_dir}\n"
                                "polling: {interval: 100ms}\n")

    def here(self, text):
        for there, ours in (("/srv/drop/production", self.folder.path), ("/srv/protected/production", self.folder.output),
                            ("/etc/tegodrop/token", self.site.token_file),
                            ("/etc/tegodrop/webhook", os.path.join(self.site.root, "webhook")),
                            ("/var/lib/tegodrop-reports", os.path.join(self.site.root, "reports")),
                            ("/var/lib/prometheus/node-exporter", os.path.join(self.site.root, "textfile"))):
            text = text.replace(there, ours)
        return text

    def shell(self, name, folder=None):
        return self.run_lines(name, self.examples[name], folder)

    def run_lines(self, name, lines, folder=None, **environment):
        done = subprocess.run(["sh", "-euc", self.here(lines)], cwd=folder or self.site.root,
                              env={**self.environment, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, f"example {name}: {done.stdout}{done.stderr}")
        return done.stdout

    def checkout(self):
        """A folder as a build agent has it: an app beside its history; (the folder, its commit)."""
        folder = os.path.join(self.site.root, "checkout")
        os.mkdir(folder)
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
        for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
            subprocess.run(git + command, cwd=folder, env=self.environment, check=True, capture_output=True)
        with open(self.artifacts.apk(), "rb") as source, open(os.path.join(folder, "app.apk"), "wb") as app:
            app.write(source.read())
        commit = subprocess.run(git + ["rev-parse", "HEAD"], cwd=folder, env=self.environment, check=True,
                                capture_output=True, text=True).stdout.strip()
        return folder, commit

    def test_the_examples_in_their_order(self):
        check, run = self.examples["commands"].splitlines()
        self.assertEqual((check, run), ("tegodrop check", "tegodrop run"))
        done = self.site.run("check")
        self.assertEqual(done.returncode, 0, done.stderr)
        daemon = self.site.start("run")
        folder, commit = self.checkout()
        until(lambda: os.path.isdir(self.folder.room("receipts")), "the daemon has opened the folder")
        self.shell("drop", folder)
        self.folder.wait_for_receipt()
        trace = self.folder.wait_for_trace()
        self.assertEqual(self.shell("trace").splitlines(),
                         ["production", str(trace["start_time"]), trace["file_path"], commit, trace["protected_output"]])
        verified = self.shell("verify", folder)
        self.assertIn("1 of 1 delivery is what its records say", verified)
        self.assertIn(f"{self.folder.output}/{trace['protected_output']}\ntrue\n", verified)
        self.assertIn(f"commit {commit}", verified.splitlines()[-1])
        self.assertIn("app.apk", self.shell("status"))
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.assertIn("delivered", self.shell("show"))
        self.shell("report")
        self.assertTrue(os.path.getsize(os.path.join(self.site.root, "report.html")))
        until(lambda: os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "the daemon takes commands")
        self.assertIn("published again", self.shell("operate"))
        self.folder.wait_for_trace(2)
        self.assertIn("the store for uploads and downloads is reached", self.shell("online"))
        self.assertIn("app.apk", self.shell("page"))
        for name, content in (("release.jks", "a key"), ("key-password", "its password")):
            with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(content)
        self.assertIn("the platform's default", self.shell("keys", folder))
        self.assertIn("were read again", self.shell("reload"))
        self.assertIn("nothing to accept", self.shell("accept"))
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end again")
        self.stop(daemon)
        self.shell("once")
        self.assertEqual(sorted(os.path.splitext(name)[1] for name in os.listdir(os.path.join(self.site.root, "reports"))),
                         [".html", ".json"], "of the run")
        with open(os.path.join(self.site.root, "textfile", "tegodrop.prom"), encoding="utf-8") as file:
            told = {name for name, _ in read_metrics(file.read())[0]}
        # Of the moment nothing is told at the end; the rest is named by its own test.
        self.assertIn("tegodrop_artifacts_total", told)
        self.assertLessEqual(told, set(re.findall(r"`(tegodrop_\w+)", self.text)))

    def assert_trace(self, path, commit):
        with open(path.split()[-1], encoding="utf-8") as file:
            trace = json.load(file)
        self.assertEqual((trace["file_name"], trace["commit_sha"], trace["commit"]["origin"]), ("app.apk", commit, "sidecar"))

    def jenkins_lines(self):
        """What the pipeline's steps hand to the shell."""
        text = self.examples["agent_jenkins"]
        self.assertEqual([text.count(one) for one in "{("], [text.count(one) for one in "})"])
        return re.findall(r"^ +sh '([^'\n]+)'$", text, re.MULTILINE)

    def test_the_examples_for_build_agents(self):
        daemon = self.site.start_and_watch()
        folder, commit = self.checkout()
        self.assert_trace(self.shell("submit", folder), commit)
        with open(os.path.join(folder, "drop.sh"), "w", encoding="utf-8") as file:
            file.write(self.examples["agent_shell"])
        self.assert_trace(self.run_lines("agent_shell", "sh drop.sh app.apk /srv/drop/production", folder), commit)
        gitlab = yaml.safe_load(self.examples["agent_gitlab"])["protect"]
        for name, variable, lines, kept in (("agent_jenkins", "GIT_COMMIT", self.jenkins_lines(), "trace.path"),
                                            ("agent_gitlab", "CI_COMMIT_SHA", gitlab["script"], gitlab["artifacts"]["paths"][0])):
            with self.subTest(name=name):
                self.assertEqual(len(lines), 1)
                self.run_lines(name, "\n".join(lines), folder, **{variable: "c" * 40})
                with open(os.path.join(folder, kept), encoding="utf-8") as file:
                    self.assert_trace(file.read(), "c" * 40)
        self.assertEqual(self.folder.waiting_names(), [])
        self.stop(daemon)

    def test_the_script_for_agents_passes_no_failure_and_leaves_nothing(self):
        daemon = self.site.start_and_watch()
        folder, _ = self.checkout()
        script = self.here(self.examples["agent_shell"])
        with open(self.artifacts.ipa(), "rb") as made, open(os.path.join(folder, "other.apk"), "wb") as file:
            file.write(made.read())
        for source, said in (("other.apk", "not_an_artifact"), ("gone.apk", "gone.apk")):
            done = subprocess.run(["sh", "-c", script, "drop.sh", source, self.folder.path], cwd=folder, env=self.environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn(said, done.stderr)
            self.assertEqual(self.folder.waiting_names(), [])
        self.stop(daemon)

    def test_the_script_for_agents_never_replaces_what_another_agent_drops_meanwhile(self):
        folder, _ = self.checkout()
        script = self.here(self.examples["agent_shell"])
        tools = os.path.join(self.site.root, "outside", "tools")
        os.mkdir(tools)
        for other in ("app.apk", "app.apk.json"):
            with self.subTest(other=other):
                # The other agent's file appears while this one is copying.
                theirs = os.path.join(self.folder.path, other)
                with open(os.path.join(tools, "cp"), "w", encoding="utf-8") as file:
                    file.write(f'#!/bin/sh\n/bin/cp "$@"\necho theirs > {theirs}\n')
                os.chmod(file.name, 0o755)
                environment = {**self.environment, "PATH": tools + ":" + self.environment["PATH"]}
                done = subprocess.run(["sh", "-c", script, "drop.sh", "app.apk", self.folder.path], cwd=folder, env=environment,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
                self.assertIn("drop app.apk again", done.stderr)
                with open(theirs, encoding="utf-8") as file:
                    self.assertEqual(file.read(), "theirs\n")
                self.assertEqual(os.listdir(self.folder.path), [other])
                os.unlink(theirs)

    def test_the_script_for_windows_takes_the_same_steps(self):
        # No PowerShell here to run it: its steps are compared with those of the shell, which is run.
        text = self.examples["agent_powershell"]
        self.assertEqual([text.count(one) for one in "{(["], [text.count(one) for one in "})]"])
        for key in ("commit_sha", "sha256", "submit_id", ".part", ".tegodrop/receipts/$id.json", "'delivered', 'duplicate'"):
            self.assertIn(key, text)
        steps = ["Copy-Item", 'Set-Content -LiteralPath "$part.json"', 'Move-Item -LiteralPath "$part.json"',
                 "Move-Item -LiteralPath $part ", "while (", "exit 1", "$outcome.trace"]
        self.assertEqual(sorted(steps, key=text.index), steps)

    def test_the_message_is_of_the_form_that_is_shown(self):
        self.folder.drop(self.artifacts.apk(), "app.apk", sha256="0" * 64)
        self.assertEqual(self.site.run("run", "--once").returncode, 1)
        shown = json.loads(re.search(r"```json\n(\{\"schema\": \"tegodrop-event/1\".*?)```", self.text, re.DOTALL)[1])
        told, report = self.receiver.events
        self.assertEqual((report["event"], report["message"].startswith("the night's report: 0 delivered, 1 refused")), ("report", True))
        self.assertEqual({key: type(value) for key, value in told.items()}, {key: type(value) for key, value in shown.items()})
        self.assertEqual((told["event"], told["state"], told["folder"]), ("failed", "happened", "production"))
        self.assertEqual(self.receiver.violations, [])

    def test_the_example_of_an_upload_window(self):
        with open(self.site.config_file, "a", encoding="utf-8") as config:
            config.write(self.examples["window"])
        checked = self.site.run("check", "--json")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        schedule = yaml.safe_load(self.examples["window"])["schedule"]
        self.assertEqual(json.loads(checked.stdout)["config"]["schedule"], schedule)

    def configured(self, change):
        """The config with a change of the document that it is."""
        with open(self.site.config_file, encoding="utf-8") as config:
            document = yaml.safe_load(config)
        # YAML 1.1 as Python reads it takes this key for a truth.
        document["notify"]["on"] = document["notify"].pop(True)
        change(document)
        self.site.write_private(self.site.config_file, json.dumps(document))

    def test_the_example_of_release_gates(self):
        wanted = yaml.safe_load(self.examples["gates"])
        self.configured(lambda document: document["folders"][0].update(wanted))
        checked = self.site.run("check", "--json")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        wanted["expect_signer_sha256"] = [wanted["expect_signer_sha256"]]
        folder = json.loads(checked.stdout)["config"]["folders"][0]
        self.assertEqual({key: folder[key] for key in wanted}, wanted)

    def test_the_examples_of_signed_provenance(self):
        self.shell("key")
        os.chmod(os.path.join(self.site.root, "provenance.pem"), 0o600)
        example = self.examples["signed"].replace("/etc/tegodrop/provenance.pem", os.path.join(self.site.root, "provenance.pem"))
        self.configured(lambda document: document.update(yaml.safe_load(example)))
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assertIn("1 of 1 delivery is what its records say", self.shell("verify_key"))

    def test_every_marked_example_is_run_here(self):
        self.assertEqual(set(self.examples), {"config", "commands", "drop", "trace", "status", "report", "show", "operate", "online", "page", "keys", "accept", "reload",
                                              "limits", "metrics", "nights", "notify", "once", "window", "submit", "agent_shell", "agent_powershell", "agent_jenkins",
                                              "agent_gitlab", "gates", "verify", "signed", "key", "verify_key"})
        self.assertEqual(len(re.findall("<!-- example:", self.text)), len(self.examples), "one that is not a whole block")

    def test_the_exit_codes_are_those_of_the_help(self):
        table = set(re.findall(r"^\| (\d+) \|", self.text, re.MULTILINE))
        told = self.site.run("--help", config=False).stdout
        self.assertEqual(table, set(re.findall(r"\b(\d+) [a-z]", told[told.index("Exit codes"):])))


if __name__ == "__main__":
    runner.main()
