package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/mutation"
)

// listed is how many mutations of each kind `server queue list` shows.
const listed = 100

const queueUsage = "queue: allowed: list, show ID, retry ID, drop ID"

// queue is `server queue`: what waits, and what was given up.
func queue(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 {
		args = []string{"list"}
	}
	q := &mutation.Queue{Clock: clock.System}
	var act func(context.Context, string) (mutation.Item, error)
	said := ""
	switch {
	case args[0] == "list" && len(args) == 1:
	case len(args) != 2:
		return fmt.Errorf("%s; %q is not understood", queueUsage, strings.Join(args, " "))
	case args[0] == "show":
	case args[0] == "retry":
		act, said = q.Retry, "is queued again; workers take it within seconds."
	case args[0] == "drop":
		act, said = q.Drop, "is dropped."
	default:
		return fmt.Errorf("%s; %q is not understood", queueUsage, args[0])
	}
	d, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	q.DB = d
	if !d.Offers("imis_dead_mutation", "") {
		return fmt.Errorf("%s has no table of mutations that were given up; run `server migrate`", d.Name())
	}
	switch {
	case act != nil:
		i, err := act(ctx, args[1])
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s %s of %s %s\n", i.ID, i.Name, i.Principal, said)
		return nil
	case args[0] == "show":
		i, err := q.Show(ctx, args[1])
		if err != nil {
			return err
		}
		return p.showItem(i)
	}
	items, err := q.List(ctx, listed)
	if err != nil {
		return err
	}
	depth, err := q.Depth(ctx)
	if err != nil {
		return err
	}
	if len(items) > 0 {
		t := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(t, "id\tstate\tmutation\tuser\tattempts\tsince\twhy, or who has it")
		for _, i := range items {
			since, why := i.Enqueued, ""
			switch i.State {
			case mutation.Dead:
				since, why = *i.Died, firstLine(*i.Reason)
			case mutation.Leased:
				why = *i.LeasedBy
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", i.ID, i.State, i.Name, i.Principal, i.Attempts, moment(since), why)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.out, "%d queued, %d given up.\n", depth.Queued, depth.Dead)
	return nil
}

func (p *program) showItem(i mutation.Item) error {
	t := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	line := func(name string, value any) { fmt.Fprintf(t, "%s\t%v\n", name, value) }
	line("Id", i.ID)
	line("State", i.State)
	line("Mutation", i.Name)
	line("User", i.Principal)
	line("Attempts", i.Attempts)
	line("Queued", moment(i.Enqueued))
	if i.Contract != nil {
		line("Contract", *i.Contract)
	}
	if i.State == mutation.Leased {
		line("Leased by", *i.LeasedBy)
		line("Until", moment(*i.Until))
	}
	if i.Died != nil {
		line("Given up", moment(*i.Died))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if i.Reason != nil {
		fmt.Fprintf(p.out, "\nWhy:\n%s\n", *i.Reason)
	}
	fmt.Fprintf(p.out, "\nInput:\n%s\n", i.Payload)
	return nil
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func firstLine(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 100 {
		line, more = string(r[:100]), true
	}
	if more {
		line += " …"
	}
	return line
}
