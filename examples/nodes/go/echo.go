// Answers every echo with what it was sent: the smallest node.
//
//	go build -o echo echo.go node.go
//	understudy test --bin ./echo -w echo
package main

func main() {
	node := NewNode(Options{Steps: true, Timers: true, Reports: true})
	echoes := 0
	node.On("echo", func(message *Message) error {
		echoes++
		node.Report("state", Body{"state": Body{"echoes": echoes}})
		return node.Reply(message, Body{"type": "echo_ok", "echo": message.Body()["echo"]})
	})
	node.Run()
}
