// Package subscription is the FHIR resource Subscription and what makes it work: a rest-hook is sent every
// resource that meets its criteria and was changed, whoever changed it, the legacy application too.
//
//	resource.go  the resource: what may be subscribed to, and by whom
//	store.go     the table imis_subscription
//	feed.go      finds what was changed and sends it
//	endpoint.go  where it may be sent: no address inside the installation, unless the operator allows it
//
// There is no list of events. A subscription has a position, the time up to which everything was sent, and
// the database knows what was changed since: the feed asks the FHIR server for the resources that were
// updated later, in the name of who subscribed, so rights and rows are those of any other request. So
// nothing is lost when a process ends or an endpoint is away, and everything is sent at least once: after an
// interruption a resource may come twice.
//
// Each subscription has a lease, so that several instances share the work, and rests longer after each
// failure: an endpoint that hangs or fails delays nobody else.
package subscription
