"""promtool as a client of the query API, over mTLS where it can (since 2.43): every `promtool query` command answers what was
written, and mistakes end with 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import pki  # noqa: E402
import processes  # noqa: E402
import remote_write  # noqa: E402

CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
tls: {{cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", ca_file: "{directory}/ca.crt"}}
"""
HTTP = """\
tls_config: {{ca_file: "{directory}/ca.crt", cert_file: "{directory}/client.crt", key_file: "{directory}/client.key"}}
"""


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
class Promtool(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-promtool-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        pki.generate(cls.directory)
        cls.port = processes.free_port()
        values = {"directory": cls.directory, "port": cls.port}
        usage = subprocess.run(["promtool", "query", "instant", "--help"], capture_output=True, text=True, check=False)
        cls.tls = "--http.config.file" in usage.stdout + usage.stderr
        config = CONFIG if cls.tls else CONFIG[:CONFIG.index("tls:")]
        cls.server = processes.nightlight(cls.directory, config.format(**values)).start()
        cls.addClassCleanup(cls.server.kill)
        http = processes.Http(cls.port, processes.client_of(cls.directory) if cls.tls else None)
        http.wait_ready(cls.server)
        with open(f"{cls.directory}/http.yml", "w", encoding="utf-8") as file:
            file.write(HTTP.format(**values))
        cls.now = int(time.time()) // 60 * 60
        samples = [((cls.now - 60 * i) * 1000, float(10 - i)) for i in range(10, -1, -1)]
        status, body = remote_write.write(http, [({"__name__": "things", "color": color}, samples) for color in ("red", "blue")])
        assert status in (200, 204), body

    def query(self, kind, *arguments):
        keys = ["--http.config.file", f"{self.directory}/http.yml"] if self.tls else []
        ended = subprocess.run(["promtool", "query", kind, *keys, *arguments], capture_output=True, text=True, timeout=60, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def test_instant(self):
        status, out, err = self.query("instant", "--time", str(self.now), self.url, "sum by (color) (things)")
        self.assertEqual(status, 0, err)
        self.assertEqual(sorted(out.splitlines()), [f'{{color="{c}"}} => 10 @[{self.now}]' for c in ("blue", "red")])

    def test_range(self):
        status, out, err = self.query("range", "--start", str(self.now - 120), "--end", str(self.now), "--step", "1m", self.url,
                                      'things{color="red"} * 2')
        self.assertEqual(status, 0, err)
        self.assertEqual(out.splitlines(), ['{color="red"} =>', f"16 @[{self.now - 120}]", f"18 @[{self.now - 60}]", f"20 @[{self.now}]"])

    def test_series_and_labels(self):
        status, out, err = self.query("series", "--match", "things", self.url)
        self.assertEqual((status, sorted(out.splitlines())), (0, ['{__name__="things", color="blue"}', '{__name__="things", color="red"}']), err)
        status, out, err = self.query("labels", self.url, "color")
        self.assertEqual((status, out.split()), (0, ["blue", "red"]), err)

    def test_mistakes(self):
        status, _, err = self.query("instant", self.url, "sum(")
        self.assertEqual(status, 1)
        self.assertIn("parse error", err)
        if self.tls:
            status, _, err = self.query("instant", self.url.replace("https", "http"), "things")
            self.assertEqual(status, 1)


if __name__ == "__main__":
    unittest.main()
