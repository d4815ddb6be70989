"""returning_client.cc with the client for Python. Calls that find no server fail at once here: they are 50 ms apart.

    returning_client.py ADDRESS CALLS [CA CERT KEY]
"""

import sys
import time

from nightlight_client import Client, grpc


def answers(client):
    try:
        return bool(client.query("1"))
    except grpc.RpcError:
        return False


def tell(what):
    print(what, flush=True)
    sys.stdin.readline()  # The server changes in the meantime.


def main():
    with Client(sys.argv[1], *sys.argv[3:]) as client:
        if not answers(client):
            sys.exit("no server")
        tell("there")
        failures = 0
        while failures < 20:  # After so many the pauses between attempts are longer than the first.
            failures += not answers(client)
            time.sleep(0.05)
        tell("away")
        for _ in range(int(sys.argv[2])):
            if answers(client):
                print("there again")
                return
            time.sleep(0.05)
        print("lost")


if __name__ == "__main__":
    main()
