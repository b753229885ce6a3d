"""What a run says: a document of the published form, tables, goals judged by the medians of ratios, and one picture."""

import json
import os
import unittest
import xml.etree.ElementTree as xml

import jsonschema

from tests import runner
from tests.bench import contestants, goals, report, samples, svg

SVG = "{http://www.w3.org/2000/svg}"


def results(*rows, absolute=()):
    return report.document(samples.MACHINE, samples.SETTINGS, list(rows), absolute)


class PublishedTest(unittest.TestCase):
    """The run that the README shows."""

    def test_its_picture_and_its_tables_say_what_was_measured(self):
        folder = os.path.join(os.path.dirname(__file__), "results")
        read = {}
        for name in ("results.json", "results.svg", "results.txt"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                read[name] = file.read()
        measured = json.loads(read["results.json"])
        with open(os.path.join(os.path.dirname(__file__), "results.schema.json"), encoding="utf-8") as file:
            self.assertEqual(list(jsonschema.Draft202012Validator(json.load(file)).iter_errors(measured)), [])
        self.assertEqual(read["results.svg"], svg.draw(measured))
        self.assertEqual(read["results.txt"], report.about(measured) + "\n" + report.tables(measured))


class DocumentTest(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(os.path.dirname(__file__), "results.schema.json"), encoding="utf-8") as file:
            self.validator = jsonschema.Draft202012Validator(json.load(file))

    def test_it_is_of_the_published_form(self):
        whole = results(samples.upload(), samples.memory(100_000_000, 10000), samples.memory(2_000_000_000, 20000),
                        absolute=samples.all_absolute())
        self.assertEqual([error.message for error in self.validator.iter_errors(json.loads(json.dumps(whole)))], [])
        del whole["machine"]["versions"]["curl"]
        self.assertNotEqual(list(self.validator.iter_errors(whole)), [])

    def test_an_absolute_goal_without_what_was_found_is_not_of_that_form(self):
        whole = results(absolute=samples.all_absolute())
        self.assertEqual(list(self.validator.iter_errors(whole)), [])
        del whole["goals"][0]["found"]
        self.assertNotEqual(list(self.validator.iter_errors(whole)), [])

    def test_ratios_and_figures_are_added(self):
        parts = results(samples.upload())["rows"][0]["contestants"]["parts"]
        self.assertEqual(parts["ratios"]["speed"], {"median": 0.8, "min": 0.5, "max": 1})
        self.assertEqual(parts["figures"]["megabytes_per_second"], 250)

    def test_a_row_without_the_peer_has_no_ratios(self):
        row = samples.upload()
        del row["contestants"]["curl"]
        whole = results(row)
        self.assertEqual(whole["rows"][0]["contestants"]["parts"]["ratios"], {})
        self.assertEqual(whole["goals"], [])
        self.assertIn("| – |", report.tables(whole))
        self.assertEqual(list(self.validator.iter_errors(whole)), [])

    def test_tables_have_a_line_for_each_contestant_and_each_goal(self):
        whole = results(samples.upload(), samples.upload(transport="tls"))
        lines = report.tables(whole).splitlines()
        self.assertEqual(sum(line.startswith("put-discarding") for line in lines), 4)
        self.assertIn("put-discarding-plain | tegodrop <parts> & more | 250 | 0.80 (0.50–1.00) | 1.00 | 1.00 | 10.2 | 1.00", lines)
        self.assertIn("parts, hashed, against curl -T | put-discarding-tls | ≥ 0.75 | 0.80 (0.50–1.00) | reached", lines)

    def test_tables_have_a_line_for_each_absolute_measure_and_goal(self):
        lines = report.tables(results(absolute=samples.all_absolute())).splitlines()
        self.assertIn("rename-small: A row: rename-small; so much for rename-small; load 0.5 as it began", lines)
        for line in ("loop-tls | callback p99 | 0.40 ms", "scale-awaited | RSS | 61.0 MiB", "scale-awaited | pages | 200",
                     "rename to first request, p99 (so much for rename-small) | rename-small | ≤ 150 ms | 150 ms | reached",
                     "loop callback, p99 (so much for loop-plain) | loop-plain | ≤ 5 ms | 0.4 ms | reached",
                     "requests for that, × the portal's example's (so much for polling) | polling | ≤ 0.5 | 0.4 | reached",
                     "requests of a poll, no more than pages (so much for scale-awaited) | scale-awaited | ≤ 200 | 200 | reached",
                     "RSS (so much for scale-awaited) | scale-awaited | ≤ 60 MiB | 61 MiB | missed"):
            self.assertIn(line, lines)
        self.assertFalse([line for line in lines if "contestant" in line], "no table of transfers, of which there are none")


class GoalsTest(unittest.TestCase):
    def judged(self, *rows):
        return {(one["goal"], one["row"]): one["reached"] for one in goals.judge(rows)}

    def test_a_bound_is_reached_by_the_median(self):
        row = samples.upload()
        goal = ("parts, hashed, against curl -T", "put-discarding-plain")
        self.assertEqual(self.judged(row), {goal: True})
        row["contestants"]["parts"]["runs"][0] = samples.run(1.3)
        self.assertEqual(self.judged(row), {goal: False})

    def test_memory_is_judged_against_curl_and_by_its_growth(self):
        small, large = samples.memory(100_000_000, 14000), samples.memory(2_000_000_000, 16000)
        self.assertEqual(self.judged(large, small), {
            ("peak of parts against curl -T", "memory-100MB"): True,
            ("peak of parts against curl -T", "memory-2000MB"): False,
            ("peak of parts, with 20 times the size", "memory-100MB, memory-2000MB"): False})

    def test_absolute_goals_are_judged_where_their_rows_are(self):
        rows = samples.all_absolute()
        reached = {(one["row"], one["measure"]): one["reached"] for one in goals.judge_absolute(rows)}
        self.assertEqual(len(reached), len(goals.ABSOLUTE))
        self.assertEqual([one for one, good in reached.items() if not good], [("scale-awaited", "RSS")])
        self.assertEqual({row for row, _ in reached}, {row["name"] for row in rows})
        rows[0]["measures"]["p99"]["value"] = 0.1501
        self.assertEqual([(one["bound"], one["found"], one["reached"]) for one in goals.judge_absolute(rows[:1])], [(0.15, 0.1501, False)])

    def test_a_poll_may_take_as_many_requests_as_pages(self):
        row = next(one for one in samples.all_absolute() if one["name"] == "scale-awaited")
        row["measures"]["requests of a poll"]["value"] = 201
        missed = [(one["measure"], one["bound"]) for one in goals.judge_absolute([row]) if not one["reached"]]
        self.assertEqual(missed, [("requests of a poll", 200), ("RSS", 60 << 20)])

    def test_goals_name_contestants_that_there_are(self):
        there = {"put": contestants.PUT, "get": contestants.GET}
        for goal in goals.GOALS:
            self.assertIn(goal.contestant, there[goal.direction])
            self.assertIn(goal.peer, there[goal.direction])
        programs = contestants.Programs("client", "client_unhashed")
        memory = contestants.of_row("memory", "discarding", programs)
        for contestant, peer, _ in goals.PEAKS:
            self.assertEqual(memory[contestant].peer, peer)


class PictureTest(unittest.TestCase):
    def draw(self, *rows, absolute=()):
        return xml.fromstring(svg.draw(results(*rows, absolute=absolute)).encode())

    def test_there_is_one_bar_for_each_contestant_of_each_row(self):
        picture = self.draw(samples.upload(), samples.upload(transport="tls"), samples.memory(100_000_000, 10000))
        bars = [one for one in picture.iter(f"{SVG}rect") if one.get("class") == "bar"]
        self.assertEqual(len(bars), 4)
        self.assertEqual([round(float(one.get("width")) / float(bars[0].get("width")), 2) for one in bars], [1, 0.8, 1, 0.8])

    def test_everything_is_within_it_and_nothing_is_fetched(self):
        row = samples.upload()
        row["contestants"]["parts"]["runs"] = [samples.run(0.01)] * 3
        text = svg.draw(results(row, samples.memory(100_000_000, 10000), samples.memory(2_000_000_000, 20000),
                                absolute=samples.all_absolute()))
        picture = xml.fromstring(text.encode())
        height = float(picture.get("height"))
        for one in picture.iter():
            for name in ("x", "x1", "x2"):
                self.assertTrue(0 <= float(one.get(name, 0)) <= svg.WIDTH)
            for name in ("y", "y1", "y2"):
                self.assertTrue(0 <= float(one.get(name, 0)) <= height)
            if one.tag == f"{SVG}rect":
                self.assertLessEqual(float(one.get("x", 0)) + float(one.get("width")), svg.WIDTH)
        self.assertEqual(text.count("http"), 1, "only the name space")

    def test_each_absolute_goal_has_a_line_with_what_was_found(self):
        for rows in ((), (samples.upload(),)):
            texts = [one.text for one in self.draw(*rows, absolute=samples.all_absolute()).iter(f"{SVG}text")]
            for goal in goals.ABSOLUTE:
                self.assertEqual(texts.count(f"{goal.text} (so much for {goal.row})"), 1)
            at = texts.index("RSS (so much for scale-awaited)")
            self.assertEqual(texts[at + 1:at + 4], ["≤ 60 MiB", "61 MiB", "missed"])
            self.assertEqual("× speed" in texts, bool(rows), "columns only where there are bars")

    def test_labels_are_texts_whatever_is_in_them(self):
        texts = [one.text for one in self.draw(samples.upload()).iter(f"{SVG}text")]
        self.assertIn("tegodrop <parts> & more", texts)
        self.assertIn("0.80", texts)


class ContestantsTest(unittest.TestCase):
    def place(self, server, ca=""):
        return contestants.Place("http://127.0.0.1:1", server, ca, "app.apk", 7, "out.apk", "3.apk", "id")

    def test_rclone_and_what_was_not_built_are_left_out_where_they_cannot_be(self):
        self.assertEqual(list(contestants.of_row("put", "nginx", contestants.Programs())), ["curl", "requests"])
        self.assertEqual(list(contestants.of_row("put", "discarding", contestants.Programs("client"))),
                         ["curl", "requests", "rclone", "put", "parts", "admit_parts"])

    def test_the_client_gets_a_prefix_that_numbers_follow(self):
        programs = contestants.Programs("client", "bare")
        command = contestants.PUT["parts"].command(self.place("nginx"), programs)
        self.assertEqual(command, ["client", "parts", "app.apk", "http://127.0.0.1:1/store/3.apk.part.", "--chunk", "10485760",
                                   "--admitted", ""])
        command = contestants.PUT["parts_unhashed"].command(self.place("discarding", "ca.pem"), programs)
        self.assertEqual(command, ["bare", "parts", "app.apk", "http://127.0.0.1:1/bucket/3.apk?uploadId=id&partNumber=", "--chunk",
                                   "10485760", "--admitted", "", "--ca", "ca.pem"])

    def test_downloads_are_known_by_their_names(self):
        names = contestants.of_row("memory", "discarding", contestants.Programs("client", "bare"))
        self.assertEqual([name for name in names if contestants.is_download(name)],
                         ["curl_get", "requests_content", "requests_stream", "rclone_get", "get"])


if __name__ == "__main__":
    runner.main()
