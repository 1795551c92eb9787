package dbtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a program and its PostgreSQL server and breaks connections at chosen moments.
type Proxy struct {
	URL      string // of the database, by way of the proxy
	server   string
	listener net.Listener

	mu      sync.Mutex
	text    []byte // the next message with this text is the last one of its connection
	deliver bool   // whether the server still gets it
	away    bool   // then: whether nobody is let in any more
	down    bool
}

// NewProxy opens a way to the database of dsn. It closes with the test.
func NewProxy(t testing.TB, dsn string) *Proxy {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &Proxy{server: u.Host, listener: l}
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable") // the proxy reads along
	u.RawQuery = q.Encode()
	p.URL = u.String()
	go p.accept()
	return p
}

// Down makes the database unreachable for new connections, or reachable again.
func (p *Proxy) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// ThenDown makes the database unreachable from the fault on that is armed, until Down(false).
func (p *Proxy) ThenDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
}

// LoseRequest closes the connection that next sends the text, before the server gets it.
func (p *Proxy) LoseRequest(text string) { p.arm(text, false) }

// LoseAnswer closes the connection that next sends the text, when the server has executed it.
func (p *Proxy) LoseAnswer(text string) { p.arm(text, true) }

func (p *Proxy) arm(text string, deliver bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text, p.deliver, p.away = []byte(text), deliver, false
}

// strikes says whether the fault is due with these bytes; it is due once.
func (p *Proxy) strikes(sent []byte) (now, deliver bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.text == nil || !bytes.Contains(sent, p.text) {
		return false, false
	}
	p.text = nil
	p.down = p.down || p.away
	return true, p.deliver
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		down := p.down
		p.mu.Unlock()
		if down {
			client.Close()
			continue
		}
		go p.serve(client)
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var answers sync.WaitGroup
	defer answers.Wait()
	var gate sync.Mutex // held: no answer passes
	answers.Go(func() {
		defer client.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			gate.Lock()
			_, werr := client.Write(buf[:n])
			gate.Unlock()
			if err != nil || werr != nil {
				return
			}
		}
	})
	defer server.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if now, deliver := p.strikes(buf[:n]); now {
			gate.Lock()
			if deliver {
				_, _ = server.Write(buf[:n])
				p.settle(server)
			}
			client.Close()
			gate.Unlock()
			return
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// settle lets the server finish what it was sent: it ends the session itself once it has read the
// farewell that follows.
func (p *Proxy) settle(server net.Conn) {
	if c, ok := server.(*net.TCPConn); ok {
		_ = c.CloseWrite()
	}
	_ = server.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, server)
}
