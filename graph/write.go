package graph

import (
	"context"
	"io"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/graph/scalar"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// writer writes the answer of one root field. It stops when the request ends or the answer grows beyond
// what an operation may have (entity.Spend); err says so.
type writer struct {
	ctx     context.Context
	op      *graphql.OperationContext
	b       []byte
	path    ast.Path
	errs    gqlerror.List
	err     error
	values  int // written since the budget was last asked
	counted int // bytes that the budget knows of
}

func newWriter(ctx context.Context, f graphql.CollectedField) *writer {
	return &writer{ctx: ctx, op: graphql.GetOperationContext(ctx), path: ast.Path{ast.PathName(f.Alias)}, b: make([]byte, 0, 1024)}
}

// often is after how many values a writer looks whether it should go on.
const often = 256

// proceed counts a value and says whether to go on.
func (w *writer) proceed() bool {
	if w.values++; w.values >= often {
		w.settle()
	}
	return w.err == nil
}

// settle tells the budget what was written.
func (w *writer) settle() {
	if w.err != nil {
		return
	}
	if w.err = w.ctx.Err(); w.err != nil {
		w.err = fault.Wrap(w.err, fault.Unavailable, "The request was cancelled, or took longer than allowed.")
		return
	}
	w.err = entity.Spend(w.ctx, w.values, len(w.b)-w.counted)
	w.values, w.counted = 0, len(w.b)
}

// answer gives what was written; ok is what the outermost value said.
func (w *writer) answer(ok bool) (graphql.Marshaler, error) {
	if w.settle(); w.err != nil {
		return nil, w.err
	}
	for _, err := range w.errs {
		graphql.AddError(w.ctx, err)
	}
	if !ok || string(w.b) == "null" { // the contract may have something else in the place of null
		return nil, nil
	}
	return written(w.b), nil
}

// written is an answer that is JSON already.
type written []byte

// MarshalGQL implements graphql.Marshaler.
func (b written) MarshalGQL(out io.Writer) { _, _ = out.Write(b) }

func (w *writer) null() bool {
	w.b = append(w.b, "null"...)
	return w.proceed()
}

// missing reports a null where there must be none.
func (w *writer) missing() bool {
	if w.err == nil {
		w.errs = append(w.errs, &gqlerror.Error{Message: "must not be null", Path: slices.Clone(w.path)})
	}
	return false
}

// list writes n elements. An element that failed is null, and so is the list when its elements may not be.
func (w *writer) list(n int, required bool, write func(i int) bool) bool {
	start := len(w.b)
	w.b = append(w.b, '[')
	for i := range n {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		from := len(w.b)
		w.path = append(w.path, ast.PathIndex(i))
		ok := write(i)
		w.path = w.path[:len(w.path)-1]
		if ok {
			continue
		}
		if w.err != nil {
			return false
		}
		if required {
			w.b = append(w.b[:start], "null"...)
			return false
		}
		w.b = append(w.b[:from], "null"...)
	}
	w.b = append(w.b, ']')
	return w.proceed()
}

// object writes the fields of an object that sel asks for. A field that failed is null when it may be,
// and the object fails when it may not.
func (w *writer) object(name string, sel ast.SelectionSet, write func(f graphql.CollectedField) bool) bool {
	start := len(w.b)
	w.b = append(w.b, '{')
	for i, f := range graphql.CollectFields(w.op, sel, []string{name}) {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(scalar.AppendText(w.b, f.Alias), ':')
		if f.Name == "__typename" {
			w.b = scalar.AppendText(w.b, name)
			continue
		}
		from := len(w.b)
		w.path = append(w.path, ast.PathName(f.Alias))
		ok := write(f)
		w.path = w.path[:len(w.path)-1]
		if ok {
			continue
		}
		if w.err != nil {
			return false
		}
		if f.Definition.Type.NonNull {
			w.b = w.b[:start]
			return false
		}
		w.b = append(w.b[:from], "null"...)
	}
	w.b = append(w.b, '}')
	return w.proceed()
}
