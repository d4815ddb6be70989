"""The program as its users meet it: exit codes, what goes where, configs that are shipped, signals."""

import contextlib
import glob
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402

SOURCE = os.environ["NIGHTLIGHT_SOURCE_ROOT"]


def run(*arguments, cwd=None, **environment):
    """(exit status, standard output, standard error)"""
    ended = subprocess.run([processes.BINARY, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=cwd,
                           env={**os.environ, **environment})
    return ended.returncode, ended.stdout, ended.stderr


# A config that cannot work, and what `check` says of it after the file's name.
BROKEN = [
    ("server: {http_adr: 'x'}", '1:10: server: unknown key "http_adr", did you mean "http_addr"?'),
    ("server:\n  http_addr: '127.0.0.1:1'\n http: 1", "3:2: end of map not found"),
    ("storage:\n  retention_days: many", '2:19: storage.retention_days: "many" is not a number'),
    ("storage:\n  retention_days: -3", "2:19: storage.retention_days: -3 is below the minimum 0.01"),
    ("tls:\n  cert_file: a.crt", '2:3: tls: "key_file" is missing, add key_file: a path'),
    ("instances:\n  write: {type: remote_wriet}", '2:17: instances.write: unknown type "remote_wriet", did you mean "remote_write"?'),
    ("instances:\n  engine: {storage: store}", '2:3: instances.engine: "type" is missing, one of gorilla, '),
    ("storage:\n  data_dir: ${NIGHTLIGHT_NOT_SET}", "2:13: storage.data_dir: the environment variable NIGHTLIGHT_NOT_SET is not set, "),
    ("log:\n  level: loud", '2:10: log.level: "loud" is not one of debug, info, warn and error'),
    ("log: {level: info,\n      level: warn}", '2:7: "level" was already given at line 1, remove one of the two'),
    ("storage: {data_dir: d}\ninstances:\n  store: {seal_interval: 20x}", '3:26: instances.store.seal_interval: "20x" is not a duration'),
    ("storage: {data_dir: d}\ninstances:\n  engine: {storage: nobody}", '3:21: instances.engine.storage: there is no instance "nobody"'),
]


class Commands(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-host-")
        self.addCleanup(shutil.rmtree, self.directory)

    def config(self, text):
        path = os.path.join(self.directory, "c.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_every_shipped_config_passes_the_check(self):
        shipped = [path for path in glob.glob(os.path.join(SOURCE, "conf", "*.yaml")) if "grafana" not in path]
        self.assertTrue(shipped)
        for path in shipped:
            with self.subTest(path=path):
                self.assertEqual(run("check", "--dev", path)[:2], (0, f"{path}: ok\n"))

    def test_an_address_that_others_reach_needs_tls(self):
        path = self.config('server:\n  http_addr: "0.0.0.0:9101"\n')
        status, _, err = run("check", "--dev", path)
        self.assertEqual(status, 1)
        self.assertIn(f"{path}:2:14: instances.http.listen: others reach 0.0.0.0:9101: TLS is needed", err)

    def test_mistakes_go_to_standard_error_with_their_place(self):
        path = self.config("storage: {retention_day: 3}\nlog: {level: loud}\n")
        status, out, err = run("check", "--dev", "--config", path)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f'{path}:1:11: storage: unknown key "retention_day", did you mean "retention_days"?\n', err)
        self.assertIn(f"{path}:2:14: log.level: ", err)

    def test_each_mistake_is_told_with_line_and_column(self):
        for text, words in BROKEN:
            with self.subTest(text):
                path = self.config(text + "\n")
                status, out, err = run("check", "--dev", path)
                self.assertEqual((status, out), (1, ""))
                self.assertTrue(err.startswith(f"{path}:{words}"), err)

    def test_misuse_exits_with_2_and_help_with_0(self):
        self.assertEqual(run("frobnicate")[0], 2)
        self.assertEqual(run("plugins")[0], 2)
        self.assertEqual(run("version", "-o", "xml")[0], 2)
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        self.assertIn("Examples:", out)

    def test_a_config_is_found_in_the_working_directory(self):
        os.rename(self.config("log: {level: loud}\n"), os.path.join(self.directory, "config.yaml"))
        status, _, err = run("check", cwd=self.directory)
        self.assertEqual(status, 1)
        self.assertIn("config.yaml:1:14: log.level", err)

    def test_the_effective_config_says_where_values_come_from_and_can_be_used_itself(self):
        path = self.config("storage: {retention_days: 3}\n")
        status, out, err = run("print-config", "--dev", "--config", path, "--set", "log.level=warn")
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"retention: 3d +# .*c\.yaml:1 \(short form: storage\.retention_days\)\n")
        self.assertRegex(out, r"level: warn +# --set log\.level=warn\n")
        self.assertRegex(out, r"format: logfmt +# default\n")
        again = run("print-config", "--dev", "--config", self.config(out))
        self.assertEqual(again[0], 0, again[2])

        def values(text):
            return [line.split("  #")[0].rstrip() for line in text.splitlines()]
        self.assertEqual(values(again[1]), values(out))

    def test_version_graph_and_schema_are_machine_readable(self):
        self.assertIn("pluginInterface", json.loads(run("version", "-o", "json")[1]))
        self.assertTrue(run("graph", "--dev", "--config", self.config(""))[1].startswith("digraph nightlight {"))
        schema = json.loads(run("config-schema", "--dev")[1])
        self.assertIn("retention_days", schema["properties"]["storage"]["properties"])

    def test_plugins_are_described(self):
        listed = json.loads(run("plugins", "list", "--dev", "--json")[1])
        self.assertTrue(listed)
        for plugin in listed:
            status, out, err = run("plugins", "inspect", plugin["name"], "--dev", "--json")
            self.assertEqual(status, 0, err)
            self.assertEqual(json.loads(out)["components"], plugin["components"])
            self.assertEqual(run("plugins", "check", plugin["path"])[0], 0)
        status, out, err = run("plugins", "inspect", "no_such_plugin", "--dev")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("no_such_plugin", err)

    def test_a_plugin_that_crashes_is_a_line_of_output(self):
        source = os.path.join(self.directory, "crash.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <stdlib.h>\n__attribute__((constructor)) static void crash(void) { abort(); }\n")
        library = os.path.join(self.directory, "crash.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
        paths = self.directory + ":" + os.environ["NIGHTLIGHT_PLUGIN_PATH"]
        status, out, err = run("plugins", "list", "--dev", NIGHTLIGHT_PLUGIN_PATH=paths)
        self.assertEqual(status, 1)
        self.assertIn("gorilla", out)
        self.assertIn("crash.so: crashed with signal 6", err)

    def test_a_crash_inside_an_instance_is_reported_with_its_name(self):
        library = os.path.join(self.directory, "fragile.so")
        subprocess.run(["c++", "-std=c++17", "-shared", "-fPIC", "-DVARIANT=6", "-I", os.path.join(SOURCE, "core", "sdk"),
                        "-o", library, os.path.join(SOURCE, "tests", "unit", "runtime", "test_plugin.cc")], check=True)
        config = self.config("plugins: {load: [fragile]}\ninstances: {brittle: {type: good}}\n")
        status, _, err = run("serve", "--dev", "--config", config, NIGHTLIGHT_PLUGIN_PATH=self.directory)
        self.assertEqual(status, -signal.SIGILL)
        self.assertIn("nightlight: fatal signal 04 in instance brittle, method start\n", err)

    def test_environment_plugins_need_dev(self):
        self.assertNotIn("gorilla", run("plugins", "list")[1])


class Signals(unittest.TestCase):
    CONFIG = "server: {{http_addr: \"127.0.0.1:{port}\", grpc_addr: \"127.0.0.1:0\"}}\n" \
             "storage: {{data_dir: \"{directory}/data\", retention_days: {days}}}\n"

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-signals-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.values = {"directory": self.directory, "port": processes.free_port()}
        self.server = processes.nightlight(self.directory, self.CONFIG.format(days=3, **self.values)).start()
        self.addCleanup(self.server.kill)
        self.http = processes.Http(self.values["port"])
        self.http.wait_ready(self.server)

    def metric(self, name):
        _, _, page = self.http.request("GET", "/metrics")
        return next(line.split()[-1] for line in page.decode().splitlines() if line.startswith(name + " "))

    def reload(self, config):
        """Sends SIGHUP and waits until the server has answered it in its log."""
        processes.nightlight(self.directory, config)
        before = self.server.log().count("config reload")
        self.server.child.send_signal(signal.SIGHUP)
        processes.wait_until(lambda: self.server.log().count("config reload") > before, "an answer to SIGHUP in the log")
        return self.server.log().splitlines()[-1]

    def test_a_termination_signal_ends_with_status_0(self):
        self.assertEqual(self.server.stop(), 0)
        self.assertIn("msg=stopped", self.server.log())

    def test_writers_are_told_to_come_again_while_it_starts_and_stops(self):
        # 404, or any other 4xx, would make a sender drop what it holds.
        seen, ended = set(), threading.Event()

        def write():
            while not ended.is_set():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    seen.add(self.http.request("POST", "/api/v1/write", b"\x00", remote_write.HEADERS)[0])

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(4):
            self.server.stop()
            self.server.start()
            self.http.wait_ready(self.server)
        ended.set()
        for thread in threads:
            thread.join()
        self.assertIn(200 if 200 in seen else 204, seen)
        self.assertLessEqual(seen, {200, 204, 503}, seen)

    def test_health_and_metrics_are_served(self):
        self.assertEqual(self.http.request("GET", "/-/healthy")[2], b"Nightlight Server is Healthy.\n")
        self.assertEqual(self.http.request("GET", "/-/ready")[2], b"Nightlight Server is Ready.\n")
        self.assertEqual(self.http.request("POST", "/-/reload")[0], 403)
        self.assertEqual(self.http.request("POST", "/-/quit")[0::2], (403, b"Lifecycle API is not enabled."))
        page = self.http.request("GET", "/metrics")
        self.assertEqual(page[0], 200)
        promtool = shutil.which("promtool")
        if promtool:
            checked = subprocess.run([promtool, "check", "metrics"], input=page[2], capture_output=True, check=False)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))

    def test_a_hangup_reloads_what_can_be_reloaded_and_refuses_the_rest(self):
        self.assertIn("changed=instances.store.retention", self.reload(self.CONFIG.format(days=4, **self.values)))
        self.assertEqual(self.metric("nightlight_config_last_reload_successful"), "1")
        refused = self.reload(self.CONFIG.format(days=5, **{**self.values, "directory": "/elsewhere"}))
        self.assertIn("these changes need a restart: instances.store.path", refused)
        self.assertEqual(self.metric("nightlight_config_last_reload_successful"), "0")
        self.assertIn("unknown key", self.reload("nonsense: 1\n"))
        self.assertEqual(self.http.request("GET", "/-/ready")[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
