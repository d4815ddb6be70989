"""A Prometheus that has no data of its own reads Nightlight's over mTLS (`remote_read`), and answers as Nightlight itself does: from the
head, from blocks, and across both.
"""

import math
import os
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import pki  # noqa: E402
import processes  # noqa: E402
import remote_write  # noqa: E402

NIGHTLIGHT = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
tls: {{cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", ca_file: "{directory}/ca.crt"}}
instances: {{api: {{enable_admin_api: true}}}}
"""
PROMETHEUS = """\
remote_read:
  - url: https://localhost:{port}/api/v1/read
    read_recent: true
    tls_config: {{ca_file: "{directory}/ca.crt", cert_file: "{directory}/client.crt", key_file: "{directory}/client.key"}}
"""
STEP_MS, SAMPLES, SERIES = 15_000, 480, 12  # Two hours.

INSTANT = [
    "gauge",
    "gauge{zone=~\"a|b\"}",
    "{zone!~\"a|b\", __name__=~\"ga.*\"}",
    "{__name__=~\".+\", number=\"3\"}",
    "requests_total offset 20m",
    "gauge @ {middle}",
    "sum by (zone) (rate(requests_total[5m]))",
    "max_over_time(gauge[1h30m])",
    "stddev_over_time(gauge[10m])",
    "absent(nothing)",
    "count(gauge == gauge)",
    "rate(requests_total[10m])[1h:7m]",
    "gauge[30m]",
]
RANGE = ["gauge", "sum(rate(requests_total[2m]))", "topk(2, gauge)", "gauge - gauge offset 15m",
         "quantile_over_time(0.9, gauge{zone=\"c\"}[7m])"]


def same(left, right):
    a, b = float(left), float(right)
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12)


class RemoteRead(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-remote-read-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        pki.generate(cls.directory)
        port, theirs = processes.free_port(), processes.free_port()
        values = {"directory": cls.directory, "port": port}
        cls.nightlight = processes.nightlight(cls.directory, NIGHTLIGHT.format(**values)).start()
        cls.addClassCleanup(cls.nightlight.kill)
        cls.ours = processes.Http(port, processes.client_of(cls.directory))
        cls.ours.wait_ready(cls.nightlight)
        cls.prometheus = processes.prometheus(cls.directory, PROMETHEUS.format(**values), theirs).start()
        cls.addClassCleanup(cls.prometheus.kill)
        cls.theirs = processes.Http(theirs)
        cls.theirs.wait_ready(cls.prometheus)
        cls.start_ms = (int(time.time()) - 3 * 3600) * 1000
        # Off the samples' times: older servers include the left edge of a window.
        cls.end = (cls.start_ms + SAMPLES * STEP_MS) / 1000 + 0.0137
        cls._write(0, SAMPLES // 2)
        status, _, body = cls.ours.request("POST", "/api/v1/admin/tsdb/snapshot")  # Half of it goes to a block.
        assert status == 200, body
        cls._write(SAMPLES // 2, SAMPLES)

    @classmethod
    def _write(cls, begin, end):
        for number in range(SERIES):
            shape = random.Random(number)
            zone = "abc"[number % 3]
            gauge = [(cls.start_ms + i * STEP_MS, value) for i in range(SAMPLES)
                     for value in [math.nan if i % 97 == 5 and number == 4 else shape.gauss(number, 3)] if begin <= i < end]
            total = [(cls.start_ms + i * STEP_MS, float((i % 200) * (number + 1))) for i in range(begin, end)]
            status, body = remote_write.write(cls.ours, [
                ({"__name__": "gauge", "zone": zone, "number": str(number), "text": "å \"quoted\"\n"}, gauge),
                ({"__name__": "requests_total", "zone": zone, "number": str(number)}, total)])
            assert status in (200, 204), body

    def compare(self, endpoint, **parameters):
        ours, theirs = (server.api(endpoint, **parameters) for server in (self.ours, self.theirs))
        self.assertEqual((ours["status"], theirs["status"]), ("success", "success"), (ours, theirs))
        self.assertEqual(theirs.get("warnings"), None)
        left, right = ({tuple(sorted(series["metric"].items())): series.get("values") or [series["value"]] for series in answer["data"]["result"]}
                       for answer in (ours, theirs))
        self.assertEqual(sorted(left), sorted(right))
        self.assertTrue(left, "an empty answer proves nothing")
        for labels, expected in right.items():
            self.assertEqual([t for t, _ in expected], [t for t, _ in left[labels]], labels)
            for (when, theirs_value), (_, ours_value) in zip(expected, left[labels]):
                self.assertTrue(same(ours_value, theirs_value), f"{labels} at {when}: {ours_value} != {theirs_value}")

    def test_instant_queries(self):
        for query in INSTANT:
            query = query.replace("{middle}", f"{self.end - 3600:.3f}")
            with self.subTest(query):
                self.compare("query", query=query, time=self.end)

    def test_range_queries(self):
        for query in RANGE:
            for step in (15, 61):
                with self.subTest(query, step=step):
                    self.compare("query_range", query=query, start=self.end - 6900, end=self.end, step=step)

    def test_chunks_are_streamed_to_who_takes_them(self):
        self.compare("query", query="gauge", time=self.end)
        # Prometheus 2 asks for samples only.
        major = int(self.theirs.api("status/buildinfo")["data"]["version"].split(".")[0] or 3)  # Built from source: no version.
        kind = "chunks" if major >= 3 else "samples"
        self.assertGreater(self.ours.metric("nightlight_remote_read_requests_total", f'type="{kind}"'), 0)


if __name__ == "__main__":
    unittest.main()
