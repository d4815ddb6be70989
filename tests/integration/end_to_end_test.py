"""The whole path on real input: Prometheus scrapes itself and node-exporter for a minute and remote-writes over mTLS; Nightlight
is killed with -9 on the way; then both servers answer the same queries, which are compared value by value.
"""

import http.client as http_client
import math
import os
import shutil
import ssl
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import pki  # noqa: E402
import processes  # noqa: E402

MINUTE_S = int(os.environ.get("NIGHTLIGHT_END_TO_END_SECONDS", "60"))

NIGHTLIGHT_CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
tls:
  cert_file: "{pki}/server.crt"
  key_file: "{pki}/server.key"
  ca_file: "{pki}/ca.crt"
  require_client_cert: true
"""

PROMETHEUS_CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
  - {{job_name: prometheus, static_configs: [{{targets: ["127.0.0.1:{prometheus}"]}}]}}
  - {{job_name: node, static_configs: [{{targets: ["127.0.0.1:{node}"], labels: {{zone: "a b"}}}}]}}
remote_write:
  - url: https://localhost:{port}/api/v1/write
    queue_config: {{min_backoff: 30ms, max_backoff: 300ms, batch_send_deadline: 500ms}}
    tls_config: {{ca_file: "{pki}/ca.crt", cert_file: "{pki}/client.crt", key_file: "{pki}/client.key"}}
"""

# Names that both 2.42 and newer node-exporters and Prometheus have.
INSTANT = [
    "up",
    "count(up)",
    "count by (job) ({__name__=~\".+\"})",
    "node_cpu_seconds_total",
    "node_memory_MemTotal_bytes / 1024 / 1024",
    "rate(node_cpu_seconds_total[30s])",
    "sum by (mode) (rate(node_cpu_seconds_total[30s]))",
    "sum without (cpu) (irate(node_cpu_seconds_total[30s]))",
    "increase(prometheus_http_requests_total[30s])",
    "histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[30s])))",
    "topk(3, node_cpu_seconds_total)",
    "avg_over_time(node_load1[30s])",
    "max_over_time(node_memory_MemFree_bytes[30s]) - min_over_time(node_memory_MemFree_bytes[30s])",
    "quantile_over_time(0.5, node_load1[30s])",
    "stddev_over_time(node_memory_MemFree_bytes[30s])",
    "count_over_time(up{job=\"node\"}[20s])",
    "node_filesystem_avail_bytes / ignoring (fstype) node_filesystem_size_bytes",
    "node_time_seconds offset 10s",
    "delta(node_memory_MemFree_bytes[30s])",
    "label_replace(up, \"port\", \"$1\", \"instance\", \".*:(.*)\")",
    "up == 1 and on (job) node_load1",
    "up unless on (job) node_load1",
    "max_over_time(rate(node_cpu_seconds_total{mode=\"idle\"}[10s])[20s:5s])",
    "clamp_max(round(node_load1 * 100), 50)",
    "sum(node_cpu_seconds_total) by (cpu) > bool 10",
    "{zone=\"a b\", __name__=~\"node_load.*\"}",
    "1 + 2 * 3",
]
RANGE = [
    "up",
    "sum(rate(node_cpu_seconds_total[20s]))",
    "sum by (mode) (rate(node_cpu_seconds_total[20s]))",
    "node_memory_MemFree_bytes",
    "rate(prometheus_tsdb_head_samples_appended_total[20s])",
    "histogram_quantile(0.99, rate(prometheus_tsdb_compaction_chunk_size_bytes_bucket[30s]))",
    "avg(node_load1) + on () group_left () sum(up)",
    "changes(process_start_time_seconds[20s])",
    "prometheus_http_requests_total @ end()",
]


def same(left, right):
    if left == right:
        return True
    a, b = float(left), float(right)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def by_labels(result):
    return {tuple(sorted(series["metric"].items())): series for series in result}


class EndToEnd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        material = os.path.join(cls.directory, "pki")
        pki.generate(material)
        ports = {name: processes.free_port() for name in ("port", "prometheus", "node")}
        values = {"directory": cls.directory, "pki": material, **ports}
        cls.material = material
        cls.nightlight = processes.nightlight(cls.directory, NIGHTLIGHT_CONFIG.format(**values))
        cls.ours = processes.Http(ports["port"], processes.client_of(material))
        cls.theirs = processes.Http(ports["prometheus"])
        cls.node = processes.Process(
            [shutil.which("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{ports['node']}"],
            os.path.join(cls.directory, "node.log"))
        cls.prometheus = processes.prometheus(cls.directory, PROMETHEUS_CONFIG.format(**values), ports["prometheus"])
        for process in (cls.prometheus, cls.node, cls.nightlight):
            cls.addClassCleanup(process.kill)
        cls.node.start()
        cls.nightlight.start()
        cls.ours.wait_ready(cls.nightlight)
        cls.prometheus.start()
        cls.theirs.wait_ready(cls.prometheus)
        cls._run()

    @classmethod
    def _run(cls):
        """A minute of scrapes, with a kill in the middle of it; then waits until everything has arrived."""
        start = time.time()
        time.sleep(MINUTE_S / 2)
        cls.nightlight.kill()
        cls.nightlight.start()
        cls.ours.wait_ready(cls.nightlight)
        time.sleep(max(0.0, start + MINUTE_S - time.time()))
        # Off the whole second, so that no sample sits on the edge of a window: older servers include the left edge.
        cls.end = int(time.time()) - 2 + 0.0137
        cls.start = start + 5
        newest = f"timestamp(up{{job=\"node\"}})"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            result = cls.ours.api("query", query=newest)["data"]["result"]
            if result and float(result[0]["value"][1]) > cls.end:
                return
            time.sleep(0.2)
        raise AssertionError("the newest samples did not arrive:\n" + cls.nightlight.log()[-4000:])

    def both(self, endpoint, **parameters):
        answers = [server.api(endpoint, **parameters) for server in (self.ours, self.theirs)]
        for answer in answers:
            self.assertEqual(answer["status"], "success", answer)
        return (answer["data"] for answer in answers)

    def compare(self, ours, theirs):
        self.assertEqual(ours["resultType"], theirs["resultType"])
        if ours["resultType"] == "scalar":
            self.assertTrue(same(ours["result"][1], theirs["result"][1]))
            return
        left, right = by_labels(ours["result"]), by_labels(theirs["result"])
        self.assertEqual(sorted(left), sorted(right))
        self.assertTrue(left, "an empty answer proves nothing")
        for labels, series in right.items():
            expected = series.get("values") or [series["value"]]
            actual = left[labels].get("values") or [left[labels]["value"]]
            self.assertEqual([t for t, _ in expected], [t for t, _ in actual], labels)
            for (when, theirs_value), (_, ours_value) in zip(expected, actual):
                self.assertTrue(same(ours_value, theirs_value), f"{labels} at {when}: {ours_value} != {theirs_value}")

    def test_instant_queries(self):
        for query in INSTANT:
            with self.subTest(query=query):
                self.compare(*self.both("query", query=query, time=self.end))

    def test_range_queries(self):
        # Prometheus 2 extrapolates by another rule where a counter's first samples are in the window.
        version = self.theirs.api("status/buildinfo")["data"]["version"]
        span_s = 25 if version.startswith("2.") else 40
        for query in RANGE:
            for step in (1, 7):
                with self.subTest(query=query, step=step):
                    self.compare(*self.both("query_range", query=query, start=self.end - span_s, end=self.end, step=step))

    def test_nothing_acknowledged_was_lost_over_the_kill(self):
        # Every sample of every series, bit by bit as the API writes it.
        ours, theirs = self.both("query", query=f"{{job=~\".+\"}}[{MINUTE_S + 60}s]", time=self.end)
        self.assertEqual(ours["resultType"], "matrix")
        left, right = by_labels(ours["result"]), by_labels(theirs["result"])
        self.assertEqual(sorted(left), sorted(right))
        self.assertGreater(sum(len(series["values"]) for series in right.values()), 1000)
        for labels, series in right.items():
            self.assertEqual(series["values"], left[labels]["values"], labels)

    def test_labels_and_series(self):
        window = {"start": self.start, "end": self.end}
        for endpoint, parameters in (
                ("labels", {}),
                ("labels", {"match[]": "up"}),
                ("label/job/values", {}),
                ("label/__name__/values", {}),
                ("label/mode/values", {"match[]": "node_cpu_seconds_total"})):
            with self.subTest(endpoint=endpoint, parameters=parameters):
                ours, theirs = self.both(endpoint, **window, **parameters)
                self.assertEqual(ours, theirs)
        for matchers in (["up"], ["{zone=\"a b\"}"], ["up", "node_load1"]):
            with self.subTest(series=matchers):
                ours, theirs = ({tuple(sorted(labels.items())) for labels in data}
                                for data in self.both("series", **window, **{"match[]": matchers}))
                self.assertEqual(ours, theirs)
                self.assertTrue(ours)

    def refused(self, http):
        """Whether neither a query nor a write gets anywhere."""
        for method, path in (("GET", "/api/v1/query?query=up"), ("POST", "/api/v1/write")):
            try:
                status = http.request(method, path, timeout_s=5)[0]
            except (OSError, http_client.HTTPException):
                continue
            return f"{method} {path} was answered with {status}"
        return ""

    def client(self, certificate, ca="ca"):
        of = lambda name: os.path.join(self.material, name)  # noqa: E731
        keys = (of(certificate + ".crt"), of(certificate + ".key")) if certificate else ()
        return processes.Http(self.ours.port, processes.client_tls(of(ca + ".crt"), *keys))

    def test_only_clients_of_the_authority_are_served(self):
        self.assertEqual(self.client("client").request("GET", "/api/v1/query?query=up")[0], 200)
        self.assertEqual(self.refused(processes.Http(self.ours.port)), "", "plain text")
        self.assertEqual(self.refused(self.client(None)), "", "no certificate")
        for certificate in ("expired", "stranger", "self_signed", "server_use"):
            with self.subTest(certificate=certificate):
                self.assertEqual(self.refused(self.client(certificate)), "")

    def test_a_client_refuses_a_server_of_another_authority(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.client("client", ca="other_ca").request("GET", "/api/v1/query?query=up")

    def test_bad_queries_fail_alike(self):
        for endpoint, parameters in (
                ("query", {"query": "up{"}),
                ("query", {"query": "rate(up)"}),
                ("query", {"query": "sum(up) + on (nope"}),
                ("query", {"query": ""}),
                ("query_range", {"query": "up", "start": 10, "end": 5, "step": 1}),
                ("query_range", {"query": "up", "start": 0, "end": 100000, "step": 1}),
                ("query_range", {"query": "up[5m]", "start": 0, "end": 10, "step": 1})):
            with self.subTest(**parameters):
                ours, theirs = (server.api(endpoint, **parameters) for server in (self.ours, self.theirs))
                self.assertEqual((ours["status"], ours["errorType"]), (theirs["status"], theirs["errorType"]), ours)


if __name__ == "__main__":
    unittest.main(verbosity=2)
