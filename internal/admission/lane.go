package admission

import (
	"context"
	"slices"
	"sync"
	"time"
)

// lane is a number of places with a queue for each user.
type lane struct {
	places, perUser, most int
	patience, briefly     time.Duration
	now                   func() time.Time

	mu      sync.Mutex
	running int
	waiting int
	users   map[string]*user
	turns   []*user   // with somebody waiting, in the order in which they are next
	empty   time.Time // when nobody waited last
	takes   float64   // seconds that an operation takes, on average
}

// user is what a user has in a lane.
type user struct {
	name    string
	running int
	queue   []*waiter
}

// waiter is an operation that waits. admitted is sent true or false once it is taken out of its queue.
type waiter struct {
	since    time.Time
	admitted chan bool
}

// enter takes a place, now or when it is free.
func (l *lane) enter(ctx context.Context, name string) error {
	l.mu.Lock()
	now := l.now()
	u := l.users[name]
	if u == nil {
		u = &user{name: name}
		l.users[name] = u
	}
	if l.running < l.places && u.running < l.perUser && len(u.queue) == 0 {
		l.running++
		u.running++
		if l.waiting == 0 {
			l.empty = now
		}
		l.mu.Unlock()
		return nil
	}
	if l.waiting == 0 {
		l.empty = now
	}
	if l.crowded(u, now) {
		l.forget(u)
		l.mu.Unlock()
		return refused()
	}
	if l.waiting >= l.most && !l.makeRoom(u) {
		l.forget(u)
		l.mu.Unlock()
		return refused()
	}
	w := &waiter{since: now, admitted: make(chan bool, 1)}
	u.queue = append(u.queue, w)
	if len(u.queue) == 1 {
		l.turns = append(l.turns, u)
	}
	l.waiting++
	patience := l.patience
	if l.overloaded(now) {
		patience = l.briefly
	}
	l.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case in := <-w.admitted:
		if !in {
			return refused()
		}
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(u.queue, w); i >= 0 {
		l.take(u, i)
		l.forget(u)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return refused()
	}
	if <-w.admitted { // just now
		return nil
	}
	return refused()
}

// overloaded says whether somebody has waited all the time for a while.
func (l *lane) overloaded(now time.Time) bool { return l.waiting > 0 && now.Sub(l.empty) > busyFor }

// crowded says whether a further operation of a user would wait for too long in an overloaded lane. Users take
// turns, so that everybody who waits has one before each of those that the user has there already.
func (l *lane) crowded(u *user, now time.Time) bool {
	if !l.overloaded(now) {
		return false
	}
	mine := 1
	if u != nil {
		mine += len(u.queue)
	}
	return float64(mine*max(1, len(l.turns)))*l.takes > l.briefly.Seconds()*float64(l.places)
}

// full is crowded for somebody who has not come yet.
func (l *lane) full(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.crowded(l.users[name], l.now())
}

// makeRoom refuses the latest operation of the user with the most that wait, unless that is the newcomer.
func (l *lane) makeRoom(newcomer *user) bool {
	most := newcomer
	for _, u := range l.turns {
		if len(u.queue) > len(most.queue) {
			most = u
		}
	}
	if most == newcomer || len(most.queue) <= len(newcomer.queue)+1 {
		return false
	}
	last := len(most.queue) - 1
	w := most.queue[last]
	l.take(most, last)
	w.admitted <- false
	return true
}

// take takes an operation out of its queue.
func (l *lane) take(u *user, i int) {
	u.queue = slices.Delete(u.queue, i, i+1)
	l.waiting--
	if len(u.queue) == 0 {
		l.turns = slices.DeleteFunc(l.turns, func(o *user) bool { return o == u })
	}
	if l.waiting == 0 {
		l.empty = l.now()
	}
}

func (l *lane) forget(u *user) {
	if u.running == 0 && len(u.queue) == 0 {
		delete(l.users, u.name)
	}
}

// leave gives a place back, after a time, and lets the next ones in.
func (l *lane) leave(name string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takes += (took.Seconds() - l.takes) / 16
	u := l.users[name]
	u.running--
	l.running--
	now := l.now()
	for i := 0; l.running < l.places && i < len(l.turns); {
		next := l.turns[i]
		if next.running >= l.perUser {
			i++
			continue
		}
		w := next.queue[0]
		stale := l.overloaded(now) && now.Sub(w.since) > l.briefly
		others := len(next.queue) > 1
		l.take(next, 0)
		if others { // those after it come first now
			l.turns = append(slices.Delete(l.turns, i, i+1), next)
		}
		if stale {
			w.admitted <- false
			l.forget(next)
			continue
		}
		l.running++
		next.running++
		w.admitted <- true
	}
	l.forget(u)
}
