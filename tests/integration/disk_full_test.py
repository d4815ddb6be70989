"""A full disk, a real one: a small ext4 in a file (or a tmpfs of fixed size) is filled up under load. Writes get 503 and nothing else, queries go on,
every acknowledged sample is there; when somebody makes room, writes go on without a restart, and after kill -9 everything is still there.
"""

import contextlib
import http.client
import os
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402
import small_disk  # noqa: E402

MIB = 1 << 20
SERIES, TICK_MS = 200, 1000

# Sealing and compaction go on all the time, so that they meet the end of the disk, too.
CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0", max_samples_per_query: 100000000}}
storage: {{data_dir: "{disk}/data", wal_segment_size_mb: 4, compaction_interval_seconds: 1}}
instances:
  store: {{seal_interval: 2s, block_duration: 1m, max_head_samples: 1000000, retention: 0, disk_reserve: 4MiB}}
"""


def value(series, tick):
    """Noise, so that blocks are large."""
    return ((series * 2654435761 + tick * 40503) % 1000003) / 997


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-full-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.disk = small_disk.mount(self, os.path.join(self.directory, "disk"), 64 * MIB)
        self.ballast = os.path.join(self.disk, "ballast")
        self.port = processes.free_port()
        self.server = processes.nightlight(self.directory, CONFIG.format(disk=self.disk, port=self.port))
        self.addCleanup(self.server.kill)
        self.http = processes.Http(self.port)
        self.start_ms = (int(time.time()) - 86400) * 1000
        self.tick, self.acked = 0, set()

    def write(self, connection):
        """One tick of all series; the status."""
        self.tick += 1
        at_ms = self.start_ms + self.tick * TICK_MS
        series = [({"__name__": "journal", "series": str(s)}, [(at_ms, value(s, self.tick))]) for s in range(SERIES)]
        connection.request("POST", "/api/v1/write", remote_write.snappy(remote_write.request(series)), remote_write.HEADERS)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status in (200, 204):
            self.acked.add(self.tick)
        else:
            self.assertEqual(answer.status, 503, body)
            self.assertIsNotNone(answer.headers.get("Retry-After"))
        return answer.status

    def connection(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))

    def fill(self):
        """Takes all that is left of the disk."""
        with open(self.ballast, "ab") as file:
            for size in (MIB, 4096):
                try:
                    while True:
                        os.write(file.fileno(), bytes(size))
                except OSError:
                    pass

    def releases(self):
        return self.http.metric("nightlight_gorilla_disk_reserve_releases_total")

    def check(self):
        """Every acknowledged sample is there, and nothing that was not sent."""
        window_s = self.tick * TICK_MS // 1000 + 1
        for first in range(0, SERIES, 50):
            names = "|".join(str(s) for s in range(first, first + 50))
            answer = self.http.api("query", query=f'journal{{series=~"{names}"}}[{window_s}s]', time=self.start_ms / 1000 + window_s)
            self.assertEqual(answer["status"], "success", answer)
            self.assertEqual(len(answer["data"]["result"]), 50)
            for found in answer["data"]["result"]:
                s = int(found["metric"]["series"])
                have = {(round(float(t) * 1000) - self.start_ms) // TICK_MS: float(v) for t, v in found["values"]}
                self.assertEqual(self.acked - have.keys(), set(), "acked and lost")
                for tick, got in have.items():
                    self.assertEqual(got, value(s, tick))

    def test_nothing_is_lost_and_writes_go_on_unaided(self):
        self.server.start()
        self.http.wait_ready(self.server)
        with self.connection() as connection:
            for _ in range(50):
                self.assertIn(self.write(connection), (200, 204))
        held = self.http.metric("nightlight_gorilla_disk_reserve_bytes")
        self.assertGreater(held, 0)
        refused = 0
        for round_number in range(3):
            self.fill()
            with self.connection() as connection:
                releases, seals = self.releases(), self.http.metric("nightlight_gorilla_seals_total")

                def sealed():
                    self.write(connection)
                    return self.releases() > releases and self.http.metric("nightlight_gorilla_seals_total") > seals

                processes.wait_until(sealed, "a seal that uses the reserve")
                # Somebody takes whatever the store gives back, the reserve too: nothing is left to it.
                deadline = time.monotonic() + 60
                while self.write(connection) != 503:
                    self.assertLess(time.monotonic(), deadline, "the disk is full, and writes go on for ever")
                    self.fill()
            refused += 1
            self.check()
            os.remove(self.ballast)
            with self.connection() as connection:
                processes.wait_until(lambda: self.write(connection) != 503, "writes to go on")
                for _ in range(20):
                    self.assertIn(self.write(connection), (200, 204))
            processes.wait_until(lambda: self.http.metric("nightlight_gorilla_disk_reserve_bytes") >= held, "the reserve to be taken again")
            self.check()
            if round_number == 1:
                self.server.kill()
                self.server.start()
                self.http.wait_ready(self.server)
                self.check()
        # A start on a full disk answers queries.
        self.fill()
        self.server.kill()
        self.server.start()
        self.http.wait_ready(self.server)
        self.check()
        self.assertEqual(self.http.metric("nightlight_gorilla_blocks_damaged"), 0)
        print(f"{refused} full disks ({small_disk.kind(self.disk)}), {len(self.acked) * SERIES} samples acknowledged, none lost", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
