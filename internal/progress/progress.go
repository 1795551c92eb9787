// Package progress shows on a terminal how far long work has come: `migrate`, `seed`, `import`. Start
// with [Terminal]; where the output is not a terminal (logs, pipes, tests) nothing is drawn.
package progress

import (
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// Func is told how much of a piece of work is done. of is 0 when nobody knows how much there is.
type Func func(what string, done, of int)

// None shows nothing.
func None(string, int, int) {}

// Terminal draws a bar for each piece of work, on out if that is a terminal. Call end when all is done.
func Terminal(out *os.File) (report Func, end func()) {
	if !isatty.IsTerminal(out.Fd()) {
		return None, func() {}
	}
	var bar *progressbar.ProgressBar
	var current string
	end = func() {
		if bar != nil {
			_ = bar.Finish()
			bar = nil
		}
	}
	return func(what string, done, of int) {
		if bar == nil || what != current {
			end()
			current = what
			total := int64(of)
			if of <= 0 {
				total = -1 // a spinner
			}
			bar = progressbar.NewOptions64(total,
				progressbar.OptionSetWriter(out),
				progressbar.OptionSetDescription(what),
				progressbar.OptionSetWidth(30),
				progressbar.OptionShowCount(),
				progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionOnCompletion(func() { _, _ = out.WriteString("\n") }),
			)
		}
		_ = bar.Set(done)
	}, end
}
