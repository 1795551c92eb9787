package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// lockingEngines are those whose row locks can be tried here: an emulation of SQL Server takes the hint
// for an update lock and does nothing.
func lockingEngines(t *testing.T, fn func(t *testing.T, c *clinic)) {
	for _, engine := range freshEngines() {
		t.Run(string(engine), func(t *testing.T) { fn(t, open(t, dbtest.Open(t, engine))) })
	}
}

// together runs n calls at the same time.
func together(n int, call func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { call(i) })
	}
	all.Wait()
}

// Of several users who submit the same claims, one wins each, and the others are told.
func TestSubmittedOnce(t *testing.T) {
	lockingEngines(t, func(t *testing.T, c *clinic) {
		var ids []int
		for i := range 5 {
			ids = append(ids, c.enter(fmt.Sprintf("C%d", i)))
		}
		const users = 4
		var texts [users]string
		var faults [users]error
		together(users, func(i int) {
			out, err := c.callAt(t.Context(), c.boss(), "submitClaims", object{"ids": ids}, today)
			texts[i], faults[i] = out.Error, err
		})
		won := 0
		for i, text := range texts {
			if faults[i] != nil {
				t.Error(faults[i])
			}
			if text == "" {
				won++
			} else if strings.Count(text, "is checked; only entered claims can be submitted") != len(ids) {
				t.Error(text)
			}
		}
		if won != 1 {
			t.Errorf("%d users have submitted the claims", won)
		}
	})
}

// A submission that meets an update waits, and judges what the update left.
func TestSubmitDuringUpdate(t *testing.T) {
	lockingEngines(t, func(t *testing.T, c *clinic) {
		id := c.enter("C1")
		form := c.form("C1")
		form["id"] = id
		form["items"], form["services"] = []any{}, []any{object{"service_id": c.service, "status": 1, "qty_provided": "1", "price_asked": "50"}}
		updated, submitted := make(chan struct{}), make(chan mutation.Outcome, 1)
		go func() {
			<-updated
			out, err := c.callAt(t.Context(), c.boss(), "submitClaims", object{"ids": []int{id}}, today)
			if err != nil {
				out.Error = err.Error()
			}
			submitted <- out
		}()
		input, _ := json.Marshal(form)
		err := c.d.Write(t.Context(), "update", func(tx *db.Tx) error {
			_, err := (&Module{}).Mutations()["updateClaim"].Run(t.Context(), tx, mutation.Call{Principal: c.boss(), Input: input, Now: today})
			close(updated)
			select {
			case out := <-submitted:
				t.Errorf("the submission did not wait: %s", out.Error)
			case <-time.After(100 * time.Millisecond):
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if out := <-submitted; out.Error != "" {
			t.Error(out.Error)
		}
		if s := c.status(id); s != rules.StatusChecked {
			t.Errorf("status %d", s)
		}
		if _, err := c.call(user(9, auth.Scope{All: true}, RightAdd), "updateClaim", form); fault.Code(err) != fault.Forbidden {
			t.Errorf("an update after the submission: %v", err)
		}
	})
}

// Claims of one policy that are processed at the same time do not use the same part of its ceiling.
func TestCeilingIsUsedOnce(t *testing.T) {
	lockingEngines(t, func(t *testing.T, c *clinic) {
		c.exec(`UPDATE "tblProduct" SET "MaxPolicy" = ?`, dec("500"))
		const total = 6 // of 230 each
		var ids [total]int
		for i := range ids {
			ids[i] = c.enter(fmt.Sprintf("C%d", i))
			c.must(c.boss(), "submitClaims", object{"ids": []int{ids[i]}})
		}
		var faults [total]error
		together(total, func(i int) {
			out, err := c.callAt(t.Context(), c.boss(), "processClaims", object{"ids": []int{ids[i]}}, today)
			if err == nil && out.Error != "" {
				err = errors.New(out.Error)
			}
			faults[i] = err
		})
		if err := errors.Join(faults[:]...); err != nil {
			t.Fatal(err)
		}
		sum := decimal.Zero
		for k := range rules.KindCount {
			var amounts []decimal.Decimal
			if err := c.d.Select(t.Context(), &amounts, `SELECT "RemuneratedAmount" FROM "`+rules.Legacy[k].Lines+`" WHERE "RemuneratedAmount" IS NOT NULL`); err != nil {
				t.Fatal(err)
			}
			for _, a := range amounts {
				sum = sum.Add(a)
			}
		}
		if !sum.Equal(dec("500")) {
			t.Errorf("%d claims of 230 are remunerated with %s under a ceiling of 500", total, sum)
		}
	})
}

// Of two claims with the same code that are entered at the same time, one is.
func TestCodeIsTakenOnce(t *testing.T) {
	lockingEngines(t, func(t *testing.T, c *clinic) {
		const users = 4
		var faults [users]error
		together(users, func(i int) {
			_, faults[i] = c.callAt(t.Context(), c.boss(), "createClaim", c.form("SAME"), today)
		})
		won := 0
		for _, err := range faults {
			if err == nil {
				won++
			} else if fault.Code(err) != fault.Conflict || fault.Field(err) != "code" {
				t.Error(err)
			}
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim"`); won != 1 || n != 1 {
			t.Errorf("%d have won, there are %d claims", won, n)
		}
	})
}
