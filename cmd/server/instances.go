package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	registered "github.com/openimis/openimis-be-go/internal/instance"
)

// instances is `server instances`: who runs on the database.
func instances(ctx context.Context, p *program, _ []string) error {
	d, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	live, err := registered.Registry{DB: d, Log: p.log}.Live(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	if len(live) > 0 {
		fmt.Fprintln(t, "release\trole\troots\thost\tprocess\tcontract\tstep\tstarted\tseen\tmodules")
	}
	for _, i := range live {
		contract := ""
		if i.Contract != nil {
			contract = *i.Contract
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%d\t%s\t%s\t%s\n", i.Version, i.Role, i.Roots, i.Host, i.PID, contract, i.SchemaStep, moment(i.Started), moment(i.Seen), i.Modules)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%d running on %s.\n", len(live), d.Name())
	return nil
}
