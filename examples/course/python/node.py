"""A node for Understudy, and for Maelstrom, in one file without dependencies.

Copy this file beside your program. docs/node-protocol.md describes the lines.

    from node import Node
    node = Node(steps=True, timers=True, reports=True)

    @node.on("echo")
    def echo(message):
        node.reply(message, type="echo_ok", echo=message["body"]["echo"])

    node.run()

What the constructor is given decides the level: nothing is a plain Maelstrom node; with `steps` the lab knows the cause
of every message; with `timers` the lab owns the clock, so that a freeze is exact; with `reports` it shows the state.
"""
import json
import sys
import threading
import traceback


class RPCError(Exception):
    """An answer of type "error". The codes are Maelstrom's: 20 means that a key does not exist.

    22 means that a compare-and-swap did not match.
    """

    def __init__(self, code, text=""):
        super().__init__(text)
        self.code = code


class Node:
    def __init__(self, steps=False, timers=False, reports=False, reset=None):
        """`reset()` makes the program a new node, as if it had just started: it spares virtual time a process."""
        self.levels = {"steps": steps, "timers": timers, "reports": reports}
        if reset is not None:
            self.levels["reset"] = True
        self._reset = reset
        #: This node's name, and the names of all servers: known from the init on.
        self.id = ""
        self.ids = []
        #: What the lab says beside: kind, incarnation, seed, settings, nodes; None where there is no lab.
        self.lab = None
        self._handlers = {}
        self._answers = {}
        self._timers = {}
        self._last = 0
        self._out = []
        self._in_step = False
        self._stopped = False
        # A timer of this process's own clock runs in another thread; one lock keeps handlers apart.
        self._lock = threading.RLock()

    def on(self, kind):
        """A decorator: the function gets each message of this type; what it raises is answered as an error."""
        def register(handler):
            self._handlers[kind] = handler
            return handler
        return register

    def send(self, dest, **body):
        line = {"src": self.id, "dest": dest, "body": body}
        self._out.append(json.dumps(line, separators=(",", ":"), ensure_ascii=False))
        if not self._in_step:
            self._flush()

    def reply(self, message, **body):
        self.send(message["src"], **body, in_reply_to=message["body"]["msg_id"])

    def rpc(self, dest, on_answer, **body):
        """Sends a request; `on_answer(body)` is called with the body of its answer, also of one of type "error"."""
        self._last += 1
        self._answers[self._last] = on_answer
        self.send(dest, **body, msg_id=self._last)

    # ---- cooperation with the lab

    def timer(self, name, ms, handler):
        """Calls `handler()` once, in `ms` milliseconds, unless it is set again or cancelled before."""
        if self.lab is not None and self.levels["timers"]:
            self._timers[name] = handler
            self.send("lab", type="set_timer", name=name, ms=ms)
            return
        self.cancel(name)

        def fire():
            with self._lock:
                if self._timers.pop(name, None) is not None:
                    handler()
        self._timers[name] = threading.Timer(ms / 1000, fire)
        self._timers[name].daemon = True
        self._timers[name].start()

    def cancel(self, name):
        timer = self._timers.pop(name, None)
        if timer is None:
            return
        if self.lab is not None and self.levels["timers"]:
            self.send("lab", type="cancel_timer", name=name)
        else:
            timer.cancel()

    def report(self, kind, **fields):
        """Tells the lab something: report("state", state={...}), report("note", text="...")."""
        if self.lab is not None and self.levels["reports"]:
            self.send("lab", type=kind, **fields)

    # ---- lines

    def run(self):
        """Reads standard input until it ends, or until a handler has called stop()."""
        sys.stdin.reconfigure(encoding="utf-8")
        sys.stdout.reconfigure(encoding="utf-8")
        for line in sys.stdin:
            with self._lock:
                self._take(json.loads(line))
            if self._stopped:
                break

    def stop(self):
        """Ends the program, with exit code 0, when the step that calls this has ended."""
        self._stopped = True

    def _take(self, message):
        body = message["body"]
        if body["type"] == "reset" and message["src"] == "lab" and self._reset is not None:
            self._handlers, self._answers, self._timers, self._last = {}, {}, {}, 0
            return self._reset()
        if body["type"] == "init":
            self.id, self.ids, self.lab = body["node_id"], body["node_ids"], body.get("lab")
        # A line without a number is no step: the lab gives none to a program that it has taken to level 0.
        self._in_step = self.lab is not None and self.levels["steps"] and "step" in message
        try:
            self._handle(message)
        except Exception as error:  # A handler's own fault is an answer, and no end of the node.
            traceback.print_exc()
            if "msg_id" in body:
                self.reply(message, type="error", code=getattr(error, "code", 13), text=str(error))
        if self._in_step:
            self.send("lab", type="done", step=message["step"])
            self._in_step = False
            self._flush()

    def _handle(self, message):
        body = message["body"]
        kind = body["type"]
        if kind == "init":
            self.reply(message, type="init_ok", **({"lab": self.levels} if self.lab is not None else {}))
        if message["src"] == "lab" and kind == "timer":
            handler = self._timers.pop(body["name"], None)
            return handler() if handler is not None else None
        on_answer = self._answers.pop(body.get("in_reply_to"), None)
        if on_answer is not None:
            return on_answer(body)
        if kind in self._handlers:
            return self._handlers[kind](message)
        # A late answer, or a message of the lab that this node does not need, is nothing to complain about.
        if kind != "init" and "in_reply_to" not in body and message["src"] != "lab":
            raise RPCError(10, f"this node does not know {kind}")

    def _flush(self):
        if self._out:
            sys.stdout.write("\n".join(self._out) + "\n")
            sys.stdout.flush()
            self._out = []
