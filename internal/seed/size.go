package seed

// Size names a plan.
type Size string

const (
	Demo     Size = "demo"     // to look at, and for tests
	District Size = "district" // a scheme that starts: 90,000 insurees, 100,000 claims
	National Size = "national" // a country: 2.2 million insurees, 5 million claims
)

// Plan says how much there is of everything.
type Plan struct {
	Regions, Districts, Wards, Villages int
	Facilities                          int // health facilities, each with a claim administrator
	Items, Services, Diagnoses          int
	Products                            int
	Families                            int
	Members                             float64 // of a family, on average
	Covered                             float64 // share of the families with a policy
	Claims                              int
	Users                               int // with those of Logins; the rest are enrolment officers
}

var plans = map[Size]Plan{
	Demo: {Regions: 2, Districts: 5, Wards: 10, Villages: 14, Facilities: 15, Items: 257, Services: 81, Diagnoses: 1910,
		Products: 4, Families: 21, Members: 2.9, Covered: 0.95, Claims: 50, Users: 31},
	District: {Regions: 2, Districts: 20, Wards: 200, Villages: 2000, Facilities: 150, Items: 1000, Services: 400, Diagnoses: 2000,
		Products: 6, Families: 20_000, Members: 4.5, Covered: 0.9, Claims: 100_000, Users: 300},
	National: {Regions: 10, Districts: 100, Wards: 2000, Villages: 20_000, Facilities: 1500, Items: 2000, Services: 800, Diagnoses: 12_000,
		Products: 10, Families: 500_000, Members: 4.4, Covered: 0.75, Claims: 5_000_000, Users: 3000},
}
