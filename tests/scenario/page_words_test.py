"""How the page's commands look: tables on narrow and wide terminals with wide and hostile names, help, and no password anywhere."""

import os
import re
import subprocess
import unicodedata

from tests import runner
from tests.scenario.harness.page_case import PageCase
from tests.scenario.harness.secrets_case import SecretsCase
from tests.scenario.harness.wait import until

# Wide characters, marks, a change of direction, and one that fits into no line.
HOSTILE = ("\u4fdd\u8b77\u3055\u308c\u305f\u30a2\u30d7\u30ea\u4fdd\u8b77.apk", "e\u0301clair.apk", "\u202egnp.apk",
           "x" * 120 + ".apk", "plain.apk")

KEY = "550e8400-e29b-41d4-a716-446655440000"


def width(text):
    """How many columns a terminal needs for it."""
    return sum(0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


class OtherTablesTest(PageCase):
    def test_they_fit_too_and_ids_are_whole(self):
        self.portal.set(signing_keys=f"{KEY}:android:Release key of everything that we have ever made")
        self.deliver("an-application-with-a-rather-long-name-for-a-narrow-terminal.apk")
        app = self.tell("apps", "list")["applications"][0]["application_id"]
        [job] = self.site.jobs()
        for columns in (80, 160):
            for arguments, whole in ((("apps", "list"), app), (("keys", "list"), KEY),
                                     (("builds", "prune", "--version", "production", "--older-than", "1ms"), job["id"])):
                with self.subTest(columns=columns, arguments=arguments):
                    shown = self.terminal(*arguments, columns=columns)
                    self.assertEqual(shown.end(), 0, shown.shown)
                    print(f"\n--- tegodrop {' '.join(arguments[:2])}, {columns} columns\n{shown.shown}")
                    self.assertLessEqual(max(width(line) for line in shown.shown.split("\n")), columns)
                    self.assertIn(whole, shown.shown)


class TablesTest(PageCase):
    def setUp(self):
        super().setUp()
        for name in HOSTILE:
            answer = self.portal.upload_url(name, len(name))
            done = subprocess.run(["curl", "--silent", "--fail", "-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary",
                                   "x" * len(name), answer["url"]], check=False, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def table(self, columns):
        shown = self.terminal("builds", "list", "--version", "production", columns=columns)
        self.assertEqual(shown.end(), 0, shown.shown)
        return shown.shown

    def test_they_fit_and_lose_nothing(self):
        for columns in (80, 160):
            with self.subTest(columns=columns):
                text = self.table(columns)
                print(f"\n--- {columns} columns\n{text}")
                self.assertLessEqual(max(width(line) for line in text.split("\n")), columns)
                self.assertFalse(re.search("[\x00-\x09\x0b-\x1f\u202e]", text), "nothing reaches the terminal as it is")
                head = text.split("\n")[0]
                column = head.index("NAME")
                end = head.index("KEY" if columns >= 120 else "MESSAGE")
                # What goes on in further lines is put together again, column by column.
                cut = "".join(_cells(line, column, end) for line in text.split("\n")[1:])
                for name in ("x" * 120 + ".apk", "plain.apk", HOSTILE[0], HOSTILE[1]):
                    self.assertIn(name, cut)
                self.assertIn("\\u202e", cut)

    def test_without_a_terminal_each_row_is_one_line(self):
        lines = self.say("builds", "list", "--version", "production").splitlines()
        self.assertEqual(len(lines), 1 + len(HOSTILE))
        self.assertTrue(any("x" * 120 + ".apk" in line for line in lines))

    def test_what_is_asked_for_of_a_list(self):
        document = self.tell("builds", "list", "--version", "production", "--name", "p*.apk")
        self.assertEqual([row["name"] for row in document["results"]], ["plain.apk"])
        self.assertEqual(self.tell("builds", "list", "--version", "staging")["results"], [])
        self.assertEqual(len(self.tell("builds", "list", "--version", "production", "--since", "1h")["results"]), 5)
        until(lambda: self.tell("builds", "list", "--version", "production", "--since", "1ms")["results"] == [], "its second is over")
        text = self.say("builds", "list", "--version", "production", "--page-size", "2", "--page", "2")
        self.assertEqual(len(text.splitlines()), 4)
        self.assertIn("page 2 of 3, 5 builds in all", text)
        whole = self.tell("builds", "list", "--version", "production", "--all")
        self.assertEqual((len(whole["results"]), whole["total_count"], whole.get("page")), (5, 5, None))
        for words in (("--page", "0"), ("--page-size", "51"), ("--all", "--page", "1"), ("--since", "soon"), ("--state", "bad")):
            self.assertIn("builds list --help", self.say("builds", "list", "--version", "production", *words, code=64))
        self.assertIn("--version", self.say("builds", "list", code=64))

    def test_utc(self):
        row = self.portal.history()[0]
        stamp = subprocess.run(["date", "-u", "-d", f"@{row['start_time']}", "+%Y-%m-%d %H:%MZ"], check=True, capture_output=True, text=True).stdout.strip()
        self.assertIn(stamp, self.say("builds", "list", "--version", "production", "--utc"))


def _cells(line, column, end):
    """What stands in a line from one column of the terminal to another."""
    out, at = "", 0
    for one in line:
        if column <= at < end or (at == end and width(one) == 0):
            out += one
        at += width(one)
    return out.rstrip(" ")


class HelpTest(PageCase):
    def test_each_command_says_what_it_takes(self):
        groups = {"apps": ("list", "delete"), "builds": ("list", "download", "delete", "sign", "prune"),
                  "keys": ("list", "upload", "set-default", "clear-default", "delete"), "signing-file": ("upload",)}
        for group, commands in groups.items():
            self.assertIn(f"tegodrop {group} --help", self.say(group, code=64))
            for command in commands:
                with self.subTest(group=group, command=command):
                    done = self.site.run(group, command, "--help", config=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("Exit codes: 0 done", done.stdout)
                    self.assertLessEqual(max(len(line) for line in done.stdout.splitlines()), 120)
                    print(done.stdout)


class PasswordTest(PageCase, SecretsCase):
    def test_it_is_in_no_argument_environment_log_or_file_and_not_shown(self):
        password = "a-pass-word-that-nobody-else-has"
        needles = {"the password": password.encode()}
        typing = self.terminal("keys", "upload", self.key_file(), "--name", "Mine", "--platform", "android", "--alias", "a")
        typing.read_until("Password of release.jks:")
        until(lambda: not typing.echoes(), "what is typed is not shown")
        self.portal.fault("key_put", {"stall": True})
        typing.type(password)
        until(lambda: [one for one in self.portal.requests() if one["endpoint"] == "key_put"], "the key's file is being put")
        self.assert_no_process_shows_them(typing, needles)
        self.portal.clear_faults()
        typing.signal(9)
        self.assertEqual(typing.end(), -9)
        self.assertNotIn(password, typing.shown)
        # Refusals that repeat what they were sent do not show it either.
        where = self.password_file(password)
        self.portal.fault("upload_key", {"status": 400, "body": f'{{"message": "bad password {password}"}}'})
        said = self.say("keys", "upload", self.key_file(), "--name", "Mine", "--platform", "android", "--alias", "a", "--password-file", where, code=1)
        self.assertIn("its words are left out", said)
        self.say("keys", "upload", self.key_file(), "--name", "Mine", "--platform", "android", "--alias", "a", "--password-file", where)
        os.remove(where)
        self.deliver("app.apk")
        self.assert_no_file_has_them(needles)
        for text in (self.portal.program.stderr(), str(self.portal.state()), str(self.portal.bodies())):
            self.assertNotIn(password, text)

    def test_no_password_no_key(self):
        typing = self.terminal("keys", "upload", self.key_file(), "--name", "Mine", "--platform", "android", "--alias", "a")
        typing.read_until("Password of release.jks:")
        typing.type("")
        self.assertEqual(typing.end(), 1, typing.shown)
        self.assertIn("no password was given", typing.shown)
        self.assertIn("--password-file", self.say("keys", "upload", self.key_file("key.p12"), "--name", "M", "--platform", "ios", code=64))
        self.assert_counts(upload_key_requests=0)


if __name__ == "__main__":
    runner.main()
