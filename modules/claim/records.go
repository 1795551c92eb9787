package claim

import (
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// The rows that the rules read and write.
var (
	claimRecord         = db.RecordOf[rules.Claim]()
	claimStateRecord    = db.RecordOf[rules.ClaimState]()
	lineRecord          = db.RecordOf[rules.Line]()
	lineStateRecord     = db.RecordOf[rules.LineState]()
	dedRemRecord        = db.RecordOf[rules.DedRem]()
	facilityRecord      = db.RecordOf[rules.Facility]()
	insureeRecord       = db.RecordOf[rules.Insuree]()
	familyRecord        = db.RecordOf[rules.Family]()
	policyRecord        = db.RecordOf[rules.Policy]()
	insureePolicyRecord = db.RecordOf[rules.InsureePolicy]()
	productRecord       = db.RecordOf[rules.Product]()
	productLineRecord   = db.RecordOf[rules.ProductLine]()
	entryRecord         = db.RecordOf[rules.Entry]()
	detailRecord        = db.RecordOf[rules.ListDetail]()
)

func lineLabels(n rules.Names) db.Labels {
	return db.Labels{"LineID": n.LineID, "EntryID": n.EntryID, "Status": n.LineStatus}
}

func productLineLabels(n rules.Names) db.Labels {
	return db.Labels{"ProductLineID": n.ProductLineID, "EntryID": n.EntryID}
}

func entryLabels(n rules.Names) db.Labels {
	return db.Labels{"EntryID": n.EntryID, "Price": n.EntryPrice, "CareType": n.CareType,
		"Frequency": n.Frequency, "PatCat": n.PatCat, "Category": n.Category}
}

func detailLabels(n rules.Names) db.Labels {
	return db.Labels{"DetailID": n.DetailID, "ListID": n.ListID, "EntryID": n.EntryID}
}
