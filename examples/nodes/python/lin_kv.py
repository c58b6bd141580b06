"""A linearizable store on every node, by asking the lab's service `lin-kv` for each operation.

The node itself remembers nothing.
"""
from node import Node

node = Node(steps=True, timers=True, reports=True)


def forward(message):
    request = {name: value for name, value in message["body"].items() if name != "msg_id"}

    def answered(body):
        # An error of the service, such as a key that does not exist, is the answer too.
        node.reply(message, **{name: value for name, value in body.items() if name != "in_reply_to"})

    node.rpc("lin-kv", answered, **request)


for kind in ("read", "write", "cas"):
    node.on(kind)(forward)
node.run()
