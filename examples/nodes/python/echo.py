"""Answers every echo with what it was sent: the smallest node."""
from node import Node

node = Node(steps=True, timers=True, reports=True)
echoes = 0


@node.on("echo")
def echo(message):
    global echoes
    echoes += 1
    node.report("state", state={"echoes": echoes})
    node.reply(message, type="echo_ok", echo=message["body"]["echo"])


node.run()
