"""A client of docs/protocol.md: it sends the operations that the lab gives it, and says how each ended.

    understudy run scenarios/ --program "clients=python3 examples/nodes/python/client.py"

A client knows one view, the last acked one that it has heard of, and asks for another only when something seems wrong.
Its operations run in sessions. A session is a client of its own to the servers, with its own client id, and sends one
operation at a time.
"""
from collections import deque
from node import Node

#: A request that stays unanswered is sent again after 1, 2, 4, 8, 8, ... waits of `retryMs`.
LONGEST_INTERVAL = 8


class Operation:
    """One operation of the lab while it runs: what was sent, and what is known about it."""

    def __init__(self, body):
        self.id = body["id"]
        self.target = body["target"]
        self.request = {"type": body["op"]}
        for field in ("key", "value", "expected"):
            if field in body:
                self.request[field] = body[field]
        self.client_id = ""
        self.request_id = 0
        self.tries = 0
        #: The last send: to whom, and tagged with which viewnum.
        self.sent_to = ""
        self.tag = 0
        #: A server may have taken it: some send went to the primary of the tagged view.
        self.may_run = False
        #: What the last send was refused with; empty while it is unanswered.
        self.refusal = ""
        #: It waits for the answer of the view server.
        self.asks = False
        #: Waits since the last send, and after how many it is sent again.
        self.waited = 0
        self.interval = 1
        #: Connections that ended under it, and whether the last of them is to be answered by a new send.
        self.losses = 0
        self.has_lost = False


class Session:
    def __init__(self, client_id):
        self.client_id = client_id
        self.last_request = 0
        self.running = None
        self.queue = deque()


class Client:
    def __init__(self, node):
        self.node = node
        self.view = {"viewnum": 0, "primary": None, "backups": []}
        self.sessions = {}
        self.is_asking = False
        for kind, handler in (
            ("init", self.start), ("operation", self.on_operation), ("view-reply", self.on_view_reply),
            ("reply", self.on_reply), ("rejected", self.on_rejected), ("not-yet", self.on_not_yet),
            ("peer_lost", self.on_peer_lost),
        ):
            node.on(kind)(handler)

    def start(self, message):
        lab = self.node.lab
        self.incarnation = lab["incarnation"]
        self.retry_ms = lab["settings"]["retryMs"]
        self.timeout_ms = lab["settings"]["operationTimeoutMs"]
        self.view_server = next(name for name, kind in lab["nodes"].items() if kind == "view-server")

    # ---- operations of the lab

    def on_operation(self, message):
        body = message["body"]
        session = self.session_of(body["session"])
        session.queue.append(Operation(body))
        if session.running is None:
            self.start_next(session)

    def session_of(self, number):
        """The session of this number; for -1 the lowest that has nothing to do."""
        if number < 0:
            number = next(it for it in range(len(self.sessions) + 1) if self.is_free(it))
        if number not in self.sessions:
            # Every start of a client has new client ids: a restarted one has forgotten its request ids.
            self.sessions[number] = Session(f"{self.node.id}.{self.incarnation}.{number}")
        return self.sessions[number]

    def is_free(self, number):
        return number not in self.sessions or self.sessions[number].running is None

    def start_next(self, session):
        operation = session.running = session.queue.popleft()
        session.last_request += 1
        operation.client_id, operation.request_id = session.client_id, session.last_request
        self.node.report(
            "started", id=operation.id, client_id=operation.client_id, request_id=operation.request_id,
        )
        self.node.timer(f"timeout:{operation.id}", self.timeout_ms, lambda: self.on_timeout(operation))
        # Who asks one server straight tags the request with the present view, so it must know that.
        if operation.target or self.view["viewnum"] == 0:
            self.ask_for(operation)
        else:
            self.send(operation)

    def running(self):
        return [session.running for session in self.sessions.values() if session.running is not None]

    def end(self, operation, outcome, **fields):
        for timer in ("timeout", "retry"):
            self.node.cancel(f"{timer}:{operation.id}")
        self.node.report("returned", id=operation.id, outcome=outcome, tries=operation.tries, **fields)
        session = next(it for it in self.sessions.values() if it.running is operation)
        session.running = None
        if session.queue:
            self.start_next(session)

    def on_timeout(self, operation):
        if operation.tries == 0:
            self.end(operation, "failed", reason="never-sent", by="")
        else:
            self.end(operation, "unknown", reason=operation.refusal or "timeout")

    # ---- the view

    def ask_for(self, operation):
        operation.asks = True
        self.node.cancel(f"retry:{operation.id}")
        self.ask()

    def ask(self):
        """Asks the view server. One question serves every session."""
        if not self.is_asking:
            self.is_asking = True
            self.node.send(self.view_server, type="get-view")
            self.node.timer("ask", self.retry_ms, self.on_ask_timer)

    def on_ask_timer(self):
        # No answer is no newer view: a view server may be dead while the view goes on.
        self.is_asking = False
        self.decide_all()

    def on_view_reply(self, message):
        view = message["body"]["view"]
        if message["src"] != self.view_server:
            return
        if view["viewnum"] > self.view["viewnum"]:
            self.view = view
        self.is_asking = False
        self.node.cancel("ask")
        self.decide_all()

    def decide_all(self):
        for operation in self.running():
            if operation.asks:
                operation.asks = False
                self.decide(operation)

    def decide(self, operation):
        """The view server was asked, in vain or not: the operation is sent now, or waits on."""
        has_lost, operation.has_lost = operation.has_lost, False
        if self.view["viewnum"] > operation.tag:
            operation.interval = 1
            self.send(operation)
        elif has_lost and operation.losses == 1:
            self.send(operation)
        elif has_lost:
            # A connection that ends again and again must not make it send without a pause.
            operation.waited = operation.interval - 1
            self.wait(operation)
        elif self.is_due(operation):
            operation.interval = min(2 * operation.interval, LONGEST_INTERVAL)
            self.send(operation)
        else:
            self.wait(operation)

    def is_due(self, operation):
        """It is unanswered for long enough. What was refused waits for a newer view instead."""
        if operation.tries == 0 or operation.refusal:
            return False
        operation.waited += 1
        return operation.waited >= operation.interval

    # ---- requests

    def send(self, operation):
        primary = self.view["primary"]["name"]
        operation.sent_to = operation.target or primary
        operation.tag = self.view["viewnum"]
        operation.may_run = operation.may_run or operation.sent_to == primary
        operation.refusal = ""
        operation.waited = 0
        operation.tries += 1
        self.node.send(
            operation.sent_to, type="request", clientId=operation.client_id, requestId=operation.request_id,
            viewnum=operation.tag, operation=operation.request,
        )
        self.wait(operation)

    def wait(self, operation):
        self.node.timer(f"retry:{operation.id}", self.retry_ms, lambda: self.on_retry(operation))

    def on_retry(self, operation):
        if operation.refusal in ("not-yet", "busy"):
            # The server knows an older view than this client, or has no room: no other view would help.
            self.send(operation)
        else:
            self.ask_for(operation)

    def answered(self, message):
        """The operation that a message of a server is about, if it still runs."""
        body = message["body"]
        for operation in self.running():
            if (operation.client_id, operation.request_id) == (body["clientId"], body["requestId"]):
                return operation
        return None

    def on_reply(self, message):
        body = message["body"]
        operation = self.answered(message)
        if operation is not None:
            self.end(
                operation, "ok", result=body["result"], by=message["src"], viewnum=body["viewnum"], seq=body["seq"],
                replayed=body["replayed"], executed_viewnum=body["executedViewnum"],
            )

    def on_rejected(self, message):
        body = message["body"]
        operation = self.answered(message)
        # A refusal counts only for the send that it answers: an earlier one may have been refused, this one not.
        if operation is None or message["src"] != operation.sent_to or body["requestViewnum"] != operation.tag:
            return
        operation.refusal = body["reason"]
        if body["reason"] == "not-primary" and not operation.may_run:
            # No server that was asked is primary of the tagged view, so none of them ever takes it.
            self.end(operation, "failed", reason="not-primary", by=message["src"])
        elif body["reason"] == "busy":
            self.wait(operation)
        else:
            self.ask_for(operation)

    def on_not_yet(self, message):
        operation = self.answered(message)
        if operation is not None and message["src"] == operation.sent_to:
            operation.refusal = "not-yet"
            self.wait(operation)

    def on_peer_lost(self, message):
        """What an ended connection carried may be lost: the operations that it carried need another send."""
        for operation in self.running():
            if operation.sent_to == message["body"]["peer"] and not operation.refusal:
                operation.losses += 1
                operation.has_lost = True
                self.ask_for(operation)


node = Node(steps=True, timers=True, reports=True)
Client(node)
node.run()
