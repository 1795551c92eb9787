// Package endedsession remembers the sessions of the gateways that were ended before their time, so that
// they are over at every gateway. A gateway seals sessions into cookies and keeps no list of them; it asks
// a backend every few seconds whether a session still holds:
//
//	GET    /iapi/gateway/sessions/ID             204 it holds, 410 it was ended, 401 its user is closed
//	DELETE /iapi/gateway/sessions/ID?until=TIME  ends it; TIME is when its cookie would have lapsed
//
// Who asks is the user of the session, named by the header that only a gateway may set, so nobody asks
// about or ends the sessions of others.
package endedsession

import "net/url"

// Path is the address of a session below the mount prefix.
func Path(id string) string { return "/gateway/sessions/" + url.PathEscape(id) }
