package rules

// Kind tells items from services. They follow the same rules but for the points where code asks for it.
type Kind uint8

const (
	Items Kind = iota
	Services
	// KindCount is how many kinds there are: the length of arrays by Kind.
	KindCount
)

// String is the table of the kind's claim lines.
func (k Kind) String() string { return Legacy[k].Lines }

// Names are the legacy names of what items and services both have. A store selects the kind's columns
// under the label of the Go field's tag, e.g. "ClaimItemID" AS "LineID".
type Names struct {
	Lines, LineID, LineStatus string // claim lines
	Entry, EntryID            string // register of items or services
	EntryCode, EntryPrice     string
	CareType, Frequency       string
	PatCat                    string
	Category                  string // services only, as no item makes a surgery
	List, ListID              string // price list
	Details, DetailID         string
	HFListID                  string // tblHF column
	Products, ProductLineID   string // what a product covers
}

// Legacy names by Kind.
var Legacy = [KindCount]Names{
	Items: {
		Lines: "tblClaimItems", LineID: "ClaimItemID", LineStatus: "ClaimItemStatus",
		Entry: "tblItems", EntryID: "ItemID", EntryCode: "ItemCode", EntryPrice: "ItemPrice",
		CareType: "ItemCareType", Frequency: "ItemFrequency", PatCat: "ItemPatCat",
		List: "tblPLItems", ListID: "PLItemID", Details: "tblPLItemsDetail", DetailID: "PLItemDetailID",
		HFListID: "PLItemID", Products: "tblProductItems", ProductLineID: "ProdItemID",
	},
	Services: {
		Lines: "tblClaimServices", LineID: "ClaimServiceID", LineStatus: "ClaimServiceStatus",
		Entry: "tblServices", EntryID: "ServiceID", EntryCode: "ServCode", EntryPrice: "ServPrice",
		CareType: "ServCareType", Frequency: "ServFrequency", PatCat: "ServPatCat", Category: "ServCategory",
		List: "tblPLServices", ListID: "PLServiceID", Details: "tblPLServicesDetail", DetailID: "PLServiceDetailID",
		HFListID: "PLServiceID", Products: "tblProductServices", ProductLineID: "ProdServiceID",
	},
}

// Noun is what one of the kind is called in sentences.
func (k Kind) Noun() string { return [KindCount]string{"item", "service"}[k] }
