"""Grafana's Prometheus data source asks Nightlight, over mTLS: its backend (promlib) in a program of ours (tests/grafana). What it shows is
what was written.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import native_histogram  # noqa: E402
import remote_write  # noqa: E402
import secured_server  # noqa: E402

SOURCE = os.path.join(os.environ["NIGHTLIGHT_SOURCE_ROOT"], "tests", "grafana")
PROGRAM = os.path.join(os.environ["NIGHTLIGHT_BUILD_ROOT"], "grafana_source")
NEEDED = (1, 23, 1)
BUILD_TIMEOUT_S = 240
STEP_MS = 15_000
RED = [0.1 + 0.2, math.nan, math.inf, -math.inf, 1.7976931348623157e308, -2.0, 5e-324, 8.0]
BLUE = [float(i) for i in range(8)]
SIZES = native_histogram.NativeHistogram(positive={0: 2, 1: 3}, zero_count=1, sum=9.5)


def skip(reason):
    print(f"skipped: {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)


def build():
    """The program, or a reason why there is none. Compiled in a hurry: it is not run for long."""
    if not shutil.which("go"):
        skip("go is not installed")
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
    version = subprocess.run(["go", "version"], capture_output=True, text=True, check=True, env=environment).stdout
    numbers = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", version)
    if numbers and tuple(int(number or 0) for number in numbers.groups()) < NEEDED:
        skip(f"promlib needs Go {'.'.join(map(str, NEEDED))}; there is {numbers.group()}")
    try:
        modules = subprocess.run(["go", "list", "-deps", "."], capture_output=True, text=True, check=False, env=environment, cwd=SOURCE,
                                 timeout=BUILD_TIMEOUT_S)
        if modules.returncode != 0:
            skip("promlib's modules cannot be had: " + modules.stderr.strip().splitlines()[-1])
        subprocess.run(["go", "build", "-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w", "-o", PROGRAM, "."], check=True,
                       env=environment, cwd=SOURCE, timeout=BUILD_TIMEOUT_S)
    except subprocess.TimeoutExpired as late:
        skip(f"{late.cmd[0]} {late.cmd[1]} took longer than {BUILD_TIMEOUT_S} s on this machine")


def columns(frame):
    """{field name: values} of a data frame; what JSON has no number for is told beside them."""
    found = {}
    data = frame["data"]
    for field, values, special in zip(frame["schema"]["fields"], data["values"], data.get("entities") or [None] * len(data["values"])):
        values = list(values)
        for name, number in (("NaN", math.nan), ("Inf", math.inf), ("NegInf", -math.inf)):
            for at in (special or {}).get(name, []):
                values[at] = number
        found[field["name"]] = values
    return found


def labels(frame):
    return frame["schema"]["fields"][1]["labels"]


def spelled(values):
    return [repr(float(value)) for value in values]


class Grafana(secured_server.SecuredServer):
    @classmethod
    def setUpClass(cls):
        build()
        super().setUpClass()
        cls.now_ms = int(time.time()) * 1000 // STEP_MS * STEP_MS
        cls.times = [cls.now_ms - STEP_MS * (7 - i) for i in range(8)]
        status, body = remote_write.write(
            cls.http,
            [({"__name__": "things", "color": "red"}, list(zip(cls.times, RED)), [({"trace_id": "abc"}, cls.times[2], 7.5)]),
             ({"__name__": "things", "color": "blue"}, list(zip(cls.times, BLUE))),
             ({"__name__": "sizes"}, [(t, SIZES) for t in cls.times])],
            [("things", 2, "Some things.")])
        assert status == 204, body

    def ask(self, *requests, method="POST", certificate="client"):
        keys = [self.path(certificate + suffix) if certificate else "" for suffix in (".crt", ".key")]
        ended = subprocess.run(
            [PROGRAM, "-url", f"https://localhost:{self.port}", "-ca", self.path("ca.crt"), "-cert", keys[0], "-key", keys[1], "-method", method],
            input="\n".join(map(json.dumps, requests)), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        answers = [json.loads(line) for line in ended.stdout.splitlines()]
        self.assertEqual(len(answers), len(requests))
        return answers

    def query(self, expression, kind, **more):
        return {"query": {"expr": expression, kind: True, "refId": "A", **more}, "from_ms": self.times[0], "to_ms": self.times[-1],
                "interval_ms": STEP_MS}

    def resource(self, path, method="GET", **more):
        return {"resource": {"path": path, "method": method, **more}}

    def test_the_data_source_is_healthy_only_with_a_certificate_of_the_authority(self):
        [answer] = self.ask({"health": {}})
        self.assertEqual((answer["status"], answer["health"]), (1, "Successfully queried the Prometheus API."))
        self.assertEqual(answer["detail"]["application"], "Prometheus")
        for certificate in (None, "stranger", "expired"):
            with self.subTest(certificate=certificate):
                [answer] = self.ask({"health": {}}, certificate=certificate)
                self.assertNotEqual(answer.get("status"), 1, answer)

    def test_queries_by_get_and_post(self):
        for method in ("GET", "POST"):
            with self.subTest(method=method):
                instant, over_time = self.ask(self.query("things", "instant"), self.query("things", "range"), method=method)
                got = {labels(frame)["color"]: columns(frame) for frame in instant["frames"]}
                self.assertEqual(got, {color: {"Time": self.times[-1:], "things": values[-1:]} for color, values in (("red", RED), ("blue", BLUE))})
                got = {labels(frame)["color"]: columns(frame) for frame in over_time["frames"]}
                self.assertEqual(sorted(got), ["blue", "red"])
                for color, values in (("red", RED), ("blue", BLUE)):
                    self.assertEqual(got[color]["Time"], self.times)
                    self.assertEqual(spelled(got[color]["things"]), spelled(values))

    def test_functions_scalars_and_mistakes(self):
        total, scalar, wrong = self.ask(self.query('sum_over_time(things{color="blue"}[1m])', "instant"), self.query("6 * 7", "instant"),
                                        self.query("things{", "range"))
        self.assertEqual(columns(total["frames"][0])["Value"], [sum(BLUE[-4:])])
        self.assertEqual(list(columns(scalar["frames"][0]).values())[1], [42])
        self.assertEqual(wrong["status"], 400)
        self.assertIn("parse error: unexpected end of input inside braces", wrong["error"])

    def test_exemplars(self):
        [answer] = self.ask(self.query("things", "range", exemplar=True))
        self.assertEqual([columns(frame) for frame in answer["frames"] if frame["schema"].get("name") == "exemplar"],
                         [{"Time": [self.times[2]], "Value": [7.5], "__name__": ["things"], "color": ["red"], "trace_id": ["abc"]}])

    def test_native_histograms_are_heatmaps(self):
        [answer] = self.ask(self.query("sizes", "range"))
        [frame] = answer["frames"]
        self.assertEqual(frame["schema"]["meta"]["type"], "heatmap-cells")
        got = columns(frame)
        self.assertEqual(list(zip(*(got[name] for name in ("xMax", "yMin", "yMax", "count")))),
                         [(t, low, high, count) for t in self.times for low, high, count in ((-0.001, 0.001, 1), (0.5, 1, 2), (1, 2, 3))])

    def test_labels_series_metadata_and_suggestions(self):
        window = f"start={self.times[0] // 1000}&end={self.times[-1] // 1000}"
        colors, red, blue = ["blue", "red"], {"__name__": "things", "color": "red"}, {"__name__": "things", "color": "blue"}
        cases = [
            (self.resource("api/v1/labels", query=window), ["__name__", "color"]),
            (self.resource("api/v1/labels", "POST", body=window + "&match[]=sizes"), ["__name__"]),
            (self.resource("api/v1/label/color/values", query=window + "&match[]=things"), colors),
            (self.resource("api/v1/label/__name__/values", query=window), ["sizes", "things"]),
            (self.resource("api/v1/series", query=window + "&match[]=things"), [blue, red]),
            (self.resource("api/v1/series", "POST", body=window + '&match[]=things{color="red"}'), [red]),
            (self.resource("api/v1/metadata"), {"things": [{"type": "gauge", "unit": "", "help": "Some things."}]}),
            (self.resource("api/v1/rules"), {"groups": []}),
            (self.resource("suggestions", "POST", body=json.dumps({"labelName": "color", "queries": ["things"]})), colors),
            (self.resource("suggestions", "POST", body=json.dumps({"queries": ["things"]})), ["__name__", "color"]),
        ]
        for (request, expected), answer in zip(cases, self.ask(*(request for request, _ in cases))):
            with self.subTest(request):
                self.assertEqual((answer["status"], answer["body"]["status"]), (200, "success"), answer)
                got = answer["body"]["data"]
                # Neither server promises an order of series.
                self.assertEqual(sorted(got, key=str) if "series" in request["resource"]["path"] else got, expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
