"""The words of docs/formats: checksums, compression, numbers of every width, taken from bytes with bounds."""

import ctypes
import ctypes.util
import struct

U64 = (1 << 64) - 1


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


def unzstd(data, size):
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(size)
    got = zstd.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    assert got == size, "zstd"
    return out.raw[:size]


class _Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh3_128(data):
    xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
    xxhash.XXH3_128bits.restype = _Hash128
    got = xxhash.XXH3_128bits(data, ctypes.c_size_t(len(data)))
    return struct.pack("<QQ", got.low, got.high)


def u64_text(text):
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
