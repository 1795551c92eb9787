// Package words says what is wrong with an operation in the words of graphql-core 2, which the clients of
// 2019 know: which rules a document is held against, in which order errors are told, at which places.
// Wording is all of it; rules.go validates documents, variables.go variables, this file words the rest.
package words

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/openimis/openimis-be-go/internal/graphqlhttp"
)

// Wording is the words of graphql-core 2, and of graphene-django around it.
var Wording = graphqlhttp.Wording{Rules: validationRules, Variables: checkVariables, Refused: refused, Transport: graphqlhttp.Transport{
	Method:        "GraphQL only supports GET and POST requests.",
	NoQuery:       "Must provide query string.",
	JSON:          "POST body sent invalid JSON.",
	Shape:         "The received data is not a valid JSON query.",
	QueryType:     "The query must be a string",
	Variables:     "Variables are invalid JSON.",
	MutationByGET: "Can only perform a mutation operation from a POST request.",
}}

func checkArguments(s *ast.Schema, defs ast.ArgumentDefinitionList, args ast.ArgumentList, addError core.AddErrFunc) {
	for _, a := range args {
		def := defs.ForName(a.Name)
		if def == nil {
			continue
		}
		if problems := literal(s, def.Type, a.Value); len(problems) > 0 {
			addError(core.Message("Argument %q has invalid value %s.\n%s", a.Name, shortened(printValue(a.Value)), told(problems)), core.At(opening(a.Value)))
		}
	}
}

// opening is where a value begins: gqlparser places texts behind their quote.
func opening(v *ast.Value) *ast.Position {
	if v.Kind != ast.StringValue || v.Position == nil {
		return v.Position
	}
	p := *v.Position
	p.Column--
	return &p
}

// literal says what is wrong with a value, in the words of graphql-core 2.
func literal(s *ast.Schema, t *ast.Type, v *ast.Value) []string {
	missing := v == nil || v.Kind == ast.NullValue
	if t.NonNull && missing {
		return []string{fmt.Sprintf("Expected %q, found null.", t.String())}
	}
	if missing || v.Kind == ast.Variable {
		return nil
	}
	if t.Elem != nil {
		if v.Kind != ast.ListValue {
			return literal(s, t.Elem, v)
		}
		var problems []string
		for i, c := range v.Children {
			if len(problems) > mostProblems {
				break
			}
			for _, p := range literal(s, t.Elem, c.Value) {
				problems = append(problems, fmt.Sprintf("In element #%d: %s", i, p))
			}
		}
		return problems
	}
	def := s.Types[t.NamedType]
	if def == nil {
		return nil
	}
	if def.Kind == ast.InputObject {
		return object(s, def, v)
	}
	if !leaf(def, v) {
		return []string{fmt.Sprintf("Expected type %q, found %s.", def.Name, shortened(printValue(v)))}
	}
	return nil
}

// mostProblems is how many problems of one value are told: an answer must not outgrow its request.
const mostProblems = 100

func told(problems []string) string {
	if len(problems) > mostProblems {
		problems = append(problems[:mostProblems:mostProblems], "…")
	}
	return strings.Join(problems, "\n")
}

func object(s *ast.Schema, def *ast.Definition, v *ast.Value) []string {
	if v.Kind != ast.ObjectValue {
		return []string{fmt.Sprintf("Expected %q, found not an object.", def.Name)}
	}
	var problems []string
	given := map[string]*ast.Value{}
	for _, c := range v.Children {
		given[c.Name] = c.Value
		if def.Fields.ForName(c.Name) == nil && len(problems) <= mostProblems {
			problems = append(problems, fmt.Sprintf("In field %q: Unknown field.", c.Name))
		}
	}
	for _, f := range def.Fields {
		value := given[f.Name]
		if value == nil && f.DefaultValue != nil {
			continue
		}
		for _, p := range literal(s, f.Type, value) {
			problems = append(problems, fmt.Sprintf("In field %q: %s", f.Name, p))
		}
	}
	return problems
}

// leaf says whether a literal fits a scalar or an enum.
func leaf(def *ast.Definition, v *ast.Value) bool {
	if def.Kind == ast.Enum {
		return v.Kind == ast.EnumValue && def.EnumValues.ForName(v.Raw) != nil
	}
	text := v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	number := v.Kind == ast.IntValue || v.Kind == ast.FloatValue
	switch def.Name {
	case "Int":
		return integer(v, -1<<31, 1<<31-1)
	case "SmallInt":
		return integer(v, -1<<15, 1<<15-1)
	case "TinyInt":
		return integer(v, 0, 255)
	case "Float":
		_, err := strconv.ParseFloat(v.Raw, 64) // fails beyond the range too
		return number && err == nil
	case "String":
		return text
	case "ID":
		return text || v.Kind == ast.IntValue
	case "Boolean":
		return v.Kind == ast.BooleanValue
	case "Decimal":
		// No amount has so many digits, and reading them takes time that grows with the square of their number.
		if len(v.Raw) > longestNumber {
			return false
		}
		_, err := decimal.NewFromString(v.Raw)
		return (text || number) && err == nil
	case "Date":
		return text && isDate(v.Raw)
	case "DateTime":
		return text && isDateTime(v.Raw)
	case "UUID":
		_, err := uuid.Parse(v.Raw)
		return text && err == nil
	}
	return true
}

// longestNumber is how many characters a Decimal may have.
const longestNumber = 100

func integer(v *ast.Value, low, high int64) bool {
	n, err := strconv.ParseInt(v.Raw, 10, 64)
	return v.Kind == ast.IntValue && err == nil && n >= low && n <= high
}

func isDate(s string) bool {
	_, err := time.Parse("2006-01-02", s)
	return err == nil || isDateTime(s)
}

var dateTime = regexp.MustCompile(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$`)

func isDateTime(s string) bool {
	if !dateTime.MatchString(s) {
		return false
	}
	_, err := time.Parse("2006-01-02", s[:10])
	return err == nil
}

// widest is how much of a value or of a line an error shows, in bytes.
const widest = 2000

// shortened keeps an answer from being as long as a request may be.
func shortened(s string) string {
	if len(s) <= widest {
		return s
	}
	return strings.ToValidUTF8(s[:widest], "") + "…"
}

// printValue prints a literal as graphql-core does.
func printValue(v *ast.Value) string {
	if v == nil {
		return "null"
	}
	switch v.Kind {
	case ast.Variable:
		return "$" + v.Raw
	case ast.StringValue, ast.BlockValue:
		return strconv.Quote(v.Raw)
	case ast.ListValue:
		var parts []string
		for _, c := range v.Children {
			parts = append(parts, printValue(c.Value))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case ast.ObjectValue:
		var parts []string
		for _, c := range v.Children {
			parts = append(parts, c.Name+": "+printValue(c.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return v.Raw
}

// refused words errors of parsing, of validation and of choosing the operation.
func refused(r graphqlhttp.Refused) gqlerror.List {
	params, oc, errs := r.Params, r.Operation, r.Errors
	if oc != nil && oc.Doc != nil && oc.Operation == nil {
		message := "Must provide operation name if query contains multiple operations."
		if params.OperationName != "" {
			message = fmt.Sprintf("Unknown operation named %q.", params.OperationName)
		} else if len(oc.Doc.Operations) == 0 {
			message = "Must provide an operation."
		}
		return gqlerror.List{{Message: message}}
	}
	if oc != nil && oc.Operation != nil { // the document is valid, so it is the variables
		if wrong := checkVariables(r.Schema, oc.Operation, params.Variables); len(wrong) > 0 {
			return wrong
		}
	}
	if len(errs) == 1 && errs[0].Message == "no operation provided" {
		if doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: params.Query}, r.Tokens); err == nil && len(doc.Fragments) > 0 {
			var unused gqlerror.List
			for _, f := range doc.Fragments {
				unused = append(unused, &gqlerror.Error{Message: fmt.Sprintf("Fragment %q is never used.", f.Name), Locations: []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}}})
			}
			for _, e := range unused {
				withoutStart(e)
			}
			return unused
		}
	}
	if oc == nil || oc.Doc == nil {
		inOrderOfDocument(errs)
	}
	var doc *ast.QueryDocument
	for i, e := range errs {
		c := *e
		syntax := e.Rule == "" && (oc == nil || oc.Doc == nil) // errors of validation name their rule
		if e.Rule == "OverlappingFieldsCanBeMerged" && len(e.Locations) == 1 {
			if doc == nil {
				doc, _ = parser.ParseQueryWithTokenLimit(&ast.Source{Input: params.Query}, r.Tokens)
			}
			if first := firstOfConflict(doc, e.Locations[0]); first != nil {
				c.Locations = []gqlerror.Location{{Line: first.Line, Column: first.Column}, e.Locations[0]}
			}
		}
		if e.Rule != "" {
			withoutStart(&c)
		}
		c.Extensions, c.Rule, c.Path = nil, "", nil
		if syntax {
			syntaxError(&c, params.Query)
		}
		errs[i] = &c
	}
	return errs
}

// syntaxError words an error of the parser.
func syntaxError(e *gqlerror.Error, source string) {
	text := strings.ReplaceAll(e.Message, "<EOF>", "EOF")
	if text == "no operation provided" { // nothing but blanks and comments
		end := position(&ast.Position{}, []rune(source), len([]rune(source)))
		text, e.Locations = "Unexpected EOF", []gqlerror.Location{{Line: end.Line, Column: end.Column}}
	}
	if len(e.Locations) == 0 {
		return
	}
	at := e.Locations[0]
	text = strings.Replace(text, "expected at least one definition", "Expected Name", 1)
	switch {
	case strings.Contains(text, "<Invalid>"):
		text = lexicalError(source, at)
	case found.MatchString(text):
		if t := tokenAt(source, at); t != nil {
			text += " " + strconv.Quote(shortened(t.Value))
			if t.Kind == lexer.String {
				at.Column-- // gqlparser places texts behind their quote
				e.Locations = []gqlerror.Location{at}
			}
		}
	}
	e.Message = fmt.Sprintf("Syntax Error GraphQL (%d:%d) %s\n\n%s", at.Line, at.Column, text, excerpt(source, at.Line, at.Column))
}

// found says that a token was not expected, of those whose value an error shows.
var found = regexp.MustCompile("found (Name|String|Int|Float)$")

// tokens reads a document to the end or to its first lexical error.
func tokens(source string, each func(lexer.Token) bool) *gqlerror.Error {
	l := lexer.New(&ast.Source{Input: source})
	for range 100_000 { // no document has more that is parsed
		t, err := l.ReadToken()
		if err != nil {
			return err.(*gqlerror.Error)
		}
		if t.Kind == lexer.EOF || !each(t) {
			return nil
		}
	}
	return nil
}

// lexicalError says what the parser does not: which character is wrong.
func lexicalError(source string, at gqlerror.Location) string {
	err := tokens(source, func(lexer.Token) bool { return true })
	if err == nil {
		return "Unexpected character."
	}
	if strings.HasPrefix(err.Message, "Cannot parse the unexpected character ") {
		lines := strings.Split(strings.ReplaceAll(source, "\r\n", "\n"), "\n")
		line := []rune(lines[min(at.Line, len(lines))-1])
		if len(line) == 0 {
			return "Unexpected character."
		}
		if r := line[min(at.Column, len(line))-1]; r > '~' {
			return fmt.Sprintf(`Unexpected character "\u%04X".`, r)
		} else {
			return fmt.Sprintf("Unexpected character %q.", string(r))
		}
	}
	if strings.HasPrefix(err.Message, "Unexpected single quote") {
		return `Unexpected character "'".`
	}
	return strings.Replace(err.Message, "Unterminated string.", "Unterminated string", 1)
}

// tokenAt gives the token that the parser places somewhere.
func tokenAt(source string, at gqlerror.Location) (token *lexer.Token) {
	_ = tokens(source, func(t lexer.Token) bool {
		if t.Pos.Line == at.Line && t.Pos.Column == at.Column {
			token = &t
		}
		return token == nil
	})
	return token
}

// excerpt shows the line of an error with its neighbours and a mark below the place. Of a document that
// was not written in lines it shows nothing.
func excerpt(source string, line, column int) string {
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(source, "\r\n", "\n"), "\n"), "\n")
	if line < 1 || line > len(lines) || len(lines[line-1]) > widest {
		return ""
	}
	width := len(strconv.Itoa(line + 1))
	show := func(n int) string { return fmt.Sprintf("%*d: %s\n", width, n, shortened(lines[n-1])) }
	var b strings.Builder
	if line >= 2 {
		b.WriteString(show(line - 1))
	}
	b.WriteString(show(line))
	b.WriteString(strings.Repeat(" ", 1+width+column) + "^\n")
	if line < len(lines) {
		b.WriteString(show(line + 1))
	}
	return b.String()
}
