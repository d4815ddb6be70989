"""Kill -9 under load: writers journal every acknowledged request, the server is killed at random moments while it commits, seals and
compacts, and after each start every journalled sample is there, bit for bit.

NIGHTLIGHT_KILLS is the number of kills (default 15), NIGHTLIGHT_KILL_SEED the seed of their moments.
"""

import contextlib
import http.client
import os
import random
import shutil
import struct
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402

KILLS = int(os.environ.get("NIGHTLIGHT_KILLS", "15"))
SEED = int(os.environ.get("NIGHTLIGHT_KILL_SEED", "1"))
WRITERS, SERIES, TICK_MS = 4, 20, 100

# Small segments, and seals and compactions all the time, so that kills fall into each of them.
CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0", max_samples_per_query: 100000000}}
storage: {{data_dir: "{directory}/data", wal_segment_size_mb: 1, compaction_interval_seconds: 1}}
instances:
  store: {{seal_interval: 1s, block_duration: 1m, max_head_samples: 5000, retention: 0}}
"""


def value(writer, series, tick):
    """Any finite double, the same for the same sample."""
    bits = random.Random(f"{writer}/{series}/{tick}").getrandbits(64)
    double = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return double if abs(double) < float("inf") else float(tick)


class Writer:
    """Writes tick after tick until the connection breaks. `acked` is the journal: ticks that got a 2xx."""

    def __init__(self, number, port, start_ms):
        self.number, self.port, self.start_ms = number, port, start_ms
        self.tick, self.acked, self.refused = 0, [], []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                # A request that was not answered is not sent again: whether its samples are there is open.
                tick, self.tick = self.tick, self.tick + 1
                at_ms = self.start_ms + tick * TICK_MS
                series = [({"__name__": "journal", "writer": str(self.number), "series": str(s)}, [(at_ms, value(self.number, s, tick))])
                          for s in range(SERIES)]
                connection.request("POST", "/api/v1/write", remote_write.snappy(remote_write.request(series)), remote_write.HEADERS)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status in (200, 204):
                    self.acked.append(tick)
                elif answer.status not in (429, 503):
                    self.refused.append((tick, answer.status, body[:200]))


class Kills(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-kill-")
        self.addCleanup(shutil.rmtree, self.directory)
        port = processes.free_port()
        self.server = processes.nightlight(self.directory, CONFIG.format(directory=self.directory, port=port))
        self.addCleanup(self.server.kill)
        self.http = processes.Http(port)
        start_ms = (int(time.time()) - 86400) * 1000
        self.writers = [Writer(n, port, start_ms) for n in range(WRITERS)]

    def check(self, writer, first):
        """Every journalled tick from the `first`th on is there with its values, and nothing is there that was not sent."""
        if first >= len(writer.acked):
            return
        # One tick before the first, since ranges are open to the left, to the last that was tried.
        from_tick, to_tick = writer.acked[first] - 1, writer.tick
        query = f'journal{{writer="{writer.number}"}}[{(to_tick - from_tick) * TICK_MS}ms]'
        at_ms = writer.start_ms + to_tick * TICK_MS
        answer = self.http.api("query", query=query, time=f"{at_ms / 1000:.3f}")
        self.assertEqual(answer["status"], "success", answer)
        found = {int(s["metric"]["series"]): {round(float(t) * 1000): float(v) for t, v in s["values"]}
                 for s in answer["data"]["result"]}
        for s in range(SERIES):
            have = found.get(s, {})
            for tick in writer.acked[first:]:
                got = have.get(writer.start_ms + tick * TICK_MS)
                self.assertIsNotNone(got, f"acked and lost: writer {writer.number}, series {s}, tick {tick}")
                self.assertEqual(got, value(writer.number, s, tick))
            for at_ms, got in have.items():
                tick, rest = divmod(at_ms - writer.start_ms, TICK_MS)
                self.assertEqual((rest, got), (0, value(writer.number, s, tick)))

    def test_nothing_acknowledged_is_lost(self):
        moments = random.Random(SEED)
        checked = [0] * WRITERS
        for kill in range(KILLS):
            self.server.start()
            self.http.wait_ready(self.server)
            for writer, first in zip(self.writers, checked):
                self.check(writer, first)
            # What was in the log for two starts is checked again at the end.
            checked = [len(writer.acked) for writer in self.writers]
            threads = [threading.Thread(target=writer.run) for writer in self.writers]
            for thread in threads:
                thread.start()
            time.sleep(moments.uniform(0.05, 1.5))
            self.server.kill()
            for thread in threads:
                thread.join()
        self.server.start()
        self.http.wait_ready(self.server)
        for writer in self.writers:
            self.assertEqual(writer.refused, [])
            self.assertGreater(len(writer.acked), KILLS)
            self.check(writer, 0)
        self.assertEqual(self.http.metric("nightlight_gorilla_blocks_damaged"), 0)
        acked = sum(len(writer.acked) for writer in self.writers)
        print(f"{KILLS} kills, {acked} requests with {acked * SERIES} samples acknowledged, none lost", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
