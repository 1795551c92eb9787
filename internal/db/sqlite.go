package db

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// sqliteFunctions registers, once, what the embedded database needs to compare as SQL Server does:
// the collation IMIS_CI (no case, no trailing blanks), LIKE without case for all of Unicode, the range
// of a search by prefix, and imis_uuid() for new GUIDs.
var sqliteFunctions = sync.OnceFunc(func() {
	sqlite.MustRegisterCollationUtf8("IMIS_CI", compareText)
	sqlite.MustRegisterScalarFunction("imis_uuid", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return uuid.NewString(), nil
	})
	sqlite.MustRegisterDeterministicScalarFunction("imis_like", 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := args[0].(string)
		pattern, isText := args[1].(string)
		return ok && isText && likeText(text, pattern), nil
	})
	sqlite.MustRegisterDeterministicScalarFunction("imis_from", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		pattern, _ := args[0].(string)
		return prefix(pattern), nil
	})
	sqlite.MustRegisterDeterministicScalarFunction("imis_until", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		pattern, _ := args[0].(string)
		return prefix(pattern) + string(unicode.MaxRune), nil
	})
})

// prefix is the text that everything starts with that is like pattern. The embedded database's LIKE does
// not use an index of IMIS_CI, so $starts gives it the range as well.
func prefix(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern) && pattern[i] != '%' && pattern[i] != '_'; i++ {
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
		}
		b.WriteByte(pattern[i])
	}
	return b.String()
}

// likeText is LIKE with the escape character \ that ignores the case of all letters.
func likeText(text, pattern string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '%':
			for pattern = pattern[1:]; strings.HasPrefix(pattern, "%"); pattern = pattern[1:] {
			}
			if pattern == "" {
				return true
			}
			for i := range text {
				if likeText(text[i:], pattern) {
					return true
				}
			}
			return false
		case '_':
			if text == "" {
				return false
			}
			_, n := utf8.DecodeRuneInString(text)
			text, pattern = text[n:], pattern[1:]
			continue
		case '\\':
			if len(pattern) > 1 {
				pattern = pattern[1:]
			}
		}
		if text == "" {
			return false
		}
		a, n := foldRune(text)
		b, m := foldRune(pattern)
		if a != b {
			return false
		}
		text, pattern = text[n:], pattern[m:]
	}
	return text == ""
}

// compareText orders two texts without regard to case and trailing blanks.
func compareText(a, b string) int {
	a, b = strings.TrimRight(a, " "), strings.TrimRight(b, " ")
	for len(a) > 0 && len(b) > 0 {
		ra, na := foldRune(a)
		rb, nb := foldRune(b)
		if ra != rb {
			if ra < rb {
				return -1
			}
			return 1
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

func foldRune(s string) (rune, int) {
	if c := s[0]; c < utf8.RuneSelf {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return rune(c), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	return unicode.ToLower(r), n
}

// private makes the file of a database, which is full of people's data, readable by its owner alone, and
// takes the right to read one that is there from those who are neither owner nor in its group. SQLite gives
// the files beside it (-wal, -shm) the same rights.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create the database: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Mode()&0o007 != 0 {
			_ = os.Chmod(name, info.Mode().Perm()&^0o007) // somebody else's file stays as it is
		}
	}
	return nil
}

// workPragmas set up a connection of a database that many work with.
var workPragmas = []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(OFF)", "cache_size(-4000)", "temp_store(MEMORY)"}

// fillPragmas set up a connection that fills a new database. One transaction that adds a country's rows would write
// them into the WAL first, which would grow as large as the database; a rollback journal keeps the pages that are
// changed, of which a new database has none. Indexes are sorted in a file. Whoever opens the database next goes over to WAL.
var fillPragmas = []string{"busy_timeout(10000)", "journal_mode(DELETE)", "synchronous(NORMAL)", "foreign_keys(OFF)", "cache_size(-64000)", "temp_store(FILE)"}

// openSQLite opens a file with one writing connection and several readers in WAL mode. Each has a small
// page cache of its own: behind it is that of the operating system, which they share.
// _dqs=0 makes a misspelt "Column" an error instead of a text.
func (d *DB) openSQLite(dsn string, o Options) error {
	sqliteFunctions()
	path, query, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "//"), "?")
	if path == "" {
		return fmt.Errorf("database URL %q has no file; allowed: sqlite:PATH", dsn)
	}
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("create the folder of the database: %w", err)
		}
	}
	if path != ":memory:" {
		if err := private(path); err != nil {
			return err
		}
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("database URL %q: %w", dsn, err)
	}
	given := strings.Join(params["_pragma"], " ")
	pragmas := workPragmas
	if o.Fill {
		pragmas = fillPragmas
	}
	for _, p := range pragmas {
		if name, _, _ := strings.Cut(p, "("); !strings.Contains(given, name) { // the driver would not let the later one win
			params.Add("_pragma", p)
		}
	}
	if !params.Has("_dqs") {
		params.Set("_dqs", "0")
	}
	file := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + params.Encode()
	writer, err := sql.Open("sqlite", file+"&_txlock=immediate")
	if err != nil {
		return err
	}
	reader, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	d.dialect, d.name = SQLite, "SQLite "+path
	d.writer = sqlx.NewDb(pools(writer, 1), "sqlite")
	d.reader = sqlx.NewDb(pools(reader, min(o.MaxConns, 8)), "sqlite")
	writer.SetConnMaxLifetime(0)
	writer.SetConnMaxIdleTime(0)
	reader.SetConnMaxLifetime(0)
	return nil
}
