package mutation

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

func TestBrokerURL(t *testing.T) {
	for url, good := range map[string]bool{
		"amqp://":                         true,
		"amqp://guest:guest@rabbit:5672/": true,
		"amqps://rabbit":                  true,
		"redis://localhost":               false,
		"":                                false,
		"amqp://host:port":                false,
	} {
		_, err := NewBroker(url, nil)
		if (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := NewBroker("amqp://user:hush@host:99999999/", nil); err != nil && strings.Contains(err.Error(), "hush") {
		t.Errorf("the password is shown: %v", err)
	}
}

// A broker that is away stops nobody: Wake does not block, the log keeps the password out, and the
// workers find the mutations themselves.
func TestBrokerAway(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	closed.Close()
	log := &safeBuffer{}
	b, err := NewBroker("amqp://user:hush@"+address+"/", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	b.pause = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { b.Run(ctx, nil) })
	l := newLab(t, dbtest.SQLite(t), func(o *Options) { o.Async, o.Wake = true, b.Wake })
	worker := newLab(t, l.db, nil)
	all.Go(func() { worker.Run(ctx, 1) })
	id := l.submit(clerk, "count", `{"n": 1}`)
	for range 2000 {
		b.Wake("x")
	}
	until(t, func() bool { return l.queued() == 0 && strings.Contains(log.String(), "broker is away") })
	cancel()
	all.Wait()
	l.ended(id, 1, Done, 1, "")
	if strings.Contains(log.String(), "hush") {
		t.Errorf("the log shows the password:\n%s", log)
	}
}

// With RabbitMQ a worker of another process hears of a mutation at once instead of at its next poll.
func TestBrokerWakes(t *testing.T) {
	url := os.Getenv("IMIS_TEST_AMQP")
	if url == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("IMIS_TEST_AMQP is not set")
		}
		t.Skip("IMIS_TEST_AMQP names no broker")
	}
	quiet := slog.New(slog.DiscardHandler)
	sender, err := NewBroker(url, quiet)
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := NewBroker(url, quiet)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, dbtest.SQLite(t), func(o *Options) { o.Async, o.Wake = true, sender.Wake })
	worker := newLab(t, l.db, func(o *Options) { o.Poll = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { sender.Run(ctx, nil) })
	all.Go(func() { receiver.Run(ctx, worker.Wake) })
	all.Go(func() { worker.Run(ctx, 2) })
	for i := range 20 {
		l.submit(clerk, "count", fmt.Sprintf(`{"n": %d}`, i))
		until(t, func() bool { return l.queued() == 0 })
	}
	cancel()
	all.Wait()
	for i := range 20 {
		if n := l.effects(i); n != 1 {
			t.Errorf("mutation %d happened %d times", i, n)
		}
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 30 s")
		}
	}
}

// safeBuffer is a log that several goroutines write and the test reads.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }
