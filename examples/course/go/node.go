// A node for Understudy, and for Maelstrom, in one file that needs only Go's own library.
// docs/node-protocol.md describes the lines. Copy this file beside a program of yours, and build the two together:
//
//	go build -o echo echo.go node.go
//
//	node := NewNode(Options{Steps: true, Timers: true, Reports: true})
//	node.On("echo", func(message *Message) error {
//		return node.Reply(message, Body{"type": "echo_ok", "echo": message.Body()["echo"]})
//	})
//	node.Run()
//
// The options decide the level. None: a plain Maelstrom node. Steps: the lab knows the cause of every message.
// Timers: the lab owns the clock, so that a freeze is exact. Reports: the lab shows the state.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Options say how far the program cooperates with the lab. Each needs the one before it.
type Options struct {
	Steps   bool `json:"steps"`
	Timers  bool `json:"timers"`
	Reports bool `json:"reports"`
}

// Body is the body of a message, field by field. A struct with JSON tags serves as well wherever a body is sent.
type Body map[string]any

// Message is one line that came in.
type Message struct {
	Src, Dest, Type string
	step            int64
	body, id        json.RawMessage
	answers         *int64
}

// Read puts the fields of the body into a struct.
func (message *Message) Read(into any) error {
	if err := json.Unmarshal(message.body, into); err != nil {
		return &RPCError{12, err.Error()}
	}
	return nil
}

// Body returns the fields of the body. Numbers stay as they were written, so they can be passed on unchanged.
func (message *Message) Body() Body {
	fields := Body{}
	decoder := json.NewDecoder(bytes.NewReader(message.body))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return fields
}

// RPCError is an answer of type "error". The codes are Maelstrom's: 20 is a missing key, 22 a failed compare-and-swap.
type RPCError struct {
	Code int
	Text string
}

func (err *RPCError) Error() string { return err.Text }

// Lab is what the lab tells in the init, and Maelstrom does not.
type Lab struct {
	Version     int               `json:"version"`
	Kind        string            `json:"kind"`
	Incarnation int64             `json:"incarnation"`
	Seed        string            `json:"seed"`
	Settings    json.RawMessage   `json:"settings"`
	Nodes       map[string]string `json:"nodes"`
	Data        string            `json:"data"`
}

// Node reads lines, calls handlers, and writes lines. One handler runs at a time, so handlers need no locks.
type Node struct {
	// ID is this node's name and IDs the names of all servers: known from the init on.
	ID  string
	IDs []string
	// Lab is nil where there is no lab.
	Lab *Lab

	options  Options
	handlers map[string]func(*Message) error
	answers  map[int64]func(Body)
	timers   map[string]*timer
	lastID   int64
	turns    chan func()
	out      bytes.Buffer
	inStep   bool
	exiting  bool
}

type timer struct {
	handler func()
	clock   *time.Timer
}

// NewNode makes a node that has not started yet.
func NewNode(options Options) *Node {
	return &Node{
		options:  options,
		handlers: map[string]func(*Message) error{},
		answers:  map[int64]func(Body){},
		timers:   map[string]*timer{},
		turns:    make(chan func()),
	}
}

// On sets the handler for messages of this type. What it returns as an error is sent to whoever asked.
func (node *Node) On(kind string, handler func(*Message) error) { node.handlers[kind] = handler }

// Send writes one message.
func (node *Node) Send(dest string, body any) error {
	encoder := json.NewEncoder(&node.out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		Src  string `json:"src"`
		Dest string `json:"dest"`
		Body any    `json:"body"`
	}{node.ID, dest, body})
	// With steps, the lines of a step leave together with its end.
	if !node.inStep {
		node.flush()
	}
	return err
}

// Reply answers a request.
func (node *Node) Reply(message *Message, body Body) error {
	answer := Body{}
	for name, value := range body {
		answer[name] = value
	}
	answer["in_reply_to"] = message.id
	return node.Send(message.Src, answer)
}

// RPC sends a request. onAnswer gets the body of its answer, also of one of type "error".
func (node *Node) RPC(dest string, body Body, onAnswer func(Body)) error {
	node.lastID++
	request := Body{}
	for name, value := range body {
		request[name] = value
	}
	request["msg_id"] = node.lastID
	node.answers[node.lastID] = onAnswer
	return node.Send(dest, request)
}

// ---- cooperation with the lab

// Timer calls the handler once, in ms milliseconds, unless it is set again or cancelled before.
func (node *Node) Timer(name string, ms int64, handler func()) {
	node.Cancel(name)
	armed := &timer{handler: handler}
	node.timers[name] = armed
	if node.labOwnsClock() {
		node.Send("lab", Body{"type": "set_timer", "name": name, "ms": ms})
		return
	}
	fire := func() {
		// It may have been cancelled, or set again, while it waited for its turn.
		if node.timers[name] == armed {
			node.fire(name)
		}
	}
	armed.clock = time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { node.turns <- fire })
}

// Cancel stops a timer, if it is armed.
func (node *Node) Cancel(name string) {
	armed := node.timers[name]
	if armed == nil {
		return
	}
	delete(node.timers, name)
	if armed.clock != nil {
		armed.clock.Stop()
	} else {
		node.Send("lab", Body{"type": "cancel_timer", "name": name})
	}
}

// Report tells the lab something: Report("state", Body{"state": ...}), Report("note", Body{"text": "..."}).
func (node *Node) Report(kind string, fields Body) {
	if node.Lab == nil || !node.options.Reports {
		return
	}
	report := Body{"type": kind}
	for name, value := range fields {
		report[name] = value
	}
	node.Send("lab", report)
}

// Exit ends the process when the present step is over, as a success.
func (node *Node) Exit() { node.exiting = true }

func (node *Node) labOwnsClock() bool { return node.Lab != nil && node.options.Timers }

func (node *Node) fire(name string) {
	armed := node.timers[name]
	delete(node.timers, name)
	if armed != nil {
		armed.handler()
	}
}

// ---- lines

// Run reads standard input until it ends. Lines and timers of an own clock take turns here.
func (node *Node) Run() {
	ended := make(chan error)
	go func() { ended <- node.read() }()
	for {
		select {
		case turn := <-node.turns:
			turn()
		case err := <-ended:
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			return
		}
		if node.exiting {
			os.Exit(0)
		}
	}
}

// read hands over line after line. A line can be long, so it is no Scanner.
func (node *Node) read() error {
	input := bufio.NewReaderSize(os.Stdin, 1<<16)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return nil
		}
		message, err := parse(line)
		if err != nil {
			return err
		}
		node.turns <- func() { node.take(message) }
	}
}

func parse(line []byte) (*Message, error) {
	var outer struct {
		Src, Dest string
		Step      int64
		Body      json.RawMessage
	}
	if err := json.Unmarshal(line, &outer); err != nil {
		return nil, err
	}
	var inner struct {
		Type    string          `json:"type"`
		ID      json.RawMessage `json:"msg_id"`
		Answers *int64          `json:"in_reply_to"`
	}
	if err := json.Unmarshal(outer.Body, &inner); err != nil {
		return nil, err
	}
	return &Message{outer.Src, outer.Dest, inner.Type, outer.Step, outer.Body, inner.ID, inner.Answers}, nil
}

func (node *Node) take(message *Message) {
	if message.Type == "init" {
		node.begin(message)
	}
	node.inStep = node.Lab != nil && node.options.Steps
	if err := node.handle(message); err != nil {
		node.complain(message, err)
	}
	if !node.inStep {
		return
	}
	node.Send("lab", Body{"type": "done", "step": message.step})
	node.inStep = false
	node.flush()
}

// begin learns from the init who this node is.
func (node *Node) begin(message *Message) {
	var init struct {
		ID  string   `json:"node_id"`
		IDs []string `json:"node_ids"`
		Lab *Lab     `json:"lab"`
	}
	if err := message.Read(&init); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	node.ID, node.IDs, node.Lab = init.ID, init.IDs, init.Lab
}

func (node *Node) handle(message *Message) error {
	if message.Type == "init" {
		node.acceptInit(message)
	}
	if message.Src == "lab" && message.Type == "timer" {
		name, _ := message.Body()["name"].(string)
		node.fire(name)
		return nil
	}
	if message.answers != nil {
		// A late answer that nobody waits for is nothing to complain about.
		if onAnswer := node.answers[*message.answers]; onAnswer != nil {
			delete(node.answers, *message.answers)
			onAnswer(message.Body())
		}
		return nil
	}
	if handler := node.handlers[message.Type]; handler != nil {
		return handler(message)
	}
	if message.Type == "init" || message.Src == "lab" {
		return nil
	}
	return &RPCError{10, "this node does not know " + message.Type}
}

func (node *Node) acceptInit(message *Message) {
	answer := Body{"type": "init_ok"}
	if node.Lab != nil {
		answer["lab"] = node.options
	}
	node.Reply(message, answer)
}

// complain answers with the error, or writes it to standard error if nobody asked.
func (node *Node) complain(message *Message, err error) {
	if message.id == nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	code := 13
	if known, ok := err.(*RPCError); ok {
		code = known.Code
	}
	node.Reply(message, Body{"type": "error", "code": code, "text": err.Error()})
}

func (node *Node) flush() {
	if _, err := os.Stdout.Write(node.out.Bytes()); err != nil {
		os.Exit(1) // Nobody reads any more.
	}
	node.out.Reset()
}
