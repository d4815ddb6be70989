"""A real Prometheus of the newest version scrapes itself and writes over mTLS, once with remote write 1.0 and once with 2.0: every sample,
native histograms among them, is here as it is there, and 2.0 brings the metadata with it.

NIGHTLIGHT_PROMETHEUS names the binary; versions before 3 have no 2.0: skipped.
"""

import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import secured_server  # noqa: E402

BINARY = os.environ.get("NIGHTLIGHT_PROMETHEUS", "prometheus")
MESSAGES = {"v1": "prometheus.WriteRequest", "v2": "io.prometheus.write.v2.Request"}
PROTOCOLS = {"v1": "1.0", "v2": "2.0"}
CONFIG = """\
global: {{scrape_interval: 1s, scrape_native_histograms: true}}
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{own_port}"]}}]
remote_write:
  - url: https://localhost:{port}/api/v1/write
    protobuf_message: {message}
    send_native_histograms: true
    send_exemplars: true
    tls_config: {{ca_file: "{directory}/ca.crt", cert_file: "{directory}/client.crt", key_file: "{directory}/client.key"}}
"""
SCRAPES = 12


def too_old():
    try:
        said = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return f"{BINARY} is not there"
    # What `go install` has built does not know its version, and is new.
    version = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr)
    return f"{BINARY} is {version[0]}" if version and int(version[1]) < 3 else None


class RemoteWriteVersions(secured_server.SecuredServer):
    @classmethod
    def setUpClass(cls):
        if reason := too_old():
            print(f"skipped: {reason}", file=sys.stderr)
            raise unittest.SkipTest(reason)
        super().setUpClass()

    def samples(self, http, job, end_s, range_s):
        """{labels: (values, histograms)} of raw samples."""
        found = http.api("query", query=f'{{job="{job}"}}[{range_s}s]', time=end_s)["data"]["result"]
        return {tuple(sorted(one["metric"].items())): (one.get("values"), one.get("histograms")) for one in found}

    def requests(self, protocol):
        page = self.http.request("GET", "/metrics")[2].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
                   if line.startswith("nightlight_remote_write_requests_total{") and f'protocol="{protocol}"' in line)

    def write_with(self, job):
        directory = os.path.join(self.directory, job)
        os.mkdir(directory)
        own_port = processes.free_port()
        config = CONFIG.format(job=job, own_port=own_port, port=self.port, message=MESSAGES[job], directory=self.directory)
        # Only with this feature does Prometheus have metadata to send along.
        prometheus = processes.prometheus(directory, config, own_port, "--enable-feature=metadata-wal-records", binary=BINARY).start()
        self.addCleanup(prometheus.kill)
        theirs = processes.Http(own_port)
        theirs.wait_ready(prometheus)
        time.sleep(SCRAPES)
        end_s = int(time.time()) - 1  # What was scraped by then is sent within moments, and nothing is added to it.
        expected = self.samples(theirs, job, end_s, 60)
        self.assertGreater(len(expected), 300)
        processes.wait_until(lambda: self.samples(self.http, job, end_s, 60) == expected, "the samples to be here as they are there", 20)
        return expected

    def test_one_and_two(self):
        for job in MESSAGES:
            with self.subTest(job):
                expected = self.write_with(job)
                self.assertGreater(self.requests(PROTOCOLS[job]), 0)
                histograms = sum(len(histograms or ()) for _, histograms in expected.values())
                self.assertGreater(histograms, SCRAPES, "native histograms were scraped")
        metadata = self.http.api("metadata", metric="prometheus_http_requests_total")["data"]
        self.assertEqual(metadata["prometheus_http_requests_total"][0]["type"], "counter")


if __name__ == "__main__":
    unittest.main()
