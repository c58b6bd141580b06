#!/usr/bin/env python3
"""A client for Understudy in plain Python, written from docs/wire-protocol.md alone.

    python3 examples/python_client.py --view-server ADDRESS put KEY VALUE
    python3 examples/python_client.py --view-server ADDRESS append KEY VALUE | get KEY | delete KEY | cas KEY EXPECTED VALUE
    python3 examples/python_client.py --view-server ADDRESS view
    python3 examples/python_client.py --view-server ADDRESS ping

ADDRESS is host:port or the path of a Unix socket. Exit status: 0 ok, 1 failed or unknown, 2 could not run.
"""
import argparse
import os
import re
import socket
import struct
import sys
import time

VERSION = 1
FRAME_MAX = 16 * 1024 * 1024
HELLO, ERROR = 0x00, 0xFF
PING, VIEW_REPLY, SUPERSEDED, GET_VIEW, QUERY, QUERY_REPLY = 1, 2, 3, 4, 5, 6
REQUEST, REPLY, REJECTED, NOT_YET = 0x10, 0x11, 0x12, 0x13
OPERATIONS = {"put": 1, "append": 2, "get": 3, "delete": 4, "cas": 5}
REASONS = {1: "not-primary", 2: "deposed", 3: "busy"}


class WireError(Exception):
    """The other side sent something that the protocol does not know, or closed the connection."""


# ---- fields: big-endian, as in "Fields" of the page

def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def blob(value):
    return struct.pack(">I", len(value)) + value


def optional(value):
    return b"\0" if value is None else b"\1" + blob(value)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise WireError("a frame ends in the middle of a field")
        piece = self.data[self.at:self.at + count]
        self.at += count
        return piece

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))[0]

    def text(self):
        return self.take(self.number("H")).decode()

    def blob(self):
        return self.take(self.number("I"))

    def optional(self):
        return self.blob() if self.number("B") else None

    def view(self):
        viewnum, has_primary, count = self.number("I"), self.number("B"), self.number("B")
        members = [(self.text(), self.number("Q"), self.text()) for _ in range(count)]
        return {"viewnum": viewnum, "primary": members[0] if has_primary else None, "backups": members[1:] if has_primary else members}

    def result(self):
        kind = self.number("B")
        if kind == 1:
            return "ok", None
        if kind == 2:
            return "value", self.blob()
        if kind == 3:
            return "missing", None
        if kind == 4:
            return "mismatch", self.optional()
        if kind == 5:
            return "too-large", None
        raise WireError("there is no result of type %d" % kind)


# ---- connections

def dial(address, seconds):
    tcp = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([^/:\s]+)):(\d+)", address)
    if tcp:
        return socket.create_connection((tcp.group(1) or tcp.group(2), int(tcp.group(3))), seconds)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(seconds)
    connection.connect(os.path.abspath(address))
    return connection


class Connection:
    """One socket: greets, sends a frame, reads a frame."""

    def __init__(self, address, seconds=5.0, kind=3, name="python"):
        self.socket = dial(address, seconds)
        self.send(bytes([HELLO]) + b"USTY" + struct.pack(">HB", VERSION, kind) + text(name) + struct.pack(">Q", 0) + text(""))
        greeting = Reader(self.receive())
        if greeting.number("B") != HELLO or greeting.take(4) != b"USTY" or greeting.number("H") != VERSION:
            raise WireError("the other side does not speak this protocol")

    def send(self, body):
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def receive(self):
        length = struct.unpack(">I", self.exactly(4))[0]
        if length > FRAME_MAX:
            raise WireError("a frame of %d bytes is over the limit" % length)
        body = self.exactly(length)
        if body[:1] == bytes([ERROR]):
            reader = Reader(body[1:])
            reader.number("H")
            raise WireError(reader.text())
        return body

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise WireError("the connection was closed")
            data += piece
        return data

    def close(self):
        self.socket.close()


# ---- the client: one operation outstanding, the same requestId until it is answered

class Client:
    def __init__(self, view_server, retry_seconds=0.1):
        self.view_server = view_server
        self.retry_seconds = retry_seconds
        # Unique for each start: the table of the servers knows this client by it.
        self.client_id = "py-" + os.urandom(8).hex()
        self.request_id = 0
        self.view = {"viewnum": 0, "primary": None, "backups": []}
        self.server = None

    def ask(self, question, answer_type):
        connection = Connection(self.view_server)
        try:
            connection.send(bytes([question]))
            reader = Reader(connection.receive())
            if reader.number("B") != answer_type:
                raise WireError("the view server gave another answer than was asked for")
            return reader
        finally:
            connection.close()

    def refresh(self):
        """The last view that its primary has acked; kept until something fails."""
        reader = self.ask(GET_VIEW, VIEW_REPLY)
        reader.number("Q")
        view = reader.view()
        if view["viewnum"] > self.view["viewnum"]:
            self.view = view
            self.hang_up()
        return self.view

    def query(self):
        reader = self.ask(QUERY, QUERY_REPLY)
        return {"current": reader.view(), "acked": reader.view(), "history_lost": bool(reader.number("B")),
                "pings": reader.number("Q"), "get_views": reader.number("Q"), "queries": reader.number("Q")}

    def ping(self, name="python-ping"):
        """Pings as a server without an incarnation would, with viewnum 0, and returns the current view."""
        connection = Connection(self.view_server, kind=2, name=name)
        try:
            connection.send(bytes([PING]) + struct.pack(">IQ", 0, 0) + text("") + b"\0")
            reader = Reader(connection.receive())
            if reader.number("B") != VIEW_REPLY:
                raise WireError("the view server gave another answer than was asked for")
            reader.number("Q")
            return reader.view()
        finally:
            connection.close()

    def hang_up(self):
        if self.server:
            self.server.close()
        self.server = None

    def operation(self, kind, key, *values, seconds=30.0):
        """Returns (what, bytes or None). Raises TimeoutError: then it may or may not have taken effect."""
        body = bytes([OPERATIONS[kind]]) + blob(key)
        if kind == "cas":
            body += optional(values[0]) + blob(values[1])
        elif values:
            body += blob(values[0])
        self.request_id += 1
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.view["primary"] is None:
                    self.refresh()
                if self.view["primary"] is not None:
                    answer = self.attempt(body)
                    if answer:
                        return answer
            except (OSError, WireError):
                self.hang_up()
            # Something is wrong: the view may be another by now. An answer that is no newer means waiting.
            time.sleep(self.retry_seconds)
            try:
                self.refresh()
            except (OSError, WireError):
                pass
        raise TimeoutError("nobody answered in %g s" % seconds)

    def attempt(self, operation):
        if self.server is None:
            self.server = Connection(self.view["primary"][2], seconds=1.0)
        self.server.send(bytes([REQUEST]) + text(self.client_id) + struct.pack(">QI", self.request_id, self.view["viewnum"]) + operation)
        while True:
            reader = Reader(self.server.receive())
            kind = reader.number("B")
            client_id, request_id = reader.text(), reader.number("Q")
            if (client_id, request_id) != (self.client_id, self.request_id):
                continue
            if kind == REPLY:
                reader.take(4 + 8 + 1 + 4)
                return reader.result()
            if kind in (REJECTED, NOT_YET):
                return None
            raise WireError("a server sent a message of type %d to a client" % kind)


def show_view(view):
    if view["primary"] is None:
        return "none yet"
    backups = ", ".join("%s (%s)" % (name, address) for name, _, address in view["backups"])
    return "view %d, primary %s (%s), backup %s" % (view["viewnum"], view["primary"][0], view["primary"][2], backups or "none")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--view-server", required=True)
    parser.add_argument("words", nargs="+")
    options = parser.parse_args()
    client = Client(options.view_server)
    kind, rest = options.words[0], [word.encode() for word in options.words[1:]]
    try:
        if kind == "view":
            answer = client.query()
            print("current: %s\nacked: %s" % (show_view(answer["current"]), show_view(answer["acked"])))
            return 0
        if kind == "ping":
            print(show_view(client.ping()))
            return 0
        if kind not in OPERATIONS or len(rest) != {"put": 2, "append": 2, "get": 1, "delete": 1, "cas": 3}[kind]:
            print("It reads: put KEY VALUE, append KEY VALUE, get KEY, delete KEY, cas KEY EXPECTED VALUE, view or ping.", file=sys.stderr)
            return 2
        if kind == "cas" and rest[1] == b"-":
            rest[1] = None
        what, value = client.operation(kind, *rest)
        print(what if value is None and what != "value" else (value or b"").decode(errors="replace") if what == "value" else "%s: %s" % (what, (value or b"").decode(errors="replace")))
        return 0
    except TimeoutError as error:
        print("unknown: %s" % error)
        return 1
    except (OSError, WireError) as error:
        print("Could not run: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
