package words

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validationRules are the rules of gqlparser with the texts and places of graphql-core 2, which the
// clients of 2019 know. A rule that differs in its words only is reworded; others are written anew.
// The values of arguments are checked by ArgumentsOfCorrectType, with one error for an argument that
// names every wrong field in it.
func validationRules() *rules.Rules {
	r := rules.NewDefaultRules()
	for name, w := range reworded {
		original := r.GetInner()[name]
		r.ReplaceRule(name, func(observers *core.Events, addError core.AddErrFunc) {
			original(observers, w.words(addError))
		})
	}
	r.RemoveRule("ValuesOfCorrectType")
	for name, rule := range map[string]core.RuleFunc{
		"FieldsOnCorrectType": fieldsOnCorrectType, "KnownArgumentNames": knownArguments, "KnownTypeNames": knownTypes,
		"NoUndefinedVariables": undefinedVariables, "NoUnusedVariables": unusedVariables, "ScalarLeafs": scalarLeafs,
		"UniqueArgumentNames": uniqueArguments, "UniqueInputFieldNames": uniqueInputFields, "UniqueOperationNames": uniqueOperations,
		"PossibleFragmentSpreads": possibleSpreads, "UniqueFragmentNames": uniqueFragments, "UniqueVariableNames": uniqueVariables, "VariablesAreInputTypes": inputVariables,
		"VariablesInAllowedPosition": variablesInPosition,
	} {
		r.ReplaceRule(name, rule)
	}
	r.AddRule("ArgumentsOfCorrectType", argumentsOfCorrectType)
	r.AddRule("DefaultValuesOfCorrectType", defaultsOfCorrectType)
	found := 0
	for name, rule := range maps.Clone(r.GetInner()) {
		r.ReplaceRule(name, func(observers *core.Events, addError core.AddErrFunc) {
			rule(observers, func(options ...core.ErrorOption) {
				if found++; found <= mostFound {
					addError(options...)
				}
			})
		})
	}
	return r
}

// mostFound is how many errors of a document are told. A fragment that is wrong is wrong again in each of a
// thousand operations that spread it.
const mostFound = 100

// rewording is what to replace in the texts of a rule.
type rewording []struct {
	of *regexp.Regexp
	by string
}

var reworded = map[string]rewording{
	"KnownDirectives": {
		{regexp.MustCompile(`^Unknown directive "@`), `Unknown directive "`},
		{regexp.MustCompile(`^Directive "@(\w+)" may not be used on (\w+)\.`), `Directive "$1" may not be used on "$2".`},
	},
	"OverlappingFieldsCanBeMerged": {{regexp.MustCompile(`because "(\w+)" and "(\w+)" are different`), `because $1 and $2 are different`}},
	"ProvidedRequiredArguments":    {{regexp.MustCompile(`^Directive "@`), `Directive "`}, {regexp.MustCompile(`is required, but it was not provided`), `is required but not provided`}},
}

var ofDirective = regexp.MustCompile("^(Unknown d|D)irective ")

// words gives an addError that replaces texts.
func (w rewording) words(addError core.AddErrFunc) core.AddErrFunc {
	return func(options ...core.ErrorOption) {
		addError(append(options, func(e *gqlerror.Error) {
			for _, r := range w {
				e.Message = r.of.ReplaceAllString(e.Message, r.by)
			}
			for i := range e.Locations {
				if ofDirective.MatchString(e.Message) {
					e.Locations[i].Column-- // gqlparser places directives behind their @
				}
			}
		})...)
	}
}

// places puts an error at several places of the document.
func places(at ...*ast.Position) core.ErrorOption {
	return func(e *gqlerror.Error) {
		for _, p := range at {
			if p != nil {
				e.Locations = append(e.Locations, gqlerror.Location{Line: p.Line, Column: p.Column})
			}
		}
	}
}

// placed is places for one that has to be looked for, which is done when there is an error only.
func placed(find func() *ast.Position) core.ErrorOption {
	return func(e *gqlerror.Error) { places(find())(e) }
}

// leaving are the rules that graphql-core 2 applies when it leaves what they are about, in their order.
var leaving = map[string]int{"OverlappingFieldsCanBeMerged": 1, "NoUndefinedVariables": 2, "NoUnusedVariables": 3, "VariablesInAllowedPosition": 4, "NoUnusedFragments": 5}

// inOrderOfDocument sorts errors of validation by their place, for the rules are run one after another.
func inOrderOfDocument(errs gqlerror.List) {
	place := func(e *gqlerror.Error) gqlerror.Location {
		switch {
		case len(e.Locations) == 0:
			return gqlerror.Location{}
		case strings.HasPrefix(e.Rule, "Unique"): // the second of two
			return e.Locations[len(e.Locations)-1]
		}
		return e.Locations[0]
	}
	slices.SortStableFunc(errs, func(a, b *gqlerror.Error) int {
		x, y := place(a), place(b)
		return cmp.Or(cmp.Compare(leaving[a.Rule], leaving[b.Rule]), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	for i := range errs { // a missing argument is said after the wrong ones of the same field
		for k := i + 1; k < len(errs) && errs[k-1].Rule == "ProvidedRequiredArguments" && errs[k].Rule == "KnownArgumentNames"; k++ {
			errs[k-1], errs[k] = errs[k], errs[k-1]
		}
	}
}

// withoutStart takes the places of an error away when they are the first character of the document, for
// which graphql-core 2 says none.
func withoutStart(e *gqlerror.Error) {
	if !slices.ContainsFunc(e.Locations, func(l gqlerror.Location) bool { return l.Line > 1 || l.Column > 1 }) {
		e.Locations = nil
	}
}

// firstOfConflict gives the place of the field before the one at a place that has its name.
func firstOfConflict(doc *ast.QueryDocument, at gqlerror.Location) *ast.Position {
	var found *ast.Position
	var look func(ast.SelectionSet)
	look = func(set ast.SelectionSet) {
		for i, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if p := s.Position; p != nil && p.Line == at.Line && p.Column == at.Column {
					for _, other := range set[:i] {
						if f, ok := other.(*ast.Field); ok && f.Alias == s.Alias && found == nil {
							found = f.Position
						}
					}
				}
				look(s.SelectionSet)
			case *ast.InlineFragment:
				look(s.SelectionSet)
			}
		}
	}
	for _, o := range doc.Operations {
		look(o.SelectionSet)
	}
	for _, f := range doc.Fragments {
		look(f.SelectionSet)
	}
	return found
}

func fieldsOnCorrectType(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(w *core.Walker, f *ast.Field) {
		parent := f.ObjectDefinition
		if parent == nil || f.Definition != nil || !parent.IsCompositeType() {
			return
		}
		var names []string
		for _, d := range parent.Fields {
			if !strings.HasPrefix(d.Name, "__") {
				names = append(names, d.Name)
			}
		}
		addError(core.Message("Cannot query field %q on type %q.%s", f.Name, parent.Name, meant(" Did you mean ", f.Name, names)), places(f.Position))
	})
}

func knownArguments(observers *core.Events, addError core.AddErrFunc) {
	unknown := func(args ast.ArgumentList, defs ast.ArgumentDefinitionList, of string) {
		var names []string
		for _, d := range defs {
			names = append(names, d.Name)
		}
		for _, a := range args {
			if defs.ForName(a.Name) == nil {
				addError(core.Message("Unknown argument %q on %s.%s", a.Name, of, meant(" Did you mean ", a.Name, names)), places(a.Position))
			}
		}
	}
	observers.OnField(func(_ *core.Walker, f *ast.Field) {
		if f.Definition != nil && f.ObjectDefinition != nil {
			unknown(f.Arguments, f.Definition.Arguments, fmt.Sprintf("field %q of type %q", f.Name, f.ObjectDefinition.Name))
		}
	})
	observers.OnDirective(func(_ *core.Walker, d *ast.Directive) {
		if d.Definition != nil {
			unknown(d.Arguments, d.Definition.Arguments, fmt.Sprintf("directive %q", "@"+d.Name))
		}
	})
}

func knownTypes(observers *core.Events, addError core.AddErrFunc) {
	check := func(w *core.Walker, name string, at func() *ast.Position) {
		if name != "" && w.Schema.Types[name] == nil {
			addError(core.Message("Unknown type %q.%s", name, meant(" Perhaps you meant ", name, slices.Sorted(maps.Keys(w.Schema.Types)))), placed(at))
		}
	}
	observers.OnVariable(func(w *core.Walker, v *ast.VariableDefinition) {
		t := v.Type
		for t.Elem != nil {
			t = t.Elem
		}
		check(w, t.NamedType, func() *ast.Position { return t.Position })
	})
	observers.OnInlineFragment(func(w *core.Walker, f *ast.InlineFragment) {
		check(w, f.TypeCondition, func() *ast.Position { return find(f.Position, f.TypeCondition) })
	})
	observers.OnFragment(func(w *core.Walker, f *ast.FragmentDefinition) {
		check(w, f.TypeCondition, func() *ast.Position { return find(f.Position, "on", f.TypeCondition) })
	})
}

func undefinedVariables(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(w *core.Walker, v *ast.Value) {
		op := w.CurrentOperation
		if op == nil || v.Kind != ast.Variable || v.VariableDefinition != nil {
			return
		}
		by := ""
		if op.Name != "" {
			by = fmt.Sprintf(" by operation %q", op.Name)
		}
		addError(core.Message("Variable %q is not defined%s.", "$"+v.Raw, by), places(v.Position, op.Position))
	})
}

func unusedVariables(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(_ *core.Walker, op *ast.OperationDefinition) {
		in := ""
		if op.Name != "" {
			in = fmt.Sprintf(" in operation %q", op.Name)
		}
		for _, v := range op.VariableDefinitions {
			if first := op.VariableDefinitions.ForName(v.Variable); !first.Used {
				addError(core.Message("Variable %q is never used%s.", "$"+v.Variable, in), places(v.Position))
			}
		}
	})
}

func possibleSpreads(observers *core.Events, addError core.AddErrFunc) {
	check := func(w *core.Walker, parent *ast.Definition, condition, name string, at *ast.Position) { // at is behind the dots
		t := w.Schema.Types[condition]
		if parent == nil || t == nil || !parent.IsCompositeType() || !t.IsCompositeType() {
			return
		}
		for _, a := range w.Schema.GetPossibleTypes(parent) {
			if slices.Contains(w.Schema.GetPossibleTypes(t), a) {
				return
			}
		}
		addError(core.Message("Fragment %scannot be spread here as objects of type %s can never be of type %s", name, parent.Name, condition), placed(func() *ast.Position { return before(at, "...") }))
	}
	observers.OnInlineFragment(func(w *core.Walker, f *ast.InlineFragment) {
		check(w, f.ObjectDefinition, f.TypeCondition, "", f.Position)
	})
	observers.OnFragmentSpread(func(w *core.Walker, f *ast.FragmentSpread) {
		if f.Definition != nil {
			check(w, f.ObjectDefinition, f.Definition.TypeCondition, f.Name+" ", f.Position)
		}
	})
}

func scalarLeafs(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(w *core.Walker, f *ast.Field) {
		if f.Definition == nil {
			return
		}
		t := w.Schema.Types[f.Definition.Type.Name()]
		switch {
		case t == nil:
		case t.IsLeafType() && len(f.SelectionSet) > 0:
			addError(core.Message("Field %q of type %q must not have a sub selection.", f.Name, f.Definition.Type.String()), placed(func() *ast.Position { return opened(f) }))
		case !t.IsLeafType() && len(f.SelectionSet) == 0:
			addError(core.Message("Field %q of type %q must have a sub selection.", f.Name, f.Definition.Type.String()), places(f.Position))
		}
	})
}

// once reports names that come again, at the first and at the other place; exact gives the place of the name
// near that of what it names.
func once(addError core.AddErrFunc, text string, exact func(near *ast.Position, name string) *ast.Position) func(name string, near *ast.Position) {
	seen := map[string]*ast.Position{}
	return func(name string, near *ast.Position) {
		if first, again := seen[name]; again {
			addError(core.Message(text, name), func(e *gqlerror.Error) { places(exact(first, name), exact(near, name))(e) })
		} else {
			seen[name] = near
		}
	}
}

func asItIs(near *ast.Position, _ string) *ast.Position { return near }

func findName(near *ast.Position, name string) *ast.Position { return find(near, name) }

func uniqueArguments(observers *core.Events, addError core.AddErrFunc) {
	check := func(args ast.ArgumentList) {
		see := once(addError, "There can only be one argument named %q.", asItIs)
		for _, a := range args {
			see(a.Name, a.Position)
		}
	}
	observers.OnField(func(_ *core.Walker, f *ast.Field) { check(f.Arguments) })
	observers.OnDirective(func(_ *core.Walker, d *ast.Directive) { check(d.Arguments) })
}

func uniqueInputFields(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.ObjectValue {
			return
		}
		see := once(addError, "There can only be one input field named %q.", asItIs)
		for _, c := range v.Children {
			see(c.Name, c.Position)
		}
	})
}

func uniqueOperations(observers *core.Events, addError core.AddErrFunc) {
	see := once(addError, "There can only be one operation named %q.", findName)
	observers.OnOperation(func(_ *core.Walker, op *ast.OperationDefinition) {
		if op.Name != "" {
			see(op.Name, op.Position)
		}
	})
}

func uniqueFragments(observers *core.Events, addError core.AddErrFunc) {
	see := once(addError, "There can only be one fragment named %q.", findName)
	observers.OnFragment(func(_ *core.Walker, f *ast.FragmentDefinition) { see(f.Name, f.Position) })
}

func uniqueVariables(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(_ *core.Walker, op *ast.OperationDefinition) {
		see := once(addError, "There can be only one variable named %q.", findName)
		for _, v := range op.VariableDefinitions {
			see(v.Variable, v.Position)
		}
	})
}

func inputVariables(observers *core.Events, addError core.AddErrFunc) {
	observers.OnVariable(func(w *core.Walker, v *ast.VariableDefinition) {
		if d := w.Schema.Types[v.Type.Name()]; d != nil && !d.IsInputType() {
			addError(core.Message("Variable %q cannot be non-input type %q.", "$"+v.Variable, v.Type.String()), places(v.Type.Position))
		}
	})
}

func variablesInPosition(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(w *core.Walker, v *ast.Value) {
		d := v.VariableDefinition
		if v.Kind != ast.Variable || d == nil || v.ExpectedType == nil || w.CurrentOperation == nil || w.Schema.Types[d.Type.Name()] == nil {
			return
		}
		effective := *d.Type
		effective.NonNull = effective.NonNull || d.DefaultValue != nil
		if !effective.IsCompatible(v.ExpectedType) {
			addError(core.Message("Variable %q of type %q used in position expecting type %q.", d.Variable, d.Type.String(), v.ExpectedType.String()), places(d.Position, v.Position))
		}
	})
}

func argumentsOfCorrectType(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(w *core.Walker, field *ast.Field) {
		if field.Definition != nil {
			checkArguments(w.Schema, field.Definition.Arguments, field.Arguments, addError)
		}
	})
	observers.OnDirective(func(w *core.Walker, d *ast.Directive) {
		if d.Definition != nil {
			checkArguments(w.Schema, d.Definition.Arguments, d.Arguments, addError)
		}
	})
}

func defaultsOfCorrectType(observers *core.Events, addError core.AddErrFunc) {
	observers.OnVariable(func(w *core.Walker, v *ast.VariableDefinition) {
		if v.DefaultValue == nil || w.Schema.Types[v.Type.Name()] == nil {
			return
		}
		if problems := literal(w.Schema, v.Type, v.DefaultValue); len(problems) > 0 {
			addError(core.Message("Variable %q of type %q has invalid default value: %s.\n%s", "$"+v.Variable, v.Type.String(), shortened(printValue(v.DefaultValue)), told(problems)), places(opening(v.DefaultValue)))
		}
	})
}

// searched is the length of the longest document in which an error's exact place is looked for.
const searched = 64 << 10

// find gives the place of the last of some words that follow a place one after another, each where it
// comes first.
func find(from *ast.Position, words ...string) *ast.Position {
	if from == nil || from.Src == nil || len(from.Src.Input) > searched {
		return from
	}
	text := []rune(from.Src.Input)
	at := min(from.Start, len(text))
	for i, word := range words {
		skip := strings.Index(string(text[at:]), word)
		if skip < 0 {
			return from
		}
		at += len([]rune(string(text[at:])[:skip]))
		if i < len(words)-1 {
			at += len([]rune(word))
		}
	}
	return position(from, text, at)
}

// opened is the brace before the selections of a field.
func opened(f *ast.Field) *ast.Position {
	first := f.SelectionSet[0].GetPosition()
	if b := before(first, "{"); b != first {
		return b
	}
	return f.Position
}

// before gives the place of a token before a place.
func before(at *ast.Position, token string) *ast.Position {
	if at == nil || at.Src == nil || len(at.Src.Input) > searched {
		return at
	}
	text := []rune(at.Src.Input)
	i := strings.LastIndex(string(text[:min(at.Start, len(text))]), token)
	if i < 0 {
		return at
	}
	return position(at, text, len([]rune(string(text)[:i])))
}

func position(near *ast.Position, text []rune, at int) *ast.Position {
	p := ast.Position{Start: at, Line: 1, Column: 1, Src: near.Src}
	for i, r := range text[:max(at, 0)] {
		switch {
		case r == '\n', r == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			p.Line, p.Column = p.Line+1, 1
		default:
			p.Column++
		}
	}
	return &p
}

// meant suggests names that are like one.
func meant(prefix, name string, options []string) string {
	if like := similar(name, options); len(like) > 0 {
		return prefix + quotedOr(like) + "?"
	}
	return ""
}

// similar gives the options that differ from a name in half of the letters at most, the most similar first.
func similar(name string, options []string) []string {
	distances := map[string]int{}
	var like []string
	for _, o := range options {
		limit := max(len(name), len(o), 2) / 2
		if len(name)-len(o) > limit || len(o)-len(name) > limit {
			continue
		}
		if d := distance(name, o); d <= limit {
			distances[o] = d
			like = append(like, o)
		}
	}
	slices.SortStableFunc(like, func(a, b string) int { return cmp.Compare(distances[a], distances[b]) })
	return like
}

// distance is the number of letters to insert, remove or replace on the way from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, diagonal+1, replaced)
		}
	}
	return row[len(b)]
}

// quotedOr lists up to five names: "a", "b" or "c".
func quotedOr(names []string) string {
	names = names[:min(len(names), 5)]
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = `"` + n + `"`
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " or " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}
