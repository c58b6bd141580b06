// A replica of Understudy's protocol: primary, backup or idle, as the view server says.
// docs/protocol.md is the protocol, and docs/recording.md has the fields of its messages.
//
//	go build -o replica replica.go node.go
//	understudy run scenarios/ --program "s2=./replica"
//	understudy run scenarios/ --program "replicas=./replica"
//
// The file has these parts: messages, views, requests, forwards, transfers, sending again, the copy, bytes.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ---- messages

type member struct {
	Name        string `json:"name"`
	Incarnation int64  `json:"incarnation"`
}

type view struct {
	Viewnum int64    `json:"viewnum"`
	Primary *member  `json:"primary"`
	Backups []member `json:"backups"`
}

type viewReply struct {
	View          view  `json:"view"`
	ToIncarnation int64 `json:"toIncarnation"`
}

type ping struct {
	Type        string   `json:"type"`
	Viewnum     int64    `json:"viewnum"`
	Incarnation int64    `json:"incarnation"`
	Initialised []member `json:"initialised"`
}

// between is what every message from server to server carries.
type between struct {
	Type            string `json:"type"`
	Viewnum         int64  `json:"viewnum"`
	FromIncarnation int64  `json:"fromIncarnation"`
	ToIncarnation   int64  `json:"toIncarnation"`
}

// requestID names an operation: the same id is the same operation, however often it arrives.
type requestID struct {
	ClientID  string `json:"clientId"`
	RequestID int64  `json:"requestId"`
}

type request struct {
	requestID
	Viewnum   int64     `json:"viewnum"`
	Operation operation `json:"operation"`
}

type reply struct {
	Type string `json:"type"`
	requestID
	Viewnum         int64  `json:"viewnum"`
	Seq             int64  `json:"seq"`
	Replayed        bool   `json:"replayed"`
	ExecutedViewnum int64  `json:"executedViewnum"`
	Result          result `json:"result"`
}

type rejected struct {
	Type string `json:"type"`
	requestID
	Reason         string `json:"reason"`
	RequestViewnum int64  `json:"requestViewnum"`
	Viewnum        int64  `json:"viewnum"`
}

type notYet struct {
	Type    string `json:"type"`
	Viewnum int64  `json:"viewnum"`
	requestID
}

type forward struct {
	between
	Seq int64 `json:"seq"`
	requestID
	Operation operation `json:"operation"`
}

type forwardAck struct {
	between
	Executed int64 `json:"executed"`
}

type stateTransfer struct {
	between
	Chunk    int     `json:"chunk"`
	Last     bool    `json:"last"`
	Executed int64   `json:"executed"`
	Entries  []entry `json:"entries"`
	Rows     []row   `json:"rows"`
	Digest   *digest `json:"digest,omitempty"`
}

type stateTransferAck struct {
	between
	Chunk     int  `json:"chunk"`
	Installed bool `json:"installed"`
}

type entry struct {
	Key   text `json:"key"`
	Value text `json:"value"`
}

// row is what the at-most-once table knows of a client: its last executed operation, and the result.
type row struct {
	requestID
	Result  result `json:"result"`
	Seq     int64  `json:"seq"`
	Viewnum int64  `json:"viewnum"`
}

// operation keeps the JSON that it came as, so that it is forwarded as it came.
type operation struct {
	Type     string `json:"type"`
	Key      text   `json:"key"`
	Value    text   `json:"value"`
	Expected *text  `json:"expected"`
	raw      json.RawMessage
}

func (op *operation) UnmarshalJSON(raw []byte) error {
	type fields operation // The same fields without this method, which would call itself.
	err := json.Unmarshal(raw, (*fields)(op))
	op.raw = append(json.RawMessage{}, raw...)
	return err
}

func (op operation) MarshalJSON() ([]byte, error) { return op.raw, nil }

type result struct {
	Type  string `json:"type"`
	Value *text  `json:"value,omitempty"`
	// Actual is nil in a mismatch if the key was missing.
	Actual *text `json:"actual,omitempty"`
}

func (res result) MarshalJSON() ([]byte, error) {
	type fields result
	if res.Type != "mismatch" {
		return json.Marshal(fields(res))
	}
	// Here a missing key is written, as null.
	return json.Marshal(map[string]any{"type": res.Type, "actual": res.Actual})
}

// ---- the replica

const (
	primary = "primary"
	backup  = "backup"
	idle    = "idle"
	// A retry sends at most so many forwards, and waits at most so many times retryMs.
	forwardsInRetry = 64
	longestWait     = 8
	// A client that dialled again and again is answered on its first connection and on so many of its newest.
	newestSenders = 3
)

type settings struct {
	PingIntervalMs     int64  `json:"pingIntervalMs"`
	RetryMs            int64  `json:"retryMs"`
	TransferChunkBytes int    `json:"transferChunkBytes"`
	TransferWindow     int    `json:"transferWindow"`
	WaitingRequestsMax int    `json:"waitingRequestsMax"`
	InFlightMax        int    `json:"inFlightMax"`
	TableClientsMax    int    `json:"tableClientsMax"`
	Replication        string `json:"replication"`
}

// sender is who is answered, and the viewnum that its request was tagged with.
type sender struct {
	name    string
	viewnum int64
}

// pending is a request that is not answered yet: it waits for the view to start, or for the backups.
type pending struct {
	requestID
	operation operation
	senders   []sender
}

type replica struct {
	node       *Node
	viewServer string
	settings   settings
	copy       *replicated

	view view
	role string
	// serving: a primary whose view has started; a backup that is initialised.
	serving bool
	told    Body
	// pinged is the viewnum in pings. A primary pings with the old one until its transfers are acked.
	pinged int64

	// Of a primary: since which viewnum it has been primary without a break.
	primarySince int64
	links        []*link
	chunks       []stateTransfer
	waiting      []*pending
	// log has the operations above done. An operation is done when every backup has executed it.
	log  []*pending
	done int64
	// inFlight has the newest operation of each client in the log.
	inFlight map[string]*pending

	// Of a backup: forwards ahead of their turn, by number.
	ahead map[int64]forward
	// The chunks so far, and how many there are in all: 0 until the last has arrived.
	half        map[int]stateTransfer
	chunksInAll int
}

func main() {
	r := &replica{node: NewNode(Options{Steps: true, Timers: true, Reports: true}), role: idle}
	r.on("init", r.start)
	r.on("view-reply", r.onViewReply)
	r.on("superseded", r.onSuperseded)
	r.on("request", r.onRequest)
	r.on("forward", r.onForward)
	r.on("forward-ack", r.onForwardAck)
	r.on("state-transfer", r.onStateTransfer)
	r.on("state-transfer-ack", r.onStateTransferAck)
	r.on("restarted", r.onRestarted)
	r.on("peer_lost", r.onPeerLost)
	// It says that the other server has not adopted this view yet. The retry timer sends again.
	r.on("not-yet", func(*Message) error { return nil })
	r.node.Run()
}

// on tells the state after each step that changed it.
func (r *replica) on(kind string, handler func(*Message) error) {
	r.node.On(kind, func(message *Message) error {
		err := handler(message)
		r.tellState()
		return err
	})
}

func (r *replica) start(message *Message) error {
	lab := r.node.Lab
	if lab == nil {
		fmt.Fprintln(os.Stderr, "a replica needs the lab's settings and its view server")
		os.Exit(1)
	}
	if err := json.Unmarshal(lab.Settings, &r.settings); err != nil {
		return err
	}
	for name, kind := range lab.Nodes {
		if kind == "view-server" {
			r.viewServer = name
		}
	}
	r.copy = newReplicated(r.settings.TableClientsMax)
	r.forget()
	r.onPingTimer()
	return nil
}

func (r *replica) incarnation() int64 { return r.node.Lab.Incarnation }

func (r *replica) header(kind string, toIncarnation int64) between {
	return between{kind, r.view.Viewnum, r.incarnation(), toIncarnation}
}

func (r *replica) setRole(role string, serving bool) {
	if r.role == role && r.serving == serving && r.told["viewnum"] == r.view.Viewnum {
		return
	}
	r.role, r.serving = role, serving
	r.told = Body{"role": role, "viewnum": r.view.Viewnum, "serving": serving}
	r.node.Report("role", r.told)
}

// A state with more than this is too much to tell after every step.
const (
	toldKeysMax  = 200
	toldBytesMax = 256 << 10
)

func (r *replica) tellState() {
	if !r.copy.changed {
		return
	}
	r.copy.changed = false
	state := Body{"executed": r.copy.executed}
	if len(r.copy.store) <= toldKeysMax && r.copy.bytes <= toldBytesMax {
		state["store"] = r.copy.asObject()
	}
	if len(r.copy.table.rows) <= toldKeysMax && r.copy.table.bytes() <= toldBytesMax {
		state["table"] = r.copy.table.inOrder()
	}
	r.node.Report("state", Body{"state": state})
}

// ---- views

func (r *replica) onPingTimer() {
	r.ping()
	r.node.Timer("ping", r.settings.PingIntervalMs, r.onPingTimer)
}

// ping tells the view server that this server lives. A primary's ping with the present viewnum is the ack of the view.
func (r *replica) ping() {
	initialised := []member{}
	if r.role == primary && r.pinged == r.view.Viewnum {
		for _, l := range r.links {
			initialised = append(initialised, member{l.name, l.incarnation})
		}
	}
	r.node.Send(r.viewServer, ping{"ping", r.pinged, r.incarnation(), initialised})
}

// onSuperseded ends this process: a later incarnation of this name runs, and two would act as one server.
func (r *replica) onSuperseded(message *Message) error {
	var said struct{ ToIncarnation, Incarnation int64 }
	if err := message.Read(&said); err != nil {
		return err
	}
	if said.ToIncarnation == r.incarnation() && said.Incarnation > r.incarnation() {
		r.node.Exit()
	}
	return nil
}

// onViewReply adopts later views only, and only from the view server.
// A view of the past would bring a deposed primary back.
func (r *replica) onViewReply(message *Message) error {
	var said viewReply
	if err := message.Read(&said); err != nil {
		return err
	}
	isForMe := message.Src == r.viewServer && said.ToIncarnation == r.incarnation()
	if isForMe && said.View.Viewnum > r.view.Viewnum {
		r.adopt(said.View)
	}
	return nil
}

func (r *replica) adopt(next view) {
	wasPrimary := r.role == primary
	r.view = next
	r.forget()
	role := r.roleIn(next)
	if role == primary {
		if !wasPrimary {
			r.primarySince = next.Viewnum
		}
		r.startView()
		return
	}
	if wasPrimary {
		r.refuseWhatWaits()
	}
	r.setRole(role, false)
	r.ackView()
}

// roleIn asks for the incarnation of a primary, because a restarted one has no data.
// A restarted backup is a backup all the same: the primary gives it the state again.
func (r *replica) roleIn(next view) string {
	if next.Primary != nil && *next.Primary == (member{r.node.ID, r.incarnation()}) {
		return primary
	}
	for _, b := range next.Backups {
		if b.Name == r.node.ID {
			return backup
		}
	}
	return idle
}

// forget drops what belongs to one view only: links, chunks, and forwards ahead of their turn.
func (r *replica) forget() {
	for _, l := range r.links {
		r.node.Cancel(l.timer())
	}
	r.links, r.chunks = nil, nil
	r.ahead = map[int64]forward{}
	r.half, r.chunksInAll = map[int]stateTransfer{}, 0
}

// startView begins the transfers. Until they are acked, a primary executes, forwards and answers nothing.
func (r *replica) startView() {
	r.setRole(primary, false)
	r.keepUnexecuted()
	for _, b := range r.view.Backups {
		r.links = append(r.links, &link{name: b.Name, incarnation: b.Incarnation, waits: 1})
	}
	r.chunks = r.copy.chunks(r.settings.TransferChunkBytes)
	for _, l := range r.links {
		r.beginTransfer(l)
	}
	r.serveIfAllHaveIt()
}

func (r *replica) serveIfAllHaveIt() {
	for _, l := range r.links {
		if l.transfer != nil {
			return
		}
	}
	r.serve()
}

// serve acks the view, forwards again what was in flight, and takes the requests that waited.
func (r *replica) serve() {
	r.chunks = nil
	r.setRole(primary, true)
	r.ackView()
	for _, l := range r.links {
		for seq := r.done + 1; seq <= r.lastSeq(); seq++ {
			r.sendForward(l, seq)
		}
		r.watch(l)
	}
	r.finishDone()
	waiting := r.waiting
	r.waiting = nil
	for _, p := range waiting {
		r.takeRequest(p)
	}
}

// ackView pings at once with the viewnum of the view, so that the view server need not wait for the timer.
func (r *replica) ackView() {
	r.pinged = r.view.Viewnum
	r.ping()
}

// refuseWhatWaits: a deposed primary cannot know whether a backup has executed what it forwarded, and says so.
func (r *replica) refuseWhatWaits() {
	r.keepUnexecuted()
	for _, p := range append(r.log, r.waiting...) {
		r.refuse(p, "deposed")
	}
	r.log, r.waiting, r.inFlight = nil, nil, map[string]*pending{}
}

// ---- requests

func (r *replica) onRequest(message *Message) error {
	var asked request
	if err := message.Read(&asked); err != nil {
		return err
	}
	from := sender{message.Src, asked.Viewnum}
	p := &pending{asked.requestID, asked.Operation, []sender{from}}
	switch {
	case asked.Viewnum > r.view.Viewnum:
		r.sayNotYet(message.Src, asked.requestID)
	case r.role != primary:
		r.refuse(p, "not-primary")
	case !r.serving:
		r.wait(p)
	default:
		r.takeRequest(p)
	}
	return nil
}

// sayNotYet answers a message of a later view, and asks the view server for that view.
func (r *replica) sayNotYet(to string, id requestID) {
	r.node.Send(to, notYet{"not-yet", r.view.Viewnum, id})
	r.ping()
}

// wait keeps a request until the view has started: one for each client, the newest.
func (r *replica) wait(p *pending) {
	if r.joinInFlight(p) {
		return
	}
	for at, other := range r.waiting {
		if other.ClientID != p.ClientID {
			continue
		}
		if other.RequestID == p.RequestID {
			other.add(p.senders)
		} else if other.RequestID < p.RequestID {
			r.waiting[at] = p
		}
		return
	}
	if len(r.waiting) >= r.settings.WaitingRequestsMax {
		r.refuse(p, "busy")
		return
	}
	r.waiting = append(r.waiting, p)
}

// joinInFlight is true if the log has this request already, or a later one of its client: then this is an old copy.
func (r *replica) joinInFlight(p *pending) bool {
	other := r.inFlight[p.ClientID]
	if other == nil || other.RequestID < p.RequestID {
		return false
	}
	if other.RequestID == p.RequestID {
		other.add(p.senders)
	}
	return true
}

func (r *replica) takeRequest(p *pending) {
	if known := r.copy.table.rows[p.ClientID]; known != nil && known.RequestID >= p.RequestID {
		if known.RequestID == p.RequestID {
			r.answer(p, *known, true)
		}
		return
	}
	switch {
	case r.joinInFlight(p):
	case !r.wasPrimaryFor(p):
		r.refuse(p, "not-primary")
	case r.isAsynchronous() && p.operation.Type == "get":
		r.readHere(p)
	case len(r.log) >= r.settings.InFlightMax:
		r.refuse(p, "busy")
	default:
		r.forwardToAll(p)
	}
}

// wasPrimaryFor: with another primary between, the client may have been told already that this request failed.
func (r *replica) wasPrimaryFor(p *pending) bool {
	for _, s := range p.senders {
		if s.viewnum >= r.primarySince {
			return true
		}
	}
	return false
}

func (r *replica) isAsynchronous() bool { return r.settings.Replication == "asynchronous" }

// readHere answers a read without the backups. It has no sequence number, and no row in the table.
func (r *replica) readHere(p *pending) {
	local := row{requestID: p.requestID, Result: r.copy.apply(p.operation), Viewnum: r.view.Viewnum}
	r.answer(p, local, false)
}

// forwardToAll gives the operation its sequence number.
// Reads are forwarded too, so that a primary that was replaced without knowing it cannot answer them.
func (r *replica) forwardToAll(p *pending) {
	r.log = append(r.log, p)
	seq := r.lastSeq()
	if r.isAsynchronous() {
		r.executeAndAnswer(seq, p)
	} else {
		r.inFlight[p.ClientID] = p
	}
	for _, l := range r.links {
		r.sendForward(l, seq)
		r.watch(l)
	}
	r.finishDone()
}

func (r *replica) lastSeq() int64 { return r.done + int64(len(r.log)) }

// doneByAll is the number up to which every backup has executed. Without a backup that is everything.
func (r *replica) doneByAll() int64 {
	least := r.lastSeq()
	for _, l := range r.links {
		if l.executed < least {
			least = l.executed
		}
	}
	return least
}

// finishDone executes and answers, in order, what every backup has executed.
func (r *replica) finishDone() {
	for least := r.doneByAll(); r.done < least; {
		p := r.log[0]
		r.log = r.log[1:]
		r.done++
		if r.inFlight[p.ClientID] == p {
			delete(r.inFlight, p.ClientID)
		}
		if r.done > r.copy.executed {
			r.executeAndAnswer(r.done, p)
		}
	}
}

func (r *replica) executeAndAnswer(seq int64, p *pending) {
	if known, replayed := r.copy.execute(seq, r.view.Viewnum, p.requestID, p.operation); known != nil {
		r.answer(p, *known, replayed)
	}
}

// keepUnexecuted leaves in the log what the copy has not executed. The rest is part of the transferred state.
func (r *replica) keepUnexecuted() {
	for len(r.log) > 0 && r.done < r.copy.executed {
		r.log = r.log[1:]
		r.done++
	}
	r.done = r.copy.executed
	r.inFlight = map[string]*pending{}
	for _, p := range r.log {
		r.inFlight[p.ClientID] = p
	}
}

func (r *replica) answer(p *pending, known row, replayed bool) {
	for _, s := range p.senders {
		r.node.Send(s.name, reply{"reply", p.requestID, r.view.Viewnum, known.Seq, replayed, known.Viewnum, known.Result})
	}
}

func (r *replica) refuse(p *pending, reason string) {
	for _, s := range p.senders {
		r.node.Send(s.name, rejected{"rejected", p.requestID, reason, s.viewnum, r.view.Viewnum})
	}
}

// add remembers who sent the request again. Each is answered once: the first, and the newest.
func (p *pending) add(senders []sender) {
	for _, s := range senders {
		if s.name == p.senders[0].name {
			p.senders[0] = s
			continue
		}
		newest := []sender{}
		for _, other := range p.senders[1:] {
			if other.name != s.name {
				newest = append(newest, other)
			}
		}
		newest = append(newest, s)
		if len(newest) > newestSenders {
			newest = newest[1:]
		}
		p.senders = append(p.senders[:1], newest...)
	}
}

// ---- forwards

func (r *replica) sendForward(l *link, seq int64) {
	p := r.log[seq-r.done-1]
	r.node.Send(l.name, forward{r.header("forward", l.incarnation), seq, p.requestID, p.operation})
}

// isFromMyPrimary: a backup listens to the primary of its own view only, in its present incarnation and its own.
func (r *replica) isFromMyPrimary(src string, head between) bool {
	from := member{src, head.FromIncarnation}
	return r.role == backup && head.Viewnum == r.view.Viewnum && *r.view.Primary == from &&
		head.ToIncarnation == r.incarnation()
}

func (r *replica) onForward(message *Message) error {
	var got forward
	if err := message.Read(&got); err != nil {
		return err
	}
	if got.Viewnum > r.view.Viewnum && got.ToIncarnation == r.incarnation() {
		r.sayNotYet(message.Src, requestID{})
		return nil
	}
	if !r.isFromMyPrimary(message.Src, got.between) || !r.serving {
		return nil
	}
	if got.Seq > r.copy.executed+1 {
		if len(r.ahead) < r.settings.InFlightMax {
			r.ahead[got.Seq] = got
		}
		return nil
	}
	r.executeInOrder(got)
	// A forward that was executed before is acked again: perhaps the first ack was lost.
	r.node.Send(message.Src, forwardAck{r.header("forward-ack", got.FromIncarnation), r.copy.executed})
	return nil
}

// executeInOrder executes this forward if it is the next, and then those that were ahead of their turn.
func (r *replica) executeInOrder(next forward) {
	for found := next.Seq == r.copy.executed+1; found; next, found = r.ahead[r.copy.executed+1] {
		delete(r.ahead, next.Seq)
		r.copy.execute(next.Seq, next.Viewnum, next.requestID, next.Operation)
	}
}

// linkOf finds the backup that a message came from. Messages of an earlier view or incarnation belong to no link.
func (r *replica) linkOf(src string, head between) *link {
	if r.role != primary || head.Viewnum != r.view.Viewnum || head.ToIncarnation != r.incarnation() {
		return nil
	}
	for _, l := range r.links {
		if l.name == src {
			return l
		}
	}
	return nil
}

func (r *replica) onForwardAck(message *Message) error {
	var got forwardAck
	if err := message.Read(&got); err != nil {
		return err
	}
	l := r.linkOf(message.Src, got.between)
	isNews := l != nil && l.incarnation == got.FromIncarnation && l.transfer == nil &&
		got.Executed > l.executed && got.Executed <= r.lastSeq()
	if !isNews {
		return nil
	}
	l.executed = got.Executed
	if l.executed >= l.batchEnd && l.batchEnd < l.retryEnd {
		r.sendBatch(l)
	}
	r.progress(l)
	r.finishDone()
	return nil
}

// ---- transfers

// transfer is what a primary knows of a transfer that is under way: how many chunks were sent, and which were acked.
type transfer struct {
	sent  int
	acked map[int]bool
	// oldest is the first chunk that is not acked, and highest the last that is.
	oldest, highest int
	// sentBefore: chunks below it were sent when the timer was armed, so at its end they have waited the whole time.
	sentBefore int
	// waited: the timer ended once without a result, and perhaps the link is only slow.
	waited bool
}

func (r *replica) beginTransfer(l *link) {
	l.executed = r.copy.executed
	l.transfer = &transfer{acked: map[int]bool{}, highest: -1}
	r.sendChunks(l)
	r.rearm(l)
}

// sendChunks sends as many chunks as the window has room for.
func (r *replica) sendChunks(l *link) {
	t := l.transfer
	for t.sent < len(r.chunks) && t.sent-len(t.acked) < r.settings.TransferWindow {
		r.sendChunk(l, t.sent)
		t.sent++
	}
}

func (r *replica) sendChunk(l *link, number int) {
	chunk := r.chunks[number]
	chunk.between = r.header("state-transfer", l.incarnation)
	r.node.Send(l.name, chunk)
}

// unacked lists the chunks that were sent and not acked, the oldest first.
func (t *transfer) unacked() []int {
	numbers := []int{}
	for number := t.oldest; number < t.sent; number++ {
		if !t.acked[number] {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

func (r *replica) onStateTransferAck(message *Message) error {
	var got stateTransferAck
	if err := message.Read(&got); err != nil {
		return err
	}
	l := r.linkOf(message.Src, got.between)
	if l == nil || l.transfer == nil || l.incarnation != got.FromIncarnation {
		return nil
	}
	if got.Installed {
		l.transfer = nil
		r.progress(l)
		r.serveIfAllHaveIt()
		return nil
	}
	r.markChunk(l, got.Chunk)
	return nil
}

func (r *replica) markChunk(l *link, number int) {
	t := l.transfer
	if number >= t.sent || t.acked[number] {
		return
	}
	wasOldest := number == t.oldest
	t.acked[number] = true
	t.waited = false
	if number > t.highest {
		t.highest = number
	}
	for t.acked[t.oldest] {
		t.oldest++
	}
	r.sendChunks(l)
	if wasOldest {
		r.progress(l)
	} else {
		l.waits, l.wasLost = 1, false
	}
}

// onRestarted: the backup came back empty while this view starts. It gets everything again.
func (r *replica) onRestarted(message *Message) error {
	var got between
	if err := message.Read(&got); err != nil {
		return err
	}
	l := r.linkOf(message.Src, got)
	if l == nil || r.serving || got.FromIncarnation <= l.incarnation {
		return nil
	}
	l.incarnation, l.waits = got.FromIncarnation, 1
	r.beginTransfer(l)
	return nil
}

func (r *replica) onStateTransfer(message *Message) error {
	var got stateTransfer
	if err := message.Read(&got); err != nil {
		return err
	}
	mine := got.between
	mine.ToIncarnation = r.incarnation()
	switch {
	case got.Viewnum > r.view.Viewnum:
		r.sayNotYet(message.Src, requestID{})
	case !r.isFromMyPrimary(message.Src, mine):
	case got.ToIncarnation < r.incarnation():
		r.node.Send(message.Src, r.header("restarted", got.FromIncarnation))
	case got.ToIncarnation > r.incarnation():
	case r.serving:
		// Operations were executed since. Installing again would lose them.
		r.ackChunk(message.Src, got)
	default:
		r.takeChunk(message.Src, got)
	}
	return nil
}

func (r *replica) ackChunk(to string, got stateTransfer) {
	r.node.Send(to, stateTransferAck{r.header("state-transfer-ack", got.FromIncarnation), got.Chunk, r.serving})
}

// takeChunk builds the new state beside the old one. Half a transfer is never installed.
func (r *replica) takeChunk(src string, got stateTransfer) {
	r.half[got.Chunk] = got
	if got.Last {
		r.chunksInAll = got.Chunk + 1
	}
	if len(r.half) == r.chunksInAll {
		next, ok := r.assemble()
		r.half, r.chunksInAll = map[int]stateTransfer{}, 0
		if !ok {
			// Without an ack the primary sends again.
			r.node.Report("note", Body{"text": "the transferred state differs from its digest"})
			return
		}
		r.install(src, next)
	}
	r.ackChunk(src, got)
}

// assemble puts the chunks together, in whatever order they came. It is false if they differ from the digest.
func (r *replica) assemble() (*replicated, bool) {
	next := newReplicated(r.settings.TableClientsMax)
	rows := []row{}
	for number := 0; number < len(r.half); number++ {
		for _, e := range r.half[number].Entries {
			next.put(e.Key, e.Value)
		}
		rows = append(rows, r.half[number].Rows...)
	}
	sort.Slice(rows, func(a, b int) bool { return rows[a].Seq < rows[b].Seq })
	for at := range rows {
		next.table.put(&rows[at])
	}
	last := r.half[len(r.half)-1]
	next.executed = last.Executed
	return next, last.Digest == nil || *last.Digest == next.digest()
}

func (r *replica) install(from string, next *replicated) {
	r.copy = next
	r.node.Report("transfer_installed", Body{
		"from": from, "viewnum": r.view.Viewnum, "executed": next.executed, "keys": len(next.store),
	})
	r.setRole(backup, true)
}

// ---- sending again

// link is what a primary knows of one backup.
type link struct {
	name string
	// incarnation is the life that was initialised, or is being initialised.
	incarnation int64
	executed    int64
	// transfer is nil when the backup has the state.
	transfer *transfer
	armed    bool
	// waits is how many times retryMs the next wait lasts.
	waits int64
	// A retry sends forwards in batches: batchEnd is the last of the present one, retryEnd the last of all.
	batchEnd, retryEnd int64
	// wasLost: the connection ended, everything was sent again, and nothing was acked since.
	wasLost bool
}

func (l *link) timer() string { return "retry:" + l.name }

// isWaiting is true while something that was sent to the backup is not acked. Nothing is forwarded before serving.
func (r *replica) isWaiting(l *link) bool {
	return l.transfer != nil || r.serving && l.executed < r.lastSeq()
}

// watch arms the timer if something is unacked and it is not armed yet.
func (r *replica) watch(l *link) {
	if r.isWaiting(l) && !l.armed {
		r.rearm(l)
	}
}

// progress: the oldest unacked message was acked, so the wait begins anew for the next.
func (r *replica) progress(l *link) {
	l.waits, l.wasLost = 1, false
	if r.isWaiting(l) {
		r.rearm(l)
		return
	}
	l.armed = false
	r.node.Cancel(l.timer())
}

func (r *replica) rearm(l *link) {
	l.armed = true
	if l.transfer != nil {
		l.transfer.sentBefore = l.transfer.sent
	}
	r.node.Timer(l.timer(), l.waits*r.settings.RetryMs, func() { r.onRetry(l) })
}

func (r *replica) onRetry(l *link) {
	if l.waits *= 2; l.waits > longestWait {
		l.waits = longestWait
	}
	if l.transfer != nil {
		r.retryChunks(l)
	} else {
		r.retryForwards(l)
	}
	r.rearm(l)
}

// retryForwards sends again what is unacked, in batches: a backup that is only slow must not be buried.
func (r *replica) retryForwards(l *link) {
	l.retryEnd = r.lastSeq()
	r.sendBatch(l)
}

func (r *replica) sendBatch(l *link) {
	l.batchEnd = l.executed + forwardsInRetry
	if l.batchEnd > l.retryEnd {
		l.batchEnd = l.retryEnd
	}
	for seq := l.executed + 1; seq <= l.batchEnd; seq++ {
		r.sendForward(l, seq)
	}
}

// retryChunks sends again what is surely lost, and at the second time also the oldest that may only be late.
func (r *replica) retryChunks(l *link) {
	t := l.transfer
	unacked := t.unacked()
	if len(unacked) == 0 {
		// The backup has every chunk and installed nothing: its state differed from the digest.
		r.beginTransfer(l)
		return
	}
	isLost := false
	for _, number := range unacked {
		// If none was ever acked, the backup may have been in another view.
		if number < t.sentBefore && (number < t.highest || t.highest < 0) {
			r.sendChunk(l, number)
			isLost = true
		}
	}
	if !isLost && t.waited {
		r.sendChunk(l, unacked[0])
	}
	t.waited = true
}

// onPeerLost: what a connection carried is lost when it ends. It is sent again at once, but only once.
func (r *replica) onPeerLost(message *Message) error {
	peer, _ := message.Body()["peer"].(string)
	for _, l := range r.links {
		if l.name != peer || l.wasLost || !r.isWaiting(l) {
			continue
		}
		l.wasLost = true
		if l.transfer == nil {
			r.retryForwards(l)
		} else {
			for _, number := range l.transfer.unacked() {
				r.sendChunk(l, number)
			}
		}
		r.rearm(l)
	}
	return nil
}

// ---- the copy

// replicated is what every server has a copy of: the store, the at-most-once table, and how far it has executed.
type replicated struct {
	executed int64
	store    map[text]text
	table    *table
	bytes    int
	// changed since it was last told. A new one was never told.
	changed bool
}

// valueBytesMax is the longest value that an append may make. It must be the same on every copy.
const valueBytesMax = 8 << 20

func newReplicated(clientsMax int) *replicated {
	empty := &table{rows: map[string]*row{}, max: clientsMax}
	return &replicated{store: map[text]text{}, table: empty, changed: true}
}

// execute consults the table first: an operation that was executed is not executed again. A row of nil has no answer.
func (c *replicated) execute(seq, viewnum int64, id requestID, op operation) (known *row, replayed bool) {
	c.executed = seq
	c.changed = true
	known = c.table.rows[id.ClientID]
	if known != nil && known.RequestID == id.RequestID {
		return known, true
	}
	if known != nil && known.RequestID > id.RequestID {
		return nil, false
	}
	known = &row{id, c.apply(op), seq, viewnum}
	c.table.put(known)
	return known, false
}

func (c *replicated) apply(op operation) result {
	old, exists := c.store[op.Key]
	switch op.Type {
	case "get":
		return valueOf(old, exists)
	case "put":
		c.put(op.Key, op.Value)
	case "append":
		if len(old)+len(op.Value) > valueBytesMax {
			return result{Type: "too-large"}
		}
		c.put(op.Key, old+op.Value)
	case "delete":
		if !exists {
			return result{Type: "missing"}
		}
		c.bytes -= len(op.Key) + len(old)
		delete(c.store, op.Key)
	case "cas":
		return c.compareAndSwap(op, old, exists)
	}
	return result{Type: "done"}
}

func valueOf(value text, exists bool) result {
	if !exists {
		return result{Type: "missing"}
	}
	return result{Type: "value", Value: &value}
}

// compareAndSwap: an expected value of null asks for a missing key, which an empty value is not.
func (c *replicated) compareAndSwap(op operation, old text, exists bool) result {
	if exists != (op.Expected != nil) || exists && old != *op.Expected {
		if !exists {
			return result{Type: "mismatch"}
		}
		return result{Type: "mismatch", Actual: &old}
	}
	c.put(op.Key, op.Value)
	return result{Type: "done"}
}

func (c *replicated) put(key, value text) {
	if old, exists := c.store[key]; exists {
		c.bytes -= len(key) + len(old)
	}
	c.bytes += len(key) + len(value)
	c.store[key] = value
}

// chunks cuts the whole state into parts of about so many bytes. The last one carries the digest.
func (c *replicated) chunks(bytes int) []stateTransfer {
	chunks := []stateTransfer{c.emptyChunk(0)}
	size := 0
	// room returns the chunk that the next part of the state goes into.
	room := func(more int) *stateTransfer {
		if size > 0 && size+more > bytes {
			chunks = append(chunks, c.emptyChunk(len(chunks)))
			size = 0
		}
		size += more
		return &chunks[len(chunks)-1]
	}
	for _, key := range c.sortedKeys() {
		chunk := room(len(key) + len(c.store[key]))
		chunk.Entries = append(chunk.Entries, entry{key, c.store[key]})
	}
	for _, known := range c.table.inOrder() {
		chunk := room(len(known.ClientID) + known.Result.size())
		chunk.Rows = append(chunk.Rows, *known)
	}
	last := &chunks[len(chunks)-1]
	digest := c.digest()
	last.Last, last.Digest = true, &digest
	return chunks
}

// asObject writes the keys as a line has them. Go does that for values of its own accord, but not for keys of a map.
func (c *replicated) asObject() Body {
	object := Body{}
	for key, value := range c.store {
		object[key.line()] = value
	}
	return object
}

func (c *replicated) emptyChunk(number int) stateTransfer {
	return stateTransfer{Chunk: number, Executed: c.executed, Entries: []entry{}, Rows: []row{}}
}

// sortedKeys: a map of Go has another order each time, and the same run again should send the same chunks.
func (c *replicated) sortedKeys() []text {
	keys := make([]text, 0, len(c.store))
	for key := range c.store {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(a, b int) bool { return keys[a] < keys[b] })
	return keys
}

// table is the at-most-once table: the last operation of each client that executed most recently.
type table struct {
	rows map[string]*row
	max  int
	// order has the rows by sequence number. A row that its client has replaced since stays there until it is first.
	order []*row
}

// put adds the row of an execution. The client that executed longest ago leaves, and so it does on every copy.
func (t *table) put(next *row) {
	t.rows[next.ClientID] = next
	t.order = append(t.order, next)
	for len(t.rows) > t.max {
		delete(t.rows, t.first().ClientID)
	}
	// Otherwise one busy client would make the order grow for ever.
	if len(t.order) > 2*len(t.rows)+16 {
		t.order = t.inOrder()
	}
}

// first drops replaced rows, and returns the oldest that counts.
func (t *table) first() *row {
	for !t.isCurrent(t.order[0]) {
		t.order = t.order[1:]
	}
	return t.order[0]
}

func (t *table) isCurrent(r *row) bool { return t.rows[r.ClientID] == r }

func (t *table) inOrder() []*row {
	current := make([]*row, 0, len(t.rows))
	for _, r := range t.order {
		if t.isCurrent(r) {
			current = append(current, r)
		}
	}
	return current
}

// bytes counts what the results in the table carry.
func (t *table) bytes() int {
	sum := 0
	for _, known := range t.rows {
		sum += known.Result.size()
	}
	return sum
}

// ---- the digest of a state

type digest struct {
	Keys int    `json:"keys"`
	Rows int    `json:"rows"`
	Hash uint32 `json:"hash"`
}

// The numbers of results, as the digest takes them in.
var resultNumbers = map[string]uint32{"done": 1, "value": 2, "missing": 3, "mismatch": 4, "too-large": 5}

// digest sums one hash for each key and each row, so the order of keys does not count, and the order of rows does.
func (c *replicated) digest() digest {
	sum := uint32(0)
	for key, value := range c.store {
		sum += finish(fold(fnv(string(key)), string(value)), len(value))
	}
	before := int64(0)
	for _, known := range c.table.inOrder() {
		sum += hashOfRow(known, before)
		before = known.Seq
	}
	return digest{len(c.store), len(c.table.rows), sum}
}

func hashOfRow(known *row, seqBefore int64) uint32 {
	hash := hashNumber(hashNumber(fnv(known.ClientID), known.RequestID), known.Seq)
	hash = hashNumber(hashWord(hash, uint32(known.Viewnum)), seqBefore)
	hash = hashWord(hash, resultNumbers[known.Result.Type])
	carried := known.Result.carried()
	if carried == nil {
		return finish(hash, 0)
	}
	return finish(fold(hash, string(*carried)), len(*carried))
}

// carried is the value of a result, or nil.
func (res result) carried() *text {
	if res.Value != nil {
		return res.Value
	}
	return res.Actual
}

func (res result) size() int {
	if carried := res.carried(); carried != nil {
		return len(*carried)
	}
	return 0
}

func fnv(data string) uint32 {
	hash := uint32(0x811c9dc5)
	for at := 0; at < len(data); at++ {
		hash = (hash ^ uint32(data[at])) * 0x01000193
	}
	return hash
}

func hashWord(hash, value uint32) uint32 {
	hash = (hash ^ value) * 0x01000193
	return hash<<13 | hash>>19
}

func hashNumber(hash uint32, value int64) uint32 {
	return hashWord(hashWord(hash, uint32(value)), uint32(value>>32))
}

// fold takes four bytes at a time, the lowest first.
func fold(hash uint32, data string) uint32 {
	for at := 0; at < len(data); at += 4 {
		word := uint32(0)
		for i := 0; i < 4 && at+i < len(data); i++ {
			word |= uint32(data[at+i]) << (8 * i)
		}
		hash = hashWord(hash, word)
	}
	return hash
}

func finish(hash uint32, length int) uint32 {
	hash ^= uint32(length)
	hash = (hash ^ hash>>16) * 0x85ebca6b
	hash = (hash ^ hash>>13) * 0xc2b2ae35
	return hash ^ hash>>16
}

// ---- bytes

// text is a key or a value: bytes. A line has them as text, or after "base64:" if text cannot hold them.
type text string

const base64Mark = "base64:"

func (t text) MarshalText() ([]byte, error) { return []byte(t.line()), nil }

func (t text) line() string {
	if t.isPlain() {
		return string(t)
	}
	return base64Mark + base64.StdEncoding.EncodeToString([]byte(t))
}

func (t *text) UnmarshalText(line []byte) error {
	*t = text(line)
	if !strings.HasPrefix(string(line), base64Mark) {
		return nil
	}
	decoded, err := base64.StdEncoding.DecodeString(string(line[len(base64Mark):]))
	*t = text(decoded)
	return err
}

// isPlain is false also for a text that begins with the mark itself, or it would be taken for base64.
func (t text) isPlain() bool {
	if !utf8.ValidString(string(t)) || strings.HasPrefix(string(t), base64Mark) {
		return false
	}
	for _, char := range t {
		if unicode.IsControl(char) && !strings.ContainsRune("\t\n\r", char) {
			return false
		}
	}
	return true
}
