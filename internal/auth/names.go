package auth

import (
	"strings"
	"unicode"
)

// fold gives the form in which two spellings of one login name are equal: without regard to case and to
// blanks (U+0020) behind it, as the collations of the legacy database compare names. Only letters that
// are each other's only partner count as one letter in two cases. İ (U+0130) and the Kelvin sign
// (U+212A) turn into i and k when they are made small, but no collation takes them for I and K: a name
// that has one is another name.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if small := unicode.ToLower(r); small != r && unicode.ToUpper(small) == r {
			return small
		}
		return r
	}, trimBlanks(name))
}

// sameName says whether two login names are spellings of one. Databases find more: SQL Server leaves
// out characters that it does not know and takes wide letters for narrow ones, PostgreSQL folds as its
// locale says. So what was found is always compared with what was asked for.
func sameName(a, b string) bool { return fold(a) == fold(b) }

// trimBlanks takes away the blanks that do not count behind a name. No other white space is one.
func trimBlanks(name string) string { return strings.TrimRight(name, " ") }

// best gives the row whose name is spelt as asked for, or else the first one that is a spelling of the
// name at all; nil when what the database found is only alike.
func best[T any](rows []T, asked string, name func(*T) string) *T {
	var found *T
	for i := range rows {
		switch n := trimBlanks(name(&rows[i])); {
		case n == trimBlanks(asked):
			return &rows[i]
		case found == nil && sameName(n, asked):
			found = &rows[i]
		}
	}
	return found
}
