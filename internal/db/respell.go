package db

import (
	"regexp"
	"strings"

	"github.com/openimis/openimis-be-go/internal/schema"
)

var (
	tableRef  = regexp.MustCompile(`"([A-Za-z_]+)"(?:\s+(?:AS\s+)?([a-z][a-z0-9_]*)\b)?`)
	columnRef = regexp.MustCompile(`(?:("?)([A-Za-z_][A-Za-z0-9_]*)"?\.)?"([A-Za-z0-9_]+)"`)
)

// respell gives the few legacy columns that the PostgreSQL database spells in another case
// (schema.Renames) their name there. A qualified column follows its table or alias; an unqualified
// one is respelt when a table of the statement renames it and none of the others has it as it is.
func respell(src string) string {
	renames := schema.Renames()
	aliases := map[string]string{}
	var tables []string
	for _, m := range tableRef.FindAllStringSubmatch(src, -1) {
		t, ok := schema.Lookup(m[1])
		if !ok || t.Name != m[1] {
			continue
		}
		tables = append(tables, t.Name)
		aliases[t.Name] = t.Name
		if m[2] != "" {
			aliases[m[2]] = t.Name
		}
	}
	touched := false
	for _, t := range tables {
		touched = touched || len(renames[t]) > 0
	}
	if !touched {
		return src
	}
	// The columns of $rows are those of a JSON parameter, not of a table.
	var b strings.Builder
	for {
		i := strings.Index(src, "$rows")
		if i < 0 {
			break
		}
		_, n, err := arguments(src[i+len("$rows"):])
		if err != nil {
			break // Render reports it
		}
		end := i + len("$rows") + n
		b.WriteString(respellColumns(src[:i], aliases, tables))
		b.WriteString(src[i:end])
		src = src[end:]
	}
	b.WriteString(respellColumns(src, aliases, tables))
	return b.String()
}

func respellColumns(src string, aliases map[string]string, tables []string) string {
	renames := schema.Renames()
	return columnRef.ReplaceAllStringFunc(src, func(ref string) string {
		m := columnRef.FindStringSubmatch(ref)
		qualifier, column := m[2], m[3]
		var to string
		if qualifier != "" {
			to = renames[aliases[qualifier]][column]
		} else {
			for _, t := range tables {
				if name, ok := renames[t][column]; ok {
					to = name
				} else if tab, _ := schema.Lookup(t); tab != nil {
					if c, ok := tab.Column(column); ok && c.Name == column {
						return ref
					}
				}
			}
		}
		if to == "" {
			return ref
		}
		return strings.TrimSuffix(ref, `"`+column+`"`) + `"` + to + `"`
	})
}
