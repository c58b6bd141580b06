// Your replica. It starts, pings, learns its view, and serves alone. Four gaps are marked TODO; README.md has the steps.
//
//	go build -o replica replica.go node.go
//	understudy run scenarios/ --on simulator --program "student=go/replica"
//
// node.go reads and writes the lines. You need not change it.
package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"unicode/utf8"
)

// A value may not grow beyond this; the operation that would do it is answered with "too-large".
const valueMax = 8 << 20

type member struct {
	Name        string `json:"name"`
	Incarnation int64  `json:"incarnation"`
}

type view struct {
	Viewnum int64    `json:"viewnum"`
	Primary *member  `json:"primary"`
	Backups []member `json:"backups"`
}

type settings struct {
	PingIntervalMs     int64 `json:"pingIntervalMs"`
	RetryMs            int64 `json:"retryMs"`
	TransferChunkBytes int   `json:"transferChunkBytes"`
}

// operation keeps the JSON that it came as, so that it can be forwarded as it came.
type operation struct {
	Type, Key, Value string
	Expected         *string
	raw              json.RawMessage
}

func (op *operation) UnmarshalJSON(raw []byte) error {
	type fields operation
	op.raw = append(json.RawMessage{}, raw...)
	return json.Unmarshal(raw, (*fields)(op))
}

func (op operation) MarshalJSON() ([]byte, error) { return op.raw, nil }

type request struct {
	ClientID  string    `json:"clientId"`
	RequestID int64     `json:"requestId"`
	Viewnum   int64     `json:"viewnum"`
	Operation operation `json:"operation"`
}

type replica struct {
	node       *Node
	viewServer string
	settings   settings
	view       view
	role       string
	// serving: a primary whose view is acked; a backup that has the state.
	serving bool
	// pinged is the viewnum in pings. A primary's first ping with the current viewnum is the ack of the view.
	pinged int64
	// executed is the sequence number of the last executed operation. It never restarts.
	executed int64
	// store has the bytes of keys and values.
	store map[string]string
}

func main() {
	r := &replica{node: NewNode(Options{Steps: true, Timers: true, Reports: true}), role: "idle", store: map[string]string{}}
	r.node.On("init", r.onInit)
	r.node.On("view-reply", r.onViewReply)
	r.node.On("superseded", r.onSuperseded)
	r.node.On("request", r.onRequest)
	r.node.On("state-transfer", r.onStateTransfer)
	r.node.On("state-transfer-ack", r.onStateTransferAck)
	r.node.On("restarted", r.onRestarted)
	r.node.On("forward", r.onForward)
	r.node.On("forward-ack", r.onForwardAck)
	// Another server has not adopted this view yet. What it missed is sent again in time.
	r.node.On("not-yet", func(*Message) error { return nil })
	r.node.Run()
}

func (r *replica) onInit(*Message) error {
	if r.node.Lab == nil {
		os.Exit(1) // A replica needs the lab's settings and its view server.
	}
	if err := json.Unmarshal(r.node.Lab.Settings, &r.settings); err != nil {
		return err
	}
	for name, kind := range r.node.Lab.Nodes {
		if kind == "view-server" {
			r.viewServer = name
		}
	}
	r.tellState()
	r.onPingTimer()
	return nil
}

func (r *replica) incarnation() int64 { return r.node.Lab.Incarnation }

// ---- reports: what the lab shows and judges

func (r *replica) tellRole() {
	r.node.Report("role", Body{"role": r.role, "viewnum": r.view.Viewnum, "serving": r.serving})
}

func (r *replica) tellState() {
	// TODO 4: tell the table too, as "table": a list of rows.
	store := map[string]string{}
	for key, value := range r.store {
		store[encode(key)] = encode(value)
	}
	r.node.Report("state", Body{"state": Body{"executed": r.executed, "store": store}})
}

// ---- views

func (r *replica) onPingTimer() {
	r.ping()
	r.node.Timer("ping", r.settings.PingIntervalMs, r.onPingTimer)
}

func (r *replica) ping() {
	// TODO 2: a primary that serves lists its initialised backups: their name and incarnation.
	r.node.Send(r.viewServer, Body{
		"type": "ping", "viewnum": r.pinged, "incarnation": r.incarnation(), "initialised": []member{},
	})
}

func (r *replica) onViewReply(message *Message) error {
	var said struct {
		View          view  `json:"view"`
		ToIncarnation int64 `json:"toIncarnation"`
	}
	if err := message.Read(&said); err != nil {
		return err
	}
	// TODO 1, views: this believes every reply. Some are late: of a lower view, or for an earlier life of this
	// server (ToIncarnation). And a primary that restarted has lost its memory: is it still primary?
	if said.View.Viewnum == r.view.Viewnum {
		return nil
	}
	r.view = said.View
	r.role = r.roleIn(r.view)
	// Only a primary without backups has nobody to wait for.
	r.serving = r.role == "primary" && len(r.view.Backups) == 0
	r.tellRole()
	if r.role == "primary" && !r.serving {
		r.beginTransfers()
		return nil
	}
	r.pinged = r.view.Viewnum
	r.ping()
	return nil
}

func (r *replica) roleIn(next view) string {
	if next.Primary != nil && next.Primary.Name == r.node.ID {
		return "primary"
	}
	for _, backup := range next.Backups {
		if backup.Name == r.node.ID {
			return "backup"
		}
	}
	return "idle"
}

// onSuperseded ends this server: a later life of it has started.
func (r *replica) onSuperseded(message *Message) error {
	var said struct{ ToIncarnation int64 }
	if err := message.Read(&said); err != nil {
		return err
	}
	if message.Src == r.viewServer && said.ToIncarnation == r.incarnation() {
		r.node.Exit()
	}
	return nil
}

// ---- state transfer

// beginTransfers is called on the primary of a new view with backups.
func (r *replica) beginTransfers() {
	// TODO 2, state transfer: send the state to every backup, in chunks ("state-transfer"). Send a chunk again until
	// it is acked: r.node.Timer(name, r.settings.RetryMs, handler).
}

func (r *replica) onStateTransferAck(message *Message) error {
	// TODO 2: when every backup has installed the state, this primary serves. Then its ping acks the view.
	return nil
}

func (r *replica) onRestarted(message *Message) error {
	// TODO 2: the backup has restarted and is empty. Begin its transfer again, for its new incarnation.
	return nil
}

func (r *replica) onStateTransfer(message *Message) error {
	// TODO 2: a backup collects the chunks, and takes only those of its own view, from that view's primary. With all
	// of them it replaces its state, serves, and says so: "installed" in the ack.
	return nil
}

// ---- requests of clients

func (r *replica) onRequest(message *Message) error {
	var asked request
	if err := message.Read(&asked); err != nil {
		return err
	}
	switch {
	case asked.Viewnum > r.view.Viewnum:
		r.node.Send(message.Src, Body{
			"type": "not-yet", "viewnum": r.view.Viewnum, "clientId": asked.ClientID, "requestId": asked.RequestID,
		})
		r.ping()
	case r.role != "primary":
		r.reject(message.Src, asked, "not-primary")
	case !r.serving:
		// TODO 2: better, keep the newest request of each client until the view is acked.
		r.reject(message.Src, asked, "busy")
	default:
		// TODO 4, at-most-once: a client that hears nothing sends its request again, with the same id. Keep a table:
		// for each client id its newest request id and the result. Every copy has it: it is part of the state.
		// TODO 3, forwards: with backups, first forward the operation to each ("forward"), again until it is acked.
		// Execute and answer it only when every backup has executed it.
		r.executed++
		result := r.apply(asked.Operation)
		r.tellState()
		r.node.Send(message.Src, Body{
			"type": "reply", "clientId": asked.ClientID, "requestId": asked.RequestID, "viewnum": r.view.Viewnum,
			"seq": r.executed, "replayed": false, "executedViewnum": r.view.Viewnum, "result": result,
		})
	}
	return nil
}

func (r *replica) reject(client string, asked request, reason string) {
	r.node.Send(client, Body{
		"type": "rejected", "clientId": asked.ClientID, "requestId": asked.RequestID, "reason": reason,
		"requestViewnum": asked.Viewnum, "viewnum": r.view.Viewnum,
	})
}

// apply changes the store, and returns the result.
func (r *replica) apply(op operation) Body {
	key, value := decode(op.Key), decode(op.Value)
	held, isHeld := r.store[key]
	switch op.Type {
	case "get":
		if isHeld {
			return Body{"type": "value", "value": encode(held)}
		}
		return Body{"type": "missing"}
	case "delete":
		delete(r.store, key)
		if isHeld {
			return Body{"type": "done"}
		}
		return Body{"type": "missing"}
	case "cas":
		if isHeld && (op.Expected == nil || held != decode(*op.Expected)) {
			return Body{"type": "mismatch", "actual": encode(held)}
		}
		if !isHeld && op.Expected != nil {
			return Body{"type": "mismatch", "actual": nil}
		}
	case "append":
		value = held + value
	}
	if len(value) > valueMax {
		return Body{"type": "too-large"}
	}
	r.store[key] = value
	return Body{"type": "done"}
}

// ---- forwards

func (r *replica) onForward(message *Message) error {
	// TODO 3: a backup that serves takes forwards of its own view, from that view's primary. It executes them in the
	// order of "seq", and acks the last number that it has executed ("forward-ack").
	return nil
}

func (r *replica) onForwardAck(message *Message) error {
	// TODO 3: note how far this backup is. What all backups have executed is executed here, in order, and answered.
	return nil
}

// ---- keys and values: bytes, which a line has as text, or as "base64:" and base64

// decode returns the bytes of a key or value of a line.
func decode(text string) string {
	if rest := strings.TrimPrefix(text, "base64:"); rest != text {
		if data, err := base64.StdEncoding.DecodeString(rest); err == nil {
			return string(data)
		}
	}
	return text
}

// encode returns how a line has these bytes.
func encode(data string) string {
	isControl := func(char rune) bool { return char < ' ' && !strings.ContainsRune("\t\n\r", char) }
	if !utf8.ValidString(data) || strings.HasPrefix(data, "base64:") || strings.IndexFunc(data, isControl) >= 0 {
		return "base64:" + base64.StdEncoding.EncodeToString([]byte(data))
	}
	return data
}
