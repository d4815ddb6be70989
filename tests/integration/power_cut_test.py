"""Power cuts below a real file system: writers journal every acknowledged request while the server commits, seals and compacts on an ext4 whose
disk is recorded; then, for many moments, the disk is made as a power cut would have left it, the server starts on it, and every sample that was
acknowledged by then is there, bit for bit.

NIGHTLIGHT_POWER_CUTS is their number (default 12), NIGHTLIGHT_POWER_CUT_SEED the seed of their moments, NIGHTLIGHT_POWER_CUT_SECONDS how long
writers write (default 10). NIGHTLIGHT_POWER_CUT_SYSTEM=prometheus or victoria-metrics with NIGHTLIGHT_POWER_CUT_BINARY counts what another
program loses, and fails for nothing.
"""

import contextlib
import http.client
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import recorded_disk  # noqa: E402
import remote_write  # noqa: E402

CUTS = int(os.environ.get("NIGHTLIGHT_POWER_CUTS", "12"))
SEED = int(os.environ.get("NIGHTLIGHT_POWER_CUT_SEED", "1"))
SECONDS = float(os.environ.get("NIGHTLIGHT_POWER_CUT_SECONDS", "10"))
SYSTEM = os.environ.get("NIGHTLIGHT_POWER_CUT_SYSTEM", "nightlight")
WRITERS, SERIES, TICK_MS, DISK_BYTES = 4, 20, 100, 256 << 20

# Small segments, and seals and compactions all the time, so that cuts fall into each of them.
CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0", max_samples_per_query: 100000000}}
storage: {{data_dir: "{disk}/data", wal_segment_size_mb: 1, compaction_interval_seconds: 1}}
instances:
  store: {{ack: durable, seal_interval: 1s, block_duration: 1m, max_head_samples: 5000, retention: 0}}
"""


def value(writer, series, tick):
    """A few digits, which every program keeps; the same for the same sample."""
    return random.Random(f"{writer}/{series}/{tick}").randrange(1_000_000) / 8


def server(directory, disk, port):
    if SYSTEM == "nightlight":
        return processes.nightlight(directory, CONFIG.format(disk=disk, port=port)), "/-/ready", "/api/v1/write"
    binary = os.environ["NIGHTLIGHT_POWER_CUT_BINARY"]
    if SYSTEM == "prometheus":
        argv = [binary, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={disk}/data", "--web.enable-remote-write-receiver",
                f"--web.listen-address=127.0.0.1:{port}"]
        with open(f"{directory}/prometheus.yml", "w", encoding="utf-8"):
            pass
    else:
        argv = [binary, f"-storageDataPath={disk}/data", f"-httpListenAddr=127.0.0.1:{port}", "-search.maxSamplesPerQuery=1000000000",
                "-search.latencyOffset=0s", "-storage.minFreeDiskSpaceBytes=1MB"]
    ready, write = ("/-/ready", "/api/v1/write") if SYSTEM == "prometheus" else ("/health", "/api/v1/write")
    return processes.Process(argv, os.path.join(directory, "server.log"), cwd=directory), ready, write


class Writer:
    """Writes until it is told to stop. `acked`: (tick, how much the disk had recorded when the answer was here)."""

    def __init__(self, number, port, path, start_ms, disk):
        self.number, self.port, self.path, self.start_ms, self.disk = number, port, path, start_ms, disk
        self.tick, self.acked, self.refused, self.stopping = 0, [], [], False

    def run(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            while not self.stopping:
                tick, self.tick = self.tick, self.tick + 1
                at_ms = self.start_ms + tick * TICK_MS
                series = [({"__name__": "journal", "writer": str(self.number), "series": str(s)}, [(at_ms, value(self.number, s, tick))])
                          for s in range(SERIES)]
                connection.request("POST", self.path, remote_write.snappy(remote_write.request(series)), remote_write.HEADERS)
                answer = connection.getresponse()
                answer.read()
                if answer.status in (200, 204):
                    self.acked.append((tick, self.disk.now()))
                elif answer.status not in (429, 503):
                    self.refused.append((tick, answer.status))


class PowerCuts(unittest.TestCase):
    def setUp(self):
        if why := recorded_disk.why_not():
            self.skipTest(f"no disk can be recorded here: {why}")
        self.directory = tempfile.mkdtemp(prefix="nightlight-cut-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.disk = recorded_disk.RecordedDisk(self.directory, DISK_BYTES)
        self.addCleanup(self.disk.unmount)
        try:
            self.disk.mount()
        except OSError as error:
            self.skipTest(f"no disk can be recorded here: {error}")

    def missing(self, port, writer, moment):
        """The samples that were acknowledged before the moment, and are not there with their values; and how many were acknowledged."""
        acked = [tick for tick, recorded in writer.acked if recorded <= moment]
        query = f'journal{{writer="{writer.number}"}}[{writer.tick * TICK_MS + TICK_MS}ms]'
        answer = processes.Http(port).api("query", query=query, time=f"{(writer.start_ms + writer.tick * TICK_MS) / 1000:.3f}")
        self.assertEqual(answer["status"], "success", answer)
        found = {int(s["metric"]["series"]): {round(float(t) * 1000): float(v) for t, v in s["values"]} for s in answer["data"]["result"]}
        for s, samples in found.items():
            for at_ms, got in samples.items():
                self.assertEqual(got, value(writer.number, s, (at_ms - writer.start_ms) // TICK_MS), "never sent")
        lost = sum(writer.start_ms + tick * TICK_MS not in found.get(s, {}) for s in range(SERIES) for tick in acked)
        return lost, len(acked) * SERIES

    def after(self, image, name, writers, moment):
        """What missing() says of all writers when the program starts on an image."""
        with recorded_disk.MountedImage(image, os.path.join(self.directory, name)) as mounted:
            port = processes.free_port()
            process, ready, _ = server(self.directory, mounted.path, port)
            try:
                process.start()
                processes.Http(port).wait_ready(process, path=ready)
                results = [self.missing(port, writer, moment) for writer in writers]
            finally:
                process.kill()
        self.assertTrue(mounted.sound, f"{name}: e2fsck finds errors: the recording itself is wrong")
        return sum(lost for lost, _ in results), sum(acked for _, acked in results)

    def test_nothing_acknowledged_is_lost(self):
        port = processes.free_port()
        process, ready, path = server(self.directory, self.disk.path, port)
        self.addCleanup(process.kill)
        process.start()
        processes.Http(port).wait_ready(process, path=ready)
        begin = self.disk.now()
        # Old enough that no tick lies in the future, however many there are.
        start_ms = int(time.time()) * 1000 - 2 * 3600_000
        writers = [Writer(n, port, path, start_ms, self.disk) for n in range(WRITERS)]
        threads = [threading.Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        for writer in writers:
            writer.stopping = True
        for thread in threads:
            thread.join()
        end = self.disk.now()
        process.kill()
        self.disk.unmount()
        chance = random.Random(SEED)
        # Some just after an answer, where an early one shows, and some at any moment.
        answered = [recorded for writer in writers for _, recorded in writer.acked]
        moments = [chance.choice(answered) if n % 2 == 0 else chance.randint(begin, end) for n in range(CUTS)]
        lost = acked = cuts_with_loss = 0
        for number, (moment, image) in enumerate(self.disk.cuts(moments, SEED)):
            gone, there = self.after(image, f"cut {number}", writers, moment)
            cuts_with_loss += gone > 0
            lost += gone
            acked += there
        killed, _ = self.after(self.disk.image, "killed", writers, float("inf"))
        requests = sum(len(writer.acked) for writer in writers)
        print(f"{SYSTEM}: {CUTS} power cuts within {requests} requests of {SERIES} samples, {acked} samples acknowledged before them, "
              f"{lost} lost in {cuts_with_loss} cuts; {killed} lost by kill -9 without one", file=sys.stderr)
        self.assertGreater(requests, 50)
        self.assertEqual([writer.refused for writer in writers], [[]] * WRITERS)
        if SYSTEM == "nightlight":
            self.assertEqual((lost, killed), (0, 0))


if __name__ == "__main__":
    unittest.main()
