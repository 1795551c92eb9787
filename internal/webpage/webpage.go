// Package webpage makes the few HTML pages that the programs show themselves. It takes the place of
// html/template, which finds methods by name and so keeps the linker from leaving out what nobody uses:
// the programs would be four megabytes larger.
package webpage

import (
	"fmt"
	"html"
)

// HTML is text that is safe to be a part of a page. Only constants and results of Fill should become one.
type HTML string

// Fill puts args in the place of the verbs of format (as package fmt does), in elements and in quoted
// attributes. Arguments are escaped, but for those that are HTML.
func Fill(format HTML, args ...any) HTML {
	safe := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case HTML:
			safe[i] = a
		case bool, int, int64, float64:
			safe[i] = a
		default:
			safe[i] = html.EscapeString(fmt.Sprint(a))
		}
	}
	return HTML(fmt.Sprintf(string(format), safe...))
}

// When gives part where it holds, and nothing else.
func When(holds bool, part HTML) HTML {
	if holds {
		return part
	}
	return ""
}

// Page is a whole page. style is a stylesheet of its own or links to one; body what it shows.
func Page(title string, style, body HTML) HTML {
	return Fill(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
%s
</head>
<body>
%s
</body>
</html>
`, title, style, body)
}
