"""Columns of samples as docs/formats/chunk.md describes them."""

import struct

from format_bytes import U64, Reader, double, signed64, unzigzag

# Which of the forms that encodings have were read, so that a test can tell that none was left out.
forms = set()


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


def spans(r):
    return [(r.signed(), r.varint()) for _ in range(r.varint())]


def histograms(data, count):
    """A dictionary for each sample, without its time; counts of buckets are absolute."""
    r = Reader(data)
    is_float = r.varint() == 1
    layout = {"float": is_float, "schema": r.signed(), "zero_threshold": r.fixed("d")}
    layout["positive_spans"], layout["negative_spans"] = spans(r), spans(r)
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
