package entity

import (
	"fmt"
	"testing"
	"time"
)

func TestMarks(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var m marks
	m.set("insurees", mark{markFrom - 1, 7, start})
	m.set("insurees", mark{600, 61, start})
	m.set("insurees", mark{700, 71, start.Add(time.Second)})
	m.set("insurees", mark{600, 62, start})
	for _, c := range []struct {
		name, list string
		offset     int
		after      time.Duration
		want       int64 // 0: none
	}{
		{"the mark itself, as it was set last", "insurees", 600, 0, 62},
		{"between two", "insurees", 699, 0, 62},
		{"after all", "insurees", 10_000, 0, 71},
		{"before all: near the start none is kept", "insurees", 599, 0, 0},
		{"another list", "families", 700, 0, 0},
		{"the last one that still holds", "insurees", 650, markLife - time.Millisecond, 62},
		{"a newer one holds longer", "insurees", 700, markLife, 71},
		{"none holds for ever", "insurees", 700, markLife + time.Second, 0},
	} {
		k, ok := m.before(c.list, c.offset, start.Add(c.after))
		if ok != (c.want != 0) || k.after != c.want {
			t.Errorf("%s: %v %v, want %d", c.name, k, ok, c.want)
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var m marks
	for i := range 2 * markedLists {
		now := start.Add(time.Duration(i) * time.Millisecond)
		for n := range 2 * marksPerList {
			m.set(fmt.Sprint(i), mark{markFrom + n, int64(n), now.Add(time.Duration(n) * time.Microsecond)})
		}
		m.before("0", markFrom, now) // is in use all the time
	}
	if len(m.lists) != markedLists || m.lists["0"] == nil || m.lists["1"] != nil {
		t.Errorf("%d lists, the first one kept: %v, the second: %v", len(m.lists), m.lists["0"] != nil, m.lists["1"] != nil)
	}
	if l := m.lists["0"].marks; len(l) != marksPerList || l[len(l)-1].offset != markFrom+2*marksPerList-1 {
		t.Errorf("%d marks, the last %v", len(l), l[len(l)-1])
	}
}
