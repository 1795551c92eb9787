// Package subscription is the FHIR resource Subscription and what makes it work: a rest-hook is sent every
// resource that meets its criteria and was changed, whoever changed it, the legacy application too.
//
//	resource.go  the resource: what may be subscribed to, and by whom
//	store.go     the table imis_subscription
//	feed.go      sends what was changed, in turns
//	versions.go  finds what was changed by row versions, where the database is SQL Server
//	stamps.go    finds what was changed by the times that changes have, elsewhere
//	endpoint.go  where it may be sent: no address inside the installation, unless the operator allows it
//
// There is no list of events. A subscription has a place among the changes, up to which everything was sent, and
// the database knows what was changed since: the feed searches in the name of who subscribed, so rights and rows
// are those of any other request. So nothing is lost when a process ends or an endpoint is away, and everything is
// sent at least once: after an interruption a resource may come twice.
//
// SQL Server numbers every change of a row (internal/db has how), and the place is such a number, the mark: what
// any program commits is found, whenever it does and whatever times it writes. Elsewhere, and for resources of
// tables without such numbers, the place is the time of the last change that was sent, and a window before it is
// looked at again.
//
// Each subscription has a lease, so that several instances share the work, and rests longer after each
// failure: an endpoint that hangs or fails delays nobody else.
package subscription
