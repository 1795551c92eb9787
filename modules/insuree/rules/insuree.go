// Package rules says what an insuree and a family are, and which insuree numbers are well-formed. It is pure: rows in,
// answers out.
package rules

import "time"

// Insuree is a row of tblInsuree with the columns that business rules read.
type Insuree struct {
	ID           int        `db:"InsureeID"`
	FamilyID     *int       `db:"FamilyID"`
	CHFID        *string    `db:"CHFID"`
	LastName     string     `db:"LastName"`
	OtherNames   string     `db:"OtherNames"`
	DOB          *time.Time `db:"DOB"` // nil on PostgreSQL only
	Gender       *string    `db:"Gender"`
	Relationship *int       `db:"Relationship"`
	Head         bool       `db:"IsHead"`
	PhotoDate    *time.Time `db:"PhotoDate"`
	ValidityFrom time.Time  `db:"ValidityFrom"`
	ValidityTo   *time.Time `db:"ValidityTo"`
	AuditUserID  int        `db:"AuditUserID"`
	Offline      *bool      `db:"isOffline"`
}

// RelationshipOther is the code of members who are not close relatives of the head; premiums treat them apart.
const RelationshipOther = 7

// Current says whether the row is live.
func (i Insuree) Current() bool { return i.ValidityTo == nil }

// InFamily says whether the insuree belongs to a family.
func (i Insuree) InFamily(id int) bool { return i.FamilyID != nil && *i.FamilyID == id }

// Family is a row of tblFamilies.
type Family struct {
	ID         int        `db:"FamilyID"`
	HeadID     int        `db:"InsureeID"`
	VillageID  *int       `db:"LocationId"`
	ValidityTo *time.Time `db:"ValidityTo"`
}

// Residence is the chain of locations above a family. A family has one only when village, ward and district are all
// current rows; the region's is not asked for.
type Residence struct {
	VillageID  int `db:"VillageId"`
	WardID     int `db:"WardId"`
	DistrictID int `db:"DistrictId"`
	RegionID   int `db:"RegionId"`
}
