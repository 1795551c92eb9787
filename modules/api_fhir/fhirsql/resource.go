package fhirsql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

func (s *source) params() []Param { return append(common(s.Table, s.changes()), s.Params...) }

func (s *source) sorts() []string { return slices.Sorted(maps.Keys(s.Sort)) }

// Resource completes r with what follows from its sources: parameters, sorting, Read, Search, History and
// chained parameters. Several sources are one list, one after the other: Practitioner is the claim
// administrators and then the enrolment officers.
func Resource(r apifhir.Resource, rows ...Rows) apifhir.Resource {
	sources := make([]*source, len(rows))
	for i, s := range rows {
		sources[i] = s.source()
	}
	u := union{kind: r.Type, sources: sources, counts: new(counts)}
	r.Params = append(u.merge(), r.Params...)
	for _, s := range sources {
		for _, name := range s.sorts() {
			if !slices.Contains(r.Sort, name) {
				r.Sort = append(r.Sort, name)
			}
		}
	}
	r.Read, r.Search, r.Keys, r.Named, r.Check = u.read, u.search, u.keys, u.named, u.check
	r.Mark, r.Changes = u.mark, u.changes
	if len(sources) > 0 && !slices.ContainsFunc(sources, func(s *source) bool { return s.Table.Live == "" }) {
		r.History = u.history
	}
	return r
}

// union is the list of several sources.
type union struct {
	kind    string
	sources []*source
	counts  *counts
}

func (u union) merge() []apifhir.Param {
	var all []apifhir.Param
	for _, s := range u.sources {
		for _, p := range s.params() {
			i := slices.IndexFunc(all, func(q apifhir.Param) bool { return q.Name == p.Name })
			switch {
			case i < 0:
				all = append(all, p.Param)
			case len(all[i].Allowed) == 0 || len(p.Allowed) == 0:
				all[i].Allowed = nil
			default:
				all[i].Allowed = append(all[i].Allowed[:len(all[i].Allowed):len(all[i].Allowed)], p.Allowed...)
			}
		}
	}
	return all
}

func (u union) check() error {
	if len(u.sources) == 0 {
		return fmt.Errorf("it has no source")
	}
	types := map[string]apifhir.ParamType{}
	for _, s := range u.sources {
		if err := s.check(); err != nil {
			return err
		}
		for _, p := range s.params() {
			if t, ok := types[p.Name]; ok && t != p.Type {
				return fmt.Errorf("search parameter %s: its type differs between sources", p.Name)
			}
			types[p.Name] = p.Type
		}
	}
	return nil
}

// here is the place of a statement without chains.
func here(ctx context.Context, q db.Query) apifhir.At {
	return apifhir.At{Query: q, Alias: alias, Scope: auth.ScopeOf(ctx)}
}

func (u union) read(ctx context.Context, q db.Query, id string) (apifhir.Entry, error) {
	for _, s := range u.sources {
		entries, err := s.find(ctx, q, id)
		if err != nil {
			return apifhir.Entry{}, err
		}
		if len(entries) > 0 {
			return entries[0], nil
		}
	}
	return apifhir.Entry{}, u.unknown(id)
}

func (u union) unknown(id string) error {
	return fault.New(fault.NotFound, "%s %s not found.", u.kind, id)
}

func (u union) history(ctx context.Context, q db.Query, id, version string) ([]apifhir.Entry, error) {
	for _, s := range u.sources {
		entries, err := s.history(ctx, q, id)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			continue
		}
		if version != "" {
			entries = slices.DeleteFunc(entries, func(e apifhir.Entry) bool { return e.Version() != version })
		}
		return entries, nil
	}
	return nil, u.unknown(id)
}

func (u union) keys(at apifhir.At, name string, params map[string][]apifhir.Criterion) (string, []any, bool, error) {
	for _, s := range u.sources {
		if s.Table.Name == name {
			text, args, err := s.keys(at, params)
			return text, args, true, err
		}
	}
	return "", nil, false, nil
}

func (u union) named(ctx context.Context, q db.Query, name string, names apifhir.Names) ([]apifhir.Named, error) {
	for _, s := range u.sources {
		if s.Table.Name == name {
			return s.named(ctx, q, names)
		}
	}
	return nil, nil
}

// search reads a page that may begin in one source and end in another. A source is counted when the total
// is wanted or when the page begins behind it, unless its rows tell.
func (u union) search(ctx context.Context, q db.Query, query apifhir.Query) (apifhir.Page, error) {
	if len(u.sources) > 1 && len(query.Sort) > 0 && !query.CountOnly {
		if taking, err := u.taking(ctx, q, query); err != nil || taking > 1 {
			if err != nil {
				return apifhir.Page{}, err
			}
			return u.sorted(ctx, q, query)
		}
	}
	var page apifhir.Page
	from, after := position(query)
	offset := query.Offset
	if query.After != "" {
		offset = 0
	}
	for i, s := range u.sources {
		w, none, err := s.where(here(ctx, q), query.Params)
		if err != nil {
			return apifhir.Page{}, err
		}
		if none {
			continue
		}
		count, exact := -1, query.Exact || query.CountOnly
		missing := query.Limit - len(page.Entries)
		wanted := !query.CountOnly && missing > 0 && i >= from
		if wanted && offset >= deep {
			if count, err = u.counts.of(ctx, q, s, w, exact); err != nil {
				return apifhir.Page{}, err
			}
			wanted = offset < count
		}
		if wanted {
			mark := ""
			if i == from {
				mark = after
			}
			at := here(ctx, q)
			at.Few = s.Table.EachUpTo == 0 || offset+missing <= s.Table.EachUpTo
			look, _, err := s.where(at, query.Params)
			if err != nil {
				return apifhir.Page{}, err
			}
			entries, err := s.page(ctx, q, look, query.Sort, mark, offset, missing)
			if err != nil {
				return apifhir.Page{}, err
			}
			if len(u.sources) > 1 {
				for j := range entries {
					if entries[j].Position != "" {
						entries[j].Position = strconv.Itoa(i) + "-" + entries[j].Position
					}
				}
			}
			page.Entries = append(page.Entries, entries...)
			if n := len(entries); n > 0 && n < missing || n == 0 && offset == 0 { // the end is in sight
				if count, exact = -1, true; mark == "" {
					count = offset + n
				}
			}
		}
		if count < 0 && (query.WantTotal || offset > 0 && i < len(u.sources)-1) {
			if count, err = u.counts.of(ctx, q, s, w, exact); err != nil {
				return apifhir.Page{}, err
			}
		}
		if count >= 0 {
			page.Total += count
			offset = max(0, offset-count)
		}
	}
	return page, nil
}

// position reads Query.After: the source and the mark in it.
func position(query apifhir.Query) (source int, mark string) {
	if first, second, ok := strings.Cut(query.After, "-"); ok {
		source, _ = strconv.Atoi(first)
		return source, second
	}
	return 0, query.After
}

// deepestMerge is the last row up to which several sources are sorted together: each is read to there.
const deepestMerge = 10_000

// taking counts the sources that take part in a search.
func (u union) taking(ctx context.Context, q db.Query, query apifhir.Query) (n int, err error) {
	for _, s := range u.sources {
		_, none, err := s.where(here(ctx, q), query.Params)
		if err != nil {
			return 0, err
		}
		if !none {
			n++
		}
	}
	return n, nil
}

// part is what a source gives to a page of a sorted list of several: rows in the list's order, with what they are sorted by.
type part struct {
	source  int
	order   []sorter
	entries []apifhir.Entry
	values  [][]any
}

// sorted reads a page of several sources in one order. Their rows have in common what every resource has: when it was
// changed, and its id. Of rows that are alike in both, those of an earlier source come first, and then those with a
// smaller key. A page behind a mark reads as many rows of each source as a page has.
func (u union) sorted(ctx context.Context, q db.Query, query apifhir.Query) (apifhir.Page, error) {
	var page apifhir.Page
	from, mark := position(query)
	offset := query.Offset
	if mark != "" {
		offset = 0
	}
	end := offset + query.Limit
	if end > deepestMerge {
		return page, fault.Input("_sort", "Parameter _sort: %s is sorted up to row %d only by the number of the page; follow the links, leave _sort out, or ask for one kind.", u.kind, deepestMerge)
	}
	for _, key := range query.Sort {
		if key.Name != "_id" && key.Name != "_lastUpdated" {
			return page, fault.Input("_sort", "Parameter _sort: several kinds of %s are sorted by _id and _lastUpdated only; ask for one kind to sort by %s.", u.kind, key.Name)
		}
	}
	if mark != "" && from >= len(u.sources) {
		return page, noMark()
	}
	var parts []*part
	for i, s := range u.sources {
		w, none, err := s.where(here(ctx, q), query.Params)
		if err != nil {
			return page, err
		}
		if none {
			continue
		}
		p := &part{source: i, order: s.sorters(q, query.Sort)}
		look := w
		if mark != "" {
			if look, err = u.behind(q, w, i, p.order, from, query.Sort, mark); err != nil {
				return page, err
			}
		}
		if p.entries, err = s.page(ctx, q, look, query.Sort, "", 0, end); err != nil {
			return page, err
		}
		for _, e := range p.entries {
			values, _, err := unmark(q, p.order, e.Position)
			if err != nil {
				return page, fmt.Errorf("sort %s of %s by %q: %w", e.ID, u.kind, e.Position, err)
			}
			p.values = append(p.values, values)
		}
		parts = append(parts, p)
		count, over := len(p.entries), len(p.entries) < end
		if query.WantTotal && (mark != "" || !over) {
			if count, err = u.counts.of(ctx, q, s, w, query.Exact || over); err != nil {
				return page, err
			}
		}
		page.Total += count
	}
	for n := 0; n < end; n++ {
		p := first(q, parts)
		if p == nil {
			break
		}
		e := p.entries[0]
		p.entries, p.values = p.entries[1:], p.values[1:]
		if n >= offset {
			e.Position = strconv.Itoa(p.source) + "-" + e.Position
			page.Entries = append(page.Entries, e)
		}
	}
	return page, nil
}

// behind adds to the conditions of a source that its rows come after a mark, which a row of from left.
func (u union) behind(q db.Query, w *table.Where, i int, order []sorter, from int, sort []apifhir.SortKey, mark string) (*table.Where, error) {
	s := u.sources[from]
	if i == from {
		return behind(q, w, order, col(alias, s.Table.Key), mark)
	}
	of := s.sorters(q, sort)
	values, _, err := unmark(q, of, mark)
	if err != nil || len(of) != len(order) {
		return nil, noMark()
	}
	rest := table.None // those that are alike were before it
	if i > from {
		rest = table.All
	}
	condition, args := after(q, order, values, of, rest, nil)
	return w.Clone().And(condition, args...), nil
}

// first is the part whose next row comes first; nil when none has one.
func first(q db.Query, parts []*part) (least *part) {
	for _, p := range parts {
		if len(p.entries) > 0 && (least == nil || p.before(q, least)) {
			least = p
		}
	}
	return least
}

// before says whether the next row of p comes before that of another part, which wins where they are alike.
func (p *part) before(q db.Query, other *part) bool {
	for i := range min(len(p.order), len(other.order)) {
		if c := p.order[i].compare(q, p.values[0][i], other.order[i], other.values[0][i]); c != 0 {
			return c < 0
		}
	}
	return false
}
