package auth

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// several asks n secrets, each as another process would, at once.
func several(t *testing.T, n int, one func() *Secret) []string {
	values := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			v, err := one().Get(t.Context())
			if err != nil {
				t.Error(err)
			}
			values[i] = v
		})
	}
	all.Wait()
	slices.Sort(values)
	return slices.Compact(values)
}

func TestSecretInTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		one := func() *Secret { return &Secret{DB: d, Clock: clock.Fixed(now)} }
		if got := several(t, 8, one); len(got) != 1 || len(got[0]) < minSecret {
			t.Errorf("secrets %q", got)
		}
		s := one()
		s.Configured = "from SECRET_KEY"
		if v, err := s.Get(t.Context()); v != "from SECRET_KEY" || err != nil {
			t.Errorf("SECRET_KEY does not win: %q, %v", v, err)
		}
	})
}

func TestSecretInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "secret.key")
	one := func() *Secret { return &Secret{File: file} }
	first := several(t, 8, one)
	if len(first) != 1 || len(first[0]) < minSecret {
		t.Fatalf("secrets %q", first)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".secret*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if again := several(t, 1, one); again[0] != first[0] {
		t.Error("another one after a restart")
	}
	if err := os.WriteFile(file, []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := one().Get(t.Context()); fault.Code(err) != fault.Unavailable || v != "" {
		t.Errorf("a file that was cut off: %q, %v", v, err)
	}
}

// A database that takes no writes has the secret of before; one without has none, and says so.
func TestSecretOfAReadOnlyDatabase(t *testing.T) {
	url := dbtest.URL(t, db.SQLite)
	d, reader := openURL(t, url), openURL(t, url+"&_pragma=query_only(1)")
	s := &Secret{DB: reader, Clock: clock.Fixed(now)}
	if v, err := s.Get(t.Context()); fault.Code(err) != fault.Unavailable || v != "" || !strings.Contains(fault.Message(err), "SECRET_KEY") {
		t.Errorf("%q, %v", v, err)
	}
	want, err := (&Secret{DB: d, Clock: clock.Fixed(now)}).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Get(t.Context()); v != want || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}
