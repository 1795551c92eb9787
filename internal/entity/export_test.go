package entity

// Fix makes an engine load lists in one way where it can, for tests: 0 ranked, 1 ranked in reach, 2 paged.
func (e *Engine) Fix(w uint8) {
	fixed := way(w)
	e.tries.fixed = &fixed
}

// Ways is how many there are.
const Ways = uint8(ways)
