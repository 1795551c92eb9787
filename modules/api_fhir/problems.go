package apifhir

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Problems collects what is wrong with a resource that came in, so that its sender learns all of it at once.
type Problems struct {
	paths, texts []string
}

// Add notes a problem of an element (its FHIRPath), in the words that clients know.
func (p *Problems) Add(path, format string, args ...any) {
	p.paths, p.texts = append(p.paths, path), append(p.texts, fmt.Sprintf(format, args...))
}

// Note adds an error about the body; others, such as those of the database, it gives back.
func (p *Problems) Note(err error) error {
	if err == nil || fault.Code(err) != fault.Invalid {
		return err
	}
	p.paths, p.texts = append(p.paths, fault.Field(err)), append(p.texts, fault.Message(err))
	return nil
}

// Err is the error for all problems, worded as upstream lists them; nil when there is none.
func (p *Problems) Err() error {
	if len(p.texts) == 0 {
		return nil
	}
	more := make([]string, len(p.texts))
	for i, text := range p.texts {
		if more[i] = text; !strings.HasPrefix(text, p.paths[i]) {
			more[i] = p.paths[i] + ": " + text
		}
	}
	return &Worded{Text: "The request cannot be processed due to the following issues:\n" + strings.Join(p.texts, ",\n"),
		Err: &fault.Error{Code: fault.Invalid, Field: p.paths[0], Message: strings.Join(more, "; ")}}
}

// Placed is an error of a service about one of its fields, as one about the element that the field came from; others
// stay as they are.
func Placed(err error, elements map[string]string) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Invalid || elements[f.Field] == "" {
		return err
	}
	path := elements[f.Field]
	text := f.Message
	if rest, ok := strings.CutPrefix(text, f.Field+" "); ok {
		text = path + " " + rest
	}
	return &fault.Error{Code: f.Code, Field: path, Message: text}
}
