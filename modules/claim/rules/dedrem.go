package rules

import "github.com/shopspring/decimal"

// dedRemSum adds up rows of tblClaimDedRem.
type dedRemSum struct {
	dedG, dedIP, dedOP decimal.Decimal
	remG, remIP, remOP decimal.Decimal
}

func (s dedRemSum) plus(r *DedRem, sign int) dedRemSum {
	for _, p := range [...]struct {
		sum *decimal.Decimal
		row Amount
	}{
		{&s.dedG, r.DedG}, {&s.dedIP, r.DedIP}, {&s.dedOP, r.DedOP},
		{&s.remG, r.RemG}, {&s.remIP, r.RemIP}, {&s.remOP, r.RemOP},
	} {
		switch {
		case !Given(p.row):
		case sign > 0:
			*p.sum = p.sum.Add(*p.row)
		default:
			*p.sum = p.sum.Sub(*p.row)
		}
	}
	return s
}

// sum adds (sign 1) or takes away (sign -1) a row of the sums by policy and by cover.
func (d *Data) sum(row DedRem, sign int) {
	cover := insureePolicy{row.InsureeID, row.PolicyID}
	d.byPolicy[row.PolicyID] = d.byPolicy[row.PolicyID].plus(&row, sign)
	d.byCover[cover] = d.byCover[cover].plus(&row, sign)
}

// before is what all other claims deducted and remunerated under a policy, in all and for the insuree,
// whatever became of those claims.
func (e *evaluation) before(policy int) (byPolicy, byInsuree dedRemSum) {
	byPolicy = e.d.byPolicy[policy]
	byInsuree = e.d.byCover[insureePolicy{e.claim.InsureeID, policy}]
	own := e.d.dedRems[e.claim.ClaimID]
	for i := range own {
		if own[i].PolicyID != policy {
			continue
		}
		byPolicy = byPolicy.plus(&own[i], -1)
		if own[i].InsureeID == e.claim.InsureeID {
			byInsuree = byInsuree.plus(&own[i], -1)
		}
	}
	return byPolicy, byInsuree
}

// dedRemRow is the row that the last policy of the claim leaves.
func (e *evaluation) dedRemRow(p *policyLoop) *DedRem {
	deducted, remunerated := e.money(p.deducted), e.money(p.remunerated)
	row := &DedRem{
		PolicyID: p.policy, InsureeID: e.claim.InsureeID, ClaimID: e.claim.ClaimID,
		DedG: &deducted, RemG: &remunerated,
		RemConsult: &Zero, RemSurgery: &Zero, RemDelivery: &Zero, RemHospitalization: &Zero, RemAntenatal: &Zero,
		AuditUserID: e.author.UserID,
	}
	if p.inPatient {
		row.DedIP, row.RemIP = &deducted, &remunerated
	} else {
		row.DedOP, row.RemOP = &deducted, &remunerated
	}
	if paid := categories[e.category].paid; paid != nil {
		*paid(row) = Pointer(e.money(p.categoryPaid))
	}
	return row
}
