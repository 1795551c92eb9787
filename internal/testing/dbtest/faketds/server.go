// Package faketds is a SQL Server for tests of faults: it speaks as much TDS as go-mssqldb needs, executes
// nothing, records what it is asked, and answers what the test tells it to: rows, errors by number, slowly,
// or by closing the connection at a chosen moment. Start with Start and Server.Handle.
//
// request.go decodes what the driver sends, reply.go encodes answers, wire.go has the packets.
package faketds

import (
	"bufio"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// Server is a fake SQL Server on the loopback interface.
type Server struct {
	t        testing.TB
	listener net.Listener
	done     chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	handle   func(Request) *Reply
	requests []Request
	conns    map[net.Conn]bool
	accepted int
}

// Start runs a server until the test ends. It lets everybody in and says that it has every table of the
// catalogue.
func Start(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, listener: l, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.running.Go(s.accept)
	t.Cleanup(s.Stop)
	return s
}

// URL is the address for db.Open, with the user imis and the password "s3cret".
func (s *Server) URL() string {
	return "sqlserver://imis:s3cret@" + s.listener.Addr().String() + "?database=imis&encrypt=disable"
}

// Handle lets fn answer; where it gives nil the standard answer is given: logins succeed, transactions
// begin and end, catalogue queries tell the catalogue, other statements touch one row and give none.
// fn is called by several connections at once.
func (s *Server) Handle(fn func(Request) *Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = fn
}

// Requests are all requests so far, in the order of their arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Kinds names the requests since the n-th, for comparisons: "begin statement commit".
func (s *Server) Kinds(since int) (kinds []Kind) {
	for _, r := range s.Requests()[since:] {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// HangUp closes all connections, as a server does that is restarted; new ones are accepted.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Stop closes the server and waits for its goroutines.
func (s *Server) Stop() {
	select {
	case <-s.done:
		return
	default:
	}
	close(s.done)
	s.listener.Close()
	s.HangUp()
	s.running.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.accepted++
		session := &session{server: s, conn: c, id: s.accepted, w: bufio.NewWriter(c), in: make(chan message)}
		s.conns[c] = true
		s.mu.Unlock()
		s.running.Go(session.read)
		s.running.Go(session.serve)
	}
}

// answer records the request and finds its reply.
func (s *Server) answer(r Request) *Reply {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	handle := s.handle
	s.mu.Unlock()
	if handle != nil {
		if reply := handle(r); reply != nil {
			return reply
		}
	}
	return standard(r)
}

// session is one connection.
type session struct {
	server *Server
	conn   net.Conn
	id     int
	w      *bufio.Writer
	in     chan message
}

// read passes messages on, beside serve, so that an attention is seen while an answer waits.
func (c *session) read() {
	defer close(c.in)
	r := bufio.NewReader(c.conn)
	for {
		m, err := readMessage(r)
		if err != nil {
			return
		}
		select {
		case c.in <- m:
		case <-c.server.done:
			return
		}
	}
}

var errHungUp = errors.New("hung up")

func (c *session) serve() {
	defer func() {
		c.conn.Close()
		c.server.mu.Lock()
		delete(c.server.conns, c.conn)
		c.server.mu.Unlock()
		for range c.in { // lets read end
		}
	}()
	for m := range c.in {
		if c.respond(m) != nil {
			return
		}
	}
}

// respond answers one message.
func (c *session) respond(m message) error {
	switch m.kind {
	case packetPrelogin:
		return writeMessage(c.w, preloginAnswer)
	case packetAttention:
		return writeMessage(c.w, attentionAnswer)
	}
	request, err := decode(m)
	if err != nil {
		c.server.t.Errorf("faketds: %v", err)
		return err
	}
	request.Conn = c.id
	reply := c.server.answer(request)
	if reply.Wait > 0 {
		select {
		case <-time.After(reply.Wait):
		case <-c.server.done:
			return errHungUp
		case m, ok := <-c.in: // nothing but an attention comes before the answer
			if !ok {
				return errHungUp
			}
			return c.respond(m)
		}
	}
	body := reply.encode(request.Kind)
	switch reply.HangUp {
	case BeforeAnswer:
		return errHungUp
	case AmidAnswer:
		_ = writeTorn(c.w, body[:len(body)/2])
		return errHungUp
	}
	if err := writeMessage(c.w, body); err != nil {
		return err
	}
	if reply.HangUp == AfterAnswer {
		return errHungUp
	}
	return nil
}
