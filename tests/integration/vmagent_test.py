"""vmagent as a writer, over mTLS: every value that it has scraped arrives, also what it scraped while Nightlight was killed.

Older ones (Debian's) send snappy; newer ones (NIGHTLIGHT_VMAGENT may name one) send zstd. A zstd body is sent by hand as well.
"""

import http.server
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402
import secured_server  # noqa: E402

SCRAPE = """\
scrape_configs:
  - {{job_name: recorded, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{{targets: ["127.0.0.1:{recorder}"]}}]}}
"""
SPECIAL = """\
special{is="quote \\" backslash \\\\ line \\n, { and }"} 1
special{is="nan"} NaN
special{is="infinite"} +Inf
special{is="negative infinite"} -Inf
special{is="largest"} 1.7976931348623157e+308
special{is="é"} 9007199254740991
"""
LINE = re.compile(r'(?P<name>[\w:]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')
ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def samples_of(page):
    """{labels: value} (an empty label is none) of a page of Prometheus' text format without timestamps."""
    found = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = LINE.fullmatch(line).group("name", "labels", "value")
            unescaped = ((key, re.sub(r"\\.", lambda m: ESCAPED[m.group()], text)) for key, text in LABEL.findall(labels or "") if text)
            found[tuple(sorted([("__name__", name), *unescaped]))] = value
    return found


class Recorder(http.server.ThreadingHTTPServer):
    """Stands between vmagent and node-exporter and keeps the samples of every page that it passed on, until it is closed."""

    def __init__(self, source):
        super().__init__(("127.0.0.1", 0), RecorderHandler)
        self.source, self.pages, self.closed, self.lock = source, [], False, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def page(self):
        with urllib.request.urlopen(self.source, timeout=5) as answer:
            text = answer.read().decode() + SPECIAL
        with self.lock:
            if self.closed:
                return None
            text += f"recorded_pages {len(self.pages) + 1}\n"
            self.pages.append(samples_of(text))
            return text.encode()

    def wait_for(self, more):
        wanted = len(self.pages) + more
        processes.wait_until(lambda: len(self.pages) >= wanted, f"{more} scrapes")

    def close(self):
        with self.lock:
            self.closed = True


class RecorderHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = self.server.page()
        self.send_response(503 if page is None else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *_):
        pass


class Writer(secured_server.SecuredServer):
    def floats(self, query):
        answer = self.http.api("query", query=query)
        self.assertEqual(answer["status"], "success", answer)
        return [(series["metric"], [float(value) for _, value in series["values"]]) for series in answer["data"]["result"]]


class Vmagent(Writer):
    def run_with(self, binary, *arguments):
        node_port, work = processes.free_port(), tempfile.mkdtemp(dir=self.directory)
        node = processes.Process([shutil.which("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{node_port}"],
                                 os.path.join(work, "node.log")).start()
        self.addCleanup(node.kill)
        processes.Http(node_port).wait_ready(node, path="/metrics")
        recorder = Recorder(f"http://127.0.0.1:{node_port}/metrics")
        self.addCleanup(recorder.server_close)
        self.addCleanup(recorder.shutdown)
        with open(os.path.join(work, "scrape.yml"), "w", encoding="utf-8") as file:
            file.write(SCRAPE.format(recorder=recorder.port))
        agent = processes.Process(
            [binary, f"-promscrape.config={work}/scrape.yml", f"-httpListenAddr=127.0.0.1:{processes.free_port()}",
             f"-remoteWrite.url=https://localhost:{self.port}/api/v1/write", f"-remoteWrite.tmpDataPath={work}/queue",
             "-remoteWrite.flushInterval=200ms", f"-remoteWrite.tlsCAFile={self.directory}/ca.crt",
             f"-remoteWrite.tlsCertFile={self.directory}/client.crt", f"-remoteWrite.tlsKeyFile={self.directory}/client.key", *arguments],
            os.path.join(work, "vmagent.log")).start()
        self.addCleanup(agent.kill)

        recorder.wait_for(3)
        self.server.kill()
        recorder.wait_for(3)
        self.server.start()
        self.http.wait_ready(self.server)
        recorder.wait_for(3)
        recorder.close()
        count = len(recorder.pages)

        def arrived():
            return [values for _, values in self.floats(f'recorded_pages{{instance="127.0.0.1:{recorder.port}"}}[10m]')]

        processes.wait_until(lambda: arrived() and len(arrived()[0]) == count, f"the arrival of {count} scrapes")
        self.compare(recorder)
        for reason in ("encoding", "corrupt", "message", "rejected"):
            self.assertEqual(self.http.metric("nightlight_remote_write_failed_requests_total", f'reason="{reason}"'), 0, reason)
        return agent

    def compare(self, recorder):
        instance = f"127.0.0.1:{recorder.port}"
        ours = {tuple(sorted((key, value) for key, value in labels.items() if key not in ("instance", "job"))): values
                for labels, values in self.floats(f'{{job="recorded",instance="{instance}"}}[10m]')}
        expected = {}
        for page in recorder.pages:
            for labels, value in page.items():
                expected.setdefault(labels, []).append(float(value))
        self.assertGreater(len(expected), 300)
        own = {labels for labels in ours if re.match("up$|scrape_", dict(labels)["__name__"])}
        self.assertEqual(sorted(ours.keys() - own), sorted(expected))
        for labels, values in expected.items():
            self.assertEqual(len(ours[labels]), len(values), labels)
            for got, want in zip(ours[labels], values):
                # vmagent reads digits and exponent one after the other, which rounds more than once.
                self.assertTrue(math.isclose(got, want, rel_tol=1e-15) or math.isnan(got) and math.isnan(want), (labels, got, want))

    @unittest.skipUnless(shutil.which("vmagent"), "vmagent is not installed")
    def test_what_was_scraped_arrives(self):
        self.run_with(shutil.which("vmagent"))

    def test_what_was_scraped_arrives_from_one_that_sends_zstd(self):
        binary = os.environ.get("NIGHTLIGHT_VMAGENT") or shutil.which("vmagent")
        usage = binary and subprocess.run([binary, "-help"], capture_output=True, text=True, check=False)
        if not binary or "-remoteWrite.forceVMProto" not in usage.stdout + usage.stderr:
            self.skipTest("no vmagent that sends zstd (NIGHTLIGHT_VMAGENT)")
        agent = self.run_with(binary, "-remoteWrite.forceVMProto=true")
        self.assertNotIn("Re-packing", agent.log())  # Into snappy, for a server that does not take zstd.


class ZstdBody(Writer):
    def test_a_body_as_vmagent_compresses_it(self):
        now_ms = int(time.time() * 1000)
        values = [float(i % 7) for i in range(1000)]
        body = remote_write.request([({"__name__": "by_hand", "n": str(n)}, [(now_ms - 1000 + i, v) for i, v in enumerate(values)])
                                     for n in range(3)])
        compressed = remote_write.zstd(body)
        self.assertLess(len(compressed), len(body) / 2)
        status, _, text = self.http.request("POST", "/api/v1/write", compressed, {
            "Content-Encoding": "zstd", "Content-Type": "application/x-protobuf", "X-VictoriaMetrics-Remote-Write-Version": "1",
            "User-Agent": "vmagent"})
        self.assertEqual(status, 204, text)
        arrived = sorted((labels["n"], got) for labels, got in self.floats("by_hand[1h]"))
        self.assertEqual(arrived, [(str(n), values) for n in range(3)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
