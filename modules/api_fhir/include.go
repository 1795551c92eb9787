package apifhir

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// mostIncluded bounds what _include and _revinclude add to a page.
const mostIncluded = 1000

// inclusion is one _include or _revinclude: the resource that has the reference, the parameter that it is,
// and the resource that it points at.
type inclusion struct {
	from, to *Resource
	param    Param
	reverse  bool
}

// inclusions reads Type:parameter or Type:parameter:Target, with * for all parameters of the type.
func (p *parser) inclusions(value string, reverse bool) {
	name := "_include"
	if reverse {
		name = "_revinclude"
	}
	parts := strings.Split(value, ":")
	from := p.resource(parts[0])
	if from == nil || len(parts) < 2 || len(parts) > 3 || !reverse && from.Type != p.res.Type {
		p.ignore(name, "Parameter %s: %q is not known; Type:parameter is expected%s.", name, value, allowed(p.includes(reverse)))
		return
	}
	found := false
	for _, param := range from.Params {
		if param.Path == "" || parts[1] != "*" && param.Name != parts[1] {
			continue
		}
		for _, target := range param.Targets {
			to := p.resource(target)
			switch {
			case to == nil, len(parts) == 3 && parts[2] != target, reverse && target != p.res.Type:
			case !reverse && to.Search == nil, reverse && from.Search == nil:
			default:
				found = true
				p.out.include = append(p.out.include, inclusion{from, to, param, reverse})
			}
		}
	}
	if !found {
		p.ignore(name, "Parameter %s: %q is not known; Type:parameter is expected%s.", name, value, allowed(p.includes(reverse)))
	}
}

// includes lists what _include or _revinclude may say for the resource.
func (p *parser) includes(reverse bool) []string {
	if p.reg == nil {
		return nil
	}
	return p.reg.includes(p.res, reverse)
}

// includes lists the inclusions that there are for a resource: Type:parameter.
func (r *registry) includes(res *Resource, reverse bool) []string {
	var all []string
	for _, from := range r.list {
		if !reverse && from != res {
			continue
		}
		for _, p := range from.Params {
			if p.Path == "" {
				continue
			}
			for _, target := range p.Targets {
				to := r.byType[target]
				if to != nil && (reverse && to == res && from.Search != nil || !reverse && to.Search != nil) {
					all = append(all, from.Type+":"+p.Name)
					break
				}
			}
		}
	}
	return all
}

// include adds the resources that the matches refer to, or that refer to them, each once.
func (q *call) include(db db.Query, w *entryWriter, res *Resource, req *request, matches []Entry) error {
	if len(req.include) == 0 || len(matches) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, e := range matches {
		seen[res.Type+"/"+e.ID] = true
	}
	left := mostIncluded
	for _, inc := range req.include {
		var target *Resource
		var criterion Criterion
		name := "_id"
		if inc.reverse {
			target, name = inc.from, inc.param.Name
			for _, e := range matches {
				criterion.Any = append(criterion.Any, Value{Text: e.ID, ID: e.ID, Type: res.Type})
			}
		} else {
			target = inc.to
			referred, err := references(matches, inc.param.Path, inc.to.Type)
			if err != nil {
				return err
			}
			criterion.Modifier = Referred
			for _, v := range referred {
				if !seen[target.Type+"/"+v.ID] {
					criterion.Any = append(criterion.Any, v)
				}
			}
		}
		if len(criterion.Any) == 0 {
			continue
		}
		if err := q.permit(target.Access.Get, target.Type); err != nil {
			return err
		}
		for part := range slices.Chunk(criterion.Any, 400) { // a search takes that many values
			page, err := target.Search(q.context(), db, Query{Limit: left + 1, Params: map[string][]Criterion{name: {{Modifier: criterion.Modifier, Any: part}}}})
			if err != nil {
				return err
			}
			if left -= len(page.Entries); left < 0 {
				return fault.Input("_include", "The page would include more than %d resources; ask for fewer with _count.", mostIncluded)
			}
			for _, e := range page.Entries {
				key := target.Type + "/" + e.ID
				if seen[key] {
					continue
				}
				seen[key] = true
				q.event.Resources = append(q.event.Resources, key)
				if err := w.entry(q.base, target, e, view{}, "include"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// references collects what the literal references at a path of resources name of a type, each once.
func references(entries []Entry, path, kind string) ([]Value, error) {
	var all []Value
	for _, e := range entries {
		raw, err := modelJSON(e.Resource)
		if err != nil {
			return nil, err
		}
		var tree any
		if err := json.Unmarshal(raw, &tree); err != nil {
			return nil, fmt.Errorf("include from %T: %w", e.Resource, err)
		}
		walk(tree, strings.Split(path, "."), func(v any) {
			object, _ := v.(map[string]any)
			text, _ := object["reference"].(string)
			t, id, ok := splitReference(text)
			if !ok || t != kind {
				return
			}
			named := Value{Text: text, ID: id, Type: t}
			walk(object, []string{"identifier", "type", "coding"}, func(v any) {
				coding, _ := v.(map[string]any)
				code, _ := coding["code"].(string)
				named.Kind = identifierKinds[code]
			})
			if !slices.Contains(all, named) {
				all = append(all, named)
			}
		})
	}
	return all, nil
}

// walk calls visit for every value at a path, through lists.
func walk(v any, path []string, visit func(any)) {
	switch o := v.(type) {
	case []any:
		for _, item := range o {
			walk(item, path, visit)
		}
	case map[string]any:
		if len(path) == 0 {
			visit(o)
			return
		}
		walk(o[path[0]], path[1:], visit)
	}
}
