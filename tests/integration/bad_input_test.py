"""What must be refused is refused with a clear answer, and the server stays up with its memory bounded; what cannot work at start
ends with exit 1 and says why.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402

CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
"""
MIB = 1 << 20


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024


class BadRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-bad-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.port = processes.free_port()
        cls.server = processes.nightlight(cls.directory, CONFIG.format(directory=cls.directory, port=cls.port)).start()
        cls.addClassCleanup(cls.server.kill)
        cls.http = processes.Http(cls.port)
        cls.http.wait_ready(cls.server)

    def tearDown(self):
        self.assertTrue(self.server.running(), self.server.log()[-4000:])
        self.assertEqual(self.http.request("GET", "/-/healthy")[0], 200)

    def refused(self, body, status, *words, headers=None):
        got, _, answer = self.http.request("POST", "/api/v1/write", body, headers or remote_write.HEADERS)
        self.assertEqual(got, status, answer)
        for word in words:
            self.assertIn(word, answer.decode())

    def test_write_bodies_that_are_no_snappy(self):
        good = remote_write.snappy(remote_write.request([({"__name__": "m"}, [(1, 1.0)])]))
        for cut in range(len(good)):
            self.refused(good[:cut], 400)
        self.refused(b"", 400)
        self.refused(os.urandom(64).replace(b"\x00", b"\x01"), 400)

    def test_a_query_that_takes_for_ever_over_one_series_ends_at_its_deadline(self):
        # 200,000 windows of 100,000 samples each.
        query = urllib.parse.urlencode({
            "query": "max_over_time(stddev_over_time((vector(time()) % 7)[500s:5ms])[600s:3ms])", "timeout": "300ms"})
        status, _, body = self.http.request("GET", f"/api/v1/query?{query}", timeout_s=60)
        self.assertEqual((status, json.loads(body)["errorType"]), (503, "timeout"))

    def test_a_snappy_header_that_claims_four_gibibytes_allocates_nothing(self):
        before = resident_bytes(self.server.child.pid)
        threads = [threading.Thread(target=self.refused, args=(b"\xff\xff\xff\xff\x0f" + b"\x00" * 64, 400))
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLess(resident_bytes(self.server.child.pid) - before, 64 * MIB)

    def test_write_bodies_that_are_no_protobuf(self):
        for payload in (b"\x0a\xff", b"\xff" * 32, b"\x0a\x05\x0a\x7f", b"\x0b", b"\x0a\x02\x12\x09"):
            self.refused(remote_write.snappy(payload), 400)

    def test_other_encodings_and_types(self):
        body = remote_write.snappy(remote_write.request([({"__name__": "m"}, [(1, 1.0)])]))
        self.refused(body, 415, headers={**remote_write.HEADERS, "Content-Encoding": "br"})
        self.refused(body, 415, headers={**remote_write.HEADERS, "Content-Type": "text/plain"})
        self.refused(body, 415, headers={**remote_write.HEADERS, "Content-Type": "application/x-protobuf;proto=no.Such"})

    def test_bodies_that_are_too_large(self):
        before = resident_bytes(self.server.child.pid)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as raw:
            raw.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Encoding: snappy\r\n"
                        b"Content-Length: 5000000000\r\n\r\n")
            self.assertIn(b" 413 ", raw.recv(4096).split(b"\r\n")[0])
        self.assertLess(resident_bytes(self.server.child.pid) - before, 64 * MIB)

    def test_labels_that_are_not_allowed_are_not_stored(self):
        bad = [{}, {"job": "no name"}, {"__name__": "m", "b\xff".encode("latin-1").decode("latin-1"): "x"}]
        for labels in bad[:2]:
            status, _ = remote_write.write(self.http, [(labels, [(1, 1.0)])])
            self.assertIn(status, (204, 400))
        payload = remote_write.message(1, remote_write.message(1, remote_write.message(1, b"__name__") +
                                                               remote_write.message(2, b"\xff\xfe")) +
                                       remote_write.message(2, b"\x10\x01"))
        status, _, _ = self.http.request("POST", "/api/v1/write", remote_write.snappy(payload), remote_write.HEADERS)
        self.assertIn(status, (204, 400))
        names = self.http.api("label/__name__/values")["data"]
        self.assertNotIn("", names)

    def test_promql_that_cannot_be(self):
        for query in ("up{", "sum(", "rate(up)", "\"", "up[5m", "1 +", "foo(up)", "{}", "up{a=~\"*\"}", "up offset", "\x00", ""):
            with self.subTest(query=query):
                answer = self.http.api("query", query=query)
                self.assertEqual((answer["status"], answer["errorType"]), ("error", "bad_data"), answer)

    def test_deep_nesting_and_long_texts(self):
        for query in ("(" * 100000 + "1" + ")" * 100000, "-" * 100000 + "1", "sum(" * 50000, "1+" * 100000 + "1",
                      "{a=\"" + "x" * 500000 + "\"}"):
            body = "query=" + query.replace("+", "%2B")
            status, _, _ = self.http.request("POST", "/api/v1/query", body,
                                             {"Content-Type": "application/x-www-form-urlencoded"})
            self.assertIn(status, (200, 400, 413, 422))

    def test_absurd_ranges(self):
        for parameters in ({"start": 0, "end": 1e12, "step": 1}, {"start": 10, "end": 0, "step": 1},
                           {"start": 0, "end": 10, "step": 0}, {"start": 0, "end": 10, "step": -1},
                           {"start": "x", "end": 10, "step": 1}, {"start": "NaN", "end": 10, "step": 1},
                           {"start": 1e300, "end": 1e301, "step": 1}):
            with self.subTest(**parameters):
                answer = self.http.api("query_range", query="up", **parameters)
                self.assertEqual((answer["status"], answer["errorType"]), ("error", "bad_data"), answer)
        answer = self.http.api("query", query="count_over_time(up[1000y:1ms])", timeout="5s")
        self.assertEqual(answer["status"], "error", answer)

    def test_requests_that_are_no_http(self):
        for raw_request in (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1", b"GET\r\n\r\n", b"\r\n" * 100, b"GET / HTTP/9.9\r\n\r\n",
                            b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                            b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                            b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                            b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"0\r\n\r\n"):
            with self.subTest(request=raw_request[:60]), socket.create_connection(("127.0.0.1", self.port), timeout=30) as raw:
                raw.sendall(raw_request)
                raw.shutdown(socket.SHUT_WR)
                answer = b""
                try:
                    while piece := raw.recv(65536):
                        answer += piece
                except ConnectionResetError:
                    pass
                self.assertNotIn(b" 200 ", answer.split(b"\r\n")[0])


class BadStarts(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-start-")
        self.addCleanup(shutil.rmtree, self.directory)

    def fails(self, config, *words, environment=None):
        path = os.path.join(self.directory, "nightlight.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        ended = subprocess.run([processes.BINARY, "serve", "--dev", "--config", path], capture_output=True, text=True,
                               timeout=60, check=False, cwd=self.directory, env={**os.environ, **(environment or {})})
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        for word in words:
            self.assertIn(word, ended.stdout + ended.stderr)

    def test_a_data_directory_that_cannot_be_written(self):
        blocker = os.path.join(self.directory, "file")
        with open(blocker, "w", encoding="utf-8"):
            pass
        self.fails(CONFIG.format(directory=blocker, port=0), blocker)

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.fails(CONFIG.format(directory=self.directory, port=port), str(port))

    def test_a_missing_plugin(self):
        self.fails("plugins: {load: [no_such_plugin]}\n" + CONFIG.format(directory=self.directory, port=0), "no_such_plugin")

    def test_a_foreign_library(self):
        library = next(os.path.join(path, name) for path, _, names in os.walk("/usr/lib") for name in names
                       if name.startswith("libz.so"))
        shutil.copyfile(library, os.path.join(self.directory, "foreign.so"))
        self.fails("plugins: {load: [foreign]}\n" + CONFIG.format(directory=self.directory, port=0), "foreign.so",
                   environment={"NIGHTLIGHT_PLUGIN_PATH": self.directory + ":" + os.environ["NIGHTLIGHT_PLUGIN_PATH"]})

    def test_a_file_that_is_no_library(self):
        with open(os.path.join(self.directory, "text.so"), "w", encoding="utf-8") as file:
            file.write("not a library")
        self.fails("plugins: {load: [text]}\n" + CONFIG.format(directory=self.directory, port=0), "text.so",
                   environment={"NIGHTLIGHT_PLUGIN_PATH": self.directory + ":" + os.environ["NIGHTLIGHT_PLUGIN_PATH"]})

    def test_a_config_that_is_missing_or_broken(self):
        self.fails("server: [\n", "nightlight.yaml:")
        self.fails("sever: {}\n", "nightlight.yaml:1:1", "server")


if __name__ == "__main__":
    unittest.main(verbosity=2)
