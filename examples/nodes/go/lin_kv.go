// A linearizable store on every node, by asking the lab's service lin-kv for each operation.
// The node itself remembers nothing, so there is nothing that could differ between nodes.
//
//	go build -o lin_kv lin_kv.go node.go
//	understudy test --bin ./lin_kv -w lin-kv --node-count 3
package main

func main() {
	node := NewNode(Options{Steps: true, Timers: true, Reports: true})
	ask := func(message *Message) error {
		request := message.Body()
		delete(request, "msg_id")
		return node.RPC("lin-kv", request, func(answer Body) {
			// An error of the service, such as a key that does not exist, is the answer too.
			delete(answer, "in_reply_to")
			node.Reply(message, answer)
		})
	}
	for _, kind := range []string{"read", "write", "cas"} {
		node.On(kind, ask)
	}
	node.Run()
}
