package db

import (
	"fmt"
	"strconv"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// Render turns portable SQL into the text of one engine. Portable SQL is the common subset of the
// three engines with ANSI-quoted names, `?` for parameters, and these macros:
//
//	$ints(?) $texts(?)      the elements of a list parameter (db.Ints, db.Texts), for IN
//	$page(?, ?)             limit and offset, after ORDER BY
//	$eq(a, b)               text equality that ignores case and trailing blanks, as SQL Server's collation does
//	$like(a, ?)             LIKE that ignores case; the pattern comes from db.Contains or db.StartsWith
//	$starts(a, ?)           the same for a pattern from db.StartsWith, by an index of a where there is one
//	$ci(a)                  a text expression to sort, group or compare by ignoring case and trailing blanks;
//	                        beside $texts the texts are those of db.Folded
//	$date(a)                the date part of a timestamp
//	$uuid(a)                a GUID column as lower-case text
//	$true $false            literals of a bit column
//	$rows(x, ?, "A" int, …) the objects of a JSON array parameter as the table x; types: int, bigint,
//	                        smallint, tinyint, bit, decimal(p,s), date, datetime, text, guid
//	$updlock $forupdate     lock the rows read: the first after the table's name, the second at the end
//	$skiplocked $forskip    the same, leaving out rows that somebody else has locked
//	$returning("Id")        after INSERT's VALUES, with $output("Id") before it
//	$random $newuuid        a random sort key, a new GUID
//	$version(a) $atversion(?) $horizon   row versions, see Horizon; only SQL Server numbers rows
//
// Every `?` keeps its number whatever a macro does with it. A macro that does not exist or has the
// wrong number of arguments is an error. Results are cached by text.
func (d Dialect) Render(src string) (string, error) { return d.render(src, false, "") }

// render is Render; wide makes $like compare all of Unicode. Where the pattern is ASCII the engines'
// comparison that ignores the case of ASCII letters only does as well: SQLite's is ten times as fast,
// PostgreSQL's twice. collation is what PostgreSQL folds letters by, "" where that of the database does.
func (d Dialect) render(src string, wide bool, collation string) (string, error) {
	key := renderKey{d, src, wide, collation}
	if hit, ok := rendered.Get(key); ok {
		return hit, nil
	}
	r := renderer{dialect: d, wide: wide}
	text := src
	if d == Postgres {
		text = arrays.Replace(respell(src))
	}
	out, err := r.text(text)
	if err != nil {
		return "", fmt.Errorf("render for %s: %w in %q", d, err, src)
	}
	if d == Postgres {
		out = strings.ReplaceAll(out, byCollation, schema.Collate(collation))
	}
	rendered.Add(key, out)
	return out, nil
}

// arrays has PostgreSQL look a value up in the array of $ints itself: the planner then knows what the
// list holds, where it can only guess at the rows of a subquery.
var arrays = strings.NewReplacer(" NOT IN $ints(", " <> ALL $array(", " IN $ints(", " = ANY $array(")

type renderKey struct {
	dialect   Dialect
	src       string
	wide      bool
	collation string
}

// byCollation stands where PostgreSQL folds letters, for COLLATE.
const byCollation = "/*fold*/"

// rendered keeps the statements in use. It is bounded, because clients choose fields, filters and orders
// and so make statements without end.
var rendered, _ = lru.New[renderKey, string](10_000)

type renderer struct {
	dialect Dialect
	wide    bool
	params  int
}

// text renders a piece of portable SQL, leaving quoted text alone.
func (r *renderer) text(s string) (string, error) {
	var b strings.Builder
	b.Grow(len(s) + 32)
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\'' || c == '"':
			j := strings.IndexByte(s[i+1:], c)
			if j < 0 {
				return "", fmt.Errorf("unclosed %c", c)
			}
			b.WriteString(s[i : i+j+2])
			i += j + 2
		case c == '?':
			b.WriteString(r.param())
			i++
		case c == '$':
			n, err := r.macro(&b, s[i:])
			if err != nil {
				return "", err
			}
			i += n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), nil
}

func (r *renderer) param() string {
	r.params++
	n := strconv.Itoa(r.params)
	switch r.dialect {
	case Postgres:
		return "$" + n
	case SQLServer:
		return "@p" + n
	}
	return "?" + n
}

// macro renders the macro at the start of s and returns how much of s it took.
func (r *renderer) macro(b *strings.Builder, s string) (int, error) {
	end := 1
	for end < len(s) && s[end] >= 'a' && s[end] <= 'z' {
		end++
	}
	name, rest := s[1:end], s[end:]
	form, ok := macros[name]
	if !ok {
		return 0, fmt.Errorf("unknown macro $%s", name)
	}
	var raw []string
	taken := end
	if form.args != 0 {
		list, n, err := arguments(rest)
		if err != nil {
			return 0, fmt.Errorf("$%s: %w", name, err)
		}
		raw, taken = list, end+n
	}
	if form.args >= 0 && len(raw) != form.args {
		return 0, fmt.Errorf("$%s takes %d arguments, got %d", name, form.args, len(raw))
	}
	args := make([]string, len(raw))
	for i, a := range raw {
		text, err := r.text(strings.TrimSpace(a))
		if err != nil {
			return 0, err
		}
		args[i] = text
	}
	if f, ok := unicodeForms[name]; ok && r.wide {
		form.render = f
	}
	b.WriteString(form.render(r.dialect, args))
	return taken, nil
}

// arguments splits "(a, f(b, c))…" at its top-level commas.
func arguments(s string) (list []string, taken int, err error) {
	if s == "" || s[0] != '(' {
		return nil, 0, fmt.Errorf("expected (")
	}
	depth, start, quote := 0, 1, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth == 0 {
				return append(list, s[start:i]), i + 1, nil
			}
		case c == ',' && depth == 1:
			list = append(list, s[start:i])
			start = i + 1
		}
	}
	return nil, 0, fmt.Errorf("missing )")
}

// macro is one construct on which the engines disagree. args is -1 for any number.
type macro struct {
	args   int
	render func(d Dialect, a []string) string
}

// by picks the text of the engine.
func by(sqlite, postgres, sqlserver string) func(Dialect, []string) string {
	return func(d Dialect, a []string) string {
		form := sqlite
		switch d {
		case Postgres:
			form = postgres
		case SQLServer:
			form = sqlserver
		}
		form = strings.ReplaceAll(form, "{fold}", byCollation)
		for i, v := range a {
			form = strings.ReplaceAll(form, "{"+strconv.Itoa(i)+"}", v)
		}
		return form
	}
}

// unicodeForms are the forms of macros whose pattern goes beyond ASCII, on the engines that need one.
var unicodeForms = map[string]func(Dialect, []string) string{
	"like": by(`imis_like({0}, {1})`,
		`LOWER({0}{fold}) LIKE LOWER(CAST({1} AS text){fold}) ESCAPE '\'`, ""),
	"starts": by(`(imis_like({0}, {1}) AND {0} >= imis_from({1}) AND {0} < imis_until({1}))`,
		`LOWER(RTRIM({0}){fold}) LIKE LOWER(CAST({1} AS text){fold}) ESCAPE '\'`, ""),
}

var macros map[string]macro

func init() { // not a literal: rows refers to render, which refers to macros
	macros = map[string]macro{
		"ints": {1, by("(SELECT value FROM json_each({0}))",
			"(SELECT unnest(CAST({0} AS int[])))",
			"(SELECT CAST([value] AS int) FROM OPENJSON({0}))")},
		"texts": {1, by("(SELECT value FROM json_each({0}))",
			"(SELECT value FROM json_array_elements_text(CAST({0} AS json)))",
			"(SELECT [value] FROM OPENJSON({0}))")},
		"array": {1, by("{0}", "(CAST({0} AS int[]))", "{0}")}, // of arrays, for PostgreSQL only
		"page":  {2, by("LIMIT {0} OFFSET {1}", "LIMIT {0} OFFSET {1}", "OFFSET {1} ROWS FETCH NEXT {0} ROWS ONLY")},
		"eq":    {2, by("{0} = {1}", "LOWER(RTRIM({0}){fold}) = LOWER(RTRIM(CAST({1} AS text)){fold})", "{0} = {1}")},
		"like":  {2, by(`{0} LIKE {1} ESCAPE '\'`, `LOWER({0} COLLATE "C") LIKE LOWER(CAST({1} AS text)) ESCAPE '\'`, `{0} LIKE {1} ESCAPE '\'`)},
		"starts": {2, by(`({0} LIKE {1} ESCAPE '\' AND {0} >= imis_from({1}) AND {0} < imis_until({1}))`,
			`LOWER(RTRIM({0}){fold}) LIKE LOWER(CAST({1} AS text){fold}) ESCAPE '\'`, `{0} LIKE {1} ESCAPE '\'`)},
		"ci":         {1, by("{0}", "LOWER(RTRIM({0}){fold})", "{0}")},
		"seldom":     {1, by("likelihood({0}, 0.001)", "{0}", "{0}")}, // a condition that few rows meet, where the engine cannot know
		"moment":     {1, by("{0}", "{0}", "CAST({0} AS datetime)")},  // of a text, as $exactly gave it
		"exactly":    {1, by("{0}", "{0}", "CAST({0} AS datetime2(3))")},
		"date":       {1, by("substr({0}, 1, 10)", "CAST({0} AS date)", "CAST({0} AS date)")},
		"uuid":       {1, by("LOWER({0})", "LOWER(CAST({0} AS text))", "LOWER(CAST({0} AS char(36)))")},
		"true":       {0, by("1", "TRUE", "1")},
		"false":      {0, by("0", "FALSE", "0")},
		"updlock":    {0, by("", "", "WITH (UPDLOCK, ROWLOCK)")},
		"forupdate":  {0, by("", "FOR UPDATE", "")},
		"skiplocked": {0, by("", "", "WITH (UPDLOCK, ROWLOCK, READPAST)")},
		"forskip":    {0, by("", "FOR UPDATE SKIP LOCKED", "")},
		"output":     {1, by("", "", "OUTPUT INSERTED.{0}")},
		"returning":  {1, by("RETURNING {0}", "RETURNING {0}", "")},
		"random":     {0, by("RANDOM()", "RANDOM()", "NEWID()")},
		"newuuid":    {0, by("imis_uuid()", "CAST(gen_random_uuid() AS text)", "NEWID()")},
		"version":    {1, by("{0}", "{0}", "CAST({0} AS bigint)")},
		"atversion":  {1, by("{0}", "{0}", "CAST(CAST({0} AS bigint) AS binary(8))")},
		"horizon":    {0, by("0", "0", serverHorizon)},
		"rows":       {-1, renderRows},
	}
}

// renderRows renders $rows(x, ?, "A" int, …).
func renderRows(d Dialect, a []string) string {
	if len(a) < 3 {
		return "$rows takes an alias, a parameter and columns"
	}
	alias, param, cols := a[0], a[1], a[2:]
	var parts []string
	for _, c := range cols {
		name, typ, _ := strings.Cut(c, " ")
		typ = d.sqlType(strings.TrimSpace(typ))
		switch d {
		case SQLite:
			parts = append(parts, fmt.Sprintf("json_extract(value, '$.%s') AS %s", strings.Trim(name, `"`), name))
		case Postgres:
			parts = append(parts, name+" "+typ)
		default:
			parts = append(parts, fmt.Sprintf("[%s] %s '$.%s'", strings.Trim(name, `"`), typ, strings.Trim(name, `"`)))
		}
	}
	list := strings.Join(parts, ", ")
	switch d {
	case SQLite:
		return "(SELECT " + list + " FROM json_each(" + param + ")) AS " + alias
	case Postgres:
		return "json_to_recordset(CAST(" + param + " AS json)) AS " + alias + "(" + list + ")"
	}
	return "OPENJSON(" + param + ") WITH (" + list + ") AS " + alias
}
