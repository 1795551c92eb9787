package claim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// failures are the claims of a mutation over many that it left alone, with the reasons.
type failures struct {
	ids     []int
	reasons map[int]string
}

func (f *failures) add(id int, format string, args ...any) {
	if f.reasons == nil {
		f.reasons = map[int]string{}
	}
	f.ids = append(f.ids, id)
	f.reasons[id] = fmt.Sprintf(format, args...)
}

// outcome keeps the effects on the other claims. Its text is what the 2019 application reads:
// {"26": {"error": "…"}}.
func (f *failures) outcome() mutation.Outcome {
	if len(f.ids) == 0 {
		return mutation.Outcome{}
	}
	slices.Sort(f.ids)
	var b bytes.Buffer
	b.WriteByte('{')
	for i, id := range f.ids {
		if i > 0 {
			b.WriteString(", ")
		}
		reason, _ := json.Marshal(f.reasons[id])
		b.WriteString(`"` + strconv.Itoa(id) + `": {"error": ` + string(reason) + `}`)
	}
	b.WriteByte('}')
	return mutation.Outcome{Error: b.String()}
}

// idsInput is the input of the mutations over many claims.
type idsInput struct {
	IDs []*int `json:"ids"`
}

// list gives each id once, ascending.
func (in idsInput) list() ([]int, error) {
	var ids []int
	for _, id := range in.IDs {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	if len(ids) == 0 {
		return nil, fault.Input("ids", "ids: at least one claim is expected.")
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// allowed splits the ids into the claims whose status allows the step, and failures: those that are not
// there, out of sight, or in another status, because somebody else was faster.
func allowed(ctx context.Context, tx *db.Tx, s auth.Scope, ids []int, step string, statuses ...int) (good []int, bad failures, err error) {
	found, err := heads(ctx, tx, s, ids)
	if err != nil {
		return nil, bad, err
	}
	for _, id := range ids {
		switch h, ok := found[id]; {
		case !ok:
			bad.add(id, "id %d does not exist", id)
		case !slices.Contains(statuses, h.ClaimStatus):
			bad.add(id, "%s", refusal(h, step, statuses))
		default:
			good = append(good, id)
		}
	}
	return good, bad, nil
}

// one finds a single claim, as allowed does for many, and locks it.
func one(ctx context.Context, tx *db.Tx, s auth.Scope, field string, id *int, step string, statuses ...int) (head, error) {
	if id == nil {
		return head{}, fault.Input(field, "%s: the id of the claim is missing.", field)
	}
	if err := lockClaims(ctx, tx, []int{*id}); err != nil {
		return head{}, err
	}
	found, err := heads(ctx, tx, s, []int{*id})
	if err != nil {
		return head{}, err
	}
	h, ok := found[*id]
	switch {
	case !ok:
		return h, &fault.Error{Code: fault.NotFound, Field: field, Message: fmt.Sprintf("id %d does not exist", *id)}
	case !slices.Contains(statuses, h.ClaimStatus):
		return h, fault.New(fault.Conflict, "%s", refusal(h, step, statuses))
	}
	return h, nil
}

var statusNames = map[int]string{rules.StatusRejected: "rejected", rules.StatusEntered: "entered", rules.StatusChecked: "checked",
	rules.StatusProcessed: "processed", rules.StatusValuated: "valuated"}

func refusal(h head, step string, statuses []int) string {
	var names []string
	for _, s := range statuses {
		names = append(names, statusNames[s])
	}
	return fmt.Sprintf("claim %s is %s; only %s claims can be %s", h.ClaimCode, statusName(h.ClaimStatus), strings.Join(names, " and "), step)
}

func statusName(status int) string {
	if name, ok := statusNames[status]; ok {
		return name
	}
	return "in status " + strconv.Itoa(status)
}
