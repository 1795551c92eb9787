package rules

import "time"

// Expire answers the ids of the policies to set to [StatusExpired] on a day (uspPolicyStatusUpdate, rules §6.1):
// current policies in any other status whose expiry date has passed. The procedure rewrites expired ones too, without
// effect; they are left out.
func Expire(policies []Policy, today time.Time) []int {
	var ids []int
	for _, p := range policies {
		if p.Current() && p.ExpiryDate != nil && p.ExpiryDate.Before(today) && !p.HasStatus(StatusExpired) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
