package location

// UserDistrict is a district of the signed-in user, with its region.
type UserDistrict struct {
	ID         *int    `db:"LocationId"`
	Code       *string `db:"LocationCode"`
	Name       *string `db:"LocationName"`
	RegionID   *int    `db:"RegionId"`
	RegionCode *string `db:"RegionCode"`
	RegionName *string `db:"RegionName"`
}
