"""File systems of a fixed size for tests: ext4 in a file behind a loop device, or a tmpfs. Both need root."""

import os
import subprocess


def _run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def kind(path):
    """What is mounted at a path."""
    return _run("findmnt", "-no", "FSTYPE", path).stdout.strip()


def mount(test, path, size_bytes):
    """Mounts an empty file system at `path` until the test is over; skips the test, saying why, where nothing can be mounted."""
    os.makedirs(path)
    image = path + ".image"
    with open(image, "wb") as file:
        file.truncate(size_bytes)
    made = _run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", image)
    mounted = _run("mount", "-o", "loop", image, path) if made.returncode == 0 else made
    if mounted.returncode != 0:
        why = mounted.stderr.strip()
        mounted = _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", path)
        if mounted.returncode != 0:
            test.skipTest(f"no file system of a fixed size can be mounted here: {why}; {mounted.stderr.strip()}")
    test.addCleanup(_run, "umount", path)
    return path
