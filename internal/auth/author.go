package auth

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// Author is who changes something, and when: the user behind a request with rights and scope, and the moment that the
// changed rows carry. Services take it beside the command, so that they ask neither the clock nor the request.
type Author struct {
	*Principal
	At time.Time
}

// Today is the date of the change.
func (a Author) Today() time.Time { return calendar.Day(a.At) }
