package relay_test

import (
	"testing"

	"github.com/openimis/openimis-be-go/internal/relay"
)

func cursor(n int) *string { s := string(relay.AppendCursor(nil, n)); return &s }
func num(n int) *int       { return &n }

func TestKeyTakesGlobalAndPlainIDs(t *testing.T) {
	for id, want := range map[string]string{
		relay.ID("ClaimGQLType", "26"): "26",
		"26":                           "26",
		"":                             "",
		"F":                            "F",
		"Zm9v":                         "Zm9v", // base64 of foo: no global id
		relay.ID("MutationLogGQLType", "940855e6-7de8-4125-b4c6-0207fc35f6c7"): "940855e6-7de8-4125-b4c6-0207fc35f6c7",
	} {
		if got := relay.Key(id); got != want {
			t.Errorf("Key(%q) = %q, want %q", id, got, want)
		}
	}
	if got := string(relay.AppendID(nil, "HealthFacilityGQLType", "1")); got != "SGVhbHRoRmFjaWxpdHlHUUxUeXBlOjE=" {
		t.Errorf("AppendID: %s", got)
	}
}

func TestWindow(t *testing.T) {
	bad := "zzz"
	for _, c := range []struct {
		name           string
		args           relay.Args
		total          int
		start, end     int
		next, previous bool
	}{
		{"no arguments: all", relay.Args{}, 7, 0, 7, false, false},
		{"first page", relay.Args{First: num(3)}, 7, 0, 3, true, false},
		{"second page", relay.Args{First: num(3), After: cursor(2)}, 7, 3, 6, true, false},
		{"last page", relay.Args{First: num(3), After: cursor(5)}, 7, 6, 7, false, false},
		{"a malformed cursor is ignored", relay.Args{First: num(3), After: &bad}, 7, 0, 3, true, false},
		{"first 0", relay.Args{First: num(0)}, 7, 0, 0, true, false},
		{"last two of all", relay.Args{Last: num(2)}, 7, 5, 7, false, true},
		{"last two before a cursor", relay.Args{Last: num(2), Before: cursor(5)}, 7, 3, 5, false, true},
		{"backwards as the 2019 application pages", relay.Args{First: num(2), Before: cursor(4)}, 7, 2, 4, true, true},
		{"last two before a cursor behind the end", relay.Args{Last: num(2), Before: cursor(50)}, 7, 5, 7, false, true},
		{"last of a page", relay.Args{First: num(3), Last: num(1)}, 7, 2, 3, true, true},
		{"last of a page that is longer than the list", relay.Args{First: num(10), Last: num(2)}, 7, 5, 7, false, true},
		{"last behind a cursor", relay.Args{Last: num(5), After: cursor(3)}, 7, 4, 7, false, false},
		{"last behind the end", relay.Args{Last: num(2), After: cursor(9)}, 7, 10, 10, false, false},
		{"between two cursors", relay.Args{First: num(5), After: cursor(0), Before: cursor(3)}, 7, 1, 3, false, false},
		{"a part of what is between two cursors", relay.Args{First: num(1), After: cursor(0), Before: cursor(3)}, 7, 1, 2, true, false},
		{"backwards from behind the end", relay.Args{First: num(2), Before: cursor(50)}, 7, 5, 7, false, true},
		{"backwards to the first page", relay.Args{First: num(5), Before: cursor(4)}, 7, 0, 4, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.args.Window(1000)
			if w.NeedTotal {
				w = w.Resolve(c.total)
			}
			end := max(w.Start, min(w.End, c.total))
			if w.Start != c.start || end != c.end {
				t.Errorf("rows %d to %d, want %d to %d", w.Start, end, c.start, c.end)
			}
			if got := w.Next(c.total > w.End); got != c.next {
				t.Errorf("next %t", got)
			}
			if got := w.Previous(); got != c.previous {
				t.Errorf("previous %t", got)
			}
		})
	}
}

func TestCheckKnowsTheClientsTexts(t *testing.T) {
	if err := (relay.Args{First: num(101)}).Check("claims"); err == nil || err.Error() != "Requesting 101 records on the `claims` connection exceeds the `first` limit of 100 records." {
		t.Error(err)
	}
	if err := (relay.Args{Last: num(-1)}).Check("claims"); err == nil || err.Error() != "Negative indexing is not supported." {
		t.Error(err)
	}
	if err := (relay.Args{First: num(100)}).Check("claims"); err != nil {
		t.Error(err)
	}
}

func FuzzKeyAndOffset(f *testing.F) {
	f.Add("YXJyYXljb25uZWN0aW9uOjA=")
	f.Add("SGVhbHRoRmFjaWxpdHlHUUxUeXBlOjE=")
	f.Fuzz(func(t *testing.T, s string) {
		_ = relay.Key(s)
		if n, ok := relay.Offset(s); ok && n < 0 {
			t.Errorf("negative offset %d", n)
		}
	})
}
