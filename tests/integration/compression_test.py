"""Answers as gzip, deflate and zstd: what real decoders make of them is to the byte the plain answer, whatever its size; and who asks for
what gets it.
"""

import gzip
import http.client
import json
import subprocess
import time
import unittest
import urllib.parse
import zlib

import local_server
import remote_write

SERIES, POINTS, STEP_MS = 200, 500, 15_000
START_MS = int(time.time()) * 1000 - POINTS * STEP_MS


def unzstd(body):
    return subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout


DECODERS = {"gzip": gzip.decompress, "deflate": zlib.decompress, "zstd": unzstd}


class CompressionTest(local_server.LocalServer):
    MORE = "instances: {store: {retention: 0s}}\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        series = [({"__name__": "wave", "instance": f"host-{n}"}, [(START_MS + i * STEP_MS, (i * (n + 7) % 1013) / 7) for i in range(POINTS)])
                  for n in range(SERIES)]
        status, body = remote_write.write(cls.http, series)
        assert status == 204, body

    def get(self, path, accept):
        """(status, Content-Encoding, headers, body as sent)"""
        status, headers, body = self.http.request("GET", path, None, {"Accept-Encoding": accept})
        return status, headers.get("Content-Encoding"), headers, body

    @staticmethod
    def paths():
        quote = urllib.parse.quote
        whole = f"start={START_MS / 1000}&end={(START_MS + POINTS * STEP_MS) / 1000}&step=15"
        return {
            "in chunks": f"/api/v1/query_range?query=wave&{whole}",
            "in one piece": f"/api/v1/query_range?query={quote('sum(wave)')}&{whole}",
            "tiny": "/api/v1/query?query=1&time=1",
            "an error": f"/api/v1/query?query={quote('sum(')}",
            "late error": f"/api/v1/query_range?query={quote('wave + on () wave')}&{whole}",
            "text": "/federate?match[]=wave",
            "names": "/api/v1/series?match[]=wave",
        }

    def test_real_decoders_get_the_plain_answer(self):
        for what, path in self.paths().items():
            status, coding, headers, plain = self.get(path, "identity")
            self.assertIsNone(coding, what)
            self.assertEqual(headers["Vary"].split(",")[0], "Accept-Encoding")
            for name, decode in DECODERS.items():
                got_status, coding, headers, body = self.get(path, name)
                self.assertEqual((got_status, coding, decode(body)), (status, name, plain), (what, name))
                if len(plain) > 10_000:
                    self.assertLess(len(body), len(plain) / 2, (what, name))
            if what == "in chunks":
                self.assertGreater(len(plain), 1_000_000)
                self.assertEqual(headers["Transfer-Encoding"], "chunked")

    def test_who_asks_gets_what_he_asked_for(self):
        path = self.paths()["in one piece"]
        for accept, wanted in (("gzip", "gzip"), ("deflate", "deflate"), ("zstd", "zstd"), ("br", None), ("", None), ("*", None),
                               ("gzip, deflate", "gzip"), ("deflate, gzip", "deflate"), ("gzip, deflate, br, zstd", "zstd"),
                               ("zstd;q=0.1, gzip;q=0.9", "gzip"), ("zstd;q=0", None), ("gzip;q=0.5", "gzip"),
                               ("identity;q=1, zstd;q=0.9", None), ("zstd;q=nan", None)):
            status, coding, _, body = self.get(path, accept)
            self.assertEqual((status, coding), (200, wanted), accept)
            self.assertEqual(json.loads(DECODERS.get(wanted, bytes)(body))["status"], "success", accept)

    def test_several_header_lines_are_one_list(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.http.port, timeout=30)
        connection.putrequest("GET", self.paths()["in one piece"], skip_accept_encoding=True)
        connection.putheader("Accept-Encoding", "zstd;q=0.5")
        connection.putheader("Accept-Encoding", "gzip")
        connection.endheaders()
        answer = connection.getresponse()
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertEqual(json.loads(gzip.decompress(answer.read()))["status"], "success")
        connection.close()

    def test_a_connection_takes_one_coding_after_the_other(self):
        path = self.paths()["in chunks"]
        plain = self.get(path, "identity")[3]
        connection = http.client.HTTPConnection("127.0.0.1", self.http.port, timeout=30)
        for name in ("zstd", "gzip", "identity", "zstd", "deflate", "zstd"):
            connection.request("GET", path, headers={"Accept-Encoding": name})
            answer = connection.getresponse()
            self.assertEqual(DECODERS.get(name, bytes)(answer.read()), plain, name)
        connection.close()

    def test_a_client_that_leaves_in_the_middle_ends_the_answer(self):
        path = self.paths()["in chunks"]
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", self.http.port, timeout=30)
            connection.request("GET", path, headers={"Accept-Encoding": "zstd"})
            self.assertEqual(len(connection.getresponse().read(100)), 100)
            connection.close()
        self.assertEqual(unzstd(self.get(path, "zstd")[3]), self.get(path, "identity")[3])
        self.assertTrue(self.server.running(), self.server.log())


if __name__ == "__main__":
    unittest.main()
