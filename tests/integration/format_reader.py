"""Reads the store's files as docs/formats describes them, and nothing else: no code is shared with the store.

Every function answers plain Python values, and raises when bytes are not as described.
"""

import os
import struct

from format_bytes import Reader, crc32c, u64_text, unzigzag, unzstd, xxh3_128
from format_chunks import floats, histograms, integers, sibling, spans


# ---- catalog and blocks


def meta(r):
    out = {"id": r.ulid(), "level": r.varint(), "flags": r.varint(), "least": r.signed(), "greatest": r.signed()}
    for name in ("series", "chunks", "float_samples", "histogram_samples", "size"):
        out[name] = r.varint()
    out["sources"] = [r.ulid() for _ in range(r.varint())]
    out["log_ranges"] = [(r.varint(), r.varint(), r.varint()) for _ in range(r.varint())]
    out["tombstones"] = r.text()
    return out


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _checked(data, magic):
    """What stands between a magic and a checksum at the end."""
    assert data[:4] == magic and struct.unpack("<I", data[-4:])[0] == crc32c(data[:-4])
    return Reader(data[4:-4])


def catalog(path):
    r = _checked(_read(path), b"NLC1")
    out = {"generation": r.varint(), "blocks": []}
    for _ in range(r.varint()):
        out["blocks"].append(meta(Reader(r.bytes(r.varint()))))
    r.end()
    return out


def tombstones(path):
    """{ordinal: [(first, last)]}"""
    r, out, after = _checked(_read(path), b"NLT1"), {}, 0
    for _ in range(r.varint()):
        ordinal = after + r.varint()
        out[ordinal] = [(r.signed(), r.signed()) for _ in range(r.varint())]
        after = ordinal + 1
    r.end()
    return out


class Block:
    """`series` holds, by ordinal, (labels, {time: bits}, {time: histogram}); `kinds` the kinds of its chunks."""

    def __init__(self, path):
        self.data = _read(path)
        magic, major, minor, zero = struct.unpack("<4sBBH", self.data[:8])
        assert (magic, major, minor, zero) == (b"NLB1", 1, 1, 0)
        self.id = self.data[8:24]
        assert struct.unpack("<I", self.data[24:28])[0] == crc32c(self.data[:24])
        self.kinds, self.pages = set(), [(0, 28)]
        sections = self.contents()
        assert set(sections) == {1, 2, 3, 4, 5, 6, 7, 8}
        self.sections = {kind: Reader(self.page(6, *where)) for kind, where in sections.items()}
        self.meta = meta(self.sections[1])
        self.read_index()
        self.read_columns()
        self.read_data()
        for section in self.sections.values():
            section.end()
        # The pages fill the file.
        self.pages.sort()
        assert all(a[0] + a[1] == b[0] for a, b in zip(self.pages, self.pages[1:]))

    def contents(self):
        trailer = self.data[-24:]
        size, major, minor, zero, file_size, crc, magic = struct.unpack("<IBBHQI4s", trailer)
        assert (major, minor, zero, file_size, magic) == (1, 1, 0, len(self.data), b"NLBE")
        toc = self.data[-24 - size:-24]
        assert crc == crc32c(toc + trailer[:16])
        self.pages.append((len(self.data) - 24 - size, 24 + size))
        r, out = Reader(toc), {}
        for _ in range(r.varint()):
            kind, flags = r.varint(), r.varint()
            assert flags == (kind != 8)
            out[kind] = (r.varint(), r.varint())
        r.end()
        return out

    def page(self, kind, offset, size):
        self.pages.append((offset, size))
        stored = self.data[offset:offset + size]
        got, codec, zero, raw_size, stored_size, crc = struct.unpack("<BBHIII", stored[:16])
        assert (got, zero, stored_size) == (kind, 0, size - 16)
        assert crc == crc32c(stored[:12] + stored[16:], crc32c(self.id + struct.pack("<Q", offset)))
        return unzstd(stored[16:], raw_size) if codec == 1 else stored[16:]

    def read_index(self):
        r = self.sections[2]
        names = [(r.text(), r.varint()) for _ in range(r.varint())]
        values = [[] for _ in names]
        r = self.sections[3]
        sets = [[r.varint() for _ in range(r.varint())] for _ in range(r.varint())]
        self.postings = {}
        r = self.sections[4]
        for _ in range(r.varint()):
            rank, first, text = r.varint(), r.varint(), r.text()
            page = self.values_page(names[rank][0], Reader(self.page(4, r.varint(), r.varint())))
            assert first == len(values[rank]) and text == page[0]
            values[rank] += page
        assert [len(v) for v in values] == [count for _, count in names]
        hashed = b"".join(u64_text(name) + struct.pack("<Q", len(texts)) + b"".join(map(u64_text, texts))
                          for (name, _), texts in zip(names, values))
        hashed += b"".join(struct.pack(f"<Q{len(ranks)}I", len(ranks), *ranks) for ranks in sets)
        r = self.sections[5]
        each, self.series = r.varint(), []
        for _ in range(r.varint()):
            page, last = Reader(self.page(3, r.varint(), r.varint())), {}
            while page.at < len(page.data):
                number = page.varint()
                before = last.get(number, [0] * len(sets[number]))
                ranks = last[number] = [b + page.signed() for b in before]
                hashed += struct.pack(f"<{1 + len(ranks)}I", number, *ranks)
                labels = {names[name][0]: values[name][rank] for name, rank in zip(sets[number], ranks)}
                self.series.append((labels, {}, {}))
            assert len(self.series) % each == 0 or len(self.series) == self.meta["series"]
        assert len(self.series) == self.meta["series"]
        assert self.sections[8].bytes(16) == xxh3_128(hashed)
        for (name, value), ordinals in self.postings.items():
            assert ordinals == [i for i, (labels, _, _) in enumerate(self.series) if labels.get(name) == value]

    def values_page(self, name, r):
        texts = [r.text() for _ in range(r.varint())]
        refs = []
        for _ in texts:
            count, size = r.varint(), r.varint()
            refs.append((count, size >> 1, r.varint() if size & 1 else None))
        for text, (count, size, offset) in zip(texts, refs):
            runs, after, ordinals = Reader(r.bytes(size) if offset is None else self.page(5, offset, size)), 0, []
            while runs.at < len(runs.data):
                first = after + runs.varint()
                after = first + runs.varint() + 1
                ordinals += range(first, after)
            assert len(ordinals) == count
            self.postings[name, text] = ordinals
        r.end()
        return texts

    def read_columns(self):
        r, self.columns = self.sections[6], []
        total = r.varint()
        for _ in range(r.varint()):
            assert r.varint() == len(self.columns)
            page = Reader(self.page(2, r.varint(), r.varint()))
            heads = [(page.u8(), page.varint(), page.varint()) for _ in range(page.varint())]
            self.columns += [integers(encoding, page.bytes(size), count) for encoding, count, size in heads]
            page.end()
        assert len(self.columns) == total

    def read_data(self):
        r, number = self.sections[7], 0
        slice_ms = r.varint()
        for _ in range(r.varint()):
            number += r.signed()
            first = r.varint()
            last = first + r.varint()
            self.data_page(Reader(self.page(1, r.varint(), r.varint())), first, last, slice_ms, number)

    def data_page(self, r, ordinal, last, slice_ms, number):
        count, column = r.varint(), 0

        def numbers():
            if r.u8() == 0:
                return [r.varint()] * count
            return [r.varint() for _ in range(count)]

        ordinals, kinds, columns, sizes = numbers(), numbers(), numbers(), numbers()
        chunks = []
        for step, kind, column_step, size in zip(ordinals, kinds, columns, sizes):
            ordinal += step
            column += unzigzag(column_step)
            times = self.columns[column]
            assert all(t // slice_ms == number for t in times)
            chunk = Reader(r.bytes(size))
            self.kinds.add(kind)
            if kind & 128:
                encoding = chunk.u8()
                integers(encoding, chunk.bytes(chunk.varint()), len(times))
            kind &= 127
            if kind == 32:
                values = histograms(chunk.rest(), len(times))
            elif 16 <= kind < 32:
                values = sibling(kind, chunk.rest(), len(times), column, chunks)
            else:
                values = floats(kind, chunk.rest(), len(times))
            self.series[ordinal][2 if kind == 32 else 1].update(zip(times, values))
            chunks.append((column, kind, values))
        assert ordinal == last
        r.end()


# ---- log and series snapshot


def batch(data):
    """{section: content}; samples are (id, time, bits), histograms (id, histogram with its time)."""
    r, out = Reader(data), {}
    readers = {1: _batch_series, 2: _batch_samples, 4: _batch_histograms, 5: _batch_exemplars, 6: _batch_metadata,
               7: lambda r: [(r.varint(), r.signed(), r.signed()) for _ in range(r.varint())]}
    while r.at < len(r.data):
        section = r.u8()
        assert section > max(out, default=0)
        if section == 3:
            out[3] = [r.signed() for _ in out[2]]
        else:
            out[section] = readers[section](r)
    return out


def _batch_series(r):
    out, id_, before = {}, 0, []
    for _ in range(r.varint()):
        id_ += r.signed()
        labels = []
        for place in range(r.varint()):
            form = r.u8()
            name = r.text() if form == 2 else before[place][0]
            labels.append((name, before[place][1] if form == 0 else r.text()))
        out[id_] = dict(labels)
        before = labels
    return out


def _batch_samples(r):
    count, ids, times, values, id_, time = r.varint(), [], [], [], -1, 0
    for _ in range(count):
        id_ += 1 + r.signed()
        ids.append(id_)
    while len(times) < count:
        length = r.varint()
        time += r.signed()
        times += [time] * length
    nibbles = r.bytes((count + 1) // 2)
    for i in range(count):
        size = nibbles[i // 2] >> i % 2 * 4 & 15
        values.append(int.from_bytes(r.bytes(size), "little") << 8 * (8 - size))
    return list(zip(ids, times, values))


def _batch_histograms(r):
    out = []
    for _ in range(r.varint()):
        id_, flags = r.varint(), r.u8()
        h = {"float": bool(flags & 1), "hint": flags >> 4 & 3, "time": r.signed(), "start": r.signed() if flags & 2 else 0,
             "schema": r.signed(), "zero_threshold": r.fixed("d"), "sum": r.fixed("d")}
        number = (lambda: r.fixed("d")) if h["float"] else r.varint
        h["count"], h["zero_count"], h["negative_spans"], h["negative"], h["custom"] = number(), number(), [], [], []

        def buckets():
            if h["float"]:
                return [r.fixed("d") for _ in range(r.varint())]
            counts = []
            for _ in range(r.varint()):
                counts.append((counts[-1] if counts else 0) + r.signed())
            return counts

        h["positive_spans"], h["positive"] = spans(r), buckets()
        if flags & 8:
            h["negative_spans"], h["negative"] = spans(r), buckets()
        if flags & 4:
            h["custom"] = [r.fixed("d") for _ in range(r.varint())]
        out.append((id_, h))
    return out


def _batch_exemplars(r):
    return [(r.varint(), r.signed(), r.fixed("d"), {r.text(): r.text() for _ in range(r.varint())})
            for _ in range(r.varint())]


def _batch_metadata(r):
    return [(r.u8(), r.text(), r.text(), r.text()) for _ in range(r.varint())]


def log(directory):
    """The batches of the log in order: {sequence: batch}."""
    out = {}
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".wal") or name.startswith("spare"):
            continue
        data = _read(os.path.join(directory, name))
        magic, number, first, salt, crc = struct.unpack("<8sQQII", data[:32])
        if number != int(name[:-4]):
            continue
        assert magic in (b"NLWAL001", b"NLWAL002") and crc == crc32c(data[:28])
        at = 32
        while data[at:at + 4] == b"NLR1":
            size, sequence, crc, lag = struct.unpack("<IQII", data[at + 4:at + 24])
            payload = data[at + 24:at + 24 + size]
            if sequence < first or crc != crc32c(payload, crc32c(struct.pack("<QII", sequence, size, lag), salt)):
                break
            # What is known to be durable is at least what was when the segment was begun.
            assert lag == 0 if magic == b"NLWAL001" else 1 <= lag <= sequence - first + 1
            out.setdefault(sequence, batch(payload))
            at += (24 + size + 7) // 8 * 8
    return out


def series_snapshot(path):
    """(position, {id: labels}, metadata, exemplars, {id: (flags, time, bits)})"""
    r = Reader(_read(path))
    assert r.bytes(4) == b"NLS1"
    position = r.fixed("Q")
    assert r.fixed("I") == crc32c(r.data[:12])
    series, metadata, exemplars, newest = {}, [], [], {}
    while True:
        size, crc, kind = r.fixed("I"), r.fixed("I"), r.u8()
        payload = r.bytes(size)
        assert crc == crc32c(bytes([kind]) + payload)
        if kind == 1:
            sections = batch(payload)
            series.update(sections.get(1, {}))
            metadata += sections.get(6, [])
            exemplars += sections.get(5, [])
        elif kind == 2:
            p, time = Reader(payload), 0
            id_ = p.varint()
            while p.at < len(p.data):
                flags = p.u8()
                if flags & 1:
                    time += p.signed()
                    newest[id_] = (flags, time, p.fixed("Q"))
                id_ += 1
        elif kind == 3:
            r.end()
            return position, series, metadata, exemplars, newest
