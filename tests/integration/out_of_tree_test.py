"""Plugins of a stranger: the examples are built from the installed headers alone, by their own meson files, loaded by the host and
used in queries and writes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402

SOURCE = os.environ["NIGHTLIGHT_SOURCE_ROOT"]
BUILD = os.environ["NIGHTLIGHT_BUILD_ROOT"]
EXAMPLES = ("function_plugin", "sink_plugin", "c_plugin")

CONFIG = """\
plugins: {{load: [gorilla, remote_write, prometheus_api, promql_std, smoothing, tee, constant]}}
instances:
  front: {{type: http, listen: "127.0.0.1:{port}"}}
  blocks: {{type: gorilla, path: "{directory}/first"}}
  standby: {{type: gorilla, path: "{directory}/second"}}
  both: {{type: tee, first: blocks, second: standby}}
  std: {{type: promql_std}}
  smooth: {{type: smoothing}}
  golden: {{type: constant}}
  engine: {{type: promql, storage: blocks, functions: [std, smooth, golden]}}
  spare: {{type: promql, storage: standby, functions: [std]}}
  write: {{type: remote_write, listener: front, sink: both}}
  api: {{type: prometheus_api, listener: front, engine: engine, storage: blocks}}
  side: {{type: http, listen: "127.0.0.1:{side}"}}
  spare_api: {{type: prometheus_api, listener: side, engine: spare, storage: standby}}
"""


def run(*argv, **options):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, **options)


class OutOfTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-plugins-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        prefix = os.path.join(cls.directory, "installed")
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "devel", "--destdir", prefix)
        root = next(path for path, folders, _ in os.walk(prefix) if "pkgconfig" in folders)
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(root, "pkgconfig")}
        paths = [os.environ["NIGHTLIGHT_PLUGIN_PATH"]]
        for example in EXAMPLES:
            build = os.path.join(cls.directory, example)
            run("meson", "setup", build, os.path.join(SOURCE, "examples", example), env=environment)
            run("ninja", "-C", build)
            paths.append(build)
        os.environ["NIGHTLIGHT_PLUGIN_PATH"] = ":".join(paths)
        ports = {"port": processes.free_port(), "side": processes.free_port()}
        cls.server = processes.nightlight(cls.directory, CONFIG.format(directory=cls.directory, **ports)).start()
        cls.addClassCleanup(cls.server.kill)
        cls.http = processes.Http(ports["port"])
        cls.side = processes.Http(ports["side"])
        cls.http.wait_ready(cls.server)
        cls.now_ms = int(time.time() * 1000)
        samples = [(cls.now_ms - 10000 * age, value) for age, value in ((3, 8.0), (2, 4.0), (1, 2.0), (0, 1.0))]
        status, body = remote_write.write(cls.http, [({"__name__": "m", "job": "j"}, samples)])
        assert status == 204, body

    def value(self, query, http=None):
        answer = (http or self.http).api("query", query=query, time=self.now_ms / 1000)
        self.assertEqual(answer["status"], "success", answer)
        result = answer["data"]["result"]
        return float(result[1] if answer["data"]["resultType"] == "scalar" else result[0]["value"][1])

    def test_a_third_partys_function_answers_in_a_query(self):
        # Ages 30, 20, 10, 0 s with a half-life of 10 s: weights 1/8, 1/4, 1/2, 1.
        self.assertAlmostEqual(self.value("ewma_over_time(m[1m], 10)"), (8 / 8 + 4 / 4 + 2 / 2 + 1) / 1.875, places=12)
        self.assertEqual(self.value("fraction_above_over_time(m[1m], 1.5)"), 0.75)
        self.assertEqual(self.value("sum(fraction_above_over_time(m[1m], 1.5)) * 4"), 3)

    def test_a_plugin_in_plain_c_answers_in_a_query(self):
        self.assertEqual(self.value("golden_ratio()"), 1.618033988749895)

    def test_a_sink_in_front_of_two_stores_writes_to_both(self):
        for http in (self.http, self.side):
            self.assertEqual(self.value("sum_over_time(m[1m])", http), 15)

    def test_the_host_describes_them(self):
        for name in ("smoothing", "tee", "constant"):
            listed = subprocess.run([processes.BINARY, "plugins", "inspect", name, "--dev"], capture_output=True, text=True,
                                    check=False)
            self.assertEqual(listed.returncode, 0, listed.stderr)
            self.assertIn(name, listed.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
