"""Reads the store's files as docs/formats describes them, and nothing else: no code is shared with the store.

Every function answers plain Python values, and raises when bytes are not as described.
"""

import ctypes
import ctypes.util
import os
import struct

U64 = (1 << 64) - 1
# Which of the forms that encodings have were read, so that a test can tell that none was left out.
forms = set()


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc_table()


def crc32c(data, begin=0):
    crc = begin ^ 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _unzstd(data, size):
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(size)
    got = zstd.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    assert got == size, "zstd"
    return out.raw[:size]


class _Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def _xxh3_128(data):
    xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
    xxhash.XXH3_128bits.restype = _Hash128
    got = xxhash.XXH3_128bits(data, ctypes.c_size_t(len(data)))
    return struct.pack("<QQ", got.low, got.high)


def _u64_text(text):
    raw = text.encode("utf-8", "surrogateescape")
    return struct.pack("<Q", len(raw)) + raw


def signed64(value):
    value &= U64
    return value - (1 << 64) if value >> 63 else value


def unzigzag(value):
    return value >> 1 ^ -(value & 1)


def double(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


class Reader:
    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def bytes(self, size):
        assert 0 <= size <= len(self.data) - self.at, "beyond the end"
        self.at += size
        return self.data[self.at - size:self.at]

    def fixed(self, form):
        return struct.unpack("<" + form, self.bytes(struct.calcsize(form)))[0]

    def u8(self):
        return self.fixed("B")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                assert value <= U64
                return value

    def signed(self):
        return unzigzag(self.varint())

    def text(self):
        return self.bytes(self.varint()).decode()

    def ulid(self):
        return ulid_text(self.bytes(16))

    def rest(self):
        return self.bytes(len(self.data) - self.at)

    def end(self):
        assert self.at == len(self.data), "bytes are left"


def ulid_text(raw):
    number = int.from_bytes(raw, "big")
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> 5 * i & 31] for i in range(25, -1, -1))


# ---- chunks


def integers(encoding, data, count):
    r = Reader(data)
    if encoding == 7:
        out = smoothed(r, count)
    elif encoding == 0:
        first = r.signed()
        step = r.signed() if r.at < len(r.data) else 0
        out = [signed64(first + i * step) for i in range(count)]
    elif encoding == 1:
        out, value = [], 0
        while len(out) < count:
            length = r.varint() + 1
            value = signed64(value + r.signed())
            out += [value] * length
        assert len(out) == count
    else:
        assert 2 <= encoding <= 6, "encoding"
        out = [r.signed()]
        second = encoding in (3, 5)
        if second and count > 1:
            out.append(signed64(out[0] + r.signed()))
        base = r.signed() if encoding == 6 else 0
        left = count - len(out)
        residuals = stream_vbyte(r, left) if encoding in (2, 3) else frames(r, left)
        for residual in residuals:
            delta = base + residual if encoding == 6 else unzigzag(residual)
            if second:
                delta += out[-1] - out[-2]
            out.append(signed64(out[-1] + delta))
    r.end()
    return out


def stream_vbyte(r, count):
    control = r.bytes((count + 3) // 4)
    return [int.from_bytes(r.bytes((0, 1, 2, 4)[control[i // 4] >> i % 4 * 2 & 3]), "little") for i in range(count)]


def frames(r, count):
    out = []
    while len(out) < count:
        size = min(64, count - len(out))
        head = r.u8()
        width = head & 0x7F
        packed = int.from_bytes(r.bytes((size * width + 7) // 8), "little")
        frame = [packed >> i * width & (1 << width) - 1 for i in range(size)]
        if head & 0x80:
            for position in r.bytes(r.u8()):
                frame[position] |= r.varint() << width
        out += frame
    return out


class Bits:
    """Bits, the highest of a byte first, padded with zeros."""

    def __init__(self, data):
        self.bits, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count):
        self.left -= count
        assert self.left >= 0, "beyond the end"
        return self.bits >> self.left & (1 << count) - 1

    def end(self):
        assert self.left < 8 and self.take(self.left) == 0, "bits are left"


def smoothed(r, count):
    head, zeros = r.u8(), r.u8()
    level_shift, trend_shift = head & 7, head >> 3
    assert head < 128 and (trend_shift <= 8 or trend_shift == 15) and zeros < 64
    trend, first = signed64(r.signed() << zeros), r.signed()
    steady = trend_shift == 15
    forms.add("slow level" if level_shift else "level")
    forms.add("steady trend" if steady else "slow trend" if trend_shift else "trend")
    level, out = signed64(-trend), []
    for residual in buckets(r, count):
        level = signed64(level + trend)
        out.append(signed64(first + (level >> 16) + residual))
        level = signed64(level + (residual << 16 - level_shift))
        if not steady:
            trend = signed64(trend + (residual << 16 - level_shift - trend_shift))
    return out


def buckets(r, count):
    width, first, head = r.u8(), r.signed(), r.u8()
    assert width < 64
    number = (head & 63) + 1
    assert head & 64 == 0
    low = int.from_bytes(r.bytes((count * width + 7) // 8), "little")
    outliers = [r.signed() for _ in range(r.varint())] if head & 128 else []
    assert bool(outliers) == bool(head & 128)
    forms.add("outliers" if outliers else "no outliers")
    streams = Bits(r.bytes(r.varint())), Bits(r.rest())
    codes = code_table(streams[0], number + bool(outliers))
    out, left = [], iter(outliers)
    for i in range(count):
        stream = streams[i >= (count + 1) // 2]
        code, length = 0, 0
        while (length, code) not in codes:
            assert length < 9
            code, length = code << 1 | stream.take(1), length + 1
        symbol = codes[length, code]
        plain = low >> i * width & (1 << width) - 1
        out.append(next(left) if symbol == number else signed64((first + symbol << width) + plain))
    assert next(left, None) is None
    for stream in streams:
        stream.end()
    return out


def code_table(stream, symbols):
    """{(length, code): symbol}: every code's place in the canonical order tells its bits."""
    lengths, length = [], 5
    for _ in range(symbols):
        if stream.take(1):
            if not stream.take(1):
                length += 1
            elif not stream.take(1):
                length -= 1
            else:
                length = stream.take(4)
                forms.add("length itself")
        assert 0 <= length <= 9
        lengths.append(length)
    out, code, before = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - before
        out[length, code] = symbol
        code, before = code + 1, length
    assert code == 1 << before, "complete"
    return out


def gorilla(data, count):
    stream = Bits(data)
    take = stream.take
    out = [take(64)]
    leading = length = None
    for _ in range(count - 1):
        xor = 0
        if take(1):
            if take(1):
                leading, length = take(5), take(6) or 64
            xor = take(length) << 64 - leading - length
        out.append(out[-1] ^ xor)
    stream.end()
    return out


def byte_xor(data, count):
    r = Reader(data)
    out = [r.fixed("Q")]
    nibbles = r.bytes(count // 2)
    for i in range(count - 1):
        nibble = nibbles[i // 2] >> i % 2 * 4 & 15
        size = nibble if nibble <= 8 else 16 - nibble
        stored = int.from_bytes(r.bytes(size), "little")
        out.append(out[-1] ^ (stored if nibble <= 8 else stored << 8 * (8 - size)))
    r.end()
    return out


def whole_numbers(of_bits):
    """What a sibling counts as: its values as integers."""
    out = []
    for value in map(double, of_bits):
        if -2.0**51 < value < 2.0**51:
            out.append(round(value))
        else:
            forms.add("sibling without an integer")
            out.append(out[-1] if out else 0)
    return out


def bits_of_integers(values):
    assert all(-2**51 < v < 2**51 for v in values)
    return [struct.unpack("<Q", struct.pack("<d", v))[0] for v in values]


def sibling(kind, data, count, column, chunks):
    """The bits of the values of a chunk with this timestamp column; `chunks` stand before it in its page, as (timestamp column,
    kind, bits)."""
    r = Reader(data)
    distance, multiplier = r.varint(), r.signed()
    assert 1 <= distance <= len(chunks)
    its_column, its_kind, its_bits = chunks[-distance]
    assert its_column == column and not 16 <= its_kind < 64
    other = whole_numbers(its_bits)
    if multiplier < 0:
        forms.add("falling sibling")
    return bits_of_integers([signed64(v + (signed64((o - other[0]) * multiplier) >> 16))
                             for v, o in zip(integers(kind - 16, r.rest(), count), other)])


def floats(kind, data, count):
    """The bits of the values."""
    r, exceptions = Reader(data), {}
    if kind & 64:
        at = -1
        for _ in range(r.varint()):
            code = r.varint()
            at += 1 + (code >> 1)
            exceptions[at] = r.fixed("Q") if code & 1 else 0x7FF0000000000002
    kind &= ~64
    if kind == 0:
        out = [r.fixed("Q")] * count
        r.end()
    elif kind == 1:
        out = gorilla(r.rest(), count)
    elif kind == 2:
        out = byte_xor(r.rest(), count)
    elif kind == 3:
        encoding = r.u8()
        if encoding == 7:
            forms.add("ordered, smoothed")
        out = [(v ^ U64 >> 1 if v < 0 else v) & U64 for v in integers(encoding, r.rest(), count)]
    else:
        assert 8 <= kind < 16, "kind"
        scale = r.u8()
        factor, first = (r.varint(), r.signed()) if scale & 32 else (1, 0)
        whole = [v * factor + first for v in integers(kind - 8, r.rest(), count)]
        out = [struct.unpack("<Q", struct.pack("<d", float(v) / float(10 ** (scale & 31))))[0] for v in whole]
    for at, bits in exceptions.items():
        out[at] = bits
    return out


def _spans(r):
    return [(r.signed(), r.varint()) for _ in range(r.varint())]


def histograms(data, count):
    """A dictionary for each sample, without its time; counts of buckets are absolute."""
    r = Reader(data)
    is_float = r.varint() == 1
    layout = {"float": is_float, "schema": r.signed(), "zero_threshold": r.fixed("d")}
    layout["positive_spans"], layout["negative_spans"] = _spans(r), _spans(r)
    layout["custom"] = [r.fixed("d") for _ in range(r.varint())]

    def column(of_floats):
        encoding, size = r.u8(), r.varint()
        if encoding == (3 if of_floats else 7):
            forms.add("histogram, " + ("ordered" if of_floats else "smoothed"))
        if of_floats:
            return [double(bits) for bits in floats(encoding, r.bytes(size), count)]
        return integers(encoding, r.bytes(size), count)

    hints, starts, sums = column(False), column(False), column(True)
    counts, zeros = column(is_float), column(is_float)
    positive = [column(is_float) for _ in range(sum(length for _, length in layout["positive_spans"]))]
    negative = [column(is_float) for _ in range(sum(length for _, length in layout["negative_spans"]))]
    r.end()
    return [{**layout, "hint": hints[i], "start": starts[i], "sum": sums[i], "count": counts[i], "zero_count": zeros[i],
             "positive": [c[i] for c in positive], "negative": [c[i] for c in negative]} for i in range(count)]


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
        return _unzstd(stored[16:], raw_size) if codec == 1 else stored[16:]

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
        hashed = b"".join(_u64_text(name) + struct.pack("<Q", len(texts)) + b"".join(map(_u64_text, texts))
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
        assert self.sections[8].bytes(16) == _xxh3_128(hashed)
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

        h["positive_spans"], h["positive"] = _spans(r), buckets()
        if flags & 8:
            h["negative_spans"], h["negative"] = _spans(r), buckets()
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
