// Command gen writes internal/schema/catalogue.json from the facts about the legacy database:
// the tables of the SQL Server releases, the columns of the PostgreSQL database of release 24.10 and
// the tables that the Python backend adds. Run it with
//
//	IMIS_SHARED_REFERENCE=/path/to/reference go generate ./internal/schema
//
// The folder must hold schema/tables.json, schema/postgres-24.10.json and schema/python_tables.json.
// The result is committed; nothing here is needed to build or run the program. Without the variable the
// committed catalogue stays as it is, so that `make generate` works without the facts.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pythonTables are the tables of the Python backend that this program uses, in creation order. What
// its models do not say (Django's own tables, uniqueness) is said here.
var pythonTables = []struct {
	name, model string // model in python_tables.json; empty: the table is as PostgreSQL shows it
	identity    string
	unique      [][]string
}{
	{name: "core_TechnicalUser", model: "core.TechnicalUser", unique: [][]string{{"username"}}},
	{name: "core_User", model: "core.User", unique: [][]string{{"username"}}},
	{name: "auth_group", identity: "id", unique: [][]string{{"name"}}},
	{name: "core_User_groups", identity: "id", unique: [][]string{{"user_id", "group_id"}}},
	{name: "core_ModuleConfiguration", model: "core.ModuleConfiguration"},
	{name: "core_Mutation_Log", model: "core.MutationLog"},
	{name: "claim_ClaimMutation"},
}

// releases maps the names of the facts to those of the catalogue. 24.04 equals 1.7.4 in every table.
var releases = []struct{ fact, name string }{
	{"v1.3.0", "1.3.0"}, {"v1.4.0", "1.4.0"}, {"v1.7.4", "1.7.4"}, {"v1.7.4-upgraded", "1.7.4-upgraded"},
}

type outPostgres struct {
	Name    string `json:"name,omitempty"` // only when it differs from the SQL Server name
	Type    string `json:"type"`
	Null    bool   `json:"null,omitempty"`
	Default string `json:"default,omitempty"`
}

type outVariant struct {
	Type    string  `json:"type,omitempty"`
	Null    *bool   `json:"null,omitempty"`
	Default *string `json:"default,omitempty"`
}

type outColumn struct {
	Name     string                `json:"name"`
	Type     string                `json:"type,omitempty"` // SQL Server type; empty: only PostgreSQL has the column
	Null     bool                  `json:"null,omitempty"`
	Identity bool                  `json:"identity,omitempty"`
	Default  string                `json:"default,omitempty"`
	In       []string              `json:"in,omitempty"`  // SQL Server releases; empty: all
	Was      map[string]outVariant `json:"was,omitempty"` // deviations per release
	Postgres *outPostgres          `json:"pg,omitempty"`
}

type outKey struct {
	Column string `json:"column"`
	Table  string `json:"table"`
	Ref    string `json:"ref,omitempty"` // empty: its primary key
}

type outTable struct {
	Name    string
	Own     bool
	In      []string
	Key     []string
	Unique  [][]string
	Foreign []outKey
	Columns []outColumn
}

type factColumn struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Null     bool              `json:"nullable"`
	Default  *string           `json:"default"`
	Identity []int             `json:"identity"`
	In       []string          `json:"in_versions"`
	Differs  map[string]factAt `json:"differs"`
}

// factAt keeps an explicit null apart from a missing member: a deviation can be "no default".
type factAt map[string]json.RawMessage

type factTable struct {
	Name       string                       `json:"name"`
	In         []string                     `json:"in_versions"`
	Columns    []factColumn                 `json:"columns"`
	PrimaryKey *struct{ Columns []string }  `json:"primary_key"`
	Unique     []struct{ Columns []string } `json:"unique"`
	Foreign    []struct {
		Columns    []string `json:"columns"`
		RefTable   string   `json:"ref_table"`
		RefColumns []string `json:"ref_columns"`
	} `json:"foreign_keys"`
}

type pgTable struct {
	Name    string       `json:"table_name"`
	Columns []factColumn `json:"columns"`
}

type pythonField struct {
	Type      string `json:"type"`
	MaxLength int    `json:"max_length"`
	Column    string `json:"column"`
	Key       bool   `json:"primary_key"`
}

func main() {
	log.SetFlags(0)
	dir := os.Getenv("IMIS_SHARED_REFERENCE")
	if dir == "" {
		log.Print("internal/schema: catalogue.json stays as it is; IMIS_SHARED_REFERENCE would name the folder that holds schema/tables.json")
		return
	}
	if err := run(filepath.Join(dir, "schema"), "catalogue.json"); err != nil {
		log.Fatal(err)
	}
}

func run(dir, target string) error {
	var legacy struct{ Tables []factTable }
	var postgres struct{ Tables []pgTable }
	var python map[string]json.RawMessage
	for name, into := range map[string]any{"tables.json": &legacy, "postgres-24.10.json": &postgres, "python_tables.json": &python} {
		if err := readJSON(filepath.Join(dir, name), into); err != nil {
			return err
		}
	}
	pg := map[string]pgTable{}
	for _, t := range postgres.Tables {
		pg[strings.ToLower(t.Name)] = t
	}
	var out []outTable
	for _, t := range legacy.Tables {
		out = append(out, legacyTable(t, pg[strings.ToLower(t.Name)]))
	}
	for _, p := range pythonTables {
		shown, ok := pg[strings.ToLower(p.name)]
		if !ok {
			return fmt.Errorf("postgres-24.10.json has no table %s", p.name)
		}
		t := outTable{Name: p.name, Own: true, Key: []string{"id"}, Unique: p.unique}
		fields := map[string]pythonField{}
		if p.model != "" {
			var err error
			if fields, err = seedFields(python, p.model); err != nil {
				return err
			}
		}
		for _, c := range shown.Columns {
			t.Columns = append(t.Columns, pythonColumn(c, fields, p.model != "", p.identity))
		}
		out = append(out, t)
	}
	return os.WriteFile(target, render(out), 0o644)
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func legacyTable(t factTable, pg pgTable) outTable {
	out := outTable{Name: t.Name, In: inReleases(t.In)}
	if t.PrimaryKey != nil {
		out.Key = t.PrimaryKey.Columns
	}
	for _, u := range t.Unique {
		out.Unique = append(out.Unique, u.Columns)
	}
	for _, f := range t.Foreign {
		if len(f.Columns) == 1 {
			out.Foreign = append(out.Foreign, outKey{f.Columns[0], f.RefTable, strings.Join(f.RefColumns, "")})
		}
	}
	shown := map[string]factColumn{}
	for _, c := range pg.Columns {
		shown[strings.ToLower(c.Name)] = c
	}
	for _, c := range t.Columns {
		o := outColumn{Name: c.Name, Type: c.Type, Null: c.Null, Identity: len(c.Identity) > 0, Default: deref(c.Default)}
		if in := inReleases(c.In); !slices.Equal(in, out.In) && !(in == nil && out.In == nil) {
			o.In = in
		}
		for _, r := range releases {
			if d, ok := c.Differs[r.fact]; ok {
				if o.Was == nil {
					o.Was = map[string]outVariant{}
				}
				o.Was[r.name] = variant(d)
			}
		}
		key := strings.ToLower(c.Name)
		if p, ok := shown[key]; ok {
			o.Postgres = postgresColumn(p, c.Name)
			delete(shown, key)
		}
		out.Columns = append(out.Columns, o)
	}
	for _, c := range pg.Columns { // what only PostgreSQL has, in its order
		if p, ok := shown[strings.ToLower(c.Name)]; ok {
			out.Columns = append(out.Columns, outColumn{Name: c.Name, Null: c.Null, Postgres: postgresColumn(p, c.Name)})
		}
	}
	return out
}

func postgresColumn(c factColumn, name string) *outPostgres {
	p := &outPostgres{Type: c.Type, Null: c.Null}
	if c.Name != name {
		p.Name = c.Name
	}
	if d := deref(c.Default); !strings.HasPrefix(d, "nextval(") {
		p.Default = d
	}
	return p
}

// pythonColumn gives a column of a Python table its SQL Server form: as in the 2019 release, but never
// narrower than today's. A column added since exists on PostgreSQL only.
func pythonColumn(c factColumn, seed map[string]pythonField, known bool, identity string) outColumn {
	o := outColumn{Name: c.Name, Null: c.Null, Identity: c.Name == identity, Postgres: postgresColumn(c, c.Name)}
	field, ok := seed[c.Name]
	if known && !ok {
		return o
	}
	kind, size, _ := strings.Cut(strings.TrimSuffix(c.Type, ")"), "(")
	switch kind {
	case "uuid":
		o.Type = "uniqueidentifier"
	case "integer":
		o.Type = "int"
	case "boolean":
		o.Type = "bit"
	case "text":
		o.Type = "nvarchar(max)"
	case "timestamp with time zone":
		o.Type = "datetime"
	case "varchar":
		n, _ := strconv.Atoi(size)
		o.Type = fmt.Sprintf("nvarchar(%d)", max(n, field.MaxLength))
	default:
		log.Fatalf("column %s: no SQL Server type for %s", c.Name, c.Type)
	}
	return o
}

// seedFields gives the columns that a model had in the 2019 release.
func seedFields(python map[string]json.RawMessage, model string) (map[string]pythonField, error) {
	var m struct {
		Seed struct{ Fields map[string]pythonField }
	}
	if err := json.Unmarshal(python[model], &m); err != nil {
		return nil, fmt.Errorf("python_tables.json, model %s: %w", model, err)
	}
	fields := map[string]pythonField{}
	for _, f := range m.Seed.Fields {
		fields[f.Column] = f
	}
	return fields, nil
}

func variant(d factAt) outVariant {
	var v outVariant
	if raw, ok := d["type"]; ok {
		must(json.Unmarshal(raw, &v.Type))
	}
	if raw, ok := d["nullable"]; ok {
		must(json.Unmarshal(raw, &v.Null))
	}
	if raw, ok := d["default"]; ok {
		var s *string
		must(json.Unmarshal(raw, &s))
		none := deref(s)
		v.Default = &none
	}
	return v
}

func inReleases(facts []string) []string {
	var in []string
	for _, r := range releases {
		if slices.Contains(facts, r.fact) {
			in = append(in, r.name)
		}
	}
	if len(in) == len(releases) {
		return nil
	}
	return in
}

// render writes one column a line, so that a change of the facts reads well in a diff.
func render(tables []outTable) []byte {
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, t := range tables {
		fmt.Fprintf(&b, "{\"name\":%s", jsonOf(t.Name))
		if t.Own {
			b.WriteString(`,"own":true`)
		}
		if t.In != nil {
			fmt.Fprintf(&b, ",\"in\":%s", jsonOf(t.In))
		}
		if t.Key != nil {
			fmt.Fprintf(&b, ",\"key\":%s", jsonOf(t.Key))
		}
		if t.Unique != nil {
			fmt.Fprintf(&b, ",\"unique\":%s", jsonOf(t.Unique))
		}
		if t.Foreign != nil {
			fmt.Fprintf(&b, ",\"foreign\":%s", jsonOf(t.Foreign))
		}
		b.WriteString(",\"columns\":[\n")
		for j, c := range t.Columns {
			b.WriteString("  " + jsonOf(c) + separator(j, len(t.Columns)))
		}
		b.WriteString("]}" + separator(i, len(tables)))
	}
	b.WriteString("]\n")
	return b.Bytes()
}

func separator(i, n int) string {
	if i == n-1 {
		return "\n"
	}
	return ",\n"
}

func jsonOf(v any) string {
	data, err := json.Marshal(v)
	must(err)
	return string(data)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
