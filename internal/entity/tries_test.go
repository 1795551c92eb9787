package entity

import (
	"testing"
	"time"
)

func TestTheFastestWayIsFound(t *testing.T) {
	all := []way{ranked, rankedInReach, paged}
	for _, c := range []struct {
		name  string
		takes map[way]time.Duration
		want  way
	}{
		{"few children", map[way]time.Duration{ranked: time.Millisecond, rankedInReach: 12 * time.Millisecond, paged: 2 * time.Millisecond}, ranked},
		{"many, with an index", map[way]time.Duration{ranked: time.Second, rankedInReach: 200 * time.Millisecond, paged: 3 * time.Millisecond}, paged},
		{"many, without an index", map[way]time.Duration{ranked: time.Second, rankedInReach: 200 * time.Millisecond, paged: 2 * time.Second}, rankedInReach},
		{"the second is good enough", map[way]time.Duration{ranked: time.Second, rankedInReach: 10 * time.Millisecond, paged: time.Millisecond}, rankedInReach},
	} {
		var s tries
		var last way
		slow := 0
		for range 100 {
			last = s.choose("list", all)
			s.took("list", last, c.takes[last])
			if last != c.want {
				slow++
			}
		}
		if last != c.want || slow > 10 {
			t.Errorf("%s: %d at the end, another one than the best %d times", c.name, last, slow)
		}
	}
	// what was slow once, by accident, is taken again
	var s tries
	s.took("list", paged, 2*time.Second)
	s.took("list", ranked, time.Second)
	s.took("list", rankedInReach, 300*time.Millisecond)
	now := map[way]time.Duration{ranked: time.Second, rankedInReach: 300 * time.Millisecond, paged: time.Millisecond}
	for range 200 {
		w := s.choose("list", all)
		s.took("list", w, now[w])
	}
	if got := s.choose("list", all); got != paged {
		t.Errorf("%d is taken", got)
	}
	// others are not concerned, and there is an end to what is kept
	if got := s.choose("other", all); got != ranked {
		t.Errorf("%d is taken for another list", got)
	}
	for i := range 3 * mostTries {
		s.took(time.Duration(i).String(), ranked, time.Second)
	}
	if len(s.times) > mostTries {
		t.Errorf("%d kinds are kept", len(s.times))
	}
}
