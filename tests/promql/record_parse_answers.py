#!/usr/bin/env python3
"""Records what a real Prometheus says to the queries of tests/data/promql/parse.jsonl.

usage: record_parse_answers.py URL [FILE]

URL is the address of a Prometheus 3.16 that was started with
  --enable-feature=promql-experimental-functions,promql-binop-fill-modifiers
Each line of FILE is a JSON object with "query"; the answer is written beside it: "error", or "format" (of
/api/v1/format_query) and "ast" (of /api/v1/parse_query, as text). To add a query, append {"query": "..."} and run this.
"""
import http.client
import json
import pathlib
import sys
import urllib.parse

DEFAULT_FILE = pathlib.Path(__file__).parent.parent / "data" / "promql" / "parse.jsonl"
PREFIX = 'invalid parameter "query": '


def ask(connection, path, query):
    body = urllib.parse.urlencode({"query": query})
    connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    return connection.getresponse().read().decode()


def main():
    host = urllib.parse.urlparse(sys.argv[1]).netloc
    file = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_FILE
    connection = http.client.HTTPConnection(host)
    lines, seen = [], set()
    for line in file.read_text().splitlines():
        query = json.loads(line)["query"]
        if query in seen:
            continue
        seen.add(query)
        answer = {"query": query}
        formatted = json.loads(ask(connection, "/api/v1/format_query", query))
        if formatted["status"] == "error":
            answer["error"] = formatted["error"].removeprefix(PREFIX)
        else:
            answer["format"] = formatted["data"]
            parsed = ask(connection, "/api/v1/parse_query", query)
            answer["ast"] = parsed.removeprefix('{"status":"success","data":').removesuffix("}")
        lines.append(json.dumps(answer, ensure_ascii=True))
    file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
