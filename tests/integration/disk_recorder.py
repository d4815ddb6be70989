"""An nbdkit plugin in Python: a disk that notes every write and every flush in a journal. Used by recorded_disk.py."""

import os
import struct

import nbdkit

API_VERSION = 2
RECORD = struct.Struct("<cQI")  # W or F, offset, size; a write's bytes follow.

image = journal = None
directory = ""


def config(key, its_value):
    global directory
    if key != "recording":
        raise ValueError(f"unknown parameter {key}")
    directory = its_value


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def get_ready():
    global image, journal
    image = os.open(os.path.join(directory, "image"), os.O_RDWR)
    journal = os.open(os.path.join(directory, "journal"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def open(readonly):  # pylint: disable=redefined-builtin
    return 1


def get_size(handle):
    return os.fstat(image).st_size


def pread(handle, buf, offset, flags):
    buf[:] = os.pread(image, len(buf), offset)


def pwrite(handle, buf, offset, flags):
    os.pwrite(image, buf, offset)
    os.write(journal, RECORD.pack(b"W", offset, len(buf)) + bytes(buf))


def flush(handle, flags):
    os.write(journal, RECORD.pack(b"F", 0, 0))
