package mutation

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// queueName is the queue of wake-up messages, apart from those that Celery uses.
const queueName = "openimis.mutations"

// Messages are short-lived and few: they are only an alarm clock, the work is in the database, and idle
// workers look there anyway. So a full or restarted broker loses nothing.
var (
	queueLimits = amqp.Table{"x-max-length": int32(10_000), "x-overflow": "drop-head", "x-message-ttl": int32(60_000)}
	brokerBeat  = 10 * time.Second
)

// Broker spreads wake-ups between processes through RabbitMQ. Run connects, and connects again.
type Broker struct {
	url      string
	name     string // for the log, without the password
	log      *slog.Logger
	outgoing chan string
	pause    time.Duration // before the first new connection attempt
}

// NewBroker checks the value of CELERY_BROKER_URL. No connection is made before Run.
func NewBroker(brokerURL string, log *slog.Logger) (*Broker, error) {
	u, err := url.Parse(brokerURL)
	if err != nil || (u.Scheme != "amqp" && u.Scheme != "amqps") {
		return nil, fmt.Errorf("CELERY_BROKER_URL is not a broker that is known; allowed: amqp://user:password@host:5672/vhost, amqps://…")
	}
	if _, err := amqp.ParseURI(brokerURL); err != nil {
		return nil, fmt.Errorf("CELERY_BROKER_URL %s is not valid: %w", u.Redacted(), err)
	}
	if log == nil {
		log = slog.Default()
	}
	return &Broker{url: brokerURL, name: u.Redacted(), log: log, outgoing: make(chan string, 1000), pause: 500 * time.Millisecond}, nil
}

// Wake sends the id of a new row to some worker, soon. It never blocks; with the broker away for long
// the message is dropped. It is made for Options.Wake.
func (b *Broker) Wake(id string) {
	select {
	case b.outgoing <- id:
	default:
	}
}

// Run sends what Wake hands over and calls woken for every message that arrives, until ctx ends. With
// woken nil it only sends: for processes without workers.
func (b *Broker) Run(ctx context.Context, woken func()) {
	pause := b.pause
	for ctx.Err() == nil {
		connected := time.Now()
		err := b.session(ctx, woken)
		if ctx.Err() != nil {
			return
		}
		if time.Since(connected) > time.Minute {
			pause = b.pause
		}
		b.log.WarnContext(ctx, "broker is away; workers poll the database meanwhile", "broker", b.name, "again_in", pause.String(), "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// session is one connection.
func (b *Broker) session(ctx context.Context, woken func()) error {
	conn, err := amqp.DialConfig(b.url, amqp.Config{Heartbeat: brokerBeat, Dial: amqp.DefaultDial(brokerBeat),
		Properties: amqp.Table{"connection_name": "openimis"}})
	if err != nil {
		return err
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	if _, err := channel.QueueDeclare(queueName, true, false, false, false, queueLimits); err != nil {
		return err
	}
	var arriving <-chan amqp.Delivery
	if woken != nil {
		// Acknowledged on arrival: a message that is lost with its worker is made up for by the poll.
		if arriving, err = channel.ConsumeWithContext(ctx, queueName, "", true, false, false, false, nil); err != nil {
			return err
		}
	}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	gone := channel.NotifyClose(make(chan *amqp.Error, 1))
	lost := func(e *amqp.Error) error {
		if e == nil {
			return amqp.ErrClosed
		}
		return e
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-closed:
			return lost(e)
		case e := <-gone:
			return lost(e)
		case _, open := <-arriving:
			if !open {
				return amqp.ErrClosed
			}
			woken()
		case id := <-b.outgoing:
			if err := channel.PublishWithContext(ctx, "", queueName, false, false, amqp.Publishing{ContentType: "text/plain", Body: []byte(id)}); err != nil {
				return err
			}
		}
	}
}
