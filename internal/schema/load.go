package schema

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./gen

//go:embed catalogue.json
var catalogueJSON []byte

// rawTable and rawColumn are a table as written down, in catalogue.json and own.go.
type rawTable struct {
	Name    string       `json:"name"`
	Own     bool         `json:"own"`
	In      []Version    `json:"in"` // SQL Server releases; empty: all
	Key     []string     `json:"key"`
	Unique  [][]string   `json:"unique"`
	Foreign []rawForeign `json:"foreign"`
	Columns []rawColumn  `json:"columns"`
}

type rawForeign struct {
	Column string `json:"column"`
	Table  string `json:"table"`
	Ref    string `json:"ref"` // empty: the primary key
}

type rawColumn struct {
	Name     string                 `json:"name"`
	Type     string                 `json:"type"` // of SQL Server; empty: not there
	Null     bool                   `json:"null"`
	Identity bool                   `json:"identity"`
	Default  string                 `json:"default"`
	In       []Version              `json:"in"` // SQL Server releases; empty: as the table
	Was      map[Version]rawVariant `json:"was"`
	Postgres *rawPostgres           `json:"pg"`
}

type rawVariant struct {
	Type    string  `json:"type"`
	Null    *bool   `json:"null"`
	Default *string `json:"default"`
}

type rawPostgres struct {
	Name    string `json:"name"` // empty: as on SQL Server
	Type    string `json:"type"`
	Null    bool   `json:"null"`
	Default string `json:"default"`
}

type loaded struct {
	tables  []*Table
	byName  map[string]*Table
	renames map[string]map[string]string
}

// catalogue reads the embedded data once. A defect in it is a defect of the program: it panics.
var catalogue = sync.OnceValue(func() *loaded {
	var raws []rawTable
	if err := json.Unmarshal(catalogueJSON, &raws); err != nil {
		panic("catalogue.json: " + err.Error())
	}
	c := &loaded{byName: map[string]*Table{}, renames: map[string]map[string]string{}}
	var tables []*Table
	for _, raw := range slices.Concat(raws, programTables, batchTables, documentTables) {
		t, err := raw.table()
		if err != nil {
			panic("catalogue: " + err.Error())
		}
		tables = append(tables, t)
		c.byName[strings.ToLower(t.Name)] = t
		for _, col := range t.Columns {
			if on := col.NameOn(Postgres); on != col.Name {
				if c.renames[t.Name] == nil {
					c.renames[t.Name] = map[string]string{}
				}
				c.renames[t.Name][col.Name] = on
			}
		}
	}
	for _, t := range tables {
		for i, f := range t.Foreign {
			ref, ok := c.byName[strings.ToLower(f.Table)]
			if !ok {
				panic(fmt.Sprintf("catalogue: %s.%s refers to the unknown table %s", t.Name, f.Column, f.Table))
			}
			t.Foreign[i].Table = ref.Name
			if f.RefColumn == "" {
				t.Foreign[i].RefColumn = ref.PrimaryKey[0]
			}
		}
	}
	c.tables = creationOrder(tables, c.byName)
	return c
})

func (raw rawTable) table() (*Table, error) {
	t := &Table{Name: raw.Name, Own: raw.Own, PrimaryKey: raw.Key, Unique: raw.Unique, byName: map[string]*Column{}}
	t.Versions = append(releases(raw.In), PG2410) // PostgreSQL has every table
	for _, f := range raw.Foreign {
		key := ForeignKey{Column: f.Column, Table: f.Table, RefColumn: f.Ref}
		key.Unchecked = unchecked[t.Name+"."+f.Column]
		t.Foreign = append(t.Foreign, key)
	}
	for _, rc := range raw.Columns {
		c, err := rc.column(raw.In)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", raw.Name, rc.Name, err)
		}
		t.Columns = append(t.Columns, c)
		t.byName[strings.ToLower(c.Name)] = c
		t.mark(c)
	}
	t.History = t.ValidityTo != "" && t.LegacyIDColumn != ""
	return t, nil
}

// mark notes what a column is for. A column that only PostgreSQL has does not count.
func (t *Table) mark(c *Column) {
	if c.Identity {
		t.Identity = c.Name
	}
	if !c.In(V174) && !c.In(V140) {
		return
	}
	switch lower := strings.ToLower(c.Name); {
	case lower == "legacyid" && c.Type == Int:
		t.LegacyIDColumn = c.Name
	case lower == "validityfrom" || lower == "validity_from":
		t.ValidityFrom = c.Name
	case lower == "validityto" || lower == "validity_to":
		t.ValidityTo = c.Name
	case lower == "audituserid":
		t.AuditUser = c.Name
	case c.Type == GUID && strings.HasSuffix(lower, "uuid"):
		t.UUIDColumn = c.Name
	}
}

func (raw rawColumn) column(tableIn []Version) (*Column, error) {
	c := &Column{Name: raw.Name, Identity: raw.Identity}
	if raw.Type != "" {
		spec, err := parseType(raw.Type)
		if err != nil {
			return nil, err
		}
		spec.Nullable, spec.Default = raw.Null, raw.Default
		c.Spec = spec
		in := raw.In
		if in == nil {
			in = tableIn
		}
		c.Versions = releases(in)
	}
	for v, d := range raw.Was {
		spec := c.Spec
		if d.Type != "" {
			other, err := parseType(d.Type)
			if err != nil {
				return nil, err
			}
			other.Nullable, other.Default = spec.Nullable, spec.Default
			spec = other
		}
		if d.Null != nil {
			spec.Nullable = *d.Null
		}
		if d.Default != nil {
			spec.Default = *d.Default
		}
		if c.was == nil {
			c.was = map[Version]Spec{}
		}
		c.was[v] = spec
	}
	if p := raw.Postgres; p != nil {
		spec, err := parseType(p.Type)
		if err != nil {
			return nil, err
		}
		spec.Nullable, spec.Default = p.Null, p.Default
		if c.Type == RowVersion || c.Type == GUID { // kept as bytes or text there, but for the same use
			spec.Type = c.Type
		}
		c.Postgres = &PostgresColumn{Name: raw.Name, SQLType: postgresType(p.Type), Spec: spec}
		if p.Name != "" {
			c.Postgres.Name = p.Name
		}
		c.Versions = append(c.Versions, PG2410)
		if raw.Type == "" {
			c.Spec = spec
		}
	}
	return c, nil
}

// releases gives a list of its own; none named means all of SQL Server.
func releases(in []Version) []Version {
	if len(in) == 0 {
		in = []Version{V130, V140, V174, V174Upgraded}
	}
	return slices.Clone(in)
}

// kinds translates the type names of SQL Server and PostgreSQL.
var kinds = map[string]Spec{
	"int":                         {Type: Int},
	"integer":                     {Type: Int},
	"smallint":                    {Type: SmallInt},
	"tinyint":                     {Type: TinyInt},
	"bigint":                      {Type: BigInt},
	"bit":                         {Type: Bit},
	"boolean":                     {Type: Bit},
	"decimal":                     {Type: Decimal},
	"numeric":                     {Type: Decimal},
	"float":                       {Type: Float},
	"double precision":            {Type: Float},
	"char":                        {Type: Text, Fixed: true},
	"nchar":                       {Type: Text, Fixed: true, Unicode: true},
	"varchar":                     {Type: Text},
	"nvarchar":                    {Type: Text, Unicode: true},
	"ntext":                       {Type: Text, Unicode: true, LOB: true},
	"character":                   {Type: Text, Fixed: true, Unicode: true, Size: 1},
	"text":                        {Type: Text, Unicode: true},
	"date":                        {Type: Date},
	"datetime":                    {Type: DateTime},
	"timestamp with time zone":    {Type: DateTime},
	"timestamp without time zone": {Type: DateTime},
	"smalldatetime":               {Type: SmallDateTime},
	"uniqueidentifier":            {Type: GUID},
	"uuid":                        {Type: GUID},
	"varbinary":                   {Type: Binary},
	"bytea":                       {Type: Binary},
	"timestamp":                   {Type: RowVersion},
	"jsonb":                       {Type: JSON, Unicode: true},
}

// parseType reads a type as both engines write it: name, name(size), name(precision,scale), name(max).
func parseType(text string) (Spec, error) {
	name, rest, sized := strings.Cut(text, "(")
	spec, ok := kinds[name]
	if !ok {
		return Spec{}, fmt.Errorf("type %q is unknown", text)
	}
	rest = strings.TrimSuffix(rest, ")")
	if !sized || rest == "" || rest == "max" {
		return spec, nil
	}
	first, second, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(first)
	if err != nil {
		return Spec{}, fmt.Errorf("type %q has a bad size", text)
	}
	if spec.Type != Decimal {
		spec.Size = n
		return spec, nil
	}
	spec.Precision = n
	spec.Scale, err = strconv.Atoi(second)
	return spec, err
}

// unchecked are the keys that every release creates and switches off (NOCHECK): a family is entered
// before its head, a claim before its feedback.
var unchecked = map[string]bool{"tblFamilies.InsureeID": true, "tblClaim.FeedbackID": true}

// creationOrder puts a table after those it refers to by checked keys, which form no circle.
func creationOrder(tables []*Table, byName map[string]*Table) []*Table {
	ordered := make([]*Table, 0, len(tables))
	seen := map[*Table]bool{}
	var visit func(*Table)
	visit = func(t *Table) {
		if seen[t] {
			return
		}
		seen[t] = true
		for _, f := range t.Foreign {
			if !f.Unchecked {
				visit(byName[strings.ToLower(f.Table)])
			}
		}
		ordered = append(ordered, t)
	}
	for _, t := range tables {
		visit(t)
	}
	return ordered
}
