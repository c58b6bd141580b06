// The view server of Understudy's protocol: it decides who is primary and who are backups. docs/protocol.md says how.
//
//	go build -o view_server view_server.go node.go
//	understudy run scenarios/ --program "view-server=./view_server"
//
// A server is a name and an incarnation: the same name with a later incarnation has lost its memory.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

type member struct {
	Name        string `json:"name"`
	Incarnation int64  `json:"incarnation"`
}

type view struct {
	Viewnum int64    `json:"viewnum"`
	Primary *member  `json:"primary"`
	Backups []member `json:"backups"`
}

type ping struct {
	Viewnum     int64 `json:"viewnum"`
	Incarnation int64 `json:"incarnation"`
	// Initialised lists the backups that a primary has given its state. It is nil if the ping has no such list.
	Initialised *[]member `json:"initialised"`
}

// server is the present life of a name.
type server struct {
	member
	// missed counts the checks in a row that no ping came before; pinged is true if one came since the last check.
	missed int
	pinged bool
}

// departed is a member that leaves its view, with the reason.
type departed struct {
	Server  string `json:"server"`
	Because string `json:"because"`
}

type settings struct {
	PingCheckIntervalMs int64 `json:"pingCheckIntervalMs"`
	DeadPings           int   `json:"deadPings"`
	BackupsWanted       int   `json:"backupsWanted"`
	NewCluster          bool  `json:"newCluster"`
}

type viewServer struct {
	node     *Node
	settings settings
	// servers is in the order of their first pings.
	servers []*server

	// current is the last view that was made, acked the last one whose ack came.
	current, acked view
	// initialised has the lives in which the backups have the state, by name: those of the view, until its ack lists them.
	initialised map[string]int64
	// listening counts the checks for which a restarted view server makes no view.
	listening int
	// historyLost: a ping had the number of a view that this process did not make.
	historyLost bool

	pings, getViews, queries int64
	// told is the state that the lab knows.
	told Body
}

func main() {
	vs := &viewServer{node: NewNode(Options{Steps: true, Timers: true, Reports: true}), current: noView(), acked: noView()}
	vs.node.On("init", vs.start)
	vs.node.On("ping", vs.onPing)
	vs.node.On("get-view", vs.onGetView)
	vs.node.On("query", vs.onQuery)
	vs.node.Run()
}

func noView() view { return view{Backups: []member{}} }

func (vs *viewServer) start(*Message) error {
	lab := vs.node.Lab
	if lab == nil {
		fmt.Fprintln(os.Stderr, "a view server needs the lab's settings")
		os.Exit(1)
	}
	if err := json.Unmarshal(lab.Settings, &vs.settings); err != nil {
		return err
	}
	// One that may have made views in an earlier life does not know them, so it listens first.
	if lab.Incarnation > 1 || !vs.settings.NewCluster {
		vs.listening = vs.settings.DeadPings
	}
	vs.checkLater()
	return nil
}

// ---- what comes in

func (vs *viewServer) onPing(message *Message) error {
	var got ping
	if err := message.Read(&got); err != nil {
		return err
	}
	vs.pings++
	known := vs.find(message.Src)
	if known != nil && known.Incarnation > got.Incarnation {
		// A process of an earlier life still runs. Its ping keeps nobody alive.
		vs.node.Send(message.Src, Body{
			"type": "superseded", "toIncarnation": got.Incarnation, "incarnation": known.Incarnation,
		})
		return nil
	}
	if known == nil || known.Incarnation < got.Incarnation {
		known = vs.newLife(member{message.Src, got.Incarnation})
	}
	known.missed, known.pinged = 0, true
	if got.Viewnum > vs.current.Viewnum {
		vs.historyLost = true
	}
	vs.takeAck(known, got)
	told := vs.changeView()
	if !told[message.Src] {
		vs.tell(known)
	}
	vs.tellState()
	return nil
}

// onGetView gives a client the last acked view. The primary of another one may not answer yet.
func (vs *viewServer) onGetView(message *Message) error {
	vs.getViews++
	return vs.node.Send(message.Src, Body{"type": "view-reply", "view": vs.acked, "toIncarnation": 0})
}

func (vs *viewServer) onQuery(message *Message) error {
	vs.queries++
	return vs.node.Send(message.Src, Body{
		"type": "query-reply", "current": vs.current, "acked": vs.acked, "historyLost": vs.historyLost,
		"pings": vs.pings, "getViews": vs.getViews, "queries": vs.queries,
	})
}

func (vs *viewServer) checkLater() {
	vs.node.Timer("ping-check", vs.settings.PingCheckIntervalMs, vs.onCheck)
}

func (vs *viewServer) onCheck() {
	for _, s := range vs.servers {
		if !s.pinged {
			s.missed++
		}
		s.pinged = false
	}
	if vs.listening > 0 {
		vs.listening--
	}
	vs.changeView()
	vs.tellState()
	vs.checkLater()
}

// ---- servers

func (vs *viewServer) find(name string) *server {
	for _, s := range vs.servers {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// newLife puts a server that is new, or came back empty, behind those that have waited longer.
func (vs *viewServer) newLife(life member) *server {
	others := []*server{}
	for _, s := range vs.servers {
		if s.Name != life.Name {
			others = append(others, s)
		}
	}
	born := &server{member: life}
	vs.servers = append(others, born)
	return born
}

func (vs *viewServer) isAlive(s *server) bool { return s != nil && s.missed < vs.settings.DeadPings }

// isAliveAs: a member counts only in the life that has the data.
func (vs *viewServer) isAliveAs(life member) bool {
	s := vs.find(life.Name)
	return vs.isAlive(s) && s.Incarnation == life.Incarnation
}

// lifeOf is the life in which a backup of the current view was initialised. It may be later than the view's own.
func (vs *viewServer) lifeOf(b member) member { return member{b.Name, vs.initialised[b.Name]} }

// ---- views

// takeAck takes the primary's first ping with the current viewnum: all backups have its state.
func (vs *viewServer) takeAck(from *server, got ping) {
	isAck := vs.current.Primary != nil && *vs.current.Primary == from.member && got.Viewnum == vs.current.Viewnum
	if !isAck || vs.isAcked() {
		return
	}
	vs.acked = vs.current
	if got.Initialised != nil {
		vs.initialised = livesOf(*got.Initialised)
	}
	vs.node.Report("view_acked", Body{"view": vs.current})
}

func livesOf(members []member) map[string]int64 {
	lives := map[string]int64{}
	for _, m := range members {
		lives[m.Name] = m.Incarnation
	}
	return lives
}

func (vs *viewServer) isAcked() bool { return vs.current.Viewnum == vs.acked.Viewnum }

// changeView makes the next view if it is due, and returns whom it told.
func (vs *viewServer) changeView() map[string]bool {
	if vs.listening > 0 || vs.historyLost {
		return nil
	}
	if vs.current.Viewnum == 0 {
		return vs.makeFirst()
	}
	// Before the ack nobody knows whether the backups have the state, so nobody can be promoted.
	if !vs.isAcked() {
		return nil
	}
	return vs.makeNext()
}

// makeFirst: the first server that pinged, alone.
func (vs *viewServer) makeFirst() map[string]bool {
	for _, s := range vs.servers {
		if vs.isAlive(s) {
			return vs.announce(view{1, &member{s.Name, s.Incarnation}, []member{}}, "", Body{
				"type": "first-server", "server": s.Name,
			})
		}
	}
	return nil
}

// makeNext replaces the dead and recruits idle servers, all in one view. Without a change there is none.
func (vs *viewServer) makeNext() map[string]bool {
	backups, left := vs.liveBackups()
	next := view{Viewnum: vs.current.Viewnum + 1, Primary: vs.current.Primary}
	promoted := ""
	if !vs.isAliveAs(*next.Primary) {
		left = append([]departed{{next.Primary.Name, vs.whyDead(*next.Primary)}}, left...)
		if len(backups) == 0 {
			return nil // Only a live backup has the data.
		}
		next.Primary, backups = &backups[0], backups[1:]
		promoted = next.Primary.Name
	}
	next.Backups = append([]member{}, backups...)
	joined := vs.recruit(&next)
	if len(left) == 0 && len(joined) == 0 {
		return nil
	}
	return vs.announce(next, promoted, Body{"type": "change", "left": left, "promoted": promoted, "joined": joined})
}

// liveBackups returns the backups that live and have the state, in their order, and those that leave.
func (vs *viewServer) liveBackups() (live []member, left []departed) {
	left = []departed{}
	for _, b := range vs.current.Backups {
		life := vs.lifeOf(b)
		if vs.isAliveAs(life) {
			live = append(live, life)
		} else {
			left = append(left, departed{b.Name, vs.whyDead(life)})
		}
	}
	return live, left
}

func (vs *viewServer) whyDead(life member) string {
	s := vs.find(life.Name)
	switch {
	case life.Incarnation == 0:
		return "not-initialised"
	case s != nil && s.Incarnation != life.Incarnation:
		return "restarted"
	}
	return "missed-pings"
}

// recruit adds live idle servers, those first that pinged first, until there are as many backups as wanted.
func (vs *viewServer) recruit(next *view) []string {
	joined := []string{}
	for _, s := range vs.servers {
		if len(next.Backups) >= vs.settings.BackupsWanted {
			break
		}
		if vs.isAlive(s) && !next.has(s.Name) {
			next.Backups = append(next.Backups, s.member)
			joined = append(joined, s.Name)
		}
	}
	return joined
}

func (v *view) has(name string) bool {
	for _, m := range v.members() {
		if m.Name == name {
			return true
		}
	}
	return false
}

func (v *view) members() []member {
	if v.Primary == nil {
		return nil
	}
	return append([]member{*v.Primary}, v.Backups...)
}

// announce tells all servers of the old and of the new view.
// The promoted one is the last: its transfer follows at once, and its backups should know the view by then.
func (vs *viewServer) announce(next view, promoted string, cause Body) map[string]bool {
	told := map[string]bool{}
	everybody := append(vs.current.members(), next.members()...)
	vs.current, vs.initialised = next, livesOf(next.Backups)
	vs.node.Report("view_changed", Body{"view": next, "cause": cause})
	for _, m := range everybody {
		if !told[m.Name] && m.Name != promoted {
			vs.tell(vs.find(m.Name))
			told[m.Name] = true
		}
	}
	if promoted != "" {
		vs.tell(vs.find(promoted))
		told[promoted] = true
	}
	return told
}

func (vs *viewServer) tell(s *server) {
	vs.node.Send(s.Name, Body{"type": "view-reply", "view": vs.current, "toIncarnation": s.Incarnation})
}

// tellState tells the lab what this view server knows, if that has changed.
func (vs *viewServer) tellState() {
	dead := []string{}
	for _, s := range vs.servers {
		if !vs.isAlive(s) {
			dead = append(dead, s.Name)
		}
	}
	state := Body{
		"view": vs.current, "acked": vs.isAcked(), "dead": dead,
		"listening": vs.listening > 0, "historyLost": vs.historyLost,
	}
	if !reflect.DeepEqual(state, vs.told) {
		vs.told = state
		vs.node.Report("state", Body{"state": state})
	}
}
