"""Your replica. It starts, pings, learns its view, and serves alone. Four gaps are marked TODO; README.md has the steps.

    understudy run scenarios/ --on simulator --program "student=python3 python/replica.py"

`node.py` reads and writes the lines. You need not change it.
"""
import base64
import re
from node import Node

#: A value may not grow beyond this; the operation that would do it is answered with "too-large".
VALUE_MAX = 8 * 1024 * 1024


class Replica:
    def __init__(self, node):
        self.node = node
        self.view = {"viewnum": 0, "primary": None, "backups": []}
        self.role = "idle"
        #: A primary serves once its view is acked; a backup, once it has the state.
        self.serving = False
        #: The viewnum in pings. A primary's first ping with the current viewnum is the ack of the view.
        self.pinged = 0
        #: The sequence number of the last executed operation. It never restarts.
        self.executed = 0
        #: Key to value, both bytes.
        self.store = {}
        node.on("init")(self.on_init)
        node.on("view-reply")(self.on_view_reply)
        node.on("superseded")(self.on_superseded)
        node.on("request")(self.on_request)
        node.on("state-transfer")(self.on_state_transfer)
        node.on("state-transfer-ack")(self.on_state_transfer_ack)
        node.on("restarted")(self.on_restarted)
        node.on("forward")(self.on_forward)
        node.on("forward-ack")(self.on_forward_ack)
        # Another server has not adopted this view yet. What it missed is sent again in time.
        node.on("not-yet")(lambda message: None)

    def on_init(self, message):
        self.incarnation = self.node.lab["incarnation"]
        self.settings = self.node.lab["settings"]
        self.view_server = next(name for name, kind in self.node.lab["nodes"].items() if kind == "view-server")
        self.tell_state()
        self.on_ping_timer()

    # ---- reports: what the lab shows and judges

    def tell_role(self):
        self.node.report("role", role=self.role, viewnum=self.view["viewnum"], serving=self.serving)

    def tell_state(self):
        # TODO 4: tell the table too, as "table": a list of rows.
        store = {encode(key): encode(value) for key, value in self.store.items()}
        self.node.report("state", state={"executed": self.executed, "store": store})

    # ---- views

    def on_ping_timer(self):
        self.ping()
        self.node.timer("ping", self.settings["pingIntervalMs"], self.on_ping_timer)

    def ping(self):
        # TODO 2: a primary that serves lists its initialised backups: their name and incarnation.
        self.node.send(
            self.view_server, type="ping", viewnum=self.pinged, incarnation=self.incarnation, initialised=[],
        )

    def on_view_reply(self, message):
        # TODO 1, views: this believes every reply. Some are late: of a lower view, or for an earlier life of this
        # server ("toIncarnation"). And a primary that restarted has lost its memory: is it still primary?
        view = message["body"]["view"]
        if view["viewnum"] == self.view["viewnum"]:
            return
        self.view = view
        self.role = self.role_in(view)
        # Only a primary without backups has nobody to wait for.
        self.serving = self.role == "primary" and not view["backups"]
        self.tell_role()
        if self.role == "primary" and not self.serving:
            self.begin_transfers()
            return
        self.pinged = view["viewnum"]
        self.ping()

    def role_in(self, view):
        if view["primary"] is not None and view["primary"]["name"] == self.node.id:
            return "primary"
        return "backup" if any(member["name"] == self.node.id for member in view["backups"]) else "idle"

    def on_superseded(self, message):
        """A later life of this server has started: this one ends."""
        if message["src"] == self.view_server and message["body"]["toIncarnation"] == self.incarnation:
            self.node.stop()

    # ---- state transfer

    def begin_transfers(self):
        """The primary of a new view with backups."""
        # TODO 2, state transfer: send the state to every backup, in chunks ("state-transfer"). Send a chunk again
        # until it is acked: self.node.timer(name, self.settings["retryMs"], handler).

    def on_state_transfer_ack(self, message):
        # TODO 2: when every backup has installed the state, this primary serves. Then its ping acks the view.
        pass

    def on_restarted(self, message):
        # TODO 2: the backup has restarted and is empty. Begin its transfer again, for its new incarnation.
        pass

    def on_state_transfer(self, message):
        # TODO 2: a backup collects the chunks, and takes only those of its own view, from that view's primary. With
        # all of them it replaces its state, serves, and says so: "installed" in the ack.
        pass

    # ---- requests of clients

    def on_request(self, message):
        body = message["body"]
        if body["viewnum"] > self.view["viewnum"]:
            self.node.send(
                message["src"], type="not-yet", viewnum=self.view["viewnum"], clientId=body["clientId"],
                requestId=body["requestId"],
            )
            self.ping()
        elif self.role != "primary":
            self.reject(message, "not-primary")
        elif not self.serving:
            # TODO 2: better, keep the newest request of each client until the view is acked.
            self.reject(message, "busy")
        else:
            # TODO 4, at-most-once: a client that hears nothing sends its request again, with the same id. Keep a
            # table: for each client id its newest request id and the result. Every copy has it: it is part of the state.
            # TODO 3, forwards: with backups, first forward the operation to each ("forward"), again until it is acked.
            # Execute and answer it only when every backup has executed it.
            self.executed += 1
            result = self.apply(body["operation"])
            self.tell_state()
            self.node.send(
                message["src"], type="reply", clientId=body["clientId"], requestId=body["requestId"],
                viewnum=self.view["viewnum"], seq=self.executed, replayed=False,
                executedViewnum=self.view["viewnum"], result=result,
            )

    def reject(self, message, reason):
        body = message["body"]
        self.node.send(
            message["src"], type="rejected", clientId=body["clientId"], requestId=body["requestId"], reason=reason,
            requestViewnum=body["viewnum"], viewnum=self.view["viewnum"],
        )

    def apply(self, operation):
        """Changes the store, and returns the result."""
        key, value, kind = decode(operation["key"]), decode(operation.get("value")), operation["type"]
        held = self.store.get(key)
        if kind == "get":
            return {"type": "missing"} if held is None else {"type": "value", "value": encode(held)}
        if kind == "delete":
            self.store.pop(key, None)
            return {"type": "missing" if held is None else "done"}
        if kind == "cas" and held != decode(operation["expected"]):
            return {"type": "mismatch", "actual": encode(held)}
        written = (held or b"") + value if kind == "append" else value
        if len(written) > VALUE_MAX:
            return {"type": "too-large"}
        self.store[key] = written
        return {"type": "done"}

    # ---- forwards

    def on_forward(self, message):
        # TODO 3: a backup that serves takes forwards of its own view, from that view's primary. It executes them in
        # the order of "seq", and acks the last number that it has executed ("forward-ack").
        pass

    def on_forward_ack(self, message):
        # TODO 3: note how far this backup is. What all backups have executed is executed here, in order, and answered.
        pass


# ---- keys and values: bytes, which a line has as text, or as "base64:" and base64


def decode(text):
    """The bytes of a key or value of a line; None stays None."""
    if text is None or not text.startswith("base64:"):
        return None if text is None else text.encode()
    return base64.b64decode(text[7:])


def encode(data):
    """How a line has these bytes; None stays None."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    if text is None or text.startswith("base64:") or re.search("[\0-\x08\x0b\x0c\x0e-\x1f]", text):
        return "base64:" + base64.b64encode(data).decode()
    return text


node = Node(steps=True, timers=True, reports=True)
Replica(node)
node.run()
