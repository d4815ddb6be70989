"""A real ext4 whose disk is recorded: the kernel's writes and flushes go through a loop device, FUSE and nbdkit into a journal, from which the
disk is made again as a power cut would have left it at any moment: everything up to the last flush, and of what came later any sectors.

Needs root, /dev/fuse, loop devices, nbdkit with its plugin for Python, and nbdfuse.
"""

import os
import random
import shutil
import struct
import subprocess

import processes

RECORD = struct.Struct("<cQI")  # As disk_recorder.py writes it.
SECTOR = 4096  # ext4 trusts its blocks to be written whole or not at all.


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def why_not():
    """Why no disk can be recorded here; "" when one can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    for tool in ("nbdkit", "nbdfuse", "losetup", "mkfs.ext4", "e2fsck", "fusermount3"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(device):
            return f"there is no {device}"
    if subprocess.run(["nbdkit", "--dump-plugin", "python"], capture_output=True, check=False).returncode != 0:
        return "nbdkit has no plugin for Python"
    return ""


class RecordedDisk:
    def __init__(self, directory, size_bytes):
        self.directory = directory
        self.path = os.path.join(directory, "mounted")
        self.journal = os.path.join(directory, "journal")
        self.undo = []
        for name in ("mounted", "fuse"):
            os.makedirs(os.path.join(directory, name))
        # What the disk has, after unmount() all that was written.
        self.image = os.path.join(directory, "image")
        with open(self.image, "wb") as file:
            file.truncate(size_bytes)
        run("mkfs.ext4", "-q", "-F", "-b", str(SECTOR), self.image)
        self.first_image = os.path.join(directory, "first")
        run("cp", "--sparse=always", self.image, self.first_image)

    def mount(self):
        socket, fuse = os.path.join(self.directory, "socket"), os.path.join(self.directory, "fuse")
        plugin = os.path.join(os.path.dirname(os.path.abspath(__file__)), "disk_recorder.py")
        for argv, ready in (
                (["nbdkit", "-f", "-U", socket, "python", plugin, f"recording={self.directory}"], socket),
                (["nbdfuse", os.path.join(fuse, "disk"), f"nbd+unix:///?socket={socket}"], os.path.join(fuse, "disk"))):
            process = processes.Process(argv, os.path.join(self.directory, argv[0] + ".log")).start()
            self.undo.append(process.stop)
            processes.wait_until(lambda path=ready: os.path.exists(path), f"{argv[0]} to begin")
            if argv[0] == "nbdfuse":
                self.undo[-1] = lambda nbdfuse=process: (run("fusermount3", "-u", fuse), nbdfuse.child.wait(30))
        device = run("losetup", "--find", "--show", os.path.join(fuse, "disk"))
        self.undo.append(lambda: run("losetup", "--detach", device))
        run("mount", device, self.path)
        self.undo.append(lambda: run("umount", self.path))
        return self

    def unmount(self):
        while self.undo:
            self.undo.pop()()

    def now(self):
        """How much is in the journal: what was written before this moment is within it."""
        return os.path.getsize(self.journal)

    def cuts(self, moments, seed):
        """For each moment (a size of the journal), ascending: (moment, an image as a power cut then could have left it)."""
        chance = random.Random(seed)
        durable = os.path.join(self.directory, "durable")
        run("cp", "--sparse=always", self.first_image, durable)
        at, pending = 0, []
        with open(self.journal, "rb") as journal, open(durable, "r+b", buffering=0) as disk:
            for number, moment in enumerate(sorted(moments)):
                while True:
                    head = journal.read(RECORD.size)
                    kind, offset, size = RECORD.unpack(head) if len(head) == RECORD.size else (b"", 0, 0)
                    end = at + RECORD.size + size
                    if not kind or end > moment:
                        journal.seek(at)
                        break
                    at = end
                    if kind == b"W":
                        pending.append((offset, journal.read(size)))
                        continue
                    for its_offset, data in pending:
                        os.pwrite(disk.fileno(), data, its_offset)
                    pending = []
                image = os.path.join(self.directory, f"cut-{number}")
                run("cp", "--sparse=always", durable, image)
                with open(image, "r+b", buffering=0) as cut:
                    for offset, data in pending:
                        for begin in range(0, len(data), SECTOR):
                            if chance.random() < 0.5:
                                os.pwrite(cut.fileno(), data[begin:begin + SECTOR], offset + begin)
                yield moment, image
                os.remove(image)


class MountedImage:
    """An image mounted for a while; ext4 replays its own journal. `sound` afterwards: e2fsck found nothing."""

    def __init__(self, image, path):
        self.image, self.path, self.sound = image, path, False

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        run("mount", "-o", "loop", self.image, self.path)
        return self

    def __exit__(self, *error):
        run("umount", self.path)
        self.sound = subprocess.run(["e2fsck", "-f", "-n", self.image], capture_output=True, check=False).returncode == 0
