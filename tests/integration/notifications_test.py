"""What the server tells of itself under /api/v1/notifications, as a list and as it happens: a reload that fails, the next that does not, the
stop. A real Prometheus (NIGHTLIGHT_PROMETHEUS, from 3.0 on) goes through the same and is heard the same.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402

FAILED = "Configuration reload has failed."
READERS = 16
PROMETHEUS = os.environ.get("NIGHTLIGHT_PROMETHEUS") or shutil.which("prometheus")


def has_notifications():
    if not PROMETHEUS:
        return False
    version = subprocess.run([PROMETHEUS, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+)\.", version.stdout + version.stderr)
    return not found or int(found.group(1)) >= 3


class Reader:
    """One who follows. Whatever is read blocks until it is there."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.request("GET", "/api/v1/notifications/live")
        self.answer = self.connection.getresponse()

    def events(self, count):
        """[(text, active)], with times checked."""
        out = []
        while len(out) < count:
            line = self.answer.readline()
            assert line, "the stream ended"
            if not line.startswith(b"data: "):
                assert line in (b"\n", b":\n"), line
                continue
            notice = json.loads(line[len("data: "):])
            assert list(notice) == ["text", "date", "active"], notice
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", notice["date"]), notice
            out.append((notice["text"], notice["active"]))
        return out

    def leave(self):
        self.answer.close()
        self.connection.close()


class Notifications(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-notifications-")
        self.addCleanup(shutil.rmtree, self.directory)

    def started(self, process, port):
        process.start()
        self.addCleanup(process.kill)
        api = processes.Http(port)
        api.wait_ready(process)
        return api

    def ours(self, more=""):
        port = processes.free_port()
        config = f"""
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0", enable_lifecycle: true}}
storage: {{data_dir: "{self.directory}/data"}}
{more}"""
        server = processes.nightlight(self.directory, config)
        return server, self.started(server, port), os.path.join(self.directory, "nightlight.yaml")

    def theirs(self):
        port = processes.free_port()
        server = processes.prometheus(self.directory, "global: {scrape_interval: 15s}\n", port, "--web.enable-lifecycle",
                                      binary=PROMETHEUS)
        return server, self.started(server, port), os.path.join(self.directory, "prometheus.yml")

    def reader(self, api):
        reader = Reader(api.port)
        self.addCleanup(reader.leave)
        return reader

    def notices(self, api):
        status, headers, body = api.request("GET", "/api/v1/notifications")
        answer = json.loads(body)
        self.assertEqual((status, headers["Content-Type"], list(answer), answer["status"]),
                         (200, "application/json", ["status", "data"], "success"))
        for notice in answer["data"]:
            self.assertEqual(list(notice), ["text", "date", "active"])
        return [(notice["text"], notice["active"]) for notice in answer["data"]]

    def reloads(self, server, api, config):
        """Everything that is told while the config breaks twice and is mended."""
        with open(config, encoding="utf-8") as file:
            good = file.read()
        told = []
        first = self.reader(api)
        told.append((first.answer.status, [first.answer.headers[name] for name in ("Content-Type", "Cache-Control", "Content-Encoding")]))
        told.append(self.notices(api))
        with open(config, "w", encoding="utf-8") as file:
            file.write("nonsense: 1\n")
        told.append(api.request("POST", "/-/reload")[0])
        told.append((self.notices(api), first.events(1)))
        second = self.reader(api)
        told.append(second.events(1))
        server.child.send_signal(signal.SIGHUP)
        told.append((first.events(1), second.events(1)))
        with open(config, "w", encoding="utf-8") as file:
            file.write(good)
        told.append(api.request("POST", "/-/reload")[0])
        told.append((self.notices(api), first.events(1), second.events(1)))
        return told

    def test_a_failed_reload_is_told_until_one_succeeds(self):
        told = self.reloads(*self.ours())
        self.assertEqual(told, [
            (200, ["text/event-stream", "no-cache", None]), [], 500, ([(FAILED, True)], [(FAILED, True)]), [(FAILED, True)],
            ([(FAILED, True)], [(FAILED, True)]), 200, ([], [(FAILED, False)], [(FAILED, False)])])
        if has_notifications():
            self.assertEqual(told, self.reloads(*self.theirs()))

    def test_sixteen_may_follow(self):
        for server in (self.ours, self.theirs) if has_notifications() else (self.ours,):
            _, api, _ = server()
            readers = [self.reader(api) for _ in range(READERS)]
            self.assertEqual({reader.answer.status for reader in readers}, {200})
            refused = self.reader(api)
            self.assertEqual((refused.answer.status, refused.answer.read()), (204, b""))
            readers[0].leave()

            def let_in():
                return self.reader(api).answer.status == 200
            processes.wait_until(let_in, "the place of one who left")

    def test_the_number_of_those_who_follow_can_be_set(self):
        _, api, _ = self.ours("instances: {api: {max_notifications_subscribers: 0}}\n")
        self.assertEqual(self.reader(api).answer.status, 204)

    def test_who_follows_hears_of_the_stop_and_does_not_hold_it_up(self):
        server, api, _ = self.ours()
        readers = [self.reader(api) for _ in range(3)]
        server.child.send_signal(signal.SIGTERM)
        for reader in readers:
            self.assertEqual(reader.events(1), [("Nightlight is shutting down and ending what it still answers.", True)])
            self.assertEqual(reader.answer.read(), b"\n", "the stream ends as it should, not in the middle")
        self.assertEqual(server.child.wait(60), 0)
        self.assertIn("msg=stopped", server.log())

    def test_a_client_of_http_1_0_follows_too(self):
        _, api, config = self.ours()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)) as connection:
            connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
            connection.request("GET", "/api/v1/notifications/live")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.headers["Transfer-Encoding"]), (200, None))
            with open(config, "w", encoding="utf-8") as file:
                file.write("nonsense: 1\n")
            api.request("POST", "/-/reload")
            self.assertIn(FAILED.encode(), answer.readline())
            answer.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
