package migrate

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sqlc-dev/teesql/parser"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "database", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// words are the rights as GRANT has them.
func words(table string, r db.Rights, dialect schema.Dialect) string {
	var list []string
	for _, x := range []struct {
		needed bool
		word   string
	}{{r.Insert, "INSERT"}, {r.Update, "UPDATE"}, {r.Delete, "DELETE"}} {
		if x.needed {
			list = append(list, x.word)
		}
	}
	if tab, ok := schema.Lookup(table); r.Lock && ok && dialect == schema.Postgres {
		list = append(list, `UPDATE ("`+tab.PrimaryKey[0]+`")`)
	}
	return strings.Join(list, ", ")
}

// The scripts of deploy/database give what `server check` asks for, no more and no less.
func TestScriptsGiveWhatIsNeeded(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect schema.Dialect
		row     *regexp.Regexp
	}{
		{"postgresql.sql", schema.Postgres, regexp.MustCompile(`(?m)^\t\('(\w+)', +'([^']+)'\)`)},
		{"sqlserver.sql", schema.SQLServer, regexp.MustCompile(`(?m)GRANT ([A-Z, ]+) ON dbo\.\[(\w+)\] TO`)},
	} {
		given, want := map[string]string{}, map[string]string{}
		for _, m := range c.row.FindAllStringSubmatch(script(t, c.name), -1) {
			if c.dialect == schema.SQLServer {
				m[1], m[2] = m[2], m[1]
			}
			given[m[1]] = m[2]
		}
		for table, r := range least {
			if _, ok := schema.Lookup(table); !ok {
				t.Errorf("there is no table %s", table)
			}
			if w := words(table, r, c.dialect); w != "" {
				want[table] = w
			}
		}
		if !maps.Equal(given, want) {
			t.Errorf("%s gives %v, want %v", c.name, given, want)
		}
	}
}

// What statements of the program write is among the rights of the login; text that names a table in a
// statement, or hands it to a helper of Tx.
func TestEveryWrittenTableIsAmongTheRights(t *testing.T) {
	const name = `"?((?:tbl|core_|claim_|imis_)\w+)"`
	patterns := map[string]*regexp.Regexp{
		"INSERT": regexp.MustCompile(`(?:INSERT INTO |\.(?:Insert|BulkInsert|Archive)\(ctx, )` + name),
		"UPDATE": regexp.MustCompile(`(?:UPDATE |\.(?:Update|BulkUpdate|Archive|Close)\(ctx, )` + name),
		"DELETE": regexp.MustCompile(`DELETE FROM ` + name),
	}
	found := 0
	for _, folder := range []string{"../../modules", ".."} {
		err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() && slices.Contains([]string{"testing", "seed", "load", "importer", "migrate", "testdata"}, d.Name()) {
				return errorOrSkip(err)
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for right, pattern := range patterns {
				for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
					found++
					if !strings.Contains(words(m[1], least[m[1]], schema.SQLServer), right) {
						t.Errorf("%s writes %s: its login needs %s, which least.go and deploy/database do not give", path, m[1], right)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 50 {
		t.Errorf("only %d statements and calls were found", found)
	}
}

func errorOrSkip(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

// SQL Server's parser takes the script, with sqlcmd's variables and separators put in.
func TestScriptForSQLServerIsTSQL(t *testing.T) {
	put := strings.NewReplacer("$(login)", "openimis", "N'$(password)'", "'secret'") // SQL Server takes N there, the parser does not
	text := regexp.MustCompile(`(?m)^:.*$`).ReplaceAllString(put.Replace(script(t, "sqlserver.sql")), "")
	for _, batch := range regexp.MustCompile(`(?m)^GO$`).Split(text, -1) {
		if _, err := parser.Parse(t.Context(), strings.NewReader(batch)); err != nil {
			t.Errorf("%v in\n%s", err, batch)
		}
	}
}
