"""Packages of PyPI that a test needs and Debian does not have, in a virtual environment under the build directory."""

import os
import subprocess
import sys
import unittest


def directory_of(name, *requirements):
    """The environment's directory, with `requirements` in it. The test is skipped when PyPI cannot be reached."""
    directory = os.path.join(os.environ["NIGHTLIGHT_BUILD_ROOT"], "python", name)
    complete = os.path.join(directory, "requirements.txt")
    wanted = "\n".join(requirements)
    if os.path.exists(complete):
        with open(complete, encoding="utf-8") as file:
            if file.read() == wanted:
                return directory
    for command in ([sys.executable, "-m", "venv", "--clear", directory],
                    [f"{directory}/bin/pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--only-binary", ":all:",
                     *requirements]):
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if ended.returncode != 0:
            reason = f"{', '.join(requirements)} cannot be had: {(ended.stdout + ended.stderr).strip().splitlines()[-1:]}"
            print(f"skipped: {reason}", file=sys.stderr)
            raise unittest.SkipTest(reason)
    with open(complete, "w", encoding="utf-8") as file:
        file.write(wanted)
    return directory
