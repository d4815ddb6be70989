"""`nightlight storage` on data directories that a real server left: sound ones, used ones, and ones with every kind of damage."""

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import processes  # noqa: E402
import remote_write  # noqa: E402

CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
instances:
  api: {{enable_admin_api: true}}
"""
SERIES, SAMPLES, LIVES = 300, 80, 3
STEP_MS = 15000
# Within one window of compaction, at every time of the day: a server that lives for longer would join blocks of two.
WINDOW_MS = 2 * 3600 * 1000
BEGIN_MS = (int(time.time() * 1000) // WINDOW_MS - 1) * WINDOW_MS
assert LIVES * SAMPLES * STEP_MS < WINDOW_MS


def tool(work, directory, *arguments):
    """(exit status, standard output, standard error)"""
    ended = subprocess.run([processes.BINARY, "storage", work, "--dev", directory, *arguments], capture_output=True,
                           text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def tool_json(work, directory):
    status, out, _ = tool(work, directory, "--json")
    return status, json.loads(out)


def value_of(series, index):
    """Noise for most, or a block would be no more than a page."""
    return (series * 7919 + index * 104729) * 2654435761 % (1 << 32) / 1024 if series % 4 else float(series + index)


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x40]))


class Server:
    """A server on a directory, for as long as the `with` lasts; the end is a graceful stop."""

    def __init__(self, directory):
        self.port = processes.free_port()
        self.process = processes.nightlight(directory, CONFIG.format(directory=directory, port=self.port))
        self.http = processes.Http(self.port)

    def __enter__(self):
        self.process.start()
        self.http.wait_ready(self.process)
        return self

    def __exit__(self, *_):
        self.process.stop()

    def write_life(self, life):
        for first in range(0, SAMPLES, 20):
            body = []
            for series in range(SERIES):
                samples = [(BEGIN_MS + (life * SAMPLES + i) * STEP_MS, value_of(series, life * SAMPLES + i))
                           for i in range(first, first + 20)]
                body.append(({"__name__": f"m{series % 5}", "series": f"s{series:04}"}, samples))
            status, answer = remote_write.write(self.http, body)
            assert status in (200, 204), answer

    def samples(self):
        """{series: {index: value}}"""
        answer = self.http.api("query", query='{__name__=~"m.*"}[1d]', time=BEGIN_MS / 1000 + 80000)
        assert answer["status"] == "success", answer
        return {int(one["metric"]["series"][1:]):
                {round((t * 1000 - BEGIN_MS) / STEP_MS): float(v) for t, v in one["values"]}
                for one in answer["data"]["result"]}


class Storage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="nightlight-storage-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        for life in range(LIVES):
            with Server(cls.made) as server:
                server.write_life(life)

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-storage-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.data = os.path.join(self.directory, "data")
        shutil.copytree(os.path.join(self.made, "data"), self.data)

    def blocks(self):
        directory = os.path.join(self.data, "blocks")
        return sorted(os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(".nlb"))

    def content(self):
        out = {}
        for directory, _, names in os.walk(self.data):
            for name in names:
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    out[os.path.relpath(path, self.data)] = file.read()
        return out

    def served(self):
        with Server(self.directory) as server:
            return server.samples()

    def assert_exact(self, served):
        for series, samples in served.items():
            for index, value in samples.items():
                self.assertEqual(value, value_of(series, index))

    def test_a_sound_directory_is_told_so_and_looking_changes_nothing(self):
        before = self.content()
        status, report = tool_json("verify", self.data)
        self.assertEqual((status, report["damages"]), (0, []))
        self.assertEqual(report["samples"], SERIES * SAMPLES * LIVES)
        self.assertIn("all sound", tool("verify", self.data)[1])

        status, report = tool_json("inspect", self.data)
        self.assertEqual(status, 0)
        self.assertEqual(len(report["blocks"]), len(self.blocks()))
        for block in report["blocks"]:
            self.assertEqual(block["series"], SERIES)
            self.assertEqual(sum(block["parts"].values()), block["bytes"])
            self.assertEqual(sum(codec["samples"] for codec in block["codecs"]), block["floatSamples"])
        self.assertEqual(min(block["minTimeMs"] for block in report["blocks"]), BEGIN_MS)
        self.assertIn(os.path.basename(self.blocks()[0])[:-4], tool("inspect", self.data)[1])

        status, report = tool_json("stats", self.data)
        self.assertEqual((status, report["series"]), (0, SERIES))
        self.assertEqual({one["name"]: one["value"] for one in report["valuesByLabel"]},
                         {"__name__": 5, "series": SERIES})
        self.assertEqual({one["value"] for one in report["seriesByMetric"]}, {SERIES // 5})
        self.assertEqual(sum(level["samples"] for level in report["levels"]), SERIES * SAMPLES * LIVES)
        self.assertIn("B/sample", tool("stats", self.data)[1])

        self.assertEqual(tool("repair", self.data)[:2], (0, "nothing is damaged, nothing was changed\n"))
        self.assertEqual(self.content(), before)

    def test_a_used_directory_is_refused(self):
        with Server(self.directory):
            for work in ("inspect", "stats", "verify", "repair"):
                status, out, err = tool(work, self.data)
                self.assertEqual((status, out), (1, ""))
                self.assertIn("is held by another process", err)

    def test_misuse_and_directories_of_others(self):
        self.assertEqual(subprocess.run([processes.BINARY, "storage"], capture_output=True, check=False).returncode, 2)
        self.assertEqual(
            subprocess.run([processes.BINARY, "storage", "verify"], capture_output=True, check=False).returncode, 2)
        helped = subprocess.run([processes.BINARY, "storage", "verify", "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(helped.returncode, 0)
        self.assertIn("Examples:", helped.stdout)
        status, _, err = tool("verify", os.path.join(self.directory, "nowhere"))
        self.assertEqual(status, 1)
        self.assertIn("No such file or directory", err)
        status, _, err = tool("repair", self.directory)
        self.assertEqual(status, 1)
        self.assertIn("is not a data directory", err)
        self.assertEqual(os.listdir(self.directory), ["data"])
        status, _, err = tool("verify", self.data, "--plugin", "remote_write")
        self.assertEqual(status, 1)
        self.assertIn("remote_write", err)

    def test_every_flipped_byte_of_a_block_is_found_near_its_place(self):
        path = self.blocks()[0]
        size = os.path.getsize(path)
        for offset in [0, 9, 27, 28, 45, *range(100, size, max(1, size // 40)), size - 30, size - 10, size - 1]:
            with self.subTest(offset=offset):
                flip(path, offset)
                status, report = tool_json("verify", self.data)
                self.assertEqual(status, 1)
                self.assertTrue(report["damages"])
                for damage in report["damages"]:
                    self.assertEqual(damage["file"], "blocks/" + os.path.basename(path))
                near = report["damages"][0]["offset"]
                if 28 <= offset < size - 200:  # Within a page: that one, and no other.
                    self.assertLessEqual(near, offset)
                    self.assertEqual(len(report["damages"]), 1, report)
                flip(path, offset)
        self.assertEqual(tool("verify", self.data)[0], 0)

    def test_all_damages_of_a_block_are_told_and_repair_keeps_the_rest(self):
        path = self.blocks()[1]
        status, report = tool_json("inspect", self.data)
        parts = report["blocks"][1]["parts"]
        # Data pages come first: one flip in the first page, one in the last.
        places = [100, 28 + parts["data"] - 30]
        for place in places:
            flip(path, place)
        status, out, err = tool("verify", self.data)
        self.assertEqual(status, 1)
        self.assertIn("2 damages", err)
        name = "blocks/" + os.path.basename(path)
        self.assertEqual(out.count(name + " at "), 2, out)

        with open(path, "rb") as file:
            damaged = file.read()
        status, report = tool_json("repair", self.data)
        self.assertEqual(status, 0, report)
        self.assertEqual([action["file"] for action in report["actions"]], [name])
        lost = report["samplesLost"]
        self.assertTrue(0 < lost < SERIES * SAMPLES, report)
        with open(os.path.join(self.data, "quarantine", os.path.basename(path)), "rb") as file:
            self.assertEqual(file.read(), damaged)
        self.assertEqual(tool("verify", self.data)[0], 0)
        served = self.served()
        self.assert_exact(served)
        self.assertEqual(sum(map(len, served.values())), SERIES * SAMPLES * LIVES - lost)

    def test_a_block_of_which_nothing_can_be_read_goes_whole(self):
        path = self.blocks()[0]
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) // 2)
        self.assertEqual(tool("verify", self.data)[0], 1)
        status, report = tool_json("repair", self.data)
        self.assertEqual((status, report["samplesLost"]), (0, SERIES * SAMPLES))
        self.assertEqual(os.listdir(os.path.join(self.data, "quarantine")), [os.path.basename(path)])
        self.assertEqual(tool("verify", self.data)[0], 0)
        served = self.served()
        self.assert_exact(served)
        self.assertEqual(sum(map(len, served.values())), SERIES * SAMPLES * (LIVES - 1))

    def test_a_missing_block_leaves_the_catalog(self):
        os.remove(self.blocks()[2])
        status, report = tool_json("verify", self.data)
        self.assertEqual(status, 1)
        self.assertIn("cannot be opened", report["damages"][0]["what"])
        self.assertEqual(tool("repair", self.data)[0], 0)
        self.assertEqual(tool("verify", self.data)[0], 0)
        self.assertEqual(sum(map(len, self.served().values())), SERIES * SAMPLES * (LIVES - 1))

    def test_a_catalog_is_made_anew(self):
        catalog = os.path.join(self.data, "blocks", "catalog")
        for damage in (lambda: flip(catalog, 12), lambda: os.remove(catalog)):
            damage()
            status, report = tool_json("verify", self.data)
            self.assertEqual(status, 1)
            self.assertEqual(report["damages"][0]["file"], "blocks/catalog")
            status, report = tool_json("repair", self.data)
            self.assertEqual((status, report["samplesLost"]), (0, 0))
            self.assertEqual(tool("verify", self.data)[0], 0)
        served = self.served()
        self.assert_exact(served)
        self.assertEqual(sum(map(len, served.values())), SERIES * SAMPLES * LIVES)

    def test_a_damaged_series_snapshot_goes_and_the_blocks_stay(self):
        path = os.path.join(self.data, "blocks", "series")
        flip(path, os.path.getsize(path) // 2)
        status, report = tool_json("verify", self.data)
        self.assertEqual(status, 1)
        self.assertEqual(report["damages"][0]["file"], "blocks/series")
        self.assertEqual(tool("repair", self.data)[0], 0)
        self.assertEqual(tool("verify", self.data)[0], 0)
        with Server(self.directory) as server:
            self.assertEqual(sum(map(len, server.samples().values())), SERIES * SAMPLES * LIVES)
            self.assertEqual(server.http.api("status/runtimeinfo")["data"]["corruptionCount"], 0)

    def test_damage_in_the_log_is_told_and_left_to_the_server(self):
        server = Server(self.directory).__enter__()
        try:
            server.write_life(LIVES)
        finally:
            server.process.kill()
        self.assertEqual(tool("verify", self.data)[0], 0)  # A torn end would be no damage either.
        log = os.path.join(self.data, "wal")
        segment = max((os.path.join(log, name) for name in os.listdir(log) if name.endswith(".wal")), key=os.path.getmtime)
        flip(segment, 200)
        status, report = tool_json("verify", self.data)
        self.assertEqual(status, 1)
        self.assertEqual(report["damages"][0]["file"], "wal/" + os.path.basename(segment))
        self.assertEqual(report["damages"][0]["offset"], 32)
        before = self.content()
        status, report = tool_json("repair", self.data)
        self.assertEqual(status, 0)
        self.assertIn("left as it is", report["actions"][0]["outcome"])
        self.assertEqual(self.content(), before)
        newest = int(os.path.basename(segment)[:-4])
        oldest = min(int(name[:-4]) for name in os.listdir(log) if name.endswith(".wal"))
        with Server(self.directory) as server:
            served = server.samples()
            self.assertEqual(server.http.api("status/walreplay")["data"], {"min": oldest, "max": newest, "current": newest})
            self.assertGreater(server.http.api("status/runtimeinfo")["data"]["corruptionCount"], 0)
        self.assert_exact(served)
        self.assertGreater(sum(map(len, served.values())), SERIES * SAMPLES * LIVES)

    def test_deleted_samples_stay_deleted_over_a_repair(self):
        with Server(self.directory) as server:
            status, _, answer = server.http.request("POST", '/api/v1/admin/tsdb/delete_series?match[]=m3')
            self.assertEqual(status, 204, answer)
        path = self.blocks()[0]
        flip(path, 100)
        self.assertEqual(tool("repair", self.data)[0], 0)
        self.assertEqual(tool("verify", self.data)[0], 0)
        self.assertFalse([series for series in self.served() if series % 5 == 3])
        # Where the tombstones themselves are damaged, the samples are back, and the report says so.
        blocks = os.path.join(self.data, "blocks")
        tombstones = [name for name in os.listdir(blocks) if name.endswith(".nlt")]
        self.assertEqual(len(tombstones), LIVES)
        flip(os.path.join(blocks, tombstones[0]), 8)
        status, report = tool_json("verify", self.data)
        self.assertEqual((status, report["damages"][0]["file"]), (1, "blocks/" + tombstones[0]))
        status, report = tool_json("repair", self.data)
        self.assertIn("visible again", report["actions"][0]["outcome"])
        self.assertEqual(tool("verify", self.data)[0], 0)
        self.assertTrue([series for series in self.served() if series % 5 == 3])

    def test_progress_is_drawn_on_terminals_only(self):
        self.assertEqual(tool("verify", self.data)[2], "")
        ours, theirs = pty.openpty()
        subprocess.run([processes.BINARY, "storage", "verify", "--dev", self.data], stdout=subprocess.DEVNULL, stderr=theirs,
                       timeout=60, check=True)
        os.close(theirs)
        drawn = os.read(ours, 1 << 16).decode()
        os.close(ours)
        self.assertRegex(drawn, r"\r\[#*\.*\] +\d+ %  \d+ of \d+ MiB")
        self.assertTrue(drawn.endswith("\r\x1b[K"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
