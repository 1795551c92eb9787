package db_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

// What SQL Server says while it starts or hands over to another replica passes, so it is tried again.
func TestErrorsOfAFailover(t *testing.T) {
	for _, number := range []int32{4060, 922, 18401, 6005, 976, 978, 983, 3906} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			s, d := fake(t)
			s.Handle(failing(faketds.Statement, 2, faketds.Fail(number, "not just now")))
			if runs, err := renames(ctx, d); runs != 3 || err != nil {
				t.Errorf("%d runs, %v", runs, err)
			}
			s.Handle(func(r faketds.Request) *faketds.Reply {
				if strings.HasPrefix(r.SQL, "UPDATE") {
					return faketds.Fail(number, "not just now")
				}
				return nil
			})
			_, err := renames(ctx, d)
			shown(t, err, fault.Unavailable)
		})
	}
}

// A server that is started beside its database waits for it.
func TestOpenWaitsForADatabaseThatStarts(t *testing.T) {
	s := faketds.Start(t)
	var logins atomic.Int32
	s.Handle(func(r faketds.Request) *faketds.Reply {
		if r.Kind == faketds.Login && logins.Add(1) < 3 {
			return faketds.Fail(18401, "Login failed for user 'imis'. Reason: Server is in script upgrade mode. Only administrator can connect at this time.")
		}
		return nil
	})
	began := time.Now()
	d, err := db.Open(ctx, s.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if time.Since(began) > 10*time.Second {
		t.Error("it took", time.Since(began))
	}
}

// Without the right, or where the database takes no changes, people are told so, and nobody tries again.
func TestWhatTheDatabaseForbids(t *testing.T) {
	for number, text := range map[int32]string{262: "may not do this", 230: "may not do this", 1105: "takes no changes", 9002: "takes no changes"} {
		s, d := fake(t)
		s.Handle(failing(faketds.Statement, 9, faketds.Fail(number, "The UPDATE permission was denied on the object 'tblItems'")))
		runs, err := renames(ctx, d)
		shown(t, err, fault.Unavailable)
		if runs != 1 || !strings.Contains(fault.Message(err), text) {
			t.Errorf("%d: %d runs, %q", number, runs, fault.Message(err))
		}
	}
}
