"""The files of a real server are what docs/formats says: read by a reader that was written from these documents alone."""

import math
import os
import random
import shutil
import struct
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
import format_bytes  # noqa: E402
import format_chunks  # noqa: E402
import format_reader  # noqa: E402
import processes  # noqa: E402
import remote_write  # noqa: E402

CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
instances:
  api: {{enable_admin_api: true}}
"""
# A seal all the time, so that compactions have something to do.
DAY_CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
instances:
  store: {{seal_interval: 1s}}
"""
SAMPLES, STEP_MS = 200, 15000
# Over the border of a slice.
BEGIN_MS = (int(time.time() * 1000) // 7200000) * 7200000 - 7200000 - SAMPLES // 2 * STEP_MS
STALE = 0x7FF0000000000002


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def values_by_series():
    """{name: [bits]}: something for every encoding."""
    noise = random.Random(7)
    counter = 0
    out = {name: [] for name in ("constant", "ramp", "steps", "counter", "resets", "gauge", "pages", "noise", "near", "mixed",
                              "specials")}
    for i in range(SAMPLES):
        counter += noise.randrange(1000)
        exact = {"constant": 42.0, "ramp": 5.0 + 3 * i, "steps": float(i // 30), "counter": float(counter),
                 "resets": float(counter % 40000), "gauge": noise.randrange(100000) / 100, "pages": 4096.0 * noise.randrange(9999),
                 "noise": noise.gauss(0, 1), "mixed": math.nan if i == 11 else -0.0 if i == 12 else i / 8}
        for name, value in exact.items():
            out[name].append(bits_of(value))
        out["near"].append(bits_of(math.pi) ^ noise.randrange(8) << 34)
        out["specials"].append(noise.choice([STALE, bits_of(math.inf), bits_of(-math.inf), bits_of(-0.0), noise.getrandbits(64)]))
    out["mixed"][50] = STALE
    return out


VALUES = values_by_series()


def times_of(name):
    """A column that all share, and one of its own."""
    offset = {"noise": lambda i: i * i % 977}.get(name, lambda i: 0)
    return [BEGIN_MS + i * STEP_MS + offset(i) for i in range(SAMPLES)]


def histogram(i):
    return {"float": False, "hint": 0, "start": 0, "schema": 3, "zero_threshold": 1e-128, "sum": i / 4, "count": 7 * i + 6,
            "zero_count": i, "positive_spans": [(-2, 2), (5, 1)], "negative_spans": [(1, 1)],
            "positive": [i + 1, 2 * i + 3, i], "negative": [2 * i + 2], "custom": []}


def zigzag(value):
    return value << 1 ^ value >> 63


def number(field, value):
    return remote_write.varint(field << 3) + remote_write.varint(value)


def number_double(field, value):
    return remote_write.varint(field << 3 | 1) + struct.pack("<d", value)


def histogram_message(h, timestamp_ms):
    def spans(field, of):
        return b"".join(remote_write.message(field, number(1, zigzag(o)) + number(2, n)) for o, n in of)

    def deltas(field, counts):
        return remote_write.message(field, b"".join(
            remote_write.varint(zigzag(c - b)) for b, c in zip([0] + counts, counts)))

    return (number(1, h["count"]) + number_double(3, h["sum"]) + number(4, zigzag(h["schema"])) +
            number_double(5, h["zero_threshold"]) + number(6, h["zero_count"]) + spans(8, h["negative_spans"]) +
            deltas(9, h["negative"]) + spans(11, h["positive_spans"]) + deltas(12, h["positive"]) + number(15, timestamp_ms))


def label_pairs(labels):
    return b"".join(remote_write.message(1, remote_write.message(1, k.encode()) + remote_write.message(2, v.encode()))
                    for k, v in sorted(labels.items()))


def float_samples(times, bits):
    return b"".join(remote_write.message(2, b"\x09" + struct.pack("<Q", b) + number(2, t)) for t, b in zip(times, bits))


def write_request(begin, end):
    def labels(name):
        return label_pairs({"__name__": name, "job": "formats", "place": f"Zürich/{name}"})

    out = b""
    for name, bits in VALUES.items():
        out += remote_write.message(1, labels(name) + float_samples(times_of(name)[begin:end], bits[begin:end]))
    exemplar = remote_write.message(3, remote_write.message(1, remote_write.message(1, b"trace_id") + remote_write.message(2, b"abc")) +
                                    number_double(2, 1.5) + number(3, BEGIN_MS + begin * STEP_MS))
    out += remote_write.message(1, labels("native") + exemplar + b"".join(
        remote_write.message(4, histogram_message(histogram(i), BEGIN_MS + i * STEP_MS)) for i in range(begin, end)))
    # MetricMetadata: type, family, help, unit.
    return out + remote_write.message(3, number(1, 1) + remote_write.message(2, b"counter") +
                                      remote_write.message(4, b"What it counts.") + remote_write.message(5, b"things"))


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-formats-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.data = os.path.join(cls.directory, "data")
        server, http = cls.start()
        for begin in range(0, SAMPLES, 50):
            status, _, answer = http.request("POST", "/api/v1/write", remote_write.snappy(write_request(begin, begin + 50)),
                                             remote_write.HEADERS)
            assert status == 204, answer
        server.kill()
        cls.log = format_reader.log(os.path.join(cls.data, "wal"))
        server, http = cls.start()
        server.stop()
        cls.sealed = format_reader.catalog(os.path.join(cls.data, "blocks", "catalog"))
        server, http = cls.start()
        query = urllib.parse.urlencode({"match[]": "counter", "start": BEGIN_MS / 1000, "end": BEGIN_MS / 1000 + 60})
        status, _, answer = http.request("POST", "/api/v1/admin/tsdb/delete_series?" + query)
        assert status == 204, answer
        server.stop()
        cls.catalog = format_reader.catalog(os.path.join(cls.data, "blocks", "catalog"))
        cls.blocks = [format_reader.Block(os.path.join(cls.data, "blocks", meta["id"] + ".nlb"))
                      for meta in cls.catalog["blocks"]]

    @classmethod
    def start(cls):
        port = processes.free_port()
        server = processes.nightlight(cls.directory, CONFIG.format(directory=cls.directory, port=port)).start()
        cls.addClassCleanup(server.kill)
        http = processes.Http(port)
        http.wait_ready(server)
        return server, http

    def test_the_log_holds_what_was_acknowledged(self):
        self.assertEqual(list(self.log), list(range(1, len(self.log) + 1)))
        names, got, native, exemplars = {}, {name: {} for name in VALUES}, {}, []
        for one in self.log.values():
            names.update({id_: labels for id_, labels in one.get(1, {}).items()})
            for id_, at, bits in one.get(2, []):
                got[names[id_]["__name__"]][at] = bits
            for id_, h in one.get(4, []):
                self.assertEqual(names[id_]["__name__"], "native")
                native[h.pop("time")] = h
            exemplars += [(names[id_]["__name__"], at, value, labels) for id_, at, value, labels in one.get(5, [])]
        self.assertEqual({labels["place"] for labels in names.values()}, {f"Zürich/{n}" for n in [*VALUES, "native"]})
        for name, bits in VALUES.items():
            self.assertEqual(got[name], dict(zip(times_of(name), bits)), name)
        self.assertEqual(native, {BEGIN_MS + i * STEP_MS: histogram(i) for i in range(SAMPLES)})
        self.assertEqual(exemplars[0], ("native", BEGIN_MS, 1.5, {"trace_id": "abc"}))
        self.assertIn((1, "counter", "What it counts.", "things"), [m for one in self.log.values() for m in one.get(6, [])])

    def test_blocks_hold_the_same_samples_bit_by_bit(self):
        got, native = {name: {} for name in VALUES}, {}
        for block in self.blocks:
            for labels, samples, samples_native in block.series:
                self.assertEqual(labels["place"], "Zürich/" + labels["__name__"])
                if labels["__name__"] == "native":
                    native.update(samples_native)
                else:
                    got[labels["__name__"]].update(samples)
        for name, bits in VALUES.items():
            self.assertEqual(got[name], dict(zip(times_of(name), bits)), name)
        self.assertEqual(native, {BEGIN_MS + i * STEP_MS: histogram(i) for i in range(SAMPLES)})

    def test_the_encodings_that_the_documents_tell_apart_were_all_read(self):
        kinds = set().union(*(block.kinds for block in self.blocks))
        self.assertTrue({1, 2, 8, 9, 12, 14, 32} <= kinds and any(kind & 64 for kind in kinds), kinds)

    def test_the_catalog_and_the_blocks_agree(self):
        for meta, block in zip(self.catalog["blocks"], self.blocks):
            self.assertEqual(meta["size"], len(block.data))
            self.assertEqual({**meta, "size": 0, "tombstones": ""}, block.meta)
            self.assertEqual(block.meta["id"], format_bytes.ulid_text(block.id))
            times = [t for _, samples, native in block.series for t in [*samples, *native]]
            self.assertEqual((meta["least"], meta["greatest"]), (min(times), max(times)))
            self.assertEqual(meta["float_samples"] + meta["histogram_samples"], len(times))
        self.assertGreater(self.catalog["generation"], self.sealed["generation"])
        ranges = sorted(r for meta in self.catalog["blocks"] for r in meta["log_ranges"])
        self.assertEqual((ranges[0][:2], ranges[0][2]), ((0, 1), len(self.log)))

    def test_tombstones_hold_what_was_deleted(self):
        deleted = {}
        for meta, block in zip(self.catalog["blocks"], self.blocks):
            if meta["tombstones"]:
                for ordinal, ranges in format_reader.tombstones(os.path.join(self.data, "blocks", meta["tombstones"])).items():
                    deleted[block.series[ordinal][0]["__name__"]] = ranges
        self.assertEqual(deleted, {"counter": [(BEGIN_MS, BEGIN_MS + 60000)]})

    def test_the_series_snapshot_holds_what_the_head_must_know(self):
        position, series, metadata, exemplars, newest = format_reader.series_snapshot(os.path.join(self.data, "blocks", "series"))
        self.assertGreaterEqual(position, len(self.log))
        self.assertEqual({labels["__name__"] for labels in series.values()}, {*VALUES, "native"})
        self.assertEqual(metadata, [(1, "counter", "What it counts.", "things")])
        self.assertIn({"trace_id": "abc"}, [labels for _, _, _, labels in exemplars])
        for id_, labels in series.items():
            name = labels["__name__"]
            flags, at, bits = newest[id_]
            if name == "native":
                self.assertEqual((flags, at), (3, BEGIN_MS + (SAMPLES - 1) * STEP_MS))
            else:
                self.assertEqual((flags, at, bits), (1, times_of(name)[-1], VALUES[name][-1]))


# Yesterday from 6 to 10 o'clock: over the border of a slice of a day's block, with an odd number of samples on either side.
TODAY_MS = int(time.time()) // 86400 * 86400000
DAY_BEGIN_MS, DAY_SAMPLES = TODAY_MS - 18 * 3600000 + STEP_MS, 960
BOUNDS = ("0.1", "0.5", "2", "10", "+Inf")


def values_of_a_day():
    """{labels: [bits]}: something for every encoding that only the block of a day has."""
    noise = random.Random(11)
    out = {}

    def add(value, name, **labels):
        out.setdefault((("__name__", name), *labels.items()), []).append(bits_of(value))

    counter = jumps = turns = speed = 0
    walk, gauge, below = 0.0, 20.0, -math.pi
    events, shares = dict.fromkeys(BOUNDS, 0), dict(zip(BOUNDS, (60, 90, 97, 100, 101)))
    for i in range(DAY_SAMPLES):
        counter += round(noise.gauss(1000, 30))
        jumps += 10**9 + i if i % 97 == 50 else round(noise.gauss(50, 3))
        speed += round(noise.gauss(0, 20))
        turns += speed
        walk += noise.gauss(0, 3)
        gauge += noise.gauss(0, 0.01)
        add(float(counter), "counter")
        add(float(jumps), "jumps")
        add(float(1000 * i + round(noise.gauss(0, 40))), "even")
        add(float(round(20000 * math.sin(i / 60) + noise.gauss(0, 40))), "wave")
        add(float(turns), "turns")
        add(round(walk) / 10, "walk")
        add(gauge, "gauge")
        happened = max(0, round(noise.gauss(5000, 1500)))
        for le, share in shares.items():
            events[le] += happened * share // 101 + noise.randrange(2)
            add(float(events[le]), "requests_bucket", le=le)
        # Its sibling has no integers.
        odd = events["+Inf"] + 0.5
        out_of_place = {0: math.nan, 33: math.inf, 300: 2.0**51, 333: -2.0**51, 700: 1e300}.get(i, odd)
        add(out_of_place, "odd_bucket", le="+Inf")
        add(float(events["2"]), "odd_bucket", le="2")
        add(1e9 - events["0.5"], "odd_bucket", le="falling")
        below -= noise.gauss(0, 1e-9)
        add(below, "below")
    return out


DAY_VALUES = values_of_a_day()
DAY_NATIVE = (("__name__", "native"),)


def day_histogram(i):
    counts = [int(format_bytes.double(DAY_VALUES[labels][i])) for labels in DAY_VALUES if labels[0][1] == "requests_bucket"][:3]
    return {**histogram(i), "positive": counts, "count": sum(counts) + 3 * i + 2,
            "sum": format_bytes.double(DAY_VALUES[(("__name__", "gauge"),)][i])}


def day_times(begin=0, end=DAY_SAMPLES):
    return [DAY_BEGIN_MS + i * STEP_MS for i in range(begin, end)]


class ADay(unittest.TestCase):
    """The block of a day, which compactions make of smaller ones."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.mkdtemp(prefix="nightlight-formats-")
        cls.addClassCleanup(shutil.rmtree, directory)
        blocks = os.path.join(directory, "data", "blocks")
        port = processes.free_port()
        server = processes.nightlight(directory, DAY_CONFIG.format(directory=directory, port=port)).start()
        cls.addClassCleanup(server.kill)
        http = processes.Http(port)
        http.wait_ready(server)

        def write(series):
            body = b"".join(remote_write.message(1, label_pairs(dict(labels)) + samples) for labels, samples in series)
            status, _, answer = http.request("POST", "/api/v1/write", remote_write.snappy(body), remote_write.HEADERS)
            assert status == 204, answer

        def metas():
            return format_reader.catalog(os.path.join(blocks, "catalog"))["blocks"]

        half = DAY_SAMPLES // 2 + 100
        for begin, end in (0, half), (half, DAY_SAMPLES):
            write([*((labels, float_samples(day_times(begin, end), bits[begin:end])) for labels, bits in DAY_VALUES.items()),
                   (DAY_NATIVE, b"".join(remote_write.message(4, histogram_message(day_histogram(begin + i), at))
                                         for i, at in enumerate(day_times(begin, end))))])
            processes.wait_until(lambda: sum(m["histogram_samples"] for m in metas()) == end, "the seal")
        # A day is over when there is a sample of the next one.
        write([([("__name__", "next")], float_samples([TODAY_MS], [0]))])
        processes.wait_until(lambda: any(m["level"] == 2 for m in metas()), "the block of a day")
        server.stop()
        cls.meta, = [m for m in metas() if m["level"] == 2]
        format_chunks.forms.clear()
        cls.block = format_reader.Block(os.path.join(blocks, cls.meta["id"] + ".nlb"))
        cls.forms = set(format_chunks.forms)

    def test_it_holds_the_same_samples_bit_by_bit(self):
        got = {tuple(labels.items()): (samples, native) for labels, samples, native in self.block.series}
        want = {labels: (dict(zip(day_times(), bits)), {}) for labels, bits in DAY_VALUES.items()}
        want[DAY_NATIVE] = ({}, {at: day_histogram(i) for i, at in enumerate(day_times())})
        self.assertEqual(got.keys(), want.keys())
        # A difference of all samples would take minutes to show.
        for labels, both in want.items():
            for has, wants in zip(got[labels], both):
                self.assertEqual(has.keys(), wants.keys(), labels)
                self.assertEqual([(at, has[at], wants[at]) for at in wants if has[at] != wants[at]][:3], [], labels)

    def test_the_encodings_that_the_documents_tell_apart_were_all_read(self):
        smoothed, ordered, sibling_smoothed = 8 + 7, 3, 16 + 7
        self.assertLessEqual({smoothed, ordered, sibling_smoothed, 32}, self.block.kinds)
        self.assertEqual(self.forms, {
            "level", "slow level", "trend", "slow trend", "steady trend", "outliers", "no outliers", "length itself",
            "ordered, smoothed", "falling sibling", "sibling without an integer", "histogram, ordered", "histogram, smoothed"})

    def test_the_catalog_and_the_block_agree(self):
        self.assertEqual({**self.meta, "size": 0, "tombstones": ""}, self.block.meta)
        self.assertEqual((self.meta["least"], self.meta["greatest"]), (day_times()[0], day_times()[-1]))
        self.assertGreater(len(self.meta["sources"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
