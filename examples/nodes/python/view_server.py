"""A view server of docs/protocol.md: it decides which server is primary, and which are backups.

    understudy run scenarios/ --program "view-server=python3 examples/nodes/python/view_server.py"

It learns everything from pings. A ping says that a server is alive, which incarnation it is, and which view it has
adopted. The primary's first ping with the current viewnum is the ack of the view.
"""
from node import Node

NO_VIEW = {"viewnum": 0, "primary": None, "backups": []}


class Server:
    """One incarnation of a server, as far as its pings tell."""

    def __init__(self, name, incarnation):
        self.name = name
        self.incarnation = incarnation
        #: Checks since its last ping.
        self.silent = 0

    def member(self):
        return {"name": self.name, "incarnation": self.incarnation}


class ViewServer:
    def __init__(self, node):
        self.node = node
        #: By name, in the order of the first ping of the present incarnation.
        self.servers = {}
        self.view = NO_VIEW
        #: The last view that was acked: the only one that clients get.
        self.acked = NO_VIEW
        #: By backup of the view, the incarnation that counts: the one that the ack says is initialised.
        self.initialised = {}
        #: Somebody has a view that this process did not make, so it makes none.
        self.history_lost = False
        #: Checks to listen for before the first view.
        self.listening = 0
        self.counts = {"pings": 0, "getViews": 0, "queries": 0}
        self.is_stuck = False
        node.on("init")(self.start)
        node.on("ping")(self.on_ping)
        node.on("get-view")(self.on_get_view)
        node.on("query")(self.on_query)

    def start(self, message):
        lab = self.node.lab
        self.settings = lab["settings"]
        if lab["incarnation"] > 1 or not self.settings["newCluster"]:
            # There may be a view from before. Whoever has it pings with its number in the meantime.
            self.listening = self.settings["deadPings"]
        self.set_timer()

    def set_timer(self):
        self.node.timer("ping-check", self.settings["pingCheckIntervalMs"], self.on_ping_check)

    # ---- what others send

    def on_ping(self, message):
        name, body = message["src"], message["body"]
        self.counts["pings"] += 1
        server = self.servers.get(name)
        if server is not None and body["incarnation"] < server.incarnation:
            # It proves nothing about the present incarnation, and keeps nobody alive.
            self.node.send(
                name, type="superseded", toIncarnation=body["incarnation"], incarnation=server.incarnation,
            )
            return
        if server is None or body["incarnation"] > server.incarnation:
            # A server is a name and an incarnation: a new one has lost its memory, and stands at the end of the line.
            self.servers.pop(name, None)
            server = self.servers[name] = Server(name, body["incarnation"])
        server.silent = 0
        if body["viewnum"] > self.view["viewnum"] and not self.history_lost:
            self.history_lost = True
            self.node.report("note", text=f"{name} has view {body['viewnum']}: the history is lost, no view is made")
        if self.is_ack(server, body):
            self.take_ack(body)
        told = self.change_view()
        if name not in told:
            self.tell(server)

    def is_ack(self, server, body):
        is_current = 0 < body["viewnum"] == self.view["viewnum"]
        return self.acked is not self.view and is_current and same(server.member(), self.view["primary"])

    def take_ack(self, body):
        self.acked = self.view
        # A backup that restarted before the ack counts in its new incarnation. Who lists nothing means the view itself.
        if "initialised" in body:
            self.initialised = incarnations(body["initialised"])
        self.node.report("view_acked", view=self.view)

    def on_get_view(self, message):
        self.counts["getViews"] += 1
        self.node.send(message["src"], type="view-reply", view=self.acked, toIncarnation=0)

    def on_query(self, message):
        self.counts["queries"] += 1
        self.node.send(
            message["src"], type="query-reply", current=self.view, acked=self.acked, historyLost=self.history_lost,
            **self.counts,
        )

    def tell(self, server):
        self.node.send(server.name, type="view-reply", view=self.view, toIncarnation=server.incarnation)

    # ---- who is alive

    def on_ping_check(self):
        self.set_timer()
        self.listening = max(0, self.listening - 1)
        for server in self.servers.values():
            server.silent += 1
        self.change_view()

    def is_alive(self, server):
        return server.silent < self.settings["deadPings"]

    def why_lost(self, member, incarnation):
        """Why a member of the view counts no longer; empty if it does. `incarnation` is the one that has the data."""
        server = self.servers.get(member["name"])
        if incarnation is None:
            return "not-initialised"
        if server is None or server.incarnation != incarnation:
            return "restarted"
        return "" if self.is_alive(server) else "missed-pings"

    # ---- a new view

    def change_view(self):
        """Makes a new view if one is due, and returns the names of those that were told."""
        if self.listening > 0 or self.history_lost:
            return []
        if self.view["viewnum"] == 0:
            return self.first_view()
        if self.acked is not self.view:
            # The primary may not have its data at the backups yet.
            return []
        return self.next_view()

    def first_view(self):
        first = next((server for server in self.servers.values() if self.is_alive(server)), None)
        if first is None:
            return []
        return self.make_view(first, [], {"type": "first-server", "server": first.name})

    def next_view(self):
        old_primary = self.view["primary"]
        lost = {old_primary["name"]: self.why_lost(old_primary, old_primary["incarnation"])}
        for member in self.view["backups"]:
            lost[member["name"]] = self.why_lost(member, self.initialised.get(member["name"]))
        # Who has the data, in order: the primary, then the backups.
        live = [self.servers[name] for name, why in lost.items() if not why]
        if lost[old_primary["name"]] and not live:
            # A fresh server must not serve: it has no data.
            return self.tell_stuck(old_primary)
        primary, backups = live[0], live[1:]
        idle = [it for it in self.servers.values() if it not in live and self.is_alive(it)]
        joined = idle[:max(0, self.settings["backupsWanted"] - len(backups))]
        left = [{"server": name, "because": why} for name, why in lost.items() if why]
        if not left and not joined:
            return []
        promoted = "" if primary.name == old_primary["name"] else primary.name
        cause = {"type": "change", "left": left, "promoted": promoted, "joined": [server.name for server in joined]}
        return self.make_view(primary, backups + joined, cause)

    def make_view(self, primary, backups, cause):
        old = self.view
        members = [server.member() for server in backups]
        self.view = {"viewnum": old["viewnum"] + 1, "primary": primary.member(), "backups": members}
        self.initialised = incarnations(members)
        self.is_stuck = False
        self.node.report("view_changed", view=self.view, cause=cause)
        names = [member["name"] for view in (old, self.view) for member in members_of(view)]
        # A promoted server begins its transfer at once, so the others hear of the view first.
        names = sorted(dict.fromkeys(names), key=lambda name: name == cause.get("promoted"))
        for name in names:
            if name in self.servers:
                self.tell(self.servers[name])
        return names

    def tell_stuck(self, primary):
        if not self.is_stuck:
            self.is_stuck = True
            self.node.report("note", text=f"stuck: {primary['name']} is dead and no live backup has its data")
        return []


def members_of(view):
    return ([] if view["primary"] is None else [view["primary"]]) + view["backups"]


def incarnations(members):
    return {member["name"]: member["incarnation"] for member in members}


def same(member, other):
    return (member["name"], member["incarnation"]) == (other["name"], other["incarnation"])


node = Node(steps=True, timers=True, reports=True)
ViewServer(node)
node.run()
