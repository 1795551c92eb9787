package db_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

// fake opens the database of a fake SQL Server.
func fake(t *testing.T) (*faketds.Server, *db.DB) {
	t.Helper()
	s := faketds.Start(t)
	d := open(t, s.URL(), db.Options{})
	return s, d
}

// open opens a database that closes with the test and logs nothing.
func open(t *testing.T, url string, o db.Options) *db.DB {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	d, err := db.Open(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

const rename = `UPDATE "tblItems" SET "ItemName" = ? WHERE "ItemID" = ?`

// renames runs a transaction of one statement and tells how often it was begun.
func renames(ctx context.Context, d *db.DB) (runs int, err error) {
	err = d.Write(ctx, "rename", func(tx *db.Tx) error {
		runs++
		_, err := tx.Exec(ctx, rename, "Paracetamol", 7)
		return err
	})
	return runs, err
}

// shown asserts the code of an error, and that neither it nor what the user reads tells the password.
func shown(t *testing.T, err error, code string) {
	t.Helper()
	if fault.Code(err) != code {
		t.Errorf("error %v has the code %q, want %q", err, fault.Code(err), code)
	}
	if err != nil && strings.Contains(fmt.Sprintf("%v %+v %s", err, err, fault.Message(err)), "s3cret") {
		t.Errorf("the password is in %v", err)
	}
}

// Parameters have the types of the legacy columns: a wider one would convert the column and not be found
// by an index, and a NULL without a type is refused or taken for a text.
func TestParameterTypes(t *testing.T) {
	s, d := fake(t)
	noon := time.Date(2026, 11, 23, 12, 30, 15, 500_000_000, time.UTC)
	for name, c := range map[string]struct {
		arg  any
		kind string
		sent any
	}{
		"int":               {7, "int", int64(7)},
		"negative int":      {-7, "int", int64(-7)},
		"int beyond int":    {1 << 40, "bigint", int64(1 << 40)},
		"text":              {"Aé", "nvarchar(2)", "Aé"},
		"long text":         {strings.Repeat("é", 5000), "nvarchar(max)", strings.Repeat("é", 5000)},
		"decimal":           {decimal.RequireFromString("1200.50"), "nvarchar(6)", "1200.5"},
		"true":              {true, "bit", true},
		"false":             {false, "bit", false},
		"date":              {db.Date(noon), "date", day},
		"timestamp":         {noon, "datetime", noon},
		"pointer":           {&noon, "datetime", noon},
		"list":              {db.Ints{1, 2}, "nvarchar(5)", "[1,2]"},
		"GUID":              {db.UUID("0CF5B4C3-9D2E-4B9C-8C53-3B8A1A8B3C11"), "nvarchar(36)", "0CF5B4C3-9D2E-4B9C-8C53-3B8A1A8B3C11"},
		"NULL":              {nil, "nvarchar(4000)", nil},
		"NULL int":          {(*int)(nil), "int", nil},
		"NULL text":         {(*string)(nil), "nvarchar(4000)", nil},
		"NULL decimal":      {(*decimal.Decimal)(nil), "nvarchar(4000)", nil},
		"NULL decimal kind": {decimal.NullDecimal{}, "nvarchar(4000)", nil},
		"NULL bit":          {(*bool)(nil), "bit", nil},
		"NULL date":         {(*db.Date)(nil), "date", nil},
		"NULL timestamp":    {(*time.Time)(nil), "datetime2(7)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, d, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, rename, c.arg, 7)
				return err
			})
			all := s.Requests()
			r := all[len(all)-2] // the last one is the COMMIT
			p := r.Param(1)
			if !p.Typed || p.Type != c.kind || p.Value != c.sent {
				t.Errorf("sent %v (typed: %v), want %s = %v", p, p.Typed, c.kind, c.sent)
			}
			if want := `UPDATE "tblItems" SET "ItemName" = @p1 WHERE "ItemID" = @p2`; r.SQL != want {
				t.Errorf("SQL %s", r.SQL)
			}
		})
	}
}

func TestInsertTypesEveryNull(t *testing.T) {
	s, d := fake(t)
	s.Handle(func(r faketds.Request) *faketds.Reply {
		if strings.HasPrefix(r.SQL, "INSERT") {
			return &faketds.Reply{Columns: []string{"id int"}, Rows: [][]any{{41}}}
		}
		return nil
	})
	before := len(s.Requests())
	var ids []int
	write(t, d, func(tx *db.Tx) error {
		ids = nil
		for table, v := range map[string]db.Values{
			"tblInsuree": {"FamilyID": 1, "CHFID": nil, "LastName": "L", "DOB": nil, "Gender": nil, "IsHead": true, "PhotoDate": nil, "CardIssued": nil, "Relationship": nil, "HFID": nil, "ValidityFrom": now, "ValidityTo": nil},
			"tblUsers":   {"LoginName": "x", "password": nil, "LastLogin": nil},
			"tblClaim":   {"Claimed": nil, "DateFrom": day, "DateTo": nil, "ProcessStamp": nil, "FeedbackID": nil},
		} {
			id, err := tx.Insert(ctx, table, v)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if !slices.Equal(ids, []int{41, 41, 41}) {
		t.Errorf("identities %v", ids)
	}
	sent := map[string]int{}
	for _, r := range s.Requests()[before:] {
		for _, p := range r.Params {
			if !p.Typed || strings.HasPrefix(p.Type, "datetimeoffset") {
				t.Errorf("%s: %v", r.SQL, p)
			}
			if p.Value == nil {
				sent[p.Type]++
			}
		}
	}
	if got, want := fmt.Sprint(sent), "map[bit:1 date:2 datetime2(7):4 int:3 nvarchar(4000):3 varbinary(max):1]"; got != want {
		t.Errorf("NULLs by type: %s, want %s", got, want)
	}
}

// failing answers the first n statements of a kind with the reply.
func failing(kind faketds.Kind, n int, reply *faketds.Reply) func(faketds.Request) *faketds.Reply {
	left := make(chan bool, n)
	for range n {
		left <- true
	}
	return func(r faketds.Request) *faketds.Reply {
		if r.Kind != kind || kind == faketds.Statement && !strings.HasPrefix(r.SQL, "UPDATE") {
			return nil
		}
		select {
		case <-left:
			return reply
		default:
			return nil
		}
	}
}

func TestWriteUnderFaults(t *testing.T) {
	hangUp := func(when faketds.When) *faketds.Reply { return &faketds.Reply{HangUp: when} }
	killed := &faketds.Reply{Number: 596, Class: 21, Message: "Cannot continue the execution because the session is in the kill state.", HangUp: faketds.AfterAnswer}
	for name, c := range map[string]struct {
		kind  faketds.Kind
		times int
		reply *faketds.Reply
		runs  int
		code  string // of the error; "": none
		text  string // of what the user reads
		is    error
	}{
		"deadlock":                              {faketds.Statement, 3, faketds.Deadlock(), 4, "", "", nil},
		"deadlock that does not pass":           {faketds.Statement, 100, faketds.Deadlock(), 8, fault.Unavailable, "busy", nil},
		"deadlock at COMMIT":                    {faketds.Commit, 1, faketds.Deadlock(), 2, "", "", nil},
		"lock time-out":                         {faketds.Statement, 1, faketds.Fail(1222, "Lock request time out period exceeded."), 2, "", "", nil},
		"duplicate":                             {faketds.Statement, 1, faketds.Fail(2627, "Violation of UNIQUE KEY constraint 'UK_x'. Cannot insert duplicate key."), 1, fault.Internal, "", db.ErrDuplicate},
		"foreign key":                           {faketds.Statement, 1, faketds.Fail(547, "The statement conflicted with the FOREIGN KEY constraint."), 1, fault.Internal, "", db.ErrForeign},
		"connection lost at BEGIN":              {faketds.Begin, 1, hangUp(faketds.BeforeAnswer), 1, "", "", nil},
		"connection lost before COMMIT":         {faketds.Statement, 1, hangUp(faketds.BeforeAnswer), 2, "", "", nil},
		"connection lost within an answer":      {faketds.Statement, 1, hangUp(faketds.AmidAnswer), 2, "", "", nil},
		"session killed":                        {faketds.Statement, 1, killed, 2, "", "", nil},
		"server away":                           {faketds.Statement, 100, hangUp(faketds.BeforeAnswer), 8, fault.Unavailable, "cannot be reached", nil},
		"connection lost after COMMIT was sent": {faketds.Commit, 1, hangUp(faketds.BeforeAnswer), 1, fault.Unavailable, "look before you try again", db.ErrUnknown},
		"answer to COMMIT torn":                 {faketds.Commit, 1, hangUp(faketds.AmidAnswer), 1, fault.Unavailable, "look before you try again", db.ErrUnknown},
		"session killed at COMMIT":              {faketds.Commit, 1, killed, 1, fault.Unavailable, "look before you try again", db.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			s, d := fake(t)
			s.Handle(failing(c.kind, c.times, c.reply))
			before := len(s.Requests())
			runs, err := renames(ctx, d)
			shown(t, err, c.code)
			if runs != c.runs || !strings.Contains(fault.Message(err), c.text) {
				t.Errorf("run %d times, want %d; the user reads %q", runs, c.runs, fault.Message(err))
			}
			if c.is != nil && !errors.Is(err, c.is) && !errors.Is(db.Kind(err), c.is) {
				t.Errorf("%v is not a %v", err, c.is)
			}
			if commits := count(s.Kinds(before), faketds.Commit); c.kind != faketds.Commit && (commits == 1) != (err == nil) || commits > 2 {
				t.Errorf("%d COMMITs with the error %v", commits, err)
			}
			s.Handle(nil)
			if runs, err := renames(ctx, d); runs != 1 || err != nil {
				t.Errorf("afterwards: %d runs, %v", runs, err)
			}
		})
	}
}

// A connection that is gone when COMMIT is sent is either noticed, then all is run again, or it is not,
// then the outcome is unknown. The network decides; COMMIT never arrives twice.
func TestConnectionLostJustBeforeCommit(t *testing.T) {
	s, d := fake(t)
	s.Handle(failing(faketds.Statement, 1, &faketds.Reply{Affected: 1, HangUp: faketds.AfterAnswer}))
	before := len(s.Requests())
	runs, err := renames(ctx, d)
	commits := count(s.Kinds(before), faketds.Commit)
	if again := err == nil && runs == 2 && commits == 1; !again && !(errors.Is(err, db.ErrUnknown) && runs == 1 && commits == 0) {
		t.Errorf("%d runs, %d COMMITs received: %v", runs, commits, err)
	}
}

func count(kinds []faketds.Kind, kind faketds.Kind) (n int) {
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

// A swallowed failure is not committed, whatever the engine would allow.
func TestSwallowedFailure(t *testing.T) {
	s, d := fake(t)
	s.Handle(failing(faketds.Statement, 1, faketds.Fail(2627, "duplicate")))
	before := len(s.Requests())
	err := d.Write(ctx, "rename", func(tx *db.Tx) error {
		_, _ = tx.Exec(ctx, rename, "Paracetamol", 7)
		_ = tx.Try(ctx, func() error { return errors.New("undone by its savepoint") })
		_, err := tx.Exec(ctx, rename, "Aspirin", 8)
		return err
	})
	if !errors.Is(db.Kind(err), db.ErrDuplicate) || count(s.Kinds(before), faketds.Commit) != 0 {
		t.Errorf("%v; %v", err, s.Kinds(before))
	}
}

func TestReadUnderFaults(t *testing.T) {
	table := faketds.Reply{Columns: []string{"ItemID int", "ItemCode nvarchar", "ValidityFrom datetime", "ValidityTo datetime"},
		Rows: [][]any{{1, "A", now, nil}, {2, "É", now, now}}}
	torn, gone := table, table
	torn.HangUp, gone.HangUp = faketds.AmidAnswer, faketds.BeforeAnswer
	for name, c := range map[string]struct {
		replies []*faketds.Reply
		code    string
	}{
		"no fault":      {nil, ""},
		"lost once":     {[]*faketds.Reply{&gone}, ""},
		"torn twice":    {[]*faketds.Reply{&torn, &torn}, ""},
		"deadlock":      {[]*faketds.Reply{faketds.Deadlock()}, ""},
		"no such table": {[]*faketds.Reply{faketds.Fail(208, "Invalid object name 'tblItems'.")}, fault.Internal},
		"torn for good": {slices.Repeat([]*faketds.Reply{&torn}, 9), fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, d := fake(t)
			next := make(chan *faketds.Reply, 10)
			for _, r := range c.replies {
				next <- r
			}
			s.Handle(func(r faketds.Request) *faketds.Reply {
				if !strings.Contains(r.SQL, "tblItems") {
					return nil
				}
				select {
				case reply := <-next:
					return reply
				default:
					return &table
				}
			})
			var rows []itemRow
			err := d.Read(ctx, func(q db.Query) error {
				return q.Select(ctx, &rows, `SELECT "ItemID", "ItemCode", "ValidityFrom", "ValidityTo" FROM "tblItems" WHERE "ItemID" > ?`, 0)
			})
			shown(t, err, c.code)
			if err == nil && (len(rows) != 2 || rows[1].Code != "É" || rows[0].To != nil || !rows[1].To.Equal(now) || !rows[1].From.Equal(now)) {
				t.Errorf("%+v", rows)
			}
		})
	}
}

func TestSlowServer(t *testing.T) {
	s, d := fake(t)
	slow := &faketds.Reply{Wait: 10 * time.Second}
	for name, c := range map[string]struct {
		kind faketds.Kind
		text string
		is   error
	}{
		"statement": {faketds.Statement, "did not answer in time", context.DeadlineExceeded},
		"BEGIN":     {faketds.Begin, "did not answer in time", context.DeadlineExceeded},
		"COMMIT":    {faketds.Commit, "look before you try again", db.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			s.Handle(failing(c.kind, 1, slow))
			short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := renames(short, d)
			shown(t, err, fault.Unavailable)
			if !errors.Is(err, c.is) || !strings.Contains(fault.Message(err), c.text) || time.Since(began) > time.Second {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			if runs, err := renames(ctx, d); runs != 1 || err != nil {
				t.Errorf("afterwards: %d runs, %v", runs, err)
			}
		})
	}
}

// A restarted server leaves dead connections in the pool; nobody sees that.
func TestRestartedServer(t *testing.T) {
	s, d := fake(t)
	for range 3 {
		if _, err := renames(ctx, d); err != nil {
			t.Fatal(err)
		}
		s.HangUp()
	}
	if err := d.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestOpenFaults(t *testing.T) {
	s := faketds.Start(t)
	refuse := faketds.Fail(18456, "Login failed for user 'imis'.")
	s.Handle(func(r faketds.Request) *faketds.Reply {
		if r.Kind == faketds.Login {
			return refuse
		}
		return nil
	})
	gone := faketds.Start(t)
	gone.Stop()
	for name, c := range map[string]struct{ url, text string }{
		"login refused":       {s.URL(), "Login failed for user 'imis'"},
		"nobody listens":      {gone.URL(), "connection refused"},
		"no number":           {"sqlserver://imis:s3cret@localhost:1433?database=x&connection+timeout=soon", "connection timeout"},
		"no port":             {"sqlserver://imis:s3cret@localhost:port?database=x", "allowed: sqlserver://"},
		"bad escape":          {"sqlserver://imis:s3cret%zz@localhost", "allowed: sqlserver://"},
		"PostgreSQL away":     {"postgres://imis:s3cret@localhost:1/x", "refused"},
		"PostgreSQL bad port": {"postgres://imis:s3cret@localhost:port/x", "allowed: postgres://"},
		"settings":            {"host=localhost password=s3cret", "allowed: sqlite:"},
		"unknown scheme":      {"mysql://imis:s3cret@localhost/x", "allowed: sqlite:"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(ctx, c.url, db.Options{})
			if err == nil {
				d.Close()
				t.Fatal("opened")
			}
			if text := err.Error(); strings.Contains(text, "s3cret") || strings.ContainsAny(text, "\n\t") || !strings.Contains(text, c.text) {
				t.Errorf("%q", text)
			}
		})
	}
}

func TestReplica(t *testing.T) {
	s, replica := faketds.Start(t), faketds.Start(t)
	replica.Handle(func(r faketds.Request) *faketds.Reply { // of the watch: no instance has a heartbeat
		if strings.Contains(r.SQL, "imis_instance") {
			return &faketds.Reply{Columns: []string{"seen datetime"}, Rows: [][]any{{nil}}}
		}
		return nil
	})
	d := open(t, s.URL(), db.Options{ReadURL: replica.URL()})
	if _, err := renames(ctx, d); err != nil {
		t.Fatal(err)
	}
	var ids []int
	if err := d.Select(ctx, &ids, `SELECT "ItemID" FROM "tblItems" WHERE "ItemID" = ?`, 1); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, r := range replica.Requests() {
		if r.Kind == faketds.Login && (!r.ReadOnly || r.User != "imis") {
			t.Errorf("a login to the replica: %+v", r)
		}
		if r.Kind != faketds.Login && !strings.Contains(r.SQL, "imis_instance") { // which the watch asks for
			asked = append(asked, r.SQL)
		}
	}
	if len(asked) != 1 || !strings.HasPrefix(asked[0], "SELECT") || !strings.Contains(asked[0], "tblItems") {
		t.Errorf("the replica was asked %q", asked)
	}
	if r := s.Requests(); r[0].ReadOnly {
		t.Error("the primary was asked for a secondary")
	}
}
