"""What speaks to Nightlight over gRPC, over mTLS, as its users have it: nightlightctl, the client library as it is installed with the
examples that are built against it, and the Python client made from the same protos. Answers are compared with those of the HTTP API.
"""

import csv
import io
import json
import math
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import pki  # noqa: E402
import png  # noqa: E402
import processes  # noqa: E402

CTL = os.environ["NIGHTLIGHT_CTL"]
SOURCE = os.environ["NIGHTLIGHT_SOURCE_ROOT"]
BUILD = os.environ["NIGHTLIGHT_BUILD_ROOT"]
# Debian's, which has Debian's gRPC.
PYTHON = "/usr/bin/python3"

CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:{rpc_port}"}}
storage: {{data_dir: "{directory}/data"}}
tls: {{cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", ca_file: "{directory}/ca.crt"}}
instances:
  rpc: {{enable_admin_api: true}}
"""
# Takes seconds: 20,000 windows of 10,000 samples.
LONG = "max_over_time(stddev_over_time((vector(time()) % 7)[50s:5ms])[60s:3ms])"
SPECIAL = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 123456789012345680000.0, 1e-7]
INK = (0x33, 0x33, 0x33)
COLORS = ((0x1f, 0x77, 0xb4), (0xff, 0x7f, 0x0e), (0x2c, 0xa0, 0x2c), (0xd6, 0x27, 0x28))


def is_like(pixel, color):
    """At least half of it is of the color, the rest may be paper."""
    return all(abs(have - want) <= abs(255 - want) / 2 + 8 for have, want in zip(pixel, color))


def bits(values):
    return [struct.pack("<d", float(value)) for value in values]


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-clients-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        pki.generate(cls.directory)
        cls.port, cls.rpc_port = processes.free_port(), processes.free_port()
        cls.address = f"localhost:{cls.rpc_port}"
        config = CONFIG.format(directory=cls.directory, port=cls.port, rpc_port=cls.rpc_port)
        cls.server = processes.nightlight(cls.directory, config).start()
        cls.addClassCleanup(lambda: cls.server.kill())
        cls.http = processes.Http(cls.port, processes.client_of(cls.directory))
        cls.http.wait_ready(cls.server)
        cls.now_ms = int(time.time()) * 1000
        text = "".join(f'grid{{job="j{i}",zone="a b"}} {i + age / 4} {cls.now_ms - age * 1000}\n'
                       for age in range(59, -1, -1) for i in range(3))
        status, out, err = cls.run_ctl("write", stdin="# HELP grid Points.\n# TYPE grid gauge\n" + text)
        assert (status, err) == (0, ""), (status, out, err)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def tls(cls, name="client"):
        return ["--ca", cls.path("ca.crt"), "--cert", cls.path(name + ".crt"), "--key", cls.path(name + ".key")]

    @classmethod
    def run_ctl(cls, *arguments, stdin="", tls=None, address=None):
        """(exit status, standard output, standard error)"""
        ended = subprocess.run([CTL, "--address", address or cls.address, *(cls.tls() if tls is None else tls), *arguments],
                               input=stdin, capture_output=True, text=True, timeout=120, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def ctl(self, *arguments, stdin=""):
        status, out, err = self.run_ctl(*arguments, stdin=stdin)
        self.assertEqual((status, err), (0, ""))
        return out

    def api(self, endpoint, **parameters):
        answer = self.http.api(endpoint, **parameters)
        self.assertEqual(answer["status"], "success", answer)
        return answer["data"]

    # ---- nightlightctl

    def test_queries_say_what_the_http_api_says(self):
        now = str(self.now_ms / 1000)
        for query in ("grid", "sum by (zone) (grid)", "1 + 2", '"text"', "nothing", "topk(1, grid)"):
            with self.subTest(query=query):
                ours = json.loads(self.ctl("query", query, "--time", now, "-o", "json"))
                theirs = self.api("query", query=query, time=now)
                if ours["resultType"] == "string":
                    ours["result"][0] = theirs["result"][0] = 0
                self.assertEqual(ours, theirs)

    def test_ranges_say_what_the_http_api_says(self):
        start, end = str(self.now_ms / 1000 - 60), str(self.now_ms / 1000)
        for query in ("grid", "deriv(grid[10s])", "nothing"):
            ours = json.loads(self.ctl("range", query, "--start", start, "--end", end, "--step", "5s", "-o", "json"))
            self.assertEqual(ours, self.api("query_range", query=query, start=start, end=end, step=5))
        rows = list(csv.reader(io.StringIO(self.ctl("range", "grid", "--start", start, "--end", end, "--step", "20", "-o", "csv"))))
        self.assertEqual(rows[0], ["series", "timestamp", "value"])
        theirs = self.api("query_range", query="grid", start=start, end=end, step=20)["result"]
        self.assertEqual([float(row[2]) for row in rows[1:]], [float(value) for one in theirs for _, value in one["values"]])
        self.assertEqual(rows[1][0], 'grid{job="j0",zone="a b"}')

    def test_series_and_labels_say_what_the_http_api_says(self):
        self.assertCountEqual(json.loads(self.ctl("series", 'grid{job=~"j[01]"}', "-o", "json")),
                              self.api("series", **{"match[]": 'grid{job=~"j[01]"}'}))
        self.assertEqual(sorted(self.ctl("series", 'grid{job="j0"}', 'grid{job="j2"}').splitlines()),
                         ['grid{job="j0",zone="a b"}', 'grid{job="j2",zone="a b"}'])
        self.assertEqual(self.ctl("labels", "--match", "grid").split(), ["__name__", "job", "zone"])
        self.assertEqual(json.loads(self.ctl("labels", "job", "--match", "grid", "-o", "json")),
                         self.api("label/job/values", **{"match[]": "grid"}))
        self.assertEqual(self.ctl("labels", "zone", "--match", "grid", "-o", "csv"), "value\na b\n")
        self.assertEqual(self.ctl("metadata", "grid", "-o", "csv"), "family,type,unit,help\ngrid,gauge,,Points.\n")

    def test_tables_are_aligned(self):
        out = self.ctl("query", "grid", "--time", str(self.now_ms / 1000)).splitlines()
        self.assertRegex(out[0], r"^SERIES +VALUE +TIME$")
        self.assertRegex(out[1], r'^grid\{job="j0",zone="a b"\}  0 +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.assertEqual({line.index("Z") for line in out[1:]}, {len(out[1]) - 1})

    def test_json_lines_are_stored_bit_for_bit(self):
        times = [self.now_ms - 1000 * age for age in range(len(SPECIAL))]
        times.reverse()
        line = {"metric": {"__name__": "special", "unit": "µ"}, "timestamps": times,
                "values": [value if math.isfinite(value) else repr(value).replace("inf", "Inf") for value in SPECIAL]}
        path = self.path("special.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n\n")
        report = json.loads(self.ctl("write", path, "-o", "json"))
        self.assertEqual(report, [{"written": str(len(SPECIAL)), "rejected": "0", "lost": "0", "repeats": "0"}])
        got = json.loads(self.ctl("query", "special[1m]", "--time", str(self.now_ms / 1000), "-o", "json"))["result"][0]
        self.assertEqual(got["metric"], line["metric"])
        self.assertEqual(bits(value for _, value in got["values"]), bits(SPECIAL))
        self.assertEqual([round(at * 1000) for at, _ in got["values"]], times)

    def test_text_from_standard_input_takes_labels_and_faulty_lines_are_told(self):
        status, out, err = self.run_ctl("write", "--label", "job=added", "--label", "env=x", stdin=(
            'input_a 1\ninput_a{job="own"} 2\ninput_b one\ninput_b{x="y" 3\n\n# TYPE input_c wrong\ninput_c 4\n'))
        self.assertEqual(status, 1)
        self.assertEqual(err.splitlines()[:3], [
            'nightlightctl: stdin:3: "one" is not a number',
            "nightlightctl: stdin:4: a comma is missing between labels",
            'nightlightctl: stdin:6: unknown type "wrong" of input_c'])
        self.assertIn("3 lines could not be read", err)
        self.assertRegex(out, r"\n3 +0 +0 +0\n")
        self.assertEqual(sorted(self.ctl("series", '{__name__=~"input_.*"}').splitlines()), [
            'input_a{env="x",job="added"}', 'input_a{env="x",job="own"}', 'input_c{env="x",job="added"}'])

    def test_what_the_server_rejects_is_told_with_its_reason(self):
        status, _, err = self.run_ctl("write", stdin=f"old 1 {self.now_ms}\nold 2 {self.now_ms - 86_400_000 * 3650}\n")
        self.assertEqual(status, 1)
        self.assertRegex(err, r"nightlightctl: old: .+\n")
        self.assertIn("1 samples were rejected by the server", err)

    def test_exit_status_2_is_misuse_and_says_how_it_is_right(self):
        for arguments, words in (([], "subcommand"), (["query"], "QUERY is required"), (["query", "up", "--frob"], "--frob"),
                                 (["query", "up", "-o", "xml"], "xml"), (["query", "up", "--time", "yesterday"], "RFC 3339"),
                                 (["range", "up", "--step", "0"], "--step"), (["range", "up", "--start", "now", "--end", "now-1h"], "--end"),
                                 (["write", "/nonexistent"], "/nonexistent"), (["write", "--label", "x"], "NAME=VALUE"),
                                 (["tail", "up", "--every", "x"], "--every"), (["labels", "--limit", "-1"], "--limit")):
            with self.subTest(arguments=arguments):
                status, out, err = self.run_ctl(*arguments)
                self.assertEqual((status, out), (2, ""), err)
                self.assertIn(words, err)

    def test_exit_status_1_is_failure_and_says_why(self):
        status, out, err = self.run_ctl("query", "grid{")
        self.assertEqual((status, out), (1, ""))
        self.assertIn(self.http.api("query", query="grid{")["error"].split("parse error")[-1].strip(), err)
        status, _, err = self.run_ctl("query", "up", address=f"localhost:{processes.free_port()}")
        self.assertEqual(status, 1)
        self.assertIn("Is a server at localhost:", err)
        for tls in (["--ca", self.path("ca.crt")], self.tls("stranger"), self.tls("expired"), self.tls("self_signed"), [],
                    ["--ca", self.path("other_ca.crt"), *self.tls()[2:]]):
            with self.subTest(tls=tls):
                self.assertEqual(self.run_ctl("query", "up", tls=tls)[0], 1)
        status, _, err = self.run_ctl("query", "up", tls=["--ca", self.path("no.crt")])
        self.assertEqual(status, 1)
        self.assertIn("cannot read ca_file", err)
        self.assertEqual(self.run_ctl("query", "grid", tls=self.tls() + ["--server-name", "other.example"])[0], 1)

    def test_help_has_examples_for_every_command_that_has_arguments(self):
        self.assertIn("Exit status:", self.ctl("--help"))
        for command in ("query", "range", "tail", "series", "labels", "write", "top", "snapshot"):
            self.assertIn(f"nightlightctl {command}", self.ctl(command, "--help").split("Examples:")[1])

    def test_tail_prints_a_line_a_sample(self):
        lines = self.ctl("tail", "grid", "--every", "50ms", "--count", "2", "-o", "json").splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual([json.loads(line)["metric"]["job"] for line in lines], ["j0", "j1", "j2"] * 2)

    def test_watch_repeats_until_interrupted(self):
        with subprocess.Popen([CTL, "--address", self.address, *self.tls(), "query", "grid", "--watch", "0.1"],
                              stdout=subprocess.PIPE, text=True) as child:
            seen = 0
            for line in child.stdout:
                seen += line.startswith("SERIES")
                if seen == 3:
                    child.send_signal(signal.SIGINT)
                    break
            child.wait(60)
        self.assertEqual(seen, 3)

    def test_top_shows_what_runs_and_ends_it(self):
        with subprocess.Popen([CTL, "--address", self.address, *self.tls(), "--timeout", "600", "query", LONG],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            self.addCleanup(child.kill)

            def running():
                return [row for row in json.loads(self.ctl("top", "-o", "json")) if row["query"] == LONG]
            rows = []
            processes.wait_until(lambda: rows.extend(running()) or rows, "the query to run")
            row = rows[0]
            self.assertRegex(row["since"], r"^\d{4}-\d\d-\d\dT")
            self.ctl("top", "--kill", row["id"])
            _, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 1)
        self.assertIn("cancel", err)
        self.assertEqual(running(), [])
        self.assertEqual(self.run_ctl("top", "--kill", "999999999")[0], 1)

    def test_a_snapshot_is_a_directory_of_the_server(self):
        name = json.loads(self.ctl("snapshot", "-o", "json"))[0]["name"]
        self.assertTrue(os.listdir(os.path.join(self.directory, "data", "snapshots", name)))

    def test_status_has_what_the_http_api_has(self):
        ours = json.loads(self.ctl("status", "-o", "json"))
        self.assertTrue(ours["ready"])
        build = self.api("status/buildinfo")
        self.assertEqual([ours["build"][key] for key in ("version", "revision")], [build[key] for key in ("version", "revision")])
        self.assertIn("build.version", self.ctl("status"))

    def test_a_plot_shows_every_series(self):
        out = self.ctl("range", "grid", "--start", str(self.now_ms / 1000 - 59), "--end", str(self.now_ms / 1000), "--plot",
                       "--columns", "70", "--rows", "12")
        lines = out.splitlines()
        self.assertEqual(len(lines), 12 + 2 + 3)
        self.assertEqual(lines[-3:], [f'  {mark} grid{{job="j{i}",zone="a b"}}' for i, mark in enumerate("*+x")])
        self.assertTrue(lines[0].startswith("16.75 |"), lines[0])
        self.assertTrue(all(mark in "".join(lines[:12]) for mark in "*+x"))

    def draw(self, *arguments):
        """The pixels of the picture of a range of 100 seconds, with an evaluation a second."""
        path = self.path("picture.png")
        status, out, err = self.run_ctl("range", *arguments, "--start", str(self.now_ms / 1000 - 100), "--end", str(self.now_ms / 1000),
                                        "--step", "1", "--lookback", "1s", "--png", path, "--width", "500", "--height", "360")
        if "built without cairo" in err:
            self.assertEqual((status, out), (2, ""))
            self.skipTest("nightlightctl was built without cairo")
        self.assertEqual((status, out, err), (0, "", ""))
        with open(path, "rb") as file:
            return png.pixels(file.read())

    def test_a_picture_has_every_line_where_its_values_are(self):
        # What is drawn, by seconds since the start; None: no sample.
        lines = {"ramp": lambda t: t / 10, "low": lambda t: 1, "late": lambda t: 7.5 if t >= 60 else None,
                 "steps": lambda t: 4 if t < 40 else None if t < 50 else 6}
        text = "".join(f'picture{{line="{name}"}} {value(t)} {self.now_ms - 100_000 + t * 1000}\n'
                       for name, value in lines.items() for t in range(101) if value(t) is not None)
        self.ctl("write", stdin=text)
        names = [one["metric"]["line"] for one in json.loads(self.ctl(
            "range", "picture", "--start", str(self.now_ms / 1000 - 100), "--end", str(self.now_ms / 1000), "--step", "1", "-o", "json"))["result"]]
        rows = self.draw("picture")
        self.assertEqual((len(rows[0]), len(rows)), (500, 360 + 18 * len(lines)))
        # The axes: the longest runs of ink.
        columns = list(zip(*rows))
        left = max(range(250), key=lambda x: columns[x].count(INK))
        bottom = max(range(360), key=lambda y: rows[y].count(INK))
        top, right = columns[left].index(INK), max(x for x in range(500) if rows[bottom][x] == INK)
        self.assertGreater(right - left, 400)
        self.assertGreater(bottom - top, 200)
        for name, color in zip(names, COLORS):
            value = lines[name]
            # Where a column of pixels has the line. Where two lines are near, their colors mix.
            for x in range(left + 3, right - 2):
                t = (x + 0.5 - left) / (right - left) * 100  # The middle of pixel x is at x + 0.5.
                expected = value(round(t))
                there = sorted(other(t) for other in lines.values() if other(t) is not None)
                if any(b - a < 0.5 for a, b in zip(there, there[1:])):
                    continue
                found = [y for y in range(top - 2, bottom + 3) if is_like(rows[y][x], color)]
                if value(math.floor(t)) is None or value(math.ceil(t)) is None:
                    if value(math.floor(t - 1)) is None and value(math.ceil(t + 1)) is None:
                        self.assertEqual(found, [], (name, t))
                    continue
                place = bottom - (expected if name != "ramp" else t / 10) / 10 * (bottom - top) - 0.5
                self.assertTrue(found, (name, t))
                self.assertAlmostEqual(sum(found) / len(found), place, delta=1.2, msg=(name, t))
                self.assertLessEqual(len(found), 3, (name, t))
        # The legend has the colors in the same order.
        swatches = [rows[y][20] for y in range(345, len(rows)) if rows[y][20] in COLORS]
        self.assertEqual(list(dict.fromkeys(swatches)), list(COLORS[:len(lines)]))

    def test_a_picture_without_data_and_one_for_standard_output(self):
        rows = self.draw("nothing")
        self.assertLess(len({pixel for row in rows for pixel in row} & set(COLORS)), 1)
        self.assertIn(INK, {pixel for row in rows for pixel in row})
        out = subprocess.run([CTL, "--address", self.address, *self.tls(), "range", "grid", "--png", "-", "--width", "200", "--height", "150"],
                             capture_output=True, timeout=120, check=True).stdout
        self.assertEqual((len(png.pixels(out)[0]), len(png.pixels(out))), (200, 150 + 3 * 18))
        status, _, err = self.run_ctl("range", "grid", "--png", self.path("no/such/directory.png"))
        self.assertEqual(status, 1)
        self.assertIn("No such file", err)

    def test_shells_complete_commands_and_options(self):
        script = self.path("completion.bash")
        with open(script, "w", encoding="utf-8") as file:
            file.write(self.ctl("completion", "bash"))

        def complete(*words):
            ask = 'source "$0"; COMP_WORDS=(nightlightctl "$@"); COMP_CWORD=$#; _nightlightctl; printf "%s\\n" "${COMPREPLY[@]}"'
            return subprocess.run(["bash", "-c", ask, script, *words], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(complete("s"), ["series", "snapshot", "status"])
        self.assertEqual(complete("range", "up", "--ste"), ["--step"])
        self.assertEqual(complete("top", "--ste"), [])
        self.assertEqual(complete("-o", "j"), ["json"])
        self.assertEqual(complete("query", "--addr"), ["--address"])
        self.assertIn("-a series", self.ctl("completion", "fish"))
        self.assertIn("bashcompinit", self.ctl("completion", "zsh"))

    def test_writes_wait_for_a_server_that_is_away_and_nothing_is_lost(self):
        text = "".join(f'away{{i="{i}"}} {i} {self.now_ms}\n' for i in range(20_000))
        self.server.kill()
        with socket.create_server(("127.0.0.1", self.rpc_port)) as nobody, subprocess.Popen(
                [CTL, "--address", self.address, *self.tls(), "write", "-", "-o", "json"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            self.addCleanup(child.kill)
            child.stdin.write(text)
            child.stdin.close()
            child.stdin = None
            nobody.settimeout(60)
            nobody.accept()[0].close()  # An attempt has failed.
            nobody.close()
            self.server.start()
            self.http.wait_ready(self.server)
            out, err = child.communicate(timeout=100)
        self.assertEqual(child.returncode, 0, err)
        report = json.loads(out)[0]
        self.assertEqual((report["written"], report["lost"]), ("20000", "0"))
        self.assertGreater(int(report["repeats"]), 0)
        self.assertEqual(self.api("query", query="count(away)", time=self.now_ms / 1000)["result"][0]["value"][1], "20000")
        self.assertEqual(self.api("query", query="sum(away)", time=self.now_ms / 1000)["result"][0]["value"][1],
                         str(sum(range(20_000))))

    # ---- examples

    def run_example(self, *argv, **environment):
        """Its output."""
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment})
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    @classmethod
    def installed_library(cls):
        """The directory of the client library as users have it."""
        prefix = cls.path("installed")
        if not os.path.exists(prefix):
            subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "devel,runtime", "--destdir", prefix],
                           check=True, stdout=subprocess.DEVNULL)
        return next(path for path, _, files in os.walk(prefix) if "libnightlight-client.so" in files)

    def generated_client(self):
        """What Python needs in its environment to import the client."""
        source, generated = os.path.join(SOURCE, "examples", "python_client"), self.path("generated")
        self.run_example(os.path.join(source, "generate"), os.path.join(SOURCE, "proto"), generated, PYTHON=PYTHON)
        return {"PYTHONPATH": generated + ":" + source, "PYTHONDONTWRITEBYTECODE": "1"}

    def test_examples_are_built_against_the_installed_library_and_push_and_query(self):
        libraries = self.installed_library()
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(libraries, "pkgconfig")}
        programs = {}
        for name in ("push_metrics", "query_metrics"):
            build = self.path("build-" + name)
            subprocess.run(["meson", "setup", build, os.path.join(SOURCE, "examples", name)], env=environment, **quiet)
            subprocess.run(["ninja", "-C", build], **quiet)
            programs[name] = os.path.join(build, name)
        tls = self.tls()[1::2]
        out = self.run_example(programs["push_metrics"], self.address, "2", *tls, LD_LIBRARY_PATH=libraries)
        self.assertEqual(out, "6 samples are stored\n")
        stored = {series["metric"]["minutes"]: series["values"] for series in self.api(
            "query", query="example_load_average[10m]", time=time.time() + 1)["result"]}
        self.assertEqual({minutes: len(values) for minutes, values in stored.items()}, {"1": 2, "5": 2, "15": 2})
        out = self.run_example(programs["query_metrics"], self.address, 'grid{job="j1"} + 0.125', "5", *tls,
                               LD_LIBRARY_PATH=libraries)
        self.assertEqual(out.splitlines()[0], '{job="j1",zone="a b"}')
        answered = dict(re.findall(r"^  (\d+)  (\S+)$", out, re.M))
        self.assertEqual({float(value) for value in answered.values()}, {1.125 + age / 4 for age in range(60)})
        refused = subprocess.run([programs["query_metrics"], self.address, "grid{", "5", *tls], capture_output=True, text=True,
                                 timeout=60, check=False, env={**os.environ, "LD_LIBRARY_PATH": libraries})
        self.assertEqual(refused.returncode, 1)
        self.assertIn("query_metrics: INVALID_ARGUMENT: ", refused.stderr)

    def returns(self, *argv, **environment):
        """What a program tells that calls the server while it goes and comes back."""
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                              env={**os.environ, **environment}) as program:
            self.addCleanup(program.kill)
            told = [program.stdout.readline().strip()]
            self.server.kill()
            program.stdin.write("\n")
            told.append(program.stdout.readline().strip())
            self.server.start()
            self.http.wait_ready(self.server)
            program.stdin.write("\n")
            told.append(program.stdout.readline().strip())
        return told

    def test_clients_find_a_server_that_is_back(self):
        libraries, program = self.installed_library(), self.path("returning_client")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "nightlight-client"], capture_output=True, text=True, check=True,
                               env={**os.environ, "PKG_CONFIG_PATH": os.path.join(libraries, "pkgconfig")}).stdout.split()
        subprocess.run(["c++", "-std=c++20", "-o", program, os.path.join(SOURCE, "tests", "integration", "returning_client.cc"), *flags],
                       check=True)
        tls = self.tls()[1::2]
        self.assertEqual(self.returns(program, self.address, "100", *tls, LD_LIBRARY_PATH=libraries), ["there", "away", "there again"])
        script = os.path.join(SOURCE, "tests", "integration", "returning_client.py")
        self.assertEqual(self.returns(PYTHON, script, self.address, "60", *tls, **self.generated_client()),
                         ["there", "away", "there again"])

    def test_a_long_snapshot_shows_how_far_it_is_and_is_waited_for(self):
        generated = self.path("generated-for-snapshots")
        self.run_example(os.path.join(SOURCE, "examples", "python_client", "generate"), os.path.join(SOURCE, "proto"), generated, PYTHON=PYTHON)
        slow = [PYTHON, os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_snapshot.py")]
        environment = {**os.environ, "PYTHONPATH": generated, "PYTHONDONTWRITEBYTECODE": "1"}
        for knows, arguments, minutes, drawn in (
                ("yes", (), "60", r"\r\x1b\[Ksnapshot \[={7} {23}\] 25 % 50 of 200 series.*\[={30}\] 100 % 200 of 200 series"),
                ("no", ("--timeout", "600"), "10", r"\r\x1b\[Ksnapshot \d+ s")):
            with subprocess.Popen([*slow, knows], stdout=subprocess.PIPE, text=True, env=environment) as server:
                try:
                    address = "127.0.0.1:" + server.stdout.readline().strip()
                    ours, theirs = pty.openpty()
                    made = subprocess.run([CTL, "--address", address, "snapshot", "-o", "json", *arguments], stdout=subprocess.PIPE, stderr=theirs,
                                          text=True, timeout=60, check=True)
                    os.close(theirs)
                    shown = os.read(ours, 1 << 16).decode()
                    os.close(ours)
                finally:
                    server.kill()
            self.assertEqual(json.loads(made.stdout), [{"name": minutes}])
            self.assertRegex(shown, re.compile(drawn, re.S))
            self.assertTrue(shown.endswith("\r\x1b[K"), shown)

    def test_the_python_client_is_made_from_the_same_protos(self):
        environment = self.generated_client()
        tls = self.tls()[1::2]
        lines = self.run_example(PYTHON, os.path.join(SOURCE, "examples", "python_client", "example.py"), self.address, *tls, **environment).splitlines()
        self.assertEqual(lines[:2], ["61 samples are stored", "{'__name__': 'example_sine', 'from': 'python'}"])
        answered = [line.split() for line in lines[2:]]
        self.assertEqual(len(answered), 61)
        self.assertEqual(bits(value for _, value in answered), bits(math.sin(int(at) / 10_000) for at, _ in answered))
        long = ("from nightlight_client import Client; import sys; c = Client(*sys.argv[1:]); n = 200_000; "
                f"t = {self.now_ms}; print(c.write([({{'__name__': 'long'}}, [(t - n + i, i) for i in range(n)])]).samples_written); "
                "[(labels, samples)] = c.query('long[1h]', t); print(labels, samples == [(t - n + i, i) for i in range(n)]); "
                "print(list(c.series('long')))")
        self.assertEqual(self.run_example(PYTHON, "-c", long, self.address, *tls, **environment).splitlines(),
                         ["200000", "{'__name__': 'long'} True", "[{'__name__': 'long'}]"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
