"""Each library exports the entry point of a plugin and nothing else: one_symbol.py FILE.so..."""

import subprocess
import sys

ENTRY = "nightlight_plugin_v0"


def exported(path):
    listing = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    return [line.split()[-1] for line in listing.splitlines()]


def main(paths):
    wrong = {path: symbols for path in paths if (symbols := exported(path)) != [ENTRY]}
    for path, symbols in wrong.items():
        print(f"{path}: exports {', '.join(symbols) or 'nothing'}, expected {ENTRY}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
