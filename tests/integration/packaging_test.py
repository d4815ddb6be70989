"""What packaging/ ships fits the server that it is for: every metric that the dashboard and the alerts name is there, every expression
is one that the server itself evaluates, and the tools that will read the files accept them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import pki  # noqa: E402
import processes  # noqa: E402
import remote_write  # noqa: E402

PACKAGING = os.path.join(os.environ["NIGHTLIGHT_SOURCE_ROOT"], "packaging")
CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
tls: {{cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", ca_file: "{directory}/ca.crt"}}
"""
# Families that a server has from the first event of their kind on.
LATER = {"nightlight_http_handshake_failures_total"}
VARIABLES = {"$__rate_interval": "1m", "$job": ".*", "$instance": ".*"}


def dashboard_expressions():
    with open(os.path.join(PACKAGING, "dashboard.json"), encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression


def alert_expressions():
    with open(os.path.join(PACKAGING, "alerts.yaml"), encoding="utf-8") as file:
        yield from re.findall(r"^ +- alert: (\S+)\n +expr: (.+)$", file.read(), re.M)


class Packaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-packaging-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        pki.generate(cls.directory)
        port = processes.free_port()
        cls.server = processes.nightlight(cls.directory, CONFIG.format(directory=cls.directory, port=port)).start()
        cls.addClassCleanup(cls.server.kill)
        cls.http = processes.Http(port, processes.client_of(cls.directory))
        cls.http.wait_ready(cls.server)
        # Some metrics come with the first event of their kind: a sample, a refused request, a query.
        body = remote_write.snappy(remote_write.request([({"__name__": "m"}, [(1, 1.0)])]))
        cls.http.request("POST", "/api/v1/write", body, remote_write.HEADERS)
        cls.http.request("POST", "/api/v1/write", b"damaged", remote_write.HEADERS)
        cls.http.api("query", query="m")
        cls.text = cls.http.request("GET", "/metrics")[2]
        cls.families = set(re.findall(r"^# TYPE (\S+)", cls.text.decode(), re.M)) | LATER
        cls.labels = {}
        for name, labels in re.findall(r"^(\w+)\{(.*)\} ", cls.text.decode(), re.M):
            cls.labels.setdefault(name, set()).update(re.findall(r"(\w+)=\"", labels))

    def test_metrics_are_as_promtool_wants_them(self):
        ended = subprocess.run(["promtool", "check", "metrics"], input=self.text, capture_output=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, b"", b""))

    def test_the_alerts_are_rules(self):
        ended = subprocess.run(["promtool", "check", "rules", os.path.join(PACKAGING, "alerts.yaml")], capture_output=True, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_expressions_name_metrics_and_labels_that_exist_and_can_be_evaluated(self):
        seen = 0
        for title, expression in [*dashboard_expressions(), *alert_expressions()]:
            with self.subTest(title):
                names = set(re.findall(r"\b(?:nightlight|process)_\w+", expression))
                self.assertTrue(names, expression)
                for name in names:
                    self.assertIn(re.sub(r"_bucket$", "", name), self.families)
                known = set.union({"job", "instance", "le", "reason"}, *(self.labels.get(name, set()) for name in names))
                for label in re.findall(r"[{,]\s*(\w+)\s*(?:=|!)", expression):
                    self.assertIn(label, known)
                answer = self.http.api("query", query=expression)
                self.assertEqual(answer["status"], "success", answer)
                seen += 1
        self.assertGreater(seen, 40)

    def test_the_unit_is_one_that_systemd_accepts(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd here")
        unit = os.path.join(self.directory, "nightlight.service")
        with open(os.path.join(PACKAGING, "nightlight.service"), encoding="utf-8") as file:
            text = file.read().replace("/usr/local/bin/nightlight", shutil.which("true"))
        with open(unit, "w", encoding="utf-8") as file:
            file.write(text)
        ended = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False,
                               env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
        # The account is made by whoever installs it; other units of the machine are not ours to judge.
        ours = [line for line in ended.stderr.splitlines() if "nightlight" in line and "User" not in line]
        self.assertEqual(ours, [])


if __name__ == "__main__":
    unittest.main()
