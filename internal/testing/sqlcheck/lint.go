package sqlcheck

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"
)

// foreignWords are constructs of other engines that the parser takes for aliases or skips.
var foreignWords = regexp.MustCompile("\\|\\||::|\\$[0-9]|\\?|`|==|" + `(?i:\b(?:ILIKE|LIMIT|RETURNING|ON\s+CONFLICT|NATURAL|LATERAL|` +
	`NULLS\s+(?:FIRST|LAST)|FOR\s+(?:UPDATE|SHARE)|IS\s+(?:NOT\s+)?(?:TRUE|FALSE|DISTINCT)|WITH\s+RECURSIVE|` +
	`INSERT\s+OR|REPLACE\s+INTO|GLOB|REGEXP|COLLATE)\b|\b(?:INTERVAL\s+'|USING\s*\(|FILTER\s*\())`)

var quoted = regexp.MustCompile(`'(?:[^']|'')*'|\[[^\]]*\]|"[^"]*"`)

// A page is OFFSET … at the end, after ORDER BY. Of a UNION the parser drops it.
var (
	pageTail = regexp.MustCompile(`(?i)\bOFFSET\s+\S+\s+ROWS(\s+FETCH\s+NEXT\s+\S+\s+ROWS\s+ONLY)?\s*$`)
	offset   = regexp.MustCompile(`(?i)\bOFFSET\b`)
	orderBy  = regexp.MustCompile(`(?i)\bORDER\s+BY\b`)
)

const offsetAlone = "OFFSET needs an ORDER BY before it"

var advice = map[string]string{
	"||":    "write CONCAT(a, b)",
	"LIMIT": "write $page(?, ?) after ORDER BY",
}

// foreignSyntax names the first construct that is not T-SQL.
func foreignSyntax(text string) string {
	bare := quoted.ReplaceAllStringFunc(text, func(s string) string {
		if s[0] == '\'' {
			return "''"
		}
		return "x"
	})
	found := foreignWords.FindString(bare)
	switch {
	case found != "":
		if hint := advice[strings.ToUpper(found)]; hint != "" {
			return fmt.Sprintf("%s is not T-SQL; %s", found, hint)
		}
		return fmt.Sprintf("%s is not T-SQL", strings.TrimRight(found, " ("))
	case offset.MatchString(bare) && !orderBy.MatchString(bare):
		return offsetAlone
	case strings.Contains(bare, "--") || strings.Contains(bare, "/*"):
		return "has a comment; comments belong into the Go code"
	case strings.Contains(bare, ";"):
		return "has a semicolon; one statement, without one at its end"
	}
	return ""
}

// contextWords are the words of T-SQL that the lexer gives as identifiers and the syntax tree keeps
// as fields.
var contextWords = names(`offset rows row fetch next first only output partition range preceding following unbounded
	updlock rowlock readpast cast coalesce nullif openjson exists recursive no`)

// overlooked finds a word of the statement that the parser read but did not keep, such as a JOIN
// without ON, which it drops with its tables.
func (c *checker) overlooked(statement ast.Statement) string {
	kept := map[int]bool{}
	collect(statement, kept)
	end := len(c.text)
	if page := pageTail.FindStringIndex(c.text); page != nil && isUnion(statement) {
		end = page[0]
	}
	lex := parser.NewLexer(c.text)
	for tok := lex.NextToken(); tok.Type != parser.TokenEOF && tok.Pos < end; tok = lex.NextToken() {
		switch tok.Type {
		case parser.TokenError:
			return fmt.Sprintf("is not T-SQL at %q", tok.Literal)
		case parser.TokenIdent, parser.TokenNumber, parser.TokenString, parser.TokenNationalString:
			if !kept[tok.Pos] && !contextWords[strings.ToLower(tok.Literal)] {
				return fmt.Sprintf("the parser does not understand %s here", tok.Literal)
			}
		}
	}
	return ""
}

// isUnion says whether the statement is a SELECT with UNION, EXCEPT or INTERSECT outermost.
func isUnion(statement ast.Statement) bool {
	s, ok := statement.(*ast.SelectStatement)
	if !ok {
		return false
	}
	_, ok = s.QueryExpression.(*ast.BinaryQueryExpression)
	return ok
}

// collect notes where the names, parameters and literals of the syntax tree stand in the text.
func collect(n any, at map[int]bool) {
	v := reflect.ValueOf(n)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return
	}
	if f, ok := n.(fragment); ok && f.Frag().HasSpan() {
		at[f.Frag().StartOffset] = true
	}
	for _, child := range children(v) {
		collect(child, at)
	}
}

// reserved are the words that SQL Server or PostgreSQL do not take as a bare name, lower case.
var reserved = names(`
	add all alter and any as asc authorization backup begin between break browse bulk by cascade case check checkpoint
	close clustered coalesce collate column commit compute constraint contains containstable continue convert create
	cross current current_date current_time current_timestamp current_user cursor database dbcc deallocate declare
	default delete deny desc disk distinct distributed double drop dump else end errlvl escape except exec execute
	exists exit external fetch file fillfactor for foreign freetext freetexttable from full function goto grant group
	having holdlock identity identity_insert identitycol if in index inner insert intersect into is join key kill left
	like lineno load merge national nocheck nonclustered not null nullif of off offsets on open opendatasource openquery
	openrowset openxml option or order outer over percent pivot plan precision primary print proc procedure public
	raiserror read readtext reconfigure references replication restore restrict return revert revoke right rollback
	rowcount rowguidcol rule save schema securityaudit select semantickeyphrasetable
	semanticsimilaritydetailstable semanticsimilaritytable session_user set setuser shutdown some statistics system_user
	table tablesample textsize then to top tran transaction trigger truncate try_convert tsequal union unique unpivot
	update updatetext use user values varying view waitfor when where while with within writetext
	analyse analyze array asymmetric both cast deferrable do false initially lateral leading limit localtime
	localtimestamp offset only placing returning symmetric trailing true using variadic window`)
