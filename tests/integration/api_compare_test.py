"""The HTTP API against a real Prometheus: the same remote-written samples in both, the same requests to both, the same answers.

NIGHTLIGHT_PROMETHEUS names the Prometheus; what only 3.16 answers is skipped with an older one. Differences that are meant are
listed in ALLOWED, each with its reason.
"""

import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import processes
import remote_write

STEP_MS = 15_000
POINTS = 120

GETPOST = ("GET", "POST")

# (path pattern, reason): status and body may differ.
ALLOWED = [
    (r"^series(\?(?!.*match)|$)", "series without match[] lists all series, for clients of older versions"),
    (r"[?&](time|start|end)=(-?\d{11,}|-?[0-9.]+e1[1-9]|1e10)\b", "numbers from 1e11 are milliseconds; Prometheus overflows"),
    (r"[?&](time|start|end)=[+-]?(NaN|Inf)", "Prometheus turns them into arbitrary times; here they are errors"),
    (r"[?&](time|start|end)=(-292273086|292277025)-", "the ends of time, which Prometheus overflows"),
    (r"[?&]lookback_delta=0\.000", "a lookback under a millisecond is one millisecond; Prometheus makes it nothing"),
    (r"[?&]step=0\.000", "steps under a millisecond: Prometheus divides by zero"),
]


def fleet(now_ms):
    """Series of every kind that requests below ask for: {labels: [(ms, value)]}."""
    start = (now_ms - POINTS * STEP_MS) // STEP_MS * STEP_MS
    times = [start + i * STEP_MS for i in range(POINTS)]
    out = []

    def add(value_at, **labels):
        labels = {("__name__" if k == "name" else k): v for k, v in labels.items()}
        out.append((labels, [(t, value_at(i)) for i, t in enumerate(times) if value_at(i) is not None]))

    for instance in ("a:9100", "b:9100", "c:9100"):
        for job in ("node", "web"):
            n = len(out)
            add(lambda i, n=n: 1.0, name="up", instance=instance, job=job)
            add(lambda i, n=n: float(i * (n + 1) * 7), name="requests_total", instance=instance, job=job, code="200")
            add(lambda i, n=n: float(i * (n + 3)) if i < 60 else float((i - 60) * n), name="requests_total", instance=instance,
                job=job, code="500")
            add(lambda i, n=n: math.sin(i / 9 + n) * 10 ** ((n % 7) * 4 - 10), name="wave", instance=instance, job=job)
            for j, le in enumerate(("0.1", "0.5", "1", "+Inf")):
                add(lambda i, j=j, n=n: float(i * (j + 1) * (n + 2)), name="lat_bucket", instance=instance, job=job, le=le)
    add(lambda i: struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0] if i == 80 else float(i) if i < 80 else None,
        name="gone")
    add(lambda i: float("nan") if i % 3 == 0 else float("inf") if i % 3 == 1 else float("-inf"), name="odd")
    add(lambda i: float(i), name="escaped", path="<a href=\"x\">&\\", text="tab\tnew\nline \u2028 h\u00e9", empty_looking=" ")
    add(lambda i: -0.0, name="zero")
    add(lambda i: 1e21 * (i + 1), name="huge")
    add(lambda i: 5e-324 * (i + 1), name="tiny")
    out.append(({"__name__": "sparse"}, [(t, 1.0) for t in times[::25]]))
    return start, times[-1], out


def requests(start_ms, end_ms):
    """(method, path) of every comparison."""
    mid = (start_ms + end_ms) // 2000
    start, end = start_ms / 1000, end_ms / 1000
    window = f"start={start}&end={end}"
    expressions = [
        "up", "up{job=\"node\"}", "sum(up)", "sum by (job) (rate(requests_total[5m]))", "wave", "wave * 2 > 0", "odd", "escaped",
        "zero", "huge", "tiny", "gone", "sparse", "1", "1e-7", "-0", "Inf", "NaN", "0.1 + 0.2", "\"text <&>\"", "time()",
        "vector(1e-7)", "vector(1e21)", "topk(2, wave)", "sort_desc(requests_total)", "sort(requests_total)", "requests_total[1m]",
        "up offset 5m", "up @ end()", "max_over_time(wave[10m:1m])", "histogram_quantile(0.9, sum by (le, job) (rate(lat_bucket[5m])))",
        "absent(nothing)", "nothing", "label_replace(up, \"x\", \"$1\", \"instance\", \"(.).*\")", "count_values(\"v\", zero)",
        "requests_total / on (instance, job) group_left up", "rate(up[5m])", "increase(requests_total{code=\"500\"}[10m])",
        "avg_over_time(wave[5m])", "quantile(0.5, wave)", "{__name__=~\"requests.*\",code!=\"200\"}", "abs(wave)", "-wave",
        "up == bool 1", "up and on (job) wave", "up unless up", "sum without (instance) (up)", "clamp(wave, -1, 1)",
        "changes(up[5m])", "up{job=~\"(?<name>n.*)\"}", "up{instance=~\"([ab]):9100\"}", "deriv(wave[5m])", "resets(requests_total[30m])", "scalar(sum(up))", "group(up)", "stddev(wave)",
        "quantile_over_time(0.9, wave[5m])", "histogram_quantile(0.9, up)", "rate(wave[5m])",
    ]
    bad = ["", "up{", "sum(", "up[5m", "rate(up)", "up +", "{}", "{a=~\".*\"}", "foo(up)", "1 + \"a\"", "up[5m] + 1", "sum by (", "up offset",
           "a and 1", "bool 1", "1 > 2", "up{job=~\"(\"}", "up{job=~\"a(b\"}", "up{job=~\"a)b\"}", "up{job=~\"\\\\C\"}", "up{job=~\"(?<1>a)\"}", "\u00e9", "up @ foo", "5m:", "rate(up[0s])"]
    quote = urllib.parse.quote
    out = []
    for e in expressions:
        out.append(("GET", f"query?query={quote(e)}&time={mid}"))
        out.append(("POST", f"query?query={quote(e)}&time={end}"))
        out.append(("GET", f"query_range?query={quote(e)}&{window}&step=60"))
        out.append(("GET", f"format_query?query={quote(e)}"))
        out.append(("GET", f"parse_query?query={quote(e)}"))
    for e in bad:
        out.append(("GET", f"query?query={quote(e)}&time={mid}"))
        out.append(("GET", f"query_range?query={quote(e)}&{window}&step=60"))
        out.append(("GET", f"format_query?query={quote(e)}"))
        out.append(("GET", f"parse_query?query={quote(e)}"))
        out.append(("GET", f"query_exemplars?query={quote(e)}&{window}"))
        out.append(("GET", f"series?match[]={quote(e)}&{window}"))
        out.append(("GET", f"labels?match[]={quote(e)}&{window}"))
        out.append(("GET", f"label/job/values?match[]={quote(e)}&{window}"))
    times = ["0", "0.057", "1.0005", "-1.5", "1e3", "0x1p4", "1_0", "+5", ".5", "5.", "x", "1s", " 1", "NaN", "Inf", "-Inf", "1e400",
             "2020-01-01T00:00:00Z", "2020-01-01T00:00:00%2B01:00", "2020-02-30T00:00:00Z", "2020-01-01", "2020-01-01T00:00:00.5Z",
             "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z", f"{mid}.4567", f"{mid}.0005"]
    for t in times:
        out.append(("GET", f"query?query=vector(1)&time={t}"))
        out.append(("GET", f"query_range?query=vector(1)&start={t}&end={t}&step=1"))
        out.append(("GET", f"series?match[]=up&start={t}"))
        out.append(("GET", f"labels?start={t}&end={t}"))
        out.append(("GET", f"label/job/values?end={t}"))
    for d in ["1", "1.5", "0.001", "15s", "1m30s", "1h", "0", "-1", "-1s", "x", "", "1s1m", "NaN", "Inf", "1e30", "9223372036.854775807",
              "0.0001", "1y", "1ms", "1w2d", "1.5m"]:
        out.append(("GET", f"query_range?query=up&{window}&step={d}"))
        if d not in ("0.0001", "0.001", "1ms"):  # Either server may or may not answer within these.
            out.append(("GET", f"query?query=up&time={mid}&timeout={d}"))
        out.append(("GET", f"query?query=up&time={mid}&lookback_delta={d}"))
        out.append(("GET", f"query_range?query=sparse&{window}&step=60&lookback_delta={d}"))
    for limit in ["0", "1", "2", "3", "100", "-1", "x", "1.5", "+2", "99999999999999999999", " 1"]:
        out.append(("GET", f"query?query=up&time={mid}&limit={limit}"))
        out.append(("GET", f"query?query=requests_total[1m]&time={mid}&limit={limit}"))
        out.append(("GET", f"query_range?query=up&{window}&step=60&limit={limit}"))
        out.append(("GET", f"labels?{window}&limit={limit}"))
        out.append(("GET", f"labels?{window}&limit={limit}&match[]=up&match[]=escaped"))
        out.append(("GET", f"label/instance/values?{window}&limit={limit}"))
        out.append(("GET", f"series?match[]=requests_total&match[]=gone&{window}&limit={limit}"))
        out.append(("GET", f"search/metric_names?{window}&limit={limit}"))
        out.append(("GET", f"search/metric_names?{window}&batch_size={limit}"))
        out.append(("GET", f"status/tsdb?limit={limit}") if limit in ("-1", "x", "1.5", "0", "99999999999999999999") else ("GET", "status/walreplay"))
    for s in ["0", "10999", "11000", "11001", "11002"]:
        out.append(("GET", f"query_range?query=1&start=0&end={s}&step=1"))
        out.append(("GET", f"query_range?query=1&start=0&end={s}.9&step=1"))
        out.append(("GET", f"query_range?query=nothing&start=0&end={s}&step=0.5"))
    for stats in ["foo"]:
        out.append(("GET", f"query?query=nothing&time={mid}&stats={stats}#stats"))
        out.append(("GET", f"query?query=up&time={mid}&stats=all#stats"))
        out.append(("GET", f"query_range?query=sum(rate(requests_total[5m]))&{window}&step=60&stats=true#stats"))
    for name in ["job", "__name__", "nothing", "code", "U__job", "U__jo_62_", "U__x_zz_", "a%20b", "%FF", "a.b", "path", "text"]:
        out.append(("GET", f"label/{name}/values?{window}"))
        out.append(("GET", f"label/{name}/values?{window}&match[]=up"))
        out.append(("GET", f"label/{name}/values?{window}&match[]=up&match[]=requests_total"))
        out.append(("POST", f"label/{name}/values?{window}"))
    for match in ["up", "escaped", "{job=\"node\"}", "{__name__=~\".%2B\"}", "{job=\"node\",instance=~\"a.*|b.*\"}", "nothing", "requests_total{code!~\"2..\"}"]:
        for method in GETPOST:
            out.append((method, f"series?match[]={match}&{window}"))
            out.append((method, f"labels?match[]={match}&{window}"))
    out += [("GET", f"series?match[]=up&match[]=up{{job=\"node\"}}&match[]=gone&{window}"), ("GET", "series"), ("GET", "series?match[]="),
            ("GET", "labels"), ("POST", "labels"), ("GET", "series?match[]=up&start=0&end=1"), ("GET", "series?match[]=%zz"),
            ("GET", "series?match[]=up;b"), ("GET", "labels?match[]=up&x=%zz"), ("DELETE", "series?match[]=up"), ("PUT", "query?query=1"),
            ("HEAD", "query?query=1"), ("OPTIONS", "query"), ("GET", "nothing"), ("POST", "status/buildinfo"),
            ("GET", f"query?query=up&time={mid}&query=down"), ("GET", f"query_range?query=up&start={end}&end={start}&step=1"),
            ("GET", f"query_range?{window}&step=1"), ("GET", f"query_range?query=up&start={start}&step=1"),
            ("GET", f"query_range?query=up&end={end}&step=1"), ("GET", f"query_range?query=up&{window}")]
    for path in ["targets", "targets?state=active", "targets?state=dropped", "targets?state=foo", "targets/metadata", "targets/metadata?limit=x",
                 "targets/metadata?match_target=up{", "targets/relabel_steps", "targets/relabel_steps?scrapePool=x",
                 "targets/relabel_steps?scrapePool=x&labels={}", "scrape_pools", "scrape_pools/config", "scrape_pools/config?scrapePool=x",
                 "alertmanagers", "alerts", "rules", "rules?type=foo", "rules?type=alert", "rules?group_limit=0", "rules?group_limit=x",
                 "rules?group_limit=3", "rules?group_next_token=x", "rules?group_limit=1&group_next_token=x", "rules?exclude_alerts=maybe",
                 "rules?exclude_alerts=true", "rules?match[]=a{", "rules?rule_name[]=x", "metadata", "metadata?limit=x", "metadata?limit=0",
                 "metadata?limit_per_metric=x", "metadata?metric=up", "notifications", "status/walreplay",
                 *(f"status/self_metrics?metric_name_pattern={urllib.parse.quote(pattern)}" for pattern in (
                     "nothing", "(", "[", "a**", "a)", "a{3,2}", "\\8", "(?P<a", "*", "\\", "a)|(b", "rocess_max_fds", "process_max_fd")),
                 "status/self_metrics?metric_name_pattern=nothing&metric_name_pattern=.*",
                 f"query_exemplars?query=up&{window}", "query_exemplars?query=1", "query_exemplars?query=up&start=5&end=4",
                 "query_exemplars?query=up&start=x", "query_exemplars?query=up&end=x"]:
        out.append(("GET", path))
    for path in ["delete_series", "delete_series?match[]=a{", "delete_series?match[]=nothing&start=x", "delete_series?match[]=nothing",
                 "clean_tombstones", "snapshot?skip_head=x"]:
        out.append(("POST", f"admin/tsdb/{path}"))
        out.append(("PUT", f"admin/tsdb/{path}"))
        out.append(("GET", f"admin/tsdb/{path}"))
    for query in ["", "search[]=req", "search[]=rt", "search[]=rt&include_score=true", "search[]=tot&include_score=true&sort_by=score",
                  "search[]=reqeusts&fuzz_alg=jarowinkler&fuzz_threshold=70&include_score=true", "search[]=e&fuzz_alg=jarowinkler&include_score=true",
                  "search[]=UP&case_sensitive=false", "search[]=UP", "search[]=a&search[]=u&include_score=1", "sort_by=alpha&sort_dir=dsc",
                  "sort_by=alpha&sort_dir=x", "sort_dir=asc", "sort_by=score", "sort_by=foo", "sort_by=score&sort_dir=asc&search[]=a",
                  "fuzz_threshold=101", "fuzz_threshold=x", "fuzz_alg=x", "case_sensitive=x", "include_score=x", "limit=0", "limit=10001",
                  "batch_size=2", "batch_size=0", "match[]=up", "match[]={", "end=1&start=2", "start=x", "search[]=le&fuzz_threshold=90",
                  "include_metadata=x", "search[]=" + "&search[]=".join("a" * 33)]:
        for endpoint in ("metric_names", "label_names", "label_values?label=job"):
            joint = "&" if "?" in endpoint else "?"
            scope = "" if "start" in query or "end=" in query else f"&{window}"
            out.append(("GET", f"search/{endpoint}{joint}{query}{scope}"))
    out.append(("GET", "search/label_values"))
    return out


# Timings vary, and how many samples are held at once is each engine's own business.
STATS = re.compile(rb'"timings":\{[^}]*\}|"peakSamples":\d+')


class Answer:
    def __init__(self, status, headers, body, path):
        self.status, self.headers = status, headers
        self.body = self.ordered(STATS.sub(b'"_":{}', body), path)

    @staticmethod
    def ordered(body, path):
        """Prometheus orders warnings, infos and the groups of an aggregation by a hash map."""
        vector = b'"resultType":"vector"' in body and "sort" not in path and "topk" not in path
        if not vector and b'"warnings":' not in body and b'"infos":' not in body:
            return body
        try:
            answer = json.loads(body)
        except ValueError:
            return body
        for key in ("warnings", "infos"):
            if key in answer:
                answer[key].sort()
        if vector:
            answer["data"]["result"].sort(key=lambda sample: sorted(sample["metric"].items()))
        return json.dumps(answer).encode()

    def essence(self):
        kept = {name: ", ".join(sorted(self.headers.get_all(name, []))) for name in ("Content-Type", "Allow", "Vary")}
        if kept["Content-Type"] and kept["Content-Type"].startswith("text/plain"):
            kept["Content-Type"] = "text/plain"
        return self.status, kept, self.body


class CompareTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        port = processes.free_port()
        binary = os.environ.get("NIGHTLIGHT_PROMETHEUS", "prometheus")
        version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        found = re.search(r"version (\d+)\.(\d+)", version.stdout + version.stderr)
        cls.version = tuple(map(int, found.groups())) if found else (3, 16)
        arguments = ["--web.enable-remote-write-receiver", "--web.enable-admin-api"]
        if cls.version >= (3, 16):
            arguments.append("--enable-feature=search-api,exemplar-storage,promql-per-step-stats")
        cls.oracle = processes.prometheus(cls.directory.name, "global:\n  scrape_interval: 15s\n", port, *arguments, binary=binary)
        cls.oracle.start()
        cls.theirs = processes.Http(port)
        cls.theirs.wait_ready(cls.oracle)

        port = processes.free_port()
        config = f"""
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:{processes.free_port()}"}}
storage: {{data_dir: "{cls.directory.name}/nightlight-data"}}
instances:
  api: {{enable_admin_api: true}}
"""
        cls.server = processes.nightlight(cls.directory.name, config)
        cls.server.start()
        cls.ours = processes.Http(port)
        cls.ours.wait_ready(cls.server)
        cls.start, cls.end, all_series = fleet(int(time.time() * 1000))
        for http in (cls.ours, cls.theirs):
            status, body = remote_write.write(http, all_series)
            if status != 204:
                raise AssertionError(f"write: {status} {body}")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.oracle.stop()
        cls.directory.cleanup()

    def ask(self, http, method, path):
        path = path.split("#")[0]
        body, headers = None, {}
        if method == "POST" and "?" in path:
            path, body = path.split("?", 1)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        path = urllib.parse.quote("/api/v1/" + path, safe="/?&=%+:@,;~!*'().-_$\\[]{}|^\"<>").replace("\"", "%22")
        for character in "<>{}|\\^":
            path = path.replace(character, urllib.parse.quote(character))
        return Answer(*http.request(method, path, body, headers), path)

    def test_every_answer_is_the_oracles(self):
        if self.version < (3, 16):
            self.skipTest("the answers are those of Prometheus 3.16")
        different, allowed, compared = [], 0, 0
        for method, path in requests(self.start, self.end):
            ours, theirs = self.ask(self.ours, method, path), self.ask(self.theirs, method, path)
            compared += 1
            if ours.essence() == theirs.essence():
                continue
            if any(re.search(pattern, path) for pattern, _ in ALLOWED):
                allowed += 1
                continue
            different.append(f"{method} {path}\n   ours:   {ours.essence()}"[:700] + f"\n   theirs: {theirs.essence()}"[:700])
        print(f"{compared} requests, {allowed} differ as they may, {len(different)} otherwise", file=sys.stderr)
        if different:
            self.fail(f"{len(different)} of {compared} answers differ:\n" + "\n".join(different))

    def test_metrics_of_the_server_itself_have_the_oracles_shape(self):
        if self.version < (3, 16):
            self.skipTest("Prometheus has them since 3.12")

        def shape(value):
            """Types instead of values; enumerations and what only a Go process has aside."""
            if isinstance(value, dict):
                return {key: value[key] if key == "type" else shape(value[key]) for key in value
                        if key not in ("createdTimestamp", "unit", "schema", "zeroThreshold", "zeroCount", "positiveSpan", "positiveDelta")}
            if isinstance(value, list):
                return [shape(value[0])] if value else []
            return type(float(value)) if isinstance(value, int) else type(value)

        def metrics(http, pattern):
            answer = http.api("status/self_metrics", metric_name_pattern=pattern)
            self.assertEqual(answer["status"], "success")
            return answer["data"]

        for ours, theirs in (("process_max_fds", "process_max_fds"), ("process_cpu_seconds_total", "process_cpu_seconds_total"),
                             ("nightlight_http_request_duration_seconds", "prometheus_http_request_duration_seconds")):
            got, wanted = metrics(self.ours, ours), metrics(self.theirs, theirs)
            self.assertEqual([family["name"] for family in got], [ours])
            self.assertEqual(shape(got), shape(wanted))
            self.assertEqual(list(shape(got)[0]), list(shape(wanted)[0]))
        everything = [family["name"] for family in metrics(self.ours, "")]
        self.assertEqual(everything, sorted(everything))
        self.assertGreater(len(everything), 20)
        shown = self.ours.request("GET", "/metrics")[2].decode()
        self.assertEqual(everything, re.findall(r"^# TYPE (\S+)", shown, re.M))

        def queries():
            return sum(metric["counter"]["value"] for metric in metrics(self.ours, "nightlight_.*_queries_total")[0]["metric"])

        before = queries()
        self.ours.api("query", query="1")
        self.assertEqual(queries(), before + 1)

    def test_features_are_those_of_the_oracle_and_as_configured(self):
        if self.version < (3, 16):
            self.skipTest("the features are those of Prometheus 3.16")
        ours, theirs = (http.api("features")["data"] for http in (self.ours, self.theirs))
        for category in ("api", "promql", "promql_functions", "promql_operators"):
            self.assertEqual(ours[category].keys(), theirs[category].keys())
        self.assertEqual({name for name, on in theirs["api"].items() if on and not ours["api"][name]}, set())
        for version in ("", "3.1", "3.2", "3.2.0", "4", "x"):
            path = f"/api/v1/openapi.yaml?openapi_version={version}"
            self.assertEqual(*(http.request("GET", path)[2].splitlines()[0] for http in (self.ours, self.theirs)), version)
        gated = {name for name, on in theirs["promql_functions"].items() if not on}
        self.assertGreater(len(gated), 10)
        port = processes.free_port()
        with tempfile.TemporaryDirectory() as directory:
            server = processes.nightlight(directory, f"""
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:{processes.free_port()}"}}
storage: {{data_dir: "{directory}/data"}}
instances:
  host: {{enable_lifecycle: true}}
  store: {{retention: 3w, retention_size: 10GiB}}
  engine: {{experimental_functions: false, fill_modifiers: false, unquoted_utf8_names: true, delayed_name_removal: true}}
""").start()
            try:
                http = processes.Http(port)
                http.wait_ready(server)
                other = http.api("features")["data"]
                retention = http.api("status/runtimeinfo")["data"]["storageRetention"]
            finally:
                server.stop()
        self.assertEqual({name for name, on in other["promql_functions"].items() if not on}, gated)
        self.assertTrue(all(ours["promql_functions"].values()))
        for name, by_default, changed in (("fill", True, False), ("fill_left", True, False), ("fill_right", True, False),
                                          ("unquoted_utf8_names", False, True), ("delayed_name_removal", False, True),
                                          ("type_and_unit_labels", False, False)):
            self.assertEqual((ours["promql"][name], other["promql"][name]), (by_default, changed), name)
        self.assertEqual((ours["api"]["lifecycle"], other["api"]["lifecycle"]), (False, True))
        self.assertEqual(retention, "3w or 10GiB")
        self.assertEqual(*(http.api("status/runtimeinfo")["data"]["storageRetention"] for http in (self.ours, self.theirs)))
        self.assertEqual((ours["api"]["admin"], other["api"]["admin"]), (True, False))

    def test_cardinality_is_counted_as_the_oracle_does(self):
        counts = [http.api("status/tsdb", limit=100)["data"] for http in (self.ours, self.theirs)]
        for name in ("seriesCountByMetricName", "labelValueCountByLabelName", "memoryInBytesByLabelName", "seriesCountByLabelValuePair"):
            ours, theirs = (sorted((entry["name"], entry["value"]) for entry in one[name]) for one in counts)
            self.assertEqual(ours, theirs, name)
        for name in ("numSeries", "numLabelPairs"):
            self.assertEqual(*(one["headStats"][name] for one in counts), name)

    def test_bodies_that_do_not_decompress_are_refused_in_the_oracles_words(self):
        if self.version < (3, 16):
            self.skipTest("the words are those of Prometheus 3.16")
        for endpoint in ("write", "read"):
            for body in (b"abc", b"", b"\x05\x20abc", b"\xff\xff\xff\xff\x0f\x00", b"\x80\x80\x80\x80\x01\x00", b"\xff" * 11):
                got = [http.request("POST", f"/api/v1/{endpoint}", body, remote_write.HEADERS) for http in (self.ours, self.theirs)]
                self.assertEqual(*((status, text) for status, _, text in got), (endpoint, body))

    def test_cross_origin_headers_are_the_oracles(self):
        if self.version < (3, 16):
            self.skipTest("the headers are those of Prometheus 3.16")
        names = ("Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
                 "Access-Control-Expose-Headers")
        for method in ("GET", "OPTIONS"):
            for headers in ({}, {"Origin": "https://grafana.example"}):
                got = [{name: http.request(method, "/api/v1/labels", None, headers)[1].get(name) for name in names}
                       for http in (self.ours, self.theirs)]
                self.assertEqual(got[0], got[1], (method, headers))

    def test_paths_outside_of_the_api_tell_the_oracles_methods(self):
        if self.version < (3, 16):
            self.skipTest("the methods are those of Prometheus 3.16")
        names = ("Allow", "Content-Length", "Content-Type", "Vary", "Access-Control-Allow-Origin")
        for path in ("/-/healthy", "/-/ready", "/-/reload", "/-/quit", "/metrics", "/federate", "/-/nothing", "/api/v1/write", "/api/v1/read"):
            for method in ("OPTIONS", "DELETE", *(("GET", "POST") if path in ("/-/reload", "/-/quit") else ())):
                got = [(status, body, {name: headers.get(name) for name in names})
                       for status, headers, body in (http.request(method, path) for http in (self.ours, self.theirs))]
                if path == "/metrics":  # It can be asked for its size here.
                    self.assertEqual(got[0][2]["Allow"], "GET, HEAD, OPTIONS")
                    got[1][2]["Allow"] = "GET, HEAD, OPTIONS"
                # Answers of a handler vary with the origin here, wherever it stands, and with the encoding where one is chosen.
                if method in ("GET", "POST") or path.startswith("/api/"):
                    got[0][2]["Vary"] = got[1][2]["Vary"] = None
                self.assertEqual(got[0], got[1], f"{method} {path}")
        preflight = self.ours.request("OPTIONS", "/federate", None, {"Origin": "https://grafana.example"})[1]
        self.assertEqual(preflight["Access-Control-Allow-Origin"], "https://grafana.example")

    def test_federation_shows_the_oracles_text(self):
        matches = ["up", "escaped", "odd", "{__name__=~\"wave|huge|tiny|zero\"}", "nothing", "up{"]
        for match in matches:
            got = [http.request("GET", "/federate?match[]=" + urllib.parse.quote(match)) for http in (self.ours, self.theirs)]
            self.assertEqual(got[0][0], got[1][0], match)
            self.assertEqual(sorted(got[0][2].splitlines()), sorted(got[1][2].splitlines()), match)


if __name__ == "__main__":
    unittest.main()
